// `evergpu tune`
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "adapters/vulkan/vulkan.h"
#include "cli/commands.h"

namespace evergpu::cli {
namespace {

using adapters::TileRate;
using adapters::VulkanAdapter;

int failed(const Status& status) {
  complain(status.message());
  return 2;
}

std::string line_of(const TileRate& row) {
  const std::string rate =
      row.problem.empty() ? fmt::format("{:9.2f} {}", row.rate, row.unit) : row.problem;
  return fmt::format("    {:<78} {}{}\n", row.tile, rate, row.is_default ? ", default" : "");
}

nlohmann::json json_of(const TileRate& row) {
  return {{"use", row.use},         {"tile", row.tile},       {"rate", row.rate},
          {"unit", row.unit},       {"problem", row.problem}, {"default", row.is_default},
          {"chosen", row.is_chosen}};
}

int reset(VulkanAdapter& vulkan, int device) {
  const Result<bool> forgotten = vulkan.forget_tiles(device);
  if (!forgotten.ok()) return failed(forgotten.status());
  print(*forgotten ? "Forgotten: the device computes with the tiles of its class again.\n"
                   : "There was nothing to forget.\n");
  return 0;
}

}  // namespace

int run_tune(const Common& common, const TuneOptions& options) {
  const auto vulkan = adapters::make_vulkan_adapter();
  if (!vulkan.ok()) return failed(vulkan.status());
  if (options.reset) return reset(**vulkan, options.device);
  const auto& candidates = (*vulkan)->candidates();
  const auto number = static_cast<std::size_t>(options.device);
  if (number < candidates.size() && !common.json)
    print(fmt::format("Measuring {}. Nothing else should compute meanwhile.\n",
                      candidates[number].name));
  std::string use;
  const auto tuned = (*vulkan)->tune(options.device, [&](const TileRate& row) {
    if (common.json) return;
    if (row.use != use) print(fmt::format("\n{}\n", row.use));
    use = row.use;
    print(line_of(row));
    std::fflush(stdout);
  });
  if (!tuned.ok()) return failed(tuned.status());
  if (common.json) {
    nlohmann::json rows = nlohmann::json::array();
    for (const TileRate& row : *tuned) rows.push_back(json_of(row));
    print_json(rows);
    return 0;
  }
  print("\nChosen, and remembered for this device and version of its driver:\n");
  for (const TileRate& row : *tuned)
    if (row.is_chosen) print(fmt::format("    {}: {}\n", row.use, row.tile));
  print(
      "From now on sums are added in these tiles' order, so their last digits may differ from what "
      "was computed before. `evergpu tune --reset` forgets it.\n");
  return 0;
}

}  // namespace evergpu::cli
