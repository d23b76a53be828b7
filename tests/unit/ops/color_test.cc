#include "ops/color.h"

#include "ops/arrays.h"

namespace evergpu::ops {
namespace {

using ir::DType;
using ir::Value;
using testing::array;
using testing::expect_array;
using testing::expect_failure;

// Red, green, blue, grey, black and a dark orange.
const std::vector<double> rgb{1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.5, 0, 0, 0, 0.5, 0.25, 0};
const std::vector<double> hsv{0, 1, 1,   1.0 / 3, 1, 1, 2.0 / 3,  1, 1,
                              0, 0, 0.5, 0,       0, 0, 1.0 / 12, 1, 0.5};

TEST(Color, RgbAndHsv) {
  expect_array(rgb_to_hsv(array({6, 3}, rgb)), {6, 3}, hsv);
  expect_array(hsv_to_rgb(array({6, 3}, hsv)), {6, 3}, rgb);
  expect_failure(rgb_to_hsv(array({2}, {1, 2})), "input must have 3 channels");
}

TEST(Color, HueTurnsAroundTheCircle) {
  const Value turned =
      adjust_hue(array({1, 3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1}), array({}, {-2.0 / 3}));
  expect_array(turned, {1, 3, 3}, {0, 1, 0, 0, 0, 1, 1, 0, 0});
}

TEST(Color, SaturationStaysWithinOne) {
  const Value x = array({1, 2, 3}, {1, 0.5, 0.5, 1, 0, 0});
  expect_array(adjust_saturation(x, array({}, {2})), {1, 2, 3}, {1, 0, 0, 1, 0, 0});
  expect_array(adjust_saturation(x, array({}, {0})), {1, 2, 3}, {1, 1, 1, 1, 1, 1});
}

TEST(Color, ContrastIsAroundEachChannelsMean) {
  const Value x = array({1, 1, 2, 2}, {1, 10, 3, 30}, DType::f16);
  expect_array(adjust_contrast(x, array({}, {2})), {1, 1, 2, 2}, {0, 0, 4, 40});
}

}  // namespace
}  // namespace evergpu::ops
