// Child processes with a time limit: whatever may crash or hang is asked there instead of here.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace evergpu::os {

/// What became of a child.
struct Child {
  enum class End : unsigned char { exited, crashed, timed_out, not_started };
  End end = End::not_started;
  int code = 0;        // the exit code, where it exited
  std::string output;  // what it wrote to stdout and stderr
};

/// Runs `command` (a program, found in PATH where it has no folder, and its arguments) without
/// input, with `environment` added to ours, and ends it and its children after `limit`.
Child run_child(const std::vector<std::string>& command,
                const std::vector<std::pair<std::string, std::string>>& environment,
                std::chrono::milliseconds limit);

/// The file that this process runs.
std::filesystem::path executable();
/// Whether people read stdout, and type into stdin.
bool stdout_is_terminal();
bool stdin_is_terminal();
/// Whether this process may read and write a file that exists.
bool may_read_and_write(const std::filesystem::path& file);
/// Whether this process has the rights of root or of an elevated administrator.
bool is_administrator();

}  // namespace evergpu::os
