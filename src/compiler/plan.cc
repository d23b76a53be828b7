// make_plan: the partition says which nodes share a Loop, and when it runs; here every node, in
// order, becomes a view of what exists, part of a Loop, or a library step.
#include "compiler/plan.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "compiler/apart.h"
#include "compiler/assemble.h"
#include "compiler/common.h"
#include "compiler/distinct.h"
#include "compiler/loop_builder.h"
#include "compiler/matrix_view.h"
#include "compiler/memory.h"
#include "compiler/order.h"
#include "compiler/partition.h"
#include "compiler/sequence.h"
#include "compiler/view.h"

namespace evergpu::compiler {

namespace {

class Planner {
 public:
  Planner(const ir::Graph& graph, const PlanOptions& options)
      : nodes_(graph.nodes),
        strided_matmul_(options.strided_matmul),
        partition_(partition(graph, options.pipelines)),
        assembly_(assemble(graph, partition_, options.strided_matmul)),
        views_(nodes_.size()),
        registers_(nodes_.size()) {}

  Plan run() {
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      if (partition_.needed[n]) lower_source(n);
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      if (partition_.needed[n]) lower(n);
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      if (nodes_[n].wanted) keep(n);
    return std::move(plan_);
  }

 private:
  /// Which register holds a node's value in a Loop.
  struct Register {
    std::uint32_t loop = 0;  // numbered from 1 in the order in which they were begun
    std::uint16_t number = 0;
  };

  void lower_source(std::uint32_t n) {
    const ir::GraphNode& node = nodes_[n];
    const ir::Operation& operation = node.operation;
    if (node.leaf) {
      set_dense(n, add_buffer(n, Buffer::Place::leaf));
    } else if (operation.shape.elements() == 0) {
      set_dense(n, add_buffer(n, Buffer::Place::temporary));
    } else if (operation.kind == ir::Kind::constant) {
      views_[n] = View::constant(operation.get<ir::Constant>().bits, operation.dtype);
      views_[n].argument = add_argument({n, Argument::none, {}});
    } else if (operation.kind == ir::Kind::iota) {
      views_[n] = View::iota(operation.dtype, operation.shape, operation.get<ir::Axis>().axis);
    }
  }

  /// Whether a node's elements can be read.
  bool is_known(std::uint32_t n) { return view_of(n).source != View::Source::none; }

  void lower(std::uint32_t n) {
    if (views_[n].source != View::Source::none || assembly_.assembled[n]) return;
    const std::uint32_t group = partition_.group[n];
    if (group != Partition::no_group) {
      if (partition_.groups[group].time == n) add_group(n, partition_.groups[group]);
    } else if (!is_movement(nodes_[n].operation.kind)) {
      add_library(n);
    } else if (nodes_[n].wanted) {
      array_of(n);
    }
  }

  /// How a node's elements are found; a view without source while the Loop that computes it has not
  /// run.
  const View& view_of(std::uint32_t n) {
    std::vector<std::uint32_t> unknown;
    for (; views_[n].source == View::Source::none && is_movement(nodes_[n].operation.kind);
         n = nodes_[n].operands[0])
      unknown.push_back(n);
    while (!unknown.empty() && views_[n].source != View::Source::none) {
      const std::uint32_t user = unknown.back();
      unknown.pop_back();
      const ir::Operation& movement = nodes_[user].operation;
      std::optional<View> view = move(views_[n], movement, nodes_[n].operation);
      if (!view) {
        copy(n);
        view = move(views_[n], movement, nodes_[n].operation);
      }
      views_[user] = *view;
      if (movement.kind == ir::Kind::slice) add_starts(user);
      n = user;
    }
    return unknown.empty() ? views_[n] : views_[unknown.front()];
  }

  // --- launch arguments ---

  std::uint32_t add_argument(const Argument& argument) {
    plan_.arguments.push_back(argument);
    return static_cast<std::uint32_t>(plan_.arguments.size() - 1);
  }

