// A route as text and as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "doctor/print.h"
#include "doctor/routes.h"

namespace evergpu::doctor {

std::string to_text(const Traveller& traveller, const Route& route, const Machine& machine) {
  std::string text =
      fmt::format("{} (for: {}, {}, GPU: {}, {})\n\nStatus: {}\n{}\n\nSteps that are left:\n\n",
                  route.title, traveller.level, traveller.library, traveller.vendor,
                  traveller.system, route.status, route.reason);
  text += to_text(steps_of(route, machine), "  ");
  text += "\nfirst_training.py:\n\n";
  std::istringstream lines(route.script);
  for (std::string line; std::getline(lines, line);)
    text += line.empty() ? "\n" : "    " + line + "\n";
  text += fmt::format("\n{}\nSource: {}\n", route.expect, route.source);
  return text;
}

nlohmann::json to_json(const Traveller& traveller, const Route& route, const Machine& machine) {
  return {{"level", traveller.level},
          {"library", traveller.library},
          {"vendor", traveller.vendor},
          {"system", traveller.system},
          {"title", route.title},
          {"status", route.status},
          {"reason", route.reason},
          {"ours", route.ours},
          {"steps", to_json(steps_of(route, machine))},
          {"script", route.script},
          {"expect", route.expect},
          {"source", route.source}};
}

}  // namespace evergpu::doctor
