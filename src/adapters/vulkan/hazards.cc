#include "adapters/vulkan/hazards.h"

#include <algorithm>

namespace evergpu::adapters::vulkan {

bool Hazards::conflicts(const Span& span, bool writes) const {
  const auto found = accesses_.find(span.chunk);
  if (found == accesses_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Access& access) {
    return (writes || access.writes) && access.begin < span.offset + span.bytes &&
           span.offset < access.end;
  });
}

void Hazards::add(const Span& span, bool writes) {
  accesses_[span.chunk].push_back({span.offset, span.offset + span.bytes, writes});
}

}  // namespace evergpu::adapters::vulkan
