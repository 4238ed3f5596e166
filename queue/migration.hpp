// The format number of a store, and the way from an older one to ours (FORMAT.md, "When the format changes").
//
// A step turns one format into the next. It may be cut off by a crash and is then run again from its
// beginning, so it must be repeatable: it writes in batches whose result a second run recognises. Only after
// it has ended is the new number stamped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/store/database.hpp"
#include "queue/families.hpp"

namespace sluice::queue {

struct MigrationStep {
  std::uint32_t from = 0;  ///< turns format `from` into `from` + 1
  Expected<> (*run)(store::Database& database) = nullptr;
};

/// The steps we know: from each format before ours. Format 1 was the first.
[[nodiscard]] std::span<const MigrationStep> migrations();

/// Nothing: the store is new. corrupt: the stamp is no number.
[[nodiscard]] Expected<std::optional<std::uint32_t>> read_format(const store::Database& database);

/// Stamps a new store, runs the steps an older one needs. conflict, and nothing changed, for a newer format
/// or one no step begins at; the text names `path` and both numbers.
[[nodiscard]] Expected<> bring_to_format(store::Database& database, const std::string& path,
                                         std::uint32_t wanted, std::span<const MigrationStep> steps);

}  // namespace sluice::queue
