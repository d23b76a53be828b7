// Recurrent layers in f32. A row of the batch never meets another one, so where the weights fit a
// core's own cache each thread takes some rows through the whole sequence: nobody waits between
// steps, and a step finds the weights and its rows where the last one left them. Greater weights
// are read once a step, by all threads together.
#include <algorithm>
#include <vector>

#include "adapters/host/library.h"
#include "adapters/host/recurrent_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

// Fewer rows make poor use of a matrix product.
constexpr std::int64_t least_rows = 16;
constexpr std::int64_t most_parts = 16;
constexpr std::int64_t most_cached_weights = 256 * 1024;

const float* floats(const std::byte* bytes) { return reinterpret_cast<const float*>(bytes); }
float* floats(std::byte* bytes) { return reinterpret_cast<float*>(bytes); }

// The layer's extents.
struct Layer {
  ir::Recurrent attributes;
  std::int64_t steps, batch, units;

  bool is_lstm() const { return attributes.cell == ir::GatedCell::lstm; }
  std::int64_t width() const { return ir::gates_of(attributes.cell) * units; }
  // The step that comes as the `count`-th.
  std::int64_t step(std::int64_t count) const {
    return attributes.reverse ? steps - 1 - count : count;
  }
  // Elements of an array [steps, batch, units], and of [batch, units].
  std::int64_t array() const { return steps * batch * units; }
  std::int64_t state() const { return batch * units; }
};

Layer layer_of(const Library& library, const ir::Shape& sequence) {
  return {library.operation.get<ir::Recurrent>(), sequence[0], sequence[1],
          library.operand_shapes[1][1]};
}

// Rows [first, first + rows) of the batch, and a product of so many rows with the weights.
struct Part {
  std::int64_t first, rows;
  MadeLibrary product;
  Library product_kernel;
  std::vector<float> work;
};

bool has_cached_weights(const Layer& layer) {
  return layer.width() * layer.units <= most_cached_weights;
}

// By the shape alone, since the bits of a product may depend on its rows. One part may use all
// threads for each product.
std::int64_t parts_of(const Layer& layer) {
  if (!has_cached_weights(layer)) return 1;
  return std::clamp<std::int64_t>(layer.batch / least_rows, 1, most_parts);
}

// [rows, depth] by [depth, columns], or by [columns, depth] transposed.
Library product_of(std::int64_t rows, std::int64_t depth, std::int64_t columns, bool transpose_b) {
  Library product;
  product.operation = {ir::Kind::matmul, ir::DType::f32, ir::Shape{rows, columns},
                       ir::MatMul{false, transpose_b}};
  product.operand_dtypes = {ir::DType::f32, ir::DType::f32};
  product.operand_shapes = {ir::Shape{rows, depth},
                            transpose_b ? ir::Shape{columns, depth} : ir::Shape{depth, columns}};
  return product;
}

std::vector<Part> make_parts(const Layer& layer, std::int64_t depth, std::int64_t columns,
                             bool transpose_b) {
  const std::int64_t count = parts_of(layer);
  const OneThread alone(count > 1);
  std::vector<Part> parts;
  for (std::int64_t i = 0; i < count; ++i) {
    Part part;
    part.first = layer.batch * i / count;
    part.rows = layer.batch * (i + 1) / count - part.first;
    part.product_kernel = product_of(part.rows, depth, columns, transpose_b);
    part.product = make_matmul(part.product_kernel);
    parts.push_back(std::move(part));
  }
  return parts;
}

// Calls take(part) for each, on several threads if there are several.
template <typename Function>
Status for_parts(std::vector<Part>& parts, Function&& take) {
  return parallel_for_each(std::ssize(parts), [&](std::int64_t i) {
    const OneThread alone(parts.size() > 1);
    return take(parts[static_cast<std::size_t>(i)]);
  });
}

