# Modules that link Asio: they and their tests get the larger precompiled header.
set(SLUICE_NET_MODULES net dns smtp http inbound webhook delivery sink control config app)

# sluice_module(NAME FOLDER DEPS target...): the *.cpp of FOLDER (not of folders below it) become sluice_NAME.
function(sluice_module name folder)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC sluice_flags ${arg_DEPS})
    if(name IN_LIST SLUICE_NET_MODULES)
      sluice_use_pch(sluice_${name} net)
    else()
      sluice_use_pch(sluice_${name} base)
    endif()
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_flags ${arg_DEPS})
  endif()
endfunction()

# What the tests labelled unit need, and no more: a build with sanitizers stops there.
add_custom_target(unit_tests)

# sluice_tests(NAME FOLDER DEPS target...): the *_test.cpp of FOLDER become one GoogleTest program NAME_tests.
function(sluice_tests name folder)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_tests ${sources})
  add_dependencies(unit_tests ${name}_tests)
  target_link_libraries(${name}_tests PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  if(name IN_LIST SLUICE_NET_MODULES)
    sluice_use_pch(${name}_tests net_test)
  else()
    sluice_use_pch(${name}_tests base_test)
  endif()
  target_compile_definitions(${name}_tests PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name}_tests TEST_PREFIX "${name}." PROPERTIES LABELS unit TIMEOUT 300
    DISCOVERY_TIMEOUT 60)
endfunction()

# sluice_embed(TARGET FILE FUNCTION): `std::string_view FUNCTION()` gives FILE's bytes, compiled into TARGET.
# FUNCTION is qualified ("sluice::feedback::builtin_rules_toml"); FILE is a text without `)EMBED"` in it.
function(sluice_embed target file function)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${file}")
  file(READ "${CMAKE_SOURCE_DIR}/${file}" text)
  string(REGEX REPLACE "^(.*)::([^:]*)$" "\\1" namespace "${function}")
  string(REGEX REPLACE "^(.*)::([^:]*)$" "\\2" name "${function}")
  get_filename_component(stem "${file}" NAME_WE)
  set(generated "${CMAKE_BINARY_DIR}/embedded/${stem}.cpp")
  # A compiler need not take string literals above 64 KiB: the pieces are adjacent literals.
  string(LENGTH "${text}" length)
  set(at 0)
  set(pieces "")
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 16000 piece)
    string(APPEND pieces "    R\"EMBED(${piece})EMBED\"\n")
    math(EXPR at "${at} + 16000")
  endwhile()
  file(GENERATE OUTPUT "${generated}" CONTENT
"#include <string_view>

namespace ${namespace} {
std::string_view ${name}() {
  static constexpr char text[] =
${pieces};
  return {text, sizeof(text) - 1};
}
}  // namespace ${namespace}
")
  target_sources(${target} PRIVATE "${generated}")
endfunction()
