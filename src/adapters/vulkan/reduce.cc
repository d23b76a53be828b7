// Reductions. Where the rows that are combined lie next to each other in memory, a workgroup shares
// one result: each invocation combines every 256th element, then a tree combines those. Where the
// results lie next to each other, each invocation has one of its own. Long ones are cut into
// slices, whose results go through scratch memory into a reduction of their own. All of it follows
// from shape and device, so that a sum has the same bits every time.
#include "adapters/vulkan/reduce.h"

#include <algorithm>
#include <bit>

#include "adapters/vulkan/tiles.h"
#include "ir/shape.h"

namespace evergpu::adapters::vulkan {
namespace {

using compiler::Instruction;
using compiler::Loop;
using compiler::LoopOperand;
using ir::DType;
using ir::ReduceOp;

// How many elements one invocation combines one after the other: the more, the greater the rounding
// error, the fewer slices.
constexpr std::int64_t serial_elements = 64;

DType accumulator(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype;
}

ir::BinaryOp combination(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return ir::BinaryOp::add;
    case ReduceOp::product:
      return ir::BinaryOp::multiply;
    case ReduceOp::maximum:
      return ir::BinaryOp::maximum;
    case ReduceOp::minimum:
      return ir::BinaryOp::minimum;
    case ReduceOp::any:
      return ir::BinaryOp::bit_or;
    case ReduceOp::all:
      break;
  }
  return ir::BinaryOp::bit_and;
}

// What changes nothing when it is combined, as an accumulator's bits.
Element identity(SpirvModule& module, ReduceOp op, DType dtype) {
  const auto of = [&](auto value) {
    const Type type = dtype == DType::f64       ? Type::f64
                      : dtype == DType::f32     ? Type::f32
                      : dtype == DType::boolean ? Type::boolean
                                                : register_type(dtype);
    return rounded(dtype, value(Value{&module, module.constant(type, 0), type}));
  };
  const int bits = static_cast<int>(8 * ir::size_of(dtype));
  const bool is_signed = ir::is_signed_integer(dtype);
  const std::uint64_t all_bits = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::any:
      return of([](const Value& zero) { return zero; });
    case ReduceOp::product:
      return of([](const Value& zero) { return zero.like(1); });
    case ReduceOp::all:
      return of([](const Value& zero) { return zero.like_bits(1); });
    case ReduceOp::maximum:
      if (ir::is_float(dtype)) return of([](const Value& zero) { return -infinity(zero); });
      return of([&](const Value& zero) {
        return zero.like_bits(is_signed ? std::uint64_t{1} << (bits - 1) : 0);
      });
    case ReduceOp::minimum:
      break;
  }
  if (ir::is_float(dtype)) return of([](const Value& zero) { return infinity(zero); });
  return of(
      [&](const Value& zero) { return zero.like_bits(is_signed ? all_bits >> 1 : all_bits); });
}

// How the work is divided.
struct Division {
  std::vector<std::size_t> kept;  // axes
  std::vector<std::size_t> reduced;
  std::int64_t results = 1;       // points of the kept axes
  std::int64_t elements = 1;      // points of the reduced axes: combined for one result
  std::uint32_t invocations = 1;  // of a workgroup
  std::uint32_t lanes = 1;        // invocations that share a result
  bool is_subgroup = false;       // a workgroup is one, so that its invocations need no memory
  std::int64_t slice = 0;         // elements that are combined in the first pass
  std::int64_t slices = 1;
};

// Of software rasterisers alone: the workgroups for GPUs are larger, and there the size of a
// subgroup may vary.
bool is_subgroup(const Loop& loop, std::uint32_t invocations, const Context& context) {
  const Capabilities& can = context.capabilities();
  const bool is_narrow =
      std::all_of(loop.results.end() - static_cast<std::ptrdiff_t>(loop.reductions.size()),
                  loop.results.end(), [&](std::uint16_t result) {
                    return ir::size_of(accumulator(loop.program[result].dtype)) <= 4;
                  });
  return !context.has_gpu_tiles() && can.subgroup_shuffle && can.subgroup_size == invocations &&
         is_narrow;
}

