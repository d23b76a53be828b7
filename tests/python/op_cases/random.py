"""Random ops. The stateless ones give TensorFlow's own bits; the stateful ones need only look right
and repeat themselves, which their calls' seeds decide."""

import numpy as np

from support.case import Call, Variable, case

PHILOX, AUTO = 1, 3
SHAPES = ((), (1,), (0,), (7,), (1031,), (3, 5, 2), (64, 33))


def _state(c):
    return dict(key=c.bits((1,), np.uint64), counter=c.bits((2,), np.uint64))


@case("StatelessRandomUniformV2", exact=True, gradient=False)
def uniform(c):
    for shape in SHAPES:
        for algorithm in (PHILOX, AUTO):
            yield Call(shape=c.integers(shape, "Tshape"), alg=np.array(algorithm, np.int32),
                       dtype=c.tf_dtype("dtype"), **_state(c))


# Normal values pass through logarithm and cosine, whose last bits differ.
@case("StatelessRandomNormalV2", "StatelessTruncatedNormalV2", ulps=16, scale=1, widen=False,
      gradient=False)
def normal(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "Tshape"), alg=np.array(PHILOX, np.int32),
                   dtype=c.tf_dtype("dtype"), **_state(c))


@case("StatelessRandomUniformIntV2", exact=True, gradient=False)
def uniform_integers(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "Tshape"), alg=np.array(PHILOX, np.int32),
                   minval=np.array(3, c["dtype"]), maxval=np.array(1000, c["dtype"]), **_state(c))


@case("StatelessRandomUniformFullIntV2", exact=True, gradient=False)
def full_integers(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "Tshape"), alg=np.array(PHILOX, np.int32),
                   dtype=c.tf_dtype("dtype"), **_state(c))


def _seed(c):
    return c.integers((12, 34567), "Tseed")


@case("StatelessRandomUniform", exact=True, gradient=False)
def uniform_v1(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "T"), seed=_seed(c), dtype=c.tf_dtype("dtype"))


@case("StatelessRandomNormal", "StatelessTruncatedNormal", ulps=16, scale=1, widen=False,
      gradient=False)
def normal_v1(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "T"), seed=_seed(c), dtype=c.tf_dtype("dtype"))


@case("StatelessRandomUniformInt", exact=True, gradient=False)
def uniform_integers_v1(c):
    yield Call(shape=c.integers((37,), "T"), seed=_seed(c), minval=np.array(-3, c["dtype"]),
               maxval=np.array(1000, c["dtype"]))


@case("StatelessRandomUniformFullInt", exact=True, gradient=False)
def full_integers_v1(c):
    yield Call(shape=c.integers((37,), "T"), seed=_seed(c), dtype=c.tf_dtype("dtype"))


@case("StatelessRandomGetKeyCounter", exact=True, gradient=False)
def key_counter(c):
    yield Call(seed=_seed(c))


@case("StatelessRandomGetKeyCounterAlg", exact=True, gradient=False)
def key_counter_algorithm(c):
    yield Call(seed=_seed(c))


# A generator's state: a counter of two numbers and a key.
@case("RngSkip", exact=True, gradient=False)
def skip(c):
    for delta in (0, 1, 1 << 40):
        yield Call(resource=Variable(c.bits((3,), np.int64)), algorithm=np.array(PHILOX, np.int64),
                   delta=np.array(delta, np.int64))


@case("RngReadAndSkip", exact=True, gradient=False)
def read_and_skip(c):
    for delta in (0, 1, 1 << 40):
        yield Call(resource=Variable(c.bits((3,), np.int64)), alg=np.array(PHILOX, np.int32),
                   delta=np.array(delta, np.uint64))


@case("StatelessRandomGetAlg", gradient=False, compare=False)
def algorithm(c):
    yield Call()


@case("RandomUniform", "RandomStandardNormal", "TruncatedNormal", compare=False, widen=False,
      gradient=False)
def stateful(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "T"), dtype=c.tf_dtype("dtype"), seed=1, seed2=2)


@case("RandomUniformInt", compare=False, gradient=False)
def stateful_integers(c):
    for shape in SHAPES:
        yield Call(shape=c.integers(shape, "T"), minval=np.array(-3, c["Tout"]),
                   maxval=np.array(7, c["Tout"]), seed=1, seed2=2)


@case("StatefulUniform", "StatefulUniformFullInt", exact=True, gradient=False)
def from_variable(c):
    for shape in SHAPES:
        yield Call(resource=Variable(c.bits((3,), np.int64)), algorithm=np.array(PHILOX, np.int64),
                   shape=c.integers(shape, "shape_dtype"), dtype=c.tf_dtype("dtype"))


@case("StatefulStandardNormalV2", "StatefulTruncatedNormal", ulps=16, scale=1, widen=False,
      gradient=False)
def normal_from_variable(c):
    for shape in SHAPES:
        yield Call(resource=Variable(c.bits((3,), np.int64)), algorithm=np.array(PHILOX, np.int64),
                   shape=c.integers(shape, "shape_dtype"), dtype=c.tf_dtype("dtype"))


@case("RandomShuffle", exact=True)
def shuffle(c):
    for shape in ((), (1,), (0,), (7,), (1031,), (3, 5), (64, 3, 2), (2, 0)):
        yield Call(value=c.array(shape), seed=1, seed2=2)


# Which class is drawn differs between TensorFlow's devices; where one class is all but certain, it is
# that class.
@case("Multinomial", "StatelessMultinomial", exact=True, gradient=False)
def categories(c):
    for rows, classes, samples in ((1, 1, 1), (3, 5, 7), (2, 4, 0), (0, 3, 2), (17, 31, 3)):
        logits = np.full((rows, classes), -1e4, np.float32)
        logits[np.arange(rows), c.random.integers(0, classes, rows)] = 3
        seed = dict(seed=_seed(c)) if c.op.startswith("Stateless") else dict(seed=1, seed2=2)
        yield Call(logits=logits.astype(c["T"]), num_samples=np.array(samples, np.int32),
                   output_dtype=c.tf_dtype("output_dtype"), **seed)
