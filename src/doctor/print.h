// What the doctor says, for people and for tools.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "doctor/diagnose.h"

namespace evergpu::doctor {

/// How text is marked where a terminal can show it.
struct Style {
  bool colour = false;
  std::string mark(Severity severity, const std::string& text) const;
  std::string strong(const std::string& text) const;
  std::string dim(const std::string& text) const;
};

/// A few lines that say what the machine is.
std::string summary(const Machine& machine);
/// The steps, each with its commands below it.
std::string to_text(const std::vector<Step>& steps, const std::string& indent);
/// Everything: the machine, the findings, the proof, the verdict.
std::string to_text(const Machine& machine, const std::vector<Finding>& findings,
                    const Proof& proof, const Style& style);

nlohmann::json to_json(const std::vector<Step>& steps);
nlohmann::json to_json(const Machine& machine, const std::vector<Finding>& findings,
                       const Proof& proof);
/// The condition itself, with the fixes for machines of the usual kinds.
nlohmann::json describe_conditions();
/// A report without the user's name and home folders.
nlohmann::json without_private_words(const nlohmann::json& report, const Machine& machine);

/// Breaks a text into lines of at most 88 characters, but no `command` within it; lines after the
/// first are indented by `more`.
std::string wrapped(const std::string& text, const std::string& indent, std::size_t more = 0);
/// "15.6 GiB"
std::string gibibytes(std::uint64_t bytes);
/// "NVIDIA GeForce RTX 4090, 24.0 GiB"; one for each GPU that is known of.
std::vector<std::string> gpu_names(const Machine& machine);

}  // namespace evergpu::doctor
