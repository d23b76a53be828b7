"""Trains one of models_torch.py: torch_worker.py MODEL POLICY eager|compile"""

import itertools
import sys

import torch
from torch.nn import functional

from cases import CASES, random_batches
from models_torch import MODELS
from worker import serve


class Training:
    def __init__(self, name, policy, how):
        torch.manual_seed(1)
        self.batches = itertools.cycle([tensors(x, y) for x, y in random_batches(CASES[name])])
        model = MODELS[name]().train()
        self.model = torch.compile(model) if how == "compile" else model
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.mixed = policy == "mixed_bfloat16"
        self.modes = {"fit": self.fit, "train_on_batch": self.train_on_batch}
        self.facts = {"version": f"PyTorch {torch.__version__}"}

    def step(self, x, y):
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.mixed):
            logits = self.model(x)
            loss = functional.cross_entropy(logits, y)
        loss.backward()
        self.optimizer.step()
        return loss.detach(), (logits.argmax(1) == y).sum()

    def fit(self, steps, mark):
        """Loss and accuracy are read once, as Keras's fit reads them at the end of an epoch."""
        totals = torch.zeros(2)
        mark()
        for x, y in itertools.islice(self.batches, steps):
            totals += torch.stack(self.step(x, y))
        totals.tolist()
        mark()

    def train_on_batch(self, steps, mark):
        mark()
        for x, y in itertools.islice(self.batches, steps):
            for value in self.step(x, y):
                value.item()
        mark()

    def counters(self):
        return {}


def tensors(x, y):
    if x.ndim == 4:
        x = x.transpose(0, 3, 1, 2).copy()
    return torch.from_numpy(x), torch.from_numpy(y)


if __name__ == "__main__":
    serve(lambda: Training(*sys.argv[1:]))
