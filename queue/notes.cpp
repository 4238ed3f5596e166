#include "queue/notes.hpp"

#include <fmt/format.h>

#include "queue/families.hpp"
#include "queue/queue.hpp"

namespace sluice::queue {

Expected<std::vector<std::pair<std::string, std::string>>> Queue::notes(std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string begin(prefix);
  const auto rows = database_->cursor(kMeta, begin, begin + '\xff');
  for (; rows->valid(); rows->next()) {
    if (out.size() >= kMaxNotes) return fail(ErrorCode::limit, "too many rows of " + begin);
    out.emplace_back(std::string(rows->key().substr(begin.size())), std::string(rows->value()));
  }
  if (auto status = rows->status(); !status) return std::unexpected(status.error());
  return out;
}

void Queue::write(store::Batch& batch, const Notes& notes) {
  for (const auto& row : notes.rows) {
    row.value ? batch.put(kMeta, row.key, *row.value) : batch.erase(kMeta, row.key);
  }
  for (const auto& row : notes.sent) told_rows_.put(batch, *database_, row);
  for (const auto& event : notes.events) ledger_.add_event(batch, event);
}

void Queue::keep(Notes notes, store::Urgency urgency, Done done) {
  auto apply = [this, notes = std::move(notes)](store::Batch& batch) { write(batch, notes); };
  auto finish = [done = std::move(done)](const Expected<>& result) {
    if (done) done(result);
  };
  committer_->submit(store::make_work(std::move(apply), std::move(finish)), urgency);
}

Expected<> Queue::keep_now(const Notes& notes) {
  return commit_now([&](store::Batch& batch) { write(batch, notes); });
}

std::string damaged_note(std::string_view prefix, std::string_view key) {
  std::string name(key);
  for (auto& byte : name) {
    if (byte == '\0') byte = '/';
  }
  return fmt::format("the row {}{} of the store does not decode; `sluice store restore` a backup", prefix,
                     name);
}

}  // namespace sluice::queue
