// A machine for tests: a folder of files, and answers to what no file tells.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/os.h"
#include "system/machine.h"

namespace evergpu::system {

class FakeMachine {
 public:
  FakeMachine()
      : root_(std::filesystem::temp_directory_path() /
              ("evergpu-machine-" + std::to_string(os::process_id()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(root_);
  }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine() { std::filesystem::remove_all(root_); }

  FakeMachine& file(const std::string& path, const std::string& content = "") {
    const std::filesystem::path place = root_ / path.substr(1);
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place, std::ios::binary) << content;
    return *this;
  }
  FakeMachine& answers(const std::string& json) { return file("/answers.json", json); }

  const std::filesystem::path& source_folder() const { return root_; }
  std::unique_ptr<Source> source() const {
    Result<std::unique_ptr<Source>> source = recorded_source(root_);
    EXPECT_TRUE(source.ok()) << source.status().message();
    return std::move(*source);
  }
  Machine examine(const Wanted& wanted = {}) const { return system::examine(*source(), wanted); }

 private:
  std::filesystem::path root_;
};

}  // namespace evergpu::system
