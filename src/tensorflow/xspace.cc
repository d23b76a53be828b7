#include "tensorflow/xspace.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>

#include "tensorflow/protocol_message.h"

namespace evergpu::tensorflow {

namespace {

using runtime::Launch;

// Fields are numbered as in xplane.proto.
using Message = ProtocolMessage;

/// A map's entry, for XEventMetadata and XStatMetadata alike: id -> {id, name}.
Message metadata(std::uint64_t id, std::string_view name) {
  return Message().add(1, id).add(2, Message().add(1, id).add(2, name));
}

// Identifiers of statistics, and their names in TensorBoard.
enum Stat : std::uint64_t { tf_op = 1, operations, bytes_written };
constexpr std::pair<Stat, std::string_view> stats[] = {
    {tf_op, "tf_op"}, {operations, "operations"}, {bytes_written, "bytes_written"}};

Message text(Stat stat, std::string_view value) { return Message().add(1, stat).add(5, value); }
Message count(Stat stat, std::uint64_t value) { return Message().add(1, stat).add(3, value); }

/// "dense/MatMul (MatMul)", as evergpu names operations, in the profiler's form.
std::string profiler_name(std::string_view operation) {
  const std::size_t type = operation.rfind(" (");
  if (type == std::string_view::npos || !operation.ends_with(')')) return std::string(operation);
  return fmt::format("{}:{}", operation.substr(0, type),
                     operation.substr(type + 2, operation.size() - type - 3));
}

std::uint64_t picoseconds(std::chrono::steady_clock::duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count() * 1000);
}

/// Nanoseconds since the epoch, which the profiler counts in.
std::uint64_t wall_clock(std::chrono::steady_clock::time_point when) {
  const auto ago = std::chrono::steady_clock::now() - when;
  const auto then = std::chrono::system_clock::now() - ago;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(then.time_since_epoch()).count());
}

Message event(const Launch& launch, std::uint64_t name,
              std::chrono::steady_clock::time_point origin) {
  Message message;
  message.add(1, name)
      .add(2, picoseconds(launch.interval.begin - origin))
      .add(3, picoseconds(launch.interval.end - launch.interval.begin));
  if (!launch.operations.empty()) {
    message.add(4, text(tf_op, profiler_name(launch.operations.front())))
        .add(4, text(operations, fmt::format("{}", fmt::join(launch.operations, ", "))));
  }
  return message.add(4, count(bytes_written, launch.bytes_stored));
}

Message plane(const DeviceRecording& device) {
  const std::vector<Launch>& launches = device.recording.launches;
  std::map<std::string_view, std::uint64_t> names;
  Message line;
  line.add(2, "evergpu's kernels");
  if (!launches.empty()) {
    const auto origin = launches.front().interval.begin;
    line.add(3, wall_clock(origin));
    for (const Launch& launch : launches) {
      const std::uint64_t name = names.emplace(launch.kernel, names.size() + 1).first->second;
      line.add(4, event(launch, name, origin));
    }
  }
  Message message;
  message.add(2, fmt::format("/device:GPU:{}", device.ordinal)).add(3, line);
  for (const auto& [name, id] : names) message.add(4, metadata(id, name));
  for (const auto& [stat, name] : stats) message.add(5, metadata(stat, name));
  return message;
}

}  // namespace

std::string serialize_xspace(std::span<const DeviceRecording> devices) {
  Message space;
  for (const DeviceRecording& device : devices) {
    space.add(1, plane(device));
    if (device.recording.dropped != 0) {
      space.add(3, fmt::format("evergpu's profile of /device:GPU:{} ends after {} kernels; {} more "
                               "ran. Profile fewer steps.",
                               device.ordinal, device.recording.launches.size(),
                               device.recording.dropped));
    }
  }
  return space.bytes();
}

}  // namespace evergpu::tensorflow
