"""Programs that run every kernel which TensorFlow itself brings for a device it does not know
(device type DEFAULT, and those of type GPU that need no CUDA). Device addresses are protected, so a
kernel that touches tensor data on the host is a crash."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    if _module.name != "__main__":
        importlib.import_module(f"{__name__}.{_module.name}")
