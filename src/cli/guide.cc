// `evergpu guide`
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/process.h"
#include "cli/commands.h"
#include "doctor/fix.h"
#include "doctor/routes.h"

namespace evergpu::cli {
namespace {

using doctor::Traveller;

/// Lets a person choose by number; the first answer where nothing is typed.
std::string ask(const std::string& question, const std::vector<std::string>& answers) {
  print(question + "\n");
  for (std::size_t i = 0; i < answers.size(); ++i)
    print(fmt::format("  {}  {}\n", i + 1, answers[i]));
  print("> ");
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  const auto number = static_cast<std::size_t>(std::atoi(line.c_str()));
  return number >= 1 && number <= answers.size() ? answers[number - 1] : answers[0];
}

/// What nobody gave is asked in a terminal, and else is the first of its words.
void complete(std::string& word, const std::string& question,
              const std::vector<std::string>& answers) {
  if (!word.empty()) return;
  const bool person = os::stdin_is_terminal() && os::stdout_is_terminal();
  word = person ? ask(question, answers) : answers[0];
}

}  // namespace

int run_guide(const Common& common, const GuideOptions& options) {
  const std::unique_ptr<Subject> subject = examine(common);
  if (subject == nullptr) return 2;
  const Traveller here = doctor::traveller_of(subject->machine);
  Traveller traveller = here;
  traveller.level = options.level;
  traveller.library = options.library;
  if (!options.vendor.empty()) traveller.vendor = options.vendor;
  if (!options.system.empty()) traveller.system = options.system;
  if (traveller.level.empty() && os::stdin_is_terminal() && os::stdout_is_terminal())
    print(fmt::format("This is for {} and {}; --system and --vendor change that.\n\n",
                      traveller.vendor == "none" ? "a machine without a GPU"
                                                 : doctor::brand(traveller.vendor) + " GPUs",
                      doctor::system_name(traveller.system)));
  complete(traveller.level,
           "Who are you? A student reads what each thing is; a professional gets the fastest "
           "maintained way.",
           doctor::levels);
  complete(traveller.library, "Which library do you want to use?", doctor::libraries);
  if (Status status = doctor::check(traveller); !status.ok()) {
    complain(status.message());
    return 2;
  }
  // For another kind of machine than this one, nothing here says what is there already.
  const bool elsewhere =
      options.usual || traveller.system != here.system || traveller.vendor != here.vendor;
  const system::Machine machine = elsewhere ? doctor::usual_machine(traveller) : subject->machine;
  const doctor::Route route = doctor::route_of(traveller, machine);
  if (common.json) {
    print_json(doctor::to_json(traveller, route, machine));
  } else {
    print(doctor::to_text(traveller, route, machine));
  }
  return 0;
}

}  // namespace evergpu::cli
