#include "runtime/device.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "ir/build.h"
#include "runtime/make_device.h"

namespace evergpu::runtime {
namespace {

using ir::DType;
using ir::Shape;
using ir::Value;

std::vector<float> download(Device& device, const void* address, std::size_t count) {
  std::vector<float> result(count);
  const Status status = device.download(result.data(), address, count * sizeof(float));
  EXPECT_TRUE(status.ok()) << status.message();
  return result;
}

TEST(Device, ComputesWhatIsReadBack) {
  const auto device = make_device();
  const Buffer x(*device, 16);
  const Buffer y(*device, 16);
  const std::vector<float> numbers = {1, 2, 3, 4};
  ASSERT_TRUE(device->upload(x.address(), numbers.data(), 16).ok());
  const Value value = device->read(x.address(), DType::f32, Shape{2, 2});
  ASSERT_TRUE(device->write(y.address(), value * value + 1.0).ok());
  EXPECT_EQ(device->statistics().kernels, 0u);
  EXPECT_EQ(download(*device, y.address(), 4), (std::vector<float>{2, 5, 10, 17}));
  EXPECT_EQ(device->statistics().flushes, 1u);
}

TEST(Device, AFreedTemporaryNeverExists) {
  const auto device = make_device();
  const Buffer kept(*device, 4096);
  {
    const Buffer temporary(*device, 4096);
    const Value ones = ir::full(Shape{1024}, ir::constant(DType::f32, 1));
    ASSERT_TRUE(device->write(temporary.address(), ones + 1.0).ok());
    ASSERT_TRUE(device
                    ->write(kept.address(),
                            device->read(temporary.address(), DType::f32, Shape{1024}) * 3.0)
                    .ok());
  }
  {
    const Buffer unread(*device, 4096);
    ASSERT_TRUE(device->write(unread.address(), ir::zeros(DType::f32, Shape{1024})).ok());
  }
  EXPECT_EQ(download(*device, kept.address(), 1024)[1023], 6.0F);
  EXPECT_EQ(device->statistics().bytes_created, 4096u);
  EXPECT_EQ(device->statistics().bytes_written, 4096u);
}

TEST(Device, ATraceHasWhatWasLaunchedWhileItRan) {
  const auto device = make_device();
  const Buffer buffer(*device, 16);
  const std::vector<float> numbers = {1, 2, 3, 4};
  ASSERT_TRUE(device->upload(buffer.address(), numbers.data(), 16).ok());
  const std::string first = "a (Add)";
  const std::string second = "b (Mul)";
  const auto step = [&] {
    Value value = device->read(buffer.address(), DType::f32, Shape{4});
    {
      const ir::OriginScope scope(first);
      value = value + 1.0;
    }
    {
      const ir::OriginScope scope(second);
      value = value * value;
    }
    ASSERT_TRUE(device->write(buffer.address(), value).ok());
    download(*device, buffer.address(), 4);
  };
  step();
  device->trace().start();
  step();
  const Trace::Recording recording = device->trace().stop();
  step();
  EXPECT_TRUE(device->trace().stop().launches.empty());

  ASSERT_EQ(recording.launches.size(), 1u);
  const Launch& launch = recording.launches[0];
  EXPECT_EQ(launch.kernel, "loop [4] add, multiply");
  EXPECT_EQ(launch.operations, (std::vector{first, second}));
  EXPECT_EQ(launch.bytes_stored, 16u);
  EXPECT_LT(launch.interval.begin, launch.interval.end);
}

TEST(Device, OldValueSurvivesAWriteInPlace) {
  const auto device = make_device();
  const Buffer variable(*device, 16);
  const Buffer before(*device, 16);
  ASSERT_TRUE(
      device->write(variable.address(), ir::full(Shape{4}, ir::constant(DType::f32, 5))).ok());
  const Value old = device->read(variable.address(), DType::f32, Shape{4});
  ASSERT_TRUE(device->write(variable.address(), old - 1.0).ok());
  ASSERT_TRUE(device->write(before.address(), old * 2.0).ok());
  EXPECT_EQ(download(*device, variable.address(), 1)[0], 4.0F);
  EXPECT_EQ(download(*device, before.address(), 1)[0], 10.0F);
}

// A variable of four numbers, 5, whose bytes exist.
void make_variable(Device& device, const Buffer& variable) {
  ASSERT_TRUE(
      device.write(variable.address(), ir::full(Shape{4}, ir::constant(DType::f32, 5)) + 0.0).ok());
  ASSERT_TRUE(device.synchronize().ok());
}

// Records the variable's next value: one less.
void step(Device& device, const Buffer& variable) {
  const Value old = device.read(variable.address(), DType::f32, Shape{4});
  ASSERT_TRUE(device.write(variable.address(), old - 1.0).ok());
}

TEST(Device, AVariableIsSteppedInItsOwnBytes) {
  const auto device = make_device();
  const Buffer variable(*device, 16);
  make_variable(*device, variable);
  const std::uint64_t created = device->statistics().bytes_created;
  for (int i = 0; i < 3; ++i) step(*device, variable);
  EXPECT_EQ(download(*device, variable.address(), 1)[0], 2.0F);
  EXPECT_EQ(device->statistics().bytes_created, created);
}

TEST(Device, BytesThatSomebodySeesAreNotWrittenOver) {
  const auto device = make_device();
  const Buffer variable(*device, 16);
  const Buffer copy(*device, 16);
  make_variable(*device, variable);
  {
    const Value held = device->read(variable.address(), DType::f32, Shape{4});
    ASSERT_TRUE(device->write(variable.address(), held - 1.0).ok());
    EXPECT_EQ(download(*device, variable.address(), 1)[0], 4.0F);
    ASSERT_TRUE(device->write(copy.address(), held * 2.0).ok());
    EXPECT_EQ(download(*device, copy.address(), 1)[0], 10.0F);
  }
  ASSERT_TRUE(device->copy(copy.address(), variable.address(), 16).ok());
  step(*device, variable);
  EXPECT_EQ(download(*device, variable.address(), 1)[0], 3.0F);
  EXPECT_EQ(download(*device, copy.address(), 1)[0], 4.0F);
  // The same bytes under two names: a reshape's are its operand's.
  ASSERT_TRUE(
      device
          ->write(copy.address(),
                  ir::reshape(device->read(variable.address(), DType::f32, Shape{4}), Shape{2, 2}))
          .ok());
  ASSERT_TRUE(device->synchronize().ok());
  step(*device, variable);
  EXPECT_EQ(download(*device, variable.address(), 1)[0], 2.0F);
  EXPECT_EQ(download(*device, copy.address(), 1)[0], 3.0F);
}

TEST(Device, UnwrittenBytesReadAsZeros) {
  const auto device = make_device();
  const Buffer buffer(*device, 16);
  const float seven = 7;
  ASSERT_TRUE(device->upload(buffer.address() + 4, &seven, 4).ok());
  EXPECT_EQ(download(*device, buffer.address(), 4), (std::vector<float>{0, 7, 0, 0}));
  const Buffer sum(*device, 4);
  const std::int64_t axis = 0;
  const Value all = device->read(buffer.address(), DType::f32, Shape{4});
  ASSERT_TRUE(device->write(sum.address(), ir::reduce(ir::ReduceOp::sum, all, {&axis, 1})).ok());
  EXPECT_EQ(download(*device, sum.address(), 1)[0], 7.0F);
}

TEST(Device, AnAddressOfNobodyIsAnError) {
  const auto device = make_device();
  float number = 0;
  EXPECT_EQ(device->download(&number, &number, 4).code(), Code::internal);
  const Buffer buffer(*device, 16);
  EXPECT_EQ(device->download(&number, buffer.address() + 16, 4).code(), Code::internal);
  EXPECT_FALSE(device->owns(&number));
  EXPECT_TRUE(device->owns(buffer.address() + 3));
}

TEST(Device, AFailedValueIsRefusedAtTheWrite) {
  const auto device = make_device();
  const Buffer buffer(*device, 16);
  const Value bad = ir::reshape(ir::zeros(DType::f32, Shape{4}), Shape{5});
  EXPECT_EQ(device->write(buffer.address(), bad).code(), Code::invalid_argument);
}

TEST(Device, WhatFollowsFromConstantsIsReadWithoutALaunch) {
  const auto device = make_device();
  const std::int32_t turn = 3;
  const std::int32_t turns = 4;
  const Buffer counter(*device, 4);
  const Buffer condition(*device, 1);
  ASSERT_TRUE(device->upload(counter.address(), &turn, 4).ok());
  const Value next = device->read(counter.address(), DType::i32, Shape{}) + 1.0;
  const Value limit = device->capture(DType::i32, Shape{}, &turns);
  ASSERT_TRUE(device->write(condition.address(), ir::binary(ir::BinaryOp::less, next, limit)).ok());
  bool goes_on = true;
  ASSERT_TRUE(device->download(&goes_on, condition.address(), 1).ok());
  EXPECT_FALSE(goes_on);
  EXPECT_EQ(device->statistics().kernels, 0u);
}

TEST(Device, AFaultPoisonsWhatDependsOnItAndNothingElse) {
  for (const auto point : {adapters::Fault::Point::launch, adapters::Fault::Point::compile}) {
    const auto device = make_device({}, adapters::Fault{point, 1});
    const Buffer x(*device, 16);
    const Buffer y(*device, 16);
    const Buffer other(*device, 16);
    const std::vector<float> numbers = {1, 2, 3, 4};
    ASSERT_TRUE(device->upload(x.address(), numbers.data(), 16).ok());
    {
      static const std::string origin = "layer/Exp (Exp)";
      const ir::OriginScope scope(origin);
      const Value exp =
          ir::unary(ir::UnaryOp::exp, device->read(x.address(), DType::f32, Shape{4}));
      ASSERT_TRUE(device->write(y.address(), exp).ok());
    }
    std::vector<float> result(4);
    const Status status = device->download(result.data(), y.address(), 16);
    EXPECT_EQ(status.code(), Code::internal);
    EXPECT_NE(status.message().find("layer/Exp (Exp)"), std::string::npos) << status.message();

    // What is computed from it fails in the same words; what is not, does not.
    const Value poisoned = device->read(y.address(), DType::f32, Shape{4});
    EXPECT_EQ(device->status_of(poisoned).message(), status.message());
    ASSERT_TRUE(device->write(other.address(), poisoned + 1.0).ok());
    EXPECT_EQ(device->download(result.data(), other.address(), 16).message(), status.message());
    EXPECT_EQ(download(*device, x.address(), 4), numbers);

    // Assigning again heals.
    ASSERT_TRUE(
        device->write(y.address(), device->read(x.address(), DType::f32, Shape{4}) * 2.0).ok());
    EXPECT_EQ(download(*device, y.address(), 4), (std::vector<float>{2, 4, 6, 8}));
    EXPECT_FALSE(device->synchronize().ok());
    EXPECT_TRUE(device->synchronize().ok());
  }
}

TEST(Device, AFaultAtAnyCallEndsInAnErrorOrTheRightNumbers) {
  using Point = adapters::Fault::Point;
  for (const Point point : {Point::allocate, Point::upload, Point::download, Point::compile,
                            Point::launch, Point::wait}) {
    for (long nth = 1; nth <= 12; ++nth) {
      const auto device = make_device({}, adapters::Fault{point, nth});
      const Buffer x(*device, 400);
      const Buffer y(*device, 400);
      std::vector<float> numbers(100);
      std::iota(numbers.begin(), numbers.end(), 1.0F);
      ASSERT_TRUE(device->upload(x.address(), numbers.data(), 400).ok());
      for (int step = 0; step < 6; ++step) {
        const Value value = device->read(x.address(), DType::f32, Shape{10, 10});
        if (!device->status_of(value).ok()) {
          ASSERT_TRUE(device->upload(x.address(), numbers.data(), 400).ok());
        }
        const Value next =
            ir::matmul(value, ir::full(Shape{10, 10}, ir::constant(DType::f32, 0.1)));
        ASSERT_TRUE(device->write(y.address(), next).ok());
        std::vector<float> result(100);
        if (device->download(result.data(), y.address(), 400).ok()) {
          EXPECT_NEAR(result[0], 5.5F, 1e-4F);
        }
      }
    }
  }
}

/// A device that compiles no loop of more than `most` instructions.
class FewInstructions : public adapters::Device {
 public:
  FewInstructions(std::unique_ptr<adapters::Device> device, std::size_t most)
      : device_(std::move(device)), most_(most) {}
  const adapters::DeviceInfo& info() const override { return device_->info(); }
  Result<std::unique_ptr<adapters::Memory>> allocate(std::size_t bytes) override {
    return device_->allocate(bytes);
  }
  Status upload(adapters::Region to, std::span<const std::byte> from) override {
    return device_->upload(to, from);
  }
  Status download(std::span<std::byte> to, adapters::Region from) override {
    return device_->download(to, from);
  }
  Status copy(adapters::Region to, adapters::Region from, std::size_t bytes) override {
    return device_->copy(to, from, bytes);
  }
  Result<std::unique_ptr<adapters::Executable>> compile(const compiler::Kernel& kernel) override {
    const auto* loop = std::get_if<compiler::Loop>(&kernel);
    if (loop != nullptr && loop->program.size() > most_) return internal_error("too long for me");
    return device_->compile(kernel);
  }
  Status launch(adapters::Executable& executable, const compiler::Kernel& kernel,
                std::span<const adapters::Region> inputs,
                std::span<const adapters::Region> outputs) override {
    return device_->launch(executable, kernel, inputs, outputs);
  }
  Status wait() override { return device_->wait(); }

