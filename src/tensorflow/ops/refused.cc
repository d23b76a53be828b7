// Ops that TensorFlow has kernels for on every device, which crash on ours. They end in an error.
#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {
namespace {

constexpr OpRow refused_table[] = {
    {.op = "QueueIsClosedV2",
     .host_arguments = {"handle"},
     .refusal = "TensorFlow's kernel for it writes its result to device memory as if it were the "
                "host's"},
};

}  // namespace

std::span<const OpRow> refused_rows() { return refused_table; }

}  // namespace evergpu::tensorflow
