#include "engine/store/disk_space.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace sluice::store {

Expected<DiskSize> FilesystemSpace::measure() const {
  struct statvfs disk{};
  if (::statvfs(folder_.c_str(), &disk) != 0) {
    return fail(ErrorCode::io, "measuring the disk below " + folder_ + ": " + std::strerror(errno));
  }
  const auto unit = static_cast<std::uint64_t>(disk.f_frsize);
  return DiskSize{unit * disk.f_bavail, unit * disk.f_blocks};
}

}  // namespace sluice::store
