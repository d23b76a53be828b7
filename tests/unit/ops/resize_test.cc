#include "ops/resize.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Value;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_failure;
using testing::numbers;
using testing::random_array;

constexpr ResizeParameters plain{};
constexpr ResizeParameters aligned{.align_corners = true};
constexpr ResizeParameters centred{.half_pixel_centers = true};

TEST(Resize, BilinearOfARow) {
  const Value x = array({1, 1, 2, 1}, {0, 12});
  expect_array(resize_bilinear(x, 1, 4, plain), {1, 1, 4, 1}, {0, 6, 12, 12});
  expect_array(resize_bilinear(x, 1, 4, aligned), {1, 1, 4, 1}, {0, 4, 8, 12});
  expect_array(resize_bilinear(x, 1, 4, centred), {1, 1, 4, 1}, {0, 3, 9, 12});
}

TEST(Resize, NearestOfARow) {
  const Value x = array({1, 1, 3, 1}, {1, 2, 3}, DType::u8);
  expect_array(resize_nearest(x, 1, 5, plain), {1, 1, 5, 1}, {1, 1, 2, 2, 3});
  expect_array(resize_nearest(x, 1, 5, aligned), {1, 1, 5, 1}, {1, 2, 2, 3, 3});
  expect_array(resize_nearest(x, 2, 2, centred), {1, 2, 2, 1}, {1, 3, 1, 3});
}

// Scaling is linear, so its gradient is the transposed map.
TEST(Resize, GradientsAreTransposes) {
  for (const ResizeParameters& p : {plain, aligned, centred})
    for (const auto& [height, width] : {std::pair<int, int>{7, 2}, {3, 9}, {1, 1}}) {
      const ir::Shape shape{2, 4, 5, 3};
      const Value x = random_array(shape, 1);
      const Value bilinear = resize_bilinear(x, height, width, p);
      const Value g = random_array(bilinear.shape(), 2);
      EXPECT_NEAR(dot(numbers(bilinear), numbers(g)),
                  dot(numbers(x), numbers(resize_bilinear_gradient(g, shape, DType::f32, p))),
                  1e-3);
      const Value nearest = resize_nearest(x, height, width, p);
      EXPECT_NEAR(dot(numbers(nearest), numbers(g)),
                  dot(numbers(x), numbers(resize_nearest_gradient(g, 4, 5, p))), 1e-3);
    }
}

TEST(Resize, SaysWhatDoesNotFit) {
  const Value x = random_array({1, 2, 2, 1}, 1);
  expect_failure(resize_bilinear(x, 0, 2, plain), "output dimensions must be positive");
  expect_failure(resize_nearest(random_array({2, 2}, 1), 1, 1, plain),
                 "input must be 4-dimensional[2,2]");
}

}  // namespace
}  // namespace evergpu::ops
