"""Ops that fail where a value is not finite; tests/python/test_checks.py has the failures."""

from support.case import SHAPES, Call, case


@case("CheckNumerics", "CheckNumericsV2", exact=True)
def check_numerics(c):
    for shape in SHAPES:
        yield Call(tensor=c.array(shape), message="the sweep")
