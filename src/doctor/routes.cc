#include "doctor/routes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/product.h"
#include "doctor/fix.h"

namespace evergpu::doctor {
namespace {

constexpr const char* first_words =
    "A few words first. A *terminal* is the window in which you type commands; on Windows it is "
    "called PowerShell. An *environment* is a folder with a Python and packages of its own, which "
    "you can delete without harm to anything else. `pip` installs packages into it. Copy one line "
    "at a time, and read what it answers before you go on.";

constexpr const char* expect_loss =
    "It prints the device, and a loss that is much smaller at last than at first.";

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The folder of an environment for a library that is not ours, and its Python.
struct Home {
  std::string folder;
  std::string python;
};

Home home_for(const Machine& machine, const std::string& folder) {
  return {folder, machine.is_windows() ? fmt::format("& \"$HOME\\{}\\Scripts\\python.exe\"", folder)
                                       : fmt::format("~/{}/bin/python3", folder)};
}

Step run_script(const std::string& python) {
  return run_here("Save the script below as first_training.py, and run it",
                  {python + " first_training.py"});
}

/// A route that ends with another library's own packages, in an environment of its own.
Route other_route(const Machine& machine, const std::string& folder, const std::string& library,
                  const std::vector<Step>& before, const std::string& requirement) {
  const Home home = home_for(machine, folder);
  Route route;
  route.needs = {Part::machine, Part::gpu};
  route.install = before;
  for (Step& step : make_environment(machine, home.folder, library))
    route.install.push_back(std::move(step));
  route.install.push_back(run_here(
      "Install " + library, {fmt::format("{} -m pip install {}", home.python, requirement)}));
  route.run = run_script(home.python);
  route.expect = expect_loss;
  return route;
}

}  // namespace

std::string status_of_evergpu(const Traveller& traveller, GpuSupport support) {
  std::string cpu = traveller.system == "windows"
                        ? "evergpu on the CPU: tested under Wine 10, never on Windows itself."
                        : "evergpu on the CPU: works, verified on Debian 12.";
  if (traveller.library == "pytorch" || traveller.library == "jax")
    return "evergpu is for TensorFlow and Keras; this route is not ours, and we have not run it.";
  if (traveller.vendor == "none") return cpu;
  const product::GpuSupport* const row = find_support(support, traveller.vendor, traveller.system);
  if (row == nullptr) return "evergpu on this GPU: not available yet. " + cpu;
  const bool on_hardware = row->verified == product::GpuSupport::Verified::on_hardware;
  return fmt::format("evergpu on this GPU: works, verified {}. {}",
                     on_hardware ? "on hardware" : "in simulation, not on hardware", cpu);
}

std::string promise_of_evergpu(const Traveller& traveller, GpuSupport support) {
  if (traveller.vendor == "none")
    return "Your scripts train unchanged on the CPU, through evergpu.";
  if (find_support(support, traveller.vendor, traveller.system) != nullptr)
    return fmt::format("Your scripts train unchanged, on your {} GPU.", brand(traveller.vendor));
  return fmt::format(
      "Your scripts train unchanged: on the CPU today, and on your {} GPU when evergpu can use it. "
      "Nothing in them will have to change.",
      brand(traveller.vendor));
}

namespace {

Route evergpu_route(const Traveller& traveller, const Machine& machine) {
  Route route;
  route.ours = true;
  route.title = traveller.library == "keras" ? "Keras with evergpu" : "TensorFlow with evergpu";
  route.reason = promise_of_evergpu(traveller, product::gpu_support);
  if (traveller.vendor == "amd" && traveller.level == "professional")
    route.reason +=
        " For AMD's Instinct GPUs there is AMD's own build of TensorFlow: "
        "https://rocm.docs.amd.com/projects/ai-ecosystem/en/latest/frameworks/tensorflow/"
        "install.html";
  route.needs = {Part::machine, Part::python, Part::evergpu};
  if (find_support(product::gpu_support, traveller.vendor, traveller.system) != nullptr)
    route.needs.insert(route.needs.end(), {Part::gpu, Part::vulkan});
  route.script = keras_script();
  route.run = run_script(python_program(machine));
  route.expect =
      "It prints a device that ends in GPU:0 (evergpu's, also on the CPU), and a loss that "
      "is much smaller at last than at first.";
  route.source = "README.md";
  return route;
}

Route cuda_route(const Machine& machine) {
  Route route = other_route(machine, "tensorflow-cuda", "TensorFlow with CUDA", {},
                            "\"tensorflow[and-cuda]\"");
  route.title = "TensorFlow with CUDA";
  route.reason =
      "With an NVIDIA GPU, TensorFlow's own CUDA packages are the way that its makers maintain. "
      "evergpu stays out of it: it lives in another environment.";
  route.script = keras_script();
  route.source = "https://www.tensorflow.org/install/pip";
  return route;
}

Route windows_cuda_route() {
  Route route;
  route.title = "TensorFlow with CUDA, in WSL 2";
  route.reason =
      "TensorFlow has no GPU support on Windows itself since 2.11; within WSL 2 its CUDA "
      "packages reach the NVIDIA GPU.";
  route.needs = {Part::gpu};
  const Machine within = usual_machine({"professional", "tensorflow", "nvidia", "wsl"});
  route.install = {by_hand("Install NVIDIA's newest driver in Windows"),
                   run_in_windows("Install WSL 2 with Ubuntu", {"wsl --install Ubuntu-24.04"})};
  for (Step step : cuda_route(within).install) {
    step.place = Step::Place::wsl;
    route.install.push_back(std::move(step));
  }
  route.script = keras_script();
  route.run = run_script("~/tensorflow-cuda/bin/python3");
  route.run.place = Step::Place::wsl;
  route.expect = expect_loss;
  route.source = "https://www.tensorflow.org/install/pip";
  return route;
}

Route pytorch_route(const Traveller& traveller, const Machine& machine) {
  std::vector<Step> before;
  std::string reason;
  if (traveller.vendor == "nvidia" && traveller.system == "windows") {
    before = {
        by_hand("Choose Windows, Pip and the newest CUDA on "
                "https://pytorch.org/get-started/locally/: the page shows what to put after "
                "`pip install` below")};
    reason = "PyTorch has CUDA packages for Windows; which is the newest stands on its own page.";
  } else if (traveller.vendor == "nvidia") {
    reason = "PyTorch's packages for Linux bring CUDA; they also work within WSL 2.";
  } else if (traveller.vendor == "intel") {
    before = {
        by_hand("Choose your system, Pip and XPU on https://pytorch.org/get-started/locally/: the "
                "page shows what to put after `pip install` below")};
    reason =
        "PyTorch itself supports Intel's Arc and newer integrated GPUs, as the device xpu; older "
        "ones compute on the CPU.";
  } else if (traveller.vendor == "amd" && traveller.system == "linux") {
    before = {
        by_hand("Choose Linux, Pip and ROCm on https://pytorch.org/get-started/locally/: the "
                "page shows what to put after `pip install` below")};
    reason =
        "PyTorch has ROCm packages for Linux; whether AMD supports your GPU stands in its ROCm "
        "documentation. On other GPUs the script runs on the CPU.";
  } else if (traveller.vendor == "amd") {
    before = {
        by_hand("See whether AMD supports your GPU on this system, and use its packages "
                "instead of those below: "
                "https://rocm.docs.amd.com/projects/radeon-ryzen/en/latest/")};
    reason =
        "AMD has packages of its own for Windows and WSL 2, for its newer GPUs; those below "
        "compute on the CPU and work everywhere.";
  } else {
    reason = "PyTorch's packages compute on the CPU where there is no GPU.";
  }
  Route route = other_route(machine, "pytorch", "PyTorch", before, "torch");
  if (traveller.vendor == "none") route.needs = {Part::machine};
  route.title = "PyTorch";
  route.reason = reason;
  route.script = pytorch_script();
  route.source = "https://pytorch.org/get-started/locally/";
  return route;
}

Route jax_route(const Traveller& traveller, const Machine& machine) {
  std::vector<Step> before;
  std::string requirement = "-U jax";
  std::string reason =
      "JAX has no packages for this GPU on this system, so it computes on the CPU.";
  if (traveller.vendor == "none") reason = "Without a GPU, JAX computes on the CPU.";
  if (traveller.vendor == "nvidia" && traveller.system != "windows") {
    before = {
        by_hand("Have NVIDIA's driver 580 or newer; with 525 or newer, write cuda12 for cuda13 "
                "below")};
    requirement = "-U \"jax[cuda13]\"";
    reason = traveller.system == "wsl" ? "JAX calls its CUDA support within WSL 2 experimental."
                                       : "JAX supports NVIDIA GPUs on Linux.";
  } else if (traveller.vendor == "nvidia") {
    reason = "JAX has no GPU support on Windows itself; within WSL 2 it has.";
  } else if (traveller.vendor == "amd" && traveller.system == "linux") {
    before = {
        by_hand("Install ROCm 7 as AMD describes it: "
                "https://rocm.docs.amd.com/projects/install-on-linux/en/latest/")};
    requirement = "-U \"jax[rocm7-local]\"";
    reason = "JAX supports AMD GPUs on Linux through ROCm.";
  }
  Route route = other_route(machine, "jax", "JAX", before, requirement);
  if (traveller.vendor == "none" || requirement == "-U jax") route.needs = {Part::machine};
  route.title = "JAX";
  route.reason = reason;
  route.script = jax_script();
  route.source = "https://docs.jax.dev/en/latest/installation.html";
  return route;
}

}  // namespace

Status check(const Traveller& traveller) {
  const auto one_of = [](const std::string& option, const std::string& word,
                         const std::vector<std::string>& words) {
    if (contains(words, word)) return Status();
    return invalid_argument(
        fmt::format("--{} is '{}'; it takes {}", option, word, fmt::join(words, ", ")));
  };
  EVERGPU_RETURN_IF_ERROR(one_of("level", traveller.level, levels));
  EVERGPU_RETURN_IF_ERROR(one_of("library", traveller.library, libraries));
  EVERGPU_RETURN_IF_ERROR(one_of("vendor", traveller.vendor, vendors));
  return one_of("system", traveller.system, systems);
}

Traveller traveller_of(const Machine& machine) {
  Traveller traveller;
  traveller.vendor = "none";
  for (const char* vendor : {"intel", "amd", "nvidia"}) {  // the last of them is the best known
    if (machine.has_vendor(vendor)) traveller.vendor = vendor;
  }
  traveller.system = system_word(machine);
  return traveller;
}

Machine usual_machine(const Traveller& traveller) {
  Machine machine;
  const bool windows = traveller.system == "windows";
  machine.os.family = windows ? "windows" : "linux";
  machine.os.distribution = windows ? "windows" : "ubuntu";
  machine.os.version = windows ? "11" : "24.04";
  machine.os.build = windows ? 26100 : 0;
  machine.os.processor = "x86_64";
  machine.os.libc = windows ? "" : "glibc";
  machine.os.libc_version = windows ? "" : "2.39";
  if (windows) machine.windows = {{"long_paths", true}, {"cpp_runtime", false}};
  if (traveller.system == "wsl") {
    machine.wsl.version = 2;
    machine.wsl.device = machine.wsl.device_usable = true;
    machine.wsl.libraries = {"libd3d12.so", "libd3d12core.so", "libdxcore.so"};
    machine.os.kernel = "6.6.87.2-microsoft-standard-WSL2";
    if (traveller.vendor == "nvidia") machine.cuda.libraries = {"/usr/lib/wsl/lib/libcuda.so.1"};
    if (traveller.vendor != "none") machine.wsl.host_vendors = {traveller.vendor};
  } else if (traveller.vendor != "none") {
    system::Gpu gpu;
    gpu.vendor = traveller.vendor;
    gpu.driver = windows                       ? "its maker's"
                 : traveller.vendor == "amd"   ? "amdgpu"
                 : traveller.vendor == "intel" ? "i915"
                                               : "";  // NVIDIA's does not come with Linux
    machine.gpus = {gpu};
  }
  return machine;
}

Route route_of(const Traveller& traveller, const Machine& machine) {
  Route route;
  if (traveller.library == "pytorch") {
    route = pytorch_route(traveller, machine);
  } else if (traveller.library == "jax") {
    route = jax_route(traveller, machine);
  } else if (traveller.vendor == "nvidia" && traveller.level == "professional") {
    route = traveller.system == "windows" ? windows_cuda_route() : cuda_route(machine);
  } else {
    route = evergpu_route(traveller, machine);
  }
  route.status = status_of_evergpu(traveller, product::gpu_support);
  if (traveller.level == "student") route.words = first_words;
  if (!route.ours && traveller.library != "pytorch" && traveller.library != "jax")
    route.status += " The route below is not ours, and we have not run it.";
  return route;
}

std::vector<Step> steps_of(const Route& route, const Machine& machine) {
  std::vector<Step> steps;
  for (const Condition* condition : all_conditions()) {
    const bool needed =
        std::find(route.needs.begin(), route.needs.end(), condition->part) != route.needs.end();
    if (!needed || condition->severity == Severity::notes || !condition->detect(machine)) continue;
    for (Step& step : condition->fix(machine)) {
      const bool there = std::any_of(steps.begin(), steps.end(), [&](const Step& other) {
        return other.text == step.text && other.commands == step.commands;
      });
      if (!there) steps.push_back(std::move(step));
    }
  }
  steps.insert(steps.end(), route.install.begin(), route.install.end());
  steps.push_back(route.run);
  return steps;
}

}  // namespace evergpu::doctor
