// Images: scaling, cropping, projective transforms, patches and colours.
#include <fmt/core.h>

#include "ops/color.h"
#include "ops/patches.h"
#include "ops/resize.h"
#include "ops/sampling.h"
#include "tensorflow/op_table.h"
#include "tensorflow/spatial_attributes.h"

namespace evergpu::tensorflow {
namespace {

using ir::DType;

// Height and width from a host-memory input.
Result<ir::Dims> read_size(const Call& call, int i, const char* name) {
  if (call.shape(i).rank() != 1)
    return invalid_argument(
        fmt::format("{} must be 1-dimensional{}", name, to_string(call.shape(i))));
  if (call.shape(i)[0] != 2)
    return invalid_argument(
        fmt::format("{} must have two elements{}", name, to_string(call.shape(i))));
  return call.integers(i);
}

ops::ResizeParameters read_resize(const Attributes& attributes) {
  return {attributes.boolean("align_corners"), attributes.boolean("half_pixel_centers")};
}

using Resize = ir::Value (*)(const ir::Value&, std::int64_t, std::int64_t,
                             const ops::ResizeParameters&);
template <Resize function>
Result<Lowering> resize(const Attributes& attributes) {
  return Lowering([parameters = read_resize(attributes)](Call& call) -> Status {
    Result<ir::Dims> size = read_size(call, 1, "shape_t");
    if (!size.ok()) return size.status();
    return call.output(0, function(call.input(0), (*size)[0], (*size)[1], parameters));
  });
}

Result<Lowering> resize_bilinear_gradient(const Attributes& attributes) {
  return Lowering([parameters = read_resize(attributes)](Call& call) {
    return call.output(
        0, ops::resize_bilinear_gradient(call.input(0), call.shape(1), call.dtype(1), parameters));
  });
}

ops::Interpolation read_method(const Attributes& attributes) {
  return attributes.string("method") == "nearest" ? ops::Interpolation::nearest
                                                  : ops::Interpolation::bilinear;
}

Result<Lowering> crop_and_resize(const Attributes& attributes) {
  ops::CropParameters parameters;
  parameters.interpolation = read_method(attributes);
  parameters.extrapolation = attributes.number("extrapolation_value");
  return Lowering([parameters](Call& call) -> Status {
    Result<ir::Dims> size = read_size(call, 3, "crop_size");
    if (!size.ok()) return size.status();
    ops::CropParameters sized = parameters;
    sized.height = (*size)[0];
    sized.width = (*size)[1];
    return call.output(0, ops::crop_and_resize(call.input(0), call.input(1), call.input(2), sized));
  });
}

Result<Lowering> crop_image_gradient(const Attributes& attributes) {
  return Lowering([method = read_method(attributes), dtype = attributes.dtype("T")](Call& call) {
    return call.output(
        0, ops::crop_and_resize_image_gradient(call.input(0), call.input(1), call.input(2),
                                               ir::Shape(call.integers(3)), dtype, method));
  });
}

Result<Lowering> crop_box_gradient(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::crop_and_resize_box_gradient(call.input(0), call.input(1),
                                                            call.input(2), call.input(3)));
  });
}

Result<ops::FillMode> read_fill_mode(const Attributes& attributes) {
  const std::string mode = attributes.string("fill_mode");
  if (mode == "CONSTANT") return ops::FillMode::constant;
  if (mode == "REFLECT") return ops::FillMode::reflect;
  if (mode == "WRAP") return ops::FillMode::wrap;
  if (mode == "NEAREST") return ops::FillMode::nearest;
  return invalid_argument(
      fmt::format("Invalid mode {}. Supported types: REFLECT, WRAP, CONSTANT, NEAREST", mode));
}

template <bool has_fill_value>
Result<Lowering> projective_transform(const Attributes& attributes) {
  const std::string interpolation = attributes.string("interpolation");
  if (interpolation != "NEAREST" && interpolation != "BILINEAR")
    return invalid_argument(
        fmt::format("Invalid interpolation {}. Supported types: NEAREST, BILINEAR", interpolation));
  Result<ops::FillMode> fill_mode = read_fill_mode(attributes);
  if (!fill_mode.ok()) return fill_mode.status();
  ops::ProjectiveTransformParameters parameters;
  parameters.interpolation =
      interpolation == "NEAREST" ? ops::Interpolation::nearest : ops::Interpolation::bilinear;
  parameters.fill_mode = *fill_mode;
  return Lowering([parameters](Call& call) -> Status {
    Result<ir::Dims> size = read_size(call, 2, "output shape");
    if (!size.ok()) return size.status();
    ops::ProjectiveTransformParameters sized = parameters;
    sized.height = (*size)[0];
    sized.width = (*size)[1];
    const ir::Value fill = has_fill_value ? call.input(3) : ir::constant(DType::f32, 0);
    return call.output(0, ops::projective_transform(call.input(0), call.input(1), fill, sized));
  });
}

