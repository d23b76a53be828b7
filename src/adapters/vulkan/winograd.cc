// 3x3 convolutions of f32 by Winograd's method, which multiplies 16 times where the direct one does
// 36 times: tiles of the operands are transformed, multiplied as 16 matrix products, and
// transformed back.
#include <algorithm>
#include <span>

#include "adapters/vulkan/library.h"
#include "adapters/vulkan/tiles.h"

namespace evergpu::adapters::vulkan {
namespace {

using ir::Kind;

constexpr std::int64_t frequencies = 16;  // of a tile of 4x4
constexpr std::int64_t taps = 9;
constexpr std::size_t most_filter_bytes = 64 << 20;  // transformed
constexpr std::int64_t least_depth = 256;            // of a part of a sum, as of products
// Between frequencies lie so many elements more than their arrays have, since distances that are
// powers of two would put them into few lines of a cache.
constexpr std::int64_t gap = 16;

std::int64_t divide_up(std::int64_t n, std::int64_t parts) { return (n + parts - 1) / parts; }

std::size_t bytes_of(std::int64_t elements) {
  return static_cast<std::size_t>(elements) * sizeof(float);
}

// An image of the convolution.
struct Image {
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;

  static Image of(const ir::Shape& shape, bool last) {
    return last ? Image{shape[1], shape[2], shape[3]} : Image{shape[2], shape[3], shape[1]};
  }
};

// A convolution as tiles see it. Its input is what they read with an edge around them: for a
// gradient with respect to the images, the gradient of the convolution's result.
struct Problem {
  std::int64_t images;
  Image input;
  Image output;
  std::int64_t pad_top;
  std::int64_t pad_left;
  bool channels_last;

  std::int64_t tile_rows() const { return divide_up(output.height, 2); }
  std::int64_t tile_columns() const { return divide_up(output.width, 2); }
  std::int64_t tiles() const { return images * tile_rows() * tile_columns(); }
  std::int64_t channels() const { return input.channels + output.channels; }
  std::int64_t pairs() const { return input.channels * output.channels; }
  std::int64_t direct_multiplications() const {
    return images * output.height * output.width * taps * pairs();
  }
  std::int64_t multiplications() const { return tiles() * frequencies * pairs(); }
};

Problem problem_of(const compiler::Library& library) {
  const auto& attributes = library.operation.get<ir::Convolution>();
  const Kind kind = library.operation.kind;
  const bool last = attributes.layout == ir::Layout::channels_last;
  const ir::Shape& input = library.operand_shapes[kind == Kind::convolution_input ? 1 : 0];
  const ir::Shape& output =
      kind == Kind::convolution_filter ? library.operand_shapes[1] : library.operation.shape;
  Problem problem{input[0],
                  Image::of(input, last),
                  Image::of(output, last),
                  attributes.pad_low[0],
                  attributes.pad_low[1],
                  last};
  if (kind == Kind::convolution_input) {
    problem.pad_top = 2 - problem.pad_top;
    problem.pad_left = 2 - problem.pad_left;
  }
  return problem;
}

// Some of the tiles, which are worked on at a time.
struct Block {
  std::int64_t first;
  std::int64_t count;
};

// A matrix product for each frequency, `a` as [frequency, m, k] or [frequency, k, m].
struct Products {
  Recipe::Buffer a;
  Recipe::Buffer b;
  Recipe::Buffer c;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  bool transposed_a;
  bool transposed_b;
  std::int64_t parts;
};

// The method's steps as dispatches of a recipe.
class Steps {
 public:
  Steps(Recipe& recipe, const Problem& problem)
      : recipe_(recipe),
        problem_(problem),
        product_(recipe.context().tiles().product),
        winograd_(recipe.context().tiles().winograd) {}

  std::int64_t input_step(std::int64_t tiles) const {
    return tiles * problem_.input.channels + gap;
  }
  std::int64_t output_step(std::int64_t tiles) const {
    return tiles * problem_.output.channels + gap;
  }

  Status transform_input(Recipe::Buffer images, const Block& block, Recipe::Buffer to) {
    return transform_tiles("winograd_input", images, problem_.input, block, to,
                           input_step(block.count));
  }
  Status transform_gradient(Recipe::Buffer gradients, const Block& block, Recipe::Buffer to) {
    return transform_tiles("winograd_gradient", gradients, problem_.output, block, to,
                           output_step(block.count));
  }
  Status transform_result(Recipe::Buffer products, const Block& block) {
    return transform_tiles("winograd_result", products, problem_.output, block, recipe_.result(),
                           block.count * problem_.output.channels);
  }
  Status transform_filter(Recipe::Buffer filter, bool turned, Recipe::Buffer to) {
    return each("winograd_filter", filter, to,
                {word(problem_.pairs()), word(problem_.pairs() + gap)}, problem_.pairs(),
                {turned ? 1U : 0U});
  }
  /// The result; `sums` are of the last block, and `earlier` what those before it came to.
  Status transform_sums(Recipe::Buffer sums, std::int64_t parts, const Block& block,
                        Recipe::Buffer earlier) {
    const bool is_last = block.first + block.count == problem_.tiles();
    const Recipe::Use uses[] = {Recipe::read(sums), Recipe::read(earlier),
                                Recipe::write(is_last ? recipe_.result() : earlier)};
    return recipe_.each("winograd_sums", "f32", uses,
                        {word(problem_.pairs()), word(parts), block.first > 0 ? 1U : 0U},
                        static_cast<std::uint64_t>(problem_.pairs()), {}, binding_of(product_));
  }

