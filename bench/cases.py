"""What the benchmarks' models train on: shapes, batches, and random data of ten classes."""

import dataclasses

import numpy as np

VOCABULARY = 5000


@dataclasses.dataclass(frozen=True)
class Case:
    shape: tuple  # of one example; images have their channels last
    batch: int
    tokens: bool = False


CASES = {
    "mlp": Case((784,), 128),
    "convnet": Case((28, 28, 1), 128),
    "resnet20": Case((32, 32, 3), 64),
    "lstm": Case((64,), 64, tokens=True),
    "transformer": Case((128,), 16, tokens=True),
    "mobilenetv2": Case((96, 96, 3), 32),
    "resnet50": Case((96, 96, 3), 16),
}


def random_batches(case, count=8):
    """[(x, y)], the same at every call."""
    random = np.random.default_rng(0)
    shape = (case.batch, *case.shape)
    batches = []
    for _ in range(count):
        x = (random.integers(0, VOCABULARY, shape).astype(np.int32) if case.tokens
             else random.normal(size=shape).astype(np.float32))
        batches.append((x, random.integers(0, 10, case.batch)))
    return batches
