// TF_InitKernel: registers every row of the op table with one generic kernel class.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "ir/value.h"
#include "tensorflow/all_rows.h"
#include "tensorflow/api.h"
#include "tensorflow/convert.h"
#include "tensorflow/entry_points.h"
#include "tensorflow/plugin.h"
#include "tensorflow/protocol_message.h"

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

using Types = std::vector<TF_DataType>;

Types types_of(DTypes dtypes) {
  Types types;
  for (ir::DType dtype : ir::all_dtypes)
    if (dtypes.contains(dtype)) types.push_back(to_tensorflow(dtype));
  return types;
}

/// AttrConstraint of kernel_def.proto: a type attribute, and the list of types it may have.
ProtocolMessage constraint(const char* attribute, const Types& types) {
  ProtocolMessage list;  // of AttrValue
  for (TF_DataType type : types) list.add(6, static_cast<std::uint64_t>(type));
  return ProtocolMessage().add(1, attribute).add(2, ProtocolMessage().add(1, list));
}

/// Registers a row for the types of its first constraint that are given and all of its others.
Status register_kernel(std::size_t index, const Types& first,
                       std::span<const char* const> more_on_host) {
  static constexpr auto functions = create_functions(std::make_index_sequence<most_rows>());
  const OpRow& row = *all_rows()[index];
  // TensorFlow's C API has no other way to name several types at once. A registration for each
  // combination, which it has, would be some nine times as many, and 9 MiB more of the process.
  ProtocolMessage kernel;  // KernelDef
  // With a priority, since TensorFlow has kernels of XLA's for all devices of type GPU.
  kernel.add(1, row.op).add(2, "GPU").add(6, 1);
  for (const TypeConstraint& type : row.types) {
    if (type.attribute == nullptr) continue;
    kernel.add(3, constraint(type.attribute, &type == row.types ? first : types_of(type.dtypes)));
  }
  for (const auto arguments : {std::span<const char* const>(row.host_arguments), more_on_host}) {
    for (const char* argument : arguments)
      if (argument != nullptr) kernel.add(4, argument);
  }
  // It is read up to its first zero. No field here is 0, so there is none.
  const std::string& definition = kernel.bytes();
  const TfStatus status;
  TF_KernelBuilder* const builder =
      api().TF_NewKernelBuilder(row.op, "GPU", functions[index], &compute, &destroy);
  api().TF_RegisterKernelBuilderWithKernelDef(
      definition.c_str(), fmt::format("evergpu:{}", row.op).c_str(), builder, status.get());
  return status.status();
}

/// Registers a row: apart for those dtypes for which more of its arguments are in host memory.
Status register_row(std::size_t index) {
  const OpRow& row = *all_rows()[index];
  if (row.types[0].attribute == nullptr) return register_kernel(index, {}, {});
  Types on_device;
  Types on_host;
  for (TF_DataType type : types_of(row.types[0].dtypes))
    (row.host_when.contains(*dtype_from(type)) ? on_host : on_device).push_back(type);
  if (row.variants) on_device.push_back(TF_VARIANT);
  if (row.complex_as_pairs) on_device.insert(on_device.end(), {TF_COMPLEX64, TF_COMPLEX128});
  if (!on_host.empty())
    EVERGPU_RETURN_IF_ERROR(register_kernel(index, on_host, row.host_when_arguments));
  return on_device.empty() ? Status() : register_kernel(index, on_device, {});
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
