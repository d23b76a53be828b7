// Text on Windows: its calls take UTF-16, everything of ours is UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace evergpu::os {

std::string utf8(std::wstring_view text);
std::wstring utf16(std::string_view text);

}  // namespace evergpu::os
