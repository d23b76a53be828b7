"""What is special about Windows: Python's environment variables, evergpu.exe, DLLs by their paths.
`./test --windows` runs these and others in Windows' Python, under Wine."""

import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from support import models
from support.device import DEVICE, describe

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="needs Windows' Python")

PREFIX = pathlib.Path(sys.prefix)
ONEDNN = PREFIX / "Library" / "bin" / "dnnl.dll"
PATIENCE = 600  # seconds; TensorFlow's import alone takes up to a minute on a busy machine
HOST = os.environ.get("EVERGPU_ADAPTER", "host") == "host"


def python(code, **environment):
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=PATIENCE)


def losses(name, place, policy):
    keras.config.set_dtype_policy(policy)
    try:
        with tf.device(place):
            model, x, y, loss = models.build(name, plain=True)
            model.compile(optimizer="adam", loss=loss)
            return model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name, policy", [
    *((name, "float32") for name in ("mlp", "convnet", "unet", "convnet_1d", "multi_input")),
    ("mlp", "mixed_float16"), ("convnet", "mixed_bfloat16")])
def test_a_model_trains_as_on_the_cpu(name, policy):
    found, expected = losses(name, DEVICE, policy), losses(name, "/CPU:0", policy)
    assert found[-1] < found[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4 if policy == "float32" else 2e-2)


def test_a_saved_model_predicts_the_same(tmp_path):
    with tf.device(DEVICE):
        model, x, y, loss = models.build("convnet", plain=True)
        model.compile(optimizer="adam", loss=loss)
        model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
        file = tmp_path / "Übung 1.keras"
        model.save(file)
        loaded = keras.models.load_model(file)
        np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
        again = loaded.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0).history["loss"]
        expected = model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0).history["loss"]
        assert again == expected  # the optimizer's moments were saved, too


NEW_PROCESS = """
import os
os.environ["EVERGPU_HOST_DEVICES"] = "2"  # Python's environment must be the library's
import sys
sys.path.insert(0, "tests/python")
import keras, tensorflow as tf
from tensorflow.python.eager import context
from support import models

gpus = tf.config.list_physical_devices("GPU")
raw = context.Context.get_device_details.__wrapped__
try:
    raw(context.context(), gpus[0])
    print("no error")
except tf.errors.NotFoundError as error:
    print(error)
print(tf.config.experimental.get_device_details(gpus[0])["device_name"])
tf.ones(3, tf.float32) + 1
print(raw(context.context(), gpus[0]))

def losses(strategy):
    with strategy.scope():
        model, x, y, loss = models.build("mlp", plain=True)
        model.compile(optimizer="adam", loss=loss)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    return model.fit(data, epochs=2, verbose=0).history["loss"]
print(len(gpus))
if len(gpus) == 2:
    one = losses(tf.distribute.OneDeviceStrategy("/GPU:0"))
    two = losses(tf.distribute.MirroredStrategy(["/GPU:0", "/GPU:1"]))
    print(one[1] < one[0], max(abs(a - b) for a, b in zip(one, two)) < 1e-4)
"""


def test_a_new_process():
    """TensorFlow itself has no details of a device until the device was used, which is why evergpu
    answers for it. Two devices, asked for from within Python, train as one does."""
    child = python(NEW_PROCESS)
    assert child.returncode == 0, child.stderr
    before, ours, after, count, *trained = child.stdout.splitlines()
    assert "No executors registered" in before
    assert ours == describe("devices")[0]["name"]
    assert after.startswith("{")
    if HOST:
        assert count == "2" and trained == ["True True"]


@pytest.mark.skipif(not HOST, reason="the host adapter's library")
def test_onednn_comes_from_its_package():
    tf.linalg.matmul(tf.ones((64, 64)), tf.ones((64, 64))).numpy()
    name = ctypes.create_unicode_buffer(1024)
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.GetModuleHandleW.restype = ctypes.c_void_p
    kernel32.GetModuleFileNameW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    kernel32.GetModuleFileNameW(kernel32.GetModuleHandleW("dnnl.dll"), name, len(name))
    assert pathlib.Path(name.value) == ONEDNN


@pytest.mark.skipif(not HOST, reason="the host adapter's library")
def test_without_onednn_it_computes_and_says_so_once():
    hidden = ONEDNN.rename(ONEDNN.with_suffix(".hidden"))  # Windows allows this for a loaded DLL
    try:
        child = python("import tensorflow as tf; "
                       "print(float(tf.reduce_sum(tf.ones((64, 64)) @ tf.ones((64, 64)))))")
    finally:
        hidden.rename(ONEDNN)
    assert child.stdout.split() == ["262144.0"], child.stderr
    assert child.stderr.count("oneDNN did not load") == 1, child.stderr


def test_evergpu_exe_trains():
    command = str(PREFIX / "Scripts" / "evergpu.exe")
    child = subprocess.run([command, "doctor", "--json", "--python", sys.executable], capture_output=True,
                           text=True, encoding="utf-8", timeout=PATIENCE)
    answer = json.loads(child.stdout)
    assert answer["training"]["outcome"] == "trained", answer


INTERRUPTED = """
import _thread, sys, threading, time
sys.path.insert(0, "tests/python")
import keras, numpy as np, tensorflow as tf
from support import models

model, x, y, loss = models.build("mlp", plain=True)
model.compile(optimizer="adam", loss=loss)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat()
model.fit(data, steps_per_epoch=3, verbose=0)
pressed = []
def press():  # what Python's handler of Ctrl-C does
    pressed.append(time.perf_counter())
    _thread.interrupt_main()
threading.Timer(2, press).start()
try:
    model.fit(data, steps_per_epoch=1_000_000, verbose=0)
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - pressed[0] < 5)
print(bool(np.isfinite(model.predict(x, verbose=0)).all()))
"""


def test_control_c_ends_fit_and_the_model_goes_on():
    child = python(INTERRUPTED)
    assert child.stdout.split() == ["interrupted", "True", "True"], child.stderr


def test_names_with_umlauts_and_spaces_and_long_ones(tmp_path):
    """evergpu.exe in such a folder, and what Vulkan compiled in a cache below one."""
    folder = tmp_path / "Jürgen Müllers Übungen" / ("ä" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    assert len(str(folder)) > 260
    command = shutil.copy(PREFIX / "Scripts" / "evergpu.exe", folder.parents[1])
    child = subprocess.run([command, "doctor", "--json", "--python", sys.executable], capture_output=True,
                           text=True, encoding="utf-8", timeout=PATIENCE,
                           env={**os.environ, "LOCALAPPDATA": str(folder)})
    assert json.loads(child.stdout)["training"]["outcome"] == "trained", child.stdout + child.stderr
    if not HOST:
        assert list((folder / "evergpu" / "vulkan").glob("*.bin"))
