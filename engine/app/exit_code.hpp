// What the shell learns: 0 and 1, then sysexits.
#pragma once

#include "engine/base/error.hpp"

namespace sluice::app {

enum ExitCode : int {
  kExitOk = 0,            ///< done; for `send`: everything delivered
  kExitFailures = 1,      ///< finished, and some of it failed
  kExitUsage = 64,        ///< the command line is wrong
  kExitData = 65,         ///< the campaign, list, key or message given is wrong, or is not there
  kExitUnavailable = 69,  ///< no service answers
  kExitSoftware = 70,     ///< our own bug
  kExitCantCreate = 73,   ///< a file or socket cannot be made
  kExitIo = 74,           ///< reading or writing failed
  kExitTempFail = 75,     ///< not now; the same may work later
  kExitConfig = 78,       ///< the configuration is wrong
};

[[nodiscard]] constexpr ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
    case ErrorCode::not_found:
    case ErrorCode::conflict:
    case ErrorCode::corrupt:
      return kExitData;
    case ErrorCode::unavailable:
      return kExitUnavailable;
    case ErrorCode::limit:
    case ErrorCode::timeout:
    case ErrorCode::cancelled:
      return kExitTempFail;
    case ErrorCode::permission:
      return kExitCantCreate;
    case ErrorCode::no_space:
    case ErrorCode::io:
      return kExitIo;
    case ErrorCode::internal:
      return kExitSoftware;
  }
  return kExitSoftware;
}

}  // namespace sluice::app
