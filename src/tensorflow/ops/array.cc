// Arrays rearranged, and arrays made from numbers.
//
// int32 tensors of ops that compute shapes (Pack, StridedSlice, Pad …) are computed in host memory,
// as TensorFlow's CUDA kernels do. Where TensorFlow has a kernel for that, it is left to it.
#include "ops/array.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "ops/padding.h"
#include "ops/space.h"
#include "ops/strided_slice.h"
#include "tensorflow/op_table.h"
#include "tensorflow/ops/apply.h"

namespace evergpu::tensorflow {
namespace {

using ir::Dims;
using ir::DType;
using ir::Shape;
using ir::Value;

// `function` takes input 0 and the integers of host input 1.
template <auto function>
Result<Lowering> with_integers(const Attributes&) {
  return Lowering(
      [](Call& call) { return call.output(0, function(call.input(0), call.integers(1))); });
}

Status output_all(Call& call, const Result<std::vector<Value>>& values, std::size_t expected) {
  if (!values.ok()) return values.status();
  if (values->size() != expected)
    return invalid_argument(
        fmt::format("Input shape axis must equal {}, got {}", expected, values->size()));
  for (std::size_t i = 0; i < values->size(); ++i)
    EVERGPU_RETURN_IF_ERROR(call.output(static_cast<int>(i), (*values)[i]));
  return {};
}

Status check_extents(const Dims& extents) {
  for (std::int64_t extent : extents)
    if (extent < 0) return invalid_argument(fmt::format("Dimension {} must be >= 0", extent));
  return {};
}

// --- joining and splitting ---

Result<Lowering> concatenate_last_axis_input(const Attributes&) {  // (values…, axis)
  return Lowering([](Call& call) {
    const int count = call.input_count() - 1;
    return call.output(0, ops::concatenate(call.inputs(0, count), call.integer(count)));
  });
}

Result<Lowering> concatenate_first_axis_input(const Attributes&) {  // (axis, values…)
  return Lowering([](Call& call) {
    const int count = call.input_count() - 1;
    return call.output(0, ops::concatenate(call.inputs(1, count), call.integer(0)));
  });
}

Result<Lowering> stack(const Attributes& attributes) {
  return Lowering([axis = attributes.integer("axis")](Call& call) {
    return call.output(0, ops::stack(call.inputs(0, call.input_count()), axis));
  });
}

Result<Lowering> unstack(const Attributes& attributes) {
  const auto count = static_cast<std::size_t>(attributes.integer("num"));
  return Lowering([axis = attributes.integer("axis"), count](Call& call) {
    return output_all(call, ops::unstack(call.input(0), axis), count);
  });
}

Result<Lowering> split(const Attributes& attributes) {  // (axis, value)
  const std::int64_t count = attributes.integer("num_split");
  if (count < 1) return invalid_argument("num_split must be at least 1");
  return Lowering([count](Call& call) -> Status {
    const std::int64_t axis = call.integer(0);
    const Result<int> along = ops::normalized_axis(axis, call.shape(1).rank());
    if (!along.ok()) return along.status();
    const std::int64_t extent = call.shape(1)[*along];
    if (extent % count != 0)
      return invalid_argument(
          fmt::format("Number of ways to split should evenly divide the split dimension, but got "
                      "split_dim {} (size = {}) and num_split {}",
                      *along, extent, count));
    const Dims sizes(static_cast<std::size_t>(count), extent / count);
    return output_all(call, ops::split(call.input(1), axis, sizes), sizes.size());
  });
}

Result<Lowering> split_by_sizes(const Attributes& attributes) {  // (value, sizes, axis)
  const auto count = static_cast<std::size_t>(attributes.integer("num_split"));
  return Lowering([count](Call& call) {
    return output_all(call, ops::split(call.input(0), call.integer(2), call.integers(1)), count);
  });
}

// --- slices ---

Result<Lowering> slice(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::slice(call.input(0), call.integers(1), call.integers(2)));
  });
}

