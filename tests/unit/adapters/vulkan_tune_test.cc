// Tiles: which are chosen, how they are remembered, and that all of them compute the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>

#include "adapters/host/host.h"
#include "adapters/vulkan/cache_place.h"
#include "adapters/vulkan/pipeline.h"
#include "adapters/vulkan/tune.h"
#include "adapters/vulkan/tuning.h"
#include "adapters/vulkan_test.h"
#include "base/os.h"
#include "ir/build.h"
#include "support/environment.h"

namespace evergpu::adapters::vulkan {
namespace {

using evergpu::testing::ScopedVariable;

// A folder of the test's own as the cache, and nothing else asked for.
class TuneFolder {
 public:
  TuneFolder() { std::filesystem::remove_all(path_); }
  ~TuneFolder() { std::filesystem::remove_all(path_); }
  TuneFolder(const TuneFolder&) = delete;
  TuneFolder& operator=(const TuneFolder&) = delete;

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / fmt::format("evergpu_tiles_{}", os::process_id());
  const ScopedVariable variable_{"EVERGPU_VULKAN_CACHE", path_.string()};
  const ScopedVariable profile_{"EVERGPU_VULKAN_PROFILE", ""};
  const ScopedVariable tiles_{"EVERGPU_VULKAN_TILES", ""};
};

PhysicalDevice able_device() {
  PhysicalDevice device;
  device.kind = DeviceKind::discrete;
  device.cache_uuid.fill(3);
  device.driver_uuid.fill(4);
  device.capabilities.max_workgroup_size = 1024;
  device.capabilities.shared_bytes = 32 << 10;
  device.capabilities.device_addresses = true;
  device.capabilities.storage_8bit = true;
  return device;
}

TEST(VulkanTiles, OfClassesAreAmongThoseThatCanBeMeasured) {
  const TuneFolder folder;
  PhysicalDevice device = able_device();
  for (const bool for_gpu : {false, true}) {
    for (const bool addresses : {false, true}) {
      device.has_fast_addresses = addresses;
      const Tiles tiles = default_tiles(device, for_gpu);
      ASSERT_TRUE(remember_tiles(device, tiles).ok());
      EXPECT_EQ(remembered_tiles(device), tiles);
    }
  }
  for (const LoopTile& tile : loop_tiles())  // reductions end in a tree
    EXPECT_TRUE(std::has_single_bit(tile.invocations)) << in_words(tile);
  for (const SharedTile& tile : shared_tiles())
    EXPECT_TRUE(fits(tile, device.capabilities)) << in_words(tile);
  device.capabilities.shared_bytes = 16 << 10;
  device.capabilities.max_workgroup_size = 128;
  EXPECT_FALSE(fits(shared_tiles()[0], device.capabilities));
  EXPECT_EQ(default_tiles(device, true).loop.invocations, 128U);
  const ContractionTile small = SharedTile{4, 4, 8, 8, 16};
  EXPECT_TRUE(fits(small, device.capabilities));
  EXPECT_EQ(default_tiles(device, true).product, small);
  EXPECT_EQ(default_tiles(device, true).convolution, small);
}

TEST(VulkanTiles, AreNoWiderThanWhatTheyCompute) {
  EXPECT_EQ(fitted(SharedTile{4, 4, 16, 16, 16}, 16),
            ContractionTile(SharedTile{4, 1, 16, 16, 16}));
  EXPECT_EQ(fitted(SharedTile{4, 4, 16, 16, 16}, 17),
            ContractionTile(SharedTile{4, 2, 16, 16, 16}));
  EXPECT_EQ(fitted(RegisterTile{16, 8, 8, 1, Binding::descriptors}, 3),
            ContractionTile(RegisterTile{16, 1, 8, 1, Binding::descriptors}));
}

TEST(VulkanTuning, IsForOneDeviceWithItsDriver) {
  const TuneFolder folder;
  const PhysicalDevice device = able_device();
  EXPECT_FALSE(remembered_tiles(device));
  const Tiles tiles{register_tiles()[3], shared_tiles()[2], loop_tiles()[2], winograd_choices()[1]};
  ASSERT_TRUE(remember_tiles(device, tiles).ok());
  EXPECT_EQ(remembered_tiles(device), tiles);
  PhysicalDevice other = device;
  other.driver_uuid[7] = 5;
  EXPECT_FALSE(remembered_tiles(other));
  std::filesystem::copy(cache_place(device, ".tiles")->path, cache_place(other, ".tiles")->path);
  EXPECT_FALSE(remembered_tiles(other));
  EXPECT_EQ(*forget_tiles(device), true);
  EXPECT_EQ(*forget_tiles(device), false);
  EXPECT_FALSE(remembered_tiles(device));
}

TEST(VulkanTuning, IsNotTakenWhereItMayNotFit) {
  const TuneFolder folder;
  const PhysicalDevice device = able_device();
  const Tiles good{shared_tiles()[4], register_tiles()[4], loop_tiles()[1], winograd_choices()[2]};
  Tiles unknown = good;
  std::get<RegisterTile>(unknown.convolution).rows = 7;
  ASSERT_TRUE(remember_tiles(device, unknown).ok());
  EXPECT_FALSE(remembered_tiles(device));
  unknown = good;
  unknown.winograd.pair_cost = 7;
  ASSERT_TRUE(remember_tiles(device, unknown).ok());
  EXPECT_FALSE(remembered_tiles(device));
  ASSERT_TRUE(remember_tiles(device, good).ok());
  EXPECT_EQ(remembered_tiles(device), good);
  PhysicalDevice less = device;
  less.capabilities.device_addresses = false;
  EXPECT_FALSE(remembered_tiles(less));
  less = device;
  less.capabilities.max_workgroup_size = 128;
  EXPECT_FALSE(remembered_tiles(less));

  // Bytes that are whole, but not of this version, or of another length.
  const CachePlace place = *cache_place(device, ".tiles");
  std::vector<std::byte> bytes = *read_cache_file(place.path, place.key);
  bytes[0] ^= std::byte{2};
  ASSERT_TRUE(write_cache_file(place.path, place.key, bytes).ok());
  EXPECT_FALSE(remembered_tiles(device));
  bytes[0] ^= std::byte{2};
  bytes.pop_back();
  ASSERT_TRUE(write_cache_file(place.path, place.key, bytes).ok());
  EXPECT_FALSE(remembered_tiles(device));
  std::ofstream(place.path, std::ios::trunc) << "damaged";
  EXPECT_FALSE(remembered_tiles(device));
}

TEST(VulkanTuning, NeedsAPlace) {
  const ScopedVariable off("EVERGPU_VULKAN_CACHE", "off");
  const PhysicalDevice device = able_device();
  EXPECT_EQ(can_remember(device).code(), Code::failed_precondition);
  EXPECT_FALSE(remember_tiles(device, default_tiles(device, true)).ok());
  EXPECT_FALSE(remembered_tiles(device));
  EXPECT_EQ(*forget_tiles(device), false);
}

// The host, with a clock that says what it is told to, and downloads that may be wrong.
class TunedDevice final : public Device {
 public:
  TunedDevice(std::chrono::nanoseconds launch_time, bool wrong)
      : device_(std::move(*make_host_adapter(1)->open(0))),
        launch_time_(launch_time),
        wrong_(wrong) {}

