// Convolutions: oneDNN where it is fast, else the reference interpreter.
#include "adapters/host/contraction.h"

namespace evergpu::adapters::host {

MadeLibrary make_convolution(const compiler::Library& library) {
  if (MadeLibrary made = make_onednn_convolution(library)) return made;
  return make_through_float(library, make_onednn_convolution);
}

}  // namespace evergpu::adapters::host
