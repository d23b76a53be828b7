"""Trains the models of support/models.py and hands out everything that is compared between devices.

As a child process (`reference`) it runs on stock TensorFlow: EVERGPU_ADAPTER=off."""

import hashlib
import pathlib
import pickle
import platform
import re

import keras
import numpy as np
import tensorflow as tf

from support import models, process

EPOCHS, BATCH = 3, 8


class StepLosses(keras.callbacks.Callback):
    """The loss of every step; Keras reports the epoch's running mean."""

    def __init__(self):
        super().__init__()
        self.losses = []
        self._sum = 0.0

    def on_train_batch_end(self, batch, logs=None):
        self._sum = self._sum if batch else 0.0
        total = float(logs["loss"]) * (batch + 1)
        self.losses.append(total - self._sum)
        self._sum = total


def gradients(name, dtype="float32"):
    """The first step's gradient of every trainable weight, training mode, without dropout."""
    _set_dtype(dtype)
    try:
        model, x, y, loss = models.build(name, plain=True)
        model.compile(loss=loss)

        @tf.function
        def first_step(x, y):
            with tf.GradientTape() as tape:
                value = model.compute_loss(x, y, model(x, training=True), training=True)
            return tape.gradient(value, model.trainable_variables)

        take = tf.nest.map_structure(lambda a: tf.constant(a[:BATCH]), (x, y))
        return [np.asarray(g) for g in first_step(*take)]
    finally:
        _set_dtype("float32")


def _set_dtype(dtype):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)  # made once from floatx, then kept


def fit(name):
    """Losses of three epochs, and what evaluate and predict say of the untrained model."""
    model, x, y, loss = models.build(name)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
    before = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
    predictions = tf.nest.flatten(model.predict(x, batch_size=BATCH, verbose=0))
    steps = StepLosses()
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[steps])
    return {"losses": steps.losses, "evaluate": float(before["loss"]), "predict": predictions}


def two_steps(name):
    """Losses of two steps of Adam, and what the weights then are, as a hash."""
    model, x, y, loss = models.build(name)
    model.compile(optimizer="adam", loss=loss)
    losses = [float(model.train_on_batch(x, y)) for _ in range(2)]
    return losses, hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


def _everything():
    return {name: {"gradients": gradients(name), "gradients64": gradients(name, "float64"),
                   **fit(name)} for name in models.BUILDERS}


def write_everything(path):
    with open(path, "wb") as file:
        pickle.dump(_everything(), file)


def references():
    """(stock TensorFlow's results, the same with oneDNN off), from two child processes. They are
    kept until the models, TensorFlow or the machine change."""
    results = []
    for onednn in ("1", "0"):
        path = cache_file(f"onednn{onednn}", (models.__file__, __file__))
        if not path.exists():
            partial = path.with_suffix(".partial")
            code = f"from support import training; training.write_everything({str(partial)!r})"
            environment = {"EVERGPU_ADAPTER": "off", "TF_ENABLE_ONEDNN_OPTS": onednn}
            child = process.run(code, environment, timeout=400)
            assert child.code == 0, str(child)
            for outdated in path.parent.glob(f"references-onednn{onednn}-*"):
                if outdated != partial:
                    outdated.unlink()
            partial.replace(path)
        results.append(pickle.loads(path.read_bytes()))
    return results


def cache_file(label, files):
    """Where results of stock TensorFlow are kept that depend on these source files alone."""
    text = "".join(pathlib.Path(file).read_text(encoding="utf-8") for file in files)
    cpu = re.findall("model name.*|flags.*", _cpuinfo())[:2]
    key = hashlib.sha256(repr((text, cpu, tf.__version__, keras.__version__, label)).encode())
    folder = process.REPOSITORY / ".cache" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"references-{label}-{key.hexdigest()[:16]}.pickle"


def _cpuinfo():
    try:
        return pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
