// Matrix products and convolutions against their definitions, written out over all indices.
#include <functional>
#include <random>

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

using Floats = std::vector<float>;

/// Multiples of 1/4, whose products and sums are exact.
Floats numbers(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> quarters(-8, 8);
  Floats result(static_cast<std::size_t>(shape.elements()));
  for (float& number : result) number = static_cast<float>(quarters(random)) / 4;
  return result;
}

TEST(EvaluateMatmul, EveryTransposeMatchesTheDefinition) {
  const std::int64_t m = 3;
  const std::int64_t k = 4;
  const std::int64_t n = 5;
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      const Shape a_shape = ta ? Shape{2, k, m} : Shape{2, m, k};
      const Shape b_shape = tb ? Shape{2, n, k} : Shape{2, k, n};
      const Floats a = numbers(a_shape, 1);
      const Floats b = numbers(b_shape, 2);
      Floats expected;
      for (std::int64_t batch = 0; batch < 2; ++batch)
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j) {
            float sum = 0;
            for (std::int64_t l = 0; l < k; ++l)
              sum += a[static_cast<std::size_t>(batch * m * k + (ta ? l * m + i : i * k + l))] *
                     b[static_cast<std::size_t>(batch * k * n + (tb ? j * k + l : l * n + j))];
            expected.push_back(sum);
          }
      EXPECT_EQ(elements<float>(matmul(array<float>(a_shape, a), array<float>(b_shape, b), ta, tb)),
                expected);
    }
}

TEST(EvaluateMatmul, EveryNumericDtype) {
  for (DType dtype : all_dtypes) {
    if (dtype == DType::boolean) continue;
    const Value a = cast(array<float>({2, 2}, {1, 2, 3, 4}), dtype);
    const Value b = cast(array<float>({2, 1}, {5, 6}), dtype);
    EXPECT_EQ(elements<float>(cast(matmul(a, b), DType::f32)), (Floats{17, 39})) << name_of(dtype);
  }
  const Value wrap = array<std::int8_t>({1, 2}, {100, 100});
  EXPECT_EQ(elements<std::int8_t>(matmul(wrap, wrap, false, true)),
            std::vector<std::int8_t>{static_cast<std::int8_t>(20000 & 0xff)});
}

TEST(EvaluateMatmul, BatchesBroadcastAndEmptySums) {
  const Value a = array<float>({2, 1, 1, 1}, {2, 3});
  const Value b = array<float>({2, 1, 1}, {5, 7});
  EXPECT_EQ(elements<float>(matmul(a, b)), (Floats{10, 14, 15, 21}));
  EXPECT_EQ(elements<float>(matmul(array<float>({2, 0}, {}), array<float>({0, 2}, {}))),
            (Floats{0, 0, 0, 0}));
  EXPECT_EQ(elements<float>(matmul(array<float>({0, 2}, {}), array<float>({2, 2}, {1, 2, 3, 4}))),
            Floats());
}

/// A case of a convolution with two spatial axes.
struct Case {
  std::int64_t batch, height, width, groups, channels_in, channels_out, kernel_h, kernel_w;
  Convolution attributes;
};

const Case cases[] = {
    {2, 5, 6, 1, 3, 4, 3, 3, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1, Layout::channels_last}},
    {1, 7, 5, 2, 2, 3, 3, 2, {{2, 1}, {1, 2}, {1, 0}, {0, 2}, 2, Layout::channels_last}},
    {2, 6, 6, 4, 1, 2, 3, 3, {{2, 2}, {1, 1}, {0, 0}, {1, 1}, 4, Layout::channels_first}},
    {1, 4, 9, 1, 2, 2, 2, 3, {{3, 2}, {2, 3}, {2, 1}, {1, 4}, 1, Layout::channels_first}},
    {1, 1, 1, 1, 1, 1, 3, 3, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1, Layout::channels_last}},
};

