// Random bits and truncated normal deviates, as TensorFlow's kernels draw them
// (xla/tsl/lib/random/random_distributions.h).
#include <cmath>

#include "ir/convert.h"
#include "ir/evaluate/call.h"
#include "ir/philox.h"

namespace evergpu::ir::reference {
namespace {

/// TensorFlow reserves this many samples of the stream for each output.
constexpr std::uint64_t samples_per_output = 256;
constexpr double pi = 3.14159265358979323846;

/// The words of a stream one after the other.
class Words {
 public:
  Words(const PhiloxStream& stream, std::uint64_t first_block)
      : stream_(stream), next_block_(first_block) {}

  std::uint32_t next() {
    if (used_ == block_.size()) {
      block_ = stream_.block(next_block_++);
      used_ = 0;
    }
    return block_[used_++];
  }

 private:
  const PhiloxStream& stream_;
  std::uint64_t next_block_;
  PhiloxBlock block_{};
  std::size_t used_ = 4;
};

/// Uniform in [0, 1): random bits as the mantissa.
float uniform_float(Words& words) {
  return std::bit_cast<float>((words.next() & 0x7fffffu) | 0x3f800000u) - 1.0f;
}
double uniform_double(Words& words) {
  const std::uint64_t high = words.next() & 0xfffffu;
  return std::bit_cast<double>(high << 32 | words.next() | 0x3ff0000000000000u) - 1.0;
}

/// Two normal deviates by the Box-Muller transform.
std::array<float, 2> normal_pair(Words& words, TypeTag<float>) {
  const float u1 = std::max(uniform_float(words), 1.0e-7f);
  const auto v1 = static_cast<float>(2 * pi * uniform_float(words));
  const float u2 = std::sqrt(-2.0f * std::log(u1));
  return {std::sin(v1) * u2, std::cos(v1) * u2};
}
std::array<double, 2> normal_pair(Words& words, TypeTag<double>) {
  const double u1 = std::max(uniform_double(words), 1.0e-7);
  const double v1 = 2 * pi * uniform_double(words);
  const double u2 = std::sqrt(-2.0 * std::log(u1));
  return {std::sin(v1) * u2, std::cos(v1) * u2};
}

/// Each group of outputs draws from its own part of the stream until enough deviates lie within two
/// standard deviations.
template <typename T>
void truncated_normal(const PhiloxStream& stream, std::int64_t count, T* result) {
  constexpr std::int64_t group = 16 / sizeof(T);
  constexpr std::uint64_t blocks_per_group = group * samples_per_output / 4;
  for (std::int64_t first = 0; first < count; first += group) {
    Words words(stream, static_cast<std::uint64_t>(first / group) * blocks_per_group);
    const std::int64_t end = std::min(first + group, count);
    for (std::int64_t i = first; i < end;)
      for (T deviate : normal_pair(words, TypeTag<T>()))
        if (std::abs(deviate) < 2 && i < end) result[i++] = deviate;
  }
}

}  // namespace

void random(const Call& call) {
  const auto* counter = call.operand<std::uint64_t>(1);
  const PhiloxStream stream{call.operand<std::uint64_t>(0)[0], counter[0], counter[1]};
  const std::int64_t count = call.elements();
  if (call.operation.kind == Kind::truncated_normal) {
    if (call.operation.dtype == DType::f32)
      truncated_normal(stream, count, call.result.as<float>());
    else
      truncated_normal(stream, count, call.result.as<double>());
    return;
  }
  auto* result = call.result.as<std::uint32_t>();
  for (std::int64_t i = 0; i < count; i += 4) {
    const PhiloxBlock block = stream.block(static_cast<std::uint64_t>(i / 4));
    std::copy_n(block.begin(), std::min<std::int64_t>(4, count - i), result + i);
  }
}

}  // namespace evergpu::ir::reference
