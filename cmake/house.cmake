# house_library(NAME SOURCES ... LINKS ...): one library per folder, include root = repository root.
# A folder without compiled sources yet becomes an INTERFACE library.
function(house_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC flags ${ARG_LINKS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE flags ${ARG_LINKS})
  endif()
endfunction()

# house_test(FOLDER SOURCES ... LINKS ...): the test binary <folder>_tests, one ctest. The cases
# themselves are not optimised: with sanitizers that is half of their compile time, and what they
# test is where the time goes.
function(house_test folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${folder}_tests ${ARG_SOURCES})
  target_compile_options(${folder}_tests PRIVATE $<$<CONFIG:Debug>:-O0>)
  target_link_libraries(${folder}_tests PRIVATE flags ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${folder}_tests PRIVATE
    TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data")
  add_test(NAME ${folder} COMMAND ${folder}_tests)
  set_tests_properties(${folder} PROPERTIES LABELS unit TIMEOUT 600)
endfunction()

# house_fuzzer(NAME SOURCE LINKS ...): a libFuzzer binary, only with AUTORECYCLE_FUZZ. The target
# `fuzzers` is all of them and no test.
function(house_fuzzer name source)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  if(AUTORECYCLE_FUZZ)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE flags ${ARG_LINKS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
