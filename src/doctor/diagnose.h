// The conditions that hold on a machine, the proof by training, and the verdict on both.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "doctor/condition.h"

namespace evergpu::doctor {

struct Finding {
  const Condition* condition;
  std::string detail;
  std::vector<Step> fix;
};

/// What holds on this machine, worst first.
std::vector<Finding> diagnose(const Machine& machine);

/// A model trained for two steps, in a child process.
struct Proof {
  enum class Outcome : unsigned char { trained, failed, skipped };
  Outcome outcome = Outcome::skipped;
  std::string reason;  // why it failed or was skipped
  std::string device;
  bool on_gpu = false;
  std::vector<double> losses;
  double seconds = 0;
};

/// Trains with a Python that has TensorFlow and evergpu.
Proof train(const std::string& python);
/// The proof that a training program's answer, as JSON, gives.
Proof read_proof(const nlohmann::json& answer);

/// 0: trains on a GPU. 1: trains, on the CPU or with warnings, or was not tried. 2: cannot train.
int verdict(const std::vector<Finding>& findings, const Proof& proof);

}  // namespace evergpu::doctor
