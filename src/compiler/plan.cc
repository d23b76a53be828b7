// make_plan: the partition says which nodes share a Loop; here every node, in order, becomes a view
// of what exists, part of a Loop, or a library step.
#include "compiler/plan.h"

#include <limits>
#include <optional>
#include <utility>

#include "compiler/loop_builder.h"
#include "compiler/memory.h"
#include "compiler/partition.h"
#include "compiler/view.h"

namespace evergpu::compiler {

namespace {

class Planner {
 public:
  explicit Planner(const ir::Graph& graph)
      : nodes_(graph.nodes),
        partition_(partition(graph)),
        views_(nodes_.size()),
        registers_(nodes_.size()) {}

  Plan run() {
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      if (!partition_.needed[n]) continue;
      lower(n);
      if (nodes_[n].wanted) keep(n);
    }
    return std::move(plan_);
  }

 private:
  /// Which register holds a node's value in the Loop of a step.
  struct Register {
    std::size_t step = std::numeric_limits<std::size_t>::max();
    std::uint16_t number = 0;
  };

  void lower(std::uint32_t n) {
    const ir::GraphNode& node = nodes_[n];
    const ir::Operation& operation = node.operation;
    if (node.leaf) {
      set_dense(n, add_buffer(n, Buffer::Place::leaf));
    } else if (operation.shape.elements() == 0) {
      set_dense(n, add_buffer(n, Buffer::Place::temporary));
    } else if (operation.kind == ir::Kind::constant) {
      views_[n] = View::constant(operation.get<ir::Constant>().bits, operation.dtype);
    } else if (operation.kind == ir::Kind::iota) {
      views_[n] = View::iota(operation.dtype, operation.shape, operation.get<ir::Axis>().axis);
    } else if (is_movement(operation.kind)) {
      lower_movement(n);
    } else if (is_point(operation.kind)) {
      const Group& group = partition_.groups[partition_.group[n]];
      if (group.members.back() == n) add_loop(n, group.members);
    } else {
      add_library(n);
    }
  }

  void lower_movement(std::uint32_t n) {
    const std::uint32_t operand = nodes_[n].operands[0];
    if (views_[operand].source == View::Source::none) return;  // both are in one Loop
    const ir::Operation& movement = nodes_[n].operation;
    std::optional<View> view = move(views_[operand], movement, nodes_[operand].operation);
    if (!view) {
      copy(operand);
      view = move(views_[operand], movement, nodes_[operand].operation);
    }
    views_[n] = *view;
  }

  /// The bytes of a wanted node outlive the plan.
  void keep(std::uint32_t n) {
    const std::uint32_t position = array_of(n);
    Buffer& buffer = plan_.buffers[position];
    if (buffer.place == Buffer::Place::temporary) {
      buffer.place = Buffer::Place::wanted;
      buffer.node = n;
      plan_.wanted_bytes += buffer.bytes;
    }
    plan_.wanted.push_back(position);
  }

  // --- arrays ---

  std::uint32_t add_buffer(std::uint32_t n, Buffer::Place place) {
    plan_.buffers.push_back({place, n, nodes_[n].operation.bytes(), 0});
    return static_cast<std::uint32_t>(plan_.buffers.size() - 1);
  }

  void set_dense(std::uint32_t n, std::uint32_t buffer) {
    const ir::Operation& operation = nodes_[n].operation;
    views_[n] = View::dense(buffer, operation.dtype, operation.shape.elements());
  }

  /// The buffer that holds exactly a node's elements, made when there is none.
  std::uint32_t array_of(std::uint32_t n) {
    if (!views_[n].is_dense()) copy(n);
    return views_[n].buffer;
  }

  /// Makes a buffer of a node that is a view so far.
  void copy(std::uint32_t n) { add_loop(n, {}); }

  // --- library steps ---

