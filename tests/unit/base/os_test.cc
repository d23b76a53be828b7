// What every operating system must give: the same tests run on Linux and on Windows.
#include "base/os.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

namespace evergpu::os {
namespace {

namespace fs = std::filesystem;

void set_environment(const std::string& name, const std::string& value) {
#ifdef _WIN32
  _putenv_s(name.c_str(), value.c_str());
#else
  if (value.empty()) {
    unsetenv(name.c_str());
  } else {
    setenv(name.c_str(), value.c_str(), 1);
  }
#endif
}

TEST(EnvironmentTest, ReadsWhatIsSet) {
  set_environment("EVERGPU_TEST_VALUE", "");
  EXPECT_EQ(environment("EVERGPU_TEST_VALUE"), std::nullopt);
  set_environment("EVERGPU_TEST_VALUE", "host:1");
  EXPECT_EQ(environment("EVERGPU_TEST_VALUE"), "host:1");
  const std::string longer(3000, 'x');
  set_environment("EVERGPU_TEST_VALUE", longer);
  EXPECT_EQ(environment("EVERGPU_TEST_VALUE"), longer);
}

TEST(CacheFolderTest, IsWhereTheVariableSays) {
#ifdef _WIN32
  const char* const variable = "LOCALAPPDATA";
#else
  const char* const variable = "XDG_CACHE_HOME";
#endif
  const std::string before = environment(variable).value_or("");
  set_environment(variable, "caches");
  EXPECT_EQ(cache_folder(), std::filesystem::path("caches") / "evergpu");
  set_environment(variable, before);
}

TEST(ReservedRangeTest, ReservesAndGivesBack) {
  auto range = ReservedRange::reserve(std::size_t{1} << 43, std::size_t{1} << 36);
  ASSERT_TRUE(range.ok()) << range.status().message();
  EXPECT_NE(range->base(), 0U);
  EXPECT_GE(range->bytes(), std::size_t{1} << 36);

  const std::uintptr_t base = range->base();
  ReservedRange moved = std::move(*range);
  EXPECT_EQ(moved.base(), base);
  EXPECT_EQ(range->base(), 0U);
}

TEST(ReservedRangeTest, TakesASmallerPart) {
  const auto range = ReservedRange::reserve(std::size_t{1} << 62, std::size_t{1} << 34);
  ASSERT_TRUE(range.ok()) << range.status().message();
  EXPECT_LT(range->bytes(), std::size_t{1} << 62);
  EXPECT_GE(range->bytes(), std::size_t{1} << 34);
}

TEST(ReservedRangeTest, SaysWhenThereIsNoRoom) {
  const auto range = ReservedRange::reserve(std::size_t{1} << 62, std::size_t{1} << 62);
  ASSERT_FALSE(range.ok());
  EXPECT_EQ(range.status().code(), Code::resource_exhausted);
}

TEST(MachineTest, KnowsItsMemory) {
  EXPECT_GT(memory_limit(), std::size_t{64} << 20);
  EXPECT_LT(memory_limit(), std::size_t{1} << 50);
  const std::size_t before = resident_memory();
  EXPECT_GT(before, 100'000U);
  const std::vector<char> touched(std::size_t{64} << 20, 1);
  EXPECT_GT(resident_memory(), before + (touched.size() / 2));
}

TEST(MachineTest, KnowsItsCores) {
  set_environment("OMP_NUM_THREADS", "");
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), static_cast<int>(std::thread::hardware_concurrency()));
  set_environment("OMP_NUM_THREADS", "7,2");
  EXPECT_EQ(usable_cores(), 7);
  set_environment("OMP_NUM_THREADS", "");
}

TEST(MachineTest, NamesItsProcessor) { EXPECT_NE(processor_name(), ""); }

TEST(MachineTest, NumbersTheProcess) {
  EXPECT_GT(process_id(), 0);
  EXPECT_EQ(process_id(), process_id());
}

TEST(LibraryTest, FindsWhatIsLoaded) {
#ifdef _WIN32
  const auto library = Library::loaded("kernel32.dll");
  const char* const symbol = "GetTickCount64";
#else
  const auto library = Library::loaded("libc.so.6");
  const char* const symbol = "getpid";
#endif
  ASSERT_TRUE(library.has_value());
  EXPECT_NE(library->symbol(symbol), nullptr);
  EXPECT_EQ(library->symbol("evergpu_no_such_symbol"), nullptr);
  EXPECT_FALSE(Library::loaded("evergpu_no_such_library").has_value());
}

TEST(LibraryTest, OpensByPath) {
#ifdef _WIN32
  const auto loaded = Library::loaded("kernel32.dll");
  const char* const symbol = "GetTickCount64";
#else
  const auto loaded = Library::loaded("libc.so.6");
  const char* const symbol = "getpid";
#endif
  ASSERT_TRUE(loaded.has_value());
  const auto opened = Library::open(file_of(loaded->symbol(symbol)));
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened->symbol(symbol), loaded->symbol(symbol));
}

TEST(LibraryTest, SaysWhyItDoesNotOpen) {
  const auto missing = Library::open(fs::temp_directory_path() / "evergpu_no_such_library");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), Code::not_found);
  EXPECT_NE(missing.status().message().find("evergpu_no_such_library"), std::string::npos);
}

TEST(FileOfTest, FindsTheProgram) {
  const fs::path program = file_of(reinterpret_cast<const void*>(&set_environment));
  EXPECT_TRUE(program.is_absolute()) << program;
  EXPECT_TRUE(fs::exists(program)) << program;
  EXPECT_EQ(program.stem(), "base_test");
  const int on_stack = 0;
  EXPECT_EQ(file_of(&on_stack), fs::path());
}

/// Remembers what it held when it was destroyed.
struct Remembering {
  ~Remembering() { *last = text; }
  std::string text;
  std::string* last = nullptr;
};
thread_local Remembering remembering;

TEST(ThreadLocalTest, DestructorsFindWhatThreadsLeft) {
  for (int i = 0; i < 20; ++i) {
    std::string last;
    std::thread([&] {
      remembering.last = &last;
      remembering.text = std::string(100, static_cast<char>('a' + i));
    }).join();
    ASSERT_EQ(last, std::string(100, static_cast<char>('a' + i)));
  }
}

void explain(std::uintptr_t address) {
  std::fprintf(stderr, "touched %s\n", address == 0x1230 ? "0x1230" : "a reserved address");
  std::fflush(stderr);
}

/// Dies by reading `address`.
void touch(std::uintptr_t address) {
  on_access_fault(explain);
  std::printf("%d", *reinterpret_cast<volatile int*>(address));
}

TEST(AccessFaultDeathTest, IsExplainedAndStillFatal) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto range = ReservedRange::reserve(std::size_t{1} << 36, std::size_t{1} << 20);
  ASSERT_TRUE(range.ok());
  EXPECT_DEATH(touch(range->base() + 4096), "touched a reserved address");
  EXPECT_DEATH(touch(0x1230), "touched 0x1230");
}

}  // namespace
}  // namespace evergpu::os
