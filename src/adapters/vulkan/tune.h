// Which tiles are fastest on a device, found by measuring all that it takes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.h"
#include "adapters/vulkan/tiles.h"
#include "adapters/vulkan/vulkan.h"
#include "ir/value.h"

namespace evergpu::adapters::vulkan {

/// A value whose leaves are of f32, and what its kernels' speed is counted in.
struct Workload {
  ir::Value value;
  double amount = 0.0;  // operations of floats, or bytes read and written
};

/// What each kind of tile is measured with: as large as a GPU needs to be busy.
struct Workloads {
  std::vector<Workload> product;
  std::vector<Workload> convolution;
  std::vector<Workload> loop;
  std::vector<Workload> winograd;  // convolutions that the method may compute
};
Workloads usual_workloads();

struct TuneSettings {
  Tiles start;  // another tile is taken where it is a twentieth faster at least
  std::function<Result<std::unique_ptr<Device>>(const Tiles&)> open;
  std::chrono::duration<double> time{0.2};  // of measuring each workload with a tile
  std::function<void(const TileRate&)> measured;
};

struct Tuning {
  Tiles tiles;
  std::vector<TileRate> rows;
};
/// The fastest of the tiles that `can` takes and that compute what `start` computes, bit for bit:
/// the workloads are of whole numbers, whose sums are exact in any order. An error where the device
/// is lost, or cannot be measured with `start`.
Result<Tuning> measure_tiles(const Capabilities& can, const Workloads& workloads,
                             const TuneSettings& settings);

}  // namespace evergpu::adapters::vulkan
