"""Models with loops, sparse gradients, attention, mixed precision, data augmentation, and the
architectures of keras.applications: the losses of a few training steps of each, on the device and,
in a child process, on stock TensorFlow."""

import dataclasses
import pickle

import keras
import numpy as np
from keras import layers

from support import models, process, training

CROSS_ENTROPY = "sparse_categorical_crossentropy"
BATCH, TIME, WORDS, CLASSES = 4, 6, 50, 5


@dataclasses.dataclass
class Training:
    """What is trained, and how."""

    model: keras.Model
    x: object
    y: object
    loss: object = CROSS_ENTROPY
    optimizer: object = "adam"
    steps: int = 3


def _tokens(random, time=TIME):
    return random.integers(1, WORDS, (BATCH, time)).astype("int32")


def _classes(random):
    return random.integers(0, CLASSES, BATCH).astype("int32")


def _classifier(random, *stack, x=None, **options):
    """Words, an embedding, the layers of `stack`, classes."""
    model = keras.Sequential([keras.Input((TIME,), dtype="int32"), layers.Embedding(WORDS, 8),
                              *stack, layers.Dense(CLASSES, activation="softmax")])
    return Training(model, _tokens(random) if x is None else x, _classes(random), **options)


# --- loops ---

def lstm(random):
    return _classifier(random, layers.LSTM(7, return_sequences=True, dropout=0.2), layers.LSTM(5))


def gru(random):
    return _classifier(random, layers.GRU(7, return_sequences=True), layers.GRU(5, go_backwards=True))


def gru_reset_before(random):
    return _classifier(random, layers.GRU(7, reset_after=False, recurrent_dropout=0.2))


def simple_rnn(random):
    return _classifier(random, layers.SimpleRNN(7, return_sequences=True),
                       layers.GlobalAveragePooling1D())


def bidirectional(random):
    return _classifier(random, layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
                       layers.Bidirectional(layers.GRU(4), merge_mode="sum"))


def masked_lstm(random):
    x = _tokens(random)
    x[1, 3:] = 0
    x[2, 1:] = 0
    model = keras.Sequential([keras.Input((TIME,), dtype="int32"),
                              layers.Embedding(WORDS, 8, mask_zero=True), layers.LSTM(7),
                              layers.Dense(CLASSES, activation="softmax")])
    return Training(model, x, _classes(random))


def unrolled_lstm(random):
    return _classifier(random, layers.LSTM(5, unroll=True))


def conv_lstm(random):
    model = keras.Sequential([keras.Input((3, 6, 6, 2)), layers.ConvLSTM2D(4, 3, padding="same"),
                              layers.GlobalMaxPooling2D(), layers.Dense(CLASSES, "softmax")])
    return Training(model, random.normal(size=(BATCH, 3, 6, 6, 2)).astype("float32"),
                    _classes(random))


def time_distributed(random):
    model = keras.Sequential([keras.Input((3, 8, 8, 2)),
                              layers.TimeDistributed(layers.Conv2D(4, 3, activation="relu")),
                              layers.TimeDistributed(layers.GlobalMaxPooling2D()),
                              layers.GRU(5), layers.Dense(CLASSES, "softmax")])
    return Training(model, random.normal(size=(BATCH, 3, 8, 8, 2)).astype("float32"),
                    _classes(random))


def ctc(random):
    model = keras.Sequential([keras.Input((8, 4)), layers.GRU(7, return_sequences=True),
                              layers.Dense(CLASSES)])
    y = random.integers(1, CLASSES, (BATCH, 3)).astype("int32")
    return Training(model, random.normal(size=(BATCH, 8, 4)).astype("float32"), y,
                    loss=keras.losses.CTC())


# --- attention ---

class Positions(layers.Layer):
    """Token and position embeddings."""

    def __init__(self, width):
        super().__init__()
        self.words = layers.Embedding(WORDS, width)
        self.positions = layers.Embedding(TIME, width)

    def call(self, tokens):
        return self.words(tokens) + self.positions(keras.ops.arange(TIME))


def transformer(random, causal=True, mask=None):
    tokens = keras.Input((TIME,), dtype="int32")
    x = Positions(16)(tokens)
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(2, 8, dropout=0.1)(y, y, use_causal_mask=causal,
                                                         attention_mask=mask)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(16)(layers.Dense(32, activation="gelu")(y))
        x = layers.Add()([x, y])
    model = keras.Model(tokens, layers.Dense(WORDS, activation="softmax")(x))
    x = _tokens(random)
    return Training(model, x, np.roll(x, -1, axis=1), optimizer=keras.optimizers.AdamW(1e-3))


def transformer_padded(random):
    mask = np.ones((1, TIME, TIME), bool)
    mask[:, :, 4:] = False
    return transformer(random, causal=False, mask=mask)


def grouped_attention(random):
    return _classifier(random, _SelfAttention(layers.GroupQueryAttention(8, 4, 2)),
                       layers.GlobalMaxPooling1D())


def additive_attention(random):
    return _classifier(random, _SelfAttention(layers.AdditiveAttention(), as_list=True),
                       layers.GlobalMaxPooling1D())


class _SelfAttention(layers.Layer):
    def __init__(self, attention, as_list=False):
        super().__init__()
        self.attention, self.as_list = attention, as_list

    def call(self, x):
        return self.attention([x, x]) if self.as_list else self.attention(x, x)


# --- sparse gradients, clipping, precision ---

def embedding_with(optimizer):
    def build(random):
        x = _tokens(random)
        x[:, 0] = 3  # a word that occurs more than once
        return _classifier(random, layers.GlobalAveragePooling1D(), x=x, optimizer=optimizer())
    return build