ops::StridedSliceParameters read_masks(const Attributes& attributes) {
  return {.begin_mask = attributes.integer("begin_mask"),
          .end_mask = attributes.integer("end_mask"),
          .ellipsis_mask = attributes.integer("ellipsis_mask"),
          .new_axis_mask = attributes.integer("new_axis_mask"),
          .shrink_mask = attributes.integer("shrink_axis_mask")};
}

// With begin, end and strides from the inputs `first` …
ops::StridedSliceParameters at_call(ops::StridedSliceParameters masks, Call& call, int first) {
  masks.begin = call.integers(first);
  masks.end = call.integers(first + 1);
  masks.strides = call.integers(first + 2);
  return masks;
}

Result<Lowering> strided_slice(const Attributes& attributes) {
  return Lowering([masks = read_masks(attributes)](Call& call) {
    return call.output(0, ops::strided_slice(call.input(0), at_call(masks, call, 1)));
  });
}

Result<Lowering> strided_slice_gradient(const Attributes& attributes) {
  return Lowering([masks = read_masks(attributes)](Call& call) {
    return call.output(0, ops::strided_slice_gradient(Shape(call.integers(0)), call.input(4),
                                                      at_call(masks, call, 1)));
  });
}

Result<Lowering> strided_slice_update(const Attributes& attributes) {
  return Lowering([masks = read_masks(attributes)](Call& call) {
    return call.output(
        0, ops::strided_slice_update(call.input(0), call.input(4), at_call(masks, call, 1)));
  });
}

// --- order of elements ---

Result<Lowering> reverse_by_flags(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const ir::TensorView flags = call.host(1);
    if (flags.shape != Shape{call.shape(0).rank()})
      return invalid_argument(
          fmt::format("'dims' must have one entry for each of {} dimensions, but has shape {}",
                      call.shape(0).rank(), to_string(flags.shape)));
    Dims axes;
    for (int axis = 0; axis < call.shape(0).rank(); ++axis)
      if (flags.as<bool>()[axis]) axes.push_back(axis);
    return call.output(0, ops::reverse(call.input(0), axes));
  });
}

Result<Lowering> reverse_sequence(const Attributes& attributes) {
  return Lowering([sequence = attributes.integer("seq_dim"),
                   batch = attributes.integer("batch_dim")](Call& call) {
    return call.output(0, ops::reverse_sequence(call.input(0), call.input(1), sequence, batch));
  });
}

Result<Lowering> roll(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    constexpr const char* names[] = {"shift", "axis"};
    for (int i = 1; i <= 2; ++i)
      if (call.shape(i).rank() > 1)
        return invalid_argument(fmt::format("{} must be a scalar or a 1-D vector. Found: {}",
                                            names[i - 1], to_string(call.shape(i))));
    return call.output(0, ops::roll(call.input(0), call.integers(1), call.integers(2)));
  });
}

// --- padding ---

Status check_paddings(const Call& call) {
  const Shape& shape = call.shape(1);
  if (shape.rank() == 2 && shape[1] == 2) return {};
  return invalid_argument("paddings must be a matrix with 2 columns: " + to_string(shape));
}

Result<Lowering> pad_with_zeros(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    EVERGPU_RETURN_IF_ERROR(check_paddings(call));
    return call.output(0,
                       ops::pad(call.input(0), call.integers(1), ir::constant(call.dtype(0), 0)));
  });
}

Result<Lowering> pad_with_value(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    EVERGPU_RETURN_IF_ERROR(check_paddings(call));
    return call.output(0, ops::pad(call.input(0), call.integers(1), call.input(2)));
  });
}

template <auto function>
Result<Lowering> mirrored(const Attributes& attributes) {
  const auto mode = attributes.string("mode") == "REFLECT" ? ops::MirrorMode::reflect
                                                           : ops::MirrorMode::symmetric;
  return Lowering([mode](Call& call) -> Status {
    EVERGPU_RETURN_IF_ERROR(check_paddings(call));
    return call.output(0, function(call.input(0), call.integers(1), mode));
  });
}

// --- blocks ---

