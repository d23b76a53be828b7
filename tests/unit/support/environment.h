// Environment variables that a test sets for what it calls.
#pragma once

#include <cstdlib>
#include <string>

namespace evergpu::testing {

/// Sets a variable until the end of the scope. Call nothing in other threads meanwhile.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    const char* const before = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    before_ = before == nullptr ? "" : before;
    set(value);
  }
  ~ScopedVariable() { set(before_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void set(const std::string& value) {
#ifdef _WIN32
    _putenv_s(name_, value.c_str());
#else
    setenv(name_, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
#endif
  }

  const char* name_;
  std::string before_;
};

}  // namespace evergpu::testing