def global_clipnorm(random):
    return _classifier(random, layers.Flatten(), layers.Dense(9, "tanh"),
                       optimizer=keras.optimizers.SGD(0.5, global_clipnorm=0.01))


def mixed(policy, optimizer=keras.optimizers.Adam, steps=3):
    def build(random):
        before = keras.mixed_precision.dtype_policy()
        keras.mixed_precision.set_dtype_policy(policy)
        try:
            model = keras.Sequential([
                keras.Input((12, 12, 3)), layers.Conv2D(8, 3, activation="relu"),
                layers.BatchNormalization(), layers.MaxPooling2D(), layers.SeparableConv2D(8, 3),
                layers.LayerNormalization(), layers.Flatten(), layers.Dense(16, "gelu"),
                layers.Dense(CLASSES, activation="softmax", dtype="float32")])
        finally:
            keras.mixed_precision.set_dtype_policy(before)
        return Training(model, random.normal(size=(BATCH, 12, 12, 3)).astype("float32"),
                        _classes(random), optimizer=optimizer(), steps=steps)
    return build


def mixed_lstm(random):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        return _classifier(random, layers.LSTM(5))
    finally:
        keras.mixed_precision.set_dtype_policy(before)


# --- images ---

def augmentation(random):
    model = keras.Sequential([
        keras.Input((14, 14, 3)),
        layers.RandomFlip(seed=1), layers.RandomRotation(0.2, seed=2),
        layers.RandomZoom(0.3, seed=3), layers.RandomContrast(0.4, seed=4),
        layers.RandomTranslation(0.2, 0.2, seed=5), layers.RandomBrightness(0.2, (0, 1), seed=6),
        layers.RandomCrop(10, 10, seed=7), layers.Rescaling(2.0, -1.0),
        layers.Conv2D(6, 3, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(CLASSES, activation="softmax")])
    return Training(model, random.random(size=(BATCH, 14, 14, 3)).astype("float32"),
                    _classes(random))


def application(name, size, **options):
    """One of keras.applications on two small images. Batch normalization is frozen: over two images
    that a deep network has shrunk to one pixel it turns rounding into losses that differ in the
    first digit, between TensorFlow with oneDNN and without just as well."""
    def build(random):
        constructor = getattr(keras.applications, name)
        model = constructor(weights=None, input_shape=(size, size, 3), classes=CLASSES, **options)
        for layer in model.layers:
            layer.trainable = not isinstance(layer, layers.BatchNormalization)
        return Training(model, random.random(size=(2, size, size, 3)).astype("float32"),
                        random.integers(0, CLASSES, 2), optimizer=keras.optimizers.SGD(1e-3),
                        steps=2)
    return build


QUICK = {
    **{builder.__name__: builder for builder in
       (lstm, gru, masked_lstm, ctc, transformer, global_clipnorm, augmentation)},
    "embedding_adam": embedding_with(lambda: keras.optimizers.Adam(0.01, amsgrad=True)),
    "mixed_float16": mixed("mixed_float16"),
    "mixed_bfloat16": mixed("mixed_bfloat16"),
}
BUILDERS = {
    **QUICK,
    **{builder.__name__: builder for builder in
       (gru_reset_before, simple_rnn, bidirectional, unrolled_lstm, conv_lstm, time_distributed,
        transformer_padded, grouped_attention, additive_attention, mixed_lstm)},
    "embedding_sgd": embedding_with(lambda: keras.optimizers.SGD(0.1, momentum=0.9)),
    "embedding_adagrad": embedding_with(lambda: keras.optimizers.Adagrad(0.1)),
    "embedding_rmsprop": embedding_with(lambda: keras.optimizers.RMSprop(0.01, centered=True)),
    "embedding_lamb": embedding_with(lambda: keras.optimizers.Lamb(0.01)),
    # Its first steps overflow, and only halve the scale.
    "mixed_float16_loss_scale": mixed(
        "mixed_float16", lambda: keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.01), initial_scale=2.0 ** 18), steps=6),
    "vgg16": application("VGG16", 32),
    "mobilenet_v2": application("MobileNetV2", 32, alpha=0.35),
    "resnet50": application("ResNet50", 32),
    "convnext_tiny": application("ConvNeXtTiny", 32),
    "efficientnet_b0": application("EfficientNetB0", 32),
    "densenet121": application("DenseNet121", 32),
    "xception": application("Xception", 71),
    "inception_v3": application("InceptionV3", 75),
    "nasnet_mobile": application("NASNetMobile", 32),
}


def losses(name):
    """The loss of every step."""
    keras.utils.set_random_seed(7)
    run = BUILDERS[name](np.random.default_rng(42))
    models.set_weights(run.model)
    run.model.compile(optimizer=run.optimizer, loss=run.loss)
    found = [float(run.model.train_on_batch(run.x, run.y)) for _ in range(run.steps)]
    keras.backend.clear_session()
    return found


def references(names):
    """What stock TensorFlow finds, from a child process. Kept until models or TensorFlow change."""
    path = training.cache_file("more-models", (models.__file__, __file__))
    known = pickle.loads(path.read_bytes()) if path.exists() else {}
    missing = [name for name in names if name not in known]
    if missing:
        code = f"from support import more_models\n" \
               f"report({{name: more_models.losses(name) for name in {missing}}})"
        child = process.run(code, {"EVERGPU_ADAPTER": "off"}, timeout=500)
        known.update(child.result)
        path.write_bytes(pickle.dumps(known))
    return known
