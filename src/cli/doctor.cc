// `evergpu doctor`
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "base/process.h"
#include "cli/commands.h"
#include "doctor/diagnose.h"
#include "doctor/print.h"

namespace evergpu::cli {
namespace {

using doctor::Finding;
using doctor::Proof;
using doctor::Severity;
using doctor::Step;

/// Trains, unless something is in the way or nobody wants it.
Proof prove(const Subject& subject, const Common& common, const std::vector<Finding>& findings,
            bool wanted) {
  Proof proof;
  const bool blocked = !findings.empty() && findings[0].condition->severity == Severity::blocks;
  if (!wanted) {
    proof.reason = "of --no-train";
  } else if (blocked) {
    proof.reason = "what is marked with x is in the way";
  } else if (!common.root.empty()) {
    const nlohmann::json recorded = subject.source->ask("training");
    if (recorded.contains("losses")) return doctor::read_proof(recorded);
    proof.reason = "this machine is only described, by a folder";
  } else {
    return doctor::train(subject.machine.python()->program);
  }
  return proof;
}

bool asked(const std::string& question) {
  print(question + " [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// Runs the commands that can be run here, after asking for each step. False when one failed.
bool run_step(const Step& step, bool dry_run) {
  const std::string removes = step.removes ? " This takes something away." : "";
  print(fmt::format("\n{}.{}\n", step.text, removes));
  for (const std::string& command : step.commands) print("    " + command + "\n");
  if (step.commands.empty() || step.place != Step::Place::here) {
    print(step.place == Step::Place::here ? "  (by hand)\n" : "  (by hand, not in this system)\n");
    return true;
  }
  if (dry_run) return true;
  if (!asked("Run this?")) return true;
  for (const std::string& command : step.commands) {
    std::fflush(stdout);
    if (const int code = std::system(command.c_str()); code != 0) {
      complain(fmt::format("this failed: {}", command));
      return false;
    }
  }
  return true;
}

int fix(const Subject& subject, const std::vector<Finding>& findings, bool dry_run) {
  if (findings.empty()) {
    print("Nothing to mend.\n");
    return 0;
  }
  if (!dry_run && subject.machine.is_windows()) {
    print("On Windows, copy the commands into PowerShell:\n");
    dry_run = true;
  } else if (!dry_run && !os::stdin_is_terminal()) {
    complain("--fix asks before each step, and nobody can answer here. --fix --dry-run shows all");
    return 2;
  }
  for (const Finding& finding : findings) {
    print(fmt::format("\n== {}{}\n", finding.condition->title,
                      finding.detail.empty() ? "" : " (" + finding.detail + ")"));
    for (const Step& step : finding.fix) {
      if (!run_step(step, dry_run)) return 2;
    }
  }
  print(dry_run ? "\nNothing was changed.\n"
                : "\nDone. Run `evergpu doctor` again to see what is left.\n");
  return 0;
}

int write_report(const std::string& path, const nlohmann::json& report) {
  std::ofstream stream(std::filesystem::path(std::u8string(path.begin(), path.end())));
  stream << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  stream.flush();
  if (!stream) {
    complain("cannot write " + path);
    return 2;
  }
  print("Wrote " + path +
        ". It holds no user name, no home folder and no secrets; look through it "
        "before you send it.\n");
  return 0;
}

}  // namespace

int run_doctor(const Common& common, const DoctorOptions& options) {
  if (options.conditions) {
    print_json(doctor::describe_conditions());
    return 0;
  }
  const std::unique_ptr<Subject> subject = examine(common);
  if (subject == nullptr) return 2;
  const std::vector<Finding> findings = doctor::diagnose(subject->machine);
  if (options.fix || options.dry_run) {
    // A machine described by a folder is not this one: nothing may be run for it.
    return fix(*subject, findings, options.dry_run || !common.root.empty());
  }
  const Proof proof = prove(*subject, common, findings, options.train);
  if (!options.report.empty()) {
    return write_report(options.report,
                        doctor::without_private_words(
                            doctor::to_json(subject->machine, findings, proof), subject->machine));
  }
  if (common.json) {
    print_json(doctor::to_json(subject->machine, findings, proof));
  } else {
    doctor::Style style;
    style.colour =
        os::stdout_is_terminal() && !os::environment("NO_COLOR") && subject->machine.is_linux();
    print(doctor::to_text(subject->machine, findings, proof, style));
  }
  return doctor::verdict(findings, proof);
}

}  // namespace evergpu::cli
