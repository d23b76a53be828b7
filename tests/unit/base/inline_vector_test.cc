// InlineVector against std::vector, on both sides of the boundary between inside and heap.
#include "base/inline_vector.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace evergpu {
namespace {

using Strings = InlineVector<std::string, 3>;

TEST(InlineVectorTest, ConstructsFromWhatVectorsDo) {
  EXPECT_TRUE(Strings().empty());
  EXPECT_EQ(Strings(2, "x"), (Strings{"x", "x"}));
  const std::vector<std::string> source = {"a", "b", "c", "d", "e"};
  const Strings copy{std::span<const std::string>(source)};
  EXPECT_EQ(std::vector<std::string>(copy.begin(), copy.end()), source);
  EXPECT_NE(copy, (Strings{"a", "b", "c", "d"}));
}

TEST(InlineVectorTest, CopiesAndMoves) {
  for (const std::size_t size : {2U, 5U}) {
    Strings original(size, "long enough to lie on the heap");
    const Strings copy = original;
    EXPECT_EQ(copy, original);
    const Strings moved = std::move(original);
    EXPECT_EQ(moved, copy);
  }
}

TEST(InlineVectorTest, AgreesWithVectorOnRandomPrograms) {
  std::mt19937 random(1);
  for (int program = 0; program < 200; ++program) {
    Strings ours;
    std::vector<std::string> theirs;
    for (int step = 0; step < 60; ++step) {
      const std::string value = std::to_string(random());
      const std::size_t at = random() % (theirs.size() + 1);
      switch (random() % 6) {
        case 0:
          ours.push_back(value);
          theirs.push_back(value);
          break;
        case 1:
          ours.insert(at, value);
          theirs.insert(theirs.begin() + static_cast<std::ptrdiff_t>(at), value);
          break;
        case 2:
          if (at == theirs.size()) break;
          ours.erase(at);
          theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        case 3:
          ours.resize(at, value);
          theirs.resize(at, value);
          break;
        case 4:
          ours.resize(at + 2, value);
          theirs.resize(at + 2, value);
          break;
        default:
          if (theirs.empty()) break;
          ours.pop_back();
          theirs.pop_back();
      }
      ASSERT_EQ(std::vector<std::string>(ours.begin(), ours.end()), theirs);
      if (!theirs.empty()) {
        EXPECT_EQ(ours.front(), theirs.front());
        EXPECT_EQ(ours.back(), theirs.back());
      }
    }
  }
}

}  // namespace
}  // namespace evergpu
