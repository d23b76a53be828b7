// Element-wise ops: arithmetic, comparisons, bits, functions, activations, and their gradients.
//
// int32 tensors of ops for which TensorFlow itself has a kernel in host memory are left to that
// kernel: it computes shapes with them, and they never come to the device. Not so ZerosLike and
// OnesLike: TensorFlow's kernels want their operand on the device and their result in host memory,
// and such an eager op it runs wrongly.
#include "ops/point.h"

#include <fmt/core.h>

#include "ops/activation.h"
#include "tensorflow/convert.h"
#include "tensorflow/op_table.h"
#include "tensorflow/ops/apply.h"

namespace evergpu::tensorflow {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::UnaryOp;
using ir::Value;

template <BinaryOp op>
constexpr auto binary = apply<[](const Value& x, const Value& y) { return ops::binary(op, x, y); }>;

// Equal and NotEqual: operands that do not broadcast are different as a whole, if wanted.
template <BinaryOp op>
Result<Lowering> equality(const Attributes& attributes) {
  const bool shapes_must_fit = attributes.boolean("incompatible_shape_error");
  return Lowering([shapes_must_fit](Call& call) {
    ir::Shape shape;
    if (!shapes_must_fit && !ir::broadcast_shape(call.shape(0), call.shape(1), &shape))
      return call.output(0, ir::constant(DType::boolean, op == BinaryOp::not_equal ? 1 : 0));
    return call.output(0, ops::binary(op, call.input(0), call.input(1)));
  });
}

template <int number>
Result<Lowering> filled_like(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ir::full(call.shape(0), ir::constant(call.dtype(0), number)));
  });
}

Result<Lowering> cast(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("DstT")](Call& call) {
    return call.output(0, ir::cast(call.input(0), dtype));
  });
}

Result<Lowering> bitcast(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("type")](Call& call) {
    const Value x = call.input(0);
    const Value result = ir::bitcast(x, dtype);
    if (x.status().ok() && !result.status().ok())
      return invalid_argument(fmt::format(
          "Cannot bitcast from {} to {}: {}", static_cast<int>(to_tensorflow(x.dtype())),
          static_cast<int>(to_tensorflow(dtype)), result.status().message()));
    return call.output(0, result);
  });
}

Result<Lowering> leaky_relu(const Attributes& attributes) {
  return Lowering([alpha = attributes.number("alpha")](Call& call) {
    return call.output(0, ops::leaky_relu(call.input(0), alpha));
  });
}

Result<Lowering> leaky_relu_gradient(const Attributes& attributes) {
  return Lowering([alpha = attributes.number("alpha")](Call& call) {
    return call.output(0, ops::leaky_relu_gradient(call.input(0), call.input(1), alpha));
  });
}

Result<Lowering> approximately_equal(const Attributes& attributes) {
  return Lowering([tolerance = attributes.number("tolerance")](Call& call) {
    return call.output(0, ops::approximately_equal(call.input(0), call.input(1), tolerance));
  });
}

Result<Lowering> add_all(const Attributes&) {
  return Lowering(
      [](Call& call) { return call.output(0, ops::add_all(call.inputs(0, call.input_count()))); });
}

Value identity(const Value& x) { return x; }
Value select(const Value& condition, const Value& x, const Value& y) {
  return ir::select(condition, x, y);
}

constexpr DTypes but_i32 = numbers - i32_only;
constexpr DTypes signed_numbers = floats | signed_integers;