  /// As kernels/matmul.comp and kernels/matmul_shared.comp have it.
  Status multiply(const Products& p) {
    const ContractionTile product = tile_of(p);
    const auto [height, width] = extents_of(product);
    const std::int64_t tiles_m = divide_up(p.m, height);
    const std::int64_t tiles_n = divide_up(p.n, width);
    const std::int64_t groups = frequencies * tiles_m * tiles_n * p.parts;
    std::vector<std::uint32_t> arguments{word(p.m),
                                         word(p.n),
                                         word(p.k),
                                         word(p.transposed_a ? 1 : p.k),
                                         word(p.transposed_a ? p.m : 1),
                                         word(p.m * p.k + gap),
                                         word(p.transposed_b ? 1 : p.n),
                                         word(p.transposed_b ? p.k : 1),
                                         word(p.k * p.n + gap),
                                         word(tiles_m),
                                         word(tiles_n),
                                         word(p.parts),
                                         word(divide_up(p.k, p.parts)),
                                         word(groups),
                                         word(frequencies)};
    const Recipe::Use uses[] = {Recipe::read(p.a), Recipe::read(p.b), Recipe::write(p.c)};
    const auto count = static_cast<std::uint64_t>(groups);
    if (const auto* const tile = std::get_if<RegisterTile>(&product))
      return recipe_.groups("matmul", "f32", uses, std::move(arguments), count, tile->invocations,
                            {tile->rows, tile->columns, tile->depth}, tile->binding);
    const SharedKernel kernel = shared_kernel(product, "f32");
    return recipe_.groups("matmul_shared", kernel.variant, uses, std::move(arguments), count,
                          kernel.invocations, kernel.constants);
  }

  /// Of a sum over so many tiles, none of them empty.
  std::int64_t parts_of_sum(std::int64_t tiles) const {
    const ContractionTile product = fitted(product_, problem_.output.channels);
    const auto [height, width] = extents_of(product);
    const std::int64_t wanted = recipe_.context().has_gpu_tiles() ? 256 : 16;  // as of products
    const std::int64_t parts = parts_of(frequencies * divide_up(problem_.input.channels, height) *
                                            divide_up(problem_.output.channels, width),
                                        tiles, wanted, least_depth);
    return divide_up(tiles, divide_up(tiles, parts));
  }

 private:
  // Few tiles are divided evenly among register tiles, so that the last one is as full as others.
  ContractionTile tile_of(const Products& p) const {
    ContractionTile product = fitted(product_, p.n);
    auto* const block = std::get_if<RegisterTile>(&product);
    if (block != nullptr && !p.transposed_a && winograd_.rows > 0)
      block->rows = word(divide_up(p.m, divide_up(p.m, winograd_.rows)));
    return product;
  }

  // As kernels/winograd_tiles.glsl has it.
  Status transform_tiles(std::string_view file, Recipe::Buffer from, const Image& image,
                         const Block& block, Recipe::Buffer to, std::int64_t frequency_step) {
    const bool is_input = file == "winograd_input";
    const bool last = problem_.channels_last;
    const std::int64_t positions = image.height * image.width;
    return each(file, from, to,
                {word(problem_.tile_rows()), word(problem_.tile_columns()), word(image.channels),
                 word(image.height), word(image.width), word(is_input ? problem_.pad_top : 0),
                 word(is_input ? problem_.pad_left : 0), word(last ? image.channels : 1),
                 word(last ? 1 : positions), word(positions * image.channels), word(block.first),
                 word(block.count), winograd_.tiles, word(frequency_step)},
                divide_up(block.count, winograd_.tiles) * image.channels, {});
  }

  Status each(std::string_view file, Recipe::Buffer from, Recipe::Buffer to,
              std::vector<std::uint32_t> arguments, std::int64_t items,
              const Constants& constants) {
    const Recipe::Use uses[] = {Recipe::read(from), Recipe::write(to)};
    return recipe_.each(file, "f32", uses, std::move(arguments), static_cast<std::uint64_t>(items),
                        constants, binding_of(product_));
  }

