// Philox random words, sixteen blocks side by side for the vector units.
#include "adapters/host/random.h"

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

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t blocks = 16;

// The low halves of u64 lanes are the words of so many blocks; what the high halves hold does not
// matter, as multiplication takes no notice of them.
using Words = hn::ScalableTag<std::uint64_t>;
using Vector = hn::Vec<Words>;

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE Vector multiply(Vector x, std::uint32_t y) {
  return hn::Set(Words(), (hn::GetLane(x) & 0xffffffffu) * y);
}
#else
HWY_INLINE Vector multiply(Vector x, std::uint32_t y) {
  const hn::Repartition<std::uint32_t, Words> halves;
  return hn::MulEven(hn::BitCast(halves, x), hn::Set(halves, y));
}
#endif

// The words of sixteen blocks of the stream, from block `first` on.
void philox_blocks(const ir::PhiloxStream& stream, std::uint64_t first, std::uint32_t* result) {
  const Words d;
  const std::size_t lanes = hn::Lanes(d);
  HWY_ALIGN std::uint64_t low[blocks];
  HWY_ALIGN std::uint64_t high[blocks];
  for (std::size_t i = 0; i < blocks; ++i) {
    low[i] = stream.low + first + i;
    high[i] = stream.high + (low[i] < stream.low ? 1 : 0);
  }
  HWY_ALIGN std::uint64_t words[4][blocks];
  for (std::size_t i = 0; i < blocks; i += lanes) {
    Vector c0 = hn::Load(d, low + i);
    Vector c2 = hn::Load(d, high + i);
    Vector c1 = hn::ShiftRight<32>(c0);
    Vector c3 = hn::ShiftRight<32>(c2);
    auto key0 = static_cast<std::uint32_t>(stream.key);
    auto key1 = static_cast<std::uint32_t>(stream.key >> 32);
    for (int round = 0; round < 10; ++round) {
      const Vector a = multiply(c0, 0xD2511F53u);
      const Vector b = multiply(c2, 0xCD9E8D57u);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), c1), hn::Set(d, std::uint64_t{key0}));
      c1 = b;
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), c3), hn::Set(d, std::uint64_t{key1}));
      c3 = a;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    hn::Store(c0, d, words[0] + i);
    hn::Store(c1, d, words[1] + i);
    hn::Store(c2, d, words[2] + i);
    hn::Store(c3, d, words[3] + i);
  }
  for (std::size_t i = 0; i < blocks; ++i)
    for (std::size_t word = 0; word < 4; ++word)
      result[4 * i + word] = static_cast<std::uint32_t>(words[word][i]);
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(philox_blocks);

constexpr std::int64_t group = 64;  // words of sixteen blocks

void random_array(const compiler::Library& library, Inputs inputs, std::byte* target) {
  const ir::PhiloxStream stream =
      stream_at(inputs[0], inputs[1], inputs[1] + sizeof(std::uint64_t));
  auto* result = reinterpret_cast<std::uint32_t*>(target);
  const std::int64_t count = library.operation.shape.elements();
  parallel_for((count + group - 1) / group, 256, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * group;
    random_words(stream, first, std::min(end * group, count) - first, result + first);
  });
}

}  // namespace

ir::PhiloxStream stream_at(const std::byte* key, const std::byte* low, const std::byte* high) {
  ir::PhiloxStream stream;
  std::memcpy(&stream.key, key, sizeof(stream.key));
  std::memcpy(&stream.low, low, sizeof(stream.low));
  std::memcpy(&stream.high, high, sizeof(stream.high));
  return stream;
}

void random_words(const ir::PhiloxStream& stream, std::int64_t begin, std::int64_t n,
                  std::uint32_t* result) {
  const auto fill = HWY_DYNAMIC_DISPATCH(philox_blocks);
  for (std::int64_t done = 0; done < n;) {
    const std::int64_t at = begin + done;
    const auto block = static_cast<std::uint64_t>(at / 4);
    const std::int64_t skipped = at % 4;
    const std::int64_t count = std::min(group - skipped, n - done);
    if (count == group) {
      fill(stream, block, result + done);
    } else {
      std::uint32_t words[group];
      fill(stream, block, words);
      std::copy_n(words + skipped, count, result + done);
    }
    done += count;
  }
}

MadeLibrary make_random(const compiler::Library&) { return make_function(random_array); }

}  // namespace evergpu::adapters::host
#endif
