"""What changes in TensorFlow and Keras when evergpu's device is the GPU. Every other device, and
every process without our device, keeps TensorFlow's own behaviour.

Each function here takes the module that `hook.ADJUSTMENTS` names, right after its import. The
modules are private, so `tests/python/test_hook.py` holds them to the installed versions.
"""

import functools
import os
import re
import sys
import warnings

from evergpu import plugin


def apply(adjustment, module):
    """Runs one adjustment. A module that is not what we know is left as it is, with a warning."""
    try:
        globals()[adjustment](module)
    except Exception as error:  # whatever a future version changes, importing it must succeed
        warnings.warn(
            f"evergpu does not know this version of {module.__name__} ({error!r}); "
            f"{docs_of(adjustment)} may not work"
        )


def docs_of(adjustment):
    """An adjustment's name in words."""
    return adjustment.replace("_", " ")


def loading_of_plugins(module):
    """TensorFlow loads every library in the plug-in folders, and `import tensorflow` dies with the
    one that fails. Where ours cannot be loaded, say so and let TensorFlow go on. (Whether this
    TensorFlow is one that we can serve, the library decides: src/tensorflow/environment.cc.)"""
    for name in ("load_library", "load_pluggable_device_library"):
        setattr(module, name, _load_with_care(getattr(module, name)))


def _load_with_care(load):
    @functools.wraps(load)
    def load_with_care(library_location):
        if os.path.isdir(library_location):
            ours = os.path.join(library_location, plugin.LIBRARY)
        else:
            ours = library_location
        if os.path.basename(ours) != plugin.LIBRARY or not os.path.isfile(ours):
            return load(library_location)
        if _superseded(ours):
            return None
        try:
            load(library_location)
        except Exception as error:
            # Another maker's library in this folder may be the culprit: that is not ours to hide.
            if plugin.LIBRARY not in str(error) and "dnnl" not in str(error):
                raise
            _say_once(f"no device: the library did not load ({error}). TensorFlow goes on without.")
            return None
        plugin.note_loaded(ours)
        return None

    return load_with_care


@functools.cache
def _say_once(text):
    print(f"evergpu: {text}", file=sys.stderr, flush=True)


def _superseded(library):
    """Whether a developer names another build of our library: TensorFlow aborts at loading two."""
    chosen = os.environ.get("TF_PLUGGABLE_DEVICE_LIBRARY_PATH", "")
    return (
        os.path.basename(chosen) == plugin.LIBRARY
        and os.path.isfile(chosen)
        and not os.path.samefile(chosen, library)
    )


def device_queries(module):
    """TensorFlow answers zeros for the memory of a device that manages its own, and knows a device's
    name only once something has run there; evergpu knows both."""
    context = module.Context
    get_device_details = context.get_device_details

    @functools.wraps(get_device_details)
    def get_device_details_of_any(self, device):
        if device.device_type != "GPU" or plugin.device_count() == 0:
            return get_device_details(self, device)
        index = int(device.name.rsplit(":", 1)[1])
        return {"device_name": plugin.describe("devices")[index]["name"]}

    context.get_device_details = get_device_details_of_any
    get_memory_info, reset_memory_stats = context.get_memory_info, context.reset_memory_stats

    @functools.wraps(get_memory_info)
    def get_memory_info_of_any(self, dev):
        answer = get_memory_info(self, dev)  # also checks the name, in TensorFlow's own words
        index = _our_device(self, dev)
        ours = {} if index is None else plugin.describe(f"memory:{index}")
        return {**answer, **{key: ours[key] for key in ("current", "peak") if key in ours}}

    @functools.wraps(reset_memory_stats)
    def reset_memory_stats_of_any(self, dev):
        index = _our_device(self, dev)
        if index is None:
            return reset_memory_stats(self, dev)
        get_memory_info(self, dev)
        plugin.describe(f"reset_memory:{index}")
        return None

    context.get_memory_info = get_memory_info_of_any
    context.reset_memory_stats = reset_memory_stats_of_any


