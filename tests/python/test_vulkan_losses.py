"""Three epochs on a Vulkan device lose what they lose on the host's."""

import pathlib

import numpy as np
import pytest

from support import models, process

LAVAPIPE = pathlib.Path("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json")
pytestmark = [pytest.mark.plugin, pytest.mark.full,
              pytest.mark.skipif(not LAVAPIPE.exists(), reason="Mesa's lavapipe is not installed")]

FIT = """
from support import training
with tf.device(DEVICE):
    losses = training.fit("{model}")["losses"]
report([losses, device.statistics().get("fallbacks", 0)])
"""


@pytest.mark.parametrize("model", list(models.BUILDERS))
def test_losses(model):
    """|loss on Vulkan - loss on the host| <= 1e-4 * max(1, |loss|), at every step."""
    found = {}
    for adapter in ("host", "vulkan"):
        child = process.run(FIT.replace("{model}", model), {"EVERGPU_ADAPTER": adapter}, timeout=400)
        found[adapter], fallbacks = child.result
        assert fallbacks == 0
    host, vulkan = np.array(found["host"]), np.array(found["vulkan"])
    assert len(host) == 9
    np.testing.assert_array_less(np.abs(vulkan - host), 1e-4 * np.maximum(1, np.abs(host)))
