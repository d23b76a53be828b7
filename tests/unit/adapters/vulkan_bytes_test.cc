// Elements of one byte on a Vulkan device without 8-bit storage, where they are parts of words,
// which any device can be made to be. Against the reference interpreter and the device as it is.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>

#include "adapters/cases.h"
#include "adapters/kernel_runner.h"
#include "adapters/loops.h"
#include "adapters/vulkan/hazards.h"
#include "adapters/vulkan_test.h"
#include "ir/build.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using compiler::Kernel;
using compiler::Loop;
using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::Tensor;
using Op = Instruction::Op;

constexpr DType byte_dtypes[] = {DType::boolean, DType::i8, DType::u8};

std::vector<std::uint32_t> words_of(const std::filesystem::path& path) {
  std::vector<std::uint32_t> words(std::filesystem::file_size(path) / 4);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(words.data()),
            static_cast<std::streamsize>(words.size() * sizeof(std::uint32_t)));
  return words;
}

// What a module declares that it needs (OpCapability, 17).
std::vector<std::uint32_t> capabilities_of(const std::vector<std::uint32_t>& module) {
  constexpr std::size_t header = 5;
  std::vector<std::uint32_t> capabilities;
  for (std::size_t at = header; at < module.size() && (module[at] & 0xffff) == 17;
       at += module[at] >> 16)
    capabilities.push_back(module[at + 1]);
  return capabilities;
}

/// device_ has no 8-bit storage, nor has one that is divided as a GPU would be; plain_ may have it.
class VulkanBytes : public VulkanTest {
 protected:
  void SetUp() override {
    {
      const evergpu::testing::ScopedVariable profile("EVERGPU_VULKAN_PROFILE", "baseline");
      VulkanTest::SetUp();
      if (device_ == nullptr) return;
      like_a_gpu_ = open_with("EVERGPU_VULKAN_TILES", "gpu");
    }
    plain_ = open_with("EVERGPU_VULKAN_TILES", "");
  }

  // No module may need what the device lacks: bytes in storage or as numbers.
  void TearDown() override {
    plain_.reset();
    like_a_gpu_.reset();
    if (device_ != nullptr) {
      int modules = 0;
      for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        ++modules;
        for (std::uint32_t capability : capabilities_of(words_of(entry.path())))
          EXPECT_TRUE(capability != 39 && capability != 4448 && capability != 4449)
              << entry.path() << " needs capability " << capability;
      }
      EXPECT_GT(modules, 0);
    }
    VulkanTest::TearDown();
  }

  // The bytes around those that are written (0xff before) count too.
  void expect_equal(const Kernel& kernel, const std::vector<Tensor>& inputs,
                    const std::vector<std::int64_t>& output_elements = {}) {
    const auto expected = run_reference(kernel, inputs, output_elements);
    const auto plain = run_on(*plain_, kernel, inputs, output_elements);
    for (Device* device : {device_.get(), like_a_gpu_.get()}) {
      const auto actual = run_on(*device, kernel, inputs, output_elements);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(difference(actual[i], expected[i]), "") << "output " << i;
        EXPECT_TRUE(std::equal(actual[i].bytes().begin(), actual[i].bytes().end(),
                               plain[i].bytes().begin()))
            << "not the bits of the device as it is, output " << i;
      }
    }
  }
  void expect_equal(const ir::Value& value, const std::vector<Tensor>& inputs) {
    ASSERT_TRUE(value.status().ok()) << value.status().message();
    SCOPED_TRACE(std::string(name_of(value->operation().kind)) + " of " +
                 std::string(name_of(inputs[0].dtype())));
    expect_equal(library_of(value->operation(), inputs), inputs);
  }

  std::unique_ptr<Device> like_a_gpu_;
  std::unique_ptr<Device> plain_;
};

TEST_F(VulkanBytes, EveryCastOfEveryPattern) {
  std::vector<std::uint8_t> patterns(257);
  for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<std::uint8_t>(i);
  for (DType from : byte_dtypes)
    for (DType to : ir::all_dtypes) {
      Tensor input(from, {257});
      for (std::size_t i = 0; i < patterns.size(); ++i)
        input.bytes()[i] =
            static_cast<std::byte>(from == DType::boolean ? patterns[i] % 2 : patterns[i]);
      SCOPED_TRACE(std::string(name_of(from)) + " and " + std::string(name_of(to)));
      expect_equal(flat_loop(257, {from}, {false}, {.op = Op::cast, .dtype = to}), {input}, {257});
      std::mt19937 random(1);
      expect_equal(flat_loop(257, {to}, {false}, {.op = Op::cast, .dtype = from}),
                   {random_tensor(random, to, {257}, true)}, {257});
    }
}

