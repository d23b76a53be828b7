// Philox random bits, sixteen blocks side by side for the vector units.
#include <algorithm>
#include <cstring>

#include "adapters/host/library.h"
#include "adapters/host/threads.h"
#include "ir/philox.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/random_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

constexpr int blocks = 16;

// The words of sixteen blocks of the stream, from block `first` on.
void philox_blocks(const ir::PhiloxStream& stream, std::uint64_t first, std::uint32_t* result) {
  std::uint32_t c0[blocks];
  std::uint32_t c1[blocks];
  std::uint32_t c2[blocks];
  std::uint32_t c3[blocks];
  for (int i = 0; i < blocks; ++i) {
    const std::uint64_t low = stream.low + first + static_cast<std::uint64_t>(i);
    const std::uint64_t high = stream.high + (low < stream.low ? 1 : 0);
    c0[i] = static_cast<std::uint32_t>(low);
    c1[i] = static_cast<std::uint32_t>(low >> 32);
    c2[i] = static_cast<std::uint32_t>(high);
    c3[i] = static_cast<std::uint32_t>(high >> 32);
  }
  auto key0 = static_cast<std::uint32_t>(stream.key);
  auto key1 = static_cast<std::uint32_t>(stream.key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < blocks; ++i) {
      const std::uint64_t a = std::uint64_t{0xD2511F53u} * c0[i];
      const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * c2[i];
      c0[i] = static_cast<std::uint32_t>(b >> 32) ^ c1[i] ^ key0;
      c1[i] = static_cast<std::uint32_t>(b);
      c2[i] = static_cast<std::uint32_t>(a >> 32) ^ c3[i] ^ key1;
      c3[i] = static_cast<std::uint32_t>(a);
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  for (int i = 0; i < blocks; ++i) {
    result[4 * i] = c0[i];
    result[4 * i + 1] = c1[i];
    result[4 * i + 2] = c2[i];
    result[4 * i + 3] = c3[i];
  }
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(philox_blocks);

constexpr std::int64_t group = 64;  // words of sixteen blocks

void random_bits(const compiler::Library& library, Inputs inputs, std::byte* target) {
  ir::PhiloxStream stream;
  std::memcpy(&stream.key, inputs[0], sizeof(stream.key));
  std::memcpy(&stream.low, inputs[1], sizeof(stream.low));
  std::memcpy(&stream.high, inputs[1] + sizeof(stream.low), sizeof(stream.high));
  auto* result = reinterpret_cast<std::uint32_t*>(target);
  const std::int64_t count = library.operation.shape.elements();
  const auto fill = HWY_DYNAMIC_DISPATCH(philox_blocks);
  parallel_for((count + group - 1) / group, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto first = static_cast<std::uint64_t>(i * group / 4);
      const std::int64_t n = std::min(group, count - i * group);
      if (n == group) {
        fill(stream, first, result + i * group);
        continue;
      }
      std::uint32_t words[group];
      fill(stream, first, words);
      std::copy_n(words, n, result + i * group);
    }
  });
}

}  // namespace

MadeLibrary make_random(const compiler::Library&) { return make_function(random_bits); }

}  // namespace evergpu::adapters::host
#endif
