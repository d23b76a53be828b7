"""Training programs as tutorials write them, where `fit` alone would not do: own training steps, own
layers, losses and metrics, two optimizers, gradients of gradients, generators, weights, callbacks.
Each returns numbers that are compared with those of stock TensorFlow."""

import pathlib
import pickle
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from support import process, training

CROSS_ENTROPY = "sparse_categorical_crossentropy"


def _images(random, count=20, size=12, channels=1):
    return random.random((count, size, size, channels)).astype("float32")


def _update(tape, loss, model, optimizer):
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


def gan(random):
    """Two networks and two optimizers in a train_step of its own; labels with noise."""
    discriminator = keras.Sequential([
        keras.Input((12, 12, 1)), layers.Conv2D(8, 3, 2, padding="same"),
        layers.LeakyReLU(negative_slope=0.2), layers.GlobalMaxPooling2D(), layers.Dense(1)])
    generator = keras.Sequential([
        keras.Input((8,)), layers.Dense(3 * 3 * 8), layers.Reshape((3, 3, 8)),
        layers.Conv2DTranspose(8, 4, 2, padding="same"), layers.LeakyReLU(negative_slope=0.2),
        layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid")])
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    class GAN(keras.Model):
        def __init__(self):
            super().__init__()
            self.networks = [discriminator, generator]
            self.optimizers = [keras.optimizers.Adam(3e-4), keras.optimizers.Adam(3e-4)]
            self.seed = keras.random.SeedGenerator(1337)

        def train_step(self, real):
            count = tf.shape(real)[0]
            images = tf.concat([generator(keras.random.normal((count, 8), seed=self.seed)), real], 0)
            labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], 0)
            labels += 0.05 * keras.random.uniform(tf.shape(labels), seed=self.seed)
            with tf.GradientTape() as tape:
                d_loss = cross_entropy(labels, discriminator(images))
            _update(tape, d_loss, discriminator, self.optimizers[0])
            noise = keras.random.normal((count, 8), seed=self.seed)
            with tf.GradientTape() as tape:
                g_loss = cross_entropy(tf.zeros((count, 1)), discriminator(generator(noise)))
            _update(tape, g_loss, generator, self.optimizers[1])
            return {"d": d_loss, "g": g_loss}

    model = GAN()
    model.compile()
    data = tf.data.Dataset.from_tensor_slices(_images(random)).shuffle(20, seed=1).batch(8)
    history = model.fit(data, epochs=2, verbose=0).history
    return [*history["d"], *history["g"]]


