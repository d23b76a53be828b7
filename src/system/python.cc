// Python installations and the packages in them, read from their folders: no Python is run.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "system/machine.h"
#include "system/text.h"

namespace evergpu::system {
namespace {

/// "tensorflow_cpu" and "TensorFlow-CPU" are one package: pip's normalised name.
std::string normalised(std::string_view name) {
  std::string result = lower(name);
  std::replace(result.begin(), result.end(), '_', '-');
  std::replace(result.begin(), result.end(), '.', '-');
  return result;
}

/// The minor version in "python3.11", "python3.11.exe" or "Python 3.11.2"; 0 when there is none.
int minor_version(const std::string& text) {
  const std::string number = between(text, "3.", "abcdefghijklmnopqrstuvwxyz ._-");
  return std::atoi(number.c_str());
}

std::string parent(const std::string& path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') || folder.ends_with('\\') ? folder + name : folder + "/" + name;
}

class Finder {
 public:
  explicit Finder(const Source& source) : source_(source) {}

  /// Adds the Pythons of a bin or Scripts folder: first the one called plain `python3`.
  void add_folder(const std::string& folder) {
    if (folder.ends_with("/shims")) {  // pyenv's scripts stand for the Python that it was told
      const std::string pyenv = parent(folder);
      const std::string chosen =
          trimmed(source_.environment("PYENV_VERSION")
                      .value_or(source_.read(joined(pyenv, "version")).value_or("")));
      if (!chosen.empty() && chosen != "system")
        add_environment(joined(pyenv, "versions/" + chosen.substr(0, chosen.find_first_of(":\n"))));
      return;
    }
    if (source_.is_windows()) {
      if (source_.exists(joined(folder, "python.exe"))) add(joined(folder, "python.exe"), 0);
      return;
    }
    if (source_.exists(joined(folder, "python3"))) {
      const std::string target = source_.link_target(joined(folder, "python3")).value_or("");
      add(joined(folder, "python3"), minor_version(target));
    }
    std::vector<int> minors;
    for (const std::string& name : source_.names(folder)) {
      if (name.starts_with("python3.") && name.find_first_not_of("0123456789", 8) == name.npos)
        minors.push_back(minor_version(name));
    }
    std::sort(minors.rbegin(), minors.rend());
    for (int minor : minors) add(joined(folder, "python3." + std::to_string(minor)), minor);
  }

  /// Adds the Python of a virtual environment.
  void add_environment(const std::string& prefix) {
    if (!prefix.empty()) add_folder(joined(prefix, source_.is_windows() ? "Scripts" : "bin"));
  }

  /// Adds the Pythons that Windows' launcher, `py`, knows (PEP 514).
  void add_registered() {
    for (const std::string pythons :
         {"HKCU\\SOFTWARE\\Python\\PythonCore", "HKLM\\SOFTWARE\\Python\\PythonCore"}) {
      for (const std::string& version : source_.registry_keys(pythons)) {
        const auto folder =
            source_.registry(fmt::format("{}\\{}\\InstallPath", pythons, version), "");
        if (folder && !folder->empty())
          add_folder(folder->ends_with('\\') ? folder->substr(0, folder->size() - 1) : *folder);
      }
    }
  }

  /// Adds the Pythons from the Microsoft Store, of which an ordinary folder has but aliases. (The
  /// alias "python.exe" is there without any Python, and opens the Store.)
  void add_store(const std::string& local) {
    const std::string folder = local + "\\Microsoft\\WindowsApps";
    for (const std::string& name : source_.names(folder))
      if (name.starts_with("python3.") && name.ends_with(".exe"))
        add(joined(folder, name), minor_version(name));
  }

  std::vector<Python> result() && { return std::move(pythons_); }

