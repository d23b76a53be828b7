// Memory, and what containers leave of it.
#include <algorithm>
#include <cstdlib>

#include "base/cgroup.h"
#include "system/machine.h"
#include "system/text.h"

namespace evergpu::system {

Memory examine_memory(const Source& source) {
  Memory memory;
  const std::string total = between(source.read("/proc/meminfo").value_or(""), "MemTotal:", "k");
  memory.total = std::strtoull(total.c_str(), nullptr, 10) * 1024;
  if (memory.total == 0) memory.total = source.memory_bytes();
  memory.limit =
      source.is_windows()
          ? memory.total
          : std::min(memory.total, os::read_cgroup_limits(source.locate("/")).memory_bytes);
  return memory;
}

}  // namespace evergpu::system
