// Copies between our dense layouts and the blocked ones that oneDNN's primitives want.
#pragma once

#ifdef EVERGPU_ONEDNN

#include <cstddef>
#include <dnnl.hpp>
#include <optional>

#include "adapters/host/strided.h"

namespace evergpu::adapters::host::onednn {

/// One layout to another, of the same dimensions and dtype.
///
/// A blocked layout is a permutation of split dimensions, so the copy is a strided box of ours.
/// oneDNN's own reorder has fast code for some pairs of layouts only: a filter of 64 kilobytes,
/// output channels innermost, took it as long as the convolution.
class Reorder {
 public:
  Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);
  /// Throws dnnl::error, std::bad_alloc.
  void run(dnnl::stream& stream, void* from, void* to);

 private:
  std::optional<StridedBox> box_;  // none where padding has to be filled: then oneDNN's
  std::size_t element_size_ = 0;
  dnnl::memory from_;
  dnnl::memory to_;
  dnnl::reorder reorder_;
};

}  // namespace evergpu::adapters::host::onednn

#endif
