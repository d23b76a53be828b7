// The parts of a Winograd convolution F(2x2, 3x3) in f32 (Lavin and Gray, Fast Algorithms for
// Convolutional Neural Networks, 2015), compiled for each instruction set. Sixteen products of
// transformed tiles and filters do what takes 36 multiplications for each pair of channels
// directly. Channels are neighbours in memory; their number is a multiple of winograd_channels.
#pragma once

#include <cstdint>

namespace evergpu::adapters::host {

constexpr std::int64_t winograd_channels = 16;
constexpr std::int64_t winograd_frequencies = 16;
constexpr std::int64_t winograd_most_columns = 64;  // of a product

/// c[row, column] = sum over depth of a[row, depth] * b[depth, column], or added to what c has.
/// b and c are dense but for c's rows; `rows` is a multiple of WinogradKernels::rows(columns).
struct WinogradProduct {
  const float* a = nullptr;
  std::int64_t a_row = 0;    // from a row to the next
  std::int64_t a_depth = 0;  // and from an element of a row to the next
  const float* b = nullptr;
  float* c = nullptr;
  std::int64_t rows = 0;
  std::int64_t depth = 0;
  std::int64_t columns = 0;
  bool add = false;
};

/// Transforms of `channels` neighbouring channels. A transformed array has sixteen frequencies,
/// `stride` elements from one to the next.
struct WinogradKernels {
  /// 4x4 pixels of the input.
  void (*input)(const float* const pixels[16], std::int64_t channels, float* to,
                std::int64_t stride);
  /// The filter's nine taps.
  void (*filter)(const float* const taps[9], std::int64_t channels, float* to, std::int64_t stride);
  /// Sums over the input's channels become 2x2 pixels of the result.
  void (*result)(const float* from, std::int64_t stride, std::int64_t channels,
                 float* const pixels[4]);
  /// 2x2 pixels of the result's gradient, for the filter's: F(3x3, 2x2) over the same tiles.
  void (*gradient)(const float* const pixels[4], std::int64_t channels, float* to,
                   std::int64_t stride);
  /// Sums over tiles become the gradient of the filter's nine taps.
  void (*filter_gradient)(const float* from, std::int64_t stride, std::int64_t channels,
                          float* const taps[9]);
  void (*multiply)(const WinogradProduct& product);
  /// How many columns a product has: a divisor of `channels`.
  std::int64_t (*columns)(std::int64_t channels);
  /// How many rows it computes at once.
  std::int64_t (*rows)(std::int64_t columns);
};
const WinogradKernels& winograd_kernels();

}  // namespace evergpu::adapters::host