Division divide(const Loop& loop, const Context& context) {
  Division division;
  division.invocations = context.tiles().loop.invocations;
  bool results_are_neighbours = false;
  for (std::size_t axis = 0; axis < loop.extents.size(); ++axis) {
    const bool is_kept = loop.outputs.back().strides[axis] != 0;
    (is_kept ? division.kept : division.reduced).push_back(axis);
    (is_kept ? division.results : division.elements) *= loop.extents[axis];
    // An axis of one element may be there or not, and must not change a sum's order.
    if (loop.extents[axis] != 1) results_are_neighbours = is_kept;
  }
  if (!results_are_neighbours && division.elements > 32) {
    const std::size_t bytes = 8 * loop.reductions.size();
    division.lanes = std::bit_floor(
        std::min(division.invocations,
                 static_cast<std::uint32_t>(context.capabilities().shared_bytes / bytes)));
    division.invocations = division.lanes;
    division.is_subgroup = division.lanes > 1 && is_subgroup(loop, division.lanes, context);
  }
  const std::int64_t most = serial_elements * division.lanes;
  division.slices = std::max<std::int64_t>((division.elements + most - 1) / most, 1);
  division.slice = (division.elements + division.slices - 1) / division.slices;
  return division;
}

std::vector<std::int64_t> extents_of(const Loop& loop, const std::vector<std::size_t>& axes) {
  std::vector<std::int64_t> extents;
  extents.reserve(axes.size());
  for (std::size_t axis : axes) extents.push_back(loop.extents[axis]);
  return extents;
}

// Combines what the invocations of a workgroup hold; the first one gets the result.
std::vector<Element> combine_lanes(LoopCode& code, const Loop& loop, std::uint32_t lanes,
                                   const Value& lane, const std::vector<Element>& mine) {
  SpirvModule& module = code.module();
  std::vector<Array> shared;
  shared.reserve(mine.size());
  for (const Element& element : mine)
    shared.push_back(code.shared().shared_array(shared.size(), element.bits.type, lanes));
  const auto held = [&](std::size_t i, const Value& at) {
    return Element{mine[i].dtype, {&module, module.load(shared[i], at.id), mine[i].bits.type}};
  };
  for (std::size_t i = 0; i < mine.size(); ++i) module.store(shared[i], lane.id, mine[i].bits.id);
  module.barrier();
  for (std::uint32_t width = lanes / 2; width > 0; width /= 2) {
    when(lane < static_cast<double>(width), [&] {
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const Element both = binary(combination(loop.reductions[i]), held(i, lane),
                                    held(i, lane + static_cast<double>(width)), mine[i].dtype);
        module.store(shared[i], lane.id, both.bits.id);
      }
    });
    module.barrier();
  }
  std::vector<Element> result;
  for (std::size_t i = 0; i < mine.size(); ++i) result.push_back(held(i, lane.like(0)));
  return result;
}

// The same tree without memory: an invocation below `width` combines what it holds with what the
// one `width` above it holds, and no other matters.
std::vector<Element> combine_subgroup(const Loop& loop, std::uint32_t lanes,
                                      std::vector<Element> mine) {
  for (std::uint32_t width = lanes / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < mine.size(); ++i) {
      const Value& bits = mine[i].bits;
      const Id other = bits.module->shuffle_xor(bits.id, width);
      mine[i] = binary(combination(loop.reductions[i]), mine[i],
                       {mine[i].dtype, {bits.module, other, bits.type}}, mine[i].dtype);
    }
  }
  return mine;
}

