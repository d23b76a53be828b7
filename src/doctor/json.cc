// The doctor's findings as JSON: for tools, bug reports, and the troubleshooting page.
#include <nlohmann/json.hpp>

#include "doctor/print.h"

namespace evergpu::doctor {
namespace {

using nlohmann::json;

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::blocks:
      return "blocks";
    case Severity::warns:
      return "warns";
    case Severity::notes:
      break;
  }
  return "notes";
}

const char* name_of(Step::Place place) {
  switch (place) {
    case Step::Place::windows:
      return "windows";
    case Step::Place::wsl:
      return "wsl";
    case Step::Place::outside:
      return "outside";
    case Step::Place::here:
      break;
  }
  return "here";
}

const char* name_of(Proof::Outcome outcome) {
  switch (outcome) {
    case Proof::Outcome::trained:
      return "trained";
    case Proof::Outcome::failed:
      return "failed";
    case Proof::Outcome::skipped:
      break;
  }
  return "skipped";
}

json describe(const Condition& condition) {
  return {{"id", condition.id},
          {"severity", name_of(condition.severity)},
          {"title", condition.title},
          {"meaning", condition.meaning},
          {"source", condition.source}};
}

/// Ubuntu 24.04, on which the troubleshooting page shows the fixes.
Machine example(bool windows, int wsl) {
  Machine machine;
  machine.os.family = windows ? "windows" : "linux";
  machine.os.distribution = windows ? "windows" : "ubuntu";
  machine.os.version = windows ? "11" : "24.04";
  machine.wsl.version = wsl;
  if (windows) machine.windows = {{"long_paths", true}, {"cpp_runtime", true}};
  return machine;
}

}  // namespace

json to_json(const std::vector<Step>& steps) {
  json list = json::array();
  for (const Step& step : steps) {
    list.push_back({{"text", step.text},
                    {"commands", step.commands},
                    {"place", name_of(step.place)},
                    {"removes", step.removes}});
  }
  return list;
}

json to_json(const Machine& machine, const std::vector<Finding>& findings, const Proof& proof) {
  json list = json::array();
  for (const Finding& finding : findings) {
    json entry = describe(*finding.condition);
    entry["detail"] = finding.detail;
    entry["fix"] = to_json(finding.fix);
    list.push_back(std::move(entry));
  }
  return {{"evergpu", EVERGPU_VERSION},
          {"verdict", verdict(findings, proof)},
          {"machine", system::to_json(machine)},
          {"findings", list},
          {"training",
           {{"outcome", name_of(proof.outcome)},
            {"reason", proof.reason},
            {"device", proof.device},
            {"gpu", proof.on_gpu},
            {"losses", proof.losses},
            {"seconds", proof.seconds}}}};
}

json describe_conditions() {
  json list = json::array();
  const Machine linux_machine = example(false, 0);
  const Machine wsl = example(false, 2);
  const Machine windows = example(true, 0);
  for (const Condition* condition : all_conditions()) {
    json entry = describe(*condition);
    const std::string_view id = condition->id;
    const bool of_windows = id.starts_with("host.windows") || id.starts_with("gpu.windows");
    const bool of_wsl = id.find("wsl") != std::string_view::npos || id == "container.no-dxg";
    entry["system"] = of_windows ? "windows" : of_wsl ? "wsl" : "linux";
    entry["fix"] = to_json(condition->fix(of_windows ? windows : of_wsl ? wsl : linux_machine));
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace evergpu::doctor
