// Limits of control groups, read from made-up /proc and /sys trees.
#include "base/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/os.h"

namespace evergpu::os {
namespace {

namespace fs = std::filesystem;

class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("evergpu_cgroup_" + std::to_string(process_id()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  void mount_v2(const std::string& visible) {
    write("proc/self/mountinfo",
          "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
          "30 22 0:26 " +
              visible + " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup rw\n");
  }

  fs::path root_;
};

TEST_F(CgroupTest, NothingThereLimitsNothing) {
  const CgroupLimits limits = read_cgroup_limits(root_);
  EXPECT_EQ(limits.memory_bytes, CgroupLimits::unlimited);
  EXPECT_GT(limits.cores, 1e9);
}

TEST_F(CgroupTest, TightestLimitOnTheWayUpWins) {
  mount_v2("/");
  write("proc/self/cgroup", "0::/user.slice/session.scope\n");
  write("sys/fs/cgroup/user.slice/session.scope/memory.max", "max\n");
  write("sys/fs/cgroup/user.slice/session.scope/cpu.max", "300000 100000\n");
  write("sys/fs/cgroup/user.slice/memory.max", "1073741824\n");
  write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  write("sys/fs/cgroup/other.slice/memory.max", "4096\n");
  const CgroupLimits limits = read_cgroup_limits(root_);
  EXPECT_EQ(limits.memory_bytes, 1073741824U);
  EXPECT_DOUBLE_EQ(limits.cores, 1.5);
}

TEST_F(CgroupTest, UnlimitedGroups) {
  mount_v2("/");
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "max\n");
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  const CgroupLimits limits = read_cgroup_limits(root_);
  EXPECT_EQ(limits.memory_bytes, CgroupLimits::unlimited);
  EXPECT_GT(limits.cores, 1e9);
}

TEST_F(CgroupTest, ContainerSeesItsPartOnly) {
  mount_v2("/docker/1234");
  write("proc/self/cgroup", "0::/docker/1234\n");
  write("sys/fs/cgroup/memory.max", "2048\n");
  EXPECT_EQ(read_cgroup_limits(root_).memory_bytes, 2048U);
  write("proc/self/cgroup", "0::/elsewhere\n");
  EXPECT_EQ(read_cgroup_limits(root_).memory_bytes, 2048U);
}

TEST_F(CgroupTest, VersionOneControllers) {
  write("proc/self/mountinfo",
        "31 22 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  write("proc/self/cgroup", "5:memory:/job\n4:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "8192\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const CgroupLimits limits = read_cgroup_limits(root_);
  EXPECT_EQ(limits.memory_bytes, 8192U);
  EXPECT_DOUBLE_EQ(limits.cores, 0.5);
}

}  // namespace
}  // namespace evergpu::os
