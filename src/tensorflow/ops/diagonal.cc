// Diagonals of matrices: taken out, put in, made into matrices.
#include "ops/diagonal.h"

#include "tensorflow/op_table.h"
#include "tensorflow/ops/apply.h"

namespace evergpu::tensorflow {
namespace {

using ir::Dims;
using ir::Value;

// "RIGHT_LEFT": those above the main diagonal at the right, those below it at the left. The second
// version of the ops has no such attribute, and means the left for both.
ops::Diagonals read_alignment(const Attributes& attributes) {
  if (!attributes.has("align")) return {};
  const std::string align = attributes.string("align");
  return {.super_left = align.starts_with("LEFT"), .sub_left = align.ends_with("LEFT")};
}

// One number, or the lowest and the highest.
Result<ops::Diagonals> at_call(ops::Diagonals diagonals, Call& call, int input) {
  const Dims range = call.integers(input);
  if (range.empty() || range.size() > 2)
    return invalid_argument("diag_index must have only one or two elements, received " +
                            std::to_string(range.size()) + " elements.");
  diagonals.lower = range[0];
  diagonals.upper = range.back();
  return diagonals;
}

Value zero_like(Call& call, int i) { return ir::constant(call.dtype(i), 0); }

Result<Lowering> main_diagonal_to_matrix(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::from_diagonals(call.input(0), {}, -1, -1, zero_like(call, 0)));
  });
}

// (diagonal, k, num_rows, num_cols, padding_value)
Result<Lowering> diagonals_to_matrix(const Attributes& attributes) {
  return Lowering([alignment = read_alignment(attributes)](Call& call) -> Status {
    const Result<ops::Diagonals> diagonals = at_call(alignment, call, 1);
    if (!diagonals.ok()) return diagonals.status();
    return call.output(0, ops::from_diagonals(call.input(0), *diagonals, call.integer(2),
                                              call.integer(3), call.input(4)));
  });
}

Result<Lowering> main_diagonal_part(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::diagonal_part(call.input(0), {}, zero_like(call, 0)));
  });
}

// (input, k, padding_value)
Result<Lowering> diagonal_part(const Attributes& attributes) {
  return Lowering([alignment = read_alignment(attributes)](Call& call) -> Status {
    const Result<ops::Diagonals> diagonals = at_call(alignment, call, 1);
    if (!diagonals.ok()) return diagonals.status();
    return call.output(0, ops::diagonal_part(call.input(0), *diagonals, call.input(2)));
  });
}

Result<Lowering> set_main_diagonal(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::set_diagonals(call.input(0), call.input(1), {}));
  });
}

// (input, diagonal, k)
Result<Lowering> set_diagonals(const Attributes& attributes) {
  return Lowering([alignment = read_alignment(attributes)](Call& call) -> Status {
    const Result<ops::Diagonals> diagonals = at_call(alignment, call, 2);
    if (!diagonals.ok()) return diagonals.status();
    return call.output(0, ops::set_diagonals(call.input(0), call.input(1), *diagonals));
  });
}

Result<Lowering> band_part(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::band_part(call.input(0), call.integer(1), call.integer(2)));
  });
}

constexpr DTypes diagonal_types = floats | index_types;

constexpr OpRow diagonal_table[] = {
    {.op = "Diag", .types = {{"T", diagonal_types}}, .make = apply<ops::diagonal_tensor>},
    {.op = "DiagPart", .types = {{"T", diagonal_types}}, .make = apply<ops::diagonal_of_tensor>},
    {.op = "MatrixBandPart",
     .types = {{"T", all_types}},
     .host_arguments = {"num_lower", "num_upper"},
     .make = band_part},
    {.op = "MatrixDiag", .types = {{"T", all_types}}, .make = main_diagonal_to_matrix},
    {.op = "MatrixDiagPart", .types = {{"T", all_types}}, .make = main_diagonal_part},
    {.op = "MatrixDiagPartV2",
     .types = {{"T", all_types}},
     .host_arguments = {"k", "padding_value"},
     .make = diagonal_part},
    {.op = "MatrixDiagPartV3",
     .types = {{"T", all_types}},
     .host_arguments = {"k", "padding_value"},
     .make = diagonal_part},
    {.op = "MatrixDiagV2",
     .types = {{"T", all_types}},
     .host_arguments = {"k", "num_rows", "num_cols", "padding_value"},
     .make = diagonals_to_matrix},
    {.op = "MatrixDiagV3",
     .types = {{"T", all_types}},
     .host_arguments = {"k", "num_rows", "num_cols", "padding_value"},
     .make = diagonals_to_matrix},
    {.op = "MatrixSetDiag", .types = {{"T", all_types}}, .make = set_main_diagonal},
    {.op = "MatrixSetDiagV2",
     .types = {{"T", all_types}},
     .host_arguments = {"k"},
     .make = set_diagonals},
    {.op = "MatrixSetDiagV3",
     .types = {{"T", all_types}},
     .host_arguments = {"k"},
     .make = set_diagonals},
};

}  // namespace

std::span<const OpRow> diagonal_rows() { return diagonal_table; }

}  // namespace evergpu::tensorflow
