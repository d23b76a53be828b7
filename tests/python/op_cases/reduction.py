"""Reductions, scans and searches along axes."""

import numpy as np
import tensorflow as tf

from support.case import FLOATS, Call, case

# shape, axes
REDUCTIONS = (((), ()), ((1,), (0,)), ((0,), (0,)), ((7,), (0,)), ((1031,), (0,)), ((3, 5), (0,)),
              ((3, 5), (1,)), ((3, 5), (0, 1)), ((3, 5), ()), ((37, 53), (-1,)), ((37, 53), (0,)),
              ((2, 0, 3), (1,)), ((4, 1, 6), (1,)), ((3, 4, 5), (0, 2)), ((3, 4, 5), (1,)),
              ((2, 3, 1, 2, 2, 3), (0, 2, 4)), ((2, 3, 1, 2, 2, 3), (1, 3, 5)))


def _reductions(c, draw):
    for index, (shape, axes) in enumerate(REDUCTIONS):
        axis = c.integers(axes[0] if len(axes) == 1 and index % 2 else axes, "Tidx")
        yield Call(input=draw(shape), axis=axis, keep_dims=index % 3 == 0)


@case("Sum", "Mean", "EuclideanNorm", ulps=64, scale="max")
def sums(c):
    yield from _reductions(c, c.array)
    if c.op != "EuclideanNorm" and c["T"] in FLOATS:
        yield Call(input=c.array((3, 4099), low=0, high=1), axis=c.integers(1, "Tidx"))


@case("Prod", ulps=64, scale="max")
def products(c):
    def draw(shape):
        return c.array(shape, low=0.8, high=1.2) if c["T"] in FLOATS else c.array(shape, low=1, high=3)
    yield from _reductions(c, draw)


@case("Max", "Min")
def extremes(c):
    # Of nothing the extreme is the dtype's limit, which the wider reference has not got.
    for call in _reductions(c, c.distinct):
        yield call.options(widen=False) if call.arguments["input"].size == 0 else call
    if c["T"] in FLOATS:
        yield Call(input=np.array([[1, np.inf], [-np.inf, 2]], c["T"]), axis=c.integers(0, "Tidx"))
    else:
        yield Call(input=c.bits((5, 7)), axis=c.integers(1, "Tidx"))


@case("All", "Any")
def logical(c):
    yield from _reductions(c, lambda shape: c.random.random(shape) < 0.8)


@case("ArgMax", "ArgMin")
def arg_extremes(c):
    output = tf.as_dtype(c.get("output_type", np.int64))
    for shape, axis in (((1,), 0), ((7,), 0), ((3, 5), 0), ((3, 5), -1), ((37, 11), 1),
                        ((2, 3, 4), 1)):
        values = c.array(shape) if c["T"] == bool else c.quarters(shape, low=-2, high=2)
        yield Call(input=values, dimension=c.integers(axis, "Tidx"), output_type=output)


@case("Cumsum", "Cumprod", ulps=64, scale="max")
def scans(c):
    for shape, axis in (((1,), 0), ((7,), 0), ((0, 3), 1), ((3, 5), 0), ((3, 5), -1), ((2, 3, 4), 1),
                        ((300,), 0)):
        for exclusive in (False, True):
            for backwards in (False, True):
                values = c.array(shape) if c.op == "Cumsum" else c.array(shape, low=1, high=3) \
                    if c["T"] not in FLOATS else c.array(shape, low=0.8, high=1.2)
                yield Call(x=values, axis=c.integers(axis, "Tidx"), exclusive=exclusive,
                           reverse=backwards)


@case("TopKV2")
def top_k(c):
    for shape, k in (((7,), 3), ((3, 5), 5), ((3, 5), 0), ((2, 3, 17), 1)):
        yield Call(input=c.distinct(shape), k=c.integers(k, "Tk"), sorted=True)


@case("InTopKV2", "InTopK")
def in_top_k(c):
    targets = np.array([0, 3, 1, 6], c["T"])
    for k in (1, 3, 7):
        extra = {"k": k} if c.op == "InTopK" else {"k": np.array(k, c["T"])}
        yield Call(predictions=c.distinct((4, 7), np.float32), targets=targets, **extra)


@case("Bincount")
def bincount(c):
    for weights in (0, 9):
        yield Call(arr=c.array((9,), np.int32, 0, 5), size=np.array(6, np.int32),
                   weights=c.array((weights,)))


@case("DenseBincount")
def dense_bincount(c):
    for shape in ((9,), (3, 4)):
        for weighted in (False, True):
            yield Call(input=c.array(shape, "Tidx", 0, 5), size=np.array(6, c["Tidx"]),
                       weights=c.array(shape if weighted else (0,)),
                       binary_output=not weighted and len(shape) == 1)


@case("CumulativeLogsumexp", ulps=32, scale=1)
def cumulative_log_sum_exp(c):
    for shape, axis in (((7,), 0), ((1,), -1), ((0,), 0), ((3, 5), 0), ((3, 5), -1), ((4, 1, 9), 2),
                        ((1031,), 0)):
        for exclusive, reverse in ((False, False), (True, False), (False, True), (True, True)):
            # Its gradient subtracts results: where these are large, little is left of a float16.
            for largest in (1, 60):
                yield Call(x=c.array(shape, "T", -largest, largest), axis=c.integers(axis, "Tidx"),
                           exclusive=exclusive, reverse=reverse).options(
                               gradient=not exclusive and largest == 1 and shape != (1031,))


@case("Bucketize")
def bucketize(c):
    yield Call(input=c.quarters((5, 7)), boundaries=[-3.0, 0.0, 0.5, 2.0])
    yield Call(input=c.quarters((0,)), boundaries=[1.0])
