// How much room the file system has: the one question asked of it, behind an interface so that tests can
// answer.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/error.hpp"

namespace sluice::store {

struct DiskSize {
  std::uint64_t free_bytes = 0;  ///< for us: without what is reserved for root
  std::uint64_t total_bytes = 0;
};

class DiskSpace {
 public:
  virtual ~DiskSpace() = default;
  [[nodiscard]] virtual Expected<DiskSize> measure() const = 0;
};

/// Of the file system a folder lies on (statvfs). Any thread.
class FilesystemSpace final : public DiskSpace {
 public:
  explicit FilesystemSpace(std::string folder) : folder_(std::move(folder)) {}
  [[nodiscard]] Expected<DiskSize> measure() const override;

 private:
  const std::string folder_;
};

}  // namespace sluice::store
