// The k-th write or sync below the root fails: SLUICE_FAIL_AT=k, SLUICE_FAIL_KIND=write|fsync,
// SLUICE_FAIL_MODE=once (EIO, that one only) | full (ENOSPC, that write and every later one).
#pragma once

namespace power {

enum class Operation { write, sync };

/// Counts the operation; 0, or the errno it must fail with. Any thread.
int fault(Operation operation);

}  // namespace power
