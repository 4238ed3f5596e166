// Puts a campaign directory into the spool so that the service sees all of it or nothing: a hidden copy, then
// one rename.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.hpp"

namespace sluice::app {

struct DropOptions {
  std::size_t max_files = 1000;          ///< in the directory; more are refused
  std::size_t max_depth = 4;             ///< of folders in it
  std::vector<std::string> leave_out{};  ///< files that are not copied, by their name in the directory
  /// Adds what is too large for `instead` to the copy, before it is handed over.
  std::function<Expected<>(const std::string& folder)> complete{};
};

/// Copies `directory` to <spool>/incoming/<name>. `instead` replaces files, by their name in the directory,
/// or adds them. Links and special files are refused. On failure nothing is left in the spool. invalid_input:
/// the directory; conflict: a campaign of that name waits already; permission, io: the spool.
[[nodiscard]] Expected<> drop_campaign(const std::string& directory, const std::string& spool,
                                       const std::string& name,
                                       const std::map<std::string, std::string>& instead = {},
                                       const DropOptions& options = {});

}  // namespace sluice::app