 private:
  const std::unique_ptr<adapters::Device> device_;
  const std::size_t most_;
};

TEST(Device, AKernelThatDoesNotCompileIsRunInParts) {
  // x <- (x + 1) (x + 2) (x + 3) …, one loop where that compiles.
  const auto run = [](std::size_t most_instructions) {
    auto hardware = adapters::make_host_adapter(1)->open(0);
    auto made = Device::create(
        std::make_unique<FewInstructions>(std::move(*hardware), most_instructions), {});
    const std::unique_ptr<Device> device = std::move(*made);
    const Buffer x(*device, 400);
    std::vector<float> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 1.0F);
    EXPECT_TRUE(device->upload(x.address(), numbers.data(), 400).ok());
    for (int step = 0; step < 2; ++step) {
      Value value = device->read(x.address(), DType::f32, Shape{100});
      Value product = value;
      for (int i = 1; i < 8; ++i) product = product * (value * 0.1 + static_cast<double>(i));
      EXPECT_TRUE(device->write(x.address(), product).ok());
      EXPECT_TRUE(device->synchronize().ok());
    }
    return std::pair(download(*device, x.address(), 100), device->statistics().fallbacks);
  };
  const auto [expected, none] = run(1000);
  EXPECT_EQ(none, 0u);
  const auto [found, fallbacks] = run(4);
  EXPECT_EQ(found, expected);
  EXPECT_GE(fallbacks, 2u);  // each step's, whose plan is found again
}

TEST(Device, OverBudgetTheNextAllocationAfterFreeingWorks) {
  const auto device = make_device({.memory_budget = 1 << 20});
  const std::vector<float> numbers(200'000, 1.0F);
  {
    const Buffer first(*device, 800'000);
    ASSERT_TRUE(device->upload(first.address(), numbers.data(), 800'000).ok());
    const auto second = device->allocate(800'000);
    EXPECT_EQ(second.status().code(), Code::resource_exhausted);
    EXPECT_NE(second.status().message().find("800000"), std::string::npos);
  }
  const auto second = device->allocate(800'000);
  ASSERT_TRUE(second.ok()) << second.status().message();
  device->free(*second);
}

TEST(Device, APlanOverBudgetRunsInParts) {
  // A chain of products, each of one MiB: one after the other needs two at a time, as one plan
  // more.
  constexpr std::size_t mib = 1 << 20;
  const auto device = make_device({.memory_budget = 7 * mib / 2});
  const Buffer result(*device, mib);
  {
    const Buffer x(*device, mib);
    const std::vector<float> numbers(mib / 4, 1.0F / 256.0F);
    ASSERT_TRUE(device->upload(x.address(), numbers.data(), mib).ok());
    Value value = device->read(x.address(), DType::f32, Shape{512, 512});
    for (int i = 0; i < 6; ++i)
      value = ir::matmul(value, ir::permute(value, std::vector<std::int64_t>{1, 0}));
    ASSERT_TRUE(device->write(result.address(), value).ok());
  }
  const Status status = device->synchronize();
  ASSERT_TRUE(status.ok()) << status.message();
  const float computed = download(*device, result.address(), 1)[0];
  float expected = 1.0F / 256.0F;
  for (int i = 0; i < 6; ++i) expected = 512.0F * expected * expected;
  EXPECT_EQ(computed, expected);
  EXPECT_LE(device->statistics().peak_resident_bytes, 7 * mib / 2);
}

TEST(Device, ALongChainNeedsNoStack) {
  const auto device = make_device({.pending_limit = 1'000'000, .early_limit = 1'000'000});
  const Buffer x(*device, 4);
  ASSERT_TRUE(device->fill(x.address(), 0, 4).ok());
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(
        device->write(x.address(), device->read(x.address(), DType::i32, Shape{}) + 1.0).ok());
  }
  std::int32_t result = 0;
  ASSERT_TRUE(device->download(&result, x.address(), 4).ok());
  EXPECT_EQ(result, 100'000);
}

TEST(Device, RunsSmallOperationsWhileOthersAreRecorded) {
  for (const std::int64_t elements : {100, 100'000}) {
    const auto device = make_device({.early_limit = 10});
    const Buffer x(*device, static_cast<std::size_t>(elements) * 4);
    const auto add = [&] {
      const ir::Value before = device->read(x.address(), DType::f32, Shape{elements});
      return device->write(x.address(), before + 1.0).ok();
    };
    for (int i = 0; i < 25; ++i) ASSERT_TRUE(add());
    EXPECT_EQ(device->statistics().flushes, elements == 100 ? 2u : 0u);
    EXPECT_EQ(download(*device, x.address(), 1)[0], 25.0F);
  }
}

TEST(Device, CountsMemoryTheWayTheFrameworkSeesIt) {
  const auto device = make_device();
  {
    const Buffer a(*device, 1000);
    const Buffer b(*device, 500);
    EXPECT_EQ(device->statistics().live_bytes, 1500u);
  }
  EXPECT_EQ(device->statistics().live_bytes, 0u);
  EXPECT_EQ(device->statistics().peak_live_bytes, 1500u);
  device->reset_peak();
  EXPECT_EQ(device->statistics().peak_live_bytes, 0u);
}

}  // namespace
}  // namespace evergpu::runtime
