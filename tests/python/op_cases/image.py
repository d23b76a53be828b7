"""Resizing and warping images, and cutting patches out of them."""

import itertools

import numpy as np

from support.case import FLOATS, Call, case

# images, size
RESIZES = (((1, 4, 5, 3), (8, 10)), ((2, 7, 6, 1), (3, 4)), ((1, 5, 5, 2), (5, 5)),
           ((1, 1, 1, 2), (4, 3)), ((2, 6, 8, 3), (1, 1)))
# TensorFlow's Python gradients of the others are silently None for the halves.
GRADIENT_TYPES = FLOATS[2:]
MODES = ((False, False), (True, False), (False, True))


@case("ResizeBilinear", "ResizeNearestNeighbor", ulps=32, scale=2)
def resize(c):
    for shape, size in RESIZES:
        for align, half in MODES:
            yield Call(images=c.array(shape), size=np.array(size, np.int32), align_corners=align,
                       half_pixel_centers=half).options(gradient=c["T"] in GRADIENT_TYPES)


@case("ResizeBilinearGrad", ulps=64, scale="max", gradient=False)
def resize_gradient(c):
    for shape, size in RESIZES:
        for align, half in MODES:
            yield Call(grads=c.array((shape[0], *size, shape[3]), np.float32),
                       original_image=c.array(shape), align_corners=align, half_pixel_centers=half)


@case("ResizeNearestNeighborGrad", ulps=64, scale="max", gradient=False)
def nearest_gradient(c):
    for shape, size in RESIZES:
        for align, half in MODES:
            yield Call(grads=c.array((shape[0], *size, shape[3])),
                       size=np.array(shape[1:3], np.int32), align_corners=align,
                       half_pixel_centers=half)


@case("ImageProjectiveTransformV2", "ImageProjectiveTransformV3", ulps=64, scale=2, gradient=False)
def projective(c):
    angle = 0.3
    rotation = [np.cos(angle), -np.sin(angle), 1.5, np.sin(angle), np.cos(angle), -0.5, 0, 0]
    transforms = np.array([rotation, [1, 0, 2, 0, 1, -1, 0, 0]], np.float32)
    modes = ("CONSTANT", "REFLECT", "WRAP", "NEAREST")
    for mode in modes[:3] if c.op.endswith("V2") else modes:
        for interpolation in ("BILINEAR", "NEAREST"):
            extra = {"fill_value": np.array(0.5, np.float32)} if c.op.endswith("V3") else {}
            yield Call(images=c.array((2, 6, 7, 3), "dtype"), transforms=transforms,
                       output_shape=np.array((5, 8), np.int32), fill_mode=mode,
                       interpolation=interpolation, **extra)


@case("AdjustContrastv2", "AdjustHue", "AdjustSaturation", ulps=128, scale=1, gradient=False)
def adjust(c):
    extra = {"AdjustContrastv2": {"contrast_factor": np.array(1.4, np.float32)},
             "AdjustHue": {"delta": np.array(0.2, np.float32)},
             "AdjustSaturation": {"scale": np.array(0.6, np.float32)}}[c.op]
    yield Call(images=c.array((2, 4, 5, 3), low=0.05, high=0.95), **extra)


@case("RGBToHSV", "HSVToRGB", ulps=64, scale=1, gradient=False)
def colours(c):
    yield Call(images=c.array((2, 4, 5, 3), low=0.05, high=0.95))


@case("CropAndResize", ulps=64, scale=2, gradient=False)
def crop(c):
    boxes = np.array([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [0.5, 0.5, 1.2, 1.1]], np.float32)
    for method in ("bilinear", "nearest"):
        yield Call(image=c.array((2, 6, 7, 3)), boxes=boxes, box_ind=np.array([0, 1, 1], np.int32),
                   crop_size=np.array((4, 5), np.int32), method=method, extrapolation_value=0.25)


@case("CropAndResizeGradBoxes", ulps=128, scale="max", gradient=False)
def crop_box_gradient(c):
    boxes = np.array([[0.05, 0.05, 0.9, 0.95], [0.1, 0.2, 0.7, 0.9]], np.float32)
    yield Call(grads=c.array((2, 4, 5, 3), np.float32), image=c.array((2, 6, 7, 3)), boxes=boxes,
               box_ind=np.array([1, 0], np.int32))


@case("CropAndResizeGradImage", ulps=64, scale="max", gradient=False)
def crop_image_gradient(c):
    boxes = np.array([[0.05, 0.05, 0.9, 0.95], [0.5, 0.2, 1.2, 0.9]], np.float32)
    for method in ("bilinear", "nearest"):
        yield Call(grads=c.array((2, 4, 5, 3), np.float32), boxes=boxes, method=method,
                   box_ind=np.array([1, 0], np.int32), T=c.tf_dtype("T"),
                   image_size=np.array((2, 6, 7, 3), np.int32))


# window, strides, rates
PATCHES = (((2, 2), (1, 1), (1, 1)), ((3, 2), (2, 1), (1, 1)), ((2, 3), (1, 2), (2, 1)))


@case("ExtractImagePatches", exact=True, widen=False, gradient=False)
def image_patches(c):
    for (window, strides, rates), padding in itertools.product(PATCHES, ("SAME", "VALID")):
        yield Call(images=c.array((2, 7, 8, 3)), ksizes=[1, *window, 1], strides=[1, *strides, 1],
                   rates=[1, *rates, 1], padding=padding)


@case("ExtractVolumePatches", exact=True, widen=False, gradient=False)
def volume_patches(c):
    for (window, strides, _), padding in itertools.product(PATCHES, ("SAME", "VALID")):
        yield Call(input=c.array((2, 5, 6, 4, 2)), ksizes=[1, *window, 2, 1],
                   strides=[1, *strides, 1, 1], padding=padding)
