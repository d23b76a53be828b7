# The host adapter's inner loops: compiled once for each instruction set, for the compiler to
# vectorise. No result depends on these options. Sanitized loops are slow anyhow, so they do
# without -O3.
set(vector_options -fno-math-errno -fno-trapping-math -Wno-psabi)
if(NOT EVERGPU_SANITIZE)
  list(PREPEND vector_options -O3)
endif()
file(GLOB vector_loops CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/adapters/host/*_vector.cc
                                         ${CMAKE_SOURCE_DIR}/src/adapters/host/*_kernels.cc)
set_source_files_properties(${vector_loops} PROPERTIES
  COMPILE_OPTIONS "${vector_options}"
  COMPILE_DEFINITIONS HWY_DISABLED_TARGETS=HWY_SSSE3)
