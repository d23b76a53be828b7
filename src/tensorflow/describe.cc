// evergpu_describe: what the Python side (hook, tests, benchmarks, documents) may ask, answered in
// JSON.
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tensorflow/all_rows.h"
#include "tensorflow/entry_points.h"
#include "tensorflow/plugin.h"

namespace evergpu::tensorflow {

namespace {

using nlohmann::json;

json names(DTypes dtypes) {
  json result = json::array();
  for (ir::DType dtype : ir::all_dtypes) {
    if (dtypes.contains(dtype)) result.push_back(ir::name_of(dtype));
  }
  return result;
}

json names(std::span<const char* const> arguments) {
  json result = json::array();
  for (const char* argument : arguments) {
    if (argument != nullptr) result.push_back(argument);
  }
  return result;
}

json describe_ops() {
  json result = json::array();
  for (const OpRow* row : all_rows()) {
    if (row->refusal != nullptr) continue;
    json types = json::object();
    for (const TypeConstraint& constraint : row->types) {
      if (constraint.attribute != nullptr) types[constraint.attribute] = names(constraint.dtypes);
    }
    result.push_back(
        {{"op", row->op},
         {"types", types},
         {"host", names(row->host_arguments)},
         {"host_when",
          {{"dtypes", names(row->host_when)}, {"arguments", names(row->host_when_arguments)}}}});
  }
  return result;
}

/// Opens devices that are not open yet: only then their names are known.
json describe_devices() {
  json result = json::array();
  for (int ordinal = 0; ordinal < Plugin::instance().device_count(); ++ordinal) {
    if (Status status = Plugin::instance().open(ordinal); !status.ok()) {
      result.push_back({{"error", status.message()}});
      continue;
    }
    const runtime::Device* const device = Plugin::instance().device(ordinal);
    const adapters::DeviceInfo& info = device->info();
    result.push_back({{"adapter", info.adapter},
                      {"name", info.name},
                      {"vendor", info.vendor},
                      {"memory", info.memory_bytes},
                      {"gpu", info.is_gpu}});
  }
  return result;
}

json describe_statistics(const runtime::Statistics& s) {
  json figures = {{"writes", s.writes},
                  {"flushes", s.flushes},
                  {"kernels", s.kernels},
                  {"plan_hits", s.plan_hits},
                  {"plan_misses", s.plan_misses},
                  {"fallbacks", s.fallbacks},
                  {"allocations", s.allocations},
                  {"bytes_allocated", s.bytes_allocated},
                  {"bytes_created", s.bytes_created},
                  {"bytes_written", s.bytes_written},
                  {"nanoseconds_planning", s.nanoseconds_planning},
                  {"nanoseconds_running", s.nanoseconds_running},
                  {"live_bytes", s.live_bytes},
                  {"peak_live_bytes", s.peak_live_bytes},
                  {"resident_bytes", s.resident_bytes},
                  {"peak_resident_bytes", s.peak_resident_bytes}};
  if (s.queue) {
    figures["commands"] = s.queue->commands;
    figures["barriers"] = s.queue->barriers;
    figures["submissions"] = s.queue->submissions;
    figures["command_bytes_read"] = s.queue->bytes_read;
    figures["command_bytes_written"] = s.queue->bytes_written;
  }
  return figures;
}

/// Questions about one device end in ":<ordinal>".
json describe_device(std::string_view question, runtime::Device& device) {
  const runtime::Statistics now = device.statistics();
  if (question == "statistics") return describe_statistics(now);
  if (question == "memory") return {{"current", now.live_bytes}, {"peak", now.peak_live_bytes}};
  if (question == "reset_memory") {
    device.reset_peak();
    return json::object();
  }
  return {{"error", "unknown question"}};
}

json describe(std::string_view what) {
  if (what == "version") return EVERGPU_VERSION;
  if (what == "ops") return describe_ops();
  if (what == "device_count") return Plugin::instance().device_count();
  if (what == "devices") return describe_devices();
  const std::size_t colon = what.find(':');
  int ordinal = -1;
  if (colon != std::string_view::npos)
    std::from_chars(what.data() + colon + 1, what.data() + what.size(), ordinal);
  runtime::Device* const device = ordinal < 0 ? nullptr : Plugin::instance().device(ordinal);
  if (device == nullptr) return {{"error", "no such device is open"}};
  return describe_device(what.substr(0, colon), *device);
}

}  // namespace

}  // namespace evergpu::tensorflow

/// `what`: version, ops, device_count, devices (opens them), statistics:<ordinal>, memory:<ordinal>
/// or reset_memory:<ordinal>. The answer is JSON in UTF-8 and lives until this thread asks again.
EVERGPU_EXPORT const char* evergpu_describe(const char* what) {
  thread_local std::string answer;
  answer = evergpu::tensorflow::describe(what).dump();
  return answer.c_str();
}
