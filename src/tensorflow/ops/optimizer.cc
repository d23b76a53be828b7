// Optimizer steps: for resource variables and for references, dense and for some rows alone.
#include "ops/optimizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "tensorflow/op_table.h"
#include "tensorflow/variables.h"

namespace evergpu::tensorflow {
namespace {

using ir::Value;
using ops::OptimizerState;

// What an optimizer's op takes: its inputs in order, first `variables` variables.
struct Signature {
  const char* inputs[12];
  int variables;

  constexpr int count() const {
    int n = 0;
    while (n < 12 && inputs[n] != nullptr) ++n;
    return n;
  }
  // The position of an input; -1 when there is none of that name.
  constexpr int find(std::string_view name) const {
    for (int i = 0; i < count(); ++i)
      if (name == inputs[i]) return i;
    return -1;
  }
  constexpr bool sparse() const { return find("indices") >= 0; }
  constexpr int gradient() const { return find("grad") >= 0 ? find("grad") : find("delta"); }
};

// The attributes that some optimizers have.
struct Options {
  bool use_nesterov = false;
  bool update_slots = true;
  bool multiply_linear_by_lr = false;
};

// The inputs of one call, by name.
class Inputs {
 public:
  Inputs(Call& call, const Signature& signature, const Options& options)
      : options(options), call_(call), signature_(signature) {}
  Value operator[](std::string_view name) const { return call_.input(signature_.find(name)); }
  Value gradient() const { return call_.input(signature_.gradient()); }

  const Options& options;

