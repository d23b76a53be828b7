"""The models that the benchmarks train, written as Keras's users would; cases.py has their data."""

import keras
from keras import layers

from cases import VOCABULARY


def mlp():
    """784-512-512-10 with dropout."""
    return keras.Sequential([
        keras.Input((784,)),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ])


def convnet():
    """28×28: two convolutions with pooling, dropout, dense."""
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ])


def resnet20():
    """ResNet-20 for 32×32 images (He et al., 2015, section 4.2)."""
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
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def lstm():
    """64 tokens, embedded in 64 dimensions, 128 units."""
    return keras.Sequential([
        keras.Input((64,), dtype="int32"),
        layers.Embedding(VOCABULARY, 64),
        layers.LSTM(128),
        layers.Dense(10, activation="softmax"),
    ])


class Positions(layers.Layer):
    """Adds a learned vector for each position."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer="uniform")

    def call(self, x):
        return x + self.table


def transformer():
    """Two pre-norm blocks over 128 tokens of 128 dimensions, four heads."""
    inputs = keras.Input((128,), dtype="int32")
    x = Positions()(layers.Embedding(VOCABULARY, 128)(inputs))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 32)(y, y)])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(512, activation="gelu")(y)
        x = layers.Add()([x, layers.Dense(128)(y)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def mobilenetv2():
    return keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10)


def resnet50():
    return keras.applications.ResNet50(input_shape=(96, 96, 3), weights=None, classes=10)


MODELS = {builder.__name__: builder for builder in
          (mlp, convnet, resnet20, lstm, transformer, mobilenetv2, resnet50)}


def compiled(name, policy="float32"):
    """A model ready for fit."""
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(1)
    model = MODELS[name]()
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model
