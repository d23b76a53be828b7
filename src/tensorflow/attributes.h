// The attributes of one op, read when its kernel is made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "ir/dtype.h"

struct TF_OpKernelConstruction;

namespace evergpu::tensorflow {

/// Reads attributes by name. A missing or mistyped attribute is remembered as an error and reads as
/// a default, so that a `make` function can read all it wants and the caller checks status() once.
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction) {}

  std::int64_t integer(const char* name) const;
  float number(const char* name) const;
  bool boolean(const char* name) const;
  std::string string(const char* name) const;
  std::vector<std::int64_t> integers(const char* name) const;
  std::vector<float> numbers(const char* name) const;
  ir::DType dtype(const char* name) const;
  bool has(const char* name) const;

  /// The first error of any read.
  const Status& status() const { return status_; }

 private:
  TF_OpKernelConstruction* construction_;
  mutable Status status_;
};

}  // namespace evergpu::tensorflow
