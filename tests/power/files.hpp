// Which descriptors stand for files below the root, and who those files are.
//
// A file has a number of its own from the moment it is first seen; a new file that gets the inode of one that
// is gone gets a new number. A descriptor closed behind our back (fclose) is found out by its inode.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace power {

/// Held around every change together with its entry: the journal has their order, and a process that ends by
/// die_at leaves no change behind that is not recorded.
std::mutex& turn();

/// The absolute path of `path` seen from `folder` (or AT_FDCWD) when it lies below SLUICE_POWER_ROOT, else
/// empty.
std::string below_root(int folder, const char* path);

/// A descriptor just opened for this path. Records the file; `made`: it is new. turn() is held.
void track(int fd, const std::string& path, bool made);
void forget(int fd);
/// The number of the descriptor's file; 0: not below the root.
std::uint64_t file_of(int fd);
/// Path of a folder that is open under this descriptor and lies below the root (or is it); empty: it is none.
std::string folder_of(int fd);

}  // namespace power
