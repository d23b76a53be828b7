"""What is fused in a training step: every kernel of small models, in files to look at and to compare.

After a change that is meant to fuse otherwise: EVERGPU_WRITE_PLANS=1 pytest tests/python/test_plans.py
"""

import difflib
import math
import os
import pathlib
import re
import subprocess
import sys
import textwrap

import pytest

from support import process
from support.device import REPOSITORY

pytestmark = pytest.mark.plugin

FOLDER = pathlib.Path(__file__).parent / "plans"

MODELS = {
    "dense": """
        x = rng.normal(size=(512, 20)).astype("float32")
        model = keras.Sequential([
            keras.Input((20,)), layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(3)])
        model.compile("adam", loss)
        """,
    "convolution": """
        x = rng.normal(size=(16, 12, 12, 3)).astype("float32")
        inputs = keras.Input((12, 12, 3))
        y = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
        z = layers.Conv2D(8, 3, padding="same")(y)
        y = layers.MaxPooling2D()(layers.Add()([y, z]))
        model = keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(y)))
        model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss)
        """,
    "pooling": """
        x = rng.normal(size=(16, 14, 14, 1)).astype("float32")
        model = keras.Sequential([
            keras.Input((14, 14, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten(),
            layers.Dense(3)])
        model.compile("sgd", loss)
        """,
    "attention": """
        x = rng.normal(size=(32, 24, 16)).astype("float32")
        inputs = keras.Input((24, 16))
        y = layers.LayerNormalization()(inputs)
        y = layers.Add()([inputs, layers.MultiHeadAttention(2, 8)(y, y)])
        y = layers.Dense(16)(layers.Dense(32, activation="gelu")(layers.LayerNormalization()(y)))
        model = keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling1D()(y)))
        model.compile("sgd", loss)
        """,
}

CHILD = """
import keras
from keras import layers
tf.config.threading.set_inter_op_parallelism_threads(1)  # the ops in almost one order
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
{model}
labels = rng.integers(0, 3, len(x))
for step in range(4):
    print("step", step, file=sys.stderr, flush=True)
    model.train_on_batch(x, labels)
print("end", file=sys.stderr, flush=True)
report(0)
"""

FEW_ELEMENTS = 8192  # of the host adapter's limits
LOOP = re.compile(r"loop \[([\d,]*)\] ")
SEQUENCE = re.compile(r"\d+ loops: ")
PART = re.compile(r"\[([\d,]*)\] ([^;]*)")
KERNEL = re.compile(r"^evergpu run: +[\d.]+ us  (.*)  \((.*)\)$", re.M)


def kernels_of_a_step(model):
    """The last step's kernels, an entry each, sorted: independent ones may run in any order. Which
    of the loops over few elements share a launch depends on the order in which TensorFlow's threads
    recorded, so those are one entry: what is computed for each of the extents that occur."""
    code = CHILD.replace("{model}", textwrap.dedent(MODELS[model]))
    child = process.run(code, {"EVERGPU_LOG": "run"})
    assert child.result == 0
    step = child.stderr.split("step 3\n")[1].split("\nend\n")[0]
    found, small, few = [], set(), {}
    for kernel, operations in KERNEL.findall(step):
        extents = None if " => " in kernel else LOOP.match(kernel)
        if SEQUENCE.match(kernel) or extents and elements(extents[1]) <= FEW_ELEMENTS:
            for few_elements, functions in PART.findall(kernel):
                few.setdefault(few_elements or "scalars", set()).update(functions.split(", "))
            small.update(operations.split(", "))
            continue
        if extents:
            kernel = f"{extents[0]}{', '.join(sorted(kernel[extents.end():].split(', ')))}"
        found.append(entry(kernel, operations.split(", ")))
    parts = sorted(few, key=lambda extents: (elements(extents), extents))
    lines = [f"  {extents}: {', '.join(sorted(few[extents]))}" for extents in parts]
    return sorted(found) + [entry("\n".join(["loops over few elements", *lines]), small)]


def elements(extents):
    return math.prod(int(n) for n in extents.split(",") if n.isdigit())


def entry(kernel, operations):
    return f"{kernel}\n    {', '.join(sorted(operations))}\n"


@pytest.mark.parametrize("model", MODELS)
def test_kernels_of_a_step(model):
    found = kernels_of_a_step(model)
    file = FOLDER / f"{model}.txt"
    if os.environ.get("EVERGPU_WRITE_PLANS") == "1":
        file.write_text("".join(found))
    difference = difflib.unified_diff(file.read_text().splitlines(), "".join(found).splitlines(),
                                      str(file), "found", lineterm="")
    assert not (text := "\n".join(difference)), text


def test_a_step_of_the_mlp_needs_few_launches():
    """The benchmark's: eight products, dropout's random bits and what reads them, Adam of three
    matrices; all else is small."""
    counts = subprocess.run([sys.executable, str(REPOSITORY / "bench" / "step_counts.py"), "mlp"],
                            capture_output=True, text=True, timeout=240)
    assert counts.returncode == 0, counts.stderr
    counted = {name: int(count.replace(",", ""))
               for name, count in re.findall(r"^(\w+) +([\d,]+)$", counts.stdout, re.M)}
    assert counted["fallbacks"] == 0 and counted["flushes"] == 1
    assert counted["kernels"] <= 25
