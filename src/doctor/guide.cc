// A route as text and as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "doctor/print.h"
#include "doctor/routes.h"

namespace evergpu::doctor {

std::string to_text(const Traveller& traveller, const Route& route, const Machine& machine) {
  std::string text = fmt::format("{} (for: {}, {}, GPU: {}, {})\n\n", route.title, traveller.level,
                                 traveller.library, traveller.vendor, traveller.system);
  text += wrapped("Status: " + route.status, "") + "\n" + wrapped(route.reason, "") +
          (route.words.empty() ? "" : "\n" + wrapped(route.words, "")) +
          "\nSteps that are left:\n\n";
  text += to_text(steps_of(route, machine), "  ");
  text += "\nfirst_training.py:\n\n";
  std::istringstream lines(route.script);
  for (std::string line; std::getline(lines, line);)
    text += line.empty() ? "\n" : "    " + line + "\n";
  text += "\n" + wrapped(route.expect, "") + "Source: " + route.source + "\n";
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
          {"words", route.words},
          {"evergpu",
           {{"status", status_of_evergpu(traveller, product::gpu_support)},
            {"tensorflow", product::tensorflow_requirement},
            {"python", fmt::format("3.{} to 3.{}", product::oldest_python_minor,
                                   product::newest_python_minor)}}},
          {"ours", route.ours},
          {"steps", to_json(steps_of(route, machine))},
          {"script", route.script},
          {"expect", route.expect},
          {"source", route.source}};
}

}  // namespace evergpu::doctor
