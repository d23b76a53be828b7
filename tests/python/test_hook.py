"""The start-up hook: its cost, that it breaks nothing, and what it changes in TensorFlow and Keras.

Most run in processes of their own, since the hook works at start-up; there `device_count` stands in
for a device, so that they say the same on stock TensorFlow.
"""

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest
import tensorflow as tf

ROOT = pathlib.Path(__file__).resolve().parents[2]
START = (ROOT / "python" / "evergpu.pth").read_text().strip()
WITH_DEVICE = """
import evergpu.hook
evergpu.hook.install()
from evergpu import plugin
plugin.device_count = lambda: 1
"""


def run(code, *options, **environment):
    """Runs Python code with the repository's python/ in reach; returns what it printed."""
    path = str(ROOT / "python")
    code = f"import sys; sys.path.insert(0, {path!r})\n" + textwrap.dedent(code)
    variables = dict(os.environ, EVERGPU_ADAPTER="off", TF_CPP_MIN_LOG_LEVEL="3", **environment)
    for name in ("TF_PLUGGABLE_DEVICE_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE"):
        variables.pop(name, None)
    done = subprocess.run(
        [sys.executable, *options, "-c", code], env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_start_takes_two_milliseconds_at_most_and_imports_nothing():
    run(START)  # leaves compiled bytecode behind, as an installed wheel has it
    code = f"""
        import time
        before = set(sys.modules)
        begun = time.perf_counter()
        exec({START!r})
        took = time.perf_counter() - begun
        print(took, ",".join(sorted(set(sys.modules) - before)))
    """
    answers = [run(code, "-S").split() for _ in range(10)]
    assert min(float(took) for took, _ in answers) < 2e-3
    assert {modules for _, modules in answers} == {"evergpu,evergpu.hook"}


def test_python_without_tensorflow_is_as_before():
    said = run(
        f"""
        exec({START!r})
        exec({START!r})
        import json, email
        try:
            import tensorflow
        except ModuleNotFoundError as error:
            print(error)
        print(len([finder for finder in sys.meta_path if "evergpu" in str(finder)]))
        """,
        "-S",
    )
    assert said.splitlines() == ["No module named 'tensorflow'", "1"]


def test_start_without_the_package_is_silent():
    done = subprocess.run([sys.executable, "-S", "-I", "-c", START], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_adjustment_fits_the_installed_versions():
    said = run(
        f"""
        exec({START!r})
        import importlib, warnings
        from evergpu import hook
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import tensorflow, keras
            modules = [importlib.import_module(name) and sys.modules[name] for name in hook.ADJUSTMENTS]
        print([str(w.message) for w in caught if "evergpu" in str(w.message)])
        print([type(module.__spec__.loader).__name__ for module in modules])
        """
    )
    assert said.splitlines() == ["[]", str(["SourceFileLoader"] * 6)]


def test_an_unknown_module_is_left_alone_with_a_warning():
    sys.path.insert(0, str(ROOT / "python"))
    from evergpu import adjust, hook

    class Unknown:
        __name__ = "a module of the future"

    for adjustment in hook.ADJUSTMENTS.values():
        with pytest.warns(UserWarning, match="does not know this version of a module of the future"):
            adjust.apply(adjustment, Unknown())


FIT = """
    import keras, numpy, warnings
    warnings.simplefilter("always")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
        model.compile("sgd", "mse"{argument})
        model.fit(numpy.ones((8, 4)), numpy.ones((8, 2)), verbose=0)
        model.predict(numpy.ones((8, 4)), verbose=0)
    told = [str(w.message) for w in caught if "jit_compile" in str(w.message)]
    print(model.jit_compile, len(told), all("leave jit_compile out" in text for text in told))
"""


@pytest.mark.parametrize(
    "argument, answer", [("", "False 0 True"), (", jit_compile=True", "False 1 True"), (", jit_compile=False", "False 0 True")]
)
def test_keras_trains_without_xla(argument, answer):
    assert run(WITH_DEVICE + textwrap.dedent(FIT.format(argument=argument))).strip() == answer


def test_other_devices_keep_xla():
    code = """
        import evergpu.hook
        evergpu.hook.install()
        import keras, tensorflow as tf
        from keras.src.trainers import trainer
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
        print(trainer.model_supports_jit(model))
        model.compile("sgd", "mse", jit_compile=True)
        print(model.jit_compile)
        print(tf.function(lambda x: x, jit_compile=True)._jit_compile)
        """
    assert run(code).split() == ["True"] * 3


def test_functions_run_without_xla_and_say_so_once():
    said = run(
        WITH_DEVICE
        + textwrap.dedent(
            """
            import warnings, tensorflow as tf, keras
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                keras.ops.mean(tf.ones((4, 4), tf.float16))  # Keras asks for XLA of itself here
                print(len(caught))
                for _ in range(2):
                    double = tf.function(lambda x: 2 * x, jit_compile=True)
                    print(float(double(tf.constant(3.0))), double._jit_compile)
            print([str(w.message) for w in caught if "leave jit_compile out" in str(w.message)] != [], len(caught))
            """
        )
    )
    assert said.split() == ["0", "6.0", "None", "6.0", "None", "True", "1"]


def test_recurrent_layers_with_masks_run_in_keras_loop():
    said = run(
        WITH_DEVICE
        + textwrap.dedent(
            """
            import tensorflow as tf, keras
            rnn = sys.modules["keras.src.backend.tensorflow.rnn"]
            for devices in (1, 0):
                plugin.device_count = lambda: devices
                try:
                    rnn._assert_valid_mask(tf.constant([[True, True, False]]))
                    print("taken")
                except NotImplementedError:
                    print("refused")
            """
        )
    )
    assert said.split() == ["refused", "taken"]


def test_gru_weights_are_in_the_order_of_cudnn_whatever_tensorflow_was_built_for():
    said = run(
        WITH_DEVICE
        + textwrap.dedent(
            """
            import tensorflow as tf, keras
            rnn = sys.modules["keras.src.backend.tensorflow.rnn"]

            def order(count):
                gates = [tf.constant([float(i)]) for i in range(count)]
                joined = rnn._standardize_cudnn_weights(gates, gates, [-1])
                return "".join(str(int(gate)) for gate in joined)

            for cuda, devices in ((False, 1), (True, 1), (False, 0)):
                plugin.device_count = lambda: devices
                tf.sysconfig.get_build_info = lambda: {"is_cuda_build": cuda}
                print(order(6), order(8))
            """
        )
    )
    assert said.split() == ["102435" * 2, "01234567" * 2, *["012345" * 2, "01234567" * 2] * 2]


def test_keras_does_not_swallow_an_interrupt_while_it_waits_for_the_loss():
    said = run(
        WITH_DEVICE
        + textwrap.dedent(
            """
            import keras
            from keras.src.utils import python_utils

            class Loss:
                def numpy(self):
                    raise KeyboardInterrupt

                __float__ = numpy

            for devices in (1, 0):
                plugin.device_count = lambda: devices
                try:
                    python_utils.pythonify_logs({"accuracy": 0.5, "loss": Loss()})
                    print("swallowed")
                except KeyboardInterrupt:
                    print("interrupted")
            """
        )
    )
    assert said.split() == ["interrupted", "swallowed"]


def test_a_library_that_does_not_load_leaves_tensorflow_working(tmp_path):
    folder = tmp_path / "site-packages" / "tensorflow-plugins"
    folder.mkdir(parents=True)
    (folder / "libevergpu_tensorflow.so").write_bytes(b"not a library")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import evergpu.hook; evergpu.hook.install(); import tensorflow as tf; "
            "from tensorflow.python.framework import load_library as l; "
            f"[f({str(folder)!r}) for f in (l.load_library, l.load_pluggable_device_library)]; "
            "print(float(tf.reduce_sum(tf.ones(3))))",
        ],
        # No other build of the library: that one would take this one's place.
        env=dict(
            os.environ,
            PYTHONPATH=str(ROOT / "python"),
            EVERGPU_ADAPTER="off",
            TF_PLUGGABLE_DEVICE_LIBRARY_PATH="",
        ),
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "3.0", done.stderr
    assert done.stderr.count("evergpu: no device: the library did not load") == 1


@pytest.mark.plugin
def test_memory_figures_are_evergpus():
    tf.config.experimental.reset_memory_stats("GPU:0")
    before = tf.config.experimental.get_memory_info("GPU:0")
    with tf.device("/GPU:0"):
        held = tf.random.stateless_uniform((1 << 20,), (1, 2))
        total = float(tf.reduce_sum(held))
    during = tf.config.experimental.get_memory_info("GPU:0")
    assert 0 < total < 1 << 20
    assert during["current"] >= before["current"] + (4 << 20)
    assert during["peak"] >= during["current"]
    del held
    tf.config.experimental.reset_memory_stats("GPU:0")
    after = tf.config.experimental.get_memory_info("GPU:0")
    assert after["peak"] <= during["peak"] - (4 << 20)
    with pytest.raises(ValueError):
        tf.config.experimental.get_memory_info("GPU:77")