def _our_device(context, name):
    """The number among evergpu's devices of what TensorFlow calls `name`, such as "GPU:0" or
    "/device:GPU:0"; None when it is not ours. Hidden devices shift TensorFlow's numbers."""
    found = re.fullmatch(r"(?:.*[/:])?GPU:(\d+)", name, re.IGNORECASE)
    if found is None or plugin.device_count() == 0:
        return None
    visible = context.get_visible_devices("GPU")
    position = int(found.group(1))
    if position >= len(visible):
        return None
    return int(visible[position].name.rsplit(":", 1)[1])


_XLA_ADVICE = (
    "jit_compile=True asks for XLA, which cannot compile for evergpu's device; going on without it. "
    "evergpu compiles by itself: leave jit_compile out."
)


@functools.cache
def _warn_of_xla():
    warnings.warn(_XLA_ADVICE, stacklevel=4)


def compiled_functions(module):
    """`tf.function(jit_compile=True)` runs without XLA. Keras uses it within some of its operations
    to avoid gaps of TensorFlow's CPU kernels; only a user's own function is worth a warning."""

    def jit_compile(self):
        wanted = self.__dict__.get("_jit_compile")
        if not wanted or plugin.device_count() == 0:
            return wanted
        if not (getattr(self._python_function, "__module__", None) or "").startswith("keras."):
            _warn_of_xla()
        return None

    def set_jit_compile(self, value):
        self.__dict__["_jit_compile"] = value

    module.Function._jit_compile = property(jit_compile, set_jit_compile)


def keras_compilation(module):
    """Keras turns XLA on (`jit_compile="auto"`) wherever there is a device that is not a CPU."""
    model_supports_jit = module.model_supports_jit

    @functools.wraps(model_supports_jit)
    def model_supports_jit_here(model):
        return plugin.device_count() == 0 and model_supports_jit(model)

    module.model_supports_jit = model_supports_jit_here

    trainer = module.BaseTrainer if hasattr(module, "BaseTrainer") else module.Trainer
    wanted = trainer.jit_compile

    def set_jit_compile(self, value):
        if value and plugin.device_count() > 0:
            _warn_of_xla()
            value = False
        wanted.fset(self, value)

    trainer.jit_compile = property(wanted.fget, set_jit_compile, doc=wanted.__doc__)


def keras_recurrent_layers(module):
    """LSTM and GRU take cuDNN's ops wherever there is a GPU, and our device has them. Two things
    stand in the way of unchanged models: a mask that is no plain padding at the end would be an
    error, and the order of GRU's gates follows how TensorFlow was built."""
    assert_valid_mask = module._assert_valid_mask

    @functools.wraps(assert_valid_mask)
    def take_any_mask(mask):
        if plugin.device_count() > 0:
            raise NotImplementedError  # Keras then runs its own loop
        assert_valid_mask(mask)

    module._assert_valid_mask = take_any_mask

    standardize_weights = module._standardize_cudnn_weights

    @functools.wraps(standardize_weights)
    def standardize_weights_here(weights, biases, shape, transpose_weights=False):
        is_gru = len(weights) == 6
        if is_gru and plugin.device_count() > 0 and not _built_for_cuda(module.tf):
            weights, biases = _reset_gate_first(weights), _reset_gate_first(biases)
        return standardize_weights(weights, biases, shape, transpose_weights)

    module._standardize_cudnn_weights = standardize_weights_here


def _built_for_cuda(tensorflow):
    return tensorflow.sysconfig.get_build_info()["is_cuda_build"]


def _reset_gate_first(gates):
    """Keras's order is update, reset, new state; cuDNN's is reset, update, new state."""
    return [gates[i] for i in (1, 0, 2, 4, 3, 5)]


def keras_interrupts(module):
    """After each step Keras reads the loss in a `try` whose bare `except` also swallows Ctrl-C. On
    our device that read is where a step is waited for, so nearly every Ctrl-C would be lost."""
    pythonify_logs = module.pythonify_logs

    @functools.wraps(pythonify_logs)
    def pythonify_interruptible_logs(logs):
        if plugin.device_count() > 0:
            for value in (logs or {}).values():
                _wait_for(value)
        return pythonify_logs(logs)

    module.pythonify_logs = pythonify_interruptible_logs


def _wait_for(value):
    """Waits until a tensor's bytes are there. Its error, if it has one, is for others to report."""
    read = getattr(value, "numpy", None)
    if read is None:
        return
    try:
        read()
    except Exception:
        pass
