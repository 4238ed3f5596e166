// Who still needs a stored body: one row a recipient, written with its record and erased with its final.
//
// Rows, not a counter: a counter would have to be read on the committer's thread for every settlement, and a
// batch that is tried again must not count twice. A row is put once, erased once, and vanishes in compaction.
// The claim of a record that was set aside as damaged stays, as its bytes do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/id.hpp"
#include "engine/store/database.hpp"

namespace sluice::queue {

/// A body's key: segment(4) offset(8), big-endian, so that a segment's rows stand together.
inline constexpr std::size_t kBodyKeyBytes = 12;

[[nodiscard]] std::string body_ref_key(std::string_view body, StreamId stream, Row row);

/// Does any recipient need a body of this segment? One seek; not for workers.
[[nodiscard]] Expected<bool> segment_in_use(const store::Database& database, std::uint32_t segment);

}  // namespace sluice::queue
