#include "system/text.h"

#include <gtest/gtest.h>

namespace evergpu::system {
namespace {

TEST(TextTest, ReadsKeyValueLines) {
  const std::string file = "A=1\nNAME=\"Debian GNU/Linux\"\n  ID = debian \nEMPTY=\n";
  EXPECT_EQ(value_of(file, "NAME"), "Debian GNU/Linux");
  EXPECT_EQ(value_of(file, "ID"), "debian");
  EXPECT_EQ(value_of(file, "EMPTY"), "");
  EXPECT_EQ(value_of(file, "AM"), "");
}

TEST(TextTest, FindsTheFirstDottedNumber) {
  EXPECT_EQ(first_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun"),
            "535.183.01");
  EXPECT_EQ(first_version("release version 2.36."), "2.36");
  EXPECT_EQ(first_version("none in 64 bits"), "");
}

TEST(TextTest, ComparesVersionsAsNumbers) {
  EXPECT_LT(compare_versions("2.9", "2.35"), 0);
  EXPECT_GT(compare_versions("5.15.153.1-microsoft", "5.10.43.3"), 0);
  EXPECT_EQ(compare_versions("525", "525.0.0"), 0);
  EXPECT_LT(compare_versions("", "1"), 0);
}

TEST(TextTest, SplitsWithoutEmptyParts) {
  EXPECT_EQ(split("/usr/bin::/bin:", ':'), (std::vector<std::string>{"/usr/bin", "/bin"}));
  EXPECT_TRUE(split("", ':').empty());
}

TEST(TextTest, TakesWhatStandsBetween) {
  EXPECT_EQ(between("pci\\ven_10de&dev_2684&subsys", "ven_", "&"), "10de");
  EXPECT_EQ(between("nothing", "ven_", "&"), "");
}

}  // namespace
}  // namespace evergpu::system
