"""When something is wrong: one clear message that says what to do, and nothing is lost."""

import os
import re
import shutil
import subprocess

import pytest

from support import process
from support.device import LAVAPIPE

pytestmark = pytest.mark.plugin

CPU_WORKS = "report([len(tf.config.list_physical_devices('GPU')), float(tf.reduce_sum(tf.ones(9)))])"


def test_off_is_stock_tensorflow():
    child = process.run(CPU_WORKS, {"EVERGPU_ADAPTER": "off"})
    assert child.result == [0, 9.0]
    assert "evergpu" not in child.stderr


def test_unknown_adapter():
    child = process.run(CPU_WORKS, {"EVERGPU_ADAPTER": "quantum"})
    assert child.result == [0, 9.0]
    lines = [line for line in child.stderr.splitlines() if "quantum" in line]
    assert len(lines) == 1 and "host" in lines[0] and "EVERGPU_ADAPTER" in lines[0], child.stderr


def test_gpu_refuses_to_fall_back():
    child = process.run(CPU_WORKS, {"EVERGPU_ADAPTER": "gpu"})
    if child.result[0] == 0:  # no GPU here
        assert re.search("no GPU|GPU.*not", child.stderr), child.stderr
    assert child.result[1] == 9.0


@pytest.mark.skipif(os.name == "nt" or not LAVAPIPE.exists() or not shutil.which("cc"),
                    reason="a driver that crashes is made here, and met by the Khronos loader")
