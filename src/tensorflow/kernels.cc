// TF_InitKernel: registers every row of the op table with one generic kernel class.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "ir/value.h"
#include "tensorflow/all_rows.h"
#include "tensorflow/api.h"
#include "tensorflow/convert.h"
#include "tensorflow/entry_points.h"
#include "tensorflow/plugin.h"

namespace evergpu::tensorflow {

namespace {

/// One op of one graph.
class Kernel {
 public:
  Kernel(Lowering lower, const std::string& origin) : lower_(std::move(lower)), origin_(origin) {}

  void compute(TF_OpKernelContext* context) {
    const Status status = run(context);
    if (!status.ok()) api().TF_OpKernelContext_Failure(context, TfStatus(status).get());
  }

 private:
  Status run(TF_OpKernelContext* context) {
    // Asked of TensorFlow once: a kernel stays on its device.
    runtime::Device* device = device_.load(std::memory_order_relaxed);
    if (device == nullptr) {
      const auto found = device_of(context);
      if (!found.ok()) return found.status();
      device_ = device = *found;
    }
    const ir::OriginScope scope(origin_);
    Call call(context, *device, host_outputs(context));
    EVERGPU_RETURN_IF_ERROR(call.status());
    EVERGPU_RETURN_IF_ERROR(lower_(call));
    return call.status();
  }

  /// Asked of TensorFlow once: it follows from the registration.
  bool host_outputs(TF_OpKernelContext* context) {
    if (host_outputs_ < 0) {
      const TfStatus status;
      host_outputs_ =
          api().TF_NumOutputs(context) > 0 && api().TF_IsHostMemoryOutput(context, 0, status.get())
              ? 1
              : 0;
    }
    return host_outputs_ == 1;
  }

  Lowering lower_;
  const std::string& origin_;
  std::atomic<runtime::Device*> device_{nullptr};
  std::atomic<int> host_outputs_{-1};
};

void* create(const OpRow& row, TF_OpKernelConstruction* construction) {
  const Attributes attributes(construction);
  auto lower =
      row.refusal == nullptr
          ? row.make(attributes)
          : Result<Lowering>(unimplemented(fmt::format(
                "{} cannot run on evergpu's device: {}. Put it on the CPU: tf.device('/CPU:0')",
                row.op, row.refusal)));
  Status status = attributes.status().ok() ? lower.status() : attributes.status();
  if (!status.ok()) {
    api().TF_OpKernelConstruction_Failure(construction, TfStatus(status).get());
    return nullptr;
  }
  const TF_StringView name = api().TF_OpKernelConstruction_GetName(construction);
  const std::string& origin = Plugin::instance().name(
      fmt::format("{} ({})", std::string_view(name.data, name.len), row.op));
  return std::make_unique<Kernel>(std::move(*lower), origin).release();
}

// TensorFlow passes nothing but the construction to a create function, not even which op it is for.
// So there is one function per row, each knowing its row by number.
constexpr std::size_t most_rows = 768;

template <std::size_t Row>
void* create_row(TF_OpKernelConstruction* construction) {
  return create(*all_rows()[Row], construction);
}

template <std::size_t... Rows>
constexpr auto create_functions(std::index_sequence<Rows...>) {
  return std::array<void* (*)(TF_OpKernelConstruction*), sizeof...(Rows)>{&create_row<Rows>...};
}

void compute(void* kernel, TF_OpKernelContext* context) {
  static_cast<Kernel*>(kernel)->compute(context);
}
void destroy(void* kernel) { const std::unique_ptr<Kernel> owner(static_cast<Kernel*>(kernel)); }

using Types = InlineVector<TF_DataType, 3>;  // one for each constraint of a row

Status register_kernel(std::size_t index, const Types& types) {
  static constexpr auto functions = create_functions(std::make_index_sequence<most_rows>());
  const OpRow& row = *all_rows()[index];
  const TfStatus status;
  TF_KernelBuilder* const builder =
      api().TF_NewKernelBuilder(row.op, "GPU", functions[index], &compute, &destroy);
  for (std::size_t i = 0; i < types.size() && status.ok(); ++i) {
    api().TF_KernelBuilder_TypeConstraint(builder, row.types[i].attribute, types[i], status.get());
  }
  if (!status.ok()) {
    api().TF_DeleteKernelBuilder(builder);
    return status.status();
  }
  const auto on_host = [&](std::span<const char* const> arguments) {
    for (const char* argument : arguments) {
      if (argument != nullptr) api().TF_KernelBuilder_HostMemory(builder, argument);
    }
  };
  on_host(row.host_arguments);
  const auto first = types.empty() ? std::nullopt : dtype_from(types[0]);
  if (first && row.host_when.contains(*first)) on_host(row.host_when_arguments);
  api().TF_RegisterKernelBuilder(fmt::format("evergpu:{}", row.op).c_str(), builder, status.get());
  return status.status();
}

/// Registers the row for every combination of its constraints' dtypes.
Status register_row(std::size_t index, const Types& chosen = {}) {
  const OpRow& row = *all_rows()[index];
  const std::size_t next = chosen.size();
  if (next == std::size(row.types) || row.types[next].attribute == nullptr)
    return register_kernel(index, chosen);
  Types choices;
  for (ir::DType dtype : ir::all_dtypes)
    if (row.types[next].dtypes.contains(dtype)) choices.push_back(to_tensorflow(dtype));
  if (next == 0 && row.variants) choices.push_back(TF_VARIANT);
  if (next == 0 && row.complex_as_pairs) {
    choices.push_back(TF_COMPLEX64);
    choices.push_back(TF_COMPLEX128);
  }
  for (TF_DataType choice : choices) {
    Types more = chosen;
    more.push_back(choice);
    EVERGPU_RETURN_IF_ERROR(register_row(index, more));
  }
  return {};
}

}  // namespace

}  // namespace evergpu::tensorflow

EVERGPU_EXPORT void TF_InitKernel() {
  using namespace evergpu::tensorflow;  // NOLINT(google-build-using-namespace)
  if (Plugin::instance().device_count() == 0) return;
  static_assert(most_rows >= 512);
  for (std::size_t row = 0; row < all_rows().size() && row < most_rows; ++row) {
    if (evergpu::Status status = register_row(row); !status.ok()) {
      evergpu::log::warning(
          fmt::format("op {} is not available: {}", all_rows()[row]->op, status.message()));
    }
  }
}