constexpr OpRow point_table[] = {
    // arithmetic
    {.op = "Add",
     .types = {{"T", floats | DTypes{DType::u8, DType::i8, DType::i16, DType::i64}}},
     .make = binary<BinaryOp::add>},
    {.op = "AddN", .types = {{"T", but_i32}}, .make = add_all},
    {.op = "AddV2", .types = {{"T", but_i32}}, .make = binary<BinaryOp::add>},
    {.op = "Atan2", .types = {{"T", floats}}, .make = binary<BinaryOp::atan2>},
    {.op = "Div", .types = {{"T", but_i32}}, .make = binary<BinaryOp::divide>},
    {.op = "DivNoNan", .types = {{"T", floats}}, .make = apply<ops::divide_no_nan>},
    {.op = "FloorDiv", .types = {{"T", but_i32}}, .make = binary<BinaryOp::floor_divide>},
    {.op = "FloorMod", .types = {{"T", but_i32}}, .make = binary<BinaryOp::floor_modulo>},
    {.op = "Maximum", .types = {{"T", but_i32}}, .make = binary<BinaryOp::maximum>},
    {.op = "Minimum", .types = {{"T", but_i32}}, .make = binary<BinaryOp::minimum>},
    {.op = "Mod",
     .types = {{"T", floats | DTypes{DType::i64}}},
     .make = binary<BinaryOp::truncate_modulo>},
    {.op = "Mul", .types = {{"T", but_i32}}, .make = binary<BinaryOp::multiply>},
    {.op = "MulNoNan", .types = {{"T", floats}}, .make = apply<ops::multiply_no_nan>},
    {.op = "NextAfter", .types = {{"T", {DType::f32, DType::f64}}}, .make = apply<ops::next_after>},
    {.op = "Pow", .types = {{"T", signed_numbers}}, .make = binary<BinaryOp::power>},
    {.op = "RealDiv", .types = {{"T", floats}}, .make = binary<BinaryOp::divide>},
    {.op = "SquaredDifference",
     .types = {{"T", floats | DTypes{DType::i64}}},
     .make = apply<ops::squared_difference>},
    {.op = "Sub", .types = {{"T", but_i32}}, .make = binary<BinaryOp::subtract>},
    {.op = "TruncateDiv", .types = {{"T", numbers}}, .make = apply<ops::truncate_divide>},
    {.op = "TruncateMod",
     .types = {{"T", floats | DTypes{DType::i64}}},
     .make = binary<BinaryOp::truncate_modulo>},
    {.op = "Xdivy", .types = {{"T", floats}}, .make = apply<ops::xdivy>},
    {.op = "Xlog1py", .types = {{"T", floats}}, .make = apply<ops::xlog1py>},
    {.op = "Xlogy", .types = {{"T", floats}}, .make = apply<ops::xlogy>},

    // comparisons and logic. TensorFlow compares int32 in host memory. Here, where Keras's argmax
    // does it with a whole batch in the middle of a step, that would wait for the forward pass.
    {.op = "ApproximateEqual", .types = {{"T", floats}}, .make = approximately_equal},
    {.op = "Equal", .types = {{"T", all_types}}, .make = equality<BinaryOp::equal>},
    {.op = "Greater", .types = {{"T", numbers}}, .make = binary<BinaryOp::greater>},
    {.op = "GreaterEqual", .types = {{"T", numbers}}, .make = binary<BinaryOp::greater_equal>},
    {.op = "IsFinite", .types = {{"T", floats}}, .make = unary<UnaryOp::is_finite>},
    {.op = "IsInf", .types = {{"T", floats}}, .make = unary<UnaryOp::is_infinite>},
    {.op = "IsNan", .types = {{"T", floats}}, .make = unary<UnaryOp::is_nan>},
    {.op = "Less", .types = {{"T", numbers}}, .make = binary<BinaryOp::less>},
    {.op = "LessEqual", .types = {{"T", numbers}}, .make = binary<BinaryOp::less_equal>},
    {.op = "LogicalAnd", .make = binary<BinaryOp::bit_and>},
    {.op = "LogicalNot", .make = unary<UnaryOp::logical_not>},
    {.op = "LogicalOr", .make = binary<BinaryOp::bit_or>},
    {.op = "NotEqual", .types = {{"T", all_types}}, .make = equality<BinaryOp::not_equal>},
    {.op = "Select", .types = {{"T", all_types}}, .make = apply<ops::select_rows>},
    {.op = "SelectV2", .types = {{"T", all_types}}, .make = apply<select>},

    // bits
    {.op = "BitwiseAnd", .types = {{"T", integers}}, .make = binary<BinaryOp::bit_and>},
    {.op = "BitwiseOr", .types = {{"T", integers}}, .make = binary<BinaryOp::bit_or>},
    {.op = "BitwiseXor", .types = {{"T", integers}}, .make = binary<BinaryOp::bit_xor>},
    {.op = "Invert", .types = {{"T", integers}}, .make = unary<UnaryOp::bitwise_not>},
    {.op = "LeftShift", .types = {{"T", integers}}, .make = binary<BinaryOp::shift_left>},
    {.op = "PopulationCount", .types = {{"T", integers}}, .make = apply<ops::population_count>},
    {.op = "RightShift", .types = {{"T", integers}}, .make = binary<BinaryOp::shift_right>},

    // conversions and copies
    {.op = "Bitcast", .types = {{"T", numbers}, {"type", numbers}}, .make = bitcast},
    {.op = "Cast", .types = {{"SrcT", all_types}, {"DstT", all_types}}, .make = cast},
    {.op = "DeepCopy", .types = {{"T", all_types - i32_only}}, .make = apply<identity>},
    {.op = "OnesLike",
     .types = {{"T", all_types}},
     .host_when = i32_only,
     .host_when_arguments = {"x", "y"},
     .make = filled_like<1>},
    {.op = "Snapshot", .types = {{"T", all_types}}, .make = apply<identity>},
    {.op = "ZerosLike",
     .types = {{"T", all_types}},
     .host_when = i32_only,
     .host_when_arguments = {"x", "y"},
     .make = filled_like<0>},

    // functions
    {.op = "Abs", .types = {{"T", signed_numbers - i32_only}}, .make = unary<UnaryOp::absolute>},
    {.op = "Acos", .types = {{"T", floats}}, .make = unary<UnaryOp::acos>},
    {.op = "Acosh", .types = {{"T", floats}}, .make = unary<UnaryOp::acosh>},
    {.op = "Asin", .types = {{"T", floats}}, .make = unary<UnaryOp::asin>},
    {.op = "Asinh", .types = {{"T", floats}}, .make = unary<UnaryOp::asinh>},
    {.op = "Atan", .types = {{"T", floats}}, .make = unary<UnaryOp::atan>},
    {.op = "Atanh", .types = {{"T", floats}}, .make = unary<UnaryOp::atanh>},
    {.op = "Ceil", .types = {{"T", floats}}, .make = unary<UnaryOp::ceil>},
    {.op = "ClipByValue",
     .types = {{"T", numbers}},
     .host_when = i32_only,
     .host_when_arguments = {"t", "clip_value_min", "clip_value_max", "output"},
     .make = apply<ops::clip>},
    {.op = "Cos", .types = {{"T", floats}}, .make = unary<UnaryOp::cos>},
    {.op = "Cosh", .types = {{"T", floats}}, .make = unary<UnaryOp::cosh>},
    {.op = "Digamma", .types = {{"T", floats}}, .make = unary<UnaryOp::digamma>},
    {.op = "Erf", .types = {{"T", floats}}, .make = unary<UnaryOp::erf>},
    {.op = "Erfc", .types = {{"T", floats}}, .make = unary<UnaryOp::erfc>},
    {.op = "Erfinv", .types = {{"T", floats}}, .make = unary<UnaryOp::erf_inverse>},
    {.op = "Exp", .types = {{"T", floats}}, .make = unary<UnaryOp::exp>},
    {.op = "Expm1", .types = {{"T", floats}}, .make = unary<UnaryOp::expm1>},
    {.op = "Floor", .types = {{"T", floats}}, .make = unary<UnaryOp::floor>},
    {.op = "Inv", .types = {{"T", floats | DTypes{DType::i64}}}, .make = apply<ops::reciprocal>},
    {.op = "Lgamma", .types = {{"T", floats}}, .make = unary<UnaryOp::log_gamma>},
    {.op = "Log", .types = {{"T", floats}}, .make = unary<UnaryOp::log>},
    {.op = "Log1p", .types = {{"T", floats}}, .make = unary<UnaryOp::log1p>},
    {.op = "Ndtri", .types = {{"T", floats}}, .make = apply<ops::normal_quantile>},
    {.op = "Neg", .types = {{"T", signed_numbers - i32_only}}, .make = unary<UnaryOp::negate>},
    {.op = "Reciprocal",
     .types = {{"T", floats | DTypes{DType::i64}}},
     .make = apply<ops::reciprocal>},
    {.op = "Rint", .types = {{"T", floats}}, .make = unary<UnaryOp::round_even>},
    {.op = "Round", .types = {{"T", signed_numbers}}, .make = apply<ops::round>},
    {.op = "Rsqrt", .types = {{"T", floats}}, .make = unary<UnaryOp::rsqrt>},
    {.op = "Sign", .types = {{"T", signed_numbers - i32_only}}, .make = unary<UnaryOp::sign>},
    {.op = "Sin", .types = {{"T", floats}}, .make = unary<UnaryOp::sin>},
    {.op = "Sinh", .types = {{"T", floats}}, .make = unary<UnaryOp::sinh>},
    {.op = "Sqrt", .types = {{"T", floats}}, .make = unary<UnaryOp::sqrt>},
    {.op = "Square", .types = {{"T", but_i32}}, .make = unary<UnaryOp::square>},
    {.op = "Tan", .types = {{"T", floats}}, .make = unary<UnaryOp::tan>},
    {.op = "Tanh", .types = {{"T", floats}}, .make = unary<UnaryOp::tanh>},

    // activations
    {.op = "Elu", .types = {{"T", floats}}, .make = apply<ops::elu>},
    {.op = "LeakyRelu", .types = {{"T", floats}}, .make = leaky_relu},
    {.op = "Relu", .types = {{"T", numbers}}, .make = apply<ops::relu>},
    {.op = "Relu6", .types = {{"T", numbers}}, .make = apply<ops::relu6>},
    {.op = "Selu", .types = {{"T", floats}}, .make = apply<ops::selu>},
    {.op = "Sigmoid", .types = {{"T", floats}}, .make = unary<UnaryOp::sigmoid>},
    {.op = "Softplus", .types = {{"T", floats}}, .make = unary<UnaryOp::softplus>},
    {.op = "Softsign", .types = {{"T", floats}}, .make = apply<ops::softsign>},

    // gradients
    {.op = "EluGrad", .types = {{"T", floats}}, .make = apply<ops::elu_gradient>},
    {.op = "InvGrad", .types = {{"T", floats}}, .make = apply<ops::reciprocal_gradient>},
    {.op = "LeakyReluGrad", .types = {{"T", floats}}, .make = leaky_relu_gradient},
    {.op = "ReciprocalGrad", .types = {{"T", floats}}, .make = apply<ops::reciprocal_gradient>},
    {.op = "Relu6Grad", .types = {{"T", numbers}}, .make = apply<ops::relu6_gradient>},
    {.op = "ReluGrad", .types = {{"T", numbers}}, .make = apply<ops::relu_gradient>},
    {.op = "RsqrtGrad", .types = {{"T", floats}}, .make = apply<ops::rsqrt_gradient>},
    {.op = "SeluGrad", .types = {{"T", floats}}, .make = apply<ops::selu_gradient>},
    {.op = "SigmoidGrad", .types = {{"T", floats}}, .make = apply<ops::sigmoid_gradient>},
    {.op = "SoftplusGrad", .types = {{"T", floats}}, .make = apply<ops::softplus_gradient>},
    {.op = "SoftsignGrad", .types = {{"T", floats}}, .make = apply<ops::softsign_gradient>},
    {.op = "SqrtGrad", .types = {{"T", floats}}, .make = apply<ops::sqrt_gradient>},
    {.op = "TanhGrad", .types = {{"T", floats}}, .make = apply<ops::tanh_gradient>},
};

}  // namespace

std::span<const OpRow> point_rows() { return point_table; }

}  // namespace evergpu::tensorflow
