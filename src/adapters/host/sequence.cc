// Runs the Loops of a Sequence one after the other. What one writes is in the cache when the next
// reads it.
#include <utility>
#include <vector>

#include "adapters/host/executable.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Loop;
using compiler::Sequence;

class SequenceExecutable final : public HostExecutable {
 public:
  explicit SequenceExecutable(std::vector<std::unique_ptr<HostLoop>> loops)
      : loops_(std::move(loops)) {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    const auto& sequence = std::get<Sequence>(kernel);
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      const Loop& loop = sequence.loops[i];
      EVERGPU_RETURN_IF_ERROR(loops_[i]->run_loop(loop, inputs.first(loop.inputs.size()),
                                                  outputs.first(loop.outputs.size())));
      inputs = inputs.subspan(loop.inputs.size());
      outputs = outputs.subspan(loop.outputs.size());
    }
    return {};
  }

 private:
  const std::vector<std::unique_ptr<HostLoop>> loops_;
};

}  // namespace

Result<std::unique_ptr<HostExecutable>> make_sequence(const Sequence& sequence) {
  std::vector<std::unique_ptr<HostLoop>> loops;
  for (const Loop& loop : sequence.loops) {
    auto made = make_loop(loop);
    if (!made.ok()) return made.status();
    loops.push_back(std::move(*made));
  }
  return std::unique_ptr<HostExecutable>(std::make_unique<SequenceExecutable>(std::move(loops)));
}

Result<std::unique_ptr<HostExecutable>> make_executable(const compiler::Kernel& kernel) {
  if (const auto* library = std::get_if<compiler::Library>(&kernel)) return make_library(*library);
  if (const auto* sequence = std::get_if<Sequence>(&kernel)) return make_sequence(*sequence);
  if (const auto* pipeline = std::get_if<compiler::Pipeline>(&kernel))
    return make_pipeline(*pipeline);
  auto made = make_loop(std::get<Loop>(kernel));
  if (!made.ok()) return made.status();
  return std::unique_ptr<HostExecutable>(std::move(*made));
}

}  // namespace evergpu::adapters::host
