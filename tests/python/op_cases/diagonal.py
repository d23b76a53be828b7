"""Diagonals of matrices."""

import numpy as np

from support.case import Call, case


@case("MatrixDiagV3", "MatrixDiagV2", exact=True)
def matrix_diag(c):
    for shape, k in (((3,), 0), ((2, 3), 1), ((2, 3), -2)):
        yield Call(diagonal=c.array(shape), k=np.array(k, np.int32),
                   num_rows=np.array(-1, np.int32), num_cols=np.array(-1, np.int32),
                   padding_value=np.zeros((), c["T"]))
    yield Call(diagonal=c.array((3, 4)), k=np.array((-1, 1), np.int32),
               num_rows=np.array(4, np.int32), num_cols=np.array(4, np.int32),
               padding_value=c.array(())).options(gradient=False)


@case("MatrixDiagPartV3", "MatrixDiagPartV2", exact=True)
def matrix_diag_part(c):
    for shape, k in (((3, 3), 0), ((2, 3, 4), 1), ((2, 4, 3), -2)):
        yield Call(input=c.array(shape), k=np.array(k, np.int32), padding_value=np.zeros((), c["T"]))
    for align in ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"):
        extra = {"align": align} if c.op.endswith("V3") else {}
        yield Call(input=c.array((2, 3, 4)), k=np.array((-1, 2), np.int32),
                   padding_value=c.array(()), **extra).options(gradient=False)


@case("MatrixSetDiagV3", "MatrixSetDiagV2", exact=True)
def matrix_set_diag(c):
    yield Call(input=c.array((3, 4)), diagonal=c.array((3,)), k=np.array(0, np.int32))
    yield Call(input=c.array((2, 3, 3)), diagonal=c.array((2, 2)), k=np.array(-1, np.int32))


@case("MatrixDiag", exact=True)
def matrix_diag_v1(c):
    for shape in ((3,), (2, 3), (1, 2, 2)):
        yield Call(diagonal=c.array(shape))


@case("MatrixDiagPart", exact=True)
def matrix_diag_part_v1(c):
    for shape in ((3, 3), (2, 3, 4)):
        yield Call(input=c.array(shape))


@case("MatrixSetDiag", exact=True)
def matrix_set_diag_v1(c):
    for shape, diagonal in (((3, 4), (3,)), ((2, 3, 3), (2, 3))):
        yield Call(input=c.array(shape), diagonal=c.array(diagonal))


@case("MatrixBandPart", exact=True)
def matrix_band_part(c):
    for lower, upper in ((0, 0), (-1, 1), (2, -1), (1, 1)):
        yield Call(input=c.array((2, 4, 5)), num_lower=np.array(lower, np.int64),
                   num_upper=np.array(upper, np.int64))


@case("Diag", exact=True)
def diag(c):
    for shape in ((3,), (2, 3)):
        yield Call(diagonal=c.array(shape))


@case("DiagPart", exact=True)
def diag_part(c):
    for shape in ((3, 3), (2, 3, 2, 3)):
        yield Call(input=c.array(shape))
