// Small text functions for reading system files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evergpu::system {

std::string trimmed(std::string_view text);
std::string lower(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
/// The value of `KEY=value` in a file of such lines, without quotes; empty when there is none.
std::string value_of(std::string_view file, std::string_view key);
/// The first dotted number in a text: "535.183" of "NVRM version: … 535.183 …"; empty when none.
std::string first_version(std::string_view text);
/// The text from after `before` up to the next character of `until`; empty when there is none.
std::string between(std::string_view text, std::string_view before, std::string_view until);
/// Compares dotted numbers: negative where a is older, 0 where equal. Other characters end a
/// number.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace evergpu::system
