"""Factorisations of small matrices."""

from support.case import Call, case


# Its gradient is made of ops that stay on the CPU.
@case("Qr", ulps=256, scale="max", gradient=False)
def qr(c):
    for shape in ((1, 1), (3, 3), (7, 4), (4, 7), (2, 3, 5, 3), (0, 3), (2, 0, 3, 2), (33, 33)):
        for full in (False, True):
            yield Call(input=c.array(shape), full_matrices=full)
