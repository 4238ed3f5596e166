#include "queue/injection.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "queue/body_refs.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kHandOverRecords =
    256;  ///< an injection of at most so many goes to the workers from memory

}  // namespace

void Injection::add(Row row, std::string_view domain, std::string_view local, std::int64_t accepted_ms,
                    std::string_view payload, std::string_view body) {
  const auto at = arena_.size();
  SLUICE_ASSERT(at < UINT32_MAX / 2);
  RecordKey{stream_->id, Phase::first, 0, domain, row}.append_to(arena_);
  const auto middle = arena_.size();
  RecordValue{local, accepted_ms, {}, payload, body}.append_to(arena_);
  entries_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(middle - at),
                      static_cast<std::uint32_t>(arena_.size() - middle)});
  if (!body.empty()) body_refs_.push_back(body_ref_key(body, stream_->id, row));
}

void Injection::seal() {
  std::sort(entries_.begin(), entries_.end(),
            [this](const Entry& a, const Entry& b) { return key(a) < key(b); });
  if (entries_.empty() || entries_.size() > kHandOverRecords) return;
  auto page = std::make_shared<Page>();
  for (const auto& entry : entries_) {
    const bool added = page->add(key(entry), value(entry));
    SLUICE_ASSERT(added);
  }
  page_ = std::move(page);
}

}  // namespace sluice::queue
