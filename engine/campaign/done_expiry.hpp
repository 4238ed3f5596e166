// Removes what has been done for long: directories in done/ that nobody has changed for a while.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace sluice::campaign {

inline constexpr std::size_t kRemovedAtOnce =
    16;  ///< directories a call removes; the rest waits for the next

/// Directories of `done` not changed since `now` - `keep`. Links are not followed. How many were removed.
std::size_t expire_done(const std::string& done, std::chrono::seconds keep,
                        std::filesystem::file_time_type now);

}  // namespace sluice::campaign
