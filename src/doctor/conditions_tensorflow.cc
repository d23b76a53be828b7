// TensorFlow, Keras, evergpu and other plug-ins in the Python in use, and the variables they read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/product.h"
#include "doctor/choice.h"
#include "doctor/condition.h"
#include "doctor/fix.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

/// Packages that bring the module `tensorflow`.
const std::vector<std::string> tensorflow_packages = {
    "tensorflow",      "tensorflow-cpu", "tensorflow-intel", "tensorflow-gpu",
    "tensorflow-rocm", "tf-nightly",     "tf-nightly-cpu",   "tensorflow-macos"};
/// Packages that bring TensorFlow plug-ins for the device type GPU.
const std::vector<std::string> plugin_packages = {
    "intel-extension-for-tensorflow", "intel-extension-for-tensorflow-lib",
    "tensorflow-directml-plugin", "tensorflow-metal", "tensorflow-directml"};

std::vector<std::string> installed(const Machine& machine, const std::vector<std::string>& names) {
  std::vector<std::string> result;
  if (machine.python() == nullptr) return result;
  for (const std::string& name : names) {
    if (machine.python()->packages.contains(name)) result.push_back(name);
  }
  return result;
}

bool has(const Machine& machine, const std::string& name) {
  return machine.python() != nullptr && machine.python()->packages.contains(name);
}

std::string version_of(const Machine& machine, const std::string& name) {
  return has(machine, name) ? machine.python()->packages.at(name) : "";
}

std::string onednn_package(const Machine& machine) {
  return machine.is_windows() ? "onednn-cpu-vcomp" : "onednn-cpu-gomp";
}

Step install_tensorflow(const Machine& machine) {
  return run_here("Install the TensorFlow that evergpu is built for",
                  {pip(machine, fmt::format("install \"{}\"", product::tensorflow_requirement))});
}

/// After packages that share files were taken away, what stays must be written again.
Step reinstall_tensorflow(const Machine& machine) {
  return run_here("Install the TensorFlow that evergpu is built for, whole",
                  {pip(machine, fmt::format("install --force-reinstall --no-deps \"{}\"",
                                            product::tensorflow_requirement)),
                   pip(machine, fmt::format("install \"{}\"", product::tensorflow_requirement))});
}

std::vector<Step> replace_packages(const Machine& machine, const std::vector<std::string>& names) {
  return {removing(run_here("Uninstall what gets in the way",
                            {pip(machine, fmt::format("uninstall -y {}", fmt::join(names, " ")))})),
          reinstall_tensorflow(machine)};
}

/// Plug-ins beside ours.
std::vector<std::string> other_plugins(const Machine& machine) {
  std::vector<std::string> result;
  if (machine.python() == nullptr) return result;
  for (const std::string& name : machine.python()->plugins) {
    if (name.find("evergpu_tensorflow") == std::string::npos) result.push_back(name);
  }
  return result;
}

/// Packages in versions that TensorFlow's wheel does not take, by its own list of requirements.
std::vector<std::string> unfit_companions(const Machine& machine) {
  struct Requirement {
    const char* package;
    const char* oldest;
    const char* too_new;  // the first that is; empty where none is known
  };
  static constexpr std::array<Requirement, 4> requirements = {{{"numpy", "1.26.0", ""},
                                                               {"protobuf", "6.31.1", "8.0.0"},
                                                               {"h5py", "3.11.0", "3.15.0"},
                                                               {"ml-dtypes", "0.5.1", "1.0.0"}}};
  std::vector<std::string> result;
  if (!version_of(machine, "tensorflow-cpu").starts_with(product::tensorflow_series)) return result;
  for (const Requirement& wanted : requirements) {
    const std::string version = version_of(machine, wanted.package);
    if (version.empty()) continue;
    const std::string_view too_new = wanted.too_new;
    if (system::compare_versions(version, wanted.oldest) < 0)
      result.push_back(
          fmt::format("{} {}; {} or newer is needed", wanted.package, version, wanted.oldest));
    else if (!too_new.empty() && system::compare_versions(version, too_new) >= 0)
      result.push_back(
          fmt::format("{} {}; older than {} is needed", wanted.package, version, too_new));
  }
  return result;
}

Found set_to(const Machine& machine, const std::string& name, const std::string& value) {
  return when(machine.variable(name) == value, name + "=" + value);
}

/// The variables of tensorflow-directml that are set.
std::vector<std::string> directml_variables(const Machine& machine) {
  std::vector<std::string> names;
  for (const char* name :
       {"DML_VISIBLE_DEVICES", "TF_DIRECTML_KERNEL_CACHE_SIZE", "TF_DIRECTML_PATH"}) {
    if (!machine.variable(name).empty()) names.emplace_back(name);
  }
  return names;
}

