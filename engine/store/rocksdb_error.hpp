// RocksDB's status as an Error of ours.
#pragma once

#include <rocksdb/status.h>

#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

[[nodiscard]] inline Error to_error(const rocksdb::Status& status, const std::string& doing) {
  const auto code = status.IsCorruption() ? ErrorCode::corrupt
                    : status.IsNoSpace()  ? ErrorCode::no_space
                                          : ErrorCode::io;
  return Error{code, doing + ": " + status.ToString()};
}

}  // namespace sluice::store
