// 3x3 convolutions of f32 images by Winograd's method, which needs 16 multiplications where the
// direct one needs 36. A tile of 2x2 pixels of the result comes from 4x4 of the input.
#include <algorithm>
#include <vector>

#include "adapters/host/contraction.h"
#include "adapters/host/threads.h"
#include "adapters/host/winograd_kernels.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;
using ir::Kind;

constexpr std::int64_t frequencies = winograd_frequencies;
constexpr std::int64_t taps = 9;
constexpr std::int64_t least_channels = 32;  // with fewer, transforms take what products save
constexpr std::int64_t least_multiplications = 4'000'000;  // of the direct method: some 30 us
// What a block of tiles becomes when transformed stays in a core's cache.
constexpr std::int64_t block_elements = (512 << 10) / sizeof(float);
constexpr std::int64_t least_tiles = 48;  // of a block, which reads all of the filter

// A convolution as tiles see it. Its input is what they read with an edge around them: for a
// gradient with respect to the images, the gradient of the convolution's result.
struct Problem {
  std::int64_t images;
  std::int64_t height, width, channels;              // of the input
  std::int64_t out_height, out_width, out_channels;  // of the output
  std::int64_t pad_top, pad_left;

  std::int64_t tile_rows() const { return (out_height + 1) / 2; }
  std::int64_t tile_columns() const { return (out_width + 1) / 2; }
  std::int64_t tiles() const { return images * tile_rows() * tile_columns(); }
  std::int64_t multiplications() const {
    return images * out_height * out_width * taps * channels * out_channels;
  }
};

Problem problem_of(const Library& library) {
  const auto& attributes = library.operation.get<ir::Convolution>();
  const Kind kind = library.operation.kind;
  const ir::Shape& input = library.operand_shapes[kind == Kind::convolution_input ? 1 : 0];
  const ir::Shape& output =
      kind == Kind::convolution_filter ? library.operand_shapes[1] : library.operation.shape;
  Problem problem{input[0],
                  input[1],
                  input[2],
                  input[3],
                  output[1],
                  output[2],
                  output[3],
                  attributes.pad_low[0],
                  attributes.pad_low[1]};
  if (kind == Kind::convolution_input) {
    problem.pad_top = 2 - problem.pad_top;
    problem.pad_left = 2 - problem.pad_left;
  }
  return problem;
}

// Where the pixels of a tile lie, from tile to tile.
class Tile {
 public:
  Tile(const Problem& problem, std::int64_t number) : problem_(problem) {
    column_ = 2 * (number % problem.tile_columns());
    number /= problem.tile_columns();
    row_ = 2 * (number % problem.tile_rows());
    image_ = number / problem.tile_rows();
  }

  void next() {
    column_ += 2;
    if (column_ < problem_.out_width) return;
    column_ = 0;
    row_ += 2;
    if (row_ < problem_.out_height) return;
    row_ = 0;
    ++image_;
  }

  /// Of the input, 4x4; those outside are `zeros`.
  void find_input(const float* images, const float* zeros, const float* pixels[16]) const {
    const Problem& p = problem_;
    const std::int64_t top = row_ - p.pad_top;
    const std::int64_t left = column_ - p.pad_left;
    const std::int64_t line = p.width * p.channels;
    const std::int64_t first = (image_ * p.height + top) * line + left * p.channels;
    const bool inside = top >= 0 && top + 4 <= p.height && left >= 0 && left + 4 <= p.width;
    for (std::int64_t i = 0; i < 4; ++i)
      for (std::int64_t j = 0; j < 4; ++j)
        pixels[4 * i + j] =
            inside || (top + i >= 0 && top + i < p.height && left + j >= 0 && left + j < p.width)
                ? images + first + i * line + j * p.channels
                : zeros;
  }

  /// Of the output, 2x2; those outside are `outside`.
  template <typename T>
  void find_output(T* images, T* outside, T* pixels[4]) const {
    const Problem& p = problem_;
    T* const image = images + image_ * p.out_height * p.out_width * p.out_channels;
    for (std::int64_t y = row_; y < row_ + 2; ++y)
      for (std::int64_t x = column_; x < column_ + 2; ++x) {
        const bool inside = y < p.out_height && x < p.out_width;
        *pixels++ = inside ? image + (y * p.out_width + x) * p.out_channels : outside;
      }
  }

 private:
  const Problem& problem_;
  std::int64_t image_;
  std::int64_t row_;
  std::int64_t column_;
};

// From a frequency of an array to the next. Their distance is no power of two: those of an element
// would share a few lines of the cache.
std::int64_t stride_of(std::int64_t elements) { return elements + winograd_channels; }

std::int64_t divide_up(std::int64_t n, std::int64_t parts) { return (n + parts - 1) / parts; }
std::int64_t round_up(std::int64_t n, std::int64_t step) { return divide_up(n, step) * step; }

