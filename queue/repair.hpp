// Makes a damaged store fit to be served again, and says what that cost.
//
// Files first (store/repair_files.hpp) when they cannot be read; then the rows: records that do not decode
// are set aside and get a final event (`bounced`, class `damaged`), as the running engine does; records whose
// recipient is known to have had a final are taken out, or they would be sent twice; the accounts are made to
// say what is counted. Who was queued and is gone gets a final `bounced` of class `lost`, by name where an
// event or claim tells the name, by number otherwise.
//
// Idempotent: a repaired store is found in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "queue/check.hpp"

namespace sluice::queue {

struct RepairOptions {
  bool accept_loss = false;  ///< go on although files are damaged or acknowledged commits are missing
};

struct RepairStep {
  std::string what;
  std::uint64_t count = 0;
  std::string detail;
};

struct RepairReport {
  std::vector<RepairStep> steps;  ///< what was done; empty: nothing was wrong
  std::string aside;              ///< where damaged files were set aside; empty: none were

  void add(std::string what, std::uint64_t count, std::string detail = {});
};

/// corrupt, and nothing changed: files are damaged or acknowledged commits are missing, and accept_loss is
/// not set. unavailable: the store is in use.
[[nodiscard]] Expected<RepairReport> repair_store(const store::Options& options, const DataFolders& folders,
                                                  const RepairOptions& wanted, Instant now);

}  // namespace sluice::queue
