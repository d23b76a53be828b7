"""Small models of every kind that must train, written as a user would. Each builder returns
(model, x, y, loss). A plain model can be compared with itself in f64 on TensorFlow's CPU device: it
has no dropout, whose bits depend on the dtype, and no 3-D pooling, which has no kernel there."""

import keras
import numpy as np
from keras import layers

SAMPLES = 24


def _images(random, *shape):
    return random.normal(size=(SAMPLES, *shape)).astype(keras.backend.floatx())


def _labels(random, classes):
    return random.integers(0, classes, SAMPLES)


CROSS_ENTROPY = "sparse_categorical_crossentropy"


def mlp(random, plain=False):
    inputs = keras.Input((20,))
    x = layers.Dense(32, activation="relu")(inputs)
    x = layers.Dropout(0 if plain else 0.3)(x)
    x = layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-3))(x)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(x))
    return model, _images(random, 20), _labels(random, 5), CROSS_ENTROPY


def convnet(random, plain=False):
    model = keras.Sequential([
        keras.Input((12, 12, 1)),
        layers.Conv2D(8, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Conv2D(12, 3, padding="same", activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dropout(0 if plain else 0.4),
        layers.Dense(10, activation="softmax"),
    ])
    return model, _images(random, 12, 12, 1), _labels(random, 10), CROSS_ENTROPY


def resnet20(random, plain=False, size=16, width=8):
    """ResNet-20 of He et al., 2015, section 4.2, narrower and on smaller images."""
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(width, 3, padding="same", use_bias=False)(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for stage in range(3):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            shortcut = x
            y = layers.Conv2D(width << stage, 3, stride, padding="same", use_bias=False)(x)
            y = layers.Activation("relu")(layers.BatchNormalization()(y))
            y = layers.Conv2D(width << stage, 3, padding="same", use_bias=False)(y)
            y = layers.BatchNormalization()(y)
            if stride == 2:
                shortcut = layers.Conv2D(width << stage, 1, 2, use_bias=False)(x)
            x = layers.Activation("relu")(layers.Add()([shortcut, y]))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    return model, _images(random, size, size, 3), _labels(random, 10), CROSS_ENTROPY


def unet(random, plain=False):
    def block(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return layers.Dropout(0 if plain else 0.2)(x)

    inputs = keras.Input((16, 16, 2))
    first = block(inputs, 6)
    second = block(layers.MaxPooling2D(2)(first), 12)
    x = block(layers.MaxPooling2D(2)(second), 16)
    x = block(layers.Concatenate()([layers.Conv2DTranspose(12, 2, 2)(x), second]), 12)
    x = block(layers.Concatenate()([layers.UpSampling2D()(x), first]), 6)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))
    y = random.integers(0, 2, (SAMPLES, 16, 16, 1)).astype(keras.backend.floatx())
    return model, _images(random, 16, 16, 2), y, "binary_crossentropy"


def convnet_1d(random, plain=False):
    model = keras.Sequential([
        keras.Input((40, 3)),
        layers.Conv1D(8, 5, strides=2, padding="causal", activation="gelu"),
        layers.LayerNormalization(),
        layers.SeparableConv1D(12, 3, padding="same", activation="elu"),
        layers.MaxPooling1D(2),
        layers.SpatialDropout1D(0 if plain else 0.2),
        layers.Conv1D(8, 3, dilation_rate=2, activation="swish"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1),
    ])
    return model, _images(random, 40, 3), _images(random, 1), "mse"


def convnet_3d(random, plain=False):
    model = keras.Sequential([
        keras.Input((8, 8, 6, 2)),
        layers.Conv3D(6, 3, padding="same", activation="relu"),
        layers.Conv3D(6, (2, 2, 1), (2, 2, 1)) if plain else layers.MaxPooling3D((2, 2, 1)),
        layers.GroupNormalization(3),
        layers.Conv3D(8, 2, activation="softplus"),
        layers.Conv3D(8, (1, 1, 2), (1, 1, 2)) if plain else layers.AveragePooling3D((1, 1, 2)),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    ])
    return model, _images(random, 8, 8, 6, 2), _labels(random, 4), CROSS_ENTROPY


def autoencoder(random, plain=False):
    model = keras.Sequential([
        keras.Input((16, 16, 1)),
        layers.GaussianNoise(0 if plain else 0.1),
        layers.Conv2D(8, 3, 2, padding="same", activation="leaky_relu"),
        layers.DepthwiseConv2D(3, padding="same", activation="selu"),
        layers.Conv2D(4, 3, 2, padding="same"),
        layers.Conv2DTranspose(8, 3, 2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.Conv2DTranspose(1, 3, 2, padding="same", activation="sigmoid"),
    ])
    x = (_images(random, 16, 16, 1) > 0).astype(keras.backend.floatx())
    return model, x, x, "mae"


def multi_input(random, plain=False):
    image, vector = keras.Input((10, 10, 3), name="image"), keras.Input((6,), name="vector")
    x = layers.SeparableConv2D(8, 3, activation="relu")(image)
    x = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(8, activation="sigmoid")(vector)
    both = layers.Concatenate()([layers.Multiply()([x, y]), layers.Add()([x, y])])
    both = layers.Dropout(0 if plain else 0.2)(both)
    model = keras.Model({"image": image, "vector": vector},
                        {"kind": layers.Dense(3, activation="softmax", name="kind")(both),
                         "size": layers.Dense(1, name="size")(both)})
    x = {"image": _images(random, 10, 10, 3), "vector": _images(random, 6)}
    y = {"kind": _labels(random, 3), "size": _images(random, 1)}
    return model, x, y, {"kind": CROSS_ENTROPY, "size": "huber"}


BUILDERS = {builder.__name__: builder for builder in
            (mlp, convnet, resnet20, unet, convnet_1d, convnet_3d, autoencoder, multi_input)}

# With these data no ReLU of the first step has an argument within rounding of zero, where its
# gradient jumps; in 190,000 of them one often has.
DATA_SEEDS = {"resnet20": 48}


def set_weights(model):
    """Weights that depend on their shapes and order alone."""
    random = np.random.default_rng(42)
    weights = []
    for weight in model.get_weights():
        if weight.ndim >= 2 and weight.dtype.kind == "f":
            fan_in = max(int(np.prod(weight.shape[:-1])), 1)
            weight = (random.normal(size=weight.shape) * np.sqrt(1.5 / fan_in)).astype(
                np.float32).astype(weight.dtype)
        weights.append(weight)
    model.set_weights(weights)


def build(name, plain=False):
    """(model, x, y, loss) with weights and data that depend on nothing but the name."""
    keras.utils.set_random_seed(7)
    model, x, y, loss = BUILDERS[name](np.random.default_rng(DATA_SEEDS.get(name, 42)), plain)
    set_weights(model)
    return model, x, y, loss
