// The library's kernels as SPIR-V, compiled from kernels/*.comp when evergpu is built.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace evergpu::adapters::vulkan {

/// The module of a file and a variant of kernels/variants.txt, "matmul_f32"; empty if there is
/// none.
std::span<const std::uint32_t> kernel_words(std::string_view name);

}  // namespace evergpu::adapters::vulkan