  Recipe& recipe_;
  const Problem& problem_;
  const ContractionTile product_;
  const Winograd winograd_;
};

// The convolution, and its gradient with respect to the images: the convolution of the result's
// gradient with the filter turned by 180 degrees, its channels swapped.
Status add_image(Recipe& recipe, const Problem& problem, std::int64_t block_tiles) {
  const bool turned = recipe.library().operation.kind == Kind::convolution_input;
  Steps steps(recipe, problem);
  const Recipe::Buffer filter = recipe.scratch(bytes_of(frequencies * (problem.pairs() + gap)));
  const Recipe::Buffer input =
      recipe.scratch(bytes_of(frequencies * steps.input_step(block_tiles)));
  const Recipe::Buffer products =
      recipe.scratch(bytes_of(frequencies * block_tiles * problem.output.channels));
  EVERGPU_RETURN_IF_ERROR(steps.transform_filter(recipe.input(turned ? 0 : 1), turned, filter));
  for (std::int64_t first = 0; first < problem.tiles(); first += block_tiles) {
    const Block block{first, std::min(block_tiles, problem.tiles() - first)};
    EVERGPU_RETURN_IF_ERROR(steps.transform_input(recipe.input(turned ? 1 : 0), block, input));
    EVERGPU_RETURN_IF_ERROR(steps.multiply({.a = input,
                                            .b = filter,
                                            .c = products,
                                            .m = block.count,
                                            .n = problem.output.channels,
                                            .k = problem.input.channels,
                                            .transposed_a = false,
                                            .transposed_b = turned,
                                            .parts = 1}));
    EVERGPU_RETURN_IF_ERROR(steps.transform_result(products, block));
  }
  return {};
}

// The gradient with respect to the filter: F(3x3, 2x2) over the same tiles, whose products are
// summed before they are transformed back.
Status add_filter(Recipe& recipe, const Problem& problem, std::int64_t block_tiles) {
  Steps steps(recipe, problem);
  const Recipe::Buffer input =
      recipe.scratch(bytes_of(frequencies * steps.input_step(block_tiles)));
  const Recipe::Buffer gradient =
      recipe.scratch(bytes_of(frequencies * steps.output_step(block_tiles)));
  const Recipe::Buffer sums =
      recipe.scratch(bytes_of(steps.parts_of_sum(block_tiles) * frequencies * problem.pairs()));
  // The sums of blocks before the last are kept apart from the result, which is written once.
  const Recipe::Buffer earlier = recipe.scratch(bytes_of(taps * problem.pairs()));
  for (std::int64_t first = 0; first < problem.tiles(); first += block_tiles) {
    const Block block{first, std::min(block_tiles, problem.tiles() - first)};
    const std::int64_t parts = steps.parts_of_sum(block.count);
    EVERGPU_RETURN_IF_ERROR(steps.transform_input(recipe.input(0), block, input));
    EVERGPU_RETURN_IF_ERROR(steps.transform_gradient(recipe.input(1), block, gradient));
    EVERGPU_RETURN_IF_ERROR(steps.multiply({.a = input,
                                            .b = gradient,
                                            .c = sums,
                                            .m = problem.input.channels,
                                            .n = problem.output.channels,
                                            .k = block.count,
                                            .transposed_a = true,
                                            .transposed_b = false,
                                            .parts = parts}));
    EVERGPU_RETURN_IF_ERROR(steps.transform_sums(sums, parts, block, earlier));
  }
  return {};
}

bool can_transform(const compiler::Library& library) {
  const ir::Operation& operation = library.operation;
  if (operation.dtype != ir::DType::f32 || operation.shape.rank() != 4) return false;
  const auto& attributes = operation.get<ir::Convolution>();
  const ir::Dims ones{1, 1};
  if (attributes.groups != 1 || attributes.strides != ones || attributes.dilations != ones)
    return false;
  const ir::Shape& filter = operation.kind == Kind::convolution_input ? library.operand_shapes[0]
                            : operation.kind == Kind::convolution_filter
                                ? operation.shape
                                : library.operand_shapes[1];
  return filter[0] == 3 && filter[1] == 3;
}

bool is_worth_it(const Problem& problem, const Winograd& winograd) {
  if (problem.tiles() == 0 || bytes_of(frequencies * problem.pairs()) > most_filter_bytes)
    return false;
  const auto saved =
      static_cast<float>(problem.direct_multiplications() - problem.multiplications());
  return saved >
         winograd.pair_cost * static_cast<float>(problem.pairs()) +
             winograd.channel_cost * static_cast<float>(problem.tiles() * problem.channels());
}

}  // namespace

Result<bool> add_winograd(Recipe& recipe) {
  if (!can_transform(recipe.library())) return false;
  const Problem problem = problem_of(recipe.library());
  const Winograd& winograd = recipe.context().tiles().winograd;
  if (!is_worth_it(problem, winograd)) return false;
  const std::int64_t tile_bytes =
      static_cast<std::int64_t>(bytes_of(frequencies * problem.channels()));
  const std::int64_t most_tiles = std::max<std::int64_t>(winograd.block_bytes / tile_bytes, 1);
  const std::int64_t blocks = divide_up(problem.tiles(), most_tiles);
  const std::int64_t block_tiles = divide_up(problem.tiles(), blocks);  // all are about as large
  recipe.divide_work(static_cast<std::uint64_t>(blocks));
  EVERGPU_RETURN_IF_ERROR(recipe.library().operation.kind == Kind::convolution_filter
                              ? add_filter(recipe, problem, block_tiles)
                              : add_image(recipe, problem, block_tiles));
  return true;
}

}  // namespace evergpu::adapters::vulkan