// The method's arrays and loops that its three uses share. Output channels are in groups, of as
// many as a product has columns.
class Winograd : public HostExecutable {
 protected:
  explicit Winograd(const Problem& problem)
      : problem_(problem),
        group_(kernels_.columns(problem.out_channels)),
        groups_(problem.out_channels / group_),
        zeros_(static_cast<std::size_t>(std::max(problem.channels, problem.out_channels))) {}

  /// Tiles [first, last) of the input, as [frequency, tile, channel].
  void transform_input(const float* images, std::int64_t first, std::int64_t last, float* to,
                       std::int64_t stride) const {
    const float* pixels[16];
    Tile tile(problem_, first);
    for (std::int64_t i = 0; i < last - first; ++i, tile.next()) {
      tile.find_input(images, zeros_.data(), pixels);
      kernels_.input(pixels, problem_.channels, to + i * problem_.channels, stride);
    }
  }

  const WinogradKernels& kernels_ = winograd_kernels();
  const Problem problem_;
  const std::int64_t group_;
  const std::int64_t groups_;
  const std::vector<float> zeros_;
};

// The convolution, and its gradient with respect to the images: the convolution of the result's
// gradient with the filter turned by 180 degrees, its channels swapped.
class WinogradConvolution final : public Winograd {
 public:
  WinogradConvolution(const Problem& problem, bool turned) : Winograd(problem), turned_(turned) {
    const std::int64_t most =
        std::max(block_elements / (frequencies * (problem.channels + group_)), least_tiles);
    // An even number of blocks, so that two cores have the same work.
    const std::int64_t blocks = round_up(divide_up(problem.tiles(), most), 2);
    block_ = round_up(divide_up(problem.tiles(), blocks), kernels_.rows(group_));
    input_stride_ = stride_of(block_ * problem.channels);
    product_stride_ = stride_of(block_ * group_);
  }

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    const auto* const images = reinterpret_cast<const float*>(inputs[turned_ ? 1 : 0]);
    const auto* const filter = reinterpret_cast<const float*>(inputs[turned_ ? 0 : 1]);
    auto* const result = reinterpret_cast<float*>(outputs[0]);
    thread_local WorkSpace space;
    float* const transformed =
        space.at_least_elements<float>(groups_ * frequencies * filter_stride_);
    transform_filter(filter, transformed);
    parallel_for(divide_up(problem_.tiles(), block_), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) run_block(i * block_, images, transformed, result);
    });
    return {};
  }

 private:
  // As [group, frequency, channel, output channel of the group].
  void transform_filter(const float* filter, float* to) const {
    const Problem& p = problem_;
    parallel_for(groups_ * p.channels, 16, [&](std::int64_t begin, std::int64_t end) {
      float turned[taps][winograd_most_columns];
      const float* rows[taps];
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t group = i / p.channels;
        const std::int64_t channel = i % p.channels;
        for (std::int64_t tap = 0; tap < taps; ++tap) {
          if (!turned_) {
            rows[tap] = filter + (tap * p.channels + channel) * p.out_channels + group * group_;
            continue;
          }
          const float* const from =
              filter + ((taps - 1 - tap) * p.out_channels + group * group_) * p.channels + channel;
          for (std::int64_t out = 0; out < group_; ++out) turned[tap][out] = from[out * p.channels];
          rows[tap] = turned[tap];
        }
        kernels_.filter(rows, group_, to + group * frequencies * filter_stride_ + channel * group_,
                        filter_stride_);
      }
    });
  }

  void run_block(std::int64_t first, const float* images, const float* filter,
                 float* result) const {
    const Problem& p = problem_;
    const std::int64_t last = std::min(first + block_, p.tiles());
    thread_local WorkSpace space;
    float* const input = space.at_least_elements<float>(
        frequencies * (input_stride_ + product_stride_) + p.out_channels);
    float* const products = input + frequencies * input_stride_;
    float* const outside = products + frequencies * product_stride_;
    transform_input(images, first, last, input, input_stride_);
    for (std::int64_t group = 0; group < groups_; ++group) {
      for (std::int64_t frequency = 0; frequency < frequencies; ++frequency)
        kernels_.multiply({.a = input + frequency * input_stride_,
                           .a_row = p.channels,
                           .a_depth = 1,
                           .b = filter + (group * frequencies + frequency) * filter_stride_,
                           .c = products + frequency * product_stride_,
                           .rows = round_up(last - first, kernels_.rows(group_)),
                           .depth = p.channels,
                           .columns = group_});
      float* pixels[4];
      Tile tile(p, first);
      for (std::int64_t i = 0; i < last - first; ++i, tile.next()) {
        tile.find_output(result, outside, pixels);
        for (float*& pixel : pixels) pixel += group * group_;
        kernels_.result(products + i * group_, product_stride_, group_, pixels);
      }
    }
  }

  const bool turned_;
  const std::int64_t filter_stride_ = stride_of(problem_.channels * group_);
  std::int64_t block_;  // tiles
  std::int64_t input_stride_;
  std::int64_t product_stride_;
};

