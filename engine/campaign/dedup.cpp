#include "engine/campaign/dedup.hpp"

#include <optional>
#include <utility>

namespace sluice::campaign {

Dedup::Dedup(Options options, ReadList read_list, HashKey key)
    : options_(std::move(options)),
      read_list_(std::move(read_list)),
      key_(key),
      seen_(std::in_place, options_.memory_bytes) {}

Expected<> Dedup::partition() {
  seen_.reset();  // its memory goes to the partitions' buffers
  auto scan = DuplicateScan::create(options_.directory, options_.memory_bytes);
  if (!scan) return std::unexpected(scan.error());
  std::optional<Error> error;
  auto read = read_list_([&](std::uint64_t row, std::string_view address) {
    if (auto added = scan->add(siphash128(key_, address), row); !added) error = added.error();
    return !error;
  });
  if (error) return std::unexpected(*error);
  // A list that breaks off is searched as far as it goes: expansion reaches the break by itself and reports
  // it.
  if (!read && read.error().code == ErrorCode::io) return read;
  auto rows = scan->finish();
  if (!rows) return std::unexpected(rows.error());
  marked_.emplace(std::move(*rows));
  return {};
}

Expected<> Dedup::resume(std::uint64_t next_row) {
  if (next_row <= 1) return {};
  bool full = false;
  auto read = read_list_([&](std::uint64_t row, std::string_view address) {
    if (row >= next_row) return false;
    const auto answer = seen_->insert(siphash128(key_, address));
    if (answer == HashSet::Insert::present) ++duplicates_;
    full = answer == HashSet::Insert::full;
    return !full;
  });
  if (!read) return read;
  if (!full) return {};
  if (auto made = partition(); !made) return made;
  duplicates_ = 0;
  for (std::uint64_t row = 1; row < next_row; ++row) duplicates_ += marked_->contains(row) ? 1 : 0;
  return {};
}

Expected<bool> Dedup::is_duplicate(std::uint64_t row, std::string_view address) {
  if (seen_) {
    const auto answer = seen_->insert(siphash128(key_, address));
    if (answer == HashSet::Insert::present) ++duplicates_;
    if (answer != HashSet::Insert::full) return answer == HashSet::Insert::present;
  }
  if (!marked_) {
    if (auto made = partition(); !made) return std::unexpected(made.error());
  }
  const bool duplicate = marked_->contains(row);
  duplicates_ += duplicate ? 1 : 0;
  return duplicate;
}

}  // namespace sluice::campaign
