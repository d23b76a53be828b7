// Sorts rows by keys, unsigned integers in the order of the elements, without comparing two of
// them: random data make every comparison a mispredicted branch.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>

#include "adapters/host/library.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t grain_elements = 4 << 10;

thread_local WorkSpace entry_space;

// An element's rank among the values of its dtype. Zeros are equal, NaN is the greatest.
template <typename T>
auto key_of(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1);
    if (x != x) return std::numeric_limits<Bits>::max();
    const auto bits = std::bit_cast<Bits>(x == 0 ? T{0} : x);
    return (bits & sign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | sign);
  } else if constexpr (sizeof(T) == 8) {
    constexpr std::uint64_t shift = std::is_signed_v<T> ? std::uint64_t{1} << 63 : 0;
    return static_cast<std::uint64_t>(x) ^ shift;
  } else {
    constexpr std::uint32_t shift = std::is_signed_v<T> ? std::uint32_t{1} << 31 : 0;
    return static_cast<std::uint32_t>(x) ^ shift;
  }
}

template <typename Key>
struct Entry {
  Key key;
  std::int32_t position;
};

// Shorter rows are sorted by comparison: counting has a price of its own.
constexpr std::int64_t shortest_counted = 64;

// Sorts by one byte of the keys after the other, from the lowest, stably; `spare` is as large.
// Returns where the result is. Bytes that all keys share cost nothing.
template <typename Key>
const Entry<Key>* radix_sort(Entry<Key>* entries, Entry<Key>* spare, std::int64_t n) {
  constexpr std::size_t bytes = sizeof(Key);
  std::array<std::array<std::int64_t, 256>, bytes> counts{};
  const auto byte_of = [](Key key, std::size_t byte) { return (key >> (8 * byte)) & 0xff; };
  for (std::int64_t i = 0; i < n; ++i)
    for (std::size_t byte = 0; byte < bytes; ++byte) ++counts[byte][byte_of(entries[i].key, byte)];
  for (std::size_t byte = 0; byte < bytes; ++byte) {
    auto& places = counts[byte];
    if (places[byte_of(entries[0].key, byte)] == n) continue;
    std::exclusive_scan(places.begin(), places.end(), places.begin(), std::int64_t{0});
    for (std::int64_t i = 0; i < n; ++i)
      spare[places[byte_of(entries[i].key, byte)]++] = entries[i];
    std::swap(entries, spare);
  }
  return entries;
}

template <typename T>
void sort_row(const T* row, std::int64_t n, bool descending, std::int32_t* result) {
  using Key = decltype(key_of(static_cast<ir::Compute<T>>(row[0])));
  auto* entries = entry_space.at_least_elements<Entry<Key>>(2 * n);
  for (std::int64_t i = 0; i < n; ++i) {
    const Key key = key_of(static_cast<ir::Compute<T>>(row[i]));
    entries[i] = {descending ? static_cast<Key>(~key) : key, static_cast<std::int32_t>(i)};
  }
  const Entry<Key>* sorted = entries;
  if (n < shortest_counted)
    std::sort(entries, entries + n, [](const Entry<Key>& a, const Entry<Key>& b) {
      return std::tie(a.key, a.position) < std::tie(b.key, b.position);
    });
  else
    sorted = radix_sort(entries, entries + n, n);
  std::transform(sorted, sorted + n, result,
                 [](const Entry<Key>& entry) { return entry.position; });
}

void argsort(const Library& library, Inputs inputs, std::byte* result) {
  const bool descending = library.operation.get<ir::ArgSort>().descending;
  const std::int64_t n = library.operand_shapes[0].extents().back();
  const std::int64_t rows = library.operand_shapes[0].elements() / n;
  parallel_for(rows, std::max<std::int64_t>(1, grain_elements / n),
               [&](std::int64_t begin, std::int64_t end) {
                 ir::visit(library.operand_dtypes[0], [&](auto tag) {
                   using T = typename decltype(tag)::type;
                   const T* x = reinterpret_cast<const T*>(inputs[0]);
                   auto* to = reinterpret_cast<std::int32_t*>(result);
                   for (std::int64_t i = begin; i < end; ++i)
                     sort_row(x + i * n, n, descending, to + i * n);
                 });
               });
}

}  // namespace

MadeLibrary make_argsort(const Library&) { return make_function(argsort); }

}  // namespace evergpu::adapters::host
