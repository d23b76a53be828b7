// Words of Philox streams, for the vector units.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/philox.h"

namespace evergpu::adapters::host {

/// The stream whose key, and low and high half of whose counter, are there: u64 each.
ir::PhiloxStream stream_at(const std::byte* key, const std::byte* low, const std::byte* high);

/// Words [begin, begin + n) of a stream, four to a block.
void random_words(const ir::PhiloxStream& stream, std::int64_t begin, std::int64_t n,
                  std::uint32_t* result);

}  // namespace evergpu::adapters::host
