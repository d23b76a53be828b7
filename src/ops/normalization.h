// Batch normalization (Ioffe and Szegedy, 2015) and local response normalization (Krizhevsky et
// al., 2012), with their gradients. 16-bit images are computed in f32.
#pragma once

#include "ir/build.h"

namespace evergpu::ops {

/// What batch normalization knows of each channel; all are [channels].
struct ChannelStatistics {
  ir::Value mean;
  ir::Value variance;
};

/// Mean and (biased) variance over every axis but the channels'; in f32 for 16-bit x.
ir::Value reduce_mean_to_channels(const ir::Value& x, ir::Layout layout);
ChannelStatistics channel_statistics(const ir::Value& x, ir::Layout layout);

/// (x - mean) / sqrt(variance + epsilon) * scale + offset, in x's dtype.
ir::Value batch_normalization(const ir::Value& x, const ChannelStatistics& statistics,
                              const ir::Value& scale, const ir::Value& offset, double epsilon,
                              ir::Layout layout);

struct BatchNormalizationGradients {
  ir::Value x;       // in x's dtype
  ir::Value scale;   // [channels]
  ir::Value offset;  // [channels]
};

/// The gradients of batch_normalization, given that of its result. `through_statistics`: the
/// statistics are x's own, so the gradient goes through them too (training).
BatchNormalizationGradients batch_normalization_gradients(
    const ir::Value& gradient, const ir::Value& x, const ChannelStatistics& statistics,
    const ir::Value& scale, double epsilon, ir::Layout layout, bool through_statistics);

/// Divides each element by (bias + alpha * the sum of squares of the 2 * radius + 1 channels around
/// it) ** beta. Channels are the last axis.
struct LocalResponseParameters {
  std::int64_t radius = 5;
  double bias = 1;
  double alpha = 1;
  double beta = 0.5;
};
ir::Value local_response_normalization(const ir::Value& x,
                                       const LocalResponseParameters& parameters);
/// `y` is local_response_normalization(x).
ir::Value local_response_normalization_gradient(const ir::Value& x, const ir::Value& y,
                                                const ir::Value& gradient,
                                                const LocalResponseParameters& parameters);

}  // namespace evergpu::ops