template <auto function>
Result<Lowering> with_blocks(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, function(call.input(0), call.integers(1), call.integers(2)));
  });
}

template <auto function>
Result<Lowering> with_square_blocks(const Attributes& attributes) {
  return Lowering([size = attributes.integer("block_size")](Call& call) {
    return call.output(0, function(call.input(0), Dims{size, size}, call.integers(1)));
  });
}

template <auto function>
Result<Lowering> with_depth(const Attributes& attributes) {
  const std::string format = attributes.string("data_format");
  if (format != "NHWC" && format != "NCHW")
    return unimplemented("data_format " + format + " is not supported; use NHWC or NCHW");
  const auto layout = format == "NHWC" ? ir::Layout::channels_last : ir::Layout::channels_first;
  return Lowering([layout, size = attributes.integer("block_size")](Call& call) {
    return call.output(0, function(call.input(0), size, layout));
  });
}

// --- arrays from numbers ---

Result<Lowering> fill(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const Dims extents = call.integers(0);
    EVERGPU_RETURN_IF_ERROR(check_extents(extents));
    if (call.shape(0).rank() > 1)
      return invalid_argument("dims must represent a vector, got shape " +
                              to_string(call.shape(0)));
    if (call.shape(1).elements() != 1)
      return invalid_argument("value must represent a scalar, got shape " +
                              to_string(call.shape(1)));
    return call.output(0, ir::full(Shape(extents), ir::reshape(call.input(1), Shape{})));
  });
}

Result<Lowering> empty(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("dtype")](Call& call) -> Status {
    const Dims extents = call.integers(0);
    EVERGPU_RETURN_IF_ERROR(check_extents(extents));
    return call.output(0, ir::zeros(dtype, Shape(extents)));
  });
}

Result<Lowering> broadcast_to(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const Dims extents = call.integers(1);
    EVERGPU_RETURN_IF_ERROR(check_extents(extents));
    const Shape shape(extents);
    if (!ir::broadcasts_to(call.shape(0), shape))
      return invalid_argument(fmt::format("Incompatible shapes: {} vs. {}",
                                          to_string(call.shape(0)), to_string(shape)));
    return call.output(0, ir::broadcast(call.input(0), shape));
  });
}

Result<Lowering> one_hot(const Attributes& attributes) {
  return Lowering([axis = attributes.integer("axis")](Call& call) {
    return call.output(0, ops::one_hot(call.input(0), call.scalar(1, "depth"), call.input(2),
                                       call.input(3), axis));
  });
}

// A host scalar of any numeric dtype.
double host_number(const Call& call, int i) {
  const ir::TensorView view = call.host(i);
  if (view.shape.elements() != 1) return std::nan("");
  return ir::visit(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return static_cast<double>(static_cast<ir::Compute<T>>(*view.as<T>()));
  });
}

// How many elements a range of int64 has; doubles do not hold them all.
std::int64_t integer_count(const Call& call) {
  const auto start = static_cast<std::uint64_t>(call.integer(0));
  const auto limit = static_cast<std::uint64_t>(call.integer(1));
  const auto delta = static_cast<std::uint64_t>(call.integer(2));
  const bool ascends = call.integer(2) > 0;
  const std::uint64_t span = ascends ? limit - start : start - limit;
  const std::uint64_t step = ascends ? delta : 0 - delta;
  return static_cast<std::int64_t>(span / step + (span % step == 0 ? 0 : 1));
}

// Of floats, counted in their own arithmetic as TensorFlow does: 1.1 - 0.1 are ten steps of 0.1 in
// float32, and more than ten of these float32 in a wider type.
std::int64_t float_count(const Call& call) {
  return ir::visit(call.dtype(0), [&](auto tag) -> std::int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (ir::is_floating<T>) {
      using C = ir::Compute<T>;
      const auto number = [&](int i) { return static_cast<C>(*call.host(i).as<T>()); };
      const T span(number(1) - number(0));
      const T steps(static_cast<C>(span) / number(2));
      return static_cast<std::int64_t>(std::ceil(std::abs(static_cast<C>(steps))));
    }
    return 0;
  });
}

