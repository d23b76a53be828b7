// Red zones around blocks of memory: kernels that write outside of their arrays are found.
#include <fmt/format.h>

#include <array>

#include "adapters/loops.h"
#include "adapters/vulkan/memory.h"
#include "adapters/vulkan_test.h"
#include "support/environment.h"

namespace evergpu::adapters {
namespace {

using compiler::Instruction;
using ir::DType;

class VulkanRedZones : public VulkanTest {
 protected:
  void SetUp() override {
    VulkanTest::SetUp();
    if (!IsSkipped()) open("full");
  }

  void open(const char* profile) {
    memories_.clear();
    executables_.clear();
    const evergpu::testing::ScopedVariable zones("EVERGPU_RED_ZONES", "1");
    watched_ = open_with("EVERGPU_VULKAN_PROFILE", profile);
    for (int i = 0; i < 3; ++i) {
      auto memory = watched_->allocate(4000);
      ASSERT_TRUE(memory.ok());
      memories_.push_back(std::move(*memory));
    }
  }

  static compiler::Loop maximum(std::int64_t elements) {
    return flat_loop(
        elements, {DType::u32, DType::u32}, {false, false},
        {.op = Instruction::Op::binary, .dtype = DType::u32, .binary_op = ir::BinaryOp::maximum});
  }

  // The second array becomes the maximum of the first with itself, which are its bits. The code
  // computes `elements` of them, where the arrays have 1000 that the launch knows of.
  Status launch(std::int64_t elements) {
    auto executable = watched_->compile(maximum(elements));
    if (!executable.ok()) return executable.status();
    const Region inputs[] = {{memories_[0].get(), 0}, {memories_[0].get(), 0}};
    const Region outputs[] = {{memories_[1].get(), 0}};
    executables_.push_back(std::move(*executable));  // it is needed until it has run
    return watched_->launch(*executables_.back(), maximum(1000), inputs, outputs);
  }

  std::unique_ptr<Device> watched_;
  std::vector<std::unique_ptr<Memory>> memories_;
  std::vector<std::unique_ptr<Executable>> executables_;
};

TEST_F(VulkanRedZones, FindAKernelThatComputesTooMuch) {
  for (const char* profile : {"full", "baseline"}) {
    open(profile);
    ASSERT_TRUE(launch(1000).ok());
    EXPECT_EQ(watched_->wait().message(), "") << profile;
    ASSERT_TRUE(launch(1001).ok());
    const Status found = watched_->wait();
    EXPECT_EQ(found.code(), Code::internal) << profile;
    EXPECT_NE(found.message().find("byte 4000 of a block of 4000 bytes"), std::string::npos)
        << profile << ": " << found.message();
    EXPECT_NE(found.message().find("kernels that wrote to the block: loop [1000] maximum"),
              std::string::npos)
        << profile << ": " << found.message();
    EXPECT_TRUE(watched_->wait().ok()) << "it is told once";
  }
}

TEST_F(VulkanRedZones, FindWhatLiesBeforeABlock) {
  ASSERT_TRUE(watched_->upload({memories_[0].get(), 0}, std::array<std::byte, 8>()).ok());
  const Region before = {memories_[2].get(), std::size_t{0} - 8};
  ASSERT_TRUE(watched_->copy(before, {memories_[0].get(), 0}, 8).ok());
  const Status found = watched_->wait();
  EXPECT_NE(found.message().find("byte -1 of a block of 4000 bytes"), std::string::npos)
      << found.message();
  EXPECT_NE(found.message().find("no kernel was launched"), std::string::npos) << found.message();
}

TEST_F(VulkanRedZones, FindWhatAFreedBlockKeeps) {
  ASSERT_TRUE(launch(1100).ok());
  memories_[1].reset();
  EXPECT_EQ(watched_->wait().code(), Code::internal);
}

TEST_F(VulkanRedZones, ReadsAndErrorsGoTogether) {
  ASSERT_TRUE(launch(1001).ok());
  std::array<std::byte, 4> read = {};
  EXPECT_EQ(watched_->download(read, {memories_[0].get(), 0}).code(), Code::internal);
  EXPECT_TRUE(watched_->download(read, {memories_[0].get(), 0}).ok());
}

// Freed memory is kept back until nothing uses it, and then handed out again.
TEST_F(VulkanRedZones, GiveMemoryBack) {
  const evergpu::testing::ScopedVariable zones("EVERGPU_RED_ZONES", "1");
  const auto instance = vulkan::Instance::create({});
  ASSERT_TRUE(instance.ok());
  const auto context = vulkan::Context::create(*instance, (*instance)->devices()[0]);
  ASSERT_TRUE(context.ok());
  const auto pool = std::make_shared<vulkan::MemoryPool>(*context, 1'000'000);
  ASSERT_TRUE(pool->allocate(900'000).ok());
  EXPECT_EQ(pool->allocate(900'000).status().code(), Code::resource_exhausted);
  ASSERT_TRUE(pool->check_red_zones().ok());
  EXPECT_EQ(pool->used_bytes(), 0U);
  EXPECT_TRUE(pool->allocate(900'000).ok());
}

// What fills up the last word of a block of bytes is nobody's.
TEST_F(VulkanRedZones, LeaveWordsWhole) {
  for (const char* profile : {"full", "baseline"}) {
    open(profile);
    for (const std::size_t bytes : {0U, 1U, 255U, 256U, 1001U, 100'000U}) {
      const auto memory = watched_->allocate(bytes);
      ASSERT_TRUE(memory.ok());
      if (bytes == 0) continue;
      const std::vector<std::byte> ones(bytes, std::byte{1});
      ASSERT_TRUE(watched_->upload({memory->get(), 0}, ones).ok());
      const auto count = static_cast<std::int64_t>(bytes);
      const compiler::Loop loop = flat_loop(count, {DType::u8, DType::u8}, {false, false},
                                            {.op = Instruction::Op::binary, .dtype = DType::u8});
      const auto executable = watched_->compile(loop);
      ASSERT_TRUE(executable.ok());
      const Region inputs[] = {{memory->get(), 0}, {memory->get(), 0}};
      const Region outputs[] = {{memory->get(), 0}};
      ASSERT_TRUE(watched_->launch(**executable, loop, inputs, outputs).ok());
      EXPECT_EQ(watched_->wait().message(), "") << bytes;
    }
  }
}

}  // namespace
}  // namespace evergpu::adapters
