// `store check` and `store repair` of the suppression rows.
#pragma once

#include "queue/check.hpp"
#include "queue/repair.hpp"

namespace sluice::suppression {

/// Every row decodes and lies under its subject's hash; the accounts are what is counted. One pass, no
/// memory.
void check_rows(const store::Database& database, queue::CheckReport& report);

/// Makes the accounts what is counted, has a pass look at all waiting mail at the next start, and the filter
/// built anew. A row that does not decode stays: it stops all mail to its address until it is removed.
/// Nothing is changed where nothing is wrong and nothing was repaired before (`suspicious`).
[[nodiscard]] Expected<> repair_rows(store::Database& database, bool suspicious, queue::RepairReport& report);

}  // namespace sluice::suppression
