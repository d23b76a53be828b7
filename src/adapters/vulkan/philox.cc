#include "adapters/vulkan/philox.h"

namespace evergpu::adapters::vulkan {
namespace {

struct Product {
  Value low;
  Value high;
};

Product multiply(const Value& x, std::uint32_t y) {
  const auto [low, high] = x.module->multiply_extended(x.id, constant_u32(*x.module, y).id);
  return {{x.module, low, Type::u32}, {x.module, high, Type::u32}};
}

}  // namespace

std::array<Value, 4> philox_block(const Value& key, const Value& low, const Value& high,
                                  const Value& index) {
  const auto low_word = [](const Value& x) { return convert(x, Type::u32); };
  const auto high_word = [](const Value& x) { return convert(x >> 32, Type::u32); };
  const Value sum = low + convert(index, Type::u64);
  const Value carried = select(sum < low, high + 1.0, high);
  std::array<Value, 4> c = {low_word(sum), high_word(sum), low_word(carried), high_word(carried)};
  Value key0 = low_word(key);
  Value key1 = high_word(key);
  for (int round = 0; round < 10; ++round) {
    const Product a = multiply(c[0], 0xD2511F53u);
    const Product b = multiply(c[2], 0xCD9E8D57u);
    c = {b.high ^ c[1] ^ key0, b.low, a.high ^ c[3] ^ key1, a.low};
    key0 = key0 + constant_u32(*key.module, 0x9E3779B9u);
    key1 = key1 + constant_u32(*key.module, 0xBB67AE85u);
  }
  return c;
}

Value word_of_block(const std::array<Value, 4>& block, const Value& number) {
  const Value second = (number & 1) != 0.0;
  const Value last_two = (number & 2) != 0.0;
  return select(last_two, select(second, block[3], block[2]), select(second, block[1], block[0]));
}

}  // namespace evergpu::adapters::vulkan