def gradient_penalty(random):
    """The gradient of a gradient, through convolutions."""
    critic = keras.Sequential([keras.Input((12, 12, 1)),
                               layers.Conv2D(8, 3, 2, activation="swish"), layers.MaxPooling2D(),
                               layers.Conv2D(4, 2, activation="tanh"), layers.Flatten(),
                               layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9)
    x = tf.constant(_images(random, 8))

    @tf.function
    def step():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = critic(x, training=True)
            norm = tf.sqrt(tf.reduce_sum(inner.gradient(score, x) ** 2, axis=[1, 2, 3]))
            loss = tf.reduce_mean(score) + 10 * tf.reduce_mean((norm - 1) ** 2)
        _update(outer, loss, critic, optimizer)
        return loss

    return [float(step()) for _ in range(4)]


def variational_autoencoder(random):
    """A sampling layer, a model of two models, three metrics."""
    class Sampling(layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(5)

        def call(self, inputs):
            mean, log_variance = inputs
            return mean + ops.exp(0.5 * log_variance) * keras.random.normal(tf.shape(mean),
                                                                            seed=self.seed)

    inputs = keras.Input((12, 12, 1))
    h = layers.Flatten()(layers.Conv2D(8, 3, 2, padding="same", activation="relu")(inputs))
    mean, log_variance = layers.Dense(2)(h), layers.Dense(2)(h)
    encoder = keras.Model(inputs, [mean, log_variance, Sampling()([mean, log_variance])])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(6 * 6 * 4, activation="relu"),
                                layers.Reshape((6, 6, 4)),
                                layers.Conv2DTranspose(1, 3, 2, padding="same",
                                                       activation="sigmoid")])

    class VAE(keras.Model):
        def __init__(self):
            super().__init__()
            self.networks = [encoder, decoder]
            self.trackers = [keras.metrics.Mean(name=name) for name in ("total", "image", "kl")]

        @property
        def metrics(self):
            return self.trackers

        def train_step(self, x):
            with tf.GradientTape() as tape:
                m, v, z = encoder(x)
                image = tf.reduce_mean(tf.reduce_sum(
                    keras.losses.binary_crossentropy(x, decoder(z)), axis=(1, 2)))
                kl = tf.reduce_mean(tf.reduce_sum(-0.5 * (1 + v - m ** 2 - tf.exp(v)), axis=1))
                total = image + kl
            _update(tape, total, self, self.optimizer)
            for tracker, value in zip(self.trackers, (total, image, kl), strict=True):
                tracker.update_state(value)
            return {tracker.name: tracker.result() for tracker in self.trackers}

    model = VAE()
    model.compile("adam")
    history = model.fit(_images(random), epochs=2, batch_size=8, shuffle=False, verbose=0).history
    return [*history["total"], *history["image"], *history["kl"]]


def own_layer_loss_and_metric(random):
    """Weights that count in int32, add_loss, a loss and a metric written by hand."""
    class Linear(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 8), initializer="random_normal")
            self.calls = self.add_weight(shape=(), initializer="zeros", dtype="int32",
                                         trainable=False)

        def call(self, x):
            self.calls.assign_add(1)
            self.add_loss(1e-2 * ops.mean(ops.square(x)))
            return ops.matmul(x, self.w)

    class Hits(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="hits")
            self.count = self.add_variable(shape=(), initializer="zeros", name="count")

        def update_state(self, y, p, sample_weight=None):
            hit = ops.equal(ops.cast(y[:, 0], "int32"), ops.cast(ops.argmax(p, axis=1), "int32"))
            self.count.assign_add(ops.sum(ops.cast(hit, "float32")))

        def result(self):
            return self.count.value

    def loss(y, p):
        return ops.mean(ops.square(ops.one_hot(ops.cast(y[:, 0], "int32"), 4) - p), axis=-1)

    linear = Linear()
    model = keras.Sequential([keras.Input((10,)), linear, layers.ReLU(), layers.Dense(4)])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), loss, metrics=[Hits()])
    x, y = random.normal(size=(30, 10)).astype("float32"), random.integers(0, 4, (30, 1))
    history = model.fit(x, y, batch_size=7, epochs=2, shuffle=False, verbose=0).history
    return [*history["loss"], *history["hits"], float(linear.calls.numpy())]


def weights_and_sources(random):
    """Sample and class weights; a generator; a tf.data pipeline whose last batch is short."""
    x, y = random.normal(size=(30, 10)).astype("float32"), random.integers(0, 3, 30)
    weights = random.random(30).astype("float32")

    def losses(*data, **options):
        keras.utils.set_random_seed(2)
        model = keras.Sequential([keras.Input((10,)), layers.Dense(12, activation="relu"),
                                  layers.Dense(3, activation="softmax")])
        model.compile("adam", CROSS_ENTROPY, weighted_metrics=["accuracy"])
        history = model.fit(*data, epochs=2, verbose=0, **options).history
        return [*history["loss"], *history["accuracy"]]

    def batches():
        while True:
            for i in range(0, 30, 8):
                yield x[i:i + 8], y[i:i + 8], weights[i:i + 8]

    pipeline = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(30, seed=3).batch(7)
    pipeline = pipeline.map(lambda a, b: (a * 2, b)).cache().prefetch(2)
    arrays = {"batch_size": 8, "shuffle": False}
    return [*losses(x, y, sample_weight=weights, **arrays),
            *losses(x, y, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, **arrays),
            *losses(batches(), steps_per_epoch=4), *losses(pipeline)]


