#include "queue/sent_expiry.hpp"

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kKeyBytes = 9;  // stream(4) row(5)

std::string stream_end(std::string_view key) {
  std::string out;
  put_be<4>(out, get_be<4>(key.data()) + 1);
  return out;
}

}  // namespace

Expected<bool> SentExpiry::step(Instant now) {
  const auto cutoff = to_ms(now - keep_);
  const auto cursor = queue_.database().cursor(kSent, at_, std::string(kKeyBytes + 1, '\xff'));
  std::string from;  // of the old rows of one stream, in a row
  std::string behind;
  for (std::size_t seen = 0; cursor->valid() && seen < kRowsAStep; ++seen) {
    const auto key = cursor->key();
    if (key.size() != kKeyBytes) {  // damaged; `store check` names it
      cursor->next();
      continue;
    }
    if (!from.empty() && key.substr(0, 4) != std::string_view(from).substr(0, 4)) {
      erase(std::move(from), stream_end(behind));
      from.clear();
    }
    ByteReader in(cursor->value());
    const auto sent_ms = static_cast<std::int64_t>(in.varint());
    const bool old = !in.ok() || sent_ms < cutoff;  // a row that does not decode is of no use either
    if (old) {
      if (from.empty()) from = key;
      behind = key;
      cursor->next();
      continue;
    }
    if (!from.empty()) erase(std::move(from), std::string(key));
    from.clear();
    cursor->seek(stream_end(key));
  }
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  const bool more = cursor->valid();
  at_ = more ? std::string(cursor->key()) : std::string();
  if (!from.empty()) erase(std::move(from), more ? at_ : stream_end(behind));
  return more;
}

void SentExpiry::erase(std::string from, std::string to) {
  auto apply = [from = std::move(from), to = std::move(to)](store::Batch& batch) {
    batch.erase_range(kSent, from, to);
  };
  queue_.committer().submit(store::make_work(std::move(apply), [](const Expected<>&) {}),
                            store::Urgency::soon);
}

}  // namespace sluice::queue
