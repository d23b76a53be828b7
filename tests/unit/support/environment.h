// Environment variables that a test sets for what it calls.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace evergpu::testing {

/// Sets a variable until the end of the scope. Call nothing in other threads meanwhile.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    const char* const before = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (before != nullptr) before_ = before;
    set(value.c_str());
  }
  ~ScopedVariable() { set(before_ ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  // Null: unsets it.
  void set(const char* value) {
#ifdef _WIN32
    _putenv_s(name_, value == nullptr ? "" : value);
#else
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    value == nullptr ? unsetenv(name_) : setenv(name_, value, 1);
#endif
  }

  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace evergpu::testing
