// How the functions that TensorFlow (and the Python package) look up in our library are exported.
#pragma once

#ifdef _WIN32
#define EVERGPU_EXPORT extern "C" __declspec(dllexport)
#else
#define EVERGPU_EXPORT extern "C" __attribute__((visibility("default")))
#endif
