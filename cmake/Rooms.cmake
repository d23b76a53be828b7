# A room of the house (docs/design.md): one static library per folder of src/, which may use the rooms
# named after USES and the libraries named after LINKS. Files named *_linux.cc and *_windows.cc are
# built on that system only.
add_library(evergpu_options INTERFACE)
target_include_directories(evergpu_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(evergpu_options INTERFACE EVERGPU_VERSION="${EVERGPU_VERSION}")
# Nothing contracts across nodes: a fused multiply-add would make bits depend on fusion.
# -Wno-restrict: GCC 12 warns wrongly inside std::string (GCC bug 105651).
target_compile_options(evergpu_options INTERFACE -Wall -Wextra -Werror -Wno-restrict -ffp-contract=off -fno-strict-aliasing)
function(evergpu_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  if(WIN32)
    list(FILTER sources EXCLUDE REGEX "_linux\\.cc$")
  else()
    list(FILTER sources EXCLUDE REGEX "_windows\\.cc$")
  endif()
  add_library(evergpu_${name} STATIC EXCLUDE_FROM_ALL ${sources})  # built for those that use it
  target_link_libraries(evergpu_${name} PUBLIC evergpu_options header_only)
  foreach(used IN LISTS ROOM_USES)
    target_link_libraries(evergpu_${name} PUBLIC evergpu_${used})
  endforeach()
  target_link_libraries(evergpu_${name} PRIVATE ${ROOM_LINKS})
endfunction()
