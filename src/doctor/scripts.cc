// A first training for each library: fits a line through noisy points, and says on what device.
#include "doctor/routes.h"

namespace evergpu::doctor {

std::string_view keras_script() {
  return R"python(import numpy as np
from tensorflow import keras

x = np.random.default_rng(1).normal(size=(512, 4)).astype("float32")
y = x @ np.array([[1.0], [2.0], [3.0], [4.0]], dtype="float32")

model = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
history = model.fit(x, y, epochs=20, verbose=0)

print("device:", model.weights[0].value.device)
print("loss: %.3f at first, %.3f at last" % (history.history["loss"][0], history.history["loss"][-1]))
)python";
}

std::string_view pytorch_script() {
  return R"python(import torch

device = "cpu"
if torch.cuda.is_available():  # NVIDIA, and AMD with ROCm
    device = "cuda"
elif torch.xpu.is_available():  # Intel
    device = "xpu"

torch.manual_seed(1)
x = torch.randn(512, 4, device=device)
y = x @ torch.tensor([[1.0], [2.0], [3.0], [4.0]], device=device)

model = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(200):
    loss = torch.nn.functional.mse_loss(model(x), y)
    first = loss.item() if step == 0 else first
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

print("device:", device)
print("loss: %.3f at first, %.3f at last" % (first, loss.item()))
)python";
}

std::string_view jax_script() {
  return R"python(import jax
import jax.numpy as jnp

x = jax.random.normal(jax.random.key(1), (512, 4))
y = x @ jnp.array([[1.0], [2.0], [3.0], [4.0]])


def loss(weights):
    return jnp.mean((x @ weights - y) ** 2)


weights = jnp.zeros((4, 1))
first = loss(weights)
step = jax.jit(lambda w: w - 0.1 * jax.grad(loss)(w))
for _ in range(50):
    weights = step(weights)

print("device:", jax.devices()[0])
print("loss: %.3f at first, %.3f at last" % (first, loss(weights)))
)python";
}

}  // namespace evergpu::doctor
