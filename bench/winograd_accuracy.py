"""How far 3x3 convolutions in f32 are from f64's sums: the direct method and Winograd's, with NumPy.

    .venv/bin/python bench/winograd_accuracy.py

F(2x2, 3x3) is what evergpu uses; F(4x4, 3x3) multiplies less (Lavin and Gray, arXiv 1509.09308). Each sum's terms
are added one after the other in f32. Distances are relative to the root of the results' mean square.
"""

import numpy

SIZE, OUT = 12, 16  # pixels along an edge of the result, its channels
TRANSFORMS = {  # of the input, the filter and the result, by the pixels along an edge of a tile of the result
    2: ([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
        [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
        [[1, 1, 1, 0], [0, 1, -1, -1]]),
    4: ([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
         [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]],
        [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
         [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]],
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]),
}


def direct(image, taps, dtype):
    result = numpy.zeros((SIZE, SIZE, OUT), dtype)
    for i, j, channel in numpy.ndindex(taps.shape[:3]):
        result += image[i:i + SIZE, j:j + SIZE, channel, None].astype(dtype) * taps[i, j, channel].astype(dtype)
    return result


def both_ways(matrix, array):
    return numpy.einsum("ai,bj,ijk->abk", matrix, matrix, array, optimize=["einsum_path", (0, 2), (0, 1)])


def winograd(image, taps, edge):
    of_input, of_filter, of_result = (numpy.array(matrix, numpy.float32) for matrix in TRANSFORMS[edge])
    channels = taps.shape[2]
    filters = both_ways(of_filter, taps.reshape(3, 3, -1)).reshape(edge + 2, edge + 2, channels, OUT)
    result = numpy.zeros((SIZE, SIZE, OUT), numpy.float32)
    for y, x in numpy.ndindex(SIZE // edge, SIZE // edge):
        y, x = y * edge, x * edge
        tile = both_ways(of_input, image[y:y + edge + 2, x:x + edge + 2])
        products = numpy.zeros((edge + 2, edge + 2, OUT), numpy.float32)
        for channel in range(channels):
            products += tile[:, :, channel, None] * filters[:, :, channel]
        result[y:y + edge, x:x + edge] = both_ways(of_result, products)
    return result


def main():
    random = numpy.random.default_rng(0)
    print("input     channels    direct: rms, worst    F(2x2, 3x3)           F(4x4, 3x3)")
    for name, of_input in (("normal", lambda x: x), ("rectified", lambda x: numpy.maximum(x, 0))):
        for channels in (64, 128, 256, 512):
            image = of_input(random.standard_normal((SIZE + 2, SIZE + 2, channels), numpy.float32))
            taps = random.standard_normal((3, 3, channels, OUT), numpy.float32)
            exact = direct(image, taps, numpy.float64)
            scale = numpy.sqrt(numpy.mean(exact**2))
            text = f"{name:<10}{channels:8}"
            for result in (direct(image, taps, numpy.float32), winograd(image, taps, 2), winograd(image, taps, 4)):
                away = (result - exact) / scale
                text += f"    {numpy.sqrt(numpy.mean(away**2)):.2e}, {numpy.abs(away).max():.2e}"
            print(text)


if __name__ == "__main__":
    main()
