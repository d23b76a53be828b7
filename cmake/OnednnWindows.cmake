# oneDNN on Windows: the DLL that Microsoft's compiler made (package onednn-cpu-vcomp), called through
# its C functions, over which its C++ header is inline code. Its folder is none that Windows searches,
# so it is not linked with: a function that is declared as imported is called through a pointer, which
# src/adapters/host/onednn_windows.cc defines and fills. The functions' names come from the headers.
find_path(ONEDNN_INCLUDE oneapi/dnnl/dnnl.hpp REQUIRED NO_CMAKE_FIND_ROOT_PATH HINTS ${EVERGPU_ONEDNN_ROOT}/include)
set(functions "")
foreach(header dnnl dnnl_common)
  file(STRINGS ${ONEDNN_INCLUDE}/oneapi/dnnl/${header}.h declarations REGEX "DNNL_API dnnl_")
  foreach(declaration IN LISTS declarations)
    string(REGEX REPLACE ".*DNNL_API (dnnl_[a-z0-9_]+).*" "EVERGPU_ONEDNN_FUNCTION(\\1)\n" function "${declaration}")
    string(APPEND functions "${function}")
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/onednn/onednn_functions.inc CONTENT "${functions}" @ONLY)
target_include_directories(onednn SYSTEM INTERFACE ${ONEDNN_INCLUDE} ${CMAKE_BINARY_DIR}/onednn)
target_compile_definitions(onednn INTERFACE DNNL_DLL)