// Calls take(row) for each row of a part; on several threads if the part is all there is.
template <typename Function>
void for_rows(const Part& part, std::int64_t units, Function&& take) {
  constexpr std::int64_t elements = 2048;  // some 5 us
  parallel_for(part.rows, std::max<std::int64_t>(elements / units, 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t row = begin; row < end; ++row) take(row);
               });
}

Status multiply(Part& part, const float* rows, const float* weights, float* result) {
  const std::byte* const inputs[] = {reinterpret_cast<const std::byte*>(rows),
                                     reinterpret_cast<const std::byte*>(weights)};
  std::byte* const outputs[] = {reinterpret_cast<std::byte*>(result)};
  return part.product->run(part.product_kernel, inputs, outputs);
}

void transpose(const float* from, std::int64_t rows, std::int64_t columns, float* to) {
  constexpr std::int64_t block = 16;
  for (std::int64_t row = 0; row < rows; row += block)
    for (std::int64_t column = 0; column < columns; ++column)
      for (std::int64_t r = row; r < std::min(row + block, rows); ++r)
        to[column * rows + r] = from[r * columns + column];
}

class Forward final : public HostExecutable {
 public:
  explicit Forward(const Layer& layer)
      : layer_(layer),
        kernels_(recurrent_kernels(layer.attributes.cell)),
        transposes_(has_cached_weights(layer)),
        parts_(make_parts(layer, layer.units, layer.width(), !transposes_)) {
    for (Part& part : parts_) part.work.resize(static_cast<std::size_t>(part.rows * layer.width()));
  }

  Status run(const compiler::Kernel& /*kernel*/, Inputs inputs, Outputs outputs) override {
    const float* weights = floats(inputs[1]);
    if (transposes_) {
      thread_local WorkSpace space;
      float* const transposed = space.at_least_elements<float>(layer_.width() * layer_.units);
      transpose(weights, layer_.width(), layer_.units, transposed);
      weights = transposed;
    }
    return for_parts(parts_, [&](Part& part) {
      return run_part(part, floats(inputs[0]), weights, floats(inputs[2]), floats(inputs[3]),
                      floats(outputs[0]));
    });
  }

 private:
  Status run_part(Part& part, const float* gates, const float* weights, const float* biases,
                  const float* state, float* kept) const {
    const std::int64_t units = layer_.units;
    const std::int64_t width = layer_.width();
    float* const h = kept + 4 * layer_.array();
    float* const c = layer_.is_lstm() ? h + layer_.array() : nullptr;
    const float* h_before = state + part.first * units;
    const float* c_before = layer_.is_lstm() ? h_before + layer_.state() : nullptr;
    for (std::int64_t count = 0; count < layer_.steps; ++count) {
      const std::int64_t first_row = layer_.step(count) * layer_.batch + part.first;
      EVERGPU_RETURN_IF_ERROR(multiply(part, h_before, weights, part.work.data()));
      for_rows(part, units, [&](std::int64_t row) {
        const std::int64_t at = (first_row + row) * units;
        RecurrentRow cells;
        cells.units = units;
        cells.from_input = gates + (first_row + row) * width;
        cells.from_state = part.work.data() + row * width;
        cells.input_biases = biases;
        cells.state_biases = biases + width;
        cells.h_before = h_before + row * units;
        for (std::int64_t i = 0; i < 4; ++i) cells.saved[i] = kept + i * layer_.array() + at;
        cells.h = h + at;
        if (c != nullptr) {
          cells.c_before = c_before + row * units;
          cells.c = c + at;
        }
        kernels_.row(cells);
      });
      h_before = h + first_row * units;
      if (c != nullptr) c_before = c + first_row * units;
    }
    return {};
  }

  const Layer layer_;
  const RecurrentKernels kernels_;
  const bool transposes_;  // products run faster so; once for all steps
  std::vector<Part> parts_;
};

class Backward final : public HostExecutable {
 public:
  explicit Backward(const Layer& layer)
      : layer_(layer),
        kernels_(recurrent_kernels(layer.attributes.cell)),
        parts_(make_parts(layer, layer.width(), layer.units, false)) {
    const std::int64_t of_products = layer.is_lstm() ? 0 : layer.width();
    for (Part& part : parts_)
      part.work.resize(static_cast<std::size_t>(part.rows * (2 * layer.units + of_products)));
  }

