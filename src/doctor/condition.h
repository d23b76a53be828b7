// What can be wrong with a machine: the table that the doctor, the guide and the troubleshooting
// page all read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "system/machine.h"

namespace evergpu::doctor {

using system::Machine;

enum class Severity : unsigned char {
  blocks,  // training cannot start
  warns,   // training works, but not as well as this machine could, or something else will fail
  notes,   // worth knowing
};

/// What a condition stands in the way of; a route of the guide names the parts that it needs.
enum class Part : unsigned char { machine, gpu, vulkan, python, evergpu };

/// One thing to do.
struct Step {
  // outside: of the container; wsl: within WSL, seen from Windows
  enum class Place : unsigned char { here, windows, wsl, outside };
  std::string text;                   // what it does
  std::vector<std::string> commands;  // to copy and paste; none where people act by hand
  Place place = Place::here;
  bool removes = false;  // takes away something that the user installed or wrote
};

/// What was found, in a few words (perhaps none); nothing when the condition does not hold.
using Found = std::optional<std::string>;
inline Found when(bool holds, std::string words = "") {
  return holds ? Found(std::move(words)) : std::nullopt;
}

struct Condition {
  std::string_view id;
  Part part;
  Severity severity;
  std::string_view title;    // names it
  std::string_view meaning;  // one sentence: what it means for the user
  Found (*detect)(const Machine& machine);
  std::vector<Step> (*fix)(const Machine& machine);
  std::string_view source;  // where it can be read up
};

/// All conditions, in the order in which they are best mended.
std::vector<const Condition*> all_conditions();

// The table's chapters, a file each.
std::span<const Condition> host_conditions();
std::span<const Condition> wsl_conditions();
std::span<const Condition> gpu_conditions();
std::span<const Condition> vulkan_conditions();
std::span<const Condition> python_conditions();
std::span<const Condition> tensorflow_conditions();

}  // namespace evergpu::doctor
