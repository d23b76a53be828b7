"""Element-wise ops."""

import numpy as np
import tensorflow as tf

from support.case import BROADCASTS, FLOATS, HALVES, SHAPES, Call, case

# Where each function is smooth and finite, inside which values are drawn.
UNARY_DOMAINS = {
    "Acos": (-0.95, 0.95), "Acosh": (1.05, 6), "Asin": (-0.95, 0.95), "Asinh": (-4, 4),
    "Atan": (-4, 4), "Atanh": (-0.95, 0.95), "Cos": (-8, 8), "Cosh": (-3, 3), "Digamma": (0.2, 6),
    "Elu": (-3, 3), "Erf": (-2.5, 2.5), "Erfc": (-2.5, 2.5), "Erfinv": (-0.9, 0.9), "Exp": (-4, 4),
    "Expm1": (-3, 3), "Inv": (0.2, 4), "Lgamma": (0.2, 6), "Log": (0.05, 8), "Log1p": (-0.8, 8),
    "Ndtri": (0.05, 0.95), "Reciprocal": (0.2, 4), "Relu": (-3, 3), "Relu6": (-2, 8),
    "Rsqrt": (0.1, 9), "Selu": (-3, 3), "Sigmoid": (-6, 6), "Sin": (-8, 8), "Sinh": (-3, 3),
    "Softplus": (-8, 8), "Softsign": (-6, 6), "Sqrt": (0.1, 9), "Tan": (-1.3, 1.3), "Tanh": (-4, 4),
}
# Near a zero of the function the relative error grows: these compare against at least this size.
ABSOLUTE_SCALE = {"Acos": 1, "Acosh": 1, "Cos": 1, "Sin": 1, "Log": 1, "Tan": 1, "Digamma": 1,
                  "Lgamma": 1, "Ndtri": 1, "Erfinv": 0.1, "Elu": 0.1, "Selu": 0.1, "Softplus": 1e-3}
# What these do with NaN, infinities, zeros and huge values is compared too.
WITH_LIMITS = ("Acosh", "Atan", "Cosh", "Erfc", "Exp", "Expm1", "Log", "Log1p", "Reciprocal",
               "Rsqrt", "Sigmoid", "Sinh", "Sqrt", "Tanh")


def unary(c):
    low, high = UNARY_DOMAINS[c.op]
    floating = c["T"] in FLOATS
    for shape in SHAPES:
        yield Call(x=c.array(shape, low=low, high=high) if floating else c.array(shape, low=1))
    if floating and c.op in WITH_LIMITS:
        yield Call(x=c.specials()).options(gradient=False)


def activation(c):
    low, high = UNARY_DOMAINS[c.op]
    for shape in SHAPES:
        yield Call(features=c.array(shape, low=low, high=high) if c["T"] in FLOATS
                   else c.array(shape))
    if c["T"] in FLOATS:
        yield Call(features=c.specials()).options(gradient=False)


for _op in UNARY_DOMAINS:
    if _op in ("Elu", "Relu", "Relu6", "Selu", "Softplus", "Softsign"):
        case(_op, ulps=8, scale=ABSOLUTE_SCALE.get(_op, 0.0))(activation)
    else:
        case(_op, ulps=16, scale=ABSOLUTE_SCALE.get(_op, 0.0), gradient=_op != "Digamma")(unary)


@case("LeakyRelu")
def leaky_relu(c):
    for shape in SHAPES:
        yield Call(features=c.array(shape), alpha=0.3)
    yield Call(features=c.array((9,)), alpha=2.0)


@case("Abs", "Ceil", "Floor", "Neg", "Rint", "Round", "Sign", "Square")
def exact_unary(c):
    for shape in SHAPES:
        yield Call(x=c.array(shape))
    if c["T"] in FLOATS:
        yield Call(x=c.quarters((64,)))
        if c.op != "Square":
            yield Call(x=c.specials()).options(gradient=False)
    else:
        yield Call(x=c.bits((64,)))


@case("IsFinite", "IsInf", "IsNan")
def classify(c):
    for shape in SHAPES:
        yield Call(x=c.array(shape))
    yield Call(x=c.specials())