  /// Notes how the offset of a slice's view follows from its starts.
  void add_starts(std::uint32_t n) {
    const std::uint32_t operand = nodes_[n].operands[0];
    const View& sliced = views_[operand];
    const ir::Operation& type = nodes_[operand].operation;
    if (sliced.source == View::Source::constant || keeps_order(nodes_[n].operation, type)) return;
    const auto size = static_cast<std::int64_t>(ir::size_of(sliced.dtype));
    Argument argument{n, sliced.argument, *sliced.strides_over(type.shape.extents())};
    for (std::int64_t& stride : argument.strides) stride *= size;
    if (sliced.argument == View::no_argument) argument.begin = sliced.offset * size;
    views_[n].argument = add_argument(argument);
  }

  // --- wanted nodes ---

  /// The bytes of a wanted node outlive the plan.
  void keep(std::uint32_t n) {
    const std::uint32_t position = array_of(n);
    Buffer& buffer = plan_.buffers[position];
    if (buffer.place == Buffer::Place::temporary) {
      buffer.place = Buffer::Place::wanted;
      buffer.node = n;
      plan_.wanted_bytes += buffer.bytes;
    }
    plan_.wanted.push_back({n, position});
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
    if (!view_of(n).is_dense()) copy(n);
    return views_[n].buffer;
  }

  /// Makes a buffer of a node that is a view so far. Of a reshaped node its operand's is made,
  /// which other reshapes of that share: the steps of a recurrent layer are slices of one such
  /// array each.
  void copy(std::uint32_t n) {
    const std::uint32_t asked =
        n;  // names the step: the operand may be from a copy, of no operation
    std::vector<std::uint32_t> reshaped;
    for (; is_reshaped_view(n); n = nodes_[n].operands[0]) reshaped.push_back(n);
    IterationSpace space(nodes_[n].operation.shape.elements());
    space.admit(views_[n]);
    LoopBuilder builder(space.extents());
    const Result result = array_for(n);
    builder.store(builder.read(views_[n]), result.view);
    push_loop(asked, std::move(builder), {result});
    for (; !reshaped.empty(); reshaped.pop_back()) {
      const ir::GraphNode& node = nodes_[reshaped.back()];
      const std::uint32_t operand = node.operands[0];
      views_[reshaped.back()] = *move(views_[operand], node.operation, nodes_[operand].operation);
    }
  }

  /// Whether a node has the elements of its operand, in their order, and that is a view of an
  /// array.
  bool is_reshaped_view(std::uint32_t n) const {
    const ir::GraphNode& node = nodes_[n];
    if (node.leaf || !is_movement(node.operation.kind)) return false;
    const std::uint32_t operand = node.operands[0];
    return keeps_order(node.operation, nodes_[operand].operation) &&
           views_[operand].source == View::Source::memory && !views_[operand].is_dense();
  }

  // --- library steps ---

  void add_library(std::uint32_t n) {
    if (partition_.before[n] != Partition::no_group) return add_window(n);
    Step step;
    step.kernel = library_for(n, step);
    push_step(n, std::move(step), {array_for(n)});
  }

  /// The library kernel of a node, whose operands become the step's.
  Library library_for(std::uint32_t n, Step& step) {
    Library library{nodes_[n].operation, {}, {}};
    if (library.operation.kind == ir::Kind::matmul && strided_matmul_)
      add_matrices(n, library, step);
    else
      add_dense_operands(n, library, step);
    return library;
  }

