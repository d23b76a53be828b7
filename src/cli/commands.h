// The commands of `evergpu`; each returns the exit code.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "system/machine.h"

namespace evergpu::cli {

/// Options that all commands have.
struct Common {
  std::string root;    // the folder that describes a machine, instead of this one
  std::string python;  // the Python to look at
  bool json = false;
};

/// The machine to look at, with its source.
struct Subject {
  std::unique_ptr<system::Source> source;
  system::Machine machine;
};
/// Examines it; prints what is wrong and returns nothing when it cannot be.
std::unique_ptr<Subject> examine(const Common& common);

struct DoctorOptions {
  bool fix = false;
  bool dry_run = false;
  bool train = true;
  bool conditions = false;  // print the table
  std::string report;       // the file to write
};
int run_doctor(const Common& common, const DoctorOptions& options);

int run_devices(const Common& common);

struct GuideOptions {
  std::string level, library, vendor, system;
  bool usual = false;  // for a usual machine of that kind, also where it is of this one's
};
int run_guide(const Common& common, const GuideOptions& options);

struct TuneOptions {
  int device = 0;  // as in EVERGPU_ADAPTER=vulkan:N
  bool reset = false;
};
int run_tune(const Common& common, const TuneOptions& options);

void print(const std::string& text);
void print_json(const nlohmann::json& json);
void complain(const std::string& text);

}  // namespace evergpu::cli