GRADIENTS = {
    # op: (names of its arguments, domain of the first, is the first an output of the forward op?)
    "EluGrad": ("gradients", "outputs", (-0.9, 3)), "LeakyReluGrad": ("gradients", "features", None),
    "Relu6Grad": ("gradients", "features", (-2, 8)), "ReluGrad": ("gradients", "features", None),
    "SeluGrad": ("gradients", "outputs", (-1.6, 3)),
    "SoftplusGrad": ("gradients", "features", (-6, 6)),
    "SoftsignGrad": ("gradients", "features", (-6, 6)),
    "InvGrad": ("dy", "y", (0.2, 3)), "ReciprocalGrad": ("dy", "y", (0.2, 3)),
    "RsqrtGrad": ("dy", "y", (0.2, 3)), "SigmoidGrad": ("dy", "y", (0.02, 0.98)),
    "SqrtGrad": ("dy", "y", (0.3, 3)), "TanhGrad": ("dy", "y", (-0.95, 0.95)),
}


@case(*GRADIENTS, ulps=16, scale=0.1)
def gradient(c):
    upstream, value, domain = GRADIENTS[c.op]
    low, high = domain or (None, None)
    for shape in SHAPES:
        values = c.array(shape, low=low, high=high) if c["T"] in FLOATS else c.array(shape)
        yield Call(**{upstream: c.array(shape), value: values})


@case("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference", "Div", "RealDiv",
      ulps=4)
def binary(c):
    for left, right in BROADCASTS:
        y = c.array(right)
        if "Div" in c.op:
            y = np.where(np.abs(y) < 0.25, c["T"].type(1), y).astype(c["T"])
        yield Call(x=c.array(left), y=y)
    if c["T"] in FLOATS and c.op != "SquaredDifference":
        values = c.specials()
        yield Call(x=values[:, None], y=values[None, :]).options(gradient=False, widen=False)


@case("FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod", widen=False, gradient=False)
def division(c):
    for left, right in BROADCASTS:
        y = c.quarters(right)
        yield Call(x=c.quarters(left), y=np.where(y == 0, 3, y).astype(c["T"]))
    if c["T"] not in FLOATS:
        y = c.bits((4, 16))
        # The smallest integer divided by -1 overflows, and traps on the reference device.
        y = np.where((y == 0) | (y.astype(np.float64) == -1), 3, y).astype(c["T"])
        yield Call(x=c.bits((4, 16)), y=y)


@case("DivNoNan", "MulNoNan", "Xdivy", "Xlogy", "Xlog1py", ulps=16, scale=0.1, gradient_ulps=512)
def with_zeros(c):
    for left, right in BROADCASTS:
        x, y = c.array(left, low=0.25, high=3), c.array(right, low=0.25, high=3)
        yield Call(x=np.where(c.random.random(left) < 0.3, 0, x).astype(c["T"]), y=y)
        if c.op in ("DivNoNan", "MulNoNan"):
            zero = np.where(c.random.random(right) < 0.3, 0, y).astype(c["T"])
            yield Call(x=x, y=zero)


@case("Pow", ulps=32)
def power(c):
    for left, right in BROADCASTS:
        if c["T"] in FLOATS:
            yield Call(x=c.array(left, low=0.3, high=2.5), y=c.array(right))
        else:
            yield Call(x=c.array(left, low=0, high=4), y=c.array(right, low=0, high=4))
    if c["T"] in FLOATS:
        x = np.array([-2, -1, 0, 0.5, 2, 3], c["T"])
        y = np.array([0, 1, 2, 3], c["T"])
        yield Call(x=x[:, None], y=y[None, :]).options(gradient=False)


@case("Atan2", ulps=16)
def arctangent(c):
    for left, right in BROADCASTS:
        yield Call(y=c.array(left), x=c.array(right))


@case("NextAfter", exact=True, gradient=False)
def next_after(c):
    for left, right in BROADCASTS:
        yield Call(x1=c.array(left), x2=c.array(right))


@case("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual")
def comparison(c):
    for left, right in BROADCASTS:
        yield Call(x=c.array(left) if c["T"] == bool else c.quarters(left, high=2, low=-2),
                   y=c.array(right) if c["T"] == bool else c.quarters(right, high=2, low=-2))
    if c["T"] in FLOATS:
        yield Call(x=c.specials()[:, None], y=c.specials()[None, :])
    elif c["T"] != bool:
        yield Call(x=c.bits((32,)), y=c.bits((32,)))


