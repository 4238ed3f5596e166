# Every library we link, by the name the module table uses. tests/lint/licences.py checks what the binary needs.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(RocksDB REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(simdjson REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(date REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS system json url)
find_package(GTest REQUIRED)

pkg_check_modules(GUMBO REQUIRED IMPORTED_TARGET gumbo)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# libunbound's .pc file asks for libevent, which only its event API needs; we wait on its descriptor ourselves.
find_path(SLUICE_UNBOUND_INCLUDE unbound.h REQUIRED)
find_library(SLUICE_UNBOUND_LIBRARY unbound REQUIRED)
add_library(sluice_unbound INTERFACE)
target_include_directories(sluice_unbound SYSTEM INTERFACE "${SLUICE_UNBOUND_INCLUDE}")
target_link_libraries(sluice_unbound INTERFACE "${SLUICE_UNBOUND_LIBRARY}")
add_library(Unbound::unbound ALIAS sluice_unbound)

# CLI11 is headers only; Debian 12 ships no CMake package file for it.
find_path(SLUICE_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
add_library(sluice_cli11 INTERFACE)
target_include_directories(sluice_cli11 SYSTEM INTERFACE "${SLUICE_CLI11_INCLUDE}")
add_library(CLI11::CLI11 ALIAS sluice_cli11)

# Asio is compiled once, apart (engine/net/asio_impl.cpp): its headers cost 1-2.5 s a translation unit.
add_library(sluice_asio INTERFACE)
target_compile_definitions(sluice_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(sluice_asio INTERFACE Boost::headers Boost::system Threads::Threads)
