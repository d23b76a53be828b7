"""Three epochs on a Vulkan device lose what they lose on the host's, and two drivers give the same bits."""

import numpy as np
import pytest

from support import models, process
from support.device import LAVAPIPE

RECENT = process.REPOSITORY / ".cache" / "mesa" / "lvp_icd.json"  # of scripts/fetch_mesa
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


TWO = """
from support import training
assert len(tf.config.list_physical_devices("GPU")) == 2
results = []
for number in range(2):
    with tf.device(f"/GPU:{number}"):
        results.append(training.two_steps("{model}"))
report(results)
"""


@pytest.mark.skipif(not RECENT.exists(), reason="scripts/fetch_mesa has not run")
@pytest.mark.parametrize("model", ("mlp", "convnet", "autoencoder"))
def test_two_drivers_in_one_process_agree(model):
    """Two steps on Mesa of Debian's backports and on Debian's own: the same bits."""
    drivers = f"{RECENT}:{LAVAPIPE}"
    child = process.run(TWO.replace("{model}", model),
                        {"EVERGPU_ADAPTER": "vulkan:0,1", "VK_DRIVER_FILES": drivers}, timeout=400)
    recent, old = child.result
    assert recent == old


TRAIN = """
from support import training
with tf.device(DEVICE):
    losses, digest = training.two_steps("{model}")
report([losses, digest, device.statistics().get("fallbacks", 0)])
"""


@pytest.mark.parametrize("model", ("mlp", "convnet"))
def test_loops_after_contractions_change_no_bit(model):
    """With a GPU's tiles, where loops run in the kernels of the contractions that they read."""
    environment = {"EVERGPU_ADAPTER": "vulkan", "EVERGPU_VULKAN_TILES": "gpu"}
    results = [process.run(TRAIN.replace("{model}", model), {**environment, "EVERGPU_EAGER": eager},
                           timeout=400).result for eager in ("0", "1")]
    assert results[0] == results[1] and results[0][2] == 0
