// Ops that look at the values of their operand and fail: they wait for it.
#include <fmt/ranges.h>

#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {
namespace {

using ir::BinaryOp;
using ir::DType;
using ir::ReduceOp;
using ir::Shape;
using ir::UnaryOp;
using ir::Value;

// Whether any element is NaN, +infinity, -infinity.
using Findings = std::array<bool, 3>;

// Computes `flags`, three booleans, and what they depend on.
Result<Findings> read_findings(Call& call, const Value& flags) {
  runtime::Device& device = call.device();
  const Result<void*> address = device.allocate(sizeof(Findings));
  if (!address.ok()) return address.status();
  Findings findings{};
  Status status = device.write(*address, flags);
  if (status.ok()) status = device.download(findings.data(), *address, sizeof(Findings));
  device.free(*address);
  if (!status.ok()) return status;
  return findings;
}

Value any_of(const Value& condition) {
  std::vector<std::int64_t> axes(static_cast<std::size_t>(condition.shape().rank()));
  std::iota(axes.begin(), axes.end(), 0);
  return ir::reshape(ir::reduce(ReduceOp::any, condition, axes), Shape{1});
}

// Names what is there; the first version of the op does not tell infinities apart.
template <bool signs>
std::string names_of(const Findings& found) {
  const auto [nan, positive, negative] = found;
  std::vector<std::string> names;
  if (signs && negative) names.emplace_back("-Inf");
  if (signs && positive) names.emplace_back("+Inf");
  if (!signs && (negative || positive)) names.emplace_back("Inf");
  if (nan) names.emplace_back("NaN");
  if (names.size() == 3) return "-Inf, +Inf, and NaN";
  return fmt::format("{}", fmt::join(names, " and "));
}

template <bool signs>
Result<Lowering> check_numerics(const Attributes& attributes) {
  return Lowering([message = attributes.string("message")](Call& call) -> Status {
    const Value x = call.input(0);
    const Value infinite = ir::unary(UnaryOp::is_infinite, x);
    const auto infinite_and = [&](BinaryOp comparison) {
      const Value side = ir::binary(comparison, x, ir::constant(x.dtype(), 0));
      return any_of(ir::binary(BinaryOp::bit_and, infinite, side));
    };
    const std::array<Value, 3> flags{any_of(ir::unary(UnaryOp::is_nan, x)),
                                     infinite_and(BinaryOp::greater), infinite_and(BinaryOp::less)};
    const Result<Findings> found = read_findings(call, ir::concat(flags, 0));
    if (!found.ok()) return found.status();
    if (*found != Findings{})
      return invalid_argument(
          fmt::format("{} : Tensor had {} values", message, names_of<signs>(*found)));
    return call.output(0, x);
  });
}

constexpr OpRow check_table[] = {
    {.op = "CheckNumerics", .types = {{"T", floats}}, .make = check_numerics<false>},
    {.op = "CheckNumericsV2", .types = {{"T", floats}}, .make = check_numerics<true>},
};

}  // namespace

std::span<const OpRow> check_rows() { return check_table; }

}  // namespace evergpu::tensorflow
