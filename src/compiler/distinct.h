// Lists without repetitions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace evergpu::compiler {

/// Each number once, ascending.
inline std::vector<std::uint32_t> distinct(std::vector<std::uint32_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace evergpu::compiler
