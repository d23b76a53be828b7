// What this version of evergpu needs and brings: the facts that the plug-in, the command and the
// guides all state.
#pragma once

#include <array>
#include <string_view>

namespace evergpu::product {

/// The TensorFlow it is built for and tested with, as pip takes it.
inline constexpr std::string_view tensorflow_requirement = "tensorflow-cpu==2.22.0rc0";
/// The versions it accepts: all that begin so.
inline constexpr std::string_view tensorflow_series = "2.22.";
/// On Windows also these: their package for Linux lacks functions that evergpu needs.
inline constexpr std::string_view tensorflow_series_on_windows = "2.19.";
constexpr bool serves_tensorflow(std::string_view version, bool on_windows) {
  return version.starts_with(tensorflow_series) ||
         (on_windows && version.starts_with(tensorflow_series_on_windows));
}
/// The Pythons that this TensorFlow has wheels for: 3.10 to 3.13.
inline constexpr int oldest_python_minor = 10;
inline constexpr int newest_python_minor = 13;
/// The wheel's manylinux tag asks for this glibc.
inline constexpr std::string_view oldest_glibc = "2.35";

/// A kind of GPU that evergpu computes on, and how that was verified.
struct GpuSupport {
  enum class Verified : unsigned char { on_hardware, in_simulation };
  std::string_view adapter;  // as in EVERGPU_ADAPTER
  std::string_view vendor;   // "amd", "intel", "nvidia"
  std::string_view system;   // "linux", "wsl", "windows"
  Verified verified;
};
/// All of them; none yet, so evergpu trains on the CPU. When an adapter for GPUs is built in, its
/// rows here are what the doctor, `evergpu devices`, the guide and its pages go by.
inline constexpr std::array<GpuSupport, 0> gpu_support = {};
inline constexpr bool has_gpu_adapter = !gpu_support.empty();
/// An adapter for GPUs that has run on a software driver only: used where EVERGPU_ADAPTER asks for
/// it, and promised to nobody.
inline constexpr std::string_view trial_adapter = "vulkan";

}  // namespace evergpu::product
