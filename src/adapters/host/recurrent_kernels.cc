#include "adapters/host/recurrent_kernels.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adapters/host/recurrent_kernels.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "adapters/host/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evergpu::adapters::host::HWY_NAMESPACE {
namespace {

// Some neighbouring elements of every array: a vector of them or, at a row's end, fewer.
template <bool whole>
class Elements {
 public:
  Elements(std::int64_t first, std::int64_t units) : first_(first), units_(units) {}

  // Of array `index` of those that lie one after the other.
  HWY_INLINE Vector load(const float* arrays, std::int64_t index = 0) const {
    const float* const from = arrays + index * units_ + first_;
    if (whole) return hn::LoadU(Floats(), from);
    HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
    std::memcpy(rest, from, bytes());
    return hn::Load(Floats(), rest);
  }
  HWY_INLINE void store(Vector x, float* arrays, std::int64_t index = 0) const {
    float* const to = arrays + index * units_ + first_;
    if (whole) return hn::StoreU(x, Floats(), to);
    HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)];
    hn::Store(x, Floats(), rest);
    std::memcpy(to, rest, bytes());
  }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(units_ - first_) * sizeof(float); }

  const std::int64_t first_;
  const std::int64_t units_;
};

template <typename Function>
HWY_INLINE void for_elements(std::int64_t units, Function&& function) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Floats()));
  std::int64_t first = 0;
  for (; first + lanes <= units; first += lanes) function(Elements<true>(first, units));
  if (first < units) function(Elements<false>(first, units));
}

// No multiplication is fused with an addition: processors without the instruction have the same
// bits.
HWY_INLINE Vector sigmoid_gradient(Vector y, Vector gradient) {
  return hn::Mul(hn::Mul(gradient, y), hn::Sub(number(1), y));
}
HWY_INLINE Vector tanh_gradient(Vector y, Vector gradient) {
  return hn::Mul(gradient, hn::Sub(number(1), hn::Mul(y, y)));
}

void lstm_row(const RecurrentRow& row) {
  for_elements(row.units, [&](const auto& at) {
    const auto gate = [&](std::int64_t index) {
      const Vector bias =
          hn::Add(at.load(row.input_biases, index), at.load(row.state_biases, index));
      return hn::Add(hn::Add(at.load(row.from_input, index), bias), at.load(row.from_state, index));
    };
    const Vector input = sigmoid(gate(0));
    const Vector forget = sigmoid(gate(1));
    const Vector fresh = tanh(gate(2));
    const Vector output = sigmoid(gate(3));
    const Vector c = hn::Add(hn::Mul(forget, at.load(row.c_before)), hn::Mul(input, fresh));
    at.store(input, row.saved[0]);
    at.store(forget, row.saved[1]);
    at.store(fresh, row.saved[2]);
    at.store(output, row.saved[3]);
    at.store(hn::Mul(output, tanh(c)), row.h);
    at.store(c, row.c);
  });
}

void lstm_gradient_row(const RecurrentGradientRow& row) {
  for_elements(row.units, [&](const auto& at) {
    const Vector input = at.load(row.saved[0]);
    const Vector forget = at.load(row.saved[1]);
    const Vector fresh = at.load(row.saved[2]);
    const Vector output = at.load(row.saved[3]);
    const Vector squashed = tanh(at.load(row.c));
    const Vector to_h = hn::Add(at.load(row.from_product), at.load(row.to_h));
    const Vector to_c =
        hn::Add(at.load(row.from_state), tanh_gradient(squashed, hn::Mul(to_h, output)));
    at.store(sigmoid_gradient(input, hn::Mul(to_c, fresh)), row.gates, 0);
    at.store(sigmoid_gradient(forget, hn::Mul(to_c, at.load(row.c_before))), row.gates, 1);
    at.store(tanh_gradient(fresh, hn::Mul(to_c, input)), row.gates, 2);
    at.store(sigmoid_gradient(output, hn::Mul(to_h, squashed)), row.gates, 3);
    at.store(hn::Mul(to_c, forget), row.from_state);
  });
}

void gru_row(const RecurrentRow& row) {
  for_elements(row.units, [&](const auto& at) {
    const auto from_input = [&](std::int64_t index) {
      return hn::Add(at.load(row.from_input, index), at.load(row.input_biases, index));
    };
    const auto from_state = [&](std::int64_t index) {
      return hn::Add(at.load(row.from_state, index), at.load(row.state_biases, index));
    };
    const Vector reset = sigmoid(hn::Add(from_input(0), from_state(0)));
    const Vector update = sigmoid(hn::Add(from_input(1), from_state(1)));
    const Vector product = from_state(2);
    const Vector fresh = tanh(hn::Add(from_input(2), hn::Mul(reset, product)));
    at.store(reset, row.saved[0]);
    at.store(update, row.saved[1]);
    at.store(fresh, row.saved[2]);
    at.store(product, row.saved[3]);
    at.store(
        hn::Add(hn::Mul(hn::Sub(number(1), update), fresh), hn::Mul(update, at.load(row.h_before))),
        row.h);
  });
}

void gru_gradient_row(const RecurrentGradientRow& row) {
  for_elements(row.units, [&](const auto& at) {
    const Vector reset = at.load(row.saved[0]);
    const Vector update = at.load(row.saved[1]);
    const Vector fresh = at.load(row.saved[2]);
    const Vector product = at.load(row.saved[3]);
    const Vector to_h =
        hn::Add(hn::Add(at.load(row.from_product), at.load(row.from_state)), at.load(row.to_h));
    const Vector to_fresh = tanh_gradient(fresh, hn::Mul(to_h, hn::Sub(number(1), update)));
    const Vector to_update =
        sigmoid_gradient(update, hn::Mul(to_h, hn::Sub(at.load(row.h_before), fresh)));
    const Vector to_reset = sigmoid_gradient(reset, hn::Mul(to_fresh, product));
    const Vector to_product = hn::Mul(to_fresh, reset);
    at.store(to_reset, row.gates, 0);
    at.store(to_update, row.gates, 1);
    at.store(to_fresh, row.gates, 2);
    at.store(to_product, row.gates, 3);
    at.store(to_reset, row.products, 0);
    at.store(to_update, row.products, 1);
    at.store(to_product, row.products, 2);
    at.store(hn::Mul(to_h, update), row.from_state);
  });
}

RecurrentKernels find_kernels(ir::GatedCell cell) {
  if (cell == ir::GatedCell::lstm) return {lstm_row, lstm_gradient_row};
  return {gru_row, gru_gradient_row};
}

}  // namespace
}  // namespace evergpu::adapters::host::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evergpu::adapters::host {
namespace {

HWY_EXPORT(find_kernels);

}  // namespace

RecurrentKernels recurrent_kernels(ir::GatedCell cell) {
  return HWY_DYNAMIC_DISPATCH(find_kernels)(cell);
}

}  // namespace evergpu::adapters::host
#endif
