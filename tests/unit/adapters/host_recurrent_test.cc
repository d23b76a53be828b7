// The host device's recurrent layers against the reference interpreter.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>

#include "adapters/kernel_runner.h"
#include "ir/convert.h"
#include "ir/graph.h"

namespace evergpu::adapters {
namespace {

using ir::DType;
using ir::GatedCell;
using ir::Kind;
using ir::Shape;
using ir::Tensor;

struct RecurrentCase {
  std::int64_t steps, batch, units;
};

// A batch in parts of even and uneven size, and in one; rows that are whole vectors, and not.
constexpr RecurrentCase recurrent_cases[] = {{1, 1, 1},    {4, 2, 3},   {3, 37, 5}, {5, 64, 32},
                                             {2, 20, 130}, {2, 3, 300}, {0, 3, 4}};

// The layer, and arrays for it; those of a gradient are what the layer gave.
compiler::Library layer_of(Kind kind, ir::Recurrent attributes, const RecurrentCase& extents,
                           DType dtype, std::vector<Tensor>* inputs) {
  const auto [steps, batch, units] = extents;
  const std::int64_t width = ir::gates_of(attributes.cell) * units;
  const Shape state_shape{ir::states_of(attributes.cell), batch, units};
  std::mt19937 random(static_cast<unsigned>(steps + batch + units));
  // Small, since not every gate shall be saturated.
  const auto make = [&](const Shape& shape, double greatest) {
    std::uniform_real_distribution<double> numbers(-greatest, greatest);
    Tensor tensor(dtype, shape);
    ir::visit(dtype, [&]<typename T>(ir::TypeTag<T>) {
      for (T& element : tensor.as<T>()) element = ir::convert<T>(numbers(random));
    });
    return tensor;
  };
  const Tensor weights = make({width, units}, 1 / std::sqrt(static_cast<double>(units)));
  const Tensor state = make(state_shape, 1);
  *inputs = {make({steps, batch, width}, 2), weights, make({2, width}, 1), state};
  const Shape kept{ir::kept_of(attributes.cell), steps, batch, units};
  const compiler::Library layer = library_of({Kind::recurrent, dtype, kept, attributes}, *inputs);
  if (kind == Kind::recurrent) return layer;
  *inputs = {run_reference(layer, *inputs)[0], weights, state, make({steps, batch, units}, 1),
             make(state_shape, 1)};
  return library_of({kind, dtype, {steps + 1, batch, 4 * units}, attributes}, *inputs);
}

template <typename Function>
void for_layers(Function&& function) {
  for (const Kind kind : {Kind::recurrent, Kind::recurrent_gradient})
    for (const GatedCell cell : {GatedCell::lstm, GatedCell::gru})
      for (const bool reverse : {false, true})
        for (const RecurrentCase& extents : recurrent_cases)
          function(kind, ir::Recurrent{cell, reverse}, extents);
}

std::string text_of(const compiler::Library& layer) {
  return fmt::format("{} of {}", ir::print(layer.operation), to_string(layer.operand_shapes[0]));
}

TEST(HostRecurrent, IsTheInterpreters) {
  for_layers([](Kind kind, const ir::Recurrent& attributes, const RecurrentCase& extents) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      std::vector<Tensor> inputs;
      const compiler::Library layer = layer_of(kind, attributes, extents, dtype, &inputs);
      const auto expected = run_reference(layer, inputs);
      const auto actual = run_on_host(layer, inputs);
      EXPECT_EQ(difference(actual[0], expected[0], 16, 1), "") << text_of(layer);
    }
  });
}

TEST(HostRecurrent, HasTheSameBitsOnAnyNumberOfThreads) {
  for_layers([](Kind kind, const ir::Recurrent& attributes, const RecurrentCase& extents) {
    std::vector<Tensor> inputs;
    const compiler::Library layer = layer_of(kind, attributes, extents, DType::f32, &inputs);
    const auto one = run_on_host(layer, inputs, {}, 1);
    for (const int threads : {2, 4}) {
      const auto many = run_on_host(layer, inputs, {}, threads);
      EXPECT_TRUE(std::equal(one[0].bytes().begin(), one[0].bytes().end(), many[0].bytes().begin()))
          << text_of(layer) << " with " << threads << " threads";
    }
  });
}

}  // namespace
}  // namespace evergpu::adapters
