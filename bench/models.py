"""The models that the benchmarks train, written as users would, with their batch sizes."""

import keras
import numpy as np
from keras import layers


def mlp():
    """784-512-512-10 with dropout, batch 128."""
    model = keras.Sequential([
        keras.Input((784,)),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ])
    return model, (784,), 128


def convnet():
    """28×28: two convolutions with pooling, dropout, dense; batch 128."""
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ])
    return model, (28, 28, 1), 128


def resnet20():
    """ResNet-20 for 32×32 images (He et al., 2015, section 4.2), batch 64."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for stage in range(3):
        for block in range(3):
            filters, stride = 16 << stage, 2 if stage > 0 and block == 0 else 1
            y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
            y = layers.Activation("relu")(layers.BatchNormalization()(y))
            y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
            y = layers.BatchNormalization()(y)
            if stride == 2:
                x = layers.Conv2D(filters, 1, 2, use_bias=False)(x)
            x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x)), (32, 32, 3), 64


MODELS = {builder.__name__: builder for builder in (mlp, convnet, resnet20)}


def compiled(name):
    """(model, batches of random data without end, batch size), ready for fit."""
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    model, shape, batch = MODELS[name]()
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    random = np.random.default_rng(0)
    x = random.normal(size=(batch * 8, *shape)).astype(np.float32)
    y = random.integers(0, 10, batch * 8)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch).cache().repeat()
    return model, data.prefetch(2), batch
