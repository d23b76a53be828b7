// The makers behind make_matmul and make_convolution.
#pragma once

#include "adapters/host/library.h"

namespace evergpu::adapters::host {

/// The arrays of a convolution, whichever of them its Library computes.
struct ConvolutionShapes {
  explicit ConvolutionShapes(const compiler::Library& library)
      : input(of(library, ir::Kind::convolution_input, 0)),
        filter(of(library, ir::Kind::convolution_filter,
                  library.operation.kind == ir::Kind::convolution ? 1 : 0)),
        output(of(library, ir::Kind::convolution, 1)) {}

  const ir::Shape& input;
  const ir::Shape& filter;
  const ir::Shape& output;

  /// Of the convolution; its gradients take as many. An element of the output takes the filter's
  /// elements but for the output channels.
  std::int64_t multiplications() const {
    return output.elements() * (filter.elements() / filter[filter.rank() - 1]);
  }

 private:
  static const ir::Shape& of(const compiler::Library& library, ir::Kind computes,
                             std::size_t operand) {
    return library.operation.kind == computes ? library.operation.shape
                                              : library.operand_shapes[operand];
  }
};

/// With oneDNN; null when it has no fast code for the dtypes and shapes on this processor.
/// Operands may have layouts.
MadeLibrary make_onednn_matmul(const compiler::Library& library);
/// A gradient with respect to the filter may be f32 where the operands are 16-bit floats.
MadeLibrary make_onednn_convolution(const compiler::Library& library);

/// A 3x3 convolution of f32 images, or a gradient of one, by Winograd's method; null where another
/// is faster. An infinity in the input becomes NaN in the 4x4 pixels of a tile.
MadeLibrary make_winograd_convolution(const compiler::Library& library);

/// A convolution of few f32 images' pixels with many weights, or a gradient of one, as a product of
/// matrices by oneDNN; null where that is not faster, and for empty arrays.
MadeLibrary make_im2col_convolution(const compiler::Library& library);

/// The gradient of a convolution with respect to its filter as a sum over parts of the batch, each
/// made for one thread: by `make`, or from 16-bit floats by oneDNN, as f32 that is rounded once.
/// Null where that is not worth it, and when `make` makes nothing.
MadeLibrary make_filter_gradient_by_images(const compiler::Library& library,
                                           MadeLibrary (*make)(const compiler::Library&));

/// With loops of our own, for every dtype. Operands may have layouts, but for 16-bit floats.
MadeLibrary make_loop_matmul(const compiler::Library& library);

/// For operands with layouts: reads them in place where that gives the bits of what `make` makes
/// for dense operands; elsewhere that computes it from copies.
MadeLibrary make_strided_matmul(const compiler::Library& library,
                                MadeLibrary (*make)(const compiler::Library&));

/// For a product of matrices that is too small for a library's own threads: parts of its rows, each
/// made by `make`, on ours. Null where that is not worth it, and when `make` makes nothing.
MadeLibrary make_matmul_by_rows(const compiler::Library& library,
                                MadeLibrary (*make)(const compiler::Library&));

/// The place of the first element of matrix `number`, where an operand has these strides.
std::int64_t matrix_offset(const ir::Shape& shape, const ir::Dims& strides, std::int64_t number);

/// For 16-bit floats: converts the operands to f32, runs what `make` makes for f32, and rounds the
/// result once. Null when `make` makes nothing. Where the first axis of all arrays is one that the
/// operation treats position by position, `pieces` that divide it can be computed one by one, so
/// that what is converted stays in the cache; what `make` makes then runs on several threads at
/// once.
MadeLibrary make_through_float(const compiler::Library& library,
                               MadeLibrary (*make)(const compiler::Library&),
                               std::int64_t pieces = 1);

}  // namespace evergpu::adapters::host
