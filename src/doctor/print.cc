#include "doctor/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/product.h"
#include "doctor/fix.h"
#include "system/text.h"

namespace evergpu::doctor {
namespace {

std::string coloured(bool colour, const char* code, const std::string& text) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

std::string system_line(const Machine& machine) {
  std::string line = machine.os.name.empty() ? "Linux" : machine.os.name;
  if (machine.wsl.version != 0) line += fmt::format(" in WSL {}", machine.wsl.version);
  if (!machine.container.empty()) line += fmt::format(" in a container ({})", machine.container);
  if (!machine.os.kernel.empty()) line += ", kernel " + machine.os.kernel;
  return line;
}

std::string packages_line(const system::Python& python) {
  std::vector<std::string> found;
  for (const char* name :
       {"tensorflow", "tensorflow-cpu", "tensorflow-intel", "keras", "keras-nightly", "evergpu"}) {
    const auto package = python.packages.find(name);
    if (package != python.packages.end()) found.push_back(package->first + " " + package->second);
  }
  return found.empty() ? "no TensorFlow" : fmt::format("{}", fmt::join(found, ", "));
}

std::string place_words(Step::Place place, const Machine& machine) {
  if (place == Step::Place::windows && !machine.is_windows()) return " (in PowerShell, in Windows)";
  if (place == Step::Place::outside) return " (outside of this container)";
  return "";
}

std::string to_text(const Finding& finding, const Machine& machine, const Style& style) {
  const Condition& condition = *finding.condition;
  std::string title(condition.title);
  if (!finding.detail.empty()) title += fmt::format(" ({})", finding.detail);
  std::string text = fmt::format("{}\n{}", style.mark(condition.severity, title),
                                 wrapped(std::string(condition.meaning), "  "));
  for (const Step& step : finding.fix) {
    const std::string colon = step.commands.empty() ? "" : ":";
    text += wrapped("- " + step.text + place_words(step.place, machine) + colon, "  ", 2);
    for (const std::string& command : step.commands)
      text += "      " + style.strong(command) + "\n";
  }
  return text;
}

/// What training showed.
std::string to_text(const Proof& proof) {
  switch (proof.outcome) {
    case Proof::Outcome::trained:
      return wrapped(
          fmt::format("Tried it: a small model trained for two steps on {}, in {:.0f} s. Its loss "
                      "(how wrong it is) fell from {:.3f} to {:.3f}.",
                      proof.device, proof.seconds, proof.losses[0], proof.losses[1]),
          "");
    case Proof::Outcome::failed:
      return wrapped("Tried it: training a small model failed with: " + proof.reason, "");
    case Proof::Outcome::skipped:
      break;
  }
  return fmt::format("Training was not tried, because {}.\n", proof.reason);
}

std::string closing(const Machine& machine, const std::vector<Finding>& findings,
                    const Proof& proof) {
  const int code = verdict(findings, proof);
  std::string text;
  if (code == 2) {
    if (findings.empty() || findings[0].condition->severity != Severity::blocks)
      return wrapped(
          "The doctor knows no reason for this. Please help us to mend it: write a report with "
          "`evergpu doctor --report report.json`, and attach it to an issue.",
          "");
    text =
        "This machine cannot train with evergpu yet. Do what stands above, and run `evergpu "
        "doctor` again.\n";
    const bool any_command = std::any_of(findings.begin(), findings.end(), [](const Finding& f) {
      return std::any_of(f.fix.begin(), f.fix.end(), [](const Step& step) {
        return step.place == Step::Place::here && !step.commands.empty();
      });
    });
    if (any_command && machine.is_linux())
      text += "`evergpu doctor --fix` runs the commands for you, and asks before each.\n";
    return text;
  }
  if (proof.outcome == Proof::Outcome::skipped) {
    text = "Nothing is in the way of training.\n";
  } else {
    const bool warned = std::any_of(findings.begin(), findings.end(), [](const Finding& f) {
      return f.condition->severity != Severity::notes;
    });
    text = fmt::format("{}: this machine trains{}.\n", warned ? "Well enough" : "All is well",
                       proof.on_gpu ? " on its GPU" : ", on the CPU");
  }
  if (!product::has_gpu_adapter)
    text += "This version of evergpu cannot use GPUs yet; it trains on the CPU on every machine.\n";
  return text;
}

}  // namespace

std::string Style::mark(Severity severity, const std::string& text) const {
  switch (severity) {
    case Severity::blocks:
      return coloured(colour, "1;31", "x " + text);
    case Severity::warns:
      return coloured(colour, "1;33", "! " + text);
    case Severity::notes:
      break;
  }
  return coloured(colour, "1", "i " + text);
}

std::string Style::strong(const std::string& text) const { return coloured(colour, "36", text); }

std::string Style::dim(const std::string& text) const { return coloured(colour, "2", text); }

std::string wrapped(const std::string& text, const std::string& indent, std::size_t more) {
  constexpr std::size_t width = 88;
  std::string result, line = indent;
  std::size_t begin = 0;
  bool empty = true;
  while (begin < text.size()) {
    std::size_t end = std::min(text.find(' ', begin), text.size());
    // Not within a command: one more ` opens than closes.
    const auto open = [&] {
      return std::count(&text[begin], &text[begin] + (end - begin), '`') % 2;
    };
    while (end < text.size() && open() == 1) end = std::min(text.find(' ', end + 1), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!empty && line.size() + 1 + word.size() > width) {
      result += line + "\n";
      line = indent + std::string(more, ' ');
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
    begin = end + 1;
  }
  return result + line + "\n";
}

std::string gibibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0));
}

