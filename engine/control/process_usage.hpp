// What the kernel says of this process. Any thread.
#pragma once

#include <cstdint>

namespace sluice::control {

struct ProcessUsage {
  double cpu_s = 0;  ///< user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
};

/// Zeros where /proc is not there.
[[nodiscard]] ProcessUsage process_usage();

}  // namespace sluice::control
