// What builders infer, leave out and refuse.
#include "ir/build.h"

#include "ir/arrays.h"

namespace evergpu::ir {
namespace {

void expect_type(const Value& value, DType dtype, const Shape& shape) {
  ASSERT_TRUE(value.status().ok()) << value.status().message();
  EXPECT_EQ(value.dtype(), dtype);
  EXPECT_EQ(to_string(value.shape()), to_string(shape));
}

void expect_failure(const Value& value, const std::string& words) {
  const Status status = value.status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
}

Dims axes(std::initializer_list<std::int64_t> list) { return list; }

TEST(Build, ConstantsAreConvertedOnce) {
  const auto bits = [](const Value& value) { return value->operation().get<Constant>().bits; };
  EXPECT_EQ(bits(constant(DType::f16, 1.0)), 0x3c00u);
  EXPECT_EQ(bits(constant(DType::i8, 300)), 0x7fu);
  EXPECT_EQ(bits(constant(DType::i32, -1)), 0xffffffffu);
  EXPECT_EQ(bits(constant(DType::boolean, 0.5)), 1u);
  EXPECT_EQ(bits(constant_integer(DType::i64, INT64_MAX)), static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(bits(constant_integer(DType::u64, -1)), UINT64_MAX);
  expect_failure(constant_bits(DType::u8, 256), "0x100 is no u8");
}

TEST(Build, PointOperandsBroadcastToTheResult) {
  const Value sum = placeholder({2, 1}) + placeholder({3});
  expect_type(sum, DType::f32, {2, 3});
  for (const Value& operand : sum->operands()) {
    EXPECT_EQ(operand->operation().kind, Kind::broadcast);
    EXPECT_EQ(operand.shape(), (Shape{2, 3}));
  }
  expect_type(binary(BinaryOp::less, placeholder({2}), placeholder({2})), DType::boolean, {2});
  expect_type(unary(UnaryOp::is_nan, placeholder({2})), DType::boolean, {2});
  expect_type(select(placeholder(DType::boolean, {2, 1}), placeholder({3}), placeholder({})),
              DType::f32, {2, 3});
  expect_type(2.0 * placeholder(DType::f16, {2}), DType::f16, {2});
}

TEST(Build, PointOperandsMustFit) {
  expect_failure(placeholder({2}) + placeholder({3}), "Incompatible shapes: [2] vs. [3]");
  expect_failure(placeholder({2}) + placeholder(DType::f16, {2}), "add of f32[2] and f16[2]");
  expect_failure(unary(UnaryOp::exp, placeholder(DType::i32, {})), "no exp of i32");
  expect_failure(unary(UnaryOp::negate, placeholder(DType::boolean, {})), "no negate of bool");
  expect_failure(binary(BinaryOp::bit_and, placeholder({}), placeholder({})), "no bit_and of f32");
  expect_failure(select(placeholder({}), placeholder({}), placeholder({})), "must be bool");
}

TEST(Build, WhatChangesNothingIsTheOperand) {
  const Value x = placeholder({2, 3});
  EXPECT_EQ(broadcast(x, {2, 3}), x);
  EXPECT_EQ(reshape(x, {2, 3}), x);
  EXPECT_EQ(cast(x, DType::f32), x);
  EXPECT_EQ(bitcast(x, DType::f32), x);
  EXPECT_EQ(permute(x, axes({0, 1})), x);
  EXPECT_EQ(slice(x, {0, 0}, {2, 3}), x);
  EXPECT_EQ(slice(placeholder({1}), {0}, {1}, {-5})->operation().kind, Kind::load);
  EXPECT_EQ(flip(x, {}), x);
  EXPECT_EQ(pad(x, constant(DType::f32, 0), {0, 0}, {0, 0}), x);
  EXPECT_EQ(concat({&x, 1}, 0), x);
  EXPECT_EQ(reduce(ReduceOp::sum, x, {}), x);
  const Value integer = placeholder(DType::i32, {2});
  EXPECT_EQ(unary(UnaryOp::floor, integer), integer);
}

TEST(Build, MovementsInferShapes) {
  const Value x = placeholder({2, 3, 4});
  expect_type(permute(x, axes({2, 0, 1})), DType::f32, {4, 2, 3});
  expect_type(slice(x, {1, 2, 3}, {1, 2, 4}, {1, -2, -1}), DType::f32, {1, 2, 4});
  expect_type(pad(x, constant(DType::f32, 0), {1, 0, 0}, {0, 2, 0}, {0, 0, 2}), DType::f32,
              {3, 5, 10});
  expect_type(pad(placeholder({0}), constant(DType::f32, 0), {1}, {1}, {5}), DType::f32, {2});
  expect_type(concat(Operands{x, placeholder({2, 5, 4})}, -2), DType::f32, {2, 8, 4});
  expect_type(bitcast(placeholder({3}), DType::u8), DType::u8, {3, 4});
  expect_type(bitcast(placeholder(DType::u8, {3, 8}), DType::f64), DType::f64, {3});
}

TEST(Build, MovementsMustFit) {
  const Value x = placeholder({2, 3});
  expect_failure(broadcast(x, {3}), "broadcast: f32[2,3] to [3]");
  expect_failure(reshape(x, {5}), "reshape: f32[2,3] to [5]");
  expect_failure(reshape(x, {-2, -3}), "negative extent");
  expect_failure(permute(x, axes({0, 0})), "axis 0 twice");
  expect_failure(permute(x, axes({0, 2})), "axis 2 is out of range for rank 2");
  expect_failure(permute(x, axes({0})), "1 axes for f32[2,3]");
  expect_failure(slice(x, {0, 1}, {2, 3}), "elements 1 to 3 of axis 1");
  expect_failure(slice(x, {0, 0}, {2, 3}, {1, -1}), "elements 0 to -2 of axis 1");
  expect_failure(slice(x, {0, 0}, {2, 2}, {1, 0}), "stride 0");
  expect_failure(slice(x, {0}, {2}), "1 starts");
  expect_failure(flip(x, axes({2})), "axis 2 is out of range");
  expect_failure(flip(x, axes({1, -1})), "twice");
  expect_failure(pad(x, constant(DType::f32, 0), {-1, 0}, {0, 0}), "negative padding of axis 0");
  expect_failure(pad(x, constant(DType::f64, 0), {1, 0}, {0, 0}), "the value must be f32[]");
  expect_failure(concat(Operands{x, placeholder({3, 3})}, 1), "f32[2,3] and f32[3,3] along axis 1");
  expect_failure(concat(Operands{x, x}, 2), "axis 2 is out of range");
  expect_failure(concat({}, 0), "no operands");
  expect_failure(bitcast(x, DType::f64), "needs a last axis of 2");
}

TEST(Build, ReductionsInferShapes) {
  const Value x = placeholder({2, 3, 4});
  expect_type(reduce(ReduceOp::sum, x, axes({-1, 0})), DType::f32, {3});
  expect_type(reduce(ReduceOp::sum, x, axes({2, 0}), true), DType::f32, {1, 3, 1});
  expect_type(arg_reduce(ReduceOp::maximum, x, -2, DType::i64), DType::i64, {2, 4});
  expect_type(scan(ReduceOp::sum, x, -1, false, false), DType::f32, {2, 3, 4});
  expect_type(window_reduce(placeholder({1, 5}), {ReduceOp::sum, {1, 2}, {1, 2}, {0, 1}, {0, 1}}),
              DType::f32, {1, 3});
  expect_type(window_reduce(placeholder({1}), {ReduceOp::sum, {3}, {1}, {0}, {0}}), DType::f32,
              {0});
}

TEST(Build, ReductionsMustFit) {
  const Value x = placeholder({2, 0});
  expect_failure(reduce(ReduceOp::sum, x, axes({2})), "out of range");
  expect_failure(reduce(ReduceOp::sum, x, axes({1, -1})), "stands twice");
  expect_failure(reduce(ReduceOp::any, x, axes({0})), "no any of f32");
  expect_failure(reduce(ReduceOp::sum, placeholder(DType::boolean, {2}), axes({0})),
                 "no sum of bool");
  expect_failure(arg_reduce(ReduceOp::sum, x, 0, DType::i32), "no index of a sum");
  expect_failure(arg_reduce(ReduceOp::maximum, x, 1, DType::i32), "is empty");
  expect_failure(arg_reduce(ReduceOp::maximum, x, 0, DType::f32), "no f32 indices");
  expect_failure(scan(ReduceOp::sum, x, 2, false, false), "axis 2 is out of range");
  const Window window{ReduceOp::maximum, {2}, {1}, {0}, {0}};
  expect_failure(window_reduce(x, window), "does not have the rank");
  expect_failure(window_gradient(placeholder({4}), placeholder({4}), window), "must be [3]");
  expect_failure(window_reduce(placeholder({4}), {ReduceOp::product, {2}, {1}, {0}, {0}}),
                 "no product over windows");
}

TEST(Build, MatmulBroadcastsBatches) {
  const Value product = matmul(placeholder({5, 1, 2, 3}), placeholder({4, 3, 6}));
  expect_type(product, DType::f32, {5, 4, 2, 6});
  EXPECT_EQ(product->operands()[0].shape(), (Shape{5, 4, 2, 3}));
  EXPECT_EQ(product->operands()[1].shape(), (Shape{5, 4, 3, 6}));
  expect_type(matmul(placeholder({3, 2}), placeholder({6, 3}), true, true), DType::f32, {2, 6});
  expect_failure(matmul(placeholder({2, 3}), placeholder({2, 3})), "f32[2,3] and f32[2,3]");
  expect_failure(matmul(placeholder({2, 3}), placeholder({3})), "operands [2,3] and [3]");
  expect_failure(matmul(placeholder({2, 2, 3}), placeholder({3, 3, 2})), "operands");
}

TEST(Build, ConvolutionsInferShapes) {
  const Convolution last{{2, 1}, {1, 2}, {1, 0}, {0, 1}, 2, Layout::channels_last};
  expect_type(convolution(placeholder({3, 8, 9, 4}), placeholder({3, 2, 2, 6}), last), DType::f32,
              {3, 4, 8, 6});
  const Convolution first{{2, 1}, {1, 2}, {1, 0}, {0, 1}, 2, Layout::channels_first};
  const Value x = placeholder({3, 4, 8, 9});
  const Value filter = placeholder({3, 2, 2, 6});
  const Value y = convolution(x, filter, first);
  expect_type(y, DType::f32, {3, 6, 4, 8});
  expect_type(convolution_input(x.shape(), filter, y, first), DType::f32, {3, 4, 8, 9});
  expect_type(convolution_filter(x, filter.shape(), y, first), DType::f32, {3, 2, 2, 6});
  expect_failure(convolution_input(x.shape(), filter, x, first), "the gradient must be [3,6,4,8]");
  expect_failure(convolution(x, filter, last), "2 groups");
  expect_failure(convolution(placeholder({3, 8, 4}), filter, last), "2 spatial axes");
}

TEST(Build, IndexedOperationsInferShapes) {
  const Value params = placeholder({2, 5, 7});
  const Value indices = placeholder(DType::i32, {2, 3});
  expect_type(gather(params, indices, 1), DType::f32, {2, 2, 3, 7});
  expect_type(gather(params, indices, -2, 1), DType::f32, {2, 3, 7});
  expect_type(scatter(ScatterOp::add, placeholder({5, 7}), indices, placeholder({2, 3, 7})),
              DType::f32, {5, 7});
  expect_type(argsort(params, true), DType::i32, {2, 5, 7});
  expect_failure(gather(params, params, 1), "indices are f32[2,5,7]");
  expect_failure(gather(params, indices, 1, 2), "no batch axes");
  expect_failure(gather(params, indices, 3), "axis 3 is out of range");
  expect_failure(scatter(ScatterOp::add, params, indices, params), "updates");
  expect_failure(argsort(placeholder({}), true), "no axis");
}

TEST(Build, RandomSourcesCheckKeyAndCounter) {
  const Value key = placeholder(DType::u64, {1});
  const Value counter = placeholder(DType::u64, {2});
  expect_type(philox(key, counter, 7), DType::u32, {7});
  expect_type(truncated_normal(DType::f64, key, counter, 7), DType::f64, {7});
  expect_failure(philox(counter, counter, 7), "the key must be u64[1], not u64[2]");
  expect_failure(philox(key, key, 7), "the counter must be u64[2]");
  expect_failure(philox(key, counter, -1), "negative extent");
  expect_failure(truncated_normal(DType::f16, key, counter, 7), "no f16 results");
}

TEST(Build, TheFirstFailureTravels) {
  const Value bad = reshape(placeholder({2}), {3});
  const Value worse = reshape(placeholder({2}), {4});
  EXPECT_EQ(bad + worse, bad);
  EXPECT_EQ(placeholder({2}) + bad, bad);
  EXPECT_EQ(bad * 2.0, bad);
  EXPECT_EQ(unary(UnaryOp::exp, bad), bad);
  EXPECT_EQ(select(placeholder(DType::boolean, {}), bad, worse), bad);
  EXPECT_EQ(cast(bad, DType::i32), bad);
  EXPECT_EQ(bitcast(bad, DType::i32), bad);
  EXPECT_EQ(broadcast(bad, {3}), bad);
  EXPECT_EQ(slice(bad, {0}, {1}), bad);
  EXPECT_EQ(flip(bad, axes({0})), bad);
  EXPECT_EQ(pad(placeholder({2}), bad, {1}, {1}), bad);
  EXPECT_EQ(concat(Operands{placeholder({2}), bad, worse}, 0), bad);
  EXPECT_EQ(reduce(ReduceOp::sum, bad, axes({0})), bad);
  EXPECT_EQ(arg_reduce(ReduceOp::maximum, bad, 0, DType::i32), bad);
  EXPECT_EQ(scan(ReduceOp::sum, bad, 0, false, false), bad);
  EXPECT_EQ(window_reduce(bad, {}), bad);
  EXPECT_EQ(matmul(placeholder({2, 2}), bad), bad);
  EXPECT_EQ(gather(bad, worse, 0), bad);
  EXPECT_EQ(argsort(bad, true), bad);
}

}  // namespace
}  // namespace evergpu::ir