@case("ApproximateEqual")
def approximate(c):
    for shape in SHAPES:
        x = c.quarters(shape)
        for tolerance in (0.5, 0.6):
            y = np.asarray(x + c.quarters(shape, low=-1, high=1), c["T"])
            yield Call(x=x, y=y, tolerance=tolerance)


@case("LogicalAnd", "LogicalOr")
def logical(c):
    for left, right in BROADCASTS:
        yield Call(x=c.array(left, bool), y=c.array(right, bool))


@case("LogicalNot")
def logical_not(c):
    for shape in SHAPES:
        yield Call(x=c.array(shape, bool))


@case("BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift")
def bitwise(c):
    for left, right in BROADCASTS:
        shift = c.op.endswith("Shift")
        bits = c["T"].itemsize * 8
        yield Call(x=c.bits(left), y=c.array(right, low=0, high=bits) if shift else c.bits(right))


@case("Invert", "PopulationCount")
def bits_of_one(c):
    for shape in SHAPES:
        yield Call(x=c.bits(shape))


@case("SelectV2")
def select(c):
    for left, right in BROADCASTS:
        yield Call(condition=c.array(left, bool), t=c.array(right), e=c.array(left))
        yield Call(condition=c.array(right, bool), t=c.array(left), e=c.array(()))


@case("Select")
def select_v1(c):
    for shape in SHAPES:
        yield Call(condition=c.array(shape, bool), x=c.array(shape), y=c.array(shape))
    yield Call(condition=c.array((4,), bool), x=c.array((4, 3)), y=c.array((4, 3)))
    yield Call(condition=np.array(True), x=c.array((4, 3)), y=c.array((4, 3)))


@case("Cast", exact=True)
def cast(c):
    source, target = c["SrcT"], c["DstT"]
    low, high = (0, 100) if "uint" in target.name or "uint" in source.name else (-100, 100)
    for shape in SHAPES:
        yield Call(x=c.array(shape, source, low, high), DstT=tf.as_dtype(target))
    if source in FLOATS and target in FLOATS:
        yield Call(x=c.specials(source), DstT=tf.as_dtype(target))
    if source not in FLOATS:
        # Integers wrap; into the halves the reference rounds through f32, so stay where it is exact.
        values = c.array((64,), source) if target in HALVES else c.bits((64,), source)
        yield Call(x=values, DstT=tf.as_dtype(target))


@case("Bitcast", exact=True, gradient=False)
def bitcast(c):
    ratio = c["type"].itemsize // c["T"].itemsize
    for shape in ((), (1,), (0,), (3, 5)):
        yield Call(input=c.array((*shape, ratio) if ratio > 1 else shape), type=c.tf_dtype("type"))


@case("AddN", ulps=4, scale=1)
def add_n(c):
    for shape in SHAPES:
        for count in (1, 2, 5):
            yield Call(inputs=[c.array(shape) for _ in range(count)])


@case("ClipByValue")
def clip(c):
    for shape in SHAPES:
        yield Call(t=c.array(shape), clip_value_min=c.quarters((), low=1, high=2),
                   clip_value_max=c.quarters((), low=3, high=5)).options(gradient=False)


@case("BiasAdd", "BiasAddV1", ulps=4)
def bias_add(c):
    for shape in ((2, 3), (7, 1), (0, 4), (2, 3, 5), (2, 3, 5, 7), (2, 2, 3, 2, 5)):
        if c.op == "BiasAddV1":
            yield Call(value=c.array(shape), bias=c.array(shape[-1:]))
            continue
        for data_format in ("NHWC", "NCHW"):
            channels = shape[-1] if data_format == "NHWC" else shape[1]
            yield Call(value=c.array(shape), bias=c.array((channels,)), data_format=data_format)


@case("BiasAddGrad", ulps=64, scale="max", gradient_ulps=64)
def bias_add_gradient(c):
    for shape in ((2, 3), (7, 1), (0, 4), (2, 3, 5), (2, 3, 5, 7), (2, 2, 3, 2, 5), (129, 8)):
        for data_format in ("NHWC", "NCHW"):
            yield Call(out_backprop=c.array(shape), data_format=data_format)


@case("ZerosLike", "OnesLike")
def like(c):
    for shape in SHAPES:
        yield Call(x=c.array(shape))


@case("L2Loss", ulps=64)
def l2_loss(c):
    for shape in SHAPES:
        yield Call(t=c.array(shape))