  Status run(const compiler::Kernel& /*kernel*/, Inputs inputs, Outputs outputs) override {
    return for_parts(parts_, [&](Part& part) {
      return run_part(part, floats(inputs[0]), floats(inputs[1]), floats(inputs[2]),
                      floats(inputs[3]), floats(inputs[4]), floats(outputs[0]));
    });
  }

 private:
  Status run_part(Part& part, const float* kept, const float* weights, const float* state,
                  const float* gradient, const float* last_gradient, float* result) const {
    const std::int64_t units = layer_.units;
    const std::int64_t elements = part.rows * units;
    const bool is_lstm = layer_.is_lstm();
    // The gradient of a state comes on two ways: through the product with it, and beside that.
    float* const from_product = part.work.data();
    float* const from_state = from_product + elements;
    float* const products = from_state + elements;
    const float* const last = last_gradient + part.first * units;
    std::copy_n(last, elements, from_product);
    if (is_lstm)
      std::copy_n(last + layer_.state(), elements, from_state);
    else
      std::fill_n(from_state, elements, 0.0f);

    const float* const h = kept + 4 * layer_.array();
    const float* const c = is_lstm ? h + layer_.array() : nullptr;
    for (std::int64_t count = layer_.steps - 1; count >= 0; --count) {
      const std::int64_t first_row = layer_.step(count) * layer_.batch + part.first;
      const float* h_before = state + part.first * units;
      const float* c_before = is_lstm ? h_before + layer_.state() : nullptr;
      if (count > 0) {
        const std::int64_t before = (layer_.step(count - 1) * layer_.batch + part.first) * units;
        h_before = h + before;
        c_before = is_lstm ? c + before : nullptr;
      }
      float* const gates = result + first_row * 4 * units;
      for_rows(part, units, [&](std::int64_t row) {
        const std::int64_t at = (first_row + row) * units;
        RecurrentGradientRow cells;
        cells.units = units;
        for (std::int64_t i = 0; i < 4; ++i) cells.saved[i] = kept + i * layer_.array() + at;
        cells.h_before = h_before + row * units;
        if (is_lstm) {
          cells.c = c + at;
          cells.c_before = c_before + row * units;
        }
        cells.to_h = gradient + at;
        cells.from_product = from_product + row * units;
        cells.from_state = from_state + row * units;
        cells.gates = gates + row * 4 * units;
        if (!is_lstm) cells.products = products + row * layer_.width();
        kernels_.gradient_row(cells);
      });
      EVERGPU_RETURN_IF_ERROR(multiply(part, is_lstm ? gates : products, weights, from_product));
    }

    float* row_of_state = result + (layer_.steps * layer_.batch + part.first) * 4 * units;
    for (std::int64_t row = 0; row < part.rows; ++row, row_of_state += 4 * units) {
      const float* const product = from_product + row * units;
      const float* const beside = from_state + row * units;
      std::fill_n(row_of_state, 4 * units, 0.0f);
      std::copy_n(product, units, row_of_state);
      if (is_lstm)
        std::copy_n(beside, units, row_of_state + units);
      else
        for (std::int64_t unit = 0; unit < units; ++unit) row_of_state[unit] += beside[unit];
    }
    return {};
  }

  const Layer layer_;
  const RecurrentKernels kernels_;
  std::vector<Part> parts_;
};

}  // namespace

MadeLibrary make_recurrent(const Library& library) {
  if (library.operation.dtype != ir::DType::f32) return nullptr;
  if (library.operation.kind == ir::Kind::recurrent)
    return std::make_unique<Forward>(layer_of(library, library.operand_shapes[0]));
  return std::make_unique<Backward>(layer_of(library, library.operand_shapes[3]));
}

}  // namespace evergpu::adapters::host
