#include "system/probe.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/process.h"

namespace evergpu::system {

using nlohmann::json;

json ask_here(const std::string& driver) {
  if (driver == "vulkan") return ask_vulkan();
  if (driver == "cuda") return ask_cuda();
  return {{"error", "unknown driver"}};
}

json ask_in_child(const std::string& executable, const std::string& driver) {
  using std::chrono::seconds;
  const os::Child child = os::run_child({executable, probe_option, driver}, {}, seconds(10));
  switch (child.end) {
    case os::Child::End::not_started:
      return {{"error", "not asked"}};
    case os::Child::End::crashed:
      return {{"error", "crashed"}};
    case os::Child::End::timed_out:
      return {{"error", "hung"}};
    case os::Child::End::exited:
      break;
  }
  // Drivers may have printed before us; the answer is the last line.
  const std::size_t end = child.output.find_last_not_of("\r\n");
  if (end == std::string::npos) return {{"error", "no answer"}};
  const std::size_t begin = child.output.find_last_of('\n', end) + 1;
  json answer = json::parse(child.output.substr(begin, end + 1 - begin), nullptr, false);
  if (!answer.is_object()) return {{"error", "no answer"}};
  return answer;
}

}  // namespace evergpu::system
