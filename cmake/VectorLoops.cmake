# The host adapter's inner loops: compiled once for each instruction set, for the compiler to
# vectorise. No result depends on these options.
file(GLOB vector_loops CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/adapters/host/*_vector.cc
                                         ${CMAKE_SOURCE_DIR}/src/adapters/host/*_kernels.cc)
set_source_files_properties(${vector_loops} PROPERTIES
  COMPILE_OPTIONS "-O3;-fno-math-errno;-fno-trapping-math;-Wno-psabi"
  COMPILE_DEFINITIONS HWY_DISABLED_TARGETS=HWY_SSSE3)
