# Compiler, warnings, sanitizers, linker, ccache: everything that is about how, not what.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines (double frees, wrong frames). "
    "Install clang-16 (`make setup` does) and use a preset: `cmake --preset dev`.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(AUTORECYCLE_TESTS "Build the tests" ON)
option(AUTORECYCLE_FUZZ "Build the fuzzers (clang only)" OFF)
option(AUTORECYCLE_BENCH "Build the benchmarks" OFF)
option(AUTORECYCLE_WERROR "Warnings are errors" ON)
set(AUTORECYCLE_SANITIZE "" CACHE STRING "Value for -fsanitize=, empty for none")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# Interface target that every target of ours links: flags never leak into system headers.
add_library(flags INTERFACE)
target_compile_options(flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
if(AUTORECYCLE_WERROR)
  target_compile_options(flags INTERFACE -Werror)
endif()
target_compile_definitions(flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION)
if(AUTORECYCLE_SANITIZE)
  target_compile_options(flags INTERFACE -fsanitize=${AUTORECYCLE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(flags INTERFACE -fsanitize=${AUTORECYCLE_SANITIZE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  string(REGEX MATCH "^[0-9]+" clang_major ${CMAKE_CXX_COMPILER_VERSION})
  find_program(LLD NAMES ld.lld-${clang_major} ld.lld)
  if(LLD)
    target_link_options(flags INTERFACE --ld-path=${LLD})
  endif()
endif()
