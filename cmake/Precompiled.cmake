# Precompiled headers: three quarters of a build is reading the same system headers again for each file.
# `./run` turns it on. With it off, as the presets have it, every file must name what it uses and ccache may share
# results between work trees; `./run test-long` compiles so.

option(SLUICE_PCH "precompile the system headers that most files include" OFF)

if(SLUICE_PCH)
  set(CMAKE_PCH_INSTANTIATE_TEMPLATES OFF)
  # Else ccache never hits: a precompiled header has the time of its making in it.
  add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

# sluice_pch_kind(KIND HEADER LIBRARY...): precompiles cmake/pch/HEADER once, as the libraries' users see it.
function(sluice_pch_kind kind header)
  if(NOT SLUICE_PCH)
    return()
  endif()
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/pch_${kind}.cpp" CONTENT "// Has cmake/pch/${header} compiled.\n")
  add_library(sluice_pch_${kind} OBJECT "${CMAKE_BINARY_DIR}/pch_${kind}.cpp")
  target_link_libraries(sluice_pch_${kind} PRIVATE sluice_flags fmt::fmt spdlog::spdlog ${ARGN})
  target_precompile_headers(sluice_pch_${kind} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/pch/${header}")
endfunction()

# sluice_use_pch(TARGET KIND)
function(sluice_use_pch target kind)
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM sluice_pch_${kind})
  endif()
endfunction()

sluice_pch_kind(base base.hpp)
sluice_pch_kind(base_test base_test.hpp GTest::gmock)
sluice_pch_kind(net net.hpp sluice_asio OpenSSL::SSL Boost::json)
sluice_pch_kind(net_test net_test.hpp sluice_asio OpenSSL::SSL Boost::json GTest::gmock)
