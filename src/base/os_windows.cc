// Windows, for base/os.h. The wide-character calls throughout: narrow ones lose names outside the
// code page.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
// After windows.h, which it needs.
#include <cxxabi.h>
#include <fmt/format.h>
#include <psapi.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <string_view>

#include "base/os.h"
#include "base/windows_text.h"

namespace evergpu::os {

std::string utf8(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  const int bytes =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(bytes), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, result.data(), bytes, nullptr, nullptr);
  return result;
}

std::wstring utf16(std::string_view text) {
  const int size = static_cast<int>(text.size());
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0);
  std::wstring result(static_cast<std::size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, result.data(), length);
  return result;
}

namespace {

/// What the system says about an error code, in one line.
std::string describe(DWORD error) {
  wchar_t text[512];
  DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                                error, 0, text, std::size(text), nullptr);
  while (length > 0 && (text[length - 1] == L'\n' || text[length - 1] == L'\r')) --length;
  return fmt::format("{} (Windows error {})", utf8({text, length}), error);
}

std::atomic<void (*)(std::uintptr_t)> explain_fault{nullptr};

/// Explains an access violation and passes it on.
LONG CALLBACK handle_fault(EXCEPTION_POINTERS* exception) {
  const EXCEPTION_RECORD& record = *exception->ExceptionRecord;
  const bool is_fault = record.ExceptionCode == EXCEPTION_ACCESS_VIOLATION ||
                        record.ExceptionCode == EXCEPTION_IN_PAGE_ERROR;
  if (is_fault) explain_fault.load()(record.ExceptionInformation[1]);
  return EXCEPTION_CONTINUE_SEARCH;
}

// MinGW ends a thread by destroying its pthread keys in the order in which they were created. The
// keys of its own run-time libraries are created at first use: one whose destructor frees all
// thread_local variables, one whose destructor runs theirs. The second has to come first, so a
// thread_local destructor is registered before anything can touch a thread_local variable.
// GCC bug 80816.
struct DestructorsBeforeMemory {
  DestructorsBeforeMemory() {
    abi::__cxa_thread_atexit([](void*) {}, nullptr, nullptr);
  }
};
[[gnu::init_priority(101)]] const DestructorsBeforeMemory destructors_before_memory;

}  // namespace

std::optional<std::string> environment(const char* name) {
  const std::wstring wide_name = utf16(name);
  std::wstring value;
  for (DWORD size = 256;;) {
    value.resize(size);
    SetLastError(ERROR_SUCCESS);
    const DWORD length = GetEnvironmentVariableW(wide_name.c_str(), value.data(), size);
    if (length == 0 && GetLastError() != ERROR_SUCCESS) return std::nullopt;
    if (length < size) return utf8({value.data(), length});
    size = length;  // what it needs, the final zero included
  }
}

void set_environment(const char* name, const std::string& value) {
  SetEnvironmentVariableW(utf16(name).c_str(), utf16(value).c_str());
}

std::optional<std::filesystem::path> cache_folder() {
  const auto local = environment("LOCALAPPDATA");
  if (!local || local->empty()) return std::nullopt;
  return std::filesystem::path(utf16(*local)) / "evergpu";
}

Result<ReservedRange> ReservedRange::reserve(std::size_t bytes, std::size_t least) {
  // Wine keeps a byte for every reserved page: 8 TiB would cost it 2 GiB and ten seconds.
  const bool on_wine =
      GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
  const std::size_t most = on_wine ? std::max(least, std::size_t{1} << 38) : bytes;
  for (std::size_t size = std::min(bytes, most); size >= least && size > 0; size /= 2) {
    if (void* const address = VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_NOACCESS))
      return ReservedRange(reinterpret_cast<std::uintptr_t>(address), size);
  }
  return resource_exhausted(
      fmt::format("cannot reserve {} MiB of addresses: {}", least >> 20, describe(GetLastError())));
}

ReservedRange::~ReservedRange() {
  if (base_ != 0) VirtualFree(reinterpret_cast<void*>(base_), 0, MEM_RELEASE);
}

void on_access_fault(void (*explain)(std::uintptr_t address)) {
  if (explain_fault.exchange(explain) != nullptr) return;  // the handler is there already
  AddVectoredExceptionHandler(1, handle_fault);
}

std::size_t memory_limit() {
  MEMORYSTATUSEX memory = {};
  memory.dwLength = sizeof(memory);
  GlobalMemoryStatusEx(&memory);
  std::size_t limit = memory.ullTotalPhys;

  JOBOBJECT_EXTENDED_LIMIT_INFORMATION job = {};
  if (QueryInformationJobObject(nullptr, JobObjectExtendedLimitInformation, &job, sizeof(job),
                                nullptr) != 0) {
    const DWORD limited = job.BasicLimitInformation.LimitFlags;
    if ((limited & JOB_OBJECT_LIMIT_JOB_MEMORY) != 0) limit = std::min(limit, job.JobMemoryLimit);
    if ((limited & JOB_OBJECT_LIMIT_PROCESS_MEMORY) != 0)
      limit = std::min(limit, job.ProcessMemoryLimit);
  }
  return limit;
}

std::size_t resident_memory() {
  PROCESS_MEMORY_COUNTERS counters = {};
  K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters));
  return counters.WorkingSetSize;
}

int usable_cores() {
  if (const int count = std::atoi(environment("OMP_NUM_THREADS").value_or("").c_str()); count > 0)
    return count;
  DWORD_PTR process_mask = 0, system_mask = 0;
  GetProcessAffinityMask(GetCurrentProcess(), &process_mask, &system_mask);
  if (process_mask != 0) return std::popcount(process_mask);
  return static_cast<int>(GetActiveProcessorCount(ALL_PROCESSOR_GROUPS));  // more than 64 cores
}

std::string processor_name() {
  wchar_t name[128] = {};
  DWORD bytes = sizeof(name);
  const LSTATUS status =
      RegGetValueW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                   L"ProcessorNameString", RRF_RT_REG_SZ, nullptr, name, &bytes);
  return status == ERROR_SUCCESS ? utf8(name) : "";
}

std::optional<Library> Library::loaded(const std::string& name) {
  HMODULE module = nullptr;
  if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN, utf16(name).c_str(), &module) == 0)
    return std::nullopt;
  return Library(module);
}

Result<Library> Library::open(const std::filesystem::path& path) {
  // A library's own folder can be searched only where its path is complete.
  const DWORD own_folder = path.is_absolute() ? LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR : 0;
  HMODULE const module =
      LoadLibraryExW(path.c_str(), nullptr, own_folder | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
  if (module != nullptr) return Library(module);
  return Status(Code::not_found,
                fmt::format("{}: {}", utf8(path.wstring()), describe(GetLastError())));
}

void* Library::symbol(const char* name) const {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

std::filesystem::path file_of(const void* address) {
  HMODULE module = nullptr;
  if (GetModuleHandleExW(
          GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
          static_cast<const wchar_t*>(address), &module) == 0)
    return {};
  for (std::wstring path(MAX_PATH, L'\0');; path.resize(path.size() * 2)) {
    const DWORD length = GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size()));
    if (length < path.size()) return std::wstring_view(path.data(), length);
  }
}

int fork_count() { return 0; }

std::int64_t process_id() { return GetCurrentProcessId(); }

}  // namespace evergpu::os
