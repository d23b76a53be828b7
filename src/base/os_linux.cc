// Linux, for base/os.h.
#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>

#include "base/cgroup.h"
#include "base/os.h"

namespace evergpu::os {
namespace {

std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

std::atomic<int> forks{0};
[[maybe_unused]] const int forks_are_counted = pthread_atfork(nullptr, nullptr, [] { ++forks; });

std::atomic<void (*)(std::uintptr_t)> explain_fault{nullptr};
struct sigaction previous_segv;
struct sigaction previous_bus;

/// Explains a fault, then hands it to whoever handled it before, or to the system.
void handle_fault(int signal, siginfo_t* info, void* context) {
  const bool from_kernel = info->si_code > 0;  // else kill(2) sent it, and there is no address
  if (from_kernel) explain_fault.load()(reinterpret_cast<std::uintptr_t>(info->si_addr));

  const struct sigaction& previous = signal == SIGSEGV ? previous_segv : previous_bus;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    sigaction(signal, &standard, nullptr);
    if (!from_kernel) raise(signal);  // a real fault happens again on return
  }
}

/// The number of processors in this process's affinity mask, however many the machine has.
int cores_by_affinity() {
  for (int possible = CPU_SETSIZE; possible <= 1 << 20; possible *= 2) {
    cpu_set_t* const cores = CPU_ALLOC(possible);
    const std::size_t bytes = CPU_ALLOC_SIZE(possible);
    const bool known = sched_getaffinity(0, bytes, cores) == 0;
    const int count = known ? CPU_COUNT_S(bytes, cores) : 0;
    const bool too_small = !known && errno == EINVAL;
    CPU_FREE(cores);
    if (known) return count;
    if (!too_small) break;
  }
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

/// The full path under which a library of this file name is loaded; empty when none is.
std::string loaded_path(std::string_view name) {
  struct Search {
    std::string_view name;
    std::string path;
  } search{name, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        const std::string_view path = library->dlpi_name;
        if (path.substr(path.rfind('/') + 1) != wanted.name) return 0;
        wanted.path = path;
        return 1;
      },
      &search);
  return search.path;
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void set_environment(const char* name, const std::string& value) {
  setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
}

std::optional<std::filesystem::path> cache_folder() {
  if (const auto cache = environment("XDG_CACHE_HOME"); cache && !cache->empty())
    return std::filesystem::path(*cache) / "evergpu";
  if (const auto home = environment("HOME"); home && !home->empty())
    return std::filesystem::path(*home) / ".cache" / "evergpu";
  return std::nullopt;
}

// System calls are made directly: the sanitizers' mmap wants to shadow the range, which is larger
// than they can, and which nobody will touch.
Result<ReservedRange> ReservedRange::reserve(std::size_t bytes, std::size_t least) {
  for (std::size_t size = bytes; size >= least && size > 0; size /= 2) {
    const long address = syscall(SYS_mmap, nullptr, size, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
    if (address != -1) return ReservedRange(static_cast<std::uintptr_t>(address), size);
  }
  return resource_exhausted(fmt::format(
      "cannot reserve {} MiB of addresses: {}. Raise the limit on virtual memory (ulimit -v).",
      least >> 20, std::strerror(errno)));
}

ReservedRange::~ReservedRange() {
  if (base_ != 0) syscall(SYS_munmap, base_, bytes_);
}

void on_access_fault(void (*explain)(std::uintptr_t address)) {
  if (explain_fault.exchange(explain) != nullptr) return;  // the handler is there already
  struct sigaction action = {};
  action.sa_sigaction = handle_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &previous_segv);
  sigaction(SIGBUS, &action, &previous_bus);
}

std::size_t memory_limit() {
  const std::uint64_t physical = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_size();
  return std::min(physical, read_cgroup_limits("/").memory_bytes);
}

std::size_t resident_memory() {
  std::size_t total_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * page_size();
}

int usable_cores() {
  if (const char* const threads = std::getenv("OMP_NUM_THREADS")) {
    if (const int count = std::atoi(threads); count > 0) return count;
  }
  const double quota = std::ceil(read_cgroup_limits("/").cores);
  return std::max(1, static_cast<int>(std::min<double>(cores_by_affinity(), quota)));
}

std::string processor_name() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::optional<Library> Library::loaded(const std::string& name) {
  if (void* const handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD)) return Library(handle);
  const std::string path = loaded_path(name);  // loaded by a path, under another SONAME
  if (path.empty()) return std::nullopt;
  void* const handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  return handle == nullptr ? std::nullopt : std::optional<Library>(Library(handle));
}

Result<Library> Library::open(const std::filesystem::path& path) {
  if (void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return Library(handle);
  return Status(Code::not_found, dlerror());
}

void* Library::symbol(const char* name) const { return dlsym(handle_, name); }

std::filesystem::path file_of(const void* address) {
  Dl_info info;
  link_map* map = nullptr;
  if (dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) return {};
  std::error_code error;
  if (map->l_name[0] == '\0') return std::filesystem::read_symlink("/proc/self/exe", error);
  return std::filesystem::absolute(map->l_name, error).lexically_normal();
}

int fork_count() { return forks.load(std::memory_order_relaxed); }

std::int64_t process_id() { return getpid(); }

}  // namespace evergpu::os
