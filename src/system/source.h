// Where facts about a machine come from: files below a root folder, and questions that no file
// answers. A live source asks this machine; a recorded one reads answers.json in its root folder,
// so that any machine can be described by a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace evergpu::system {

class Source {
 public:
  virtual ~Source() = default;

  /// The whole of a text file, or its first megabytes; nothing when it cannot be read.
  std::optional<std::string> read(const std::string& path) const;
  bool exists(const std::string& path) const;
  bool is_folder(const std::string& path) const;
  /// The names in a folder, sorted; none when there is no such folder.
  std::vector<std::string> names(const std::string& folder) const;
  /// The last part of where a symbolic link points; nothing when it is none.
  std::optional<std::string> link_target(const std::string& path) const;
  /// The file that a path of the described machine stands for.
  virtual std::filesystem::path locate(const std::string& path) const = 0;

  virtual std::optional<std::string> environment(const std::string& name) const = 0;
  virtual std::vector<std::string> registry_keys(const std::string& key) const = 0;
  virtual std::optional<std::string> registry(const std::string& key,
                                              const std::string& name) const = 0;
  /// Whether this user may read and write a file that exists.
  virtual bool may_use(const std::string& path) const = 0;
  virtual bool is_administrator() const = 0;
  /// The folder in which the user works.
  virtual std::string working_folder() const = 0;
  /// The folder of the evergpu command.
  virtual std::string own_folder() const = 0;
  /// Bytes that are free where `path` lies; 0 when unknown.
  virtual std::uint64_t free_bytes(const std::string& path) const = 0;
  /// Bytes of memory, as the system tells rather than a file; 0 when unknown.
  virtual std::uint64_t memory_bytes() const = 0;
  virtual bool is_windows() const = 0;
  /// What a driver says, asked in a child process: see probe.h. {"error": …} when it cannot be
  /// asked.
  virtual nlohmann::json ask(const std::string& driver) const = 0;
};

/// This machine.
std::unique_ptr<Source> live_source();
/// The machine that a folder describes.
Result<std::unique_ptr<Source>> recorded_source(const std::filesystem::path& root);

}  // namespace evergpu::system
