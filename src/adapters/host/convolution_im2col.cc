// Convolutions of few pixels with many weights as products of matrices: the last stages of a
// network for images. A row of the first matrix has the pixels that the filter sees at one position
// of the output (im2col); weights are read where they lie.
#include <algorithm>
#include <array>
#include <cstring>

#include "adapters/host/contraction.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Kind;

// Below, oneDNN's convolutions are as fast or faster: they read pixels in place.
constexpr std::int64_t least_weights_per_number = 3;

struct Axis {
  std::int64_t input, output, filter;  // extents
  std::int64_t stride, dilation, pad;

  std::int64_t seen(std::int64_t at, std::int64_t tap) const {
    return at * stride + tap * dilation - pad;
  }
  /// Whether a filter's element is on `position` of the input at some `at` of the output.
  bool sees(std::int64_t position, std::int64_t tap, std::int64_t& at) const {
    const std::int64_t shifted = position + pad - tap * dilation;
    at = shifted / stride;
    return shifted >= 0 && shifted % stride == 0 && at < output;
  }
};

struct Problem {
  std::int64_t images, channels, out_channels;
  Axis y, x;

  std::int64_t positions() const { return images * y.output * x.output; }
  std::int64_t taps() const { return y.filter * x.filter; }
  std::int64_t row() const { return taps() * channels; }
  /// Whether the rows are the input itself.
  bool in_place() const {
    const auto same = [](const Axis& axis) {
      return axis.filter == 1 && axis.stride == 1 && axis.pad == 0 && axis.input == axis.output;
    };
    return same(y) && same(x);
  }
};

// Rows [begin, end): what the filter sees, zeros outside the image.
void im2col(const Problem& p, const float* images, float* rows, std::int64_t begin,
            std::int64_t end) {
  const std::size_t bytes = static_cast<std::size_t>(p.channels) * sizeof(float);
  float* to = rows + begin * p.row();
  for (std::int64_t position = begin; position < end; ++position) {
    const std::int64_t image = position / (p.y.output * p.x.output);
    const std::int64_t at_y = position / p.x.output % p.y.output;
    const std::int64_t at_x = position % p.x.output;
    for (std::int64_t i = 0; i < p.y.filter; ++i)
      for (std::int64_t j = 0; j < p.x.filter; ++j, to += p.channels) {
        const std::int64_t y = p.y.seen(at_y, i);
        const std::int64_t x = p.x.seen(at_x, j);
        if (y < 0 || y >= p.y.input || x < 0 || x >= p.x.input)
          std::memset(to, 0, bytes);
        else
          std::memcpy(to, images + ((image * p.y.input + y) * p.x.input + x) * p.channels, bytes);
      }
  }
}

// Pixels [begin, end): the sum of what the rows have for it.
void col2im(const Problem& p, const float* rows, float* images, std::int64_t begin,
            std::int64_t end) {
  for (std::int64_t pixel = begin; pixel < end; ++pixel) {
    float* const to = images + pixel * p.channels;
    std::fill_n(to, p.channels, 0.0F);
    const std::int64_t image = pixel / (p.y.input * p.x.input);
    for (std::int64_t i = 0; i < p.y.filter; ++i)
      for (std::int64_t j = 0; j < p.x.filter; ++j) {
        std::int64_t at_y, at_x;
        if (!p.y.sees(pixel / p.x.input % p.y.input, i, at_y) ||
            !p.x.sees(pixel % p.x.input, j, at_x))
          continue;
        const std::int64_t row = (image * p.y.output + at_y) * p.x.output + at_x;
        const float* const from = rows + row * p.row() + (i * p.x.filter + j) * p.channels;
        for (std::int64_t channel = 0; channel < p.channels; ++channel)
          to[channel] += from[channel];
      }
  }
}

class Im2colConvolution final : public HostExecutable {
 public:
  Im2colConvolution(MadeLibrary product, Kind kind, const Problem& problem)
      : product_(std::move(product)), kind_(kind), problem_(problem) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const Problem& p = problem_;
    thread_local WorkSpace space;
    auto* const rows =
        p.in_place() ? nullptr : space.at_least_elements<float>(p.positions() * p.row());
    if (kind_ == Kind::convolution_input) {
      const std::array sources{inputs[1], inputs[0]};
      if (p.in_place()) return product_->run(kernel, sources, outputs);
      EVERGPU_RETURN_IF_ERROR(
          product_->run(kernel, sources, std::array{reinterpret_cast<std::byte*>(rows)}));
      parallel_for(p.images * p.y.input * p.x.input, 16, [&](std::int64_t begin, std::int64_t end) {
        col2im(p, rows, reinterpret_cast<float*>(outputs[0]), begin, end);
      });
      return {};
    }
    if (p.in_place()) return product_->run(kernel, inputs, outputs);
    parallel_for(p.positions(), 16, [&](std::int64_t begin, std::int64_t end) {
      im2col(p, reinterpret_cast<const float*>(inputs[0]), rows, begin, end);
    });
    return product_->run(kernel, std::array{reinterpret_cast<const std::byte*>(rows), inputs[1]},
                         outputs);
  }

 private:
  const MadeLibrary product_;
  const Kind kind_;
  const Problem problem_;
};

}  // namespace

MadeLibrary make_im2col_convolution(const Library& library) {
  const auto& attributes = library.operation.get<ir::Convolution>();
  if (library.operation.dtype != ir::DType::f32 || library.operation.shape.rank() != 4 ||
      attributes.layout != ir::Layout::channels_last || attributes.groups != 1)
    return nullptr;
  const Kind kind = library.operation.kind;
  for (const ir::Shape& shape : library.operand_shapes)
    if (shape.elements() == 0) return nullptr;
  const ConvolutionShapes shapes(library);
  const auto axis = [&](int spatial) {
    const auto i = static_cast<std::size_t>(spatial);
    return Axis{shapes.input[spatial + 1], shapes.output[spatial + 1], shapes.filter[spatial],
                attributes.strides[i],     attributes.dilations[i],    attributes.pad_low[i]};
  };
  const Problem p{shapes.input[0], shapes.input[3], shapes.output[3], axis(0), axis(1)};
  if (p.positions() * (p.row() + p.out_channels) >
      least_weights_per_number * shapes.filter.elements())
    return nullptr;

  const ir::Shape rows{p.positions(), p.row()};
  const ir::Shape weights{p.row(), p.out_channels};
  const ir::Shape results{p.positions(), p.out_channels};
  Library product = library;
  product.operation.kind = Kind::matmul;
  if (kind == Kind::convolution) {
    product.operation.attributes = ir::MatMul{};
    product.operation.shape = results;
    product.operand_shapes = {rows, weights};
  } else if (kind == Kind::convolution_input) {
    product.operation.attributes = ir::MatMul{.transpose_b = true};
    product.operation.shape = rows;
    product.operand_shapes = {results, weights};
  } else {
    product.operation.attributes = ir::MatMul{.transpose_a = true};
    product.operation.shape = weights;
    product.operand_shapes = {rows, results};
  }
  MadeLibrary made = make_onednn_matmul(product);
  if (made == nullptr) return nullptr;
  return std::make_unique<Im2colConvolution>(std::move(made), kind, p);
}

}  // namespace evergpu::adapters::host
