// What the Vulkan adapter keeps on disk: whole or not at all, for one device and nobody else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "adapters/loops.h"
#include "adapters/vulkan/cache_file.h"
#include "adapters/vulkan_test.h"
#include "base/os.h"

namespace evergpu::adapters::vulkan {
namespace {

namespace fs = std::filesystem;

class VulkanCacheFile : public ::testing::Test {
 protected:
  void SetUp() override {
    key_.fill(7);
    for (int i = 0; i < 100; ++i) bytes_.push_back(static_cast<std::byte>(i));
  }
  void TearDown() override { fs::remove_all(folder_); }

  const fs::path folder_ =
      fs::temp_directory_path() / fmt::format("evergpu_cache_{}", os::process_id());
  const fs::path path_ = folder_ / "a" / "b.bin";
  CacheKey key_ = {};
  std::vector<std::byte> bytes_;
};

TEST_F(VulkanCacheFile, GivesBackWhatWasWritten) {
  EXPECT_FALSE(read_cache_file(path_, key_));
  ASSERT_TRUE(write_cache_file(path_, key_, bytes_).ok());
  EXPECT_EQ(read_cache_file(path_, key_), bytes_);
  bytes_.resize(50);
  ASSERT_TRUE(write_cache_file(path_, key_, bytes_).ok());
  EXPECT_EQ(read_cache_file(path_, key_), bytes_);
  EXPECT_EQ(std::distance(fs::directory_iterator(path_.parent_path()), fs::directory_iterator()), 1)
      << "a file is left over";
  CacheKey other = key_;
  other[31] = 8;
  EXPECT_FALSE(read_cache_file(path_, other));
}

TEST_F(VulkanCacheFile, IsTheUsersAlone) {
#ifdef _WIN32
  GTEST_SKIP() << "permissions are inherited from the user's folder";
#endif
  ASSERT_TRUE(write_cache_file(path_, key_, bytes_).ok());
  const auto open_to_others = fs::perms::group_all | fs::perms::others_all;
  EXPECT_EQ(fs::status(path_).permissions() & open_to_others, fs::perms::none);
  EXPECT_EQ(fs::status(path_.parent_path()).permissions() & open_to_others, fs::perms::none);
}

TEST_F(VulkanCacheFile, DamageIsNoticed) {
  ASSERT_TRUE(write_cache_file(path_, key_, bytes_).ok());
  std::string whole;
  {
    std::ifstream file(path_, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto reads = [&](const std::string& content) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << content;
    return read_cache_file(path_, key_).has_value();
  };
  EXPECT_TRUE(reads(whole));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    EXPECT_FALSE(reads(damaged)) << "byte " << at;
    EXPECT_FALSE(reads(whole.substr(0, at))) << at << " bytes";
  }
  EXPECT_FALSE(reads(whole + "x"));
}

TEST_F(VulkanCacheFile, APlaceThatCannotBeWrittenIsAnError) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "a") << "a file, no folder";
  EXPECT_FALSE(write_cache_file(path_, key_, bytes_).ok());
}

class VulkanPipelineCache : public VulkanTest {};

TEST_F(VulkanPipelineCache, IsKeptAndSurvivesDamage) {
  const fs::path folder =
      fs::temp_directory_path() / fmt::format("evergpu_pipelines_{}", os::process_id());
  const auto compile_with_cache = [&] {
    const auto device = open_with("EVERGPU_VULKAN_CACHE", folder.string().c_str());
    ASSERT_NE(device, nullptr);
    const auto loop = flat_loop(8, {ir::DType::f32}, {false},
                                {.op = compiler::Instruction::Op::unary,
                                 .dtype = ir::DType::f32,
                                 .unary_op = ir::UnaryOp::negate});
    EXPECT_TRUE(device->compile(loop).ok());
  };
  compile_with_cache();
  ASSERT_TRUE(fs::exists(folder));
  ASSERT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  const fs::path file = fs::directory_iterator(folder)->path();
  compile_with_cache();
  std::ofstream(file, std::ios::binary | std::ios::trunc) << "damaged";
  compile_with_cache();
  EXPECT_GT(fs::file_size(file), 7U);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace evergpu::adapters::vulkan
