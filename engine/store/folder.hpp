// Folders that are still there after power loss: making one is only a promise once its parent is synced.
#pragma once

#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

/// Makes the folder and those above it that are missing, 0755 less the umask. All of them, and the name of a
/// folder that was already there (a crash may have come before its sync), are durable when it returns.
/// True: it was made now.
[[nodiscard]] Expected<bool> make_folder(const std::string& path);

/// The names in the folder are durable when it returns.
[[nodiscard]] Expected<> sync_folder(const std::string& path);

}  // namespace sluice::store
