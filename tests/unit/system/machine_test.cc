// What is found in the files of machines of several kinds.
#include "system/machine.h"

#include <gtest/gtest.h>

#include "fake_machine.h"

namespace evergpu::system {
namespace {

TEST(MachineTest, DebianWithAnUnusedGpu) {
  FakeMachine fake;
  fake.file("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n")
      .file("/proc/sys/kernel/osrelease", "6.1.0-25-amd64\n")
      .file("/proc/meminfo", "MemTotal:       16310268 kB\nMemFree: 1 kB\n")
      .file("/lib/x86_64-linux-gnu/libc.so.6",
            "\x7f\x45LF GNU C Library (Debian GLIBC 2.36-9+deb12u8) stable release version 2.36.\n")
      .file("/sys/bus/pci/devices/01.0/uevent", "PCI_CLASS=30000\nPCI_ID=10DE:2684\n")
      .file("/sys/bus/pci/devices/02.0/uevent", "DRIVER=e1000\nPCI_CLASS=20000\nPCI_ID=8086:1\n")
      .file("/usr/share/misc/pci.ids",
            "#\n1002  AMD\n\t2684  Another\n10de  NVIDIA Corporation\n\t2684  AD102 [RTX 4090]\n");
  const Machine machine = fake.examine();
  EXPECT_TRUE(machine.is_linux());
  EXPECT_EQ(machine.os.distribution, "debian");
  EXPECT_EQ(machine.os.libc, "glibc");
  EXPECT_EQ(machine.os.libc_version, "2.36");
  EXPECT_EQ(machine.wsl.version, 0);
  EXPECT_EQ(machine.memory.total, 16310268ULL * 1024);
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpus[0].vendor, "nvidia");
  EXPECT_EQ(machine.gpus[0].name, "AD102 [RTX 4090]");
  EXPECT_EQ(machine.gpus[0].driver, "");
  EXPECT_EQ(machine.python(), nullptr);
}

TEST(MachineTest, WslKnowsTheDriversOfItsHost) {
  FakeMachine fake;
  fake.file("/proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n")
      .file("/dev/dxg")
      .file("/usr/lib/wsl/lib/libd3d12.so")
      .file("/usr/lib/wsl/drivers/u0393410.inf_amd64_1/amdxc64.so")
      .file("/usr/lib/wsl/drivers/wvid.inf_amd64_2/wvid.sys")
      .file("/etc/wsl.conf", "[boot]\nsystemd=true\n[gpu]\nenabled = false\n")
      .answers(R"({"not_permitted": ["/dev/dxg"]})");
  const Machine machine = fake.examine();
  EXPECT_EQ(machine.wsl.version, 2);
  EXPECT_TRUE(machine.wsl.device);
  EXPECT_FALSE(machine.wsl.device_usable);
  EXPECT_TRUE(machine.wsl.gpu_disabled);
  EXPECT_EQ(machine.vendors(), std::vector<std::string>{"amd"});
}

TEST(MachineTest, Wsl1SaysMicrosoftInCapitals) {
  FakeMachine fake;
  fake.file("/proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
  EXPECT_EQ(fake.examine().wsl.version, 1);
}

TEST(MachineTest, PythonsInTheOrderOfTheirUse) {
  FakeMachine fake;
  fake.file("/home/ada/models/.venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.3\n")
      .file("/home/ada/models/.venv/bin/python3")
      .file(
          "/home/ada/models/.venv/lib/python3.12/site-packages/tensorflow_cpu-2.22.0rc0.dist-info/"
          "METADATA")
      .file("/home/ada/models/.venv/lib/python3.12/site-packages/tensorflow-plugins/libother.so")
      .file("/usr/bin/python3.14")
      .file("/usr/bin/python3.11")
      .file("/usr/lib/python3.14/EXTERNALLY-MANAGED")
      .file("/usr/lib/python3/dist-packages/numpy-2.1.0.dist-info/METADATA")
      .answers(R"({"working_folder": "/home/ada/models", "environment": {"PATH": "/usr/bin"}})");
  const Machine machine = fake.examine();
  ASSERT_EQ(machine.pythons.size(), 3U);
  EXPECT_EQ(machine.pythons[0].minor, 12);
  EXPECT_TRUE(machine.pythons[0].is_environment);
  EXPECT_EQ(machine.pythons[0].packages.at("tensorflow-cpu"), "2.22.0rc0");
  EXPECT_EQ(machine.pythons[0].plugins, std::vector<std::string>{"libother.so"});
  EXPECT_EQ(machine.pythons[1].minor, 14);
  EXPECT_TRUE(machine.pythons[1].externally_managed);
  EXPECT_EQ(machine.pythons[2].minor, 11);
  EXPECT_FALSE(machine.pythons[2].externally_managed);
  EXPECT_EQ(machine.pythons[2].packages.at("numpy"), "2.1.0");
}

TEST(MachineTest, VulkanFromManifestsAndFromTheDriver) {
  FakeMachine fake;
  fake.file("/usr/lib/x86_64-linux-gnu/libvulkan.so.1")
      .file("/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so")
      .file("/usr/share/vulkan/icd.d/radeon_icd.x86_64.json",
            R"({"ICD": {"library_path": "/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so"}})")
      .file("/etc/vulkan/icd.d/gone.json", R"({"ICD": {"library_path": "libgone.so"}})")
      .file("/etc/vulkan/icd.d/broken.json", "{")
      .answers(R"({"vulkan": {"devices": [{"name": "RX 7800 XT", "vendor": 4098,
                "type": "discrete", "api": "1.3", "missing": ["timelineSemaphore"]}]}})");
  const Vulkan vulkan = fake.examine().vulkan;
  ASSERT_EQ(vulkan.manifests.size(), 3U);
  EXPECT_EQ(vulkan.manifests[0].library, "");
  EXPECT_FALSE(vulkan.manifests[1].library_found);
  EXPECT_TRUE(vulkan.manifests[2].library_found);
  ASSERT_EQ(vulkan.devices.size(), 1U);
  EXPECT_EQ(vulkan.devices[0].vendor, "amd");
  EXPECT_EQ(vulkan.devices[0].missing, std::vector<std::string>{"timelineSemaphore"});
}

