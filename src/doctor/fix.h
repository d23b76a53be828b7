// How things are done on this operating system and distribution, as commands to copy and paste.
#pragma once

#include <string>
#include <vector>

#include "doctor/condition.h"

namespace evergpu::doctor {

/// What a package is called by each package manager; empty where it has none.
struct PackageNames {
  std::string apt, dnf, pacman, zypper;
};

Step by_hand(std::string text);
Step run_here(std::string text, std::vector<std::string> commands);
/// In PowerShell on Windows, also when we are inside WSL.
Step run_in_windows(std::string text, std::vector<std::string> commands);
Step run_outside(std::string text, std::vector<std::string> commands);
Step removing(Step step);

/// Installs a system package with the distribution's package manager.
Step install(const Machine& machine, std::string text, const PackageNames& names);
/// The command as the system's administrator.
std::string as_administrator(const Machine& machine, const std::string& command);

/// `pip …` of the Python in use, or of the environment that the guides make.
std::string pip(const Machine& machine, const std::string& arguments);
/// The Python to run: the one in use when packages may go there, else that of ~/evergpu.
std::string python_program(const Machine& machine);
/// Whether evergpu's TensorFlow has wheels for this Python.
bool is_supported(const system::Python& python);
/// Makes a virtual environment in ~/evergpu from a supported Python, which it installs when there
/// is none.
std::vector<Step> make_environment(const Machine& machine);
/// The same in another folder of the home folder, for another library.
std::vector<Step> make_environment(const Machine& machine, const std::string& name,
                                   const std::string& library);
/// evergpu's wheel in the folder dist, as an argument of pip.
std::string wheel_file(const Machine& machine);
/// Installs evergpu's wheel.
std::vector<Step> install_evergpu(const Machine& machine);
/// Restarts WSL.
Step restart_wsl();

/// "NVIDIA", "AMD", "Intel" of vendor_name's words.
std::string brand(const std::string& vendor);
/// "Windows", "WSL 2", "Linux" of system_word's words.
std::string system_name(const std::string& word);

}  // namespace evergpu::doctor
