"""An estimate, no measurement: how many bytes the tiles for GPUs ask of memory for a model's
convolutions, where no cache has any of them.

    python bench/tile_reads.py [--model resnet50]

A tile reads its rows of one operand and its columns of the other once; what padding stands for is read
too. Convolutions with fewer than four channels in a group, which have no tiles, are left out."""

import argparse
import math

import keras

from cases import CASES
from models import MODELS

ROWS, COLUMNS = 64, 64  # of gpu_shared_tile in src/adapters/vulkan/tiles.cc
FEWEST_COLUMNS = 4  # as in convolution.cc there
BYTES = 4  # of f32


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=tuple(CASES), default="resnet50")
    name = parser.parse_args().model
    total = {}
    for layer in MODELS[name]().layers:
        if isinstance(layer, keras.layers.Conv2D):
            for direction, product in products(layer, CASES[name].batch).items():
                total.setdefault(direction, []).append(product)
    for direction, some in total.items():
        flop, asked = (sum(count(*product) for product in some) for count in (flop_of, bytes_of))
        print(f"{direction:10} {flop / 1e9:7.2f} GFLOP {asked / 1e6:8.1f} MB "
              f"{flop / asked:5.1f} operations a byte")


def products(layer, batch):
    """{direction: (rows, columns, terms of a sum)} of a convolution's matrix products."""
    positions = batch * math.prod(layer.output.shape[1:3])
    taps = math.prod(layer.kernel_size)
    channels_in, channels_out = layer.kernel.shape[2:]
    found = {"forward": (positions, channels_out, taps * channels_in),
             # An input position meets the taps that its place modulo the stride lets it meet.
             "by input": (batch * math.prod(layer.input.shape[1:3]), channels_in,
                          taps * channels_out / math.prod(layer.strides)),
             "by filter": (taps * channels_in, channels_out, positions)}
    return {direction: product for direction, product in found.items()
            if product[1] >= FEWEST_COLUMNS}


def flop_of(rows, columns, terms):
    return 2 * rows * columns * terms


def bytes_of(rows, columns, terms):
    return BYTES * terms * (rows * math.ceil(columns / COLUMNS) + columns * math.ceil(rows / ROWS))


if __name__ == "__main__":
    main()