 private:
  Call& call_;
  const Signature& signature_;
};

using Step = OptimizerState (*)(const OptimizerState&, const Inputs&);

OptimizerState gradient_descent(const OptimizerState& state, const Inputs& in) {
  return ops::gradient_descent(state, in.gradient(), in["alpha"]);
}
OptimizerState proximal_gradient_descent(const OptimizerState& state, const Inputs& in) {
  return ops::proximal_gradient_descent(state, in.gradient(), {in["alpha"], in["l1"], in["l2"]});
}
OptimizerState proximal_adagrad(const OptimizerState& state, const Inputs& in) {
  return ops::proximal_adagrad(state, in.gradient(), {in["lr"], in["l1"], in["l2"]});
}
OptimizerState adagrad_dual_averaging(const OptimizerState& state, const Inputs& in) {
  return ops::adagrad_dual_averaging(state, in.gradient(), {in["lr"], in["l1"], in["l2"]},
                                     ir::cast(in["global_step"], state[0].dtype()));
}
OptimizerState momentum(const OptimizerState& state, const Inputs& in) {
  return ops::momentum(state, in.gradient(), {in["lr"], in["momentum"], in.options.use_nesterov});
}
OptimizerState keras_momentum(const OptimizerState& state, const Inputs& in) {
  return ops::keras_momentum(state, in.gradient(),
                             {in["lr"], in["momentum"], in.options.use_nesterov});
}
OptimizerState adagrad(const OptimizerState& state, const Inputs& in) {
  return ops::adagrad(state, in.gradient(), {in["lr"], Value(), in.options.update_slots});
}
OptimizerState adagrad_v2(const OptimizerState& state, const Inputs& in) {
  return ops::adagrad(state, in.gradient(), {in["lr"], in["epsilon"], in.options.update_slots});
}
OptimizerState adam(const OptimizerState& state, const Inputs& in) {
  return ops::adam(state, in.gradient(),
                   {in["beta1_power"], in["beta2_power"], in["lr"], in["beta1"], in["beta2"],
                    in["epsilon"], in.options.use_nesterov});
}
OptimizerState amsgrad(const OptimizerState& state, const Inputs& in) {
  return ops::amsgrad(
      state, in.gradient(),
      {in["beta1_power"], in["beta2_power"], in["lr"], in["beta1"], in["beta2"], in["epsilon"]});
}
OptimizerState adamax(const OptimizerState& state, const Inputs& in) {
  return ops::adamax(
      state, in.gradient(),
      {in["beta1_power"], Value(), in["lr"], in["beta1"], in["beta2"], in["epsilon"]});
}
OptimizerState rmsprop(const OptimizerState& state, const Inputs& in) {
  return ops::rmsprop(state, in.gradient(), {in["lr"], in["rho"], in["momentum"], in["epsilon"]});
}
OptimizerState centered_rmsprop(const OptimizerState& state, const Inputs& in) {
  return ops::centered_rmsprop(state, in.gradient(),
                               {in["lr"], in["rho"], in["momentum"], in["epsilon"]});
}
OptimizerState adadelta(const OptimizerState& state, const Inputs& in) {
  return ops::adadelta(state, in.gradient(), {in["lr"], in["rho"], in["epsilon"]});
}
OptimizerState ftrl(const OptimizerState& state, const Inputs& in) {
  return ops::ftrl(
      state, in.gradient(),
      {in["lr"], in["l1"], in["l2"], Value(), in["lr_power"], in.options.multiply_linear_by_lr});
}
OptimizerState ftrl_v2(const OptimizerState& state, const Inputs& in) {
  return ops::ftrl(state, in.gradient(),
                   {in["lr"], in["l1"], in["l2"], in["l2_shrinkage"], in["lr_power"],
                    in.options.multiply_linear_by_lr});
}
OptimizerState add_sign(const OptimizerState& state, const Inputs& in) {
  return ops::add_sign(state, in.gradient(), {in["lr"], in["alpha"], in["sign_decay"], in["beta"]});
}
OptimizerState power_sign(const OptimizerState& state, const Inputs& in) {
  return ops::power_sign(state, in.gradient(),
                         {in["lr"], in["logbase"], in["sign_decay"], in["beta"]});
}

// Everything but the variables, the gradient and its indices is a scalar.
Status check_scalars(const Call& call, const Signature& signature) {
  for (int i = signature.variables; i < signature.count(); ++i) {
    if (i == signature.gradient() || i == signature.find("indices")) continue;
    if (call.shape(i).rank() != 0)
      return invalid_argument(
          fmt::format("{} is not a scalar: {}", signature.inputs[i], to_string(call.shape(i))));
  }
  return {};
}

Status check_shapes(const Call& call, const Signature& signature, const OptimizerState& state) {
  const ir::Shape& variable = state[0].shape();
  for (int i = 1; i < signature.variables; ++i) {
    const ir::Shape& slot = state[static_cast<std::size_t>(i)].shape();
    if (!(slot == variable))
      return invalid_argument(fmt::format("{} and {} do not have the same shape{} {}",
                                          signature.inputs[0], signature.inputs[i],
                                          to_string(variable), to_string(slot)));
  }
  const int gradient = signature.gradient();
  ir::Shape expected = variable;
  if (signature.sparse()) {
    const ir::Shape& indices = call.shape(signature.find("indices"));
    if (indices.rank() != 1) return invalid_argument("indices must be one-dimensional");
    if (variable.rank() < 1) return invalid_argument("var must be at least 1 dimensional");
    ir::Dims extents = variable.extents();
    extents[0] = indices[0];
    expected = ir::Shape(std::move(extents));
  }
  if (!(call.shape(gradient) == expected))
    return invalid_argument(fmt::format("{} and {} do not have the same shape{} {}",
                                        signature.inputs[0], signature.inputs[gradient],
                                        to_string(expected), to_string(call.shape(gradient))));
  return {};
}

// Steps the whole variables, or the rows `indices` of them. Of a row that is named twice the last
// update stands.
Status apply(Call& call, const Signature& signature, const Options& options, Step step) {
  EVERGPU_RETURN_IF_ERROR(check_scalars(call, signature));
  constexpr int inputs[] = {0, 1, 2, 3};
  Variables variables(call, {inputs, static_cast<std::size_t>(signature.variables)});
  OptimizerState state;
  for (int i = 0; i < signature.variables; ++i) {
    state.push_back(variables.read(i));
    EVERGPU_RETURN_IF_ERROR(state.back().status());
  }
  EVERGPU_RETURN_IF_ERROR(check_shapes(call, signature, state));
  const Inputs named(call, signature, options);
  OptimizerState next;
  if (signature.sparse()) {
    const Value indices = named["indices"];
    OptimizerState rows;
    for (const Value& whole : state) rows.push_back(ir::gather(whole, indices, 0));
    next = step(rows, named);
    for (std::size_t i = 0; i < next.size(); ++i)
      next[i] = ir::scatter(ir::ScatterOp::set, state[i], indices, next[i]);
  } else {
    next = step(state, named);
  }
  EVERGPU_RETURN_IF_ERROR(call.status());
  for (int i = 0; i < signature.variables; ++i)
    EVERGPU_RETURN_IF_ERROR(variables.assign(i, next[static_cast<std::size_t>(i)]));
  return {};
}

Options read_options(const Attributes& attributes) {
  const auto read = [&](const char* name, bool otherwise) {
    return attributes.has(name) ? attributes.boolean(name) : otherwise;
  };
  return {.use_nesterov = read("use_nesterov", false),
          .update_slots = read("update_slots", true),
          .multiply_linear_by_lr = read("multiply_linear_by_lr", false)};
}

template <const Signature& signature, Step step>
Result<Lowering> on_resources(const Attributes& attributes) {
  return Lowering([options = read_options(attributes)](Call& call) {
    return apply(call, signature, options, step);
  });
}

// Ops on references have the first variable as their result.
template <const Signature& signature, Step step>
Result<Lowering> on_references(const Attributes& attributes) {
  return Lowering([options = read_options(attributes)](Call& call) -> Status {
    EVERGPU_RETURN_IF_ERROR(apply(call, signature, options, step));
    forward_reference(call, 0, 0);
    return {};
  });
}

template <const Signature& signature>
constexpr OpRow row_of(const char* op) {
  OpRow row{.op = op, .types = {{"T", floats}}};
  if (signature.sparse()) row.types[1] = {"Tindices", index_types};
  return row;
}

template <const Signature& signature, Step step>
constexpr OpRow resource(const char* op) {
  OpRow row = row_of<signature>(op);
  for (int i = 0; i < signature.variables; ++i) row.host_arguments[i] = signature.inputs[i];
  row.make = on_resources<signature, step>;
  return row;
}

template <const Signature& signature, Step step>
constexpr OpRow reference(const char* op) {
  OpRow row = row_of<signature>(op);
  row.make = on_references<signature, step>;
  return row;
}

constexpr Signature descent_inputs{{"var", "alpha", "delta"}, 1};
constexpr Signature proximal_inputs{{"var", "alpha", "l1", "l2", "delta"}, 1};
constexpr Signature momentum_inputs{{"var", "accum", "lr", "grad", "momentum"}, 2};
constexpr Signature adagrad_inputs{{"var", "accum", "lr", "grad"}, 2};
constexpr Signature adagrad_v2_inputs{{"var", "accum", "lr", "epsilon", "grad"}, 2};
constexpr Signature adagrad_da_inputs{
    {"var", "gradient_accumulator", "gradient_squared_accumulator", "grad", "lr", "l1", "l2",
     "global_step"},
    3};
constexpr Signature proximal_adagrad_inputs{{"var", "accum", "lr", "l1", "l2", "grad"}, 2};
constexpr Signature adam_inputs{
    {"var", "m", "v", "beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad"}, 3};
constexpr Signature amsgrad_inputs{{"var", "m", "v", "vhat", "beta1_power", "beta2_power", "lr",
                                    "beta1", "beta2", "epsilon", "grad"},
                                   4};
constexpr Signature adamax_inputs{
    {"var", "m", "v", "beta1_power", "lr", "beta1", "beta2", "epsilon", "grad"}, 3};
constexpr Signature rmsprop_inputs{{"var", "ms", "mom", "lr", "rho", "momentum", "epsilon", "grad"},
                                   3};
constexpr Signature centered_inputs{
    {"var", "mg", "ms", "mom", "lr", "rho", "momentum", "epsilon", "grad"}, 4};
constexpr Signature adadelta_inputs{
    {"var", "accum", "accum_update", "lr", "rho", "epsilon", "grad"}, 3};
constexpr Signature ftrl_inputs{{"var", "accum", "linear", "grad", "lr", "l1", "l2", "lr_power"},
                                3};
constexpr Signature ftrl_v2_inputs{
    {"var", "accum", "linear", "grad", "lr", "l1", "l2", "l2_shrinkage", "lr_power"}, 3};
constexpr Signature add_sign_inputs{{"var", "m", "lr", "alpha", "sign_decay", "beta", "grad"}, 2};
constexpr Signature power_sign_inputs{{"var", "m", "lr", "logbase", "sign_decay", "beta", "grad"},
                                      2};

constexpr Signature sparse_proximal_inputs{{"var", "alpha", "l1", "l2", "grad", "indices"}, 1};
constexpr Signature sparse_momentum_inputs{{"var", "accum", "lr", "grad", "indices", "momentum"},
                                           2};
constexpr Signature sparse_adagrad_inputs{{"var", "accum", "lr", "grad", "indices"}, 2};
constexpr Signature sparse_adagrad_v2_inputs{{"var", "accum", "lr", "epsilon", "grad", "indices"},
                                             2};
constexpr Signature sparse_adagrad_da_inputs{
    {"var", "gradient_accumulator", "gradient_squared_accumulator", "grad", "indices", "lr", "l1",
     "l2", "global_step"},
    3};
constexpr Signature sparse_proximal_adagrad_inputs{
    {"var", "accum", "lr", "l1", "l2", "grad", "indices"}, 2};
constexpr Signature sparse_rmsprop_inputs{
    {"var", "ms", "mom", "lr", "rho", "momentum", "epsilon", "grad", "indices"}, 3};
constexpr Signature sparse_centered_inputs{
    {"var", "mg", "ms", "mom", "lr", "rho", "momentum", "epsilon", "grad", "indices"}, 4};
constexpr Signature sparse_adadelta_inputs{
    {"var", "accum", "accum_update", "lr", "rho", "epsilon", "grad", "indices"}, 3};
constexpr Signature sparse_ftrl_inputs{
    {"var", "accum", "linear", "grad", "indices", "lr", "l1", "l2", "lr_power"}, 3};
constexpr Signature sparse_ftrl_v2_inputs{
    {"var", "accum", "linear", "grad", "indices", "lr", "l1", "l2", "l2_shrinkage", "lr_power"}, 3};

constexpr OpRow optimizer_table[] = {
    reference<adadelta_inputs, adadelta>("ApplyAdadelta"),
    reference<adagrad_inputs, adagrad>("ApplyAdagrad"),
    reference<adagrad_da_inputs, adagrad_dual_averaging>("ApplyAdagradDA"),
    reference<adagrad_v2_inputs, adagrad_v2>("ApplyAdagradV2"),
    reference<adam_inputs, adam>("ApplyAdam"),
    reference<adamax_inputs, adamax>("ApplyAdaMax"),
    reference<add_sign_inputs, add_sign>("ApplyAddSign"),
    reference<centered_inputs, centered_rmsprop>("ApplyCenteredRMSProp"),
    reference<ftrl_inputs, ftrl>("ApplyFtrl"),
    reference<ftrl_v2_inputs, ftrl_v2>("ApplyFtrlV2"),
    reference<descent_inputs, gradient_descent>("ApplyGradientDescent"),
    reference<momentum_inputs, momentum>("ApplyMomentum"),
    reference<power_sign_inputs, power_sign>("ApplyPowerSign"),
    reference<proximal_adagrad_inputs, proximal_adagrad>("ApplyProximalAdagrad"),
    reference<proximal_inputs, proximal_gradient_descent>("ApplyProximalGradientDescent"),
    reference<rmsprop_inputs, rmsprop>("ApplyRMSProp"),
    resource<adadelta_inputs, adadelta>("ResourceApplyAdadelta"),
    resource<adagrad_inputs, adagrad>("ResourceApplyAdagrad"),
    resource<adagrad_da_inputs, adagrad_dual_averaging>("ResourceApplyAdagradDA"),
    resource<adagrad_v2_inputs, adagrad_v2>("ResourceApplyAdagradV2"),
    resource<adam_inputs, adam>("ResourceApplyAdam"),
    resource<amsgrad_inputs, amsgrad>("ResourceApplyAdamWithAmsgrad"),
    resource<adamax_inputs, adamax>("ResourceApplyAdaMax"),
    resource<add_sign_inputs, add_sign>("ResourceApplyAddSign"),
    resource<centered_inputs, centered_rmsprop>("ResourceApplyCenteredRMSProp"),
    resource<ftrl_inputs, ftrl>("ResourceApplyFtrl"),
    resource<ftrl_v2_inputs, ftrl_v2>("ResourceApplyFtrlV2"),
    resource<descent_inputs, gradient_descent>("ResourceApplyGradientDescent"),
    resource<momentum_inputs, keras_momentum>("ResourceApplyKerasMomentum"),
    resource<momentum_inputs, momentum>("ResourceApplyMomentum"),
    resource<power_sign_inputs, power_sign>("ResourceApplyPowerSign"),
    resource<proximal_adagrad_inputs, proximal_adagrad>("ResourceApplyProximalAdagrad"),
    resource<proximal_inputs, proximal_gradient_descent>("ResourceApplyProximalGradientDescent"),
    resource<rmsprop_inputs, rmsprop>("ResourceApplyRMSProp"),
    resource<sparse_adadelta_inputs, adadelta>("ResourceSparseApplyAdadelta"),
    resource<sparse_adagrad_inputs, adagrad>("ResourceSparseApplyAdagrad"),
    resource<sparse_adagrad_da_inputs, adagrad_dual_averaging>("ResourceSparseApplyAdagradDA"),
    resource<sparse_adagrad_v2_inputs, adagrad_v2>("ResourceSparseApplyAdagradV2"),
    resource<sparse_centered_inputs, centered_rmsprop>("ResourceSparseApplyCenteredRMSProp"),
    resource<sparse_ftrl_inputs, ftrl>("ResourceSparseApplyFtrl"),
    resource<sparse_ftrl_v2_inputs, ftrl_v2>("ResourceSparseApplyFtrlV2"),
    resource<sparse_momentum_inputs, keras_momentum>("ResourceSparseApplyKerasMomentum"),
    resource<sparse_momentum_inputs, momentum>("ResourceSparseApplyMomentum"),
    resource<sparse_proximal_adagrad_inputs, proximal_adagrad>(
        "ResourceSparseApplyProximalAdagrad"),
    resource<sparse_proximal_inputs, proximal_gradient_descent>(
        "ResourceSparseApplyProximalGradientDescent"),
    resource<sparse_rmsprop_inputs, rmsprop>("ResourceSparseApplyRMSProp"),
    reference<sparse_adagrad_inputs, adagrad>("SparseApplyAdagrad"),
    reference<sparse_adagrad_v2_inputs, adagrad_v2>("SparseApplyAdagradV2"),
};

}  // namespace

std::span<const OpRow> optimizer_rows() { return optimizer_table; }

}  // namespace evergpu::tensorflow