  const DeviceInfo& info() const override { return device_->info(); }
  Result<std::unique_ptr<Memory>> allocate(std::size_t bytes) override {
    return device_->allocate(bytes);
  }
  Status upload(Region to, std::span<const std::byte> from) override {
    return device_->upload(to, from);
  }
  Status download(std::span<std::byte> to, Region from) override {
    const Status status = device_->download(to, from);
    if (wrong_) to.back() ^= std::byte{1};
    return status;
  }
  Status copy(Region to, Region from, std::size_t bytes) override {
    return device_->copy(to, from, bytes);
  }
  Result<std::unique_ptr<Executable>> compile(const compiler::Kernel& kernel) override {
    return device_->compile(kernel);
  }
  Status launch(Executable& executable, const compiler::Kernel& kernel,
                std::span<const Region> inputs, std::span<const Region> outputs) override {
    return device_->launch(executable, kernel, inputs, outputs);
  }
  Status wait() override { return device_->wait(); }
  bool measure(bool) override { return true; }
  Result<std::vector<Interval>> measured() override {
    const std::chrono::steady_clock::time_point begin;
    return std::vector<Interval>{{begin, begin + launch_time_}};
  }

 private:
  std::unique_ptr<Device> device_;
  const std::chrono::nanoseconds launch_time_;
  const bool wrong_;
};

ir::Value tune_leaf(const ir::Shape& shape) {
  return ir::Node::stored(ir::DType::f32, shape, nullptr);
}

// Of each kind one or two, ragged, and sums that are cut into parts.
Workloads small_workloads() {
  const auto product = [](std::int64_t m, std::int64_t n, std::int64_t k) {
    return Workload{
        ir::matmul(tune_leaf(ir::Shape({m, k})), tune_leaf(ir::Shape({k, n})), false, false), 1e3};
  };
  const ir::Convolution attributes{
      ir::Dims(2, 1), ir::Dims(2, 1), ir::Dims(2, 1), ir::Dims(2, 1), 1, {}};
  ir::Convolution strided = attributes;
  strided.strides = ir::Dims(2, 2);
  const ir::Shape image({2, 9, 7, 5});
  const ir::Shape filter({3, 3, 5, 6});
  const ir::Shape result({2, 9, 7, 6});
  Workloads workloads;
  workloads.product = {product(150, 133, 41), product(3, 5, 2000)};
  workloads.convolution = {
      {ir::convolution(tune_leaf(image), tune_leaf(filter), attributes), 1e3},
      {ir::convolution_filter(tune_leaf(image), filter, tune_leaf(result), attributes), 1e3},
      {ir::convolution_input(image, tune_leaf(filter), tune_leaf(ir::Shape({2, 5, 4, 6})), strided),
       1e3}};
  for (const std::int64_t axis : {0, 1})
    workloads.loop.push_back(
        {ir::reduce(ir::ReduceOp::sum, tune_leaf(ir::Shape({70, 900})), std::span(&axis, 1)), 1e3});
  workloads.loop.push_back({tune_leaf(ir::Shape({5001})) + tune_leaf(ir::Shape({5001})), 1e3});
  const ir::Shape larger({1, 25, 24, 8});  // which one of the choices computes by Winograd's method
  const ir::Shape taps({3, 3, 8, 8});
  workloads.winograd = {
      {ir::convolution(tune_leaf(larger), tune_leaf(taps), attributes), 1e3},
      {ir::convolution_input(larger, tune_leaf(taps), tune_leaf(larger), attributes), 1e3},
      {ir::convolution_filter(tune_leaf(larger), taps, tune_leaf(larger), attributes), 1e3}};
  return workloads;
}

// What measure_tiles makes of a device whose tiles are as fast as `time_of` says.
Result<Tuning> tune_with(const std::function<Result<std::unique_ptr<Device>>(const Tiles&)>& open) {
  const PhysicalDevice device = able_device();
  TuneSettings settings;
  settings.start = default_tiles(device, true);
  settings.open = open;
  settings.time = std::chrono::duration<double>(0);
  settings.measured = [](const TileRate& /*row*/) {};
  return measure_tiles(device.capabilities, small_workloads(), settings);
}

std::unique_ptr<Device> tuned_device(int microseconds, bool wrong = false) {
  return std::make_unique<TunedDevice>(std::chrono::microseconds(microseconds), wrong);
}

TEST(VulkanTune, TakesTheFastestThatIsWorthIt) {
  const Tiles start = default_tiles(able_device(), true);
  Tiles direct = start;
  direct.winograd = never_winograd();
  const Winograd faster = winograd_choices()[0];
  const auto tuning = tune_with([&](const Tiles& tiles) -> Result<std::unique_ptr<Device>> {
    // Tiles are measured without Winograd's method, and that with the best of them.
    if (tiles.convolution == ContractionTile(register_tiles()[4])) return tuned_device(90);
    if (tiles.convolution == ContractionTile(register_tiles()[6]))
      return tuned_device(tiles.winograd == direct.winograd ? 80
                          : tiles.winograd == faster        ? 60
                                                            : 100);
    if (tiles.convolution == ContractionTile(register_tiles()[7]))
      return tuned_device(10, true);  // but it is wrong
    if (tiles.loop == loop_tiles()[3]) return tuned_device(97);
    if (tiles == start || tiles == direct) return tuned_device(100);
    return unimplemented("too much for me");
  });
  ASSERT_TRUE(tuning.ok()) << tuning.status().message();
  EXPECT_EQ(tuning->tiles, (Tiles{start.product, register_tiles()[6], start.loop, faster}));
  ASSERT_EQ(tuning->rows.size(), 2 * (shared_tiles().size() + register_tiles().size()) +
                                     loop_tiles().size() + winograd_choices().size());
  int chosen = 0;
  int defaults = 0;
  int wrong = 0;
  for (const TileRate& row : tuning->rows) {
    chosen += row.is_chosen ? 1 : 0;
    defaults += row.is_default ? 1 : 0;
    wrong += row.problem == "does not compute what the default does" ? 1 : 0;
    EXPECT_EQ(row.rate > 0, row.problem.empty()) << row.tile;
    if (row.is_default) {
      EXPECT_NEAR(row.rate, 1e3 / 100e-6 * 1e-9, 1e-6) << row.tile;
    }
  }
  EXPECT_EQ(chosen, 4);
  EXPECT_EQ(defaults, 4);
  EXPECT_EQ(wrong, 1);
}

TEST(VulkanTune, EndsWithALostDevice) {
  const Tiles start = default_tiles(able_device(), true);
  const auto lost = tune_with([&](const Tiles& tiles) -> Result<std::unique_ptr<Device>> {
    if (tiles == start) return tuned_device(100);
    return Status(Code::unavailable, "lost");
  });
  EXPECT_EQ(lost.status().message(), "lost");
  const auto never = tune_with([&](const Tiles& /*tiles*/) -> Result<std::unique_ptr<Device>> {
    return unimplemented("too much for me");
  });
  EXPECT_EQ(never.status().message(), "too much for me");
}

class VulkanTuned : public VulkanTest {};

// The way of a user: a tile is remembered, and the next device computes with it.
TEST_F(VulkanTuned, EveryTileComputesTheSame) {
  const TuneFolder folder;
  const auto instance = Instance::create({});
  ASSERT_TRUE(instance.ok());
  const PhysicalDevice& physical = (*instance)->devices()[0];
  const auto adapter = make_vulkan_adapter();
  ASSERT_TRUE(adapter.ok());
  TuneSettings settings;
  settings.start = default_tiles(physical, physical.kind != DeviceKind::software);
  settings.open = [&](const Tiles& tiles) -> Result<std::unique_ptr<Device>> {
    EVERGPU_RETURN_IF_ERROR(remember_tiles(physical, tiles));
    const auto context = Context::create(*instance, physical);
    if (!context.ok()) return context.status();
    EXPECT_EQ((*context)->tiles(), tiles);
    return (*adapter)->open(0);
  };
  settings.time = std::chrono::duration<double>(0);
  std::size_t told = 0;
  settings.measured = [&](const TileRate& row) {
    ++told;
    EXPECT_EQ(row.problem, "") << row.use << ": " << row.tile;
  };
  const auto tuning = measure_tiles(physical.capabilities, small_workloads(), settings);
  ASSERT_TRUE(tuning.ok()) << tuning.status().message();
  EXPECT_EQ(tuning->rows.size(), told);
  EXPECT_GE(told, 12U);
}

TEST_F(VulkanTuned, WhatIsAskedForGoesFirst) {
  const TuneFolder folder;
  const auto instance = Instance::create({});
  ASSERT_TRUE(instance.ok());
  const PhysicalDevice& physical = (*instance)->devices()[0];
  const Tiles tiles{register_tiles()[3], register_tiles()[7], loop_tiles()[2], never_winograd()};
  ASSERT_TRUE(remember_tiles(physical, tiles).ok());
  const auto tiles_with = [&](const char* name, const char* value) {
    const ScopedVariable variable(name, value);
    const auto context = Context::create(*instance, physical);
    EXPECT_TRUE(context.ok());
    return (*context)->tiles();
  };
  EXPECT_EQ(tiles_with("EVERGPU_VULKAN_TILES", ""), tiles);
  EXPECT_EQ(tiles_with("EVERGPU_VULKAN_TILES", "gpu"), default_tiles(physical, true));
  EXPECT_NE(tiles_with("EVERGPU_VULKAN_PROFILE", "baseline"), tiles);
  EXPECT_NE(tiles_with("EVERGPU_VULKAN_CACHE", "off"), tiles);
  Tiles with_winograd = tiles;
  with_winograd.winograd = always_winograd();
  EXPECT_EQ(tiles_with("EVERGPU_VULKAN_WINOGRAD", "always"), with_winograd);
}

}  // namespace
}  // namespace evergpu::adapters::vulkan
