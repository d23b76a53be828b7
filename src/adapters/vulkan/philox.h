// Random words in generated code: the counterpart of ir/philox.h.
#pragma once

#include <array>

#include "adapters/vulkan/value.h"

namespace evergpu::adapters::vulkan {

/// The words of block `index` (u32) of the stream with a key and a counter (u64: its halves).
std::array<Value, 4> philox_block(const Value& key, const Value& low, const Value& high,
                                  const Value& index);

/// Word `number` modulo 4 of a block.
Value word_of_block(const std::array<Value, 4>& block, const Value& number);

}  // namespace evergpu::adapters::vulkan
