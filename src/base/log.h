// Messages for people on stderr, and the categories that EVERGPU_LOG turns on.
#pragma once

#include <string_view>

namespace evergpu::log {

/// EVERGPU_LOG=record,plan,run
enum class Category : unsigned char { record, plan, run };

bool enabled(Category category);
/// "evergpu plan: …"; call only when enabled.
void write(Category category, std::string_view message);
/// Always shown: "evergpu: …".
void info(std::string_view message);
/// Always shown: "evergpu: warning: …".
void warning(std::string_view message);

/// The categories named in `list`, a value of EVERGPU_LOG: bit `1 << category` each. Warns once of
/// the names that are none.
unsigned parse_categories(std::string_view list);

}  // namespace evergpu::log
