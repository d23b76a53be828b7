// The way to a first trained model, for who you are and what you have: one table behind
// `evergpu guide` and the pages of the guides.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "doctor/choice.h"
#include "doctor/condition.h"

namespace evergpu::doctor {

/// What a route is for; each a word of `evergpu guide`'s options.
struct Traveller {
  std::string level;    // "student" or "professional"
  std::string library;  // "tensorflow", "keras", "pytorch", "jax"
  std::string vendor;   // "amd", "intel", "nvidia", "none"
  std::string system;   // "windows", "wsl", "linux"
};

inline const std::vector<std::string> levels = {"student", "professional"};
inline const std::vector<std::string> libraries = {"tensorflow", "keras", "pytorch", "jax"};
inline const std::vector<std::string> vendors = {"amd", "intel", "nvidia", "none"};
inline const std::vector<std::string> systems = {"windows", "wsl", "linux"};

struct Route {
  std::string title;
  std::string status;         // of evergpu for this traveller, and of what the route uses instead
  std::string reason;         // why this route
  std::string words;          // explained to students; empty for professionals
  bool ours = false;          // it ends with evergpu
  std::vector<Part> needs;    // the conditions that are in its way
  std::vector<Step> install;  // after these are mended
  std::string script;         // a first training, to save as first_training.py
  Step run;                   // and to run
  std::string expect;         // what it prints then
  std::string source;
};

Status check(const Traveller& traveller);
/// Who asks from this machine, as far as the machine tells.
Traveller traveller_of(const Machine& machine);
/// A usual machine of this kind with nothing installed, for guides that are read elsewhere.
Machine usual_machine(const Traveller& traveller);
/// Whether evergpu computes on this traveller's GPU, and how that was verified.
std::string status_of_evergpu(const Traveller& traveller, GpuSupport support);
/// What evergpu does for this traveller's scripts.
std::string promise_of_evergpu(const Traveller& traveller, GpuSupport support);
/// The route, with commands for this machine.
Route route_of(const Traveller& traveller, const Machine& machine);
/// The steps that this machine still needs for it: fixes, installation, training.
std::vector<Step> steps_of(const Route& route, const Machine& machine);

std::string to_text(const Traveller& traveller, const Route& route, const Machine& machine);
nlohmann::json to_json(const Traveller& traveller, const Route& route, const Machine& machine);

/// A first training in each library.
std::string_view keras_script();
std::string_view pytorch_script();
std::string_view jax_script();

}  // namespace evergpu::doctor
