"""Matrix products."""

from support import reference
from support.case import Call, case

SIZES = ((1, 1, 1), (3, 5, 2), (1, 7, 4), (13, 1, 17), (33, 65, 31), (0, 3, 2), (3, 0, 2))


@case("MatMul", ulps=64, scale="max")
def matmul(c):
    for m, k, n in SIZES:
        for transpose_a in (False, True):
            for transpose_b in (False, True):
                yield Call(a=c.array((k, m) if transpose_a else (m, k)),
                           b=c.array((n, k) if transpose_b else (k, n)),
                           transpose_a=transpose_a, transpose_b=transpose_b)


@case("BatchMatMul", "BatchMatMulV2", ulps=64, scale="max")
def batch_matmul(c):
    batches = (((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((0,), (0,)))
    if c.op != "BatchMatMul":
        batches += (((3,), ()), ((), (3,)), ((2, 3), (1, 1)), ((2, 1), (1, 4)), ((1, 2, 1, 2), (3, 1, 2, 2)))
    for left, right in batches:
        for m, k, n in ((3, 5, 2), (1, 7, 4), (17, 9, 11)):
            for adjoint_x, adjoint_y in ((False, False), (True, False), (False, True), (True, True)):
                yield Call(x=c.array((*left, k, m) if adjoint_x else (*left, m, k)),
                           y=c.array((*right, n, k) if adjoint_y else (*right, k, n)),
                           adj_x=adjoint_x, adj_y=adjoint_y)


@case("BatchMatMulV3", ulps=64, scale="max", gradient=False, reference=reference.mixed_matmul)
def mixed_matmul(c):
    for left, right in (((), ()), ((2, 1), (1, 4))):
        for adjoint_x, adjoint_y in ((False, False), (True, True)):
            yield Call(x=c.array((*left, 5, 3) if adjoint_x else (*left, 3, 5), "Ta"),
                       y=c.array((*right, 2, 5) if adjoint_y else (*right, 5, 2), "Tb"),
                       adj_x=adjoint_x, adj_y=adjoint_y, Tout=c.tf_dtype("Tout"))


@case("Einsum", ulps=64, scale="max")
def einsum(c):
    for equation, *shapes in (("ij,jk->ik", (3, 5), (5, 2)), ("abc,cde->abde", (2, 3, 4), (4, 2, 3)),
                              ("aecd,abcd->acbe", (2, 3, 2, 4), (2, 5, 2, 4)),
                              ("acbe,aecd->abcd", (2, 2, 5, 3), (2, 3, 2, 4)),
                              ("ij->ji", (3, 4)), ("ij->i", (3, 4)),
                              ("...ij,...jk->...ik", (2, 1, 3, 4), (3, 4, 2))):
        yield Call(inputs=[c.array(shape) for shape in shapes], equation=equation)
