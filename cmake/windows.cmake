# Tool chain: builds for Windows on Debian, with MinGW-w64; Wine runs the tests. EVERGPU_MINGW chooses
# the C run-time library: x86_64-w64-mingw32 is the old msvcrt, as Debian 12 has it
# (g++-mingw-w64-x86-64-posix); x86_64-w64-mingw32ucrt is the one that Microsoft's Python and
# TensorFlow use (trixie's g++-mingw-w64-ucrt64), so that what Python writes into its environment
# reaches us. The wheel is made with that.
set(EVERGPU_MINGW x86_64-w64-mingw32 CACHE STRING "Prefix of the MinGW-w64 tool chain")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EVERGPU_MINGW)
set(threads "")
if(EVERGPU_MINGW STREQUAL x86_64-w64-mingw32)
  set(threads -posix)  # Debian has two variants of it
endif()
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER ${EVERGPU_MINGW}-gcc${threads})
set(CMAKE_CXX_COMPILER ${EVERGPU_MINGW}-g++${threads})
set(CMAKE_RC_COMPILER ${EVERGPU_MINGW}-windres)

set(CMAKE_FIND_ROOT_PATH /usr/${EVERGPU_MINGW})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Windows aligns stacks to 16 bytes and GCC does not realign them for AVX (GCC bug 54412): the
# assembler turns aligned vector moves into unaligned ones.
set(CMAKE_C_FLAGS_INIT "-Wa,-muse-unaligned-vector-move")
set(CMAKE_CXX_FLAGS_INIT "-Wa,-muse-unaligned-vector-move -Wa,-mbig-obj")
# The compiler's run-time libraries lie in no folder that Windows searches: link them in.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -static)
set(CMAKE_MODULE_LINKER_FLAGS_INIT -static)
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libgomp.a
                OUTPUT_VARIABLE gomp OUTPUT_STRIP_TRAILING_WHITESPACE)
set(OpenMP_gomp_LIBRARY ${gomp} CACHE FILEPATH "OpenMP's run-time library, the static one")

find_program(WINE NAMES wine64 wine /usr/lib/wine/wine64 NO_CMAKE_FIND_ROOT_PATH)
if(WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR env WINEDEBUG=-all WINEPREFIX=${CMAKE_BINARY_DIR}/wine ${WINE})
endif()
