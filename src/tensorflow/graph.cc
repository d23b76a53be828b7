// TF_InitGraph: which of TensorFlow's graph rewrites run for our device. We rewrite nothing
// ourselves: fusion happens below, where it can see through variables and control flow.
#include <cstring>
#include <memory>

#include "tensorflow/api.h"
#include "tensorflow/convert.h"
#include "tensorflow/entry_points.h"

namespace evergpu::tensorflow {

namespace {

void* create() { return nullptr; }
void destroy(void* /*optimizer*/) {}

void free_bytes(void* bytes, std::size_t /*size*/) {
  const std::unique_ptr<char[]> owner(static_cast<char*>(bytes));
}

/// The graph as it is.
void optimize(void* /*optimizer*/, const TF_Buffer* in, const TF_GrapplerItem* /*item*/,
              TF_Buffer* out, TF_Status* status) {
  auto bytes = std::make_unique<char[]>(in->length);
  std::memcpy(bytes.get(), in->data, in->length);
  out->data = bytes.release();
  out->length = in->length;
  out->data_deallocator = free_bytes;
  TfStatus::set(status, {});
}

}  // namespace

}  // namespace evergpu::tensorflow

EVERGPU_EXPORT void TF_InitGraph(TP_OptimizerRegistrationParams* params, TF_Status* status) {
  using namespace evergpu::tensorflow;  // NOLINT(google-build-using-namespace)
  params->struct_size = TP_OPTIMIZER_REGISTRATION_PARAMS_STRUCT_SIZE;
  params->major_version = 0;
  params->minor_version = 0;
  params->patch_version = 1;
  params->device_type = "GPU";
  params->optimizer_configs->struct_size = TP_OPTIMIZER_CONFIGS_STRUCT_SIZE;
  // Remapping makes ops such as _FusedConv2D for CUDA; the layout pass transposes graphs to NCHW,
  // which is the slower layout on our adapters.
  params->optimizer_configs->remapping = TF_TriState_Off;
  params->optimizer_configs->layout_optimizer = TF_TriState_Off;
  params->optimizer->struct_size = TP_OPTIMIZER_STRUCT_SIZE;
  params->optimizer->create_func = create;
  params->optimizer->optimize_func = optimize;
  params->optimizer->destroy_func = destroy;
  if (api().TF_SetStatus != nullptr) TfStatus::set(status, {});
}
