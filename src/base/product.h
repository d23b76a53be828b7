// What this version of evergpu needs and brings: the facts that the plug-in, the command and the
// guides all state.
#pragma once

#include <string_view>

namespace evergpu::product {

/// The TensorFlow it is built for and tested with, as pip takes it.
inline constexpr std::string_view tensorflow_requirement = "tensorflow-cpu==2.22.0rc0";
/// The versions it accepts: all that begin so.
inline constexpr std::string_view tensorflow_series = "2.22.";
/// The Pythons that this TensorFlow has wheels for: 3.10 to 3.13.
inline constexpr int oldest_python_minor = 10;
inline constexpr int newest_python_minor = 13;
/// The wheel's manylinux tag asks for this glibc.
inline constexpr std::string_view oldest_glibc = "2.35";
/// Whether an adapter for GPUs is built in. Without one, evergpu trains on the CPU.
inline constexpr bool has_gpu_adapter = false;
/// Whether there is a wheel for Windows itself.
inline constexpr bool has_windows_wheel = false;

}  // namespace evergpu::product
