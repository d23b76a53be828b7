"""A reference for recurrent layers over whole sequences, which TensorFlow has for cuDNN only: the
same, written out step by step. Gradients are by automatic differentiation."""

import tensorflow as tf

GATES = {"lstm": 4, "gru": 3, "rnn_relu": 1, "rnn_tanh": 1}


def weight_count(mode, size, units, layers, directions):
    sizes = [size if layer == 0 else directions * units for layer in range(layers)]
    return sum(directions * GATES[mode] * units * (n + units + 2) for n in sizes)


def reference(op, arguments):
    """CudnnRNN and CudnnRNNBackprop, all versions."""
    if "Backprop" not in op:
        dtype = arguments["input"].dtype
        return [*_forward(arguments), tf.zeros([0], dtype),
                *([] if op == "CudnnRNN" else [tf.zeros([0], tf.int8)])]
    sources = [arguments[name] for name in ("input", "input_h", "input_c", "params")]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = _forward(arguments)
    upstream = [arguments[f"{name}_backprop"] for name in ("output", "output_h", "output_c")]
    return tape.gradient(results, sources, output_gradients=upstream)


def _forward(arguments):
    mode = arguments["rnn_mode"]
    swap = (lambda x: x) if arguments.get("time_major", True) else _swap_major
    x, h = swap(arguments["input"]), swap(arguments["input_h"])
    c = swap(arguments["input_c"]) if mode == "lstm" else h
    steps, batch, size = x.shape
    lengths = arguments.get("sequence_lengths", tf.fill([batch], steps))
    directions = 2 if arguments["direction"] == "bidirectional" else 1
    levels, _, units = h.shape
    weights = _split(arguments["params"], mode, size, units, levels, directions)
    last_h, last_c = [], []
    for first in range(0, levels, directions):
        sides = []
        for level in range(first, first + directions):
            ys, state = [None] * steps, (h[level], c[level])
            order = range(steps) if level == first else reversed(range(steps))
            for step in order:
                inside = (lengths > step)[:, None]
                fresh = _cell(mode, x[step], *state, weights[level])
                state = [tf.where(inside, new, old) for new, old in zip(fresh, state)]
                ys[step] = tf.where(inside, state[0], 0)
            sides.append(tf.stack(ys) if ys else tf.zeros([0, batch, units], x.dtype))
            last_h.append(state[0])
            last_c.append(state[1])
        x = tf.concat(sides, 2)
    # Without steps they are not connected, but have gradients of zeros.
    unused = 0 * (tf.reduce_sum(arguments["input"]) + tf.reduce_sum(arguments["params"]))
    # A cell without a second state takes and gives a scalar in its place.
    second = swap(tf.stack(last_c)) if mode == "lstm" else 0 * arguments["input_c"]
    return [swap(x), swap(tf.stack(last_h)) + unused, second]


def _swap_major(x):
    return tf.transpose(x, [1, 0, 2])


def _split(params, mode, size, units, levels, directions):
    """For each level the matrices and biases of each gate."""
    gates = GATES[mode]
    position = 0

    def take(*shape):
        nonlocal position
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        position += count
        return tf.reshape(params[position - count:position], shape)

    matrices = []
    for level in range(levels):
        width = size if level < directions else directions * units
        matrices.append(([take(units, width) for _ in range(gates)],
                         [take(units, units) for _ in range(gates)]))
    return [(w, r, [take(units) for _ in range(gates)], [take(units) for _ in range(gates)])
            for w, r in matrices]


def _cell(mode, x, h, c, weights):
    """The states after a step, by the formulas of cuDNN's documentation."""
    a = [tf.matmul(x, w, transpose_b=True) + b for w, b in zip(weights[0], weights[2])]
    b = [tf.matmul(h, r, transpose_b=True) + b for r, b in zip(weights[1], weights[3])]
    if mode == "lstm":
        i, f, o = (tf.sigmoid(a[k] + b[k]) for k in (0, 1, 3))
        c = f * c + i * tf.tanh(a[2] + b[2])
        return o * tf.tanh(c), c
    if mode == "gru":
        r, z = tf.sigmoid(a[0] + b[0]), tf.sigmoid(a[1] + b[1])
        return (1 - z) * tf.tanh(a[2] + r * b[2]) + z * h, c
    return (tf.nn.relu if mode == "rnn_relu" else tf.tanh)(a[0] + b[0]), c
