"""The fused updates of optimizers, on resource and on reference variables, dense and sparse. Their
arguments follow from TensorFlow's op definitions."""

import numpy as np
from tensorflow.python.framework import op_def_registry

from support.case import Call, ReferenceVariable, Variable, case

DENSE = ("Adadelta", "Adagrad", "AdagradDA", "AdagradV2", "Adam", "AdaMax", "AddSign",
         "CenteredRMSProp", "Ftrl", "FtrlV2", "GradientDescent", "Momentum", "PowerSign",
         "ProximalAdagrad", "ProximalGradientDescent", "RMSProp")
RESOURCE_ONLY = ("AdamWithAmsgrad", "KerasMomentum")
SPARSE = ("Adadelta", "Adagrad", "AdagradDA", "AdagradV2", "CenteredRMSProp", "Ftrl", "FtrlV2",
          "KerasMomentum", "Momentum", "ProximalAdagrad", "ProximalGradientDescent", "RMSProp")
SPARSE_REFERENCE = ("Adagrad", "AdagradV2")
PARAMETERS = {"lr": 0.1, "alpha": 0.1, "beta": 0.9, "beta1": 0.9, "beta2": 0.99, "beta1_power": 0.9,
              "beta2_power": 0.99, "epsilon": 0.125, "rho": 0.9, "momentum": 0.5, "l1": 0.01,
              "l2": 0.02, "l2_shrinkage": 0.03, "lr_power": -0.5, "logbase": 1.5, "sign_decay": 0.9}


@case(*(f"Apply{name}" for name in DENSE), *(f"ResourceApply{name}" for name in DENSE),
      *(f"ResourceApply{name}" for name in RESOURCE_ONLY),
      *(f"ResourceSparseApply{name}" for name in SPARSE),
      *(f"SparseApply{name}" for name in SPARSE_REFERENCE), ulps=64, scale=1, gradient=False)
def update(c):
    definition = op_def_registry.get(c.op)
    flags = [a.name for a in definition.attr if a.name in ("use_nesterov", "update_slots")]
    for shape in ((7,), (5, 3), (2, 3, 4)):
        for flag in (False, True):
            arguments = {name: flag for name in flags}
            for argument in definition.input_arg:
                arguments[argument.name] = _draw(c, argument, shape)
            yield Call(**arguments)


def _draw(c, argument, shape):
    sparse = "SparseApply" in c.op
    name = argument.name
    if argument.is_ref or argument.type_attr == "" and name not in ("global_step", "indices"):
        kind = ReferenceVariable if argument.is_ref else Variable
        # Slots that a root is taken of stay positive, whatever is subtracted from them.
        low, high = {"var": (-2, 2), "mg": (0.1, 0.3), "linear": (-1, 1)}.get(name, (0.5, 1.5))
        return kind(c.array(shape, low=low, high=high))
    if name in ("grad", "delta"):
        return c.array((2, *shape[1:]) if sparse else shape)
    if name == "indices":
        return c.random.permutation(shape[0])[:2].astype(c["Tindices"])
    if name == "global_step":
        return np.array(3, np.int64)
    return np.array(PARAMETERS[name], c["T"])
