// Result types of gather, scatter and sort.
#include "ir/infer/infer.h"

namespace evergpu::ir {

bool supports(ScatterOp op, DType dtype) { return op == ScatterOp::set || dtype != DType::boolean; }

namespace infer_detail {
namespace {

Status infer_gather(Operation& operation, const OperandType& params, const OperandType& indices) {
  const auto& [axis, batch_dims] = operation.get<Gather>();
  if (!is_integer(indices.dtype)) return invalid("indices are {}", describe(indices));
  EVERGPU_RETURN_IF_ERROR(check_axis(axis, params.rank()));
  bool fits = batch_dims >= 0 && batch_dims <= axis && batch_dims <= indices.rank();
  for (int i = 0; fits && i < batch_dims; ++i) fits = (*params.shape)[i] == (*indices.shape)[i];
  if (!fits)
    return invalid("the first {} axes of {} and {} are no batch axes before axis {}", batch_dims,
                   describe(params), describe(indices), axis);
  Dims extents(params.shape->begin(), params.shape->begin() + axis);
  for (int i = batch_dims; i < indices.rank(); ++i) extents.push_back((*indices.shape)[i]);
  for (int i = axis + 1; i < params.rank(); ++i) extents.push_back((*params.shape)[i]);
  operation.dtype = params.dtype;
  operation.shape = Shape(std::move(extents));
  return {};
}

Status infer_scatter(Operation& operation, OperandTypes operands) {
  const OperandType& base = operands[0];
  const OperandType& indices = operands[1];
  const OperandType& updates = operands[2];
  const ScatterOp op = operation.get<Scatter>().op;
  if (!supports(op, base.dtype)) return invalid("no {} of {}", name_of(op), name_of(base.dtype));
  if (!is_integer(indices.dtype)) return invalid("indices are {}", describe(indices));
  if (base.rank() == 0) return invalid("the base is a scalar");
  Dims extents = indices.shape->extents();
  for (int i = 1; i < base.rank(); ++i) extents.push_back((*base.shape)[i]);
  if (updates.dtype != base.dtype || updates.shape->extents() != extents)
    return invalid("base {}, indices {} and updates {}", describe(base), describe(indices),
                   describe(updates));
  operation.dtype = base.dtype;
  operation.shape = *base.shape;
  return {};
}

}  // namespace

Status infer_indexed(Operation& operation, OperandTypes operands) {
  switch (operation.kind) {
    case Kind::gather:
      return infer_gather(operation, operands[0], operands[1]);
    case Kind::scatter:
      return infer_scatter(operation, operands);
    default:  // argsort
      if (operands[0].rank() == 0) return invalid("a scalar has no axis");
      operation.dtype = DType::i32;
      operation.shape = *operands[0].shape;
      return {};
  }
}

}  // namespace infer_detail
}  // namespace evergpu::ir
