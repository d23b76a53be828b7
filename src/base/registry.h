// The Windows registry, to read. Keys begin with HKLM\ or HKCU\.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace evergpu::os {

/// The names of the keys within a key.
std::vector<std::string> registry_keys(const std::string& key);
/// A value that is text or a number (then in decimal digits); nothing when there is none.
std::optional<std::string> registry_value(const std::string& key, const std::string& name);

}  // namespace evergpu::os