template <ir::Value (*function)(const ir::Value&)>
Result<Lowering> convert(const Attributes&) {
  return Lowering([](Call& call) { return call.output(0, function(call.input(0))); });
}

template <ir::Value (*function)(const ir::Value&, const ir::Value&)>
Result<Lowering> adjust(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    if (call.shape(1).rank() != 0)
      return invalid_argument(
          fmt::format("the amount of an adjustment must be scalar: {}", to_string(call.shape(1))));
    return call.output(0, function(call.input(0), call.input(1)));
  });
}

// ExtractImagePatches has `rates`, ExtractVolumePatches has not.
template <int rank, bool has_rates>
Result<Lowering> extract_patches(const Attributes& attributes) {
  constexpr auto layout = ir::Layout::channels_last;
  Result<ir::Dims> extents = read_per_axis(attributes, "ksizes", rank);
  if (!extents.ok()) return extents.status();
  Result<ir::Dims> strides = read_per_axis(attributes, "strides", rank);
  if (!strides.ok()) return strides.status();
  Result<ir::Dims> rates = ir::Dims(rank, 1);
  if constexpr (has_rates) rates = read_per_axis(attributes, "rates", rank);
  if (!rates.ok()) return rates.status();
  for (const ir::Dims& list : {*extents, *strides, *rates})
    if (list[0] != 1 || list[rank - 1] != 1)
      return unimplemented(
          "Only support ksizes, strides and rates that are 1 in the batch and depth dimensions.");
  Result<ops::Padding> padding = read_padding(attributes, layout, rank);
  if (!padding.ok()) return padding.status();
  const ops::PatchParameters parameters{.extents = spatial_part(*extents, layout),
                                        .strides = spatial_part(*strides, layout),
                                        .dilations = spatial_part(*rates, layout),
                                        .padding = *padding};
  return Lowering([parameters](Call& call) {
    return call.output(0, ops::extract_patches(call.input(0), parameters));
  });
}

constexpr DTypes image_types = numbers - DTypes{DType::u32, DType::u64};
constexpr DTypes crop_types = image_types - DTypes{DType::bf16};
constexpr DTypes f16_f32{DType::f16, DType::f32};
constexpr DTypes transformed_types = floats | DTypes{DType::u8, DType::i32, DType::i64};

constexpr OpRow image_table[] = {
    {.op = "AdjustContrastv2", .types = {{"T", f16_f32}}, .make = adjust<ops::adjust_contrast>},
    {.op = "AdjustHue", .types = {{"T", f16_f32}}, .make = adjust<ops::adjust_hue>},
    {.op = "AdjustSaturation", .types = {{"T", f16_f32}}, .make = adjust<ops::adjust_saturation>},
    {.op = "CropAndResize",
     .types = {{"T", crop_types}},
     .host_arguments = {"crop_size"},
     .make = crop_and_resize},
    {.op = "CropAndResizeGradBoxes", .types = {{"T", crop_types}}, .make = crop_box_gradient},
    {.op = "CropAndResizeGradImage",
     .types = {{"T", {DType::f16, DType::f32, DType::f64}}},
     .host_arguments = {"image_size"},
     .make = crop_image_gradient},
    {.op = "ExtractImagePatches", .types = {{"T", all_types}}, .make = extract_patches<4, true>},
    {.op = "ExtractVolumePatches", .types = {{"T", numbers}}, .make = extract_patches<5, false>},
    {.op = "HSVToRGB", .types = {{"T", floats}}, .make = convert<ops::hsv_to_rgb>},
    {.op = "ImageProjectiveTransformV2",
     .types = {{"dtype", transformed_types}},
     .host_arguments = {"output_shape"},
     .make = projective_transform<false>},
    {.op = "ImageProjectiveTransformV3",
     .types = {{"dtype", transformed_types}},
     .host_arguments = {"output_shape", "fill_value"},
     .make = projective_transform<true>},
    {.op = "RGBToHSV", .types = {{"T", floats}}, .make = convert<ops::rgb_to_hsv>},
    {.op = "ResizeBilinear",
     .types = {{"T", image_types}},
     .host_arguments = {"size"},
     .make = resize<ops::resize_bilinear>},
    {.op = "ResizeBilinearGrad", .types = {{"T", floats}}, .make = resize_bilinear_gradient},
    {.op = "ResizeNearestNeighbor",
     .types = {{"T", image_types}},
     .host_arguments = {"size"},
     .make = resize<ops::resize_nearest>},
    {.op = "ResizeNearestNeighborGrad",
     .types = {{"T", floats | DTypes{DType::u8, DType::i8, DType::i32}}},
     .host_arguments = {"size"},
     .make = resize<ops::resize_nearest_gradient>},
};

}  // namespace

std::span<const OpRow> image_rows() { return image_table; }

}  // namespace evergpu::tensorflow