Result<Lowering> range(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    constexpr const char* names[] = {"start", "limit", "delta"};
    for (int i = 0; i < 3; ++i)
      if (call.shape(i) != Shape{} && call.shape(i) != Shape{1})
        return invalid_argument(
            fmt::format("{} must be a scalar, not shape {}", names[i], to_string(call.shape(i))));
    const double start = host_number(call, 0);
    const double limit = host_number(call, 1);
    const double delta = host_number(call, 2);
    if (std::isnan(start) || std::isnan(limit) || std::isnan(delta))
      return invalid_argument("start, limit and delta must be numbers");
    if (delta == 0) return invalid_argument(fmt::format("Requires delta != 0: {}", delta));
    if (delta > 0 ? start > limit : start < limit)
      return invalid_argument(fmt::format("Requires start {} limit when delta {} 0: {}/{}",
                                          delta > 0 ? "<=" : ">=", delta > 0 ? ">" : "<", start,
                                          limit));
    const std::int64_t count =
        call.dtype(0) == DType::i64 ? integer_count(call) : float_count(call);
    return call.output(0, ops::arithmetic_sequence(call.input(0), call.input(2), count));
  });
}

Result<Lowering> linear_space(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::linear_space(call.input(0), call.input(1), call.integer(2)));
  });
}

Result<Lowering> bucketize(const Attributes& attributes) {
  const std::vector<float> boundaries = attributes.numbers("boundaries");
  if (!std::is_sorted(boundaries.begin(), boundaries.end()))
    return invalid_argument("Expected sorted boundaries");
  return Lowering([boundaries](Call& call) {
    const Shape shape{static_cast<std::int64_t>(boundaries.size())};
    const Value captured = boundaries.empty()
                               ? ir::zeros(DType::f32, shape)
                               : call.device().capture(DType::f32, shape, boundaries.data());
    return call.output(0, ops::bucketize(call.input(0), captured));
  });
}

