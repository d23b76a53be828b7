#include "support/philox.h"

#include "ir/evaluate.h"

namespace evergpu::testing {

void draw_words(const compiler::Instruction& philox, std::span<const ir::Tensor> registers,
                ir::Tensor& result) {
  const ir::Shape& shape = result.shape();
  if (shape.elements() == 0) return;
  const auto word = [&](std::uint16_t r) { return registers[r].as<std::uint64_t>()[0]; };
  ir::Tensor key(ir::DType::u64, ir::Shape{1});
  ir::Tensor counter(ir::DType::u64, ir::Shape{2});
  key.as<std::uint64_t>()[0] = word(philox.a);
  counter.as<std::uint64_t>()[0] = word(philox.b);
  counter.as<std::uint64_t>()[1] = word(philox.c);
  const ir::TensorView operands[] = {key.view(), counter.view()};
  ir::evaluate({ir::Kind::philox, ir::DType::u32, shape, ir::Empty()}, operands,
               result.mutable_view());
}

}  // namespace evergpu::testing
