// Runs one kernel on a device and by the reference interpreter, and compares.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "adapters/adapter.h"
#include "compiler/kernel.h"
#include "ir/tensor.h"

namespace evergpu::adapters {

/// The bytes of each output, by the reference interpreter. Loop outputs start as 0xff bytes and are
/// as long as `output_elements` says.
std::vector<ir::Tensor> run_reference(const compiler::Kernel& kernel,
                                      const std::vector<ir::Tensor>& inputs,
                                      const std::vector<std::int64_t>& output_elements = {});

/// The same on `device`. A failure is thrown.
std::vector<ir::Tensor> run_on(Device& device, const compiler::Kernel& kernel,
                               const std::vector<ir::Tensor>& inputs,
                               const std::vector<std::int64_t>& output_elements = {});

/// The same on a host device with `threads` threads.
std::vector<ir::Tensor> run_on_host(const compiler::Kernel& kernel,
                                    const std::vector<ir::Tensor>& inputs,
                                    const std::vector<std::int64_t>& output_elements = {},
                                    int threads = 2);

/// Random elements: small numbers of both signs (some zeros, ties), both truth values. With
/// `special`, some infinities and NaNs in floats, extreme values in integers.
ir::Tensor random_tensor(std::mt19937& random, ir::DType dtype, const ir::Shape& shape,
                         bool special = false);

/// The first difference of more than `units` units in the last place of the larger of the two
/// elements and `scale`; empty when there is none. NaNs are equal. `units` 0: the same value.
std::string difference(const ir::Tensor& actual, const ir::Tensor& expected, double units = 0,
                       double scale = 0);

/// A library kernel over dense operands of these tensors.
compiler::Library library_of(ir::Operation operation, const std::vector<ir::Tensor>& inputs);

}  // namespace evergpu::adapters