// The gradient with respect to the filter: F(3x3, 2x2) over the same tiles, whose products are
// summed before they are transformed back.
class WinogradFilterGradient final : public Winograd {
 public:
  explicit WinogradFilterGradient(const Problem& problem) : Winograd(problem) {
    // As many as the sums take, at least, so that reading and writing those counts for little.
    const std::int64_t channels = problem.channels + problem.out_channels;
    block_ = std::min(std::max(block_elements / (frequencies * channels),
                               problem.channels * problem.out_channels / channels),
                      problem.tiles());
    input_stride_ = stride_of(block_ * problem.channels);
    gradient_stride_ = stride_of(block_ * problem.out_channels);
  }

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    const Problem& p = problem_;
    const auto* const images = reinterpret_cast<const float*>(inputs[0]);
    const auto* const gradients = reinterpret_cast<const float*>(inputs[1]);
    thread_local WorkSpace space;
    float* const sums = space.at_least_elements<float>(
        frequencies * (sum_stride_ + input_stride_ + gradient_stride_));
    float* const input = sums + frequencies * sum_stride_;
    float* const gradient = input + frequencies * input_stride_;
    for (std::int64_t first = 0; first < p.tiles(); first += block_) {
      const std::int64_t count = std::min(block_, p.tiles() - first);
      parallel_for(count, 32, [&](std::int64_t begin, std::int64_t end) {
        transform_input(images, first + begin, first + end, input + begin * p.channels,
                        input_stride_);
        transform_gradient(gradients, first, begin, end, gradient);
      });
      parallel_for(frequencies * groups_, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t frequency = i / groups_;
          const std::int64_t group = i % groups_;
          kernels_.multiply({.a = input + frequency * input_stride_,
                             .a_row = 1,
                             .a_depth = p.channels,
                             .b = gradient + frequency * gradient_stride_ + group * block_ * group_,
                             .c = sums + frequency * sum_stride_ + group * p.channels * group_,
                             .rows = p.channels,
                             .depth = count,
                             .columns = group_,
                             .add = first > 0});
        }
      });
    }
    transform_sums(sums, reinterpret_cast<float*>(outputs[0]));
    return {};
  }

 private:
  // As [frequency, group, tile of the block, output channel of the group].
  void transform_gradient(const float* gradients, std::int64_t first, std::int64_t begin,
                          std::int64_t end, float* to) const {
    const float* pixels[4];
    Tile tile(problem_, first + begin);
    for (std::int64_t i = begin; i < end; ++i, tile.next()) {
      tile.find_output(gradients, zeros_.data(), pixels);
      for (std::int64_t group = 0; group < groups_; ++group) {
        kernels_.gradient(pixels, group_, to + (group * block_ + i) * group_, gradient_stride_);
        for (const float*& pixel : pixels) pixel += group_;
      }
    }
  }

  void transform_sums(const float* sums, float* filter) const {
    const Problem& p = problem_;
    parallel_for(groups_ * p.channels, 16, [&](std::int64_t begin, std::int64_t end) {
      float* to[taps];
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t group = i / p.channels;
        const std::int64_t channel = i % p.channels;
        for (std::int64_t tap = 0; tap < taps; ++tap)
          to[tap] = filter + (tap * p.channels + channel) * p.out_channels + group * group_;
        kernels_.filter_gradient(sums + i * group_, sum_stride_, group_, to);
      }
    });
  }

  const std::int64_t sum_stride_ = stride_of(problem_.channels * problem_.out_channels);
  std::int64_t block_;  // tiles
  std::int64_t input_stride_;
  std::int64_t gradient_stride_;
};

bool is_for_winograd(const Library& library) {
  if (library.operation.dtype != ir::DType::f32 || library.operation.shape.rank() != 4)
    return false;
  const auto& attributes = library.operation.get<ir::Convolution>();
  const ir::Dims ones{1, 1};
  if (attributes.layout != ir::Layout::channels_last || attributes.groups != 1 ||
      attributes.strides != ones || attributes.dilations != ones)
    return false;
  const ir::Shape& filter = ConvolutionShapes(library).filter;
  if (filter[0] != 3 || filter[1] != 3) return false;
  for (const std::int64_t channels : {filter[2], filter[3]})
    if (channels < least_channels || channels % winograd_channels != 0) return false;
  const Problem problem = problem_of(library);
  if (problem.multiplications() < least_multiplications) return false;
  // Tiles reach over the edge of images with few or an odd number of pixels.
  return 2 * problem.multiplications() >=
         3 * problem.tiles() * frequencies * problem.channels * problem.out_channels;
}

}  // namespace

MadeLibrary make_winograd_convolution(const Library& library) {
  if (!is_for_winograd(library)) return nullptr;
  const Problem problem = problem_of(library);
  if (library.operation.kind == Kind::convolution_filter)
    return std::make_unique<WinogradFilterGradient>(problem);
  return std::make_unique<WinogradConvolution>(problem,
                                               library.operation.kind == Kind::convolution_input);
}

}  // namespace evergpu::adapters::host
