// Maximum and average pooling over the axes of an image, and their gradients.
#pragma once

#include "ir/build.h"
#include "ops/spatial.h"

namespace evergpu::ops {

/// One entry per axis of the operand, batch and channels included (usually 1 there).
struct PoolingParameters {
  ir::Dims extents;
  ir::Dims strides;
  Padding padding;  // amounts of PaddingScheme::given are by axis of the operand too
};

ir::Value max_pool(const ir::Value& x, const PoolingParameters& parameters);
/// The gradient with respect to x, given that of max_pool(x): it goes to the first maximum. Of the
/// result only its shape, `pooled`, is looked at.
ir::Value max_pool_gradient(const ir::Value& x, const ir::Shape& pooled, const ir::Value& gradient,
                            const PoolingParameters& parameters);
/// For each window, the element of `values` (shaped like x) at the place of x's first maximum:
/// the gradient of max_pool_gradient.
ir::Value pick_at_maximum(const ir::Value& x, const ir::Shape& pooled, const ir::Value& values,
                          const PoolingParameters& parameters);

/// Where the first maximum of each window is: its position in x flattened, all of it or only its
/// own image, as `dtype`.
ir::Value max_pool_positions(const ir::Value& x, ir::DType dtype, bool include_batch,
                             const PoolingParameters& parameters);
/// An array of shape `x_shape` with each element of `gradient` added at its position.
ir::Value scatter_to_maxima(const ir::Shape& x_shape, const ir::Value& gradient,
                            const ir::Value& positions, bool include_batch);

/// Padding is not counted. 16-bit floats are summed in f32.
ir::Value average_pool(const ir::Value& x, const PoolingParameters& parameters);
/// The gradient with respect to an x of shape `x_shape`, given that of average_pool(x).
ir::Value average_pool_gradient(const ir::Shape& x_shape, const ir::Value& gradient,
                                const PoolingParameters& parameters);

}  // namespace evergpu::ops
