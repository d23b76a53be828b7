#include "ops/einsum.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace evergpu::ops {
namespace {

using ir::Dims;
using ir::Node;
using ir::Shape;
using ir::Value;

// An axis: a letter's code, or -1, -2 … for the axes of an ellipsis, counted from the right as
// NumPy aligns them.
using Labels = std::vector<int>;
using Extents = std::map<int, std::int64_t>;

// A value with one name for each of its axes.
struct Term {
  Value value;
  Labels labels;
};

bool contains(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

std::int64_t position(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) - labels.begin();
}

Labels joined(const Labels& a, const Labels& b, const Labels& c = {}) {
  Labels all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

// Labels without their repetitions, in order of first appearance.
Labels distinct(const Labels& labels) {
  Labels result;
  for (int label : labels)
    if (!contains(result, label)) result.push_back(label);
  return result;
}

Labels expand(const std::string& subscripts, int ellipsis_axes) {
  Labels labels;
  for (char c : subscripts) {
    if (c != EinsumEquation::ellipsis) {
      labels.push_back(c);
      continue;
    }
    for (int i = ellipsis_axes; i > 0; --i) labels.push_back(-i);
  }
  return labels;
}

Value permuted(const Term& term, const Labels& order) {
  Dims axes;
  for (int label : order) axes.push_back(position(term.labels, label));
  return ir::permute(term.value, axes);
}

// Axes first and second of `term`, of one name and extent n, become one: elements (i, i) are n + 1
// apart once the two are side by side at the end.
Term take_diagonal(const Term& term, std::int64_t first, std::int64_t second) {
  const Shape& shape = term.value.shape();
  Dims axes;
  Term result;
  for (std::int64_t i = 0; i < shape.rank(); ++i) {
    if (i == first || i == second) continue;
    axes.push_back(i);
    result.labels.push_back(term.labels[static_cast<std::size_t>(i)]);
  }
  result.labels.push_back(term.labels[static_cast<std::size_t>(first)]);
  axes.push_back(first);
  axes.push_back(second);
  const std::int64_t n = shape[static_cast<int>(first)];
  const Value moved = ir::permute(term.value, axes);
  Dims flat(moved.shape().begin(), moved.shape().end() - 2);
  flat.push_back(n * n);
  Dims sizes = flat;
  sizes.back() = n;
  Dims strides(flat.size(), 1);
  strides.back() = n + 1;
  result.value = ir::slice(ir::reshape(moved, Shape(flat)), Dims(flat.size(), 0), sizes, strides);
  return result;
}

// The axis `label` of `term` becomes two, and the value their diagonal: n zeros between its
// elements make n * n of them.
Term make_diagonal(const Term& term, int label) {
  Labels order = term.labels;
  order.erase(order.begin() + position(order, label));
  order.push_back(label);
  const Value moved = permuted(term, order);
  const auto rank = static_cast<std::size_t>(moved.shape().rank());
  const std::int64_t n = moved.shape()[moved.shape().rank() - 1];
  Dims none(rank, 0);
  Dims interior(rank, 0);
  interior.back() = n;
  Dims extents(moved.shape().begin(), moved.shape().end());
  extents.push_back(n);
  order.push_back(label);
  // Without elements there is nothing to put zeros between.
  const Value spread =
      n == 0 ? moved : ir::pad(moved, ir::constant(moved.dtype(), 0), none, none, interior);
  return {ir::reshape(spread, Shape(std::move(extents))), std::move(order)};
}

// An operand with distinct labels, summed over those that neither `kept` nor `other` has.
Term prepared(Term term, const Labels& kept, const Labels& other) {
  for (std::size_t i = 0; i < term.labels.size();) {
    const auto first = static_cast<std::size_t>(position(term.labels, term.labels[i]));
    if (first == i) {
      ++i;
      continue;
    }
    term = take_diagonal(term, static_cast<std::int64_t>(first), static_cast<std::int64_t>(i));
    i = 0;
  }
  Dims summed;
  Labels left;
  for (std::size_t i = 0; i < term.labels.size(); ++i) {
    if (contains(kept, term.labels[i]) || contains(other, term.labels[i]))
      left.push_back(term.labels[i]);
    else
      summed.push_back(static_cast<std::int64_t>(i));
  }
  if (summed.empty()) return term;
  return {ir::reduce(ir::ReduceOp::sum, term.value, summed), std::move(left)};
}

std::int64_t product(const Labels& labels, const Extents& extents) {
  std::int64_t result = 1;
  for (int label : labels) result *= extents.at(label);
  return result;
}

// The extents of `labels` in `term` itself, with 1 for those it lacks.
Dims own_extents(const Term& term, const Labels& labels) {
  Dims result;
  for (int label : labels)
    result.push_back(contains(term.labels, label)
                         ? term.value.shape()[static_cast<int>(position(term.labels, label))]
                         : 1);
  return result;
}

// An element-wise product: nothing is summed over.
Term multiply(const Term& a, const Term& b, const Labels& order) {
  const auto aligned = [&](const Term& term) {
    Labels own;
    for (int label : order)
      if (contains(term.labels, label)) own.push_back(label);
    return ir::reshape(permuted(term, own), Shape(own_extents(term, order)));
  };
  return {aligned(a) * aligned(b), order};
}

// One side of a matrix product: [batch…, rows, columns], or the transpose where the operand lies
// that way already.
struct Side {
  Value value;
  bool transposed = false;
};
Side matrix(const Term& term, const Labels& batch, const Labels& rows, const Labels& columns,
            const Extents& extents) {
  Side side;
  side.transposed =
      !rows.empty() && !columns.empty() && term.labels == joined(batch, columns, rows);
  const Labels order = side.transposed ? term.labels : joined(batch, rows, columns);
  // Batch axes stay apart: those of a permuted operand may not lie as one.
  Dims shape = own_extents(term, batch);
  shape.push_back(product(side.transposed ? columns : rows, extents));
  shape.push_back(product(side.transposed ? rows : columns, extents));
  side.value = ir::reshape(permuted(term, order), Shape(std::move(shape)));
  return side;
}

Term contract(const Term& a, const Term& b, const Labels& output, const Extents& extents) {
  Labels batch;
  Labels summed;
  Labels only_a;
  Labels only_b;
  for (int label : output)
    if (contains(a.labels, label) && contains(b.labels, label)) batch.push_back(label);
  for (int label : a.labels) {
    if (!contains(b.labels, label))
      only_a.push_back(label);
    else if (!contains(output, label))
      summed.push_back(label);
  }
  for (int label : b.labels)
    if (!contains(a.labels, label)) only_b.push_back(label);
  const Labels order = joined(batch, only_a, only_b);
  if (summed.empty()) return multiply(a, b, order);
  // The product of the transposed operands, in the other order, is the transposed product.
  if (order != output && joined(batch, only_b, only_a) == output)
    return contract(b, a, output, extents);

  const Side left = matrix(a, batch, only_a, summed, extents);
  const Side right = matrix(b, batch, summed, only_b, extents);
  Dims result;
  for (int label : order) result.push_back(extents.at(label));
  return {ir::reshape(ir::matmul(left.value, right.value, left.transposed, right.transposed),
                      Shape(std::move(result))),
          order};
}

// Names the axes of one operand and notes their extents.
Result<Term> name_axes(const std::string& subscripts, const Value& value, int number,
                       Extents& extents) {
  const int rank = value.shape().rank();
  const bool has_ellipsis = subscripts.find(EinsumEquation::ellipsis) != std::string::npos;
  const int named = static_cast<int>(subscripts.size()) - (has_ellipsis ? 1 : 0);
  if (rank < named || (!has_ellipsis && rank != named))
    return invalid_argument(fmt::format("Expected input {} to have rank {}{} but got: {}", number,
                                        has_ellipsis ? "at least " : "", named, rank));
  Term term{value, expand(subscripts, rank - named)};
  for (int axis = 0; axis < rank; ++axis) {
    const int label = term.labels[static_cast<std::size_t>(axis)];
    const std::int64_t extent = value.shape()[axis];
    auto [known, is_new] = extents.emplace(label, extent);
    if (is_new || known->second == extent) continue;
    if (label < 0 && extent == 1) continue;
    if (label < 0 && known->second == 1) {
      known->second = extent;
      continue;
    }
    return invalid_argument(
        fmt::format("Expected dimension {} at axis {} of the input shaped {} but got dimension {}",
                    known->second, axis, to_string(value.shape()), extent));
  }
  return term;
}

}  // namespace

Result<EinsumEquation> parse_einsum(const std::string& equation) {
  std::string text;
  for (std::size_t i = 0; i < equation.size(); ++i) {
    if (equation[i] == ' ') continue;
    if (equation.compare(i, 3, "...") == 0) {
      text.push_back(EinsumEquation::ellipsis);
      i += 2;
    } else if (equation[i] == EinsumEquation::ellipsis) {
      return invalid_argument(fmt::format(
          "Expected ellipsis '...' but found a period in einsum equation: {}", equation));
    } else {
      text.push_back(equation[i]);
    }
  }
  const std::size_t arrow = text.find("->");
  if (arrow == std::string::npos || text.find("->", arrow + 2) != std::string::npos)
    return invalid_argument(
        fmt::format("Expecting exactly one '->' in einsum equation: {}", equation));
  EinsumEquation result;
  result.output = text.substr(arrow + 2);
  std::string part;
  for (char c : text.substr(0, arrow) + ',') {
    if (c != ',') {
      part.push_back(c);
      continue;
    }
    result.inputs.push_back(part);
    part.clear();
  }
  if (result.inputs.size() > 2)
    return invalid_argument(
        fmt::format("Expecting 1 or 2 input subscripts in equation '{}' but got: {}", equation,
                    result.inputs.size()));
  std::string all_inputs;
  for (const std::string& input : result.inputs) all_inputs += input;
  for (const std::string& subscripts : {all_inputs, result.output})
    for (char c : subscripts)
      if (c != EinsumEquation::ellipsis && std::isalpha(static_cast<unsigned char>(c)) == 0)
        return invalid_argument(
            fmt::format("Expected only letters and ellipses in einsum equation: {}", equation));
  std::vector<std::string> each = result.inputs;
  each.push_back(result.output);
  for (const std::string& subscripts : each)
    if (std::count(subscripts.begin(), subscripts.end(), EinsumEquation::ellipsis) > 1)
      return invalid_argument(
          fmt::format("Expected at most one ellipsis in each subscript of: {}", equation));
  for (char c : result.output)
    if (c != EinsumEquation::ellipsis && all_inputs.find(c) == std::string::npos)
      return invalid_argument(
          fmt::format("Output subscripts contain the label '{}' which does not appear in the input "
                      "subscripts of: {}",
                      c, equation));
  return result;
}

Value einsum(const EinsumEquation& equation, std::span<const Value> operands) {
  if (operands.size() != equation.inputs.size())
    return Node::failed(invalid_argument(
        fmt::format("Expected {} inputs but got: {}", equation.inputs.size(), operands.size())));
  Extents extents;
  std::vector<Term> terms;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].status().ok()) return operands[i];
    Result<Term> term = name_axes(equation.inputs[i], operands[i], static_cast<int>(i), extents);
    if (!term.ok()) return Node::failed(term.status());
    terms.push_back(*term);
  }
  const int ellipsis_axes = extents.empty() ? 0 : std::max(0, -extents.begin()->first);
  if (ellipsis_axes > 0 && equation.output.find(EinsumEquation::ellipsis) == std::string::npos)
    return Node::failed(invalid_argument(
        fmt::format("Output contains {} broadcasting dimension(s) but no ellipsis (...) was found "
                    "in the output subscripts.",
                    ellipsis_axes)));
  const Labels output = expand(equation.output, ellipsis_axes);

  Term result;
  if (terms.size() == 1) {
    result = prepared(terms[0], output, {});
  } else {
    const Labels first = terms[0].labels;
    result = contract(prepared(terms[0], output, terms[1].labels),
                      prepared(terms[1], output, first), distinct(output), extents);
  }
  // Labels can be repeated in the result any number of times; the order is put right at the end.
  for (int label : distinct(output))
    for (auto more = std::count(output.begin(), output.end(), label); more > 1; --more) {
      if (!result.value.status().ok()) return result.value;
      result = make_diagonal(result, label);
    }
  Dims axes;
  std::map<int, std::int64_t> next;
  for (int label : output) {
    const auto from = result.labels.begin() + next[label];
    const auto at = std::find(from, result.labels.end(), label) - result.labels.begin();
    axes.push_back(at);
    next[label] = at + 1;
  }
  return ir::permute(result.value, axes);
}

}  // namespace evergpu::ops