std::vector<std::string> gpu_names(const Machine& machine) {
  std::vector<std::string> names;
  for (const system::CudaDevice& device : machine.cuda.devices)
    names.push_back(fmt::format("{}, {}", device.name, gibibytes(device.memory)));
  for (const system::VulkanDevice& device : machine.vulkan.devices) {
    const bool counted = device.vendor == "nvidia" && !machine.cuda.devices.empty();
    if (device.type != "cpu" && !counted)
      names.push_back(fmt::format("{}, {}", device.name, gibibytes(device.memory)));
  }
  if (!names.empty()) return names;
  for (const system::Gpu& gpu : machine.gpus) {
    if (gpu.vendor == "microsoft") continue;
    const std::string name = gpu.name.empty() ? gpu.pci_id : gpu.name;
    const bool says_whose = system::lower(name).find(gpu.vendor) != std::string::npos ||
                            system::lower(name).find("microsoft") != std::string::npos;
    names.push_back(says_whose ? name : fmt::format("{} {}", brand(gpu.vendor), name));
  }
  if (names.empty()) {
    for (const std::string& vendor : machine.vendors()) names.push_back(brand(vendor));
  }
  return names;
}

std::string summary(const Machine& machine) {
  const std::vector<std::string> gpus = gpu_names(machine);
  std::string text = fmt::format("  system  {}\n", system_line(machine));
  text += fmt::format("  GPU     {}\n",
                      gpus.empty() ? "none found" : fmt::format("{}", fmt::join(gpus, "; ")));
  text += fmt::format("  memory  {}", gibibytes(machine.memory.limit));
  if (machine.free_bytes > 0)
    text += fmt::format(", disk {:.0f} GB free", static_cast<double>(machine.free_bytes) / 1e9);
  if (const system::Python* const python = machine.python()) {
    text += fmt::format("\n  Python  3.{}, {}: {}", python->minor, python->program,
                        packages_line(*python));
  }
  return text + "\n";
}

std::string to_text(const std::vector<Step>& steps, const std::string& indent) {
  std::string text;
  int number = 1;
  for (const Step& step : steps) {
    const std::string place = step.place == Step::Place::windows ? " (in PowerShell)"
                              : step.place == Step::Place::wsl   ? " (within Ubuntu)"
                                                                 : "";
    text += fmt::format("{}{}. {}{}{}\n", indent, number++, step.text, place,
                        step.commands.empty() ? "" : ":");
    for (const std::string& command : step.commands)
      text += fmt::format("{}       {}\n", indent, command);
  }
  return text;
}

std::string to_text(const Machine& machine, const std::vector<Finding>& findings,
                    const Proof& proof, const Style& style) {
  std::string text = fmt::format("evergpu {}\n{}", EVERGPU_VERSION, style.dim(summary(machine)));
  std::string of_gpu;
  for (const Finding& finding : findings) {
    // Without an adapter for GPUs, what is amiss with a GPU keeps nobody from training.
    const bool later = !product::has_gpu_adapter && (finding.condition->part == Part::gpu ||
                                                     finding.condition->part == Part::vulkan);
    (later ? of_gpu : text) += "\n" + to_text(finding, machine, style);
  }
  if (!of_gpu.empty())
    text += "\nFor the GPU, which other libraries use today and evergpu will:\n" + of_gpu;
  if (!findings.empty())
    text += "\n" +
            style.dim(
                "x: training cannot start   !: works, but could be better   "
                "i: worth knowing") +
            "\n";
  return text + "\n" + to_text(proof) + closing(machine, findings, proof);
}

}  // namespace evergpu::doctor
