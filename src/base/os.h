// What evergpu needs from an operating system. os_linux.cc and os_windows.cc are the only files
// that call one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"

namespace evergpu::os {

/// An environment variable, as UTF-8; nothing when it is not set.
std::optional<std::string> environment(const char* name);
/// Sets a variable of this process and of children that it starts later. For what libraries take
/// from there alone: other threads may be reading the environment.
void set_environment(const char* name, const std::string& value);

/// Where this system keeps what can be made again, for evergpu and this user ("~/.cache/evergpu");
/// nothing where no variable says. It may not exist.
std::optional<std::filesystem::path> cache_folder();

/// A range of addresses that nobody may read or write, until it is destroyed.
class ReservedRange {
 public:
  /// Takes `bytes`, or as large a power-of-two part as the system gives, at least `least`.
  static Result<ReservedRange> reserve(std::size_t bytes, std::size_t least);
  ReservedRange(ReservedRange&& other) noexcept
      : base_(std::exchange(other.base_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}
  ReservedRange& operator=(ReservedRange&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~ReservedRange();

  std::uintptr_t base() const { return base_; }
  std::size_t bytes() const { return bytes_; }

 private:
  ReservedRange(std::uintptr_t base, std::size_t bytes) : base_(base), bytes_(bytes) {}
  std::uintptr_t base_ = 0;
  std::size_t bytes_ = 0;
};

/// Calls `explain(address)` when this process touches an address without access rights, then lets
/// the fault take its course. `explain` may only do what a signal handler may; one handler in a
/// process.
void on_access_fault(void (*explain)(std::uintptr_t address));

/// Physical memory this process may use, in bytes: of the cgroup or job when it is limited, else
/// all.
std::size_t memory_limit();
/// Memory of this process that is resident now, in bytes.
std::size_t resident_memory();
/// Cores this process may run on: by affinity and cgroup quota (rounded up), or what
/// OMP_NUM_THREADS says where it is set.
int usable_cores();
/// "Intel(R) Xeon(R) Processor"; empty when unknown.
std::string processor_name();

/// A loaded shared library; it stays loaded.
class Library {
 public:
  /// The library of that file name if this process has loaded it already.
  static std::optional<Library> loaded(const std::string& name);
  /// Loads the library at a full path, or by its file name from where the system looks.
  static Result<Library> open(const std::filesystem::path& path);
  /// The address of a symbol; null when there is none.
  void* symbol(const char* name) const;

 private:
  explicit Library(void* handle) : handle_(handle) {}
  void* handle_;
};

/// The file that holds the code at `address`: for finding what was installed beside us.
std::filesystem::path file_of(const void* address);

/// How many forks lie between this process and the one that loaded us: a thread or lock made at a
/// lower count is of no use now. Costs nothing to ask.
int fork_count();

/// The number of this process; differs in a forked child.
std::int64_t process_id();

}  // namespace evergpu::os
