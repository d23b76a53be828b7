// oneDNN primitives as executables: memory descriptors of our dense operands, reorders where a
// primitive wants another layout, work space shared by all.
#pragma once

#ifdef EVERGPU_ONEDNN

#include <dnnl.hpp>
#include <optional>
#include <vector>

#include "adapters/host/executable.h"

namespace evergpu::adapters::host::onednn {

/// The one CPU engine.
const dnnl::engine& engine();

/// Nothing for dtypes that oneDNN, on this processor, has no instructions for, and where oneDNN is
/// not there. Ask before all else.
std::optional<dnnl::memory::data_type> data_type(ir::DType dtype);

/// No reduced precision behind the user's back; scratch memory comes from us.
dnnl::primitive_attr attributes();

/// An operand of a primitive: our dense bytes, and the layout that the primitive wants.
struct Operand {
  int argument = 0;  // DNNL_ARG_SRC …
  dnnl::memory::desc dense;
  dnnl::memory::desc wanted;
};

/// Whether a primitive of so many multiplications is to be made and run under a OneThread: waking
/// the others takes as long as 50 µs.
bool is_small(std::int64_t multiplications);

/// Runs one primitive, `small` as is_small says. `inputs` are in the order of the kernel's.
std::unique_ptr<HostExecutable> make_primitive(const dnnl::primitive& primitive,
                                               std::size_t scratch_bytes,
                                               const std::vector<Operand>& inputs,
                                               const Operand& output, bool small);

/// Whether oneDNN computes this with code for the processor, not with its slow reference loops.
bool is_fast(const char* implementation);

}  // namespace evergpu::adapters::host::onednn

#endif