TEST_F(VulkanBytes, EveryLength) {
  std::mt19937 random(2);
  for (std::int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 256, 257, 1021})
    for (DType dtype : byte_dtypes) {
      SCOPED_TRACE(n);
      const auto op = dtype == DType::boolean ? ir::BinaryOp::bit_xor : ir::BinaryOp::subtract;
      expect_equal(
          flat_loop(n, {dtype, dtype}, {false, false},
                    {.op = Op::binary, .dtype = dtype, .binary_op = op}),
          {random_tensor(random, dtype, {n}, true), random_tensor(random, dtype, {n}, true)}, {n});
    }
}

// The bytes of a word are stored by invocations far from each other, or not at all.
TEST_F(VulkanBytes, EveryArrangement) {
  std::mt19937 random(3);
  for (const std::int64_t offset : {0, 1, 2, 3, 301})
    for (const ir::Dims& strides : {ir::Dims{1, 5}, {-1, 5}, {20001, 1}, {2, 11}, {1, -7}}) {
      const ir::Dims extents{5, 4000};
      Loop loop;
      loop.extents = extents;
      std::int64_t low = 0;
      std::int64_t high = 0;
      for (std::size_t axis = 0; axis < 2; ++axis) {
        const std::int64_t far = strides[axis] * (extents[axis] - 1);
        (far < 0 ? low : high) += far;
      }
      const std::int64_t elements = offset + high - low + 1;
      for (int i = 0; i < 2; ++i) {
        loop.inputs.push_back({DType::i8, strides, offset - low});
        loop.outputs.push_back({DType::i8, strides, offset - low});
        loop.program.push_back(load(DType::i8, static_cast<std::uint16_t>(i)));
      }
      std::swap(loop.inputs[1].strides, loop.inputs[0].strides);
      loop.program.push_back({.op = Op::binary,
                              .dtype = DType::i8,
                              .binary_op = ir::BinaryOp::subtract,
                              .a = 0,
                              .b = 1});
      loop.results = {2, 0};
      expect_equal(loop,
                   {random_tensor(random, DType::i8, {elements}, true),
                    random_tensor(random, DType::i8, {elements}, true)},
                   {elements, elements + 2});
    }
}

// As dropout has it: a mask that is stored, and numbers chosen by it.
TEST_F(VulkanBytes, AMaskAndWhatItKeeps) {
  std::mt19937 random(4);
  constexpr std::int64_t n = 70001;
  Loop loop;
  loop.extents = {n};
  loop.inputs = {{DType::f32, {1}, 0}, {DType::f32, {1}, 0}};
  loop.program = {load(DType::f32, 0), load(DType::f32, 1)};
  loop.program.push_back({.op = Op::binary,
                          .dtype = DType::boolean,
                          .binary_op = ir::BinaryOp::greater_equal,
                          .a = 0,
                          .b = 1});
  loop.program.push_back({.op = Op::select, .dtype = DType::f32, .a = 2, .b = 0, .c = 1});
  loop.outputs = {{DType::boolean, {1}, 3}, {DType::f32, {1}, 0}};
  loop.results = {2, 3};
  expect_equal(loop,
               {random_tensor(random, DType::f32, {n}), random_tensor(random, DType::f32, {n})},
               {n + 3, n});
}

TEST_F(VulkanBytes, Reductions) {
  std::mt19937 random(5);
  const std::pair<Shape, ir::Dims> cases[] = {{{5, 70}, {1}},   {{7, 3}, {0}},
                                              {{100000}, {0}},  {{40000, 3}, {0}},
                                              {{3, 5000}, {1}}, {{6, 900, 2}, {1}}};
  for (DType dtype : byte_dtypes)
    for (const auto& [shape, axes] : cases)
      for (ReduceOp op : {ReduceOp::sum, ReduceOp::maximum, ReduceOp::any, ReduceOp::all}) {
        const bool logical = op == ReduceOp::any || op == ReduceOp::all;
        if (logical != (dtype == DType::boolean)) continue;
        const std::vector<Tensor> inputs{random_tensor(random, dtype, shape, true)};
        expect_equal(ir::reduce(op, leaf(inputs[0]), axes), inputs);
      }
}

// A loop that stores bytes and reduces them.
TEST_F(VulkanBytes, AFusedReduction) {
  std::mt19937 random(6);
  for (const auto& [rows, columns, over_rows] :
       {std::tuple{300, 70, true}, {301, 70, false}, {5, 20001, false}, {1000, 3, true}}) {
    const ir::Dims kept = over_rows ? ir::Dims{0, 1} : ir::Dims{1, 0};
    const std::int64_t results = over_rows ? columns : rows;
    Loop loop;
    loop.extents = {rows, columns};
    loop.inputs.push_back({DType::u8, {columns, 1}, 1});
    loop.program.push_back(load(DType::u8, 0));
    loop.program.push_back({.op = Op::binary,
                            .dtype = DType::u8,
                            .binary_op = ir::BinaryOp::multiply,
                            .a = 0,
                            .b = 0});
    loop.outputs = {{DType::u8, {columns, 1}, 1}, {DType::u8, kept, 2}, {DType::u8, kept, 0}};
    loop.results = {1, 1, 0};
    loop.reductions = {ReduceOp::sum, ReduceOp::minimum};
    const Tensor input = random_tensor(random, DType::u8, {rows * columns + 1}, true);
    const auto plain = run_on(*plain_, loop, {input}, {rows * columns + 1, results + 2, results});
    for (Device* device : {device_.get(), like_a_gpu_.get()}) {
      const auto actual =
          run_on(*device, loop, {input}, {rows * columns + 1, results + 2, results});
      for (std::size_t i = 0; i < plain.size(); ++i)
        EXPECT_EQ(difference(actual[i], plain[i]), "") << "output " << i;
    }
  }
}