TEST(MachineTest, ADriverThatCrashesIsAnAnswer) {
  FakeMachine fake;
  fake.file("/usr/lib/x86_64-linux-gnu/libvulkan.so.1")
      .answers(R"({"vulkan": {"error": "crashed"}})");
  EXPECT_EQ(fake.examine().vulkan.error, "crashed");
  EXPECT_EQ(fake.examine({.python = "", .ask_drivers = false}).vulkan.error, "not asked");
}

TEST(MachineTest, WindowsFromItsRegistry) {
  FakeMachine fake;
  fake.file("/Windows/System32/vulkan-1.dll")
      .file("/Windows/System32/msvcp140.dll")
      .file("/Users/ada/AppData/Local/Programs/Python/Python312/python.exe")
      .file("/Users/ada/AppData/Local/Programs/Python/Python312/python312.dll")
      .file(
          "/Users/ada/AppData/Local/Programs/Python/Python312/Lib/site-packages/"
          "keras-3.5.0.dist-info/x")
      .answers(R"json({"environment": {"LOCALAPPDATA": "C:\\Users\\ada\\AppData\\Local"},
        "registry": {
        "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion":
            {"CurrentBuildNumber": "22631", "DisplayVersion": "23H2"},
        "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}\\0000":
            {"MatchingDeviceId": "PCI\\VEN_1002&DEV_747E", "DriverDesc": "Radeon RX 7800 XT",
             "DriverVersion": "31.0.24027.1012"},
        "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}\\Properties":
            {}}})json");
  const Machine machine = fake.examine();
  EXPECT_TRUE(machine.is_windows());
  EXPECT_EQ(machine.os.name, "Windows 11 23H2");
  EXPECT_EQ(machine.os.build, 22631);
  ASSERT_EQ(machine.gpus.size(), 1U);
  EXPECT_EQ(machine.gpus[0].vendor, "amd");
  EXPECT_EQ(machine.gpus[0].pci_id, "1002:747e");
  EXPECT_FALSE(machine.windows.at("cpp_runtime"));
  EXPECT_FALSE(machine.vulkan.loader.empty());
  ASSERT_NE(machine.python(), nullptr);
  EXPECT_EQ(machine.python()->minor, 12);
  EXPECT_EQ(machine.python()->packages.at("keras"), "3.5.0");
}

TEST(MachineTest, AnswersMustBeJson) {
  FakeMachine fake;
  fake.answers("[1");
  EXPECT_FALSE(recorded_source(fake.source_folder()).ok());
}

TEST(MachineTest, ThisMachine) {
  const Machine machine = examine(*live_source(), {.python = "", .ask_drivers = false});
  EXPECT_GT(machine.memory.total, 0U);
  EXPECT_FALSE(machine.os.name.empty());
  EXPECT_FALSE(machine.working_folder.empty());
}

}  // namespace
}  // namespace evergpu::system
