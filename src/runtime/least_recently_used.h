// Entries found by hash, of which the one used least recently is the next to go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace evergpu::runtime {

template <typename Entry>
class LeastRecentlyUsed {
 public:
  std::size_t size() const { return entries_.size(); }

  /// The entry of that hash for which `is_it` holds, now the most recently used; null if there is
  /// none.
  template <typename IsIt>
  Entry* find(std::uint64_t hash, IsIt&& is_it) {
    const auto [first, last] = by_hash_.equal_range(hash);
    for (auto found = first; found != last; ++found) {
      if (!is_it(found->second->entry)) continue;
      entries_.splice(entries_.begin(), entries_, found->second);
      return &found->second->entry;
    }
    return nullptr;
  }

  /// The new entry stays where it is until it is taken out.
  Entry& insert(std::uint64_t hash, Entry&& entry) {
    entries_.push_front({std::move(entry), hash});
    by_hash_.emplace(hash, entries_.begin());
    return entries_.front().entry;
  }

  /// Takes out the entry that was used least recently. There is one.
  Entry take_oldest() {
    const auto oldest = std::prev(entries_.end());
    auto place = by_hash_.equal_range(oldest->hash).first;
    while (place->second != oldest) ++place;
    by_hash_.erase(place);
    Entry entry = std::move(oldest->entry);
    entries_.erase(oldest);
    return entry;
  }

 private:
  struct Item {
    Entry entry;
    std::uint64_t hash;
  };
  using Items = std::list<Item>;  // most recently used first
  Items entries_;
  std::unordered_multimap<std::uint64_t, typename Items::iterator> by_hash_;
};

}  // namespace evergpu::runtime
