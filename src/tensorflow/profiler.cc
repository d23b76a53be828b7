// TF_InitProfiler: TensorFlow's profiler (tf.profiler, the TensorBoard callback) starts and stops
// the devices' traces, and asks for what they hold.
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tensorflow/api.h"
#include "tensorflow/c/experimental/pluggable_profiler/pluggable_profiler.h"
#include "tensorflow/convert.h"
#include "tensorflow/entry_points.h"
#include "tensorflow/plugin.h"
#include "tensorflow/xspace.h"

namespace evergpu::tensorflow {

namespace {

void start(const TP_Profiler* /*profiler*/, TF_Status* status) {
  Plugin::instance().start_profile();
  TfStatus::set(status, {});
}

void stop(const TP_Profiler* /*profiler*/, TF_Status* status) {
  Plugin::instance().stop_profile();
  TfStatus::set(status, {});
}

/// TensorFlow calls it twice: for the size, and with a buffer of that size.
void collect(const TP_Profiler* /*profiler*/, uint8_t* buffer, size_t* size, TF_Status* status) {
  TfStatus::set(status, {});
  const std::string& profile = Plugin::instance().profile();
  if (buffer != nullptr && *size >= profile.size())
    std::memcpy(buffer, profile.data(), profile.size());
  *size = profile.size();
}

void destroy_profiler(TP_Profiler* /*profiler*/) {}
void destroy_functions(TP_ProfilerFns* /*functions*/) {}

}  // namespace

}  // namespace evergpu::tensorflow

EVERGPU_EXPORT void TF_InitProfiler(TF_ProfilerRegistrationParams* params, TF_Status* status) {
  using namespace evergpu::tensorflow;  // NOLINT(google-build-using-namespace)
  params->struct_size = TF_PROFILER_REGISTRATION_PARAMS_STRUCT_SIZE;
  params->major_version = TP_MAJOR;
  params->minor_version = TP_MINOR;
  params->patch_version = TP_PATCH;
  params->profiler->struct_size = TP_PROFILER_STRUCT_SIZE;
  params->profiler->device_type = "GPU";
  params->profiler_fns->struct_size = TP_PROFILER_FNS_STRUCT_SIZE;
  params->profiler_fns->start = start;
  params->profiler_fns->stop = stop;
  params->profiler_fns->collect_data_xspace = collect;
  params->destroy_profiler = destroy_profiler;
  params->destroy_profiler_fns = destroy_functions;
  if (api().TF_SetStatus != nullptr) TfStatus::set(status, {});
}
