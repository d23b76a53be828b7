// The trial of drivers, with scripts in place of the command, and with the command, the Khronos
// loader and a driver that crashes.
#include "system/driver_trial.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/os.h"
#include "support/environment.h"
#include "system/fake_machine.h"

namespace evergpu::system {
namespace {

namespace fs = std::filesystem;

/// A machine with one driver, and a command that counts how often it is run.
class Trial : public ::testing::Test {
 protected:
  Trial() {
    machine_.answers("{}")
        .file("/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "loader")
        .file("/usr/lib/x86_64-linux-gnu/libvulkan_one.so", "driver")
        .file("/usr/share/vulkan/icd.d/one.json",
              R"({"ICD": {"library_path": "libvulkan_one.so"}})");
    trial_.folder = machine_.source_folder() / "cache";
  }

  void command_is(const std::string& script) {
    trial_.command = machine_.source_folder() / "evergpu";
    machine_.file("/evergpu",
                  fmt::format("#!/bin/sh\necho x >> {}\n{}\n", runs_file().string(), script));
    fs::permissions(trial_.command, fs::perms::owner_all);
  }
  TriedDrivers run() { return try_vulkan_drivers(*machine_.source(), trial_); }
  fs::path runs_file() const { return machine_.source_folder() / "runs"; }
  std::uintmax_t runs() const {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(runs_file(), error);
    return error ? 0 : bytes / 2;
  }

  FakeMachine machine_;
  DriverTrial trial_;
};

TEST_F(Trial, OnceForDriversThatWork) {
  command_is("exit 0");
  EXPECT_EQ(run().fault, "");
  EXPECT_EQ(run().fault, "");
  EXPECT_EQ(runs(), 1);
}

TEST_F(Trial, ACrashIsRememberedUntilTheDriverChanges) {
  command_is("kill -ABRT $$");
  for (int i = 0; i < 2; ++i) {
    const TriedDrivers tried = run();
    EXPECT_NE(tried.fault.find("one.json crashes"), std::string::npos) << tried.fault;
    EXPECT_EQ(tried.others, "");
    EXPECT_EQ(runs(), 2);  // with all drivers, and with this one alone
  }
  command_is("exit 0");
  EXPECT_NE(run().fault, "");
  machine_.file("/usr/lib/x86_64-linux-gnu/libvulkan_one.so", "a newer driver");
  EXPECT_EQ(run().fault, "");
}

TEST_F(Trial, TheFileThatIsNamedMakesItTryAgain) {
  command_is("kill -SEGV $$");
  const std::string message = run().fault;
  const std::string before = "remove ";
  const fs::path file = message.substr(message.find(before) + before.size());
  ASSERT_TRUE(fs::remove(file)) << message;
  command_is("exit 0");
  EXPECT_EQ(run().fault, "");
}

TEST_F(Trial, ADriverThatHangsIsEnded) {
  command_is("exec sleep 60");
  trial_.limit = std::chrono::milliseconds(200);
  const std::string message = run().fault;
  EXPECT_NE(message.find("hangs"), std::string::npos) << message;
}

TEST_F(Trial, DriversThatFailTogetherOnlyAreNotBlamed) {
  command_is("case \"$VK_DRIVER_FILES\" in *one.json) exit 0;; esac\nkill -ABRT $$");
  const TriedDrivers tried = run();
  EXPECT_NE(tried.fault.find("a Vulkan driver crashes"), std::string::npos) << tried.fault;
  EXPECT_EQ(tried.others, "");
}

TEST_F(Trial, TheOtherDriversAreNamed) {
  machine_.file("/usr/lib/x86_64-linux-gnu/libvulkan_two.so", "driver")
      .file("/usr/share/vulkan/icd.d/two.json", R"({"ICD": {"library_path": "libvulkan_two.so"}})");
  command_is("case \"$VK_DRIVER_FILES\" in *two.json) exit 0;; esac\nkill -ABRT $$");
  for (int i = 0; i < 2; ++i) {
    const TriedDrivers tried = run();
    EXPECT_NE(tried.fault.find("one.json crashes"), std::string::npos) << tried.fault;
    EXPECT_EQ(tried.others, "/usr/share/vulkan/icd.d/two.json");
  }
  EXPECT_EQ(runs(), 3);  // both, and each alone
}

TEST_F(Trial, NoChildNoAnswer) {
  EXPECT_EQ(run().fault, "");  // no command
  trial_.command = machine_.source_folder() / "no-such-command";
  EXPECT_EQ(run().fault, "");
  command_is("exit 3");  // of another version, which knows no such question
  EXPECT_EQ(run().fault, "");
  command_is("kill -ABRT $$");
  EXPECT_NE(run().fault, "");  // none of these was remembered
}

TEST_F(Trial, WithoutAFolderEachStartTries) {
  command_is("exit 0");
  trial_.folder.reset();
  EXPECT_EQ(run().fault, "");
  EXPECT_EQ(run().fault, "");
  EXPECT_EQ(runs(), 2);
}

TEST_F(Trial, TheCommandIsFoundFromTheLibrary) {
  const fs::path library = machine_.source_folder() / "lib" / "python3.13" / "site-packages" /
                           "tensorflow-plugins" / "libevergpu_tensorflow.so";
  EXPECT_EQ(command_beside(library), fs::path());
  machine_.file("/bin/evergpu");
  EXPECT_EQ(command_beside(library), machine_.source_folder() / "bin" / "evergpu");
}

#ifdef EVERGPU_COMMAND
TEST_F(Trial, ADriverThatAbortsTakesDownTheChildOnly) {
  if (!os::Library::open("libvulkan.so.1").ok()) GTEST_SKIP() << "there is no Vulkan loader";
  machine_.file("/crashing.json",
                fmt::format(R"({{"file_format_version": "1.0.0", "ICD": {{"library_path": "{}",
                                 "api_version": "1.2.0"}}}})",
                            EVERGPU_CRASHING_DRIVER));
  const std::string manifest = machine_.source_folder() / "crashing.json";
  const testing::ScopedVariable drivers("VK_DRIVER_FILES", manifest);
  const testing::ScopedVariable old_name("VK_ICD_FILENAMES", manifest);
  trial_.command = EVERGPU_COMMAND;
  const std::string message = try_vulkan_drivers(*live_source(), trial_).fault;
  EXPECT_NE(message.find(manifest + " crashes"), std::string::npos) << message;
}
#endif

}  // namespace
}  // namespace evergpu::system