// What an invocation, or a workgroup of them that share a result, does for item number `item` of
// results and slices; nothing where there is none.
void reduce_item(LoopCode& code, const Loop& loop, const Division& division, const Value& item,
                 const Value& lane) {
  SpirvModule& module = code.module();
  const std::size_t plain = loop.plain_outputs();
  const bool shares = division.lanes > 1;
  const Value results = item.like(static_cast<double>(std::max<std::int64_t>(division.results, 1)));
  const Value slice = item / results;
  const Value result = item - slice * results;
  const Value exists = slice < static_cast<double>(division.slices);

  const std::vector<Value> kept = code.split(result, extents_of(loop, division.kept));
  const Value begin = slice * static_cast<double>(division.slice);
  const Value left = item.like(static_cast<double>(division.elements)) - begin;
  const Value slice_elements = item.like(static_cast<double>(division.slice));
  // The last slices may be shorter, or empty.
  const Value has_elements = exists & (begin < static_cast<double>(division.elements));
  const Value count =
      select(has_elements, select(left < slice_elements, left, slice_elements), item.like(0));
  const Value first = shares ? lane : item.like(0);
  const auto lanes = static_cast<double>(division.lanes);
  const Value rounds = (count + (lanes - 1) - first) / lanes;

  std::vector<DType> dtypes;
  std::vector<Value> state;
  for (std::size_t i = 0; i < loop.reductions.size(); ++i) {
    dtypes.push_back(accumulator(loop.program[loop.results[plain + i]].dtype));
    state.push_back(identity(module, loop.reductions[i], dtypes[i]).bits);
  }
  std::vector<Value> index(loop.extents.size(), item.like(0));
  for (std::size_t a = 0; a < kept.size(); ++a) index[division.kept[a]] = kept[a];
  // Where there are no elements, there may be nothing to load.
  if (division.elements > 0) code.load_fixed(division.reduced, index);
  state = repeat(rounds, state, [&](const Value& i, const std::vector<Value>& so_far) {
    const Value element = begin + first + i * lanes;
    const std::vector<Value> inner = code.split(element, extents_of(loop, division.reduced));
    std::vector<Value> at = index;
    for (std::size_t a = 0; a < inner.size(); ++a) at[division.reduced[a]] = inner[a];
    const std::vector<Element> registers = code.run(at);
    for (std::size_t o = 0; o < plain; ++o) code.store(o, at, registers[loop.results[o]]);
    std::vector<Value> next;
    for (std::size_t r = 0; r < so_far.size(); ++r) {
      const Element x = cast(registers[loop.results[plain + r]], dtypes[r]);
      next.push_back(
          binary(combination(loop.reductions[r]), {dtypes[r], so_far[r]}, x, dtypes[r]).bits);
    }
    return next;
  });
  std::vector<Element> combined;
  for (std::size_t i = 0; i < state.size(); ++i) combined.push_back({dtypes[i], state[i]});
  if (division.is_subgroup)
    combined = combine_subgroup(loop, division.lanes, combined);
  else if (shares)
    combined = combine_lanes(code, loop, division.lanes, lane, combined);

  const Value stores = shares ? exists & (lane == 0.0) : exists;
  when(stores, [&] {
    for (std::size_t i = 0; i < combined.size(); ++i) {
      const Element element = cast(combined[i], loop.outputs[plain + i].dtype);
      if (division.slices > 1) {
        code.store_at(plain + i, item, element);
      } else {
        code.store(plain + i, index, element);
      }
    }
  });
}

// An invocation's number among those that share a result, or in its workgroup.
Value lane_of(LoopCode& code, const Division& division) {
  return division.is_subgroup ? code.subgroup_lane() : code.lane();
}

// The first pass. With several slices the loop's reduced outputs are arrays [slices, results].
std::vector<std::uint32_t> reduce_spirv(const Loop& loop, const Division& division,
                                        const Capabilities& can, Binding binding) {
  LoopCode code(loop, can, binding);
  const std::uint32_t size = division.invocations;
  const Value lane = lane_of(code, division);
  const bool shares = division.lanes > 1;
  const Value item = shares ? code.group() : code.group() * static_cast<double>(size) + lane;
  reduce_item(code, loop, division, item, lane);
  return std::move(code.module()).finish(size);
}

