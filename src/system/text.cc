#include "system/text.h"

#include <algorithm>

namespace evergpu::system {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the number at the start of `text`, and the dot after it, away.
long take_number(std::string_view& text) {
  long number = 0;
  while (!text.empty() && is_digit(text.front())) {
    number = number * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
  } else {
    text = {};
  }
  return number;
}

}  // namespace

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\0";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(blank) + 1 - begin));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string value_of(std::string_view file, std::string_view key) {
  for (const std::string& line : split(file, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || trimmed(line.substr(0, equals)) != key) continue;
    std::string value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return "";
}

std::string first_version(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) continue;
    std::size_t end = i;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
    while (text[end - 1] == '.') --end;
    const std::string_view number = text.substr(i, end - i);
    if (number.find('.') != std::string_view::npos) return std::string(number);
    i = end;
  }
  return "";
}

std::string between(std::string_view text, std::string_view before, std::string_view until) {
  const std::size_t found = text.find(before);
  if (found == std::string_view::npos) return "";
  const std::string_view rest = text.substr(found + before.size());
  return std::string(rest.substr(0, rest.find_first_of(until)));
}

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const long left = take_number(a), right = take_number(b);
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

}  // namespace evergpu::system
