// Reading and updating variables in place: resources, and the references of TensorFlow 1.
#include <fmt/core.h>

#include "ops/indexing.h"
#include "ops/strided_slice.h"
#include "tensorflow/op_table.h"
#include "tensorflow/variables.h"

namespace evergpu::tensorflow {
namespace {

using ir::BinaryOp;
using ir::ScatterOp;
using ir::Value;

// The new value of the variable at input 0, from its old value and the other inputs.
using Update = Value (*)(Call&, const Value& old);

template <Update update>
Result<Lowering> on_resource(const Attributes&) {
  return Lowering([](Call& call) {
    return update_variable(call, [&](const Value& old) { return update(call, old); });
  });
}

// Ops on references have the variable as their result.
template <Update update>
Result<Lowering> on_reference(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    EVERGPU_RETURN_IF_ERROR(
        update_variable(call, [&](const Value& old) { return update(call, old); }));
    forward_reference(call, 0, 0);
    return {};
  });
}

Result<Lowering> assign(const Attributes& attributes) {
  const bool validate_shape = attributes.boolean("validate_shape");
  const bool use_locking = attributes.boolean("use_locking");
  return Lowering([validate_shape, use_locking](Call& call) {
    return assign_reference(call, use_locking, validate_shape);
  });
}

template <BinaryOp op>
Value combine(Call& call, const Value& old) {
  if (!(call.shape(1) == old.shape()))
    return ir::Node::failed(invalid_argument(
        fmt::format("Cannot update variable with shape {} using a Tensor with shape {}, shapes "
                    "must be equal.",
                    to_string(old.shape()), to_string(call.shape(1)))));
  return ir::binary(op, old, call.input(1));
}

// Rows `indices` of the variable; updates are [indices…, row…] or one number for all.
struct RowUpdates {
  Value positions;  // [indices…, 1]
  Value updates;    // [indices…, row…]
  Status status;
};
RowUpdates row_updates(Call& call, const Value& old) {
  RowUpdates result;
  const ir::Shape& indices = call.shape(1);
  const ir::Shape& variable = old.shape();
  if (variable.rank() < 1) {
    result.status = invalid_argument("params must be at least 1-D, got shape []");
    return result;
  }
  ir::Dims expected = indices.extents();
  for (int axis = 1; axis < variable.rank(); ++axis) expected.push_back(variable[axis]);
  const ir::Shape shape(std::move(expected));
  if (call.shape(2).rank() != 0 && !(call.shape(2) == shape)) {
    result.status = invalid_argument(
        fmt::format("Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = "
                    "[], got updates.shape {}, indices.shape {}, params.shape {}",
                    to_string(call.shape(2)), to_string(indices), to_string(variable)));
    return result;
  }
  ir::Dims positions = indices.extents();
  positions.push_back(1);
  result.positions = ir::reshape(call.input(1), ir::Shape(std::move(positions)));
  result.updates = ir::broadcast(call.input(2), shape);
  return result;
}

template <ScatterOp op>
Value scatter_rows(Call& call, const Value& old) {
  const RowUpdates rows = row_updates(call, old);
  if (!rows.status.ok()) return ir::Node::failed(rows.status);
  return ops::scatter_nd(op, old, rows.positions, rows.updates);
}

Value divide_rows(Call& call, const Value& old) {
  const RowUpdates rows = row_updates(call, old);
  if (!rows.status.ok()) return ir::Node::failed(rows.status);
  const Value ones = ir::full(old.shape(), ir::constant(old.dtype(), 1));
  return old / ops::scatter_nd(ScatterOp::multiply, ones, rows.positions, rows.updates);
}

template <ScatterOp op>
Value scatter_nd(Call& call, const Value& old) {
  return ops::scatter_nd(op, old, call.input(1), call.input(2));
}

template <bool is_reference>
Result<Lowering> strided_slice_assign(const Attributes& attributes) {
  ops::StridedSliceParameters masks;
  masks.begin_mask = attributes.integer("begin_mask");
  masks.end_mask = attributes.integer("end_mask");
  masks.ellipsis_mask = attributes.integer("ellipsis_mask");
  masks.new_axis_mask = attributes.integer("new_axis_mask");
  masks.shrink_mask = attributes.integer("shrink_axis_mask");
  return Lowering([masks](Call& call) -> Status {
    ops::StridedSliceParameters parameters = masks;
    parameters.begin = call.integers(1);
    parameters.end = call.integers(2);
    parameters.strides = call.integers(3);
    EVERGPU_RETURN_IF_ERROR(update_variable(call, [&](const Value& old) {
      return ops::strided_slice_update(old, call.input(4), parameters);
    }));
    if constexpr (is_reference) forward_reference(call, 0, 0);
    return {};
  });
}

Result<Lowering> resource_gather(const Attributes& attributes) {
  const std::int64_t batch_dims = attributes.integer("batch_dims");
  return Lowering([batch_dims](Call& call) -> Status {
    const Value variable = read_variable(call);
    EVERGPU_RETURN_IF_ERROR(variable.status());
    return call.output(0, ops::gather(variable, call.input(1), batch_dims, batch_dims));
  });
}

