"""Start-up hook: makes unchanged TensorFlow and Keras scripts work on an evergpu device.

`evergpu.pth` calls `install` at every start of Python, so this file imports nothing that Python has
not imported already, and does nothing but note which modules to adjust once somebody imports them:
each function in `ADJUSTMENTS` gets the freshly imported module, and lives in `adjust.py`.
"""

import sys

ADJUSTMENTS = {
    "tensorflow.python.framework.load_library": "loading_of_plugins",
    "tensorflow.python.eager.context": "device_queries",
    "tensorflow.python.eager.polymorphic_function.polymorphic_function": "compiled_functions",
    "keras.src.trainers.trainer": "keras_compilation",
    "keras.src.backend.tensorflow.rnn": "keras_recurrent_layers",
    "keras.src.utils.python_utils": "keras_interrupts",
}


class AdjustingLoader:
    """A module's own loader, and then one adjustment of the loaded module."""

    def __init__(self, loader, adjustment):
        self.loader = loader
        self.adjustment = adjustment

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader  # we leave no other trace
        self.loader.exec_module(module)
        from evergpu import adjust

        adjust.apply(self.adjustment, module)


class AdjustingFinder:
    """Finds the modules of `ADJUSTMENTS` as the other finders do, and gives them our loader."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        adjustment = ADJUSTMENTS.get(name)
        if adjustment is None:
            return None
        for finder in sys.meta_path:
            if finder is AdjustingFinder or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = AdjustingLoader(spec.loader, adjustment)
                return spec
        return None


def install():
    """Puts our finder first; a second call changes nothing."""
    if AdjustingFinder not in sys.meta_path:
        sys.meta_path.insert(0, AdjustingFinder)