def test_a_vulkan_driver_that_crashes_is_left_out(tmp_path):
    code = tmp_path / "driver.c"
    code.write_text("#include <stdlib.h>\nvoid *vk_icdGetInstanceProcAddr(void) { abort(); }\n")
    library = tmp_path / "libcrashing.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, code], check=True)
    manifest = tmp_path / "crashing.json"
    manifest.write_text('{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", '
                        '"api_version": "1.2.0"}}' % library)
    for others, gpus in ([], 0), ([str(LAVAPIPE)], 1):
        drivers = ":".join([str(manifest), *others])
        for _ in range(2):  # found, then remembered
            child = process.run(CPU_WORKS, {
                "EVERGPU_ADAPTER": "vulkan", "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "VK_DRIVER_FILES": drivers, "VK_ICD_FILENAMES": drivers})
            assert child.result == [gpus, 9.0], child.stderr
            lines = [line for line in child.stderr.splitlines() if f"{manifest} crashes" in line]
            assert len(lines) == 1 and "tried again" in lines[0], child.stderr


def test_the_cpu_is_announced_once():
    child = process.run("for _ in range(3): float(tf.reduce_sum(tf.ones(9)))\nreport(0)",
                        {"EVERGPU_ADAPTER": "host"})
    assert child.result == 0
    lines = [line for line in child.stderr.splitlines() if "CPU" in line and "evergpu" in line]
    assert len(lines) == 1, child.stderr


def test_out_of_memory_is_recoverable():
    child = process.run("""
        with tf.device(DEVICE):
            kept = [tf.random.stateless_uniform((1024, 1024), (1, i)) for i in range(8)]
            before = [float(tf.reduce_sum(k)) for k in kept]
            message = ""
            try:
                more = []
                for i in range(200):
                    more.append(tf.random.stateless_uniform((1024, 1024), (2, i)))
                    more[-1][0, 0].numpy()
            except tf.errors.ResourceExhaustedError as error:
                message = str(error)
            count = len(more)
            more.clear()
            again = float(tf.reduce_sum(tf.random.stateless_uniform((1024, 1024), (3, 3))))
            report([message, count, again, before == [float(tf.reduce_sum(k)) for k in kept]])
        """, {"EVERGPU_MEMORY_LIMIT": str(128 << 20)})
    message, count, again, kept = child.result
    assert "1024,1024" in message.replace(" ", ""), message
    assert 10 < count < 40
    assert again > 0 and kept
    # What TensorFlow's message cannot say, ours does: how much there is, and what to do.
    advice = [line for line in child.stderr.splitlines() if "evergpu" in line and "memory" in line]
    assert advice and re.search(r"128(\.0)? MiB|134217728", advice[0]), child.stderr


def test_a_tensor_larger_than_the_device():
    child = process.run("""
        with tf.device(DEVICE):
            try:
                tf.zeros((1 << 14, 1 << 14)).numpy()
                report("no error")
            except tf.errors.ResourceExhaustedError as error:
                report(str(error))
            report(float(tf.reduce_sum(tf.ones(10))))
        """, {"EVERGPU_MEMORY_LIMIT": str(64 << 20)})
    assert child.result == 10.0
    assert "no error" != child.reports[0]


SHAPE_ERRORS = """
raw = tf.raw_ops
calls = {
    "matmul": lambda: tf.linalg.matmul(tf.ones((2, 3)), tf.ones((4, 5))),
    "add": lambda: tf.ones((2, 3)) + tf.ones((4, 5)),
    "conv2d": lambda: tf.nn.conv2d(tf.ones((1, 8, 8, 3)), tf.ones((3, 3, 4, 5)), 1, "SAME"),
    "bias": lambda: tf.nn.bias_add(tf.ones((2, 3)), tf.ones((4,))),
    "concat": lambda: tf.concat([tf.ones((2, 3)), tf.ones((4, 4))], 0),
    "pack": lambda: raw.Pack(values=[tf.ones((2,)), tf.ones((3,))]),
    "reshape": lambda: tf.reshape(tf.ones((2, 3)), (4, 2)),
    "transpose": lambda: tf.transpose(tf.ones((2, 3)), [0, 0]),
    "sum_axis": lambda: tf.reduce_sum(tf.ones((2, 3)), axis=4),
    "slice": lambda: tf.slice(tf.ones((2, 3)), [0, 2], [1, 4]),
    "split": lambda: tf.split(tf.ones((2, 3)), 2, axis=1),
    "batch_matmul": lambda: tf.linalg.matmul(tf.ones((2, 3, 4)), tf.ones((3, 4, 5))),
    "cross_entropy": lambda: raw.SoftmaxCrossEntropyWithLogits(features=tf.ones((2, 3)),
                                                              labels=tf.ones((2, 4))),
    "tile": lambda: tf.tile(tf.ones((2, 3)), [1]),
    "pad": lambda: tf.pad(tf.ones((2, 3)), [[1, 1]]),
    "max_pool": lambda: tf.nn.max_pool2d(tf.ones((1, 2, 2, 1)), 5, 1, "VALID"),
    "strided_slice": lambda: tf.ones((2, 3))[5],
    "assign_add": lambda: tf.Variable(tf.ones((2,))).assign_add(tf.ones((3,))),
}
found = {}
for name, call in calls.items():
    texts = []
    for place in (DEVICE, "/CPU:0"):
        try:
            with tf.device(place):
                call()
            texts.append("no error")
        except Exception as error:
            import re
            text = f"{type(error).__name__}: {error}"
            texts.append(re.sub(r"device:[CG]PU:0|[CG]PU|wrapped__Mkl\\w*|wrapped__\\w+", "", text))
    found[name] = texts
report(found)
"""


def test_shape_errors_have_tensorflows_words():
    found = process.run(SHAPE_ERRORS).result
    different = {name: texts for name, texts in found.items() if texts[0] != texts[1]}
    assert not different, "\n".join(f"{n}:\n  {a}\n  {b}" for n, (a, b) in different.items())


def test_an_op_without_a_kernel():
    child = process.run("""
        tf.config.set_soft_device_placement(False)
        try:
            with tf.device(DEVICE):
                tf.linalg.svd(tf.ones((3, 3)))
        except Exception as error:
            report(f"{type(error).__name__}: {error}")
        tf.config.set_soft_device_placement(True)
        with tf.device(DEVICE):
            report(tf.linalg.svd(tf.eye(3), compute_uv=False).numpy().tolist())
        """)
    assert child.result == [1.0, 1.0, 1.0]
    assert "Svd" in child.reports[0]


def test_explicit_jit_compile():
    child = process.run("""
        import warnings
        import keras
        from support import models
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model, x, y, loss = models.build("mlp")
            model.compile(optimizer="sgd", loss=loss, jit_compile=True)
            history = model.fit(x, y, verbose=0).history["loss"]
            @tf.function(jit_compile=True)
            def double(x):
                return x * 2
            doubled = double(tf.ones(3)).numpy().tolist()
        report([history[0] > 0, doubled, [str(w.message) for w in caught]])
        """)
    trained, doubled, messages = child.result
    assert trained and doubled == [2.0, 2.0, 2.0]
    assert any("jit_compile" in message for message in messages), messages


def test_growth_setting_is_accepted():
    child = process.run(CPU_WORKS, {"TF_FORCE_GPU_ALLOW_GROWTH": "true"})
    assert child.result == [1, 9.0]
    child = process.run("tf.config.experimental.set_memory_growth("
                        "tf.config.list_physical_devices('GPU')[0], True)\n" + CPU_WORKS)
    assert child.result == [1, 9.0]
