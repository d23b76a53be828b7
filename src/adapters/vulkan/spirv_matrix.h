// Cooperative matrices in SPIR-V. glslc of Debian 12 knows NVIDIA's extension for them
// (SPV_NV_cooperative_matrix), after which SPV_KHR_cooperative_matrix was made: the same
// instructions with other numbers, and types that say what a matrix is used as.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace evergpu::adapters::vulkan {

/// Whether a module asks for NVIDIA's cooperative matrices.
bool uses_nv_matrices(std::span<const std::uint32_t> module);

/// Such a module with SPV_KHR_cooperative_matrix in their place. Its matrices on the left of a
/// product must be of another type than those on its right, and its layouts be constants.
std::vector<std::uint32_t> with_khr_matrices(std::span<const std::uint32_t> module);

}  // namespace evergpu::adapters::vulkan
