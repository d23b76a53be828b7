// Messages on stderr, each in one write so that threads do not mix their lines.
#include "base/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/os.h"

namespace evergpu::log {
namespace {

constexpr std::array<std::string_view, 3> category_names = {"record", "plan", "run"};

void write_line(std::string_view prefix, std::string_view message) {
  const std::string line = fmt::format("evergpu{}: {}\n", prefix, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

unsigned parse_categories(std::string_view list) {
  unsigned categories = 0;
  std::vector<std::string_view> unknown;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = without_spaces(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    const auto found = std::find(category_names.begin(), category_names.end(), name);
    if (found != category_names.end()) {
      categories |= 1U << (found - category_names.begin());
    } else if (!name.empty()) {
      unknown.push_back(name);
    }
  }
  if (!unknown.empty()) {
    warning(fmt::format("EVERGPU_LOG: no category named {}; there are {}", fmt::join(unknown, ", "),
                        fmt::join(category_names, ", ")));
  }
  return categories;
}

bool enabled(Category category) {
  static const unsigned categories = parse_categories(os::environment("EVERGPU_LOG").value_or(""));
  return (categories >> static_cast<unsigned>(category) & 1U) != 0;
}

void write(Category category, std::string_view message) {
  write_line(fmt::format(" {}", category_names[static_cast<std::size_t>(category)]), message);
}

void info(std::string_view message) { write_line("", message); }

void warning(std::string_view message) { write_line(": warning", message); }

}  // namespace evergpu::log