 private:
  void add(const std::string& program, int minor) {
    Python python;
    python.program = program;
    python.prefix = parent(parent(program));
    const std::string settings = source_.read(joined(python.prefix, "pyvenv.cfg")).value_or("");
    python.is_environment =
        !settings.empty() || source_.is_folder(joined(python.prefix, "conda-meta"));
    if (source_.is_windows() && settings.empty()) python.prefix = parent(program);
    python.minor = minor;
    if (minor == 0) python.minor = minor_version(value_of(settings, "version"));
    if (minor == 0) python.minor = std::max(python.minor, minor_of_folder(python));
    if (python.minor == 0) return;  // a script that stands for a Python elsewhere
    // The installer of python.org calls the folder of a 32-bit Python so.
    python.is_32_bit = source_.is_windows() && (python.prefix.ends_with("-32") ||
                                                value_of(settings, "home").ends_with("-32"));
    for (const Python& other : pythons_) {
      if (other.prefix == python.prefix && other.minor == python.minor) return;
    }
    for (const std::string& folder : site_folders(python)) read_packages(folder, python);
    python.externally_managed =
        !python.is_environment &&
        source_.exists(joined(
            python.prefix, "lib/python3." + std::to_string(python.minor) + "/EXTERNALLY-MANAGED"));
    pythons_.push_back(std::move(python));
  }

  /// From lib/python3.11, or from python311.dll.
  int minor_of_folder(const Python& python) const {
    if (source_.is_windows()) {
      for (const std::string& name : source_.names(python.prefix)) {
        if (name.starts_with("python3") && name.ends_with(".dll") && name.size() > 11)
          return std::atoi(name.substr(7).c_str());
      }
    }
    int newest = 0;
    for (const std::string& name : source_.names(joined(python.prefix, "lib"))) {
      if (name.starts_with("python3.")) newest = std::max(newest, minor_version(name));
    }
    return newest;
  }

  std::vector<std::string> site_folders(const Python& python) const {
    if (source_.is_windows()) return {joined(python.prefix, "Lib/site-packages")};
    const std::string version = "python3." + std::to_string(python.minor);
    std::vector<std::string> folders = {joined(python.prefix, "lib/" + version + "/site-packages")};
    if (python.is_environment) return folders;
    folders.push_back(joined(python.prefix, "lib64/" + version + "/site-packages"));
    folders.push_back(joined(python.prefix, "local/lib/" + version + "/dist-packages"));
    folders.push_back(joined(python.prefix, "lib/python3/dist-packages"));
    folders.push_back(joined(source_.environment("HOME").value_or("/root"),
                             ".local/lib/" + version + "/site-packages"));
    return folders;
  }

  /// The packages by their dist-info folders, and the plug-ins that TensorFlow would load.
  void read_packages(const std::string& site_folder, Python& python) const {
    for (const std::string& name : source_.names(site_folder)) {
      constexpr std::string_view suffix = ".dist-info";
      const std::size_t dash = name.find('-');
      if (!name.ends_with(suffix) || dash == std::string::npos) continue;
      python.packages.emplace(normalised(name.substr(0, dash)),
                              name.substr(dash + 1, name.size() - suffix.size() - dash - 1));
    }
    for (const std::string& name : source_.names(joined(site_folder, "tensorflow-plugins"))) {
      if (name.ends_with(".so") || name.ends_with(".dll") || name.ends_with(".dylib"))
        python.plugins.push_back(name);
    }
  }

  const Source& source_;
  std::vector<Python> pythons_;
};

}  // namespace

std::vector<Python> examine_pythons(const Source& source, const std::string& wanted) {
  Finder finder(source);
  if (!wanted.empty()) finder.add_folder(parent(wanted));
  finder.add_environment(source.environment("VIRTUAL_ENV").value_or(""));
  finder.add_environment(source.environment("CONDA_PREFIX").value_or(""));
  // The command was installed into an environment beside its Python.
  if (source.exists(joined(parent(source.own_folder()), "pyvenv.cfg")))
    finder.add_folder(source.own_folder());
  finder.add_environment(joined(source.working_folder(), ".venv"));
  const bool windows = source.is_windows();
  const std::string home = source.environment(windows ? "USERPROFILE" : "HOME").value_or("");
  if (!home.empty()) finder.add_environment(joined(home, "evergpu"));  // the guides' name for it
  for (const std::string& folder :
       split(source.environment("PATH").value_or(""), windows ? ';' : ':'))
    finder.add_folder(folder);
  if (windows) {
    const std::string local = source.environment("LOCALAPPDATA").value_or("");
    const std::string programs = local + "\\Programs\\Python";
    for (const std::string& name : source.names(programs))
      finder.add_folder(joined(programs, name));
    finder.add_registered();
    finder.add_store(local);
  } else {
    for (const char* folder : {"/usr/local/bin", "/usr/bin"}) finder.add_folder(folder);
  }
  return std::move(finder).result();
}

}  // namespace evergpu::system
