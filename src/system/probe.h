// Questions to drivers. Some drivers crash or hang when they are asked, so a question is put by a
// child process, this same program, and its answer is read from what the child prints.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace evergpu::system {

/// The option of the evergpu command that puts a question, followed by the driver's name.
inline constexpr const char* probe_option = "--ask-driver";

/// Asks "vulkan" or "cuda" in this process: {"devices": […]} and more, or {"error": "…"}.
nlohmann::json ask_here(const std::string& driver);
/// Asks in a child process. The error is "crashed" or "hung" where it did.
nlohmann::json ask_in_child(const std::string& executable, const std::string& driver);

nlohmann::json ask_vulkan();
nlohmann::json ask_cuda();

}  // namespace evergpu::system
