// Sizes, ages and ends of files, for /metrics. A file that cannot be read has none. Any thread; each call
// looks at the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::control {

/// Of the folder's files whose names end so; the first 10,000 of them.
[[nodiscard]] std::uint64_t bytes_of_files(const std::string& folder, const std::string& ending);

/// How long the oldest entry has been in the spool's incoming/ (by its last change, which moving it there
/// is), names that are not taken left out (DESIGN §5: a leading dot, .tmp, .part). 0: there is none. The
/// first 10,000.
[[nodiscard]] std::chrono::duration<double> oldest_entry_age(const std::string& folder);

/// Seconds since 1970.
[[nodiscard]] std::optional<std::int64_t> last_written(const std::string& file);

/// The end of the first certificate in a PEM file, in seconds since 1970.
[[nodiscard]] std::optional<std::int64_t> certificate_end(const std::string& file);

}  // namespace sluice::control
