#include "adapters/vulkan/hazards.h"

#include <algorithm>

namespace evergpu::adapters::vulkan {
namespace {

constexpr std::uint64_t word = 4;

std::uint64_t begin_of(const Span& span) { return span.offset / word * word; }
std::uint64_t end_of(const Span& span) {
  return (span.offset + span.bytes + word - 1) / word * word;
}

}  // namespace

bool Hazards::conflicts(const Span& span, bool writes) const {
  const auto found = accesses_.find(span.chunk);
  if (found == accesses_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Access& access) {
    return (writes || access.writes) && access.begin < end_of(span) && begin_of(span) < access.end;
  });
}

void Hazards::add(const Span& span, bool writes) {
  accesses_[span.chunk].push_back({begin_of(span), end_of(span), writes});
}

}  // namespace evergpu::adapters::vulkan