Result<Lowering> resource_gather_nd(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const Value variable = read_variable(call);
    EVERGPU_RETURN_IF_ERROR(variable.status());
    return call.output(0, ops::gather_nd(variable, call.input(1)));
  });
}

template <Update update>
constexpr OpRow assignment(const char* op) {
  return {.op = op,
          .types = {{"dtype", numbers}},
          .host_arguments = {"resource"},
          .complex_as_pairs = true,
          .make = on_resource<update>};
}
template <Update update>
constexpr OpRow reference_assignment(const char* op) {
  return {.op = op, .types = {{"T", numbers}}, .make = on_reference<update>};
}
template <Update update>
constexpr OpRow rows_update(const char* op, DTypes dtypes) {
  return {.op = op,
          .types = {{"dtype", dtypes}, {"Tindices", index_types}},
          .host_arguments = {"resource"},
          .make = on_resource<update>};
}
template <Update update>
constexpr OpRow positions_update(const char* op, DTypes dtypes) {
  return {.op = op,
          .types = {{"T", dtypes}, {"Tindices", index_types}},
          .host_arguments = {"ref"},
          .make = on_resource<update>};
}
template <Update update>
constexpr OpRow reference_update(const char* op, DTypes dtypes) {
  return {
      .op = op, .types = {{"T", dtypes}, {"Tindices", index_types}}, .make = on_reference<update>};
}

// What TensorFlow defines ScatterMax and ScatterMin for.
constexpr DTypes extreme_types = floats | index_types;

constexpr OpRow variable_table[] = {
    {.op = "Assign", .types = {{"T", all_types}}, .make = assign},
    reference_assignment<combine<BinaryOp::add>>("AssignAdd"),
    assignment<combine<BinaryOp::add>>("AssignAddVariableOp"),
    reference_assignment<combine<BinaryOp::subtract>>("AssignSub"),
    assignment<combine<BinaryOp::subtract>>("AssignSubVariableOp"),
    {.op = "ResourceGather",
     .types = {{"dtype", all_types}, {"Tindices", index_types}},
     .host_arguments = {"resource"},
     .make = resource_gather},
    {.op = "ResourceGatherNd",
     .types = {{"dtype", all_types}, {"Tindices", index_types}},
     .host_arguments = {"resource"},
     .make = resource_gather_nd},
    rows_update<scatter_rows<ScatterOp::add>>("ResourceScatterAdd", numbers),
    rows_update<divide_rows>("ResourceScatterDiv", numbers),
    rows_update<scatter_rows<ScatterOp::maximum>>("ResourceScatterMax", numbers),
    rows_update<scatter_rows<ScatterOp::minimum>>("ResourceScatterMin", numbers),
    rows_update<scatter_rows<ScatterOp::multiply>>("ResourceScatterMul", numbers),
    positions_update<scatter_nd<ScatterOp::add>>("ResourceScatterNdAdd", numbers),
    positions_update<scatter_nd<ScatterOp::maximum>>("ResourceScatterNdMax", numbers),
    positions_update<scatter_nd<ScatterOp::minimum>>("ResourceScatterNdMin", numbers),
    positions_update<scatter_nd<ScatterOp::subtract>>("ResourceScatterNdSub", numbers),
    positions_update<scatter_nd<ScatterOp::set>>("ResourceScatterNdUpdate", all_types),
    rows_update<scatter_rows<ScatterOp::subtract>>("ResourceScatterSub", numbers),
    rows_update<scatter_rows<ScatterOp::set>>("ResourceScatterUpdate", all_types),
    {.op = "ResourceStridedSliceAssign",
     .types = {{"T", all_types}, {"Index", index_types}},
     .host_arguments = {"ref", "begin", "end", "strides"},
     .make = strided_slice_assign<false>},
    reference_update<scatter_rows<ScatterOp::add>>("ScatterAdd", numbers),
    reference_update<divide_rows>("ScatterDiv", numbers),
    reference_update<scatter_rows<ScatterOp::maximum>>("ScatterMax", extreme_types),
    reference_update<scatter_rows<ScatterOp::minimum>>("ScatterMin", extreme_types),
    reference_update<scatter_rows<ScatterOp::multiply>>("ScatterMul", numbers),
    reference_update<scatter_nd<ScatterOp::add>>("ScatterNdAdd", numbers),
    reference_update<scatter_nd<ScatterOp::subtract>>("ScatterNdSub", numbers),
    reference_update<scatter_nd<ScatterOp::set>>("ScatterNdUpdate", all_types),
    reference_update<scatter_rows<ScatterOp::subtract>>("ScatterSub", numbers),
    reference_update<scatter_rows<ScatterOp::set>>("ScatterUpdate", all_types),
    {.op = "StridedSliceAssign",
     .types = {{"T", all_types}, {"Index", index_types}},
     .host_arguments = {"begin", "end", "strides"},
     .make = strided_slice_assign<true>},
};

}  // namespace

std::span<const OpRow> variable_rows() { return variable_table; }

}  // namespace evergpu::tensorflow
