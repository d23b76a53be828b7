#include "adapters/kernel_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "adapters/host/host.h"
#include "adapters/host/threads.h"
#include "ir/convert.h"
#include "ir/evaluate.h"
#include "support/philox.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Library;
using compiler::Loop;
using compiler::LoopOperand;
using ir::Tensor;

void check(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

template <typename T>
T checked(Result<T> result) {
  check(result.status());
  return std::move(*result);
}

Tensor filled_with_ff(ir::DType dtype, std::int64_t elements) {
  Tensor tensor(dtype, ir::Shape{elements});
  std::fill(tensor.bytes().begin(), tensor.bytes().end(), std::byte{0xff});
  return tensor;
}

std::vector<Tensor> make_outputs(const compiler::Kernel& kernel,
                                 const std::vector<std::int64_t>& output_elements) {
  std::vector<Tensor> outputs;
  if (const auto* library = std::get_if<Library>(&kernel)) {
    outputs.push_back(
        filled_with_ff(library->operation.dtype, library->operation.shape.elements()));
  } else {
    const auto* const pipeline = std::get_if<compiler::Pipeline>(&kernel);
    const Loop& loop = pipeline != nullptr ? *pipeline->after : std::get<Loop>(kernel);
    for (std::size_t i = 0; i < loop.outputs.size(); ++i)
      outputs.push_back(filled_with_ff(loop.outputs[i].dtype, output_elements.at(i)));
  }
  return outputs;
}

// Byte offsets of the operand's elements, in row-major order of the extents.
std::vector<std::size_t> offsets(const ir::Dims& extents, const LoopOperand& operand) {
  const std::int64_t count = ir::Shape(extents).elements();
  std::vector<std::size_t> result;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = operand.offset;
    std::int64_t rest = i;
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      at += rest % extents[axis] * operand.strides[axis];
      rest /= extents[axis];
    }
    result.push_back(static_cast<std::size_t>(at) * ir::size_of(operand.dtype));
  }
  return result;
}

ir::Operation operation_of(const Instruction& instruction, const ir::Shape& shape) {
  using Op = Instruction::Op;
  switch (instruction.op) {
    case Op::index:
      return {ir::Kind::iota, instruction.dtype, shape, ir::Axis{instruction.a}};
    case Op::unary:
      return {ir::Kind::unary, instruction.dtype, shape, instruction.unary_op};
    case Op::binary:
      return {ir::Kind::binary, instruction.dtype, shape, instruction.binary_op};
    case Op::select:
      return {ir::Kind::select, instruction.dtype, shape, ir::Empty()};
    case Op::cast:
      return {ir::Kind::cast, instruction.dtype, shape, ir::Empty()};
    default:
      return {ir::Kind::bitcast, instruction.dtype, shape, ir::Empty()};
  }
}

std::size_t operand_count(Instruction::Op op) {
  using Op = Instruction::Op;
  return op == Op::index ? 0 : op == Op::binary ? 2 : op == Op::select ? 3 : 1;
}

void interpret(const Loop& loop, const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) {
  const ir::Shape shape(loop.extents);
  std::vector<Tensor> registers;
  for (const Instruction& instruction : loop.program) {
    Tensor result(instruction.dtype, shape);
    const std::size_t size = ir::size_of(instruction.dtype);
    std::byte* to = result.bytes().data();
    if (instruction.op == Instruction::Op::load) {
      for (std::size_t from : offsets(loop.extents, loop.inputs[instruction.a]))
        to = std::copy_n(inputs[instruction.a].bytes().data() + from, size, to);
    } else if (instruction.op == Instruction::Op::constant) {
      for (std::int64_t i = 0; i < shape.elements(); ++i)
        to = std::copy_n(reinterpret_cast<const std::byte*>(&instruction.bits), size, to);
    } else if (instruction.op == Instruction::Op::philox) {
      testing::draw_words(instruction, registers, result);
    } else {
      std::vector<ir::TensorView> operands;
      for (std::uint16_t r : {instruction.a, instruction.b, instruction.c})
        if (operands.size() < operand_count(instruction.op))
          operands.push_back(registers.at(r).view());
      ir::evaluate(operation_of(instruction, shape), operands, result.mutable_view());
    }
    registers.push_back(std::move(result));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t size = ir::size_of(loop.outputs[i].dtype);
    const std::byte* from = registers.at(loop.results[i]).bytes().data();
    for (std::size_t to : offsets(loop.extents, loop.outputs[i])) {
      std::copy_n(from, size, outputs[i].bytes().data() + to);
      from += size;
    }
  }
}

// The operands of a Library, dense.
std::vector<Tensor> gathered(const Library& library, const std::vector<Tensor>& inputs) {
  if (library.operand_layouts.empty()) return inputs;
  std::vector<Tensor> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& [strides, offset] = library.operand_layouts[i];
    Tensor operand(library.operand_dtypes[i], library.operand_shapes[i]);
    std::byte* to = operand.bytes().data();
    for (std::size_t from : offsets(operand.shape().extents(), {operand.dtype(), strides, offset}))
      to = std::copy_n(inputs[i].bytes().data() + from, ir::size_of(operand.dtype()), to);
    operands.push_back(std::move(operand));
  }
  return operands;
}

// Numbers that differ by one unit in the last place differ by one.
template <typename T>
double unit(double magnitude) {
  if constexpr (std::is_same_v<T, ir::Half>)
    return std::ldexp(1.0, std::max(std::ilogb(magnitude), -14) - 10);
  else if constexpr (std::is_same_v<T, ir::BFloat16>)
    return std::ldexp(1.0, std::max(std::ilogb(magnitude), -126) - 7);
  else if constexpr (std::is_same_v<T, float>)
    return std::ldexp(1.0, std::max(std::ilogb(magnitude), -126) - 23);
  else
    return std::ldexp(1.0, std::max(std::ilogb(magnitude), -1022) - 52);
}

