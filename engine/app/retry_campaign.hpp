// A finished campaign's failures as a campaign of their own: the same content, and a list of those whose
// final was a bounce or an expiry of the classes wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "engine/base/error.hpp"

namespace sluice::app {

struct RetryOrder {
  std::string directory;             ///< of the finished campaign, with its results
  std::string id;                    ///< of the new campaign, and its directory's name
  std::vector<std::string> classes;  ///< of bounces, or "expired"
};

/// Drops the new campaign into the spool; how many recipients it has. Memory: a bit for each row. not_found:
/// the directory or its results are gone, or nobody ended so (the text names the classes there are);
/// conflict: the name waits in the spool already.
[[nodiscard]] Expected<std::uint64_t> drop_retry(const RetryOrder& order, const config::Config& config);

}  // namespace sluice::app
