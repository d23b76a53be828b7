// A convolution's gradient with respect to its filter as a sum over parts of the batch, each on one
// of our threads. oneDNN's threads wait for each other within such a gradient, by spinning: where
// somebody else wants the cores too, they wait until the scheduler brings back the last.
#include <algorithm>
#include <vector>

#include "adapters/host/contraction.h"
#include "adapters/host/point.h"
#include "adapters/host/reduce_kernels.h"
#include "adapters/host/threads.h"
#include "adapters/host/work_space.h"

namespace evergpu::adapters::host {
namespace {

using compiler::Library;

constexpr std::int64_t most_parts = 8;
constexpr std::int64_t least_multiplications = 4'000'000;  // some 30 us
// Output positions of a part, which has a filter of its own in memory and adds it to the others' in
// the end: there must be many for each of its elements.
constexpr std::int64_t least_positions = 1024;

// How many parts: by the shape alone, since the order of the sum follows from it.
std::int64_t parts_of(const Library& library) {
  const ir::Shape& filter = library.operation.shape;
  const std::int64_t positions = library.operand_shapes[1].elements() / filter.extents().back();
  return std::clamp<std::int64_t>(
      std::min({library.operand_shapes[0][0], positions / least_positions,
                positions * filter.elements() / least_multiplications}),
      1, most_parts);
}

std::size_t bytes_of_image(const ir::Shape& images, ir::DType dtype) {
  return static_cast<std::size_t>(images.elements() / images[0]) * ir::size_of(dtype);
}

struct Part {
  MadeLibrary made;
  std::size_t first_image;
};

class FilterGradientByImages final : public HostExecutable {
 public:
  FilterGradientByImages(std::vector<Part> parts, const Library& library)
      : parts_(std::move(parts)),
        dtype_(library.operation.dtype),
        sums_(library.operation.shape.elements()),
        image_bytes_{bytes_of_image(library.operand_shapes[0], dtype_),
                     bytes_of_image(library.operand_shapes[1], dtype_)} {}

  Status run(const compiler::Kernel& kernel, Inputs inputs, Outputs outputs) override {
    thread_local WorkSpace space;
    const auto count = std::ssize(parts_);
    const bool rounds = is_small_float(dtype_);
    float* const others = space.at_least_elements<float>((rounds ? count : count - 1) * sums_);
    auto* const result =
        rounds ? others + (count - 1) * sums_ : reinterpret_cast<float*>(outputs[0]);
    EVERGPU_RETURN_IF_ERROR(parallel_for_each(count, [&](std::int64_t i) {
      const OneThread alone(true);
      const Part& part = parts_[static_cast<std::size_t>(i)];
      const std::byte* const sources[] = {inputs[0] + part.first_image * image_bytes_[0],
                                          inputs[1] + part.first_image * image_bytes_[1]};
      float* const sums = i == 0 ? result : others + (i - 1) * sums_;
      std::byte* const targets[] = {reinterpret_cast<std::byte*>(sums)};
      return part.made->run(kernel, sources, targets);
    }));
    parallel_for(sums_, 8192, [&](std::int64_t begin, std::int64_t end) {
      float* const sums = result + begin;
      add_.rows(others + begin, sums_, count - 1, end - begin, sums, true);
      if (rounds) store_rounded(dtype_, sums, end - begin, outputs[0] + begin * 2);
    });
    return {};
  }

 private:
  const std::vector<Part> parts_;
  const ir::DType dtype_;
  const std::int64_t sums_;
  const std::size_t image_bytes_[2];  // of the input, and of the output's gradient
  const ReduceKernels add_ = reduce_kernels(ir::ReduceOp::sum, ir::DType::f32);
};

}  // namespace

MadeLibrary make_filter_gradient_by_images(const Library& library,
                                           MadeLibrary (*make)(const Library&)) {
  const ir::DType dtype = library.operation.dtype;
  if (library.operation.kind != ir::Kind::convolution_filter ||
      (dtype != ir::DType::f32 && !is_small_float(dtype)))
    return nullptr;
  for (const ir::Shape& shape : library.operand_shapes)
    if (shape.elements() == 0) return nullptr;
  const std::int64_t count = parts_of(library);
  if (count == 1) return nullptr;
  const OneThread alone(true);
  const std::int64_t images = library.operand_shapes[0][0];
  std::vector<Part> parts;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t first = images * i / count;
    Library part = library;
    part.operation.dtype = ir::DType::f32;
    for (ir::Shape& shape : part.operand_shapes)
      shape = with_rows(shape, images * (i + 1) / count - first);
    parts.push_back({is_small_float(dtype) ? make_onednn_convolution(part) : make(part),
                     static_cast<std::size_t>(first)});
    if (parts.back().made == nullptr) return nullptr;
  }
  return std::make_unique<FilterGradientByImages>(std::move(parts), library);
}

}  // namespace evergpu::adapters::host