template <typename T>
std::string difference_of(const Tensor& actual, const Tensor& expected, double units,
                          double scale) {
  const T* a = reinterpret_cast<const T*>(actual.bytes().data());
  const T* e = reinterpret_cast<const T*>(expected.bytes().data());
  for (std::int64_t i = 0; i < expected.shape().elements(); ++i) {
    if constexpr (ir::is_floating<T>) {
      const auto x = static_cast<double>(static_cast<ir::Compute<T>>(a[i]));
      const auto y = static_cast<double>(static_cast<ir::Compute<T>>(e[i]));
      if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
      const double magnitude = std::max({std::abs(x), std::abs(y), scale});
      const double error = std::abs(x - y) / unit<T>(magnitude);
      if (std::isfinite(magnitude) && error <= units) continue;
      return fmt::format("element {}: {} instead of {}, {} units", i, x, y, error);
    } else if (a[i] != e[i]) {
      return fmt::format("element {}: {} instead of {}", i, +a[i], +e[i]);
    }
  }
  return {};
}

template <typename T>
T random_element(std::mt19937& random, bool special) {
  const auto pick = random();
  if constexpr (std::is_same_v<T, bool>) {
    return (pick & 1) != 0;
  } else if constexpr (ir::is_floating<T>) {
    if (special && pick % 16 == 0) {
      constexpr float infinity = std::numeric_limits<float>::infinity();
      constexpr float values[] = {infinity, -infinity, NAN, -0.0f, 65504.0f, 1e-6f, 1e30f, -1e30f};
      return T(static_cast<ir::Compute<T>>(values[pick / 16 % std::size(values)]));
    }
    if (pick % 8 == 1) return T(static_cast<ir::Compute<T>>(static_cast<int>(pick / 8 % 9) - 4));
    std::uniform_real_distribution<float> uniform(-4, 4);
    return T(static_cast<ir::Compute<T>>(uniform(random)));
  } else {
    if (special && pick % 8 == 0)
      return pick / 8 % 2 == 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    return static_cast<T>(static_cast<int>(pick / 8 % 21) - 10);
  }
}

}  // namespace

std::vector<Tensor> run_reference(const compiler::Kernel& kernel, const std::vector<Tensor>& inputs,
                                  const std::vector<std::int64_t>& output_elements) {
  std::vector<Tensor> outputs = make_outputs(kernel, output_elements);
  if (const auto* loop = std::get_if<Loop>(&kernel)) {
    interpret(*loop, inputs, outputs);
    return outputs;
  }
  const auto& library = std::get<Library>(kernel);
  const ir::Operation& operation = library.operation;
  const std::vector<Tensor> dense = gathered(library, inputs);
  std::vector<ir::TensorView> operands;
  for (const Tensor& input : dense) operands.push_back(input.view());
  ir::evaluate(operation, operands, {operation.dtype, operation.shape, outputs[0].bytes().data()});
  return outputs;
}

std::vector<Tensor> run_on(Device& device, const compiler::Kernel& kernel,
                           const std::vector<Tensor>& inputs,
                           const std::vector<std::int64_t>& output_elements) {
  std::vector<std::unique_ptr<Memory>> memories;
  const auto place = [&](const Tensor& tensor) {
    memories.push_back(checked(device.allocate(tensor.bytes().size())));
    check(device.upload({memories.back().get(), 0}, tensor.bytes()));
    return Region{memories.back().get(), 0};
  };
  std::vector<Tensor> outputs = make_outputs(kernel, output_elements);
  std::vector<Region> input_regions;
  std::vector<Region> output_regions;
  for (const Tensor& input : inputs) input_regions.push_back(place(input));
  for (const Tensor& output : outputs) output_regions.push_back(place(output));
  const auto executable = checked(device.compile(kernel));
  check(device.launch(*executable, kernel, input_regions, output_regions));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    check(device.download(outputs[i].bytes(), output_regions[i]));
  return outputs;
}

std::vector<Tensor> run_on_host(const compiler::Kernel& kernel, const std::vector<Tensor>& inputs,
                                const std::vector<std::int64_t>& output_elements, int threads) {
  static const std::unique_ptr<Device> device = checked(make_host_adapter(1)->open(0));
  host::set_thread_count(threads);
  return run_on(*device, kernel, inputs, output_elements);
}

Tensor random_tensor(std::mt19937& random, ir::DType dtype, const ir::Shape& shape, bool special) {
  Tensor tensor(dtype, shape);
  ir::visit(dtype, [&]<typename Tag>(Tag) {
    using T = typename Tag::type;
    for (T& element : tensor.as<T>()) element = random_element<T>(random, special);
  });
  return tensor;
}

std::string difference(const Tensor& actual, const Tensor& expected, double units, double scale) {
  return ir::visit(expected.dtype(), [&]<typename Tag>(Tag) {
    return difference_of<typename Tag::type>(actual, expected, units, scale);
  });
}

Library library_of(ir::Operation operation, const std::vector<Tensor>& inputs) {
  Library library{std::move(operation), {}, {}};
  for (const Tensor& input : inputs) {
    library.operand_dtypes.push_back(input.dtype());
    library.operand_shapes.push_back(input.shape());
  }
  return library;
}

}  // namespace evergpu::adapters
