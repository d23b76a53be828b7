// Graphs and operations as text.
#include <fmt/format.h>

#include "ir/convert.h"
#include "ir/graph.h"

namespace evergpu::ir {
namespace {

std::string text_of(const Dims& dims) { return to_string(Shape(dims)); }

std::string text_of(DType dtype, const Constant& constant) {
  return visit(dtype, [&]<typename T>(TypeTag<T>) -> std::string {
    const auto value = static_cast<Compute<T>>(from_bits<T>(constant.bits));
    if constexpr (is_floating<T>)
      return fmt::format("{:g}", value);
    else if constexpr (std::is_same_v<T, bool>)
      return value ? "true" : "false";
    else
      return std::to_string(value);
  });
}

/// What follows the name of a kind: attributes, each with a space before it.
struct AttributePrinter {
  DType dtype;

  std::string operator()(const Empty&) const { return ""; }
  std::string operator()(const Constant& a) const { return fmt::format(" {}", text_of(dtype, a)); }
  std::string operator()(const Axis& a) const { return fmt::format(" axis={}", a.axis); }
  std::string operator()(const Axes& a) const { return fmt::format(" axes={}", text_of(a.axes)); }
  std::string operator()(const Slice& a) const {
    return fmt::format(" starts={} strides={}", text_of(a.starts), text_of(a.strides));
  }
  std::string operator()(const Pad& a) const {
    return fmt::format(" low={} high={} interior={}", text_of(a.low), text_of(a.high),
                       text_of(a.interior));
  }
  std::string operator()(const Reduce& a) const {
    return fmt::format(" {} axes={}", name_of(a.op), text_of(a.axes));
  }
  std::string operator()(const ArgReduce& a) const {
    return fmt::format(" {} axis={}", name_of(a.op), a.axis);
  }
  std::string operator()(const Window& a) const {
    return fmt::format(" {} extents={} strides={} low={} high={}", name_of(a.op),
                       text_of(a.extents), text_of(a.strides), text_of(a.pad_low),
                       text_of(a.pad_high));
  }
  std::string operator()(const MatMul& a) const {
    return fmt::format("{}{}", a.transpose_a ? " transpose_a" : "",
                       a.transpose_b ? " transpose_b" : "");
  }
  std::string operator()(const Convolution& a) const {
    return fmt::format(" strides={} dilations={} low={} high={} groups={} {}", text_of(a.strides),
                       text_of(a.dilations), text_of(a.pad_low), text_of(a.pad_high), a.groups,
                       a.layout == Layout::channels_last ? "channels_last" : "channels_first");
  }
  std::string operator()(const Gather& a) const {
    return fmt::format(" axis={} batch_dims={}", a.axis, a.batch_dims);
  }
  std::string operator()(const Scatter& a) const { return fmt::format(" {}", name_of(a.op)); }
  std::string operator()(const ArgSort& a) const { return a.descending ? " descending" : ""; }
  std::string operator()(const Scan& a) const {
    return fmt::format(" {} axis={}{}{}", name_of(a.op), a.axis, a.exclusive ? " exclusive" : "",
                       a.reverse ? " reverse" : "");
  }
  std::string operator()(const Recurrent& a) const {
    return fmt::format(" {}{}", name_of(a.cell), a.reverse ? " reverse" : "");
  }
  std::string operator()(UnaryOp) const { return ""; }   // it stands in place of the kind
  std::string operator()(BinaryOp) const { return ""; }  // likewise
};

std::string_view name_of_operation(const Operation& operation) {
  if (const auto* op = std::get_if<UnaryOp>(&operation.attributes)) return name_of(*op);
  if (const auto* op = std::get_if<BinaryOp>(&operation.attributes)) return name_of(*op);
  return name_of(operation.kind);
}

}  // namespace

std::string print(const Operation& operation) {
  return fmt::format("{}{} {}{}", name_of(operation.dtype), to_string(operation.shape),
                     name_of_operation(operation),
                     std::visit(AttributePrinter{operation.dtype}, operation.attributes));
}

std::string print(const Graph& graph) {
  std::string text;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    text += fmt::format("%{} = ", i);
    if (node.leaf)
      text +=
          fmt::format("{}{} leaf", name_of(node.operation.dtype), to_string(node.operation.shape));
    else
      text += print(node.operation);
    for (std::size_t k = 0; k < node.operands.size(); ++k)
      text += fmt::format("{}%{}", k == 0 ? " " : ", ", node.operands[k]);
    if (node.wanted) text += " wanted";
    if (!node.origin.empty()) text += fmt::format("  # {}", node.origin);
    text += '\n';
  }
  return text;
}

}  // namespace evergpu::ir
