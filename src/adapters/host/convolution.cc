// Convolutions: oneDNN where it is fast, else the reference interpreter.
#include "adapters/host/contraction.h"

namespace evergpu::adapters::host {

MadeLibrary make_convolution(const compiler::Library& library) {
  if (MadeLibrary made = make_filter_gradient_by_images(library, make_onednn_convolution))
    return made;
  if (MadeLibrary made = make_onednn_convolution(library)) return made;
  if (MadeLibrary made = make_through_float(library, make_onednn_convolution)) return made;
  return make_split(library);
}

}  // namespace evergpu::adapters::host
