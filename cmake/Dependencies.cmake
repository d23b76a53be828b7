# Libraries we build with. Header-only ones and Highway are found where scripts/setup put them.
find_package(Threads REQUIRED)

# Sanitizers see the libraries that are built here too.
if(EVERGPU_SANITIZE)
  add_compile_options(-fsanitize=${EVERGPU_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${EVERGPU_SANITIZE})
endif()

# Header-only libraries: nlohmann/json, CLI11, Vulkan's headers (of which no function is linked), and
# fmt, whose functions src/base/fmt.cc compiles. A cross compiler must not see the /usr/include that
# may hold them, so it gets a folder of links to theirs.
add_library(header_only INTERFACE)
target_link_libraries(header_only INTERFACE Threads::Threads)
foreach(header fmt/format.h nlohmann/json.hpp CLI/CLI.hpp vulkan/vulkan_core.h vk_video/vulkan_video_codecs_common.h)
  get_filename_component(library ${header} DIRECTORY)
  find_path(${library}_INCLUDE ${header} REQUIRED NO_CMAKE_FIND_ROOT_PATH HINTS /usr/include)
  if(CMAKE_CROSSCOMPILING)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/headers)
    file(CREATE_LINK ${${library}_INCLUDE}/${library} ${CMAKE_BINARY_DIR}/headers/${library} SYMBOLIC)
    target_include_directories(header_only SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/headers)
  elseif(NOT ${library}_INCLUDE STREQUAL "/usr/include")
    target_include_directories(header_only SYSTEM INTERFACE ${${library}_INCLUDE})
  endif()
endforeach()

# What the host adapter computes with. OpenMP: one pool of threads, shared with oneDNN.
find_package(OpenMP REQUIRED COMPONENTS CXX)

# Highway: SIMD with the instruction set chosen at run time. EVERGPU_HIGHWAY_SOURCE, an unpacked
# source tree, is linked in statically; without it the system's library is used.
set(EVERGPU_HIGHWAY_SOURCE "" CACHE PATH "Source tree of Highway 1.0.3 to link in statically")
if(EVERGPU_HIGHWAY_SOURCE)
  add_library(highway STATIC ${EVERGPU_HIGHWAY_SOURCE}/hwy/targets.cc ${EVERGPU_HIGHWAY_SOURCE}/hwy/per_target.cc
                             ${EVERGPU_HIGHWAY_SOURCE}/hwy/aligned_allocator.cc)
  target_include_directories(highway SYSTEM PUBLIC ${EVERGPU_HIGHWAY_SOURCE})
  target_compile_definitions(highway PUBLIC HWY_STATIC_DEFINE)
else()
  add_library(highway INTERFACE)
  find_library(HIGHWAY_LIBRARY hwy REQUIRED)
  find_path(HIGHWAY_INCLUDE hwy/highway.h REQUIRED)
  target_link_libraries(highway INTERFACE ${HIGHWAY_LIBRARY})
  target_compile_definitions(highway INTERFACE HWY_SHARED_DEFINE)
endif()

# oneDNN: contractions. Looked for under EVERGPU_ONEDNN_ROOT and CMAKE_PREFIX_PATH. Without it the
# host adapter uses loops of its own.
option(EVERGPU_ONEDNN "Use oneDNN for the host adapter's contractions" ON)
set(EVERGPU_ONEDNN_ROOT ${CMAKE_SOURCE_DIR}/.venv CACHE PATH "Where oneDNN is installed")
add_library(onednn INTERFACE)
if(EVERGPU_ONEDNN)
  target_compile_definitions(onednn INTERFACE EVERGPU_ONEDNN)
  if(WIN32)
    include(OnednnWindows)
  else()
    find_package(dnnl REQUIRED HINTS ${EVERGPU_ONEDNN_ROOT})
    target_link_libraries(onednn INTERFACE DNNL::dnnl)
  endif()
endif()