def averages_and_accumulation(random):
    """Optimizers that hold more than a step: accumulated gradients, averaged weights, schedules."""
    optimizers = keras.optimizers
    found = []
    for optimizer in (
            optimizers.Adam(1e-2, gradient_accumulation_steps=3),
            optimizers.AdamW(1e-2, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=4),
            optimizers.SGD(optimizers.schedules.CosineDecay(1e-2, 10, warmup_target=2e-2,
                                                            warmup_steps=3), global_clipnorm=0.1)):
        keras.utils.set_random_seed(4)
        model = keras.Sequential([keras.Input((10,)), layers.Dense(12, activation="gelu"),
                                  layers.LayerNormalization(), layers.Dense(3)])
        x = random.normal(size=(30, 10)).astype("float32")
        model.compile(optimizer, "mse")
        found += model.fit(x, x[:, :3], batch_size=8, epochs=3, shuffle=False,
                           verbose=0).history["loss"]
        found += [float(np.abs(weight).sum()) for weight in model.get_weights()]
    return found


def callbacks_and_checkpoints(random):
    """What callbacks read and set between epochs, and the model that a checkpoint kept."""
    x, y = random.normal(size=(40, 20, 1)).astype("float32"), random.integers(0, 2, 40)
    inputs = keras.Input((20, 1))
    h = layers.ReLU()(layers.BatchNormalization()(layers.Conv1D(8, 3, padding="same")(inputs)))
    outputs = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(inputs, outputs)
    model.compile("rmsprop", CROSS_ENTROPY, metrics=["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        best = pathlib.Path(folder) / "best.keras"
        history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0,
                            validation_split=0.2, callbacks=[
                                keras.callbacks.ModelCheckpoint(best, save_best_only=True),
                                keras.callbacks.ReduceLROnPlateau(patience=1, min_delta=1.0),
                                keras.callbacks.TensorBoard(folder, histogram_freq=1),
                                keras.callbacks.EarlyStopping(patience=2,
                                                              restore_best_weights=True)]).history
        kept = keras.models.load_model(best).evaluate(x, y, verbose=0)
    return [*history["loss"], *history["val_loss"], *history["learning_rate"], *kept]


def without_graphs(random):
    """run_eagerly, and several steps in one call."""
    found = []
    for options in ({"run_eagerly": True}, {"steps_per_execution": 2}):
        keras.utils.set_random_seed(4)
        model = keras.Sequential([keras.Input((12, 12, 1)), layers.Conv2D(4, 3, activation="relu"),
                                  layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3)])
        model.compile("adam", "mse", metrics=["mae"], **options)
        x, y = _images(random), random.normal(size=(20, 3)).astype("float32")
        history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        found += [*history["loss"], *history["mae"]]
    return found


PROGRAMS = {program.__name__: program for program in
            (gan, gradient_penalty, variational_autoencoder, own_layer_loss_and_metric,
             weights_and_sources, averages_and_accumulation, callbacks_and_checkpoints,
             without_graphs)}


def run(name):
    keras.utils.set_random_seed(7)
    found = [float(number) for number in PROGRAMS[name](np.random.default_rng(42))]
    keras.backend.clear_session()
    return found


def references():
    """What stock TensorFlow finds, from a child process. Kept until programs or TensorFlow change."""
    path = training.cache_file("programs", (__file__,))
    if not path.exists():
        child = process.run("from support import programs\n"
                            "report({name: programs.run(name) for name in programs.PROGRAMS})",
                            {"EVERGPU_ADAPTER": "off"}, timeout=400)
        path.write_bytes(pickle.dumps(child.result))
    return pickle.loads(path.read_bytes())