constexpr OpRow array_table[] = {
    {.op = "BatchToSpace",
     .types = {{"T", all_types}},
     .host_arguments = {"crops"},
     .make = with_square_blocks<ops::batch_to_space>},
    {.op = "BatchToSpaceND",
     .types = {{"T", all_types}},
     .host_arguments = {"block_shape", "crops"},
     .make = with_blocks<ops::batch_to_space>},
    {.op = "BroadcastTo",
     .types = {{"T", all_types}},
     .host_arguments = {"shape"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "output"},
     .make = broadcast_to},
    {.op = "Bucketize",
     .types = {{"T", {DType::i32, DType::i64, DType::f32, DType::f64}}},
     .make = bucketize},
    {.op = "Concat",
     .types = {{"T", all_types - i32_only}},
     .host_arguments = {"concat_dim"},
     .make = concatenate_first_axis_input},
    {.op = "ConcatV2",
     .types = {{"T", all_types - i32_only}},
     .host_arguments = {"axis"},
     .make = concatenate_last_axis_input},
    {.op = "ConjugateTranspose",
     .types = {{"T", all_types}},
     .host_arguments = {"perm"},
     .make = with_integers<ops::transpose>},
    {.op = "Cross", .types = {{"T", numbers}}, .make = apply<ops::cross_product>},
    {.op = "DepthToSpace", .types = {{"T", all_types}}, .make = with_depth<ops::depth_to_space>},
    {.op = "Empty", .types = {{"dtype", all_types}}, .host_arguments = {"shape"}, .make = empty},
    {.op = "Fill",
     .types = {{"T", all_types}},
     .host_arguments = {"dims"},
     .host_when = i32_only,
     .host_when_arguments = {"value", "output"},
     .make = fill},
    {.op = "LinSpace", .types = {{"T", floats}}, .host_arguments = {"num"}, .make = linear_space},
    {.op = "MirrorPad",
     .types = {{"T", all_types}},
     .host_arguments = {"paddings"},
     .make = mirrored<ops::mirror_pad>},
    {.op = "MirrorPadGrad",
     .types = {{"T", numbers}},
     .host_arguments = {"paddings"},
     .make = mirrored<ops::mirror_pad_gradient>},
    {.op = "OneHot",
     .types = {{"T", all_types}, {"TI", {DType::u8, DType::i8, DType::i32, DType::i64}}},
     .host_arguments = {"depth"},
     .make = one_hot},
    {.op = "Pack",
     .types = {{"T", all_types}},
     .host_when = i32_only,
     .host_when_arguments = {"values", "output"},
     .make = stack},
    {.op = "Pad",
     .types = {{"T", all_types}},
     .host_arguments = {"paddings"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "output"},
     .make = pad_with_zeros},
    {.op = "PadV2",
     .types = {{"T", all_types}},
     .host_arguments = {"paddings"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "constant_values", "output"},
     .make = pad_with_value},
    {.op = "Range",
     .types = {{"Tidx", floats | DTypes{DType::i64}}},
     .host_arguments = {"start", "limit", "delta"},
     .make = range},
    {.op = "Reverse",
     .types = {{"T", all_types}},
     .host_arguments = {"dims"},
     .host_when = i32_only,
     .host_when_arguments = {"tensor", "output"},
     .make = reverse_by_flags},
    {.op = "ReverseSequence", .types = {{"T", all_types}}, .make = reverse_sequence},
    {.op = "ReverseV2",
     .types = {{"T", all_types}},
     .host_arguments = {"axis"},
     .host_when = i32_only,
     .host_when_arguments = {"tensor", "output"},
     .make = with_integers<ops::reverse>},
    {.op = "Roll", .types = {{"T", all_types}}, .host_arguments = {"shift", "axis"}, .make = roll},
    {.op = "Slice",
     .types = {{"T", all_types - i32_only}},
     .host_arguments = {"begin", "size"},
     .make = slice},
    {.op = "SpaceToBatch",
     .types = {{"T", all_types}},
     .host_arguments = {"paddings"},
     .make = with_square_blocks<ops::space_to_batch>},
    {.op = "SpaceToBatchND",
     .types = {{"T", all_types}},
     .host_arguments = {"block_shape", "paddings"},
     .make = with_blocks<ops::space_to_batch>},
    {.op = "SpaceToDepth", .types = {{"T", all_types}}, .make = with_depth<ops::space_to_depth>},
    {.op = "Split", .types = {{"T", all_types}}, .host_arguments = {"split_dim"}, .make = split},
    {.op = "SplitV",
     .types = {{"T", all_types}, {"Tlen", index_types}},
     .host_arguments = {"size_splits", "split_dim"},
     .host_when = i32_only,
     .host_when_arguments = {"value", "output"},
     .make = split_by_sizes},
    {.op = "StridedSlice",
     .types = {{"T", all_types}, {"Index", index_types}},
     .host_arguments = {"begin", "end", "strides"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "output"},
     .make = strided_slice},
    {.op = "StridedSliceGrad",
     .types = {{"T", all_types}},
     .host_arguments = {"shape", "begin", "end", "strides"},
     .host_when = i32_only,
     .host_when_arguments = {"dy", "output"},
     .make = strided_slice_gradient},
    {.op = "TensorStridedSliceUpdate",
     .types = {{"T", all_types}},
     .host_arguments = {"begin", "end", "strides"},
     .host_when = i32_only,
     .host_when_arguments = {"input", "value", "output"},
     .make = strided_slice_update},
    {.op = "Tile",
     .types = {{"T", all_types}},
     .host_arguments = {"multiples"},
     .make = with_integers<ops::tile>},
    {.op = "Transpose",
     .types = {{"T", all_types}},
     .host_arguments = {"perm"},
     .make = with_integers<ops::transpose>},
    {.op = "Unpack", .types = {{"T", all_types - i32_only}}, .make = unstack},
};

}  // namespace

std::span<const OpRow> array_rows() { return array_table; }

}  // namespace evergpu::tensorflow
