// A hash of everything stat() tells of a directory tree: equal hashes, nothing was written, added or removed.
#pragma once

#include <cstddef>
#include <string>

#include "engine/base/siphash.hpp"

namespace sluice::campaign {

/// Names, kinds, sizes, inodes and times of change, in no order. Looks at no more than `most_entries` files
/// and `most_depth` levels; links are not followed. What cannot be read counts as absent.
[[nodiscard]] Hash128 tree_signature(int parent, const std::string& name, std::size_t most_entries,
                                     std::size_t most_depth);

}  // namespace sluice::campaign
