// Errors as values. A Status is made where the fact is known and worded for the person who must
// act.
#pragma once

#include <cassert>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace evergpu {

/// The kind of an error. The plug-in maps each to the TF_Code of the same name.
enum class Code : unsigned char {
  ok,
  cancelled,
  invalid_argument,
  not_found,
  resource_exhausted,
  failed_precondition,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
};

/// Success, or a code and a sentence. Copying is cheap: success is a null pointer.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message)
      : error_(std::make_shared<const Error>(Error{code, std::move(message)})) {
    assert(code != Code::ok);
  }

  bool ok() const { return error_ == nullptr; }
  Code code() const { return error_ ? error_->code : Code::ok; }
  const std::string& message() const {
    static const std::string none;
    return error_ ? error_->message : none;
  }

  /// The same error with `prefix` before its message; success stays success.
  Status with_prefix(const std::string& prefix) const {
    return ok() ? Status() : Status(code(), prefix + message());
  }

 private:
  struct Error {
    Code code;
    std::string message;
  };
  std::shared_ptr<const Error> error_;
};

inline Status invalid_argument(std::string message) {
  return {Code::invalid_argument, std::move(message)};
}
inline Status unimplemented(std::string message) {
  return {Code::unimplemented, std::move(message)};
}
inline Status internal_error(std::string message) { return {Code::internal, std::move(message)}; }
inline Status resource_exhausted(std::string message) {
  return {Code::resource_exhausted, std::move(message)};
}

/// A T, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}                                        // NOLINT
  Result(Status status) : state_(std::move(status)) { assert(!this->status().ok()); }  // NOLINT

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }

 private:
  std::variant<T, Status> state_;
};

/// Returns from the enclosing function when `expression`, a Status, is an error.
#define EVERGPU_RETURN_IF_ERROR(expression)                                    \
  do {                                                                         \
    if (::evergpu::Status returned_error = (expression); !returned_error.ok()) \
      return returned_error;                                                   \
  } while (false)

}  // namespace evergpu
