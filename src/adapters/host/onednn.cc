#include "adapters/host/onednn.h"

#ifdef EVERGPU_ONEDNN

#include <fmt/format.h>

#include <new>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "adapters/host/onednn_library.h"
#include "adapters/host/reorder_onednn.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host::onednn {
namespace {

thread_local WorkSpace scratch_space;

std::size_t aligned(std::size_t bytes) {
  return (bytes + block_alignment - 1) / block_alignment * block_alignment;
}

// One argument of a primitive, with its reorder where layouts differ.
class Argument {
 public:
  Argument(const Operand& operand, bool is_output) : wanted_(operand.wanted, engine(), nullptr) {
    if (operand.dense == operand.wanted) return;
    wanted_bytes_ = aligned(operand.wanted.get_size());
    reorder_.emplace(is_output ? operand.wanted : operand.dense,
                     is_output ? operand.dense : operand.wanted);
  }

  /// Scratch bytes for the wanted layout; none when it is the dense one.
  std::size_t wanted_bytes() const { return wanted_bytes_; }
  void place(void* dense, std::byte* scratch) {
    dense_ = dense;
    wanted_.set_data_handle(reorder_ ? scratch : dense);
  }
  const dnnl::memory& memory() const { return wanted_; }
  void read(dnnl::stream& stream) {
    if (reorder_) reorder_->run(stream, dense_, wanted_.get_data_handle());
  }
  void write(dnnl::stream& stream) {
    if (reorder_) reorder_->run(stream, wanted_.get_data_handle(), dense_);
  }

 private:
  void* dense_ = nullptr;
  dnnl::memory wanted_;
  std::optional<Reorder> reorder_;
  std::size_t wanted_bytes_ = 0;
};

class PrimitiveExecutable final : public HostExecutable {
 public:
  PrimitiveExecutable(dnnl::primitive primitive, std::size_t scratch_bytes,
                      const std::vector<Operand>& inputs, const Operand& output, bool small)
      : small_(small),
        primitive_(std::move(primitive)),
        stream_(engine()),
        scratch_bytes_(aligned(scratch_bytes)),
        output_(output, true) {
    for (const Operand& input : inputs) {
      inputs_.emplace_back(input, false);
      arguments_.emplace(input.argument, inputs_.back().memory());
      work_bytes_ += inputs_.back().wanted_bytes();
    }
    arguments_.emplace(output.argument, output_.memory());
    work_bytes_ += output_.wanted_bytes() + scratch_bytes_;
    const dnnl::memory::desc scratch({static_cast<dnnl::memory::dim>(scratch_bytes_)},
                                     dnnl::memory::data_type::u8, dnnl::memory::format_tag::a);
    scratch_ = dnnl::memory(scratch, engine(), nullptr);
    arguments_.emplace(DNNL_ARG_SCRATCHPAD, scratch_);
  }

  Status run(const compiler::Kernel&, Inputs inputs, Outputs outputs) override {
    const OneThread alone(small_);
    std::byte* work = scratch_space.at_least(work_bytes_);
    const auto take = [&](std::size_t bytes) { return std::exchange(work, work + bytes); };
    scratch_.set_data_handle(take(scratch_bytes_));
    try {
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        inputs_[i].place(const_cast<std::byte*>(inputs[i]), take(inputs_[i].wanted_bytes()));
        inputs_[i].read(stream_);
      }
      output_.place(outputs[0], take(output_.wanted_bytes()));
      primitive_.execute(stream_, arguments_);
      output_.write(stream_);
      stream_.wait();
    } catch (const dnnl::error& error) {
      if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
      return internal_error(fmt::format("oneDNN could not run a kernel: {}", error.message));
    }
    return {};
  }

 private:
  const bool small_;
  const dnnl::primitive primitive_;
  dnnl::stream stream_;
  const std::size_t scratch_bytes_;
  std::size_t work_bytes_ = 0;
  std::vector<Argument> inputs_;
  Argument output_;
  dnnl::memory scratch_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

std::optional<dnnl::memory::data_type> data_type(ir::DType dtype) {
  if (!is_there()) return std::nullopt;
  // The sets of instructions are bits: later ones include earlier ones.
  const auto has = [](dnnl::cpu_isa isa) {
    const auto wanted = static_cast<unsigned>(isa);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
  };
  switch (dtype) {
    case ir::DType::f16:
      if (!has(dnnl::cpu_isa::avx512_core_fp16)) return std::nullopt;
      return dnnl::memory::data_type::f16;
    case ir::DType::bf16:
      if (!has(dnnl::cpu_isa::avx512_core_bf16)) return std::nullopt;
      return dnnl::memory::data_type::bf16;
    case ir::DType::f32:
      return dnnl::memory::data_type::f32;
    default:
      return std::nullopt;
  }
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_fpmath_mode(dnnl::fpmath_mode::strict);
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

bool is_small(std::int64_t multiplications) { return multiplications <= 5'000'000; }

std::unique_ptr<HostExecutable> make_primitive(const dnnl::primitive& primitive,
                                               std::size_t scratch_bytes,
                                               const std::vector<Operand>& inputs,
                                               const Operand& output, bool small) {
  return std::make_unique<PrimitiveExecutable>(primitive, scratch_bytes, inputs, output, small);
}

bool is_fast(const char* implementation) {
  return std::string_view(implementation).find("ref") == std::string_view::npos;
}

}  // namespace evergpu::adapters::host::onednn

#endif