  void add_dense_operands(std::uint32_t n, Library& library, Step& step) {
    const ir::GraphNode& node = nodes_[n];
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const std::uint32_t operand = node.operands[i];
      const ir::Operation& type = nodes_[operand].operation;
      library.operand_dtypes.push_back(type.dtype);
      if (node.operation.kind == ir::Kind::matmul && is_transposed(view_of(operand), type.shape)) {
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
  }

  /// The operands of a matrix product, read where they are if a Library may.
  void add_matrices(std::uint32_t n, Library& library, Step& step) {
    bool all_dense = true;
    for (std::uint32_t operand : nodes_[n].operands) {
      const ir::Operation& type = nodes_[operand].operation;
      if (!matrix_strides(view_of(operand), type.shape)) copy(operand);
      const View& view = views_[operand];
      all_dense = all_dense && view.is_dense();
      library.operand_dtypes.push_back(type.dtype);
      library.operand_shapes.push_back(type.shape);
      library.operand_layouts.push_back({*matrix_strides(view, type.shape), view.offset});
      if (view.argument != View::no_argument) {
        const auto index = static_cast<std::uint16_t>(step.inputs.size());
        const auto size = static_cast<std::uint8_t>(ir::size_of(type.dtype));
        step.bindings.push_back({Binding::Place::operand, size, index, view.argument});
      }
      step.inputs.push_back(view.buffer);
    }
    if (all_dense) library.operand_layouts.clear();
  }

  /// What a step writes, and where.
  struct Result {
    std::uint32_t node;
    View view;
    bool found_there;  // the view becomes the node's
  };

  Result array_for(std::uint32_t n) {
    const ir::Operation& operation = nodes_[n].operation;
    const std::uint32_t buffer = add_buffer(n, Buffer::Place::temporary);
    return {n, View::dense(buffer, operation.dtype, operation.shape.elements()), true};
  }

  void push_step(std::uint32_t n, Step step, const std::vector<Result>& results) {
    for (const Result& result : results) {
      step.outputs.push_back(result.view.buffer);
      if (result.found_there) views_[result.node] = result.view;
    }
    step.node = n;
    if (step.nodes.empty()) step.nodes = {n};
    plan_.steps.push_back(std::move(step));
  }

  // --- concatenations that are written part by part ---

  /// The view of an assembled concat, whose array is made when its first part is.
  const View& whole_view(std::uint32_t n) {
    if (views_[n].source == View::Source::none)
      views_[n] =
          assembly_.only_there[n] ? part_view(n, assembly_.places[n][0]) : array_for(n).view;
    return views_[n];
  }

  View part_view(std::uint32_t n, const Place& place) {
    const ir::Operation& whole = nodes_[place.whole].operation;
    const ir::Operation& part = nodes_[n].operation;
    const auto rank = static_cast<std::size_t>(whole.shape.rank());
    ir::Slice slice{ir::Dims(rank, 0), ir::Dims(rank, 1)};
    slice.starts[static_cast<std::size_t>(whole.get<ir::Axis>().axis)] = place.start;
    return *move(whole_view(place.whole), {ir::Kind::slice, part.dtype, part.shape, slice}, whole);
  }

  /// Where a Loop over the axes of `space` stores a node. Places that the axes do not fit are
  /// filled by `copies`, after it.
  struct Copy {
    std::uint32_t node;
    View to;
  };
  void add_results(std::uint32_t n, IterationSpace& space, std::vector<Result>& results,
                   std::vector<Copy>& copies) {
    std::vector<View> fitting;
    for (const Place& place : assembly_.places[n]) {
      const View view = part_view(n, place);
      if (space.admit(view))
        fitting.push_back(view);
      else
        copies.push_back({n, view});
    }
    // A dense array can be copied to any place.
    const bool only_there = assembly_.only_there[n] && fitting.size() == assembly_.places[n].size();
    if (!only_there) results.push_back(array_for(n));
    for (std::size_t i = 0; i < fitting.size(); ++i)
      results.push_back({n, fitting[i], only_there && i == 0});
  }

  void copy_to(const Copy& copy) {
    IterationSpace space(copy.to.elements);
    space.admit(copy.to);
    LoopBuilder builder(space.extents());
    builder.store(builder.read(views_[copy.node]), copy.to);
    push_loop(copy.node, std::move(builder), {{copy.node, copy.to, false}});
  }

  // --- loops ---

  void push_loop(std::uint32_t n, LoopBuilder builder, const std::vector<Result>& results,
                 std::vector<std::uint32_t> nodes = {}) {
    Step step;
    step.nodes = std::move(nodes);
    LoopBuilder::Built built = std::move(builder).finish();
    step.kernel = std::move(built.loop);
    step.inputs = std::move(built.inputs);
    step.bindings = std::move(built.bindings);
    push_step(n, std::move(step), results);
  }

  /// The Loop of a group.
  void add_group(std::uint32_t n, const Group& group) {
    const auto is_reduction = [&](std::uint32_t member) {
      return nodes_[member].operation.kind == ir::Kind::reduce;
    };
    const auto reductions = std::count_if(group.members.begin(), group.members.end(), is_reduction);
    const bool computes = std::any_of(group.members.begin(), group.members.end(), [&](auto member) {
      return !is_reduction(member) && !is_movement(nodes_[member].operation.kind);
    });
    // One reduction of an array is a library kernel.
    if (reductions == 1 && !computes && group.producer == Group::none) return add_library(n);

    // A contraction's operands may be views of arrays, which stay what they are.
    std::optional<Contraction> contraction;
    if (group.producer != Group::none && is_contraction(nodes_[group.producer].operation)) {
      contraction.emplace();
      contraction->library = library_for(group.producer, contraction->step);
    } else if (group.producer != Group::none) {
      make_operands(group.producer);
    }
    const std::vector<std::uint32_t> members = computed(group);
    IterationSpace space = share_axes(group, members);
    std::vector<Result> results;
    std::vector<Copy> copies;
    for (std::uint32_t member : group.stored)
      if (!is_reduction(member)) add_results(member, space, results, copies);
    LoopBuilder builder(space.extents());
    ++loops_;
    if (group.producer != Group::none) read_producer(group, builder);
    for (std::uint32_t member : members)
      if (!is_reduction(member) && !is_known(member)) compute(member, builder);
    for (const Result& result : results) builder.store(value_of(result.node, builder), result.view);
    for (std::uint32_t member : group.stored) {
      if (!is_reduction(member)) continue;
      builder.reduce(value_of(nodes_[member].operands[0], builder),
                     nodes_[member].operation.get<ir::Reduce>().op, places_of(member));
      results.push_back(array_for(member));
    }
    if (group.producer == Group::none)
      push_loop(n, std::move(builder), results, group.members);
    else if (contraction)
      push_contraction(n, std::move(*contraction), std::move(builder).finish(), results,
                       group.members);
    else
      push_pipeline(n, group.producer, std::move(builder).finish(), results, group.members);
    for (const Copy& copy : copies) copy_to(copy);
  }

  // --- pipelines ---

  /// A window whose first operand alone is not an array.
  void add_window(std::uint32_t n) {
    make_operands(n);
    push_pipeline(n, n, std::nullopt, {array_for(n)}, {n});
  }

  /// The arrays that a window needs, as steps before its own.
  void make_operands(std::uint32_t window) {
    const auto& operands = nodes_[window].operands;
    const std::uint32_t before = partition_.before[window];
    if (before != Partition::no_group) {
      const Group& group = partition_.groups[before];
      share_axes(group, group.members);
    }
    for (std::size_t i = before != Partition::no_group ? 1 : 0; i < operands.size(); ++i)
      array_of(operands[i]);
  }

  /// A contraction before a Loop, and the step that it is in.
  struct Contraction {
    Library library;
    Step step;
  };

  // In place of the buffers of what a Loop after a library kernel reads that is no array.
  static constexpr std::uint32_t made = Buffer::none;
  static constexpr std::uint32_t given = made - 1;

  /// The first operand of a group's producer, if another Loop gives it to both.
  std::optional<std::uint32_t> given_to(const Group& group) {
    if (group.producer == Group::none) return {};
    const std::uint32_t first = nodes_[group.producer].operands[0];
    const bool computes =
        std::find(group.members.begin(), group.members.end(), first) != group.members.end();
    if (partition_.before[group.producer] == Partition::no_group || !computes || is_known(first))
      return {};
    return first;
  }

  /// The members that a group's Loop computes: without what it reads of a producer, and what only
  /// that needs.
  std::vector<std::uint32_t> computed(const Group& group) {
    if (group.producer == Group::none) return group.members;
    const std::optional<std::uint32_t> first = given_to(group);
    std::vector<std::uint32_t> needed = group.stored;
    std::vector<std::uint32_t> members;
    for (auto n = group.members.rbegin(); n != group.members.rend(); ++n) {
      if (*n == group.producer || *n == first || is_known(*n)) continue;
      if (std::find(needed.begin(), needed.end(), *n) == needed.end()) continue;
      for (std::uint32_t operand : nodes_[*n].operands) needed.push_back(operand);
      members.push_back(*n);
    }
    std::reverse(members.begin(), members.end());
    return members;
  }

  /// A Loop after a library kernel begins with what that makes, and with what another Loop gave it.
  void read_producer(const Group& group, LoopBuilder& builder) {
    const auto read = [&](std::uint32_t n, std::uint32_t in_place_of_buffer) {
      const ir::Operation& operation = nodes_[n].operation;
      registers_[n] = {loops_, builder.read(View::dense(in_place_of_buffer, operation.dtype,
                                                        operation.shape.elements()))};
    };
    read(group.producer, made);
    if (const auto first = given_to(group)) read(*first, given);
  }

  /// The Loop that gives a window's first operand.
  LoopBuilder::Built build_before(std::uint32_t window) {
    const Group& group = partition_.groups[partition_.before[window]];
    LoopBuilder builder(share_axes(group, group.members).extents());
    ++loops_;
    for (std::uint32_t member : group.members)
      if (!is_known(member)) compute(member, builder);
    builder.give(value_of(nodes_[window].operands[0], builder));
    return std::move(builder).finish();
  }

  static void bind(Step& step, const std::vector<Binding>& bindings, std::uint16_t loop) {
    for (Binding binding : bindings) {
      binding.loop = loop;
      step.bindings.push_back(binding);
    }
  }

  static void add_after(Pipeline& pipeline, Step& step, LoopBuilder::Built after) {
    for (std::size_t i = 0; i < after.inputs.size(); ++i) {
      if (after.inputs[i] == made)
        pipeline.made = static_cast<std::uint16_t>(i);
      else if (after.inputs[i] == given)
        pipeline.given = static_cast<std::uint16_t>(i);
      else
        step.inputs.push_back(after.inputs[i]);
    }
    bind(step, after.bindings, Pipeline::loop_after);
    pipeline.after = std::move(after.loop);
  }

  void push_contraction(std::uint32_t n, Contraction contraction, LoopBuilder::Built after,
                        const std::vector<Result>& results, std::vector<std::uint32_t> nodes) {
    Pipeline pipeline;
    pipeline.library = std::move(contraction.library);
    Step& step = contraction.step;
    add_after(pipeline, step, std::move(after));
    step.kernel = std::move(pipeline);
    step.nodes = std::move(nodes);
    push_step(n, std::move(step), results);
  }

  /// `nodes`: what the step computes but for what is before the window.
  void push_pipeline(std::uint32_t n, std::uint32_t window, std::optional<LoopBuilder::Built> after,
                     const std::vector<Result>& results, std::vector<std::uint32_t> nodes) {
    Pipeline pipeline;
    Step step;
    const ir::GraphNode& node = nodes_[window];
    pipeline.library.operation = node.operation;
    const std::uint32_t before = partition_.before[window];
    if (before != Partition::no_group) {
      LoopBuilder::Built built = build_before(window);
      pipeline.before = std::move(built.loop);
      step.inputs = std::move(built.inputs);
      bind(step, built.bindings, Pipeline::loop_before);
      const std::vector<std::uint32_t>& members = partition_.groups[before].members;
      nodes.insert(nodes.end(), members.begin(), members.end());
    }
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const ir::Operation& operand = nodes_[node.operands[i]].operation;
      pipeline.library.operand_dtypes.push_back(operand.dtype);
      pipeline.library.operand_shapes.push_back(operand.shape);
      if (i > 0 || !pipeline.before) step.inputs.push_back(array_of(node.operands[i]));
    }
    if (after) add_after(pipeline, step, std::move(*after));
    step.kernel = std::move(pipeline);
    step.nodes = distinct(std::move(nodes));
    push_step(n, std::move(step), results);
  }

