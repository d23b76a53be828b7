// What the loops that the compiler shall vectorise begin with.
#pragma once

/// Before a loop: no iteration depends on another one's stores. (Operands may be the result's own
/// bytes, element for element.)
#ifdef __clang__
#define EVERGPU_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define EVERGPU_VECTOR_LOOP _Pragma("GCC ivdep")
#endif
