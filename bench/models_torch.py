"""The models of models.py, written as PyTorch's users would. They end in logits, which is what
PyTorch's cross entropy takes, and images have their channels first. Convolutions before batch
normalization have no bias; those of Keras's ResNet50 have one."""

import torch
from torch import nn
from torch.nn import functional

from cases import VOCABULARY


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 10),
    )


def convnet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10),
    )


def normalized_conv(inputs, outputs, size, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


def pooled_classifier(channels):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = normalized_conv(inputs, outputs, 3, stride)
        self.second = normalized_conv(outputs, outputs, 3)
        self.shortcut = (nn.Identity() if stride == 1
                         else nn.Conv2d(inputs, outputs, 1, stride, bias=False))

    def forward(self, x):
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(self.shortcut(x) + y)


def resnet20():
    blocks, inputs = [], 16
    for stage in range(3):
        for block in range(3):
            outputs = 16 << stage
            blocks.append(BasicBlock(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(normalized_conv(3, 16, 3), nn.ReLU(), *blocks, pooled_classifier(64))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.classifier = nn.Linear(128, 10)

    def forward(self, tokens):
        _, (state, _) = self.lstm(self.embedding(tokens))
        return self.classifier(state[-1])


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 128)
        self.positions = nn.Parameter(0.02 * torch.randn(128, 128))
        block = nn.TransformerEncoderLayer(128, 4, 512, dropout=0, activation="gelu",
                                           batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, 2, nn.LayerNorm(128), enable_nested_tensor=False)
        self.classifier = nn.Linear(128, 10)

    def forward(self, tokens):
        x = self.blocks(self.embedding(tokens) + self.positions)
        return self.classifier(x.mean(1))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        expand = [normalized_conv(inputs, hidden, 1), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand,
            normalized_conv(hidden, hidden, 3, stride, groups=hidden), nn.ReLU6(),
            normalized_conv(hidden, outputs, 1),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.residual else y


def mobilenetv2():
    """Sandler et al., 2018, table 2."""
    layers, inputs = [normalized_conv(3, 32, 3, 2), nn.ReLU6()], 32
    for expansion, outputs, repeats, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                                (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                                (6, 320, 1, 1)):
        for _ in range(repeats):
            layers.append(InvertedResidual(inputs, outputs, stride, expansion))
            inputs, stride = outputs, 1
    return nn.Sequential(*layers, normalized_conv(320, 1280, 1), nn.ReLU6(),
                         pooled_classifier(1280))


class Bottleneck(nn.Module):
    """With its stride in the first convolution, as in He et al., 2015, and in Keras."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.layers = nn.Sequential(
            normalized_conv(inputs, width, 1, stride), nn.ReLU(),
            normalized_conv(width, width, 3), nn.ReLU(),
            normalized_conv(width, 4 * width, 1),
        )
        self.shortcut = (nn.Identity() if inputs == 4 * width
                         else normalized_conv(inputs, 4 * width, 1, stride))

    def forward(self, x):
        return functional.relu(self.shortcut(x) + self.layers(x))


def resnet50():
    layers, inputs = [normalized_conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for width, repeats, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for _ in range(repeats):
            layers.append(Bottleneck(inputs, width, stride))
            inputs, stride = 4 * width, 1
    return nn.Sequential(*layers, pooled_classifier(2048))


MODELS = {"mlp": mlp, "convnet": convnet, "resnet20": resnet20, "lstm": Lstm,
          "transformer": Transformer, "mobilenetv2": mobilenetv2, "resnet50": resnet50}
