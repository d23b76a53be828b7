// The command `evergpu`. It needs neither Python nor TensorFlow, since it is for machines on which
// these do not work yet.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "system/probe.h"

namespace evergpu::cli {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_json(const nlohmann::json& json) {
  // File names and variables need not be UTF-8.
  print(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void complain(const std::string& text) {
  const std::string line = "evergpu: " + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::unique_ptr<Subject> examine(const Common& common) {
  auto subject = std::make_unique<Subject>();
  if (common.root.empty()) {
    subject->source = system::live_source();
  } else {
    auto source = system::recorded_source(common.root);
    if (!source.ok()) {
      complain(source.status().message());
      return nullptr;
    }
    subject->source = std::move(*source);
  }
  subject->machine =
      system::examine(*subject->source, {.python = common.python, .ask_drivers = true});
  return subject;
}

namespace {

int run(int count, char** arguments) {
  CLI::App app(
      "evergpu: TensorFlow on the GPU you own. This command looks at a machine, says what "
      "is in the way of training, and how to mend it. It sends nothing anywhere.");
  app.set_version_flag("--version", EVERGPU_VERSION);
  app.require_subcommand(1);
  Common common;
  const auto with_common = [&](CLI::App* command) {
    command->add_flag("--json", common.json, "Print JSON, for other programs");
    command->add_option("--python", common.python, "The Python to look at (its path)");
    command->add_option("--root", common.root,
                        "Look at the machine that this folder describes, instead of this one");
    return command;
  };

  DoctorOptions doctor;
  CLI::App* const doctor_command =
      with_common(app.add_subcommand("doctor",
                                     "What keeps this machine from training, and how to mend it. "
                                     "Exit code 0: trains on a GPU; 1: trains on the CPU, or with "
                                     "warnings; 2: cannot train"));
  doctor_command->add_flag("--fix", doctor.fix, "Run the fixes, asking before each");
  doctor_command->add_flag("--dry-run", doctor.dry_run, "Only show what --fix would run");
  doctor_command->add_flag("!--no-train", doctor.train, "Leave out the training of a small model");
  doctor_command->add_flag("--conditions", doctor.conditions,
                           "Print all that the doctor knows of, as JSON");
  doctor_command->add_option("--report", doctor.report,
                             "Write a file for a bug report, without names and home folders");

  CLI::App* const devices_command = with_common(
      app.add_subcommand("devices", "The devices of this machine, and which one evergpu takes"));

  GuideOptions guide;
  CLI::App* const guide_command = with_common(
      app.add_subcommand("guide", "The steps to a first trained model that are left to do here"));
  guide_command->add_option("--level", guide.level, "student or professional");
  guide_command->add_option("--library", guide.library, "tensorflow, keras, pytorch or jax");
  guide_command->add_option("--vendor", guide.vendor,
                            "amd, intel, nvidia or none, instead of this machine's");
  guide_command->add_option("--system", guide.system,
                            "windows, wsl or linux, instead of this machine's");

  guide_command->add_flag("--usual", guide.usual,
                          "For a usual machine on which nothing is installed, instead of this one");

  TuneOptions tune;
  CLI::App* const tune_command = app.add_subcommand(
      "tune",
      "Measure into which tiles work is best divided on a Vulkan device, and remember it: what is "
      "computed from then on may be added up in another order. Takes a minute or more");
  tune_command->add_flag("--json", common.json, "Print JSON, for other programs");
  tune_command->add_option("--device", tune.device, "Which device: N of EVERGPU_ADAPTER=vulkan:N");
  tune_command->add_flag("--reset", tune.reset, "Forget what was remembered");

  CLI11_PARSE(app, count, arguments);
  if (doctor_command->parsed()) return run_doctor(common, doctor);
  if (devices_command->parsed()) return run_devices(common);
  if (tune_command->parsed()) return run_tune(common, tune);
  return run_guide(common, guide);
}

}  // namespace
}  // namespace evergpu::cli

int main(int count, char** arguments) {
  // A child of ours that asks a driver, which may take the whole process down.
  if (count == 3 && std::string(arguments[1]) == evergpu::system::probe_option) {
    using nlohmann::json;
    evergpu::cli::print(evergpu::system::ask_here(arguments[2])
                            .dump(-1, ' ', false, json::error_handler_t::replace) +
                        "\n");  // on one line: drivers may have printed before it
    std::fflush(stdout);
    std::_Exit(0);  // drivers have crashed in cleaning up
  }
  try {
    return evergpu::cli::run(count, arguments);
  } catch (const std::exception& error) {  // of a library: we throw none
    evergpu::cli::complain(std::string("this is a bug, please report it: ") + error.what());
    return 2;
  }
}
