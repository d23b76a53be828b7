// Convolutions: by Winograd's method or as one product where that is faster than oneDNN's own,
// by oneDNN where it is fast, else by the reference interpreter.
#include "adapters/host/contraction.h"

namespace evergpu::adapters::host {
namespace {

MadeLibrary make_fast(const compiler::Library& library) {
  if (MadeLibrary made = make_winograd_convolution(library)) return made;
  if (MadeLibrary made = make_im2col_convolution(library)) return made;
  return make_onednn_convolution(library);
}

}  // namespace

MadeLibrary make_convolution(const compiler::Library& library) {
  if (MadeLibrary made = make_filter_gradient_by_images(library, make_fast)) return made;
  if (MadeLibrary made = make_fast(library)) return made;
  if (MadeLibrary made = make_through_float(library, make_fast)) return made;
  return make_split(library);
}

}  // namespace evergpu::adapters::host