  View places_of(std::uint32_t reduction) const {
    return reduced_places(nodes_[reduction].operation,
                          nodes_[nodes_[reduction].operands[0]].operation.shape);
  }

  /// The axes of a group's Loop, which computes `members`. An array whose axes do not fit is copied
  /// to a dense one first.
  IterationSpace share_axes(const Group& group, const std::vector<std::uint32_t>& members) {
    const auto reduction = std::find_if(group.members.begin(), group.members.end(), [&](auto n) {
      return nodes_[n].operation.kind == ir::Kind::reduce;
    });
    const bool reduces = reduction != group.members.end();
    const std::uint32_t shaped = reduces ? nodes_[*reduction].operands[0] : group.members[0];
    IterationSpace space(nodes_[shaped].operation.shape.elements());
    if (reduces) space.admit(places_of(*reduction));
    for (std::uint32_t member : members) {
      if (is_known(member)) continue;
      const bool draws = nodes_[member].operation.kind == ir::Kind::philox;
      for (std::uint32_t operand : nodes_[member].operands) {
        const View& view = view_of(operand);
        if (!(draws ? LoopBuilder::can_draw(view) : space.admit(view))) copy(operand);
      }
    }
    return space;
  }

  void compute(std::uint32_t n, LoopBuilder& builder) {
    const ir::GraphNode& node = nodes_[n];
    if (node.operation.kind == ir::Kind::philox) {
      const View key = view_of(node.operands[0]);
      registers_[n] = {loops_, builder.philox(key, view_of(node.operands[1]))};
      return;
    }
    std::uint16_t operands[3] = {};
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      operands[i] = value_of(node.operands[i], builder);
    const bool moves = is_movement(node.operation.kind) && node.operation.kind != ir::Kind::bitcast;
    const std::uint16_t result = moves ? operands[0] : builder.compute(node.operation, operands);
    registers_[n] = {loops_, result};
  }

  /// The register that holds a node's value: a member's, or one that reads a view.
  std::uint16_t value_of(std::uint32_t n, LoopBuilder& builder) {
    Register& entry = registers_[n];
    if (entry.loop != loops_) entry = {loops_, builder.read(view_of(n))};
    return entry.number;
  }

  const std::vector<ir::GraphNode>& nodes_;
  const bool strided_matmul_;
  Partition partition_;
  Assembly assembly_;
  std::vector<View> views_;          // by node
  std::vector<Register> registers_;  // by node
  std::uint32_t loops_ = 0;          // begun so far
  Plan plan_;
};

}  // namespace

Plan make_plan(const ir::Graph& graph, const PlanOptions& options) {
  const Shared shared = share_equal_values(graph);
  Plan plan = Planner(shared.graph, options).run();
  restore_nodes(plan, graph, shared);
  order_for_memory(plan);
  gather_small_loops(plan, options.sequences);
  gather_loops_apart(plan, options.sequences);
  assign_memory(plan, options.alignment);
  return plan;
}

}  // namespace evergpu::compiler
