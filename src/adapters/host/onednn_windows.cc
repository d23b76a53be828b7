// oneDNN's DLL, found and loaded at run time. What its headers declare as imported is called
// through pointers, which a linker would define from an import library, and Windows fill at load
// time; here we do both.
#ifdef EVERGPU_ONEDNN

#include <fmt/format.h>

#include <array>
#include <dnnl.hpp>
#include <filesystem>
#include <system_error>

#include "adapters/host/onednn_library.h"
#include "base/log.h"
#include "base/os.h"

// Such a pointer's name is the function's with this prefix, by the rules of Windows' linkers.
#define EVERGPU_ONEDNN_FUNCTION(name) extern "C" void* __imp_##name;  // NOLINT
#include "onednn_functions.inc"
#undef EVERGPU_ONEDNN_FUNCTION
#define EVERGPU_ONEDNN_FUNCTION(name) void* __imp_##name = nullptr;  // NOLINT
#include "onednn_functions.inc"
#undef EVERGPU_ONEDNN_FUNCTION

namespace evergpu::adapters::host::onednn {
namespace {

namespace fs = std::filesystem;

struct Function {
  const char* name;
  void** pointer;
};
constexpr Function functions[] = {
#define EVERGPU_ONEDNN_FUNCTION(name) {#name, &__imp_##name},
#include "onednn_functions.inc"
#undef EVERGPU_ONEDNN_FUNCTION
};

// The package onednn-cpu-vcomp has it in Library\bin of the environment, or of the user's folder
// for packages. We lie in Lib\site-packages\tensorflow-plugins, or in
// site-packages\tensorflow-plugins; programs of our own have it beside them.
Result<os::Library> open() {
  const fs::path here = os::file_of(reinterpret_cast<const void*>(&open)).parent_path();
  const std::array folders = {here / "../../../Library/bin", here / "../../Library/bin", here};
  for (const fs::path& folder : folders) {
    std::error_code error;
    const fs::path file = fs::canonical(folder / "dnnl.dll", error);
    if (!error) return os::Library::open(file);
  }
  return Status(Code::not_found, "the package onednn-cpu-vcomp is not installed beside evergpu");
}

Status load() {
  const auto library = open();
  if (!library.ok()) return library.status();
  for (const Function& function : functions) {
    *function.pointer = library->symbol(function.name);
    if (*function.pointer == nullptr)
      return {Code::not_found, fmt::format("dnnl.dll has no function {}", function.name)};
  }
  return {};
}

// Sets a thread's number in Microsoft's OpenMP, which oneDNN brings into the process.
using SetThreads = void (*)(int count);

struct Loaded {
  Loaded() {
    const Status status = load();
    if (!status.ok()) {
      log::warning(fmt::format(
          "oneDNN did not load ({}): matrix products and convolutions are slow", status.message()));
      return;
    }
    is_there = true;
    // Windows gives a process the registers of AMX only when it asks, which this oneDNN does not
    // do: its code for them would end the process.
    dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_fp16);
    if (const auto openmp = os::Library::loaded("vcomp140.dll"))
      set_threads = reinterpret_cast<SetThreads>(openmp->symbol("omp_set_num_threads"));
  }

  bool is_there = false;
  SetThreads set_threads = nullptr;
};

const Loaded& loaded() {
  static const Loaded once;
  return once;
}

}  // namespace

bool is_there() { return loaded().is_there; }

void set_thread_count(int count) {
  if (loaded().set_threads != nullptr) loaded().set_threads(count);
}

}  // namespace evergpu::adapters::host::onednn

#endif
