#include "ops/sampling.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Shape;
using ir::Value;
using testing::array;
using testing::dot;
using testing::expect_array;
using testing::expect_failure;
using testing::expect_gradient;
using testing::numbers;
using testing::random_array;
using testing::random_numbers;

TEST(CropAndResize, ByHand) {
  const Value x = array({2, 2, 3, 1}, {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60});
  const Value boxes = array({3, 4}, {0, 0, 1, 1, 0, 0.5, 1, 0, -1, 0, 1, 1});
  const Value images = array({3}, {1, 0, 0}, DType::i32);
  CropParameters p{.height = 2, .width = 2, .extrapolation = -7};
  expect_array(crop_and_resize(x, boxes, images, p), {3, 2, 2, 1},
               {10, 30, 40, 60, 2, 1, 5, 4, -7, -7, 4, 6});
  p.height = 1;  // the middle of the box
  p.width = 1;
  p.interpolation = Interpolation::nearest;
  expect_array(crop_and_resize(x, boxes, images, p), {3, 1, 1, 1}, {50, 5, 2});
}

TEST(CropAndResize, ImageGradientIsTheTranspose) {
  const Shape shape{2, 4, 5, 2};
  const Value x = random_array(shape, 1);
  const Value boxes = array({2, 4}, {0.1, 0.2, 0.9, 0.7, 0.5, -0.3, 0.1, 1.1});
  const Value images = array({2}, {1, 0}, DType::i32);
  for (const auto interpolation : {Interpolation::nearest, Interpolation::bilinear}) {
    const CropParameters p{.height = 3, .width = 4, .interpolation = interpolation};
    const Value y = crop_and_resize(x, boxes, images, p);
    const Value g = random_array(y.shape(), 2);
    const Value gradient =
        crop_and_resize_image_gradient(g, boxes, images, shape, DType::f32, interpolation);
    EXPECT_NEAR(dot(numbers(y), numbers(g)), dot(numbers(x), numbers(gradient)), 1e-3);
  }
}

TEST(CropAndResize, BoxGradientIsTheDifference) {
  const Value x = random_array({1, 5, 6, 2}, 1);
  const std::vector<double> boxes{0.13, 0.22, 0.91, 0.74};
  const Value images = array({1}, {0}, DType::i32);
  for (const std::int64_t extent : {1, 3}) {
    const CropParameters p{.height = extent, .width = 2};
    const std::vector<double> g = random_numbers(extent * 2 * 2, 2);
    const Shape shape{1, extent, 2, 2};
    expect_gradient(
        crop_and_resize_box_gradient(array(shape, g), x, array({1, 4}, boxes), images), boxes,
        [&](const auto& at) {
          return dot(numbers(crop_and_resize(x, array({1, 4}, at), images, p)), g);
        },
        1e-3, 2e-2);
  }
}

TEST(ProjectiveTransform, ShiftsAndFills) {
  const Value x = array({1, 1, 4, 1}, {1, 2, 3, 4}, DType::i32);
  const Value fill = array({}, {9});
  // Result pixel x shows image pixel x - 2.
  const Value shift = array({1, 8}, {1, 0, -2, 0, 1, 0, 0, 0});
  ProjectiveTransformParameters p{.height = 1, .width = 4};
  expect_array(projective_transform(x, shift, fill, p), {1, 1, 4, 1}, {9, 9, 1, 2});
  p.fill_mode = FillMode::nearest;
  expect_array(projective_transform(x, shift, fill, p), {1, 1, 4, 1}, {1, 1, 1, 2});
  p.fill_mode = FillMode::reflect;
  expect_array(projective_transform(x, shift, fill, p), {1, 1, 4, 1}, {2, 1, 1, 2});
  p.fill_mode = FillMode::wrap;
  expect_array(projective_transform(x, shift, fill, p), {1, 1, 4, 1}, {3, 4, 1, 2});
}

TEST(ProjectiveTransform, InterpolatesBetweenPixels) {
  const Value x = array({1, 2, 2, 1}, {0, 4, 8, 12});
  const Value half = array({1, 8}, {1, 0, 0.5, 0, 1, 0.5, 0, 0});
  const ProjectiveTransformParameters p{
      .height = 1, .width = 1, .interpolation = Interpolation::bilinear};
  expect_array(projective_transform(x, half, array({}, {0}), p), {1, 1, 1, 1}, {6});
  expect_failure(projective_transform(x, array({1, 4}, {0, 0, 0, 0}), array({}, {0}), p),
                 "Input transform should be num_images x 8 or 1 x 8");
}

}  // namespace
}  // namespace evergpu::ops
