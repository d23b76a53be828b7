// Making recurrent layers.
#include "ir/build.h"
#include "ir/builder.h"

namespace evergpu::ir {

using builder::make;

Value recurrent(const Recurrent& attributes, const Value& gates, const Value& weights,
                const Value& biases, const Value& state) {
  return make({Kind::recurrent, gates.dtype(), {}, attributes}, {gates, weights, biases, state});
}

Value recurrent_gradient(const Recurrent& attributes, const Value& kept, const Value& weights,
                         const Value& state, const Value& gradient, const Value& last_gradient) {
  return make({Kind::recurrent_gradient, kept.dtype(), {}, attributes},
              {kept, weights, state, gradient, last_gradient});
}

}  // namespace evergpu::ir
