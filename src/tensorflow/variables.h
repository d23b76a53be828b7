// The variables that a call updates: read as values, written as values, under TensorFlow's locks.
#pragma once

#include <span>

#include "base/status.h"
#include "ir/build.h"
#include "tensorflow/call.h"

struct TF_VariableInputLockHolder;

namespace evergpu::tensorflow {

/// Holds the locks of its variables while it lives. A variable is a resource or a reference among a
/// call's inputs, and is named by that input's number.
class Variables {
 public:
  /// Locks the variables at these inputs, in an order that cannot deadlock.
  Variables(Call& call, std::span<const int> inputs);
  ~Variables();
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

  /// What the variable holds now; a failed value when it has not been assigned or could not be
  /// computed.
  ir::Value read(int input);
  /// Gives the variable a new value of the same dtype and shape. Values read before keep theirs.
  Status assign(int input, const ir::Value& value);

 private:
  struct Variable {
    int input = 0;
    TF_Tensor* tensor = nullptr;
    ir::DType dtype = ir::DType::f32;
    ir::Shape shape;
  };

  Result<Variable*> find(int input);

  Call& call_;
  TF_VariableInputLockHolder* locks_ = nullptr;
  InlineVector<Variable, 4> variables_;
  Status status_;
};

/// The variable at input 0 as it is now.
ir::Value read_variable(Call& call);

/// The op `Assign`: gives the reference at input 0, and at result 0, the value of input 1. Without
/// `validate_shape` it may change its shape.
Status assign_reference(Call& call, bool use_locking, bool validate_shape);

/// Makes result `output`, a reference, the reference at `input`.
void forward_reference(Call& call, int input, int output);

/// Replaces the variable at input 0 by `update(variable)`.
template <typename Update>
Status update_variable(Call& call, Update&& update) {
  constexpr int first[] = {0};
  Variables variables(call, first);
  const ir::Value old = variables.read(0);
  EVERGPU_RETURN_IF_ERROR(old.status());
  return variables.assign(0, update(old));
}

}  // namespace evergpu::tensorflow