// The loop whose reduced outputs are arrays of accumulators in scratch memory.
Loop first_pass(Loop loop) {
  for (std::size_t i = loop.plain_outputs(); i < loop.outputs.size(); ++i) {
    loop.outputs[i].dtype = accumulator(loop.program[loop.results[i]].dtype);
    loop.outputs[i].offset = 0;
    std::fill(loop.outputs[i].strides.begin(), loop.outputs[i].strides.end(), 0);
  }
  return loop;
}

// Reduces the arrays [slices, results] that the first pass made.
Loop second_pass(const Loop& loop, const Division& division) {
  Loop second;
  second.extents.push_back(division.slices);
  for (std::int64_t extent : extents_of(loop, division.kept)) second.extents.push_back(extent);
  const ir::Dims dense = ir::Shape(second.extents).strides();
  for (std::size_t i = 0; i < loop.reductions.size(); ++i) {
    const LoopOperand& output = loop.outputs[loop.plain_outputs() + i];
    const DType dtype = accumulator(loop.program[loop.results[loop.plain_outputs() + i]].dtype);
    const auto number = static_cast<std::uint16_t>(i);
    second.inputs.push_back({dtype, dense, 0});
    second.program.push_back({.op = Instruction::Op::load, .dtype = dtype, .a = number});
    LoopOperand target = {output.dtype, {}, output.offset};
    target.strides.push_back(0);
    for (std::size_t axis : division.kept) target.strides.push_back(output.strides[axis]);
    second.outputs.push_back(target);
    second.results.push_back(number);
    second.reductions.push_back(loop.reductions[i]);
  }
  return second;
}

class ReduceExecutable final : public VulkanExecutable {
 public:
  ReduceExecutable(std::shared_ptr<Pipeline> pipeline, Division division,
                   const Capabilities& capabilities, std::unique_ptr<VulkanExecutable> second)
      : pipeline_(std::move(pipeline)),
        division_(std::move(division)),
        capabilities_(capabilities),
        second_(std::move(second)) {}

  Status encode(const compiler::Kernel& kernel, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    const Loop& loop = std::get<Loop>(kernel);
    if (division_.results == 0) return {};
    if (division_.slices == 1) return dispatch(loop, inputs, outputs, encoder, 0);
    std::vector<Region> targets(outputs.begin(), outputs.end());
    const std::int64_t items = division_.slices * division_.results;
    for (std::size_t i = loop.plain_outputs(); i < outputs.size(); ++i) {
      const auto scratch = encoder.scratch(static_cast<std::size_t>(items) * 8);
      if (!scratch.ok()) return scratch.status();
      targets[i] = *scratch;
    }
    EVERGPU_RETURN_IF_ERROR(
        dispatch(first_pass(loop), inputs, targets, encoder, static_cast<std::size_t>(items)));
    const std::size_t plain = loop.plain_outputs();
    return second_->encode(second_pass(loop, division_), std::span(targets).subspan(plain),
                           outputs.subspan(plain), encoder);
  }

 private:
  // `partial_elements`: of the scratch arrays; 0 where there are none.
  Status dispatch(const Loop& loop, std::span<const Region> inputs, std::span<const Region> outputs,
                  Encoder& encoder, std::size_t partial_elements) const {
    auto launch = launch_of(loop, inputs, outputs, capabilities_);
    if (!launch.ok()) return launch.status();
    for (std::size_t i = loop.plain_outputs(); partial_elements > 0 && i < outputs.size(); ++i)
      launch->buffers[loop.inputs.size() + i].bytes =
          partial_elements * ir::size_of(loop.outputs[i].dtype);
    const std::int64_t items = division_.slices * division_.results;
    const std::int64_t size = division_.lanes > 1 ? 1 : division_.invocations;
    const auto groups = static_cast<std::uint64_t>((items + size - 1) / size);
    return encoder.dispatch(*pipeline_, launch->buffers, launch->arguments, spread_groups(groups));
  }

  const std::shared_ptr<Pipeline> pipeline_;
  const Division division_;
  const Capabilities capabilities_;
  const std::unique_ptr<VulkanExecutable> second_;
};

