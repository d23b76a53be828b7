"""How many floating-point operations a model's products and convolutions need; all else counts as
nothing."""

import math

from keras import layers


def forward_flop(model):
    """For one example, forward."""
    return sum(2 * multiply_adds(layer) for layer in model.layers)


def multiply_adds(layer):
    kernels = sum(math.prod(weight.shape) for weight in layer.weights
                  if weight.name.endswith("kernel"))
    if isinstance(layer, layers.LSTM):
        return layer.input.shape[1] * kernels
    # Each position of the output sees each element of the kernel once.
    products = math.prod(layer.output.shape[1:-1]) * kernels
    if isinstance(layer, layers.MultiHeadAttention):
        tokens = layer.output.shape[1]
        products += 2 * tokens * tokens * layer.num_heads * layer.key_dim  # scores, weighted sum
    return products