std::vector<Step> unset(const Machine& machine, const std::vector<std::string>& names) {
  const bool windows = machine.is_windows();
  const std::string command = windows
                                  ? fmt::format("Remove-Item Env:{}", fmt::join(names, ", Env:"))
                                  : fmt::format("unset {}", fmt::join(names, " "));
  return {by_hand(fmt::format("Unset {} where it is set. In this {}: `{}`", fmt::join(names, " "),
                              windows ? "PowerShell" : "terminal", command))};
}

const Condition tensorflow_table[] = {
    {"tensorflow.several", Part::evergpu, Severity::blocks, "Several TensorFlow packages are mixed",
     "They overwrite each other's files, and errors at import or strange crashes follow.",
     [](const Machine& m) {
       const std::vector<std::string> names = installed(m, tensorflow_packages);
       return when(names.size() > 1, fmt::format("{}", fmt::join(names, ", ")));
     },
     [](const Machine& m) { return replace_packages(m, installed(m, tensorflow_packages)); },
     "https://github.com/microsoft/tensorflow-directml-plugin/issues/216"},

    {"tensorflow.cuda-wheel", Part::evergpu, Severity::blocks,
     "This TensorFlow brings GPU code of its own",
     "On Linux the package `tensorflow` holds CUDA kernels for the same device name as evergpu's, "
     "so "
     "evergpu stays away; `tensorflow-cpu` is the one without them.",
     [](const Machine& m) {
       return when(m.is_linux() && has(m, "tensorflow") && has(m, "evergpu") &&
                       installed(m, tensorflow_packages).size() == 1,
                   "tensorflow " + version_of(m, "tensorflow"));
     },
     [](const Machine& m) { return replace_packages(m, {"tensorflow"}); },
     "https://github.com/microsoft/tensorflow-directml-plugin/issues/216"},

    {"tensorflow.other", Part::evergpu, Severity::blocks,
     "A TensorFlow that evergpu does not serve",
     "evergpu works with the package tensorflow-cpu, and this is another build of TensorFlow.",
     [](const Machine& m) {
       const std::vector<std::string> names = installed(m, tensorflow_packages);
       const bool other = names.size() == 1 && names[0] != "tensorflow-cpu" &&
                          !(names[0] == "tensorflow" && has(m, "evergpu"));
       return when(m.is_linux() && other, other ? names[0] + " " + version_of(m, names[0]) : "");
     },
     [](const Machine& m) {
       std::vector<Step> steps = {by_hand(
           "If you want to keep it, make another environment: `python3 -m venv ~/evergpu`")};
       for (Step& step : replace_packages(m, installed(m, tensorflow_packages)))
         steps.push_back(std::move(step));
       return steps;
     },
     "https://www.tensorflow.org/install/pip"},

    {"tensorflow.version", Part::evergpu, Severity::blocks,
     "A TensorFlow version that evergpu is not built for",
     "evergpu serves the minor versions of TensorFlow that it was tested with; versions 2.19 to "
     "2.21 "
     "for Linux and 2.20 and 2.21 for Windows also lack functions that it needs.",
     [](const Machine& m) {
       const std::string version = version_of(m, "tensorflow-cpu");
       return when(!version.empty() && !product::serves_tensorflow(version, m.is_windows()) &&
                       installed(m, tensorflow_packages).size() == 1,
                   "tensorflow-cpu " + version);
     },
     [](const Machine& m) { return std::vector{install_tensorflow(m)}; },
     "https://github.com/tensorflow/tensorflow/issues/126374"},

    {"tensorflow.companion", Part::evergpu, Severity::blocks,
     "A package does not go with this TensorFlow",
     "Another installation has changed a package that TensorFlow needs in another version.",
     [](const Machine& m) {
       const std::vector<std::string> names = unfit_companions(m);
       return when(!names.empty(), fmt::format("{}", fmt::join(names, ", ")));
     },
     [](const Machine& m) {
       Step step = install_tensorflow(m);
       step.text = "Let pip set the versions right";
       return std::vector{std::move(step)};
     },
     "docs/versions.md"},

    {"tensorflow.missing", Part::evergpu, Severity::blocks, "TensorFlow is not installed",
     "The Python in use has no TensorFlow.",
     [](const Machine& m) { return when(installed(m, tensorflow_packages).empty()); },
     [](const Machine& m) { return std::vector{install_tensorflow(m)}; },
     "https://www.tensorflow.org/install/pip"},

    {"evergpu.missing", Part::evergpu, Severity::blocks, "evergpu's plug-in is not installed",
     "The Python in use has no evergpu, so TensorFlow trains without it.",
     [](const Machine& m) { return when(!has(m, "evergpu")); }, install_evergpu, "README.md"},

    {"evergpu.no-library", Part::evergpu, Severity::blocks, "evergpu's installation is incomplete",
     "The package evergpu is there, but its plug-in library is not.",
     [](const Machine& m) {
       if (!has(m, "evergpu")) return Found();
       const auto& plugins = m.python()->plugins;
       const bool ours = std::any_of(plugins.begin(), plugins.end(), [](const std::string& name) {
         return name.find("evergpu_tensorflow") != std::string::npos;
       });
       return when(!ours);
     },
     [](const Machine& m) {
       std::vector<Step> steps = install_evergpu(m);
       steps.back() = run_here("Install the wheel that ./package made, again",
                               {pip(m, "install --force-reinstall --no-deps " + wheel_file(m))});
       return steps;
     },
     "README.md"},

    {"evergpu.onednn", Part::evergpu, Severity::blocks, "oneDNN is missing",
     "evergpu's CPU adapter multiplies matrices with the package onednn-cpu-gomp, on Windows "
     "onednn-cpu-vcomp.",
     [](const Machine& m) { return when(has(m, "evergpu") && !has(m, onednn_package(m))); },
     [](const Machine& m) {
       return std::vector{
           run_here("Install oneDNN", {pip(m, "install " + onednn_package(m) + "==2023.2.0")})};
     },
     "https://uxlfoundation.github.io/oneDNN/"},

    {"plugin.other", Part::evergpu, Severity::blocks, "Another TensorFlow plug-in is installed",
     "TensorFlow takes one plug-in for the device type GPU; with two, evergpu stays away.",
     [](const Machine& m) {
       std::vector<std::string> names = installed(m, plugin_packages);
       if (names.empty()) names = other_plugins(m);
       return when(!names.empty(), fmt::format("{}", fmt::join(names, ", ")));
     },
     [](const Machine& m) {
       const std::vector<std::string> names = installed(m, plugin_packages);
       if (names.empty())
         return std::vector{by_hand(fmt::format(
             "Uninstall the package that brought {} (`{}` says which files a package has).",
             fmt::join(other_plugins(m), ", "), pip(m, "show --files PACKAGE")))};
       return std::vector{
           removing(run_here("Uninstall the other plug-in",
                             {pip(m, fmt::format("uninstall -y {}", fmt::join(names, " ")))}))};
     },
     "https://github.com/tensorflow/community/blob/master/rfcs/20200624-pluggable-device-for-"
     "tensorflow.md"},

    {"keras.several", Part::evergpu, Severity::blocks, "Two Keras packages are mixed",
     "keras and keras-nightly install into the same folder and overwrite each other.",
     [](const Machine& m) { return when(has(m, "keras") && has(m, "keras-nightly")); },
     [](const Machine& m) {
       return std::vector{removing(run_here("Uninstall the one that this TensorFlow does not use",
                                            {pip(m, "uninstall -y keras")})),
                          run_here("Install the other one again, whole",
                                   {pip(m, "install --force-reinstall --no-deps keras-nightly==" +
                                               version_of(m, "keras-nightly"))})};
     },
     "docs/versions.md"},

    {"keras.missing", Part::evergpu, Severity::blocks, "Keras is not installed",
     "TensorFlow takes Keras from a package of its own, which is not there.",
     [](const Machine& m) {
       return when(has(m, "tensorflow-cpu") && !has(m, "keras") && !has(m, "keras-nightly"));
     },
     [](const Machine& m) { return std::vector{install_tensorflow(m)}; }, "docs/versions.md"},

    {"keras.old", Part::evergpu, Severity::blocks, "A Keras older than this TensorFlow takes",
     "tf.keras needs Keras 3.12 or newer here, and fails or behaves in old ways with this one.",
     [](const Machine& m) {
       return when(has(m, "tensorflow-cpu") && !has(m, "keras-nightly") && has(m, "keras") &&
                       system::compare_versions(version_of(m, "keras"), "3.12") < 0,
                   "keras " + version_of(m, "keras"));
     },
     [](const Machine& m) {
       return std::vector{
           removing(run_here("Uninstall the old Keras", {pip(m, "uninstall -y keras")})),
           install_tensorflow(m)};
     },
     "docs/versions.md"},

    {"keras.legacy", Part::evergpu, Severity::blocks,
     "TensorFlow is told to use the old Keras, which is not installed",
     "With TF_USE_LEGACY_KERAS, tf.keras stands for the package tf_keras.",
     [](const Machine& m) {
       const std::string value = system::lower(m.variable("TF_USE_LEGACY_KERAS"));
       return when(
           (value == "1" || value == "true") && has(m, "tensorflow-cpu") && !has(m, "tf-keras"),
           "TF_USE_LEGACY_KERAS=" + value);
     },
     [](const Machine& m) { return unset(m, {"TF_USE_LEGACY_KERAS"}); },
     "https://keras.io/getting_started/#tensorflow--keras-2-backwards-compatibility"},

    {"keras.backend", Part::evergpu, Severity::warns, "Keras is set to another library",
     "With KERAS_BACKEND, Keras trains on that library instead of TensorFlow, and without evergpu.",
     [](const Machine& m) {
       const std::string backend = m.variable("KERAS_BACKEND");
       return when(!backend.empty() && backend != "tensorflow", "KERAS_BACKEND=" + backend);
     },
     [](const Machine& m) { return unset(m, {"KERAS_BACKEND"}); },
     "https://keras.io/getting_started/#configuring-your-backend"},

    {"evergpu.off", Part::evergpu, Severity::warns, "evergpu is switched off",
     "TensorFlow trains without evergpu, because a variable says so.",
     [](const Machine& m) { return set_to(m, "EVERGPU_ADAPTER", "off"); },
     [](const Machine& m) { return unset(m, {"EVERGPU_ADAPTER"}); }, "README.md"},

    {"evergpu.no-such-device", Part::evergpu, Severity::blocks,
     "evergpu is told to use a device that is not here",
     "Because of EVERGPU_ADAPTER it takes that device or none, so TensorFlow trains without it.",
     [](const Machine& m) {
       const Choice choice = choose(m);
       return when(choice.adapter.empty() && m.variable("EVERGPU_ADAPTER") != "off", choice.why);
     },
     [](const Machine& m) { return unset(m, {"EVERGPU_ADAPTER"}); }, "README.md"},

    {"variables.xla", Part::evergpu, Severity::warns, "XLA is switched on for every program",
     "XLA has no compiler for evergpu's device, and TensorFlow then fails to run compiled "
     "functions.",
     [](const Machine& m) {
       const std::string flags = m.variable("TF_XLA_FLAGS");
       return when(flags.find("tf_xla_auto_jit") != std::string::npos &&
                       flags.find("tf_xla_auto_jit=0") == std::string::npos &&
                       flags.find("tf_xla_auto_jit=-1") == std::string::npos,
                   flags);
     },
     [](const Machine& m) { return unset(m, {"TF_XLA_FLAGS"}); },
     "https://github.com/microsoft/tensorflow-directml-plugin/issues/332"},

    {"variables.directml", Part::evergpu, Severity::notes,
     "A variable of tensorflow-directml is set",
     "evergpu does not read it; in scripts, the device is called GPU:0 now.",
     [](const Machine& m) {
       const std::vector<std::string> names = directml_variables(m);
       return when(!names.empty(), fmt::format("{}", fmt::join(names, ", ")));
     },
     [](const Machine& m) {
       std::vector<std::string> names = directml_variables(m);
       if (names.empty()) names = {"DML_VISIBLE_DEVICES"};  // for the page of all conditions
       return unset(m, names);
     },
     "https://learn.microsoft.com/windows/ai/directml/gpu-faq"},

    {"variables.rocm", Part::gpu, Severity::notes, "ROCm is told that the GPU is another one",
     "With HSA_OVERRIDE_GFX_VERSION, AMD's ROCm runs code of another GPU on this one, which can "
     "give wrong results or crash.",
     [](const Machine& m) {
       const std::string value = m.variable("HSA_OVERRIDE_GFX_VERSION");
       return when(!value.empty(), "HSA_OVERRIDE_GFX_VERSION=" + value);
     },
     [](const Machine& m) { return unset(m, {"HSA_OVERRIDE_GFX_VERSION"}); },
     "https://github.com/ROCm/tensorflow-upstream/issues/2524"},

    {"variables.cuda", Part::gpu, Severity::warns, "CUDA is told to hide the GPU",
     "Programs that use CUDA find no GPU while CUDA_VISIBLE_DEVICES is empty or -1.",
     [](const Machine& m) {
       const auto found = m.variables.find("CUDA_VISIBLE_DEVICES");
       return when(found != m.variables.end() && (found->second.empty() || found->second == "-1") &&
                       m.has_vendor("nvidia"),
                   "CUDA_VISIBLE_DEVICES");
     },
     [](const Machine& m) { return unset(m, {"CUDA_VISIBLE_DEVICES"}); },
     "https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#cuda-environment-variables"},
};

}  // namespace

std::span<const Condition> tensorflow_conditions() { return tensorflow_table; }

}  // namespace evergpu::doctor
