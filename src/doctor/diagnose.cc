#include "doctor/diagnose.h"

#include <algorithm>

namespace evergpu::doctor {

std::vector<Finding> diagnose(const Machine& machine) {
  std::vector<Finding> findings;
  for (const Condition* condition : all_conditions()) {
    if (Found found = condition->detect(machine))
      findings.push_back({condition, std::move(*found), condition->fix(machine)});
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.condition->severity < b.condition->severity;
  });
  return findings;
}

int verdict(const std::vector<Finding>& findings, const Proof& proof) {
  Severity worst = Severity::notes;
  for (const Finding& finding : findings) worst = std::min(worst, finding.condition->severity);
  if (worst == Severity::blocks || proof.outcome == Proof::Outcome::failed) return 2;
  const bool well = proof.outcome == Proof::Outcome::trained && proof.on_gpu;
  return well && worst == Severity::notes ? 0 : 1;
}

}  // namespace evergpu::doctor