  void add_library(std::uint32_t n) {
    const ir::GraphNode& node = nodes_[n];
    Library library{node.operation, {}, {}};
    Step step;
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const std::uint32_t operand = node.operands[i];
      const ir::Operation& type = nodes_[operand].operation;
      library.operand_dtypes.push_back(type.dtype);
      if (node.operation.kind == ir::Kind::matmul && is_transposed(operand)) {
        auto& attributes = std::get<ir::MatMul>(library.operation.attributes);
        bool& flag = i == 0 ? attributes.transpose_a : attributes.transpose_b;
        flag = !flag;
        library.operand_shapes.push_back(swap_last_axes(type.shape));
        step.inputs.push_back(views_[operand].buffer);
      } else {
        library.operand_shapes.push_back(type.shape);
        step.inputs.push_back(array_of(operand));
      }
    }
    step.kernel = std::move(library);
    push_step(n, std::move(step));
  }

  static ir::Shape swap_last_axes(const ir::Shape& shape) {
    ir::Dims extents = shape.extents();
    std::swap(extents[extents.size() - 1], extents[extents.size() - 2]);
    return ir::Shape(std::move(extents));
  }

  /// Whether a node is all of an array with its last two axes swapped.
  bool is_transposed(std::uint32_t n) const {
    const View& view = views_[n];
    if (view.source != View::Source::memory || view.is_dense() || view.sliced) return false;
    const ir::Shape& shape = nodes_[n].operation.shape;
    ir::Dims strides = swap_last_axes(shape).strides();
    std::swap(strides[strides.size() - 1], strides[strides.size() - 2]);
    View transposed;
    transposed.source = View::Source::memory;
    transposed.elements = 1;
    for (int axis = 0; axis < shape.rank(); ++axis)
      transposed.append(shape[axis], strides[static_cast<std::size_t>(axis)]);
    return view.runs == transposed.runs;
  }

  void push_step(std::uint32_t n, Step step) {
    const std::uint32_t result = add_buffer(n, Buffer::Place::temporary);
    step.outputs = {result};
    step.node = n;
    plan_.steps.push_back(std::move(step));
    set_dense(n, result);
  }

  // --- loops ---

  /// The Loop that computes `members`, ascending, and stores node `n`: the last of them, or a view
  /// when there are none.
  void add_loop(std::uint32_t n, const std::vector<std::uint32_t>& members) {
    LoopBuilder builder(share_axes(n, members));
    for (std::uint32_t member : members)
      if (views_[member].source == View::Source::none) compute(member, builder);
    const std::uint16_t result = value_of(n, builder);
    Step step;
    LoopBuilder::Built built = std::move(builder).store(result, nodes_[n].operation.dtype);
    step.kernel = std::move(built.loop);
    step.inputs = std::move(built.inputs);
    push_step(n, std::move(step));
  }

  /// The axes of a Loop. An array whose axes do not fit is copied to a dense one first.
  ir::Dims share_axes(std::uint32_t n, const std::vector<std::uint32_t>& members) {
    IterationSpace space(nodes_[n].operation.shape.elements());
    if (members.empty()) space.admit(views_[n]);
    for (std::uint32_t member : members) {
      if (views_[member].source != View::Source::none) continue;
      for (std::uint32_t operand : nodes_[member].operands)
        if (!space.admit(views_[operand])) copy(operand);
    }
    return space.extents();
  }

  void compute(std::uint32_t n, LoopBuilder& builder) {
    const ir::GraphNode& node = nodes_[n];
    std::uint16_t operands[3] = {};
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      operands[i] = value_of(node.operands[i], builder);
    const bool moves = is_movement(node.operation.kind) && node.operation.kind != ir::Kind::bitcast;
    const std::uint16_t result = moves ? operands[0] : builder.compute(node.operation, operands);
    registers_[n] = {plan_.steps.size(), result};
  }

  /// The register that holds a node's value: a member's, or one that reads a view.
  std::uint16_t value_of(std::uint32_t n, LoopBuilder& builder) {
    Register& entry = registers_[n];
    if (entry.step != plan_.steps.size()) entry = {plan_.steps.size(), builder.read(views_[n])};
    return entry.number;
  }

  const std::vector<ir::GraphNode>& nodes_;
  Partition partition_;
  std::vector<View> views_;          // by node
  std::vector<Register> registers_;  // by node
  Plan plan_;
};

}  // namespace

Plan make_plan(const ir::Graph& graph, std::size_t alignment) {
  Plan plan = Planner(graph).run();
  assign_memory(plan, alignment);
  return plan;
}

}  // namespace evergpu::compiler
