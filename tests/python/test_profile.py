"""TensorFlow's profiler shows evergpu's kernels, and the operations that each of them computed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from support import device, process

pytestmark = pytest.mark.plugin

PLANE = "/device:GPU:0"


@pytest.fixture(scope="module")
def trained():
    """A model that has trained a step, and its data."""
    with tf.device(device.DEVICE):
        model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(32, "relu", name="hidden"),
                                  keras.layers.Dense(3, name="last")], name="net")
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    random = np.random.default_rng(0)
    x, y = random.normal(size=(512, 20)).astype(np.float32), random.integers(0, 3, 512)
    model.train_on_batch(x, y)
    return model, x, y


def plane_of(folder):
    """evergpu's plane of the one profile below a folder."""
    file, = folder.glob("plugins/profile/*/*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(file.read_bytes())
    assert not space.errors and not space.warnings
    plane, = (plane for plane in space.planes if plane.name == PLANE)
    return plane


def kernels(plane):
    """[(name, statistics)] in the order of their launch."""
    line, = plane.lines
    return [(plane.event_metadata[event.metadata_id].name,
             {plane.stat_metadata[stat.metadata_id].name: stat.str_value or stat.uint64_value
              for stat in event.stats}) for event in line.events]


@pytest.fixture(scope="module")
def profile(trained, tmp_path_factory):
    """The profile of two steps, and how many kernels the device counted meanwhile."""
    model, x, y = trained
    folder = tmp_path_factory.mktemp("profile")
    before = device.statistics()["kernels"]
    tf.profiler.experimental.start(str(folder))
    for _ in range(2):
        model.train_on_batch(x, y)
    tf.profiler.experimental.stop()
    return plane_of(folder), device.statistics()["kernels"] - before


def test_every_kernel_is_there_once(profile):
    plane, counted = profile
    assert 0 < len(kernels(plane)) == counted
    end = 0
    for event in plane.lines[0].events:
        assert event.offset_ps >= end and event.duration_ps > 0
        end = event.offset_ps + event.duration_ps


def test_a_fused_kernel_names_its_operations(profile):
    fused = [stats for name, stats in kernels(profile[0]) if name == "loop [512,32] add, maximum"]
    assert len(fused) == 2  # steps
    assert fused[0] == {"tf_op": "net/hidden/BiasAdd:BiasAdd", "bytes_written": 512 * 32 * 4,
                        "operations": "net/hidden/BiasAdd (BiasAdd), net/hidden/Relu (Relu)"}


def test_a_product_has_its_shape_and_layer(profile):
    products = {stats["tf_op"]: name for name, stats in kernels(profile[0]) if "matmul" in name}
    assert products["net/hidden/MatMul:MatMul"] == "f32[512,32] matmul"
    assert products["net/last/MatMul:MatMul"] == "f32[512,3] matmul"
    assert len(products) == 5  # two forward, two by weights, one by the hidden layer


def test_a_profile_of_nothing_has_no_kernels(trained, tmp_path):
    tf.profiler.experimental.start(str(tmp_path))
    tf.profiler.experimental.stop()
    assert not kernels(plane_of(tmp_path))


CALLBACK = """
import keras
model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(3)])
model.compile("sgd", "mse")
x = np.ones((64, 20), np.float32)
callback = keras.callbacks.TensorBoard({folder!r}, profile_batch=(2, 3), write_graph=False)
model.fit(x, x[:, :3], batch_size=8, verbose=0, callbacks=[callback])
report(0)
"""


def test_kerass_tensorboard_callback_profiles_steps(tmp_path):
    """In a process of its own: the callback leaves TensorFlow's tracing on."""
    pytest.importorskip("tensorboard")
    assert process.run(CALLBACK.replace("{folder!r}", repr(str(tmp_path)))).result == 0
    assert any("matmul" in name for name, _ in kernels(plane_of(tmp_path / "train")))
