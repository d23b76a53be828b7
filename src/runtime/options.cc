#include "runtime/options.h"

#include <fmt/format.h>

#include <charconv>

#include "base/log.h"
#include "base/os.h"

namespace evergpu::runtime {

Options Options::from_environment() {
  Options options;
  const auto eager = os::environment("EVERGPU_EAGER");
  options.eager = eager && *eager != "0" && !eager->empty();
  if (const auto limit = os::environment("EVERGPU_MEMORY_LIMIT"); limit && !limit->empty()) {
    std::size_t bytes = 0;
    const auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), bytes);
    if (error == std::errc() && end == limit->data() + limit->size() && bytes > 0) {
      options.memory_budget = bytes;
    } else {
      log::warning(
          fmt::format("EVERGPU_MEMORY_LIMIT is '{}', which is not a number of bytes; it is "
                      "ignored. Example: 2000000000",
                      *limit));
    }
  }
  return options;
}

}  // namespace evergpu::runtime
