// The names of kinds and operations in printed IR.
#include "ir/operation.h"

namespace evergpu::ir {

std::string_view name_of(Kind kind) {
  static constexpr std::string_view names[] = {"constant",
                                               "iota",
                                               "load",
                                               "philox",
                                               "truncated_normal",
                                               "unary",
                                               "binary",
                                               "select",
                                               "cast",
                                               "bitcast",
                                               "broadcast",
                                               "reshape",
                                               "permute",
                                               "slice",
                                               "pad",
                                               "concat",
                                               "reduce",
                                               "arg_reduce",
                                               "window_reduce",
                                               "window_gradient",
                                               "matmul",
                                               "convolution",
                                               "convolution_input",
                                               "convolution_filter",
                                               "gather",
                                               "scatter",
                                               "argsort",
                                               "scan",
                                               "recurrent",
                                               "recurrent_gradient"};
  static_assert(std::size(names) == kind_count);
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(UnaryOp op) {
  static constexpr std::string_view names[] = {
      "negate",    "absolute",    "sign",       "floor",   "ceil",     "round_even",
      "truncate",  "exp",         "expm1",      "log",     "log1p",    "sqrt",
      "rsqrt",     "reciprocal",  "square",     "sin",     "cos",      "tan",
      "asin",      "acos",        "atan",       "sinh",    "cosh",     "tanh",
      "asinh",     "acosh",       "atanh",      "sigmoid", "softplus", "erf",
      "erfc",      "erf_inverse", "log_gamma",  "digamma", "is_nan",   "is_infinite",
      "is_finite", "logical_not", "bitwise_not"};
  static_assert(std::size(names) == unary_op_count);
  return names[static_cast<std::size_t>(op)];
}

std::string_view name_of(BinaryOp op) {
  static constexpr std::string_view names[] = {
      "add",          "subtract",        "multiply",  "divide",  "floor_divide",
      "floor_modulo", "truncate_modulo", "power",     "atan2",   "maximum",
      "minimum",      "bit_and",         "bit_or",    "bit_xor", "shift_left",
      "shift_right",  "equal",           "not_equal", "less",    "less_equal",
      "greater",      "greater_equal"};
  static_assert(std::size(names) == binary_op_count);
  return names[static_cast<std::size_t>(op)];
}

std::string_view name_of(ReduceOp op) {
  static constexpr std::string_view names[] = {"sum",     "product", "maximum",
                                               "minimum", "any",     "all"};
  return names[static_cast<std::size_t>(op)];
}

std::string_view name_of(ScatterOp op) {
  static constexpr std::string_view names[] = {"set",      "add",     "subtract",
                                               "multiply", "maximum", "minimum"};
  return names[static_cast<std::size_t>(op)];
}

std::string_view name_of(GatedCell cell) { return cell == GatedCell::lstm ? "lstm" : "gru"; }

}  // namespace evergpu::ir
