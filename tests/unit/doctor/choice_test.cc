// What evergpu takes, and what the guides say, when adapters for GPUs are built in.
#include "doctor/choice.h"

#include <gtest/gtest.h>

#include <array>

#include "doctor/routes.h"

namespace evergpu::doctor {
namespace {

using product::GpuSupport;
using Verified = GpuSupport::Verified;

constexpr std::array<GpuSupport, 2> support = {
    GpuSupport{"vulkan", "amd", "linux", Verified::in_simulation},
    GpuSupport{"vulkan", "nvidia", "linux", Verified::on_hardware}};

system::VulkanDevice device(const char* name, const char* vendor, const char* type) {
  system::VulkanDevice result;
  result.name = name;
  result.vendor = vendor;
  result.type = type;
  result.api = "1.3";
  return result;
}

/// With GPUs of three vendors, of which Intel's is not supported.
system::Machine machine(const char* wanted = "") {
  system::Machine result;
  result.os.family = "linux";
  result.vulkan.devices = {device("llvmpipe", "10005", "cpu"), device("Arc", "intel", "discrete"),
                           device("Radeon", "amd", "integrated"),
                           device("GeForce", "nvidia", "discrete")};
  if (*wanted != 0) result.variables["EVERGPU_ADAPTER"] = wanted;
  return result;
}

std::string taken(const system::Machine& on) {
  const Choice choice = choose(on, support);
  return choice.gpu != nullptr ? choice.adapter + " " + choice.gpu->name : choice.adapter;
}

TEST(ChoiceTest, TakesTheBestGpuThatItCanUse) {
  EXPECT_EQ(taken(machine()), "vulkan GeForce");
  EXPECT_EQ(taken(machine("gpu")), "vulkan GeForce");
  system::Machine old = machine();
  old.vulkan.devices[3].api = "1.1";
  EXPECT_EQ(taken(old), "vulkan Radeon");
  old.vulkan.devices[2].missing = {"timelineSemaphore"};
  EXPECT_EQ(taken(old), "host");
  EXPECT_NE(choose(old, support).why.find("doctor"), std::string::npos);
}

TEST(ChoiceTest, TakesWhatItIsTold) {
  EXPECT_EQ(taken(machine("host")), "host");
  EXPECT_EQ(taken(machine("vulkan")), "vulkan GeForce");
  EXPECT_EQ(taken(machine("vulkan:1")), "vulkan Radeon");
  for (const char* nothing : {"off", "cuda", "vulkan:2"}) EXPECT_EQ(taken(machine(nothing)), "");
}

TEST(ChoiceTest, TakesTheCpuWhereNoAdapterIsBuiltIn) {
  const Choice choice = choose(machine(), {});
  EXPECT_EQ(choice.adapter, "host");
  EXPECT_NE(choice.why.find("cannot use GPUs yet"), std::string::npos);
}

TEST(ChoiceTest, TriesAnAdapterOutWhereItIsAskedFor) {
  const auto tried = [](const char* wanted) {
    const system::Machine on = machine(wanted);
    const Choice choice = choose(on, {});
    return choice.gpu != nullptr ? choice.adapter + " " + choice.gpu->name : choice.adapter;
  };
  EXPECT_EQ(tried("gpu"), "vulkan Arc");  // no promise has been made, so no maker is left out
  EXPECT_EQ(tried("vulkan"), "vulkan Arc");
  EXPECT_EQ(tried("vulkan:1"), "vulkan GeForce");
  EXPECT_EQ(tried("vulkan:9"), "");
  EXPECT_EQ(tried("cuda"), "");
  system::Machine software = machine("gpu");
  std::erase_if(software.vulkan.devices, [](const auto& device) { return device.type != "cpu"; });
  EXPECT_EQ(choose(software, {}).adapter, "");
  software.variables["EVERGPU_ADAPTER"] = "vulkan";
  EXPECT_EQ(choose(software, {}).adapter, "vulkan");
}

TEST(ChoiceTest, TheGuidesFollow) {
  const auto status = [](const char* vendor, const char* system) {
    return status_of_evergpu({"student", "keras", vendor, system}, support);
  };
  EXPECT_NE(status("amd", "linux").find("verified in simulation"), std::string::npos);
  EXPECT_NE(status("nvidia", "linux").find("verified on hardware"), std::string::npos);
  EXPECT_NE(status("amd", "wsl").find("not available yet"), std::string::npos);
  EXPECT_EQ(status("none", "linux").find("GPU"), std::string::npos);
  const auto promise = [](const char* vendor, const char* system) {
    return promise_of_evergpu({"student", "keras", vendor, system}, support);
  };
  EXPECT_NE(promise("amd", "linux").find("on your AMD GPU."), std::string::npos);
  EXPECT_NE(promise("amd", "wsl").find("on the CPU today"), std::string::npos);
}

}  // namespace
}  // namespace evergpu::doctor
