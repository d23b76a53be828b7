#include "doctor/fix.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/product.h"

namespace evergpu::doctor {
namespace {

using system::Python;

/// "apt", "dnf", "pacman", "zypper", or nothing.
std::string package_manager(const Machine& machine) {
  const std::string names = " " + machine.os.distribution + " " + machine.os.like + " ";
  const auto is_like = [&](const char* name) {
    return names.find(fmt::format(" {} ", name)) != std::string::npos;
  };
  if (is_like("debian") || is_like("ubuntu")) return "apt";
  if (is_like("fedora") || is_like("rhel")) return "dnf";
  if (is_like("arch")) return "pacman";
  if (is_like("suse") || is_like("opensuse")) return "zypper";
  return "";
}

/// May packages go into this Python?
bool is_home(const Python& python) {
  return is_supported(python) && (python.is_environment || python.packages.contains("evergpu"));
}

const Python* supported_python(const Machine& machine) {
  const auto found = std::find_if(machine.pythons.begin(), machine.pythons.end(), is_supported);
  return found == machine.pythons.end() ? nullptr : &*found;
}

/// Its newest Python is one that TensorFlow has wheels for.
bool distribution_has_supported_python(const Machine& machine) {
  const std::string name = machine.os.distribution + " " + machine.os.version;
  return name == "ubuntu 22.04" || name == "ubuntu 24.04" || name == "debian 12" ||
         name == "debian 13";
}

}  // namespace

Step by_hand(std::string text) { return {std::move(text), {}, Step::Place::here, false}; }

Step run_here(std::string text, std::vector<std::string> commands) {
  return {std::move(text), std::move(commands), Step::Place::here, false};
}

Step run_in_windows(std::string text, std::vector<std::string> commands) {
  return {std::move(text), std::move(commands), Step::Place::windows, false};
}

Step run_outside(std::string text, std::vector<std::string> commands) {
  return {std::move(text), std::move(commands), Step::Place::outside, false};
}

Step removing(Step step) {
  step.removes = true;
  return step;
}

Step install(const Machine& machine, std::string text, const PackageNames& names) {
  const std::string manager = package_manager(machine);
  const auto command = [&](const std::string& words) {
    return run_here(std::move(text), {as_administrator(machine, words)});
  };
  if (manager == "apt" && !names.apt.empty())
    return run_here(std::move(text),
                    {as_administrator(machine, "apt-get update"),
                     as_administrator(machine, "apt-get install -y " + names.apt)});
  if (manager == "dnf" && !names.dnf.empty()) return command("dnf install -y " + names.dnf);
  if (manager == "pacman" && !names.pacman.empty())
    return command("pacman -S --needed --noconfirm " + names.pacman);
  if (manager == "zypper" && !names.zypper.empty())
    return command("zypper --non-interactive install " + names.zypper);
  const std::string& example = names.apt.empty() ? names.dnf : names.apt;
  return by_hand(fmt::format("{}: with your distribution's package manager, the likes of `{}`.",
                             text, example));
}

std::string as_administrator(const Machine& machine, const std::string& command) {
  return machine.administrator ? command : "sudo " + command;
}

bool is_supported(const Python& python) {
  return python.minor >= product::oldest_python_minor &&
         python.minor <= product::newest_python_minor && !python.is_32_bit;
}

std::string python_program(const Machine& machine) {
  if (machine.python() != nullptr && is_home(*machine.python())) {
    const std::string& program = machine.python()->program;
    if (program.find(' ') == std::string::npos) return program;
    // PowerShell takes what is quoted for a text, unless it is told to run it.
    return fmt::format("{}\"{}\"", machine.is_windows() ? "& " : "", program);
  }
  return machine.is_windows() ? "& \"$HOME\\evergpu\\Scripts\\python.exe\""
                              : "~/evergpu/bin/python3";
}

std::string pip(const Machine& machine, const std::string& arguments) {
  return python_program(machine) + " -m pip " + arguments;
}

std::vector<Step> make_environment(const Machine& machine) {
  return make_environment(machine, "evergpu", "TensorFlow");
}

std::vector<Step> make_environment(const Machine& machine, const std::string& name,
                                   const std::string& library) {
  const std::string newest = fmt::format("3.{}", product::newest_python_minor);
  if (machine.is_windows()) {
    std::vector<Step> steps;
    std::string version = newest;
    if (const Python* python = supported_python(machine)) {
      version = fmt::format("3.{}", python->minor);
    } else {
      steps.push_back(run_in_windows("Install Python " + newest,
                                     {"winget install --exact --id Python.Python." + newest}));
    }
    steps.push_back(
        run_in_windows(fmt::format("Make an environment for {} in the folder {}", library, name),
                       {fmt::format("py -{} -m venv \"$HOME\\{}\"", version, name)}));
    return steps;
  }
  const std::string text = fmt::format("Make an environment for {} in ~/{}", library, name);
  const bool has_apt = package_manager(machine) == "apt";
  if (const Python* python = supported_python(machine)) {
    std::vector<Step> steps;
    const std::string version = fmt::format("python3.{}", python->minor);
    // Debian keeps the module venv in a package of its own.
    if (has_apt && !python->is_environment && python->prefix == "/usr")
      steps.push_back(install(machine, "Install what makes environments",
                              {.apt = version + "-venv", .dnf = "", .pacman = "", .zypper = ""}));
    steps.push_back(run_here(text, {python->program + " -m venv ~/" + name}));
    return steps;
  }
  if (distribution_has_supported_python(machine)) {
    return {install(machine, "Install Python",
                    {.apt = "python3 python3-venv", .dnf = "", .pacman = "", .zypper = ""}),
            run_here(text, {"python3 -m venv ~/" + name})};
  }
  return {
      run_here("Install uv, which brings any version of Python",
               {"curl -LsSf https://astral.sh/uv/install.sh | sh"}),
      run_here(text, {fmt::format("~/.local/bin/uv venv --seed --python {} ~/{}", newest, name)})};
}

std::string wheel_file(const Machine& machine) {
  // Neither PowerShell nor pip finds files by a pattern.
  return machine.is_windows() ? "(Get-Item dist\\evergpu-*.whl)" : "dist/evergpu-*.whl";
}

std::vector<Step> install_evergpu(const Machine& machine) {
  return {by_hand(fmt::format("evergpu is not published yet: run ./package{} in the folder of its "
                              "source on Debian 12, and bring the wheel from its folder dist into "
                              "a folder dist here",
                              machine.is_windows() ? " --windows" : "")),
          run_here("Install the wheel that ./package made",
                   {pip(machine, "install " + wheel_file(machine))})};
}

Step restart_wsl() {
  return run_in_windows("Restart WSL (this ends all its programs)", {"wsl --shutdown"});
}

std::string brand(const std::string& vendor) {
  if (vendor == "nvidia") return "NVIDIA";
  if (vendor == "amd") return "AMD";
  if (vendor == "intel") return "Intel";
  if (vendor == "microsoft") return "Microsoft";
  return vendor;
}

std::string system_name(const std::string& word) {
  return word == "windows" ? "Windows" : word == "wsl" ? "WSL 2" : "Linux";
}

}  // namespace evergpu::doctor
