// Copies of files that are to outlive a crash: linked or copied, then synced. For backups and for setting
// damaged files aside; not for anything in a hurry.
#pragma once

#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

/// Bytes of `from` at the moment of the call, in a new file `to`, synced. not_found: `from` is gone.
[[nodiscard]] Expected<> copy_file(const std::string& from, const std::string& to);
/// A second name for a file that never changes again; a copy where the file system allows no link. not_found
/// as above.
[[nodiscard]] Expected<> link_or_copy(const std::string& from, const std::string& to);
/// The regular files of a folder, not below it, into `to`, which is made.
[[nodiscard]] Expected<> copy_folder(const std::string& from, const std::string& to);
/// A small text file, complete and synced.
[[nodiscard]] Expected<> write_file(const std::string& path, const std::string& text);

}  // namespace sluice::store