/// Calls visit(input offset, filter offset, output offset) for every product in the convolution.
void for_each_product(const Case& c, const Shape& output,
                      const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) {
  const Convolution& a = c.attributes;
  const bool last = a.layout == Layout::channels_last;
  const std::int64_t out_h = output[last ? 1 : 2];
  const std::int64_t out_w = output[last ? 2 : 3];
  const std::int64_t in_all = c.groups * c.channels_in;
  const std::int64_t out_all = c.groups * c.channels_out;
  const auto at = [&](std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t channel,
                      std::int64_t height, std::int64_t width, std::int64_t channels) {
    return static_cast<std::size_t>(last ? ((n * height + y) * width + x) * channels + channel
                                         : ((n * channels + channel) * height + y) * width + x);
  };
  for (std::int64_t n = 0; n < c.batch; ++n)
    for (std::int64_t oc = 0; oc < out_all; ++oc)
      for (std::int64_t oy = 0; oy < out_h; ++oy)
        for (std::int64_t ox = 0; ox < out_w; ++ox)
          for (std::int64_t ky = 0; ky < c.kernel_h; ++ky)
            for (std::int64_t kx = 0; kx < c.kernel_w; ++kx) {
              const std::int64_t iy = oy * a.strides[0] + ky * a.dilations[0] - a.pad_low[0];
              const std::int64_t ix = ox * a.strides[1] + kx * a.dilations[1] - a.pad_low[1];
              if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) continue;
              for (std::int64_t ic = 0; ic < c.channels_in; ++ic)
                visit(at(n, iy, ix, oc / c.channels_out * c.channels_in + ic, c.height, c.width,
                         in_all),
                      static_cast<std::size_t>(
                          ((ky * c.kernel_w + kx) * c.channels_in + ic) * out_all + oc),
                      at(n, oy, ox, oc, out_h, out_w, out_all));
            }
}

TEST(EvaluateConvolution, ForwardAndGradientsMatchTheDefinition) {
  for (const Case& c : cases) {
    const bool last = c.attributes.layout == Layout::channels_last;
    const std::int64_t channels = c.groups * c.channels_in;
    const Shape input_shape = last ? Shape{c.batch, c.height, c.width, channels}
                                   : Shape{c.batch, channels, c.height, c.width};
    const Shape filter_shape{c.kernel_h, c.kernel_w, c.channels_in, c.groups * c.channels_out};
    const Floats input = numbers(input_shape, 1);
    const Floats filter = numbers(filter_shape, 2);
    const Value x = array<float>(input_shape, input);
    const Value w = array<float>(filter_shape, filter);
    const Value y = convolution(x, w, c.attributes);
    const Floats gradient = numbers(y.shape(), 3);
    const Value g = array<float>(y.shape(), gradient);

    Floats output(gradient.size());
    Floats to_input(input.size());
    Floats to_filter(filter.size());
    for_each_product(c, y.shape(), [&](std::size_t i, std::size_t f, std::size_t o) {
      output[o] += input[i] * filter[f];
      to_input[i] += gradient[o] * filter[f];
      to_filter[f] += gradient[o] * input[i];
    });
    EXPECT_EQ(elements<float>(y), output);
    EXPECT_EQ(elements<float>(convolution_input(input_shape, w, g, c.attributes)), to_input);
    EXPECT_EQ(elements<float>(convolution_filter(x, filter_shape, g, c.attributes)), to_filter);
  }
}

TEST(EvaluateConvolution, OneAndThreeSpatialAxes) {
  const Convolution one{{2}, {1}, {1}, {0}, 1, Layout::channels_last};
  EXPECT_EQ(elements<float>(convolution(array<float>({1, 4, 1}, {1, 2, 3, 4}),
                                        array<float>({3, 1, 1}, {1, 10, 100}), one)),
            (Floats{210, 432}));
  const Convolution three{{1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, 1, Layout::channels_first};
  const Value cube = array<float>({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(elements<float>(convolution(cube, reshape(cube, {2, 2, 2, 1, 1}), three)), Floats{204});
}

TEST(EvaluateConvolution, EmptyBatchesAndSixteenBits) {
  const Convolution plain{{1}, {1}, {0}, {0}, 1, Layout::channels_last};
  const Value none = array<float>({0, 4, 1}, {});
  const Value filter = array<float>({2, 1, 1}, {1, 1});
  const Value y = convolution(none, filter, plain);
  EXPECT_EQ(y.shape(), (Shape{0, 3, 1}));
  EXPECT_EQ(elements<float>(y), Floats());
  EXPECT_EQ(
      elements<float>(convolution_filter(none, {2, 1, 1}, array<float>({0, 3, 1}, {}), plain)),
      (Floats{0, 0}));
  // No channels: sums of nothing.
  EXPECT_EQ(
      elements<float>(convolution(array<float>({1, 2, 0}, {}), array<float>({1, 0, 1}, {}), plain)),
      (Floats{0, 0}));
  // A window greater than the image.
  EXPECT_EQ(convolution(array<float>({1, 1, 1}, {1}), filter, plain).shape(), (Shape{1, 0, 1}));
  // One rounding: 256 + 1 + 1 in bfloat16.
  const Convolution three{{1}, {1}, {0}, {0}, 1, Layout::channels_last};
  EXPECT_EQ(elements<BFloat16>(convolution(array<BFloat16>({1, 3, 1}, {256, 1, 1}),
                                           array<BFloat16>({3, 1, 1}, {1, 1, 1}), three)),
            Floats{258});
}

}  // namespace
}  // namespace evergpu::ir