TEST_F(VulkanBytes, Movement) {
  std::mt19937 random(7);
  for (DType dtype : byte_dtypes) {
    const Tensor x = random_tensor(random, dtype, {7, 13, 5}, true);
    const Tensor y = random_tensor(random, dtype, {7, 2, 5}, true);
    const Tensor padding = random_tensor(random, dtype, {});
    const Tensor indices = random_tensor(random, DType::i32, {3, 11});
    expect_equal(ir::pad(leaf(x), leaf(padding), {1, 0, 2}, {0, 2, 1}, {0, 1, 0}), {x, padding});
    const std::vector<ir::Value> both{leaf(x), leaf(y)};
    expect_equal(ir::concat(both, 1), {x, y});
    expect_equal(ir::gather(leaf(x), leaf(indices), 0, 0), {x, indices});
    expect_equal(ir::argsort(leaf(x), true), {x});
    const Tensor rows = random_tensor(random, DType::i32, {40});
    const Tensor updates = random_tensor(random, dtype, {40, 13, 5}, true);
    expect_equal(ir::scatter(ir::ScatterOp::set, leaf(x), leaf(rows), leaf(updates)),
                 {x, rows, updates});
  }
}

TEST_F(VulkanBytes, ArithmeticOfTheLibrary) {
  std::mt19937 random(8);
  for (DType dtype : {DType::i8, DType::u8}) {
    const Tensor x = random_tensor(random, dtype, {7, 1301}, true);
    const Tensor rows = random_tensor(random, dtype, {40});
    const Tensor updates = random_tensor(random, dtype, {40, 1301}, true);
    expect_equal(ir::scatter(ir::ScatterOp::add, leaf(x), leaf(rows), leaf(updates)),
                 {x, rows, updates});
    for (int axis : {0, 1}) {
      expect_equal(ir::scan(ReduceOp::sum, leaf(x), axis, axis == 0, axis == 1), {x});
      expect_equal(ir::arg_reduce(ReduceOp::maximum, leaf(x), axis, DType::i64), {x});
    }
    for (auto op : {ReduceOp::maximum, ReduceOp::sum}) {
      const ir::Window window{op, {2, 3}, {2, 2}, {0, 1}, {1, 0}};
      const ir::Value pooled = ir::window_reduce(leaf(x), window);
      expect_equal(pooled, {x});
      const Tensor gradient = random_tensor(random, dtype, pooled.shape());
      const auto operands = op == ReduceOp::maximum ? std::vector<Tensor>{x, gradient}
                                                    : std::vector<Tensor>{gradient};
      expect_equal(ir::window_gradient(leaf(x), leaf(gradient), window), operands);
    }
    const Tensor a = random_tensor(random, dtype, {67, 130});
    const Tensor b = random_tensor(random, dtype, {130, 71});
    expect_equal(ir::matmul(leaf(a), leaf(b), false, false), {a, b});
    ir::Convolution attributes;
    attributes.strides = attributes.dilations = {1, 1};
    attributes.pad_low = attributes.pad_high = {1, 1};
    const Tensor image = random_tensor(random, dtype, {2, 9, 8, 3});
    const Tensor filter = random_tensor(random, dtype, {3, 3, 3, 5});
    expect_equal(ir::convolution(leaf(image), leaf(filter), attributes), {image, filter});
  }
}

// A command that writes a byte goes through its word.
TEST(VulkanHazards, AreOfWholeWords) {
  vulkan::Hazards hazards;
  hazards.add({nullptr, 8, 3}, true);
  EXPECT_TRUE(hazards.conflicts({nullptr, 11, 1}, true));
  EXPECT_TRUE(hazards.conflicts({nullptr, 11, 1}, false));
  EXPECT_FALSE(hazards.conflicts({nullptr, 12, 1}, true));
  EXPECT_FALSE(hazards.conflicts({nullptr, 4, 4}, true));
  hazards.add({nullptr, 18, 1}, false);
  EXPECT_TRUE(hazards.conflicts({nullptr, 16, 1}, true));
  EXPECT_FALSE(hazards.conflicts({nullptr, 16, 1}, false));
}

}  // namespace
}  // namespace evergpu::adapters