// Gives a loop's executable what it expects for a kernel of the library.
class LibraryReduce final : public VulkanExecutable {
 public:
  LibraryReduce(Loop loop, std::unique_ptr<VulkanExecutable> inner)
      : loop_(std::move(loop)), inner_(std::move(inner)) {}

  Status encode(const compiler::Kernel&, std::span<const Region> inputs,
                std::span<const Region> outputs, Encoder& encoder) override {
    return inner_->encode(loop_, inputs, outputs, encoder);
  }

 private:
  const compiler::Kernel loop_;
  const std::unique_ptr<VulkanExecutable> inner_;
};

}  // namespace

Result<std::unique_ptr<VulkanExecutable>> make_reduce(const Loop& loop, Context& context) {
  const Capabilities& can = context.capabilities();
  const Division division = divide(loop, context);
  std::unique_ptr<VulkanExecutable> second;
  if (division.slices > 1) {
    auto made = make_loop(second_pass(loop, division), context);
    if (!made.ok()) return made.status();
    second = std::move(*made);
  }
  const Loop first = division.slices > 1 ? first_pass(loop) : loop;
  const auto pipeline = context.pipeline(
      reduce_spirv(first, division, can, context.preferred_binding()),
      static_cast<int>(loop.inputs.size() + loop.outputs.size()), {}, context.preferred_binding());
  if (!pipeline.ok()) return pipeline.status();
  return std::unique_ptr<VulkanExecutable>(
      std::make_unique<ReduceExecutable>(*pipeline, division, can, std::move(second)));
}

bool fits_workgroup(const Loop& loop, const Context& context, std::uint32_t invocations) {
  const Division division = divide(loop, context);
  const std::size_t bytes = 12 * loop.reductions.size() * division.lanes;  // 32 and 64 bits wide
  return division.slices == 1 &&
         (division.lanes == 1 ||
          (division.lanes == invocations && bytes <= context.capabilities().shared_bytes));
}

void reduce_in_workgroup(LoopCode& code, const Loop& loop, const Context& context,
                         std::uint32_t invocations) {
  const Division division = divide(loop, context);
  const Value lane = lane_of(code, division);
  const auto size = static_cast<double>(invocations);
  const bool shares = division.lanes > 1;
  const std::int64_t rounds =
      shares ? division.results : (division.results + invocations - 1) / invocations;
  repeat(lane.like(static_cast<double>(rounds)), {},
         [&](const Value& i, const std::vector<Value>& none) {
           reduce_item(code, loop, division, shares ? i : lane + i * size, lane);
           if (shares) code.module().barrier();  // the shared arrays are free again
           return none;
         });
}

Result<std::unique_ptr<VulkanExecutable>> make_library_reduce(const compiler::Library& library,
                                                              Context& context) {
  const auto& reduce = library.operation.get<ir::Reduce>();
  const ir::Shape& shape = library.operand_shapes[0];
  const DType dtype = library.operand_dtypes[0];
  Loop loop;
  loop.extents = shape.extents();
  loop.inputs.push_back({dtype, shape.strides(), 0});
  loop.program.push_back({.op = Instruction::Op::load, .dtype = dtype, .a = 0});
  const ir::Dims result_strides = library.operation.shape.strides();
  LoopOperand output = {dtype, {}, 0};
  std::size_t next = 0;
  for (std::size_t axis = 0; axis < loop.extents.size(); ++axis) {
    const bool is_reduced = std::find(reduce.axes.begin(), reduce.axes.end(),
                                      static_cast<std::int64_t>(axis)) != reduce.axes.end();
    output.strides.push_back(is_reduced ? 0 : result_strides[next++]);
  }
  loop.outputs.push_back(output);
  loop.results.push_back(0);
  loop.reductions.push_back(reduce.op);
  auto inner = make_loop(loop, context);
  if (!inner.ok()) return inner.status();
  return std::unique_ptr<VulkanExecutable>(
      std::make_unique<LibraryReduce>(std::move(loop), std::move(*inner)));
}

}  // namespace evergpu::adapters::vulkan
