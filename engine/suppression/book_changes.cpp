// What happens to the rows, on the committer's thread.
#include <algorithm>

#include "engine/suppression/book.hpp"
#include "engine/suppression/rows.hpp"
#include "queue/families.hpp"

namespace sluice::suppression {
namespace {

std::string expiry_key(std::int64_t expires_ms, std::string_view hash) {
  return numbered('x', static_cast<std::uint64_t>(expires_ms / 1000)).append(hash);
}

/// The one that lasts longer.
std::int64_t later(std::int64_t a, std::int64_t b) { return a == 0 || b == 0 ? 0 : std::max(a, b); }

}  // namespace

Expected<std::optional<std::string>> Book::row_bytes(store::Family family, const std::string& key) const {
  if (const auto at = overlay_.find(static_cast<char>(family) + key); at != overlay_.end()) return at->second;
  if (family == queue::kSuppressed) {
    const auto* filter = filter_.load(std::memory_order_acquire);
    if (filter != nullptr && !filter->may_contain(hash_of(key))) return std::nullopt;
  }
  return queue_.database().get(family, key);
}

/// The database does not show what stands in the same batch: later changes of it look into the overlay.
void Book::put_bytes(store::Batch& batch, store::Family family, const std::string& key,
                     std::optional<std::string> bytes) {
  bytes ? batch.put(family, key, *bytes) : batch.erase(family, key);
  overlay_[static_cast<char>(family) + key] = std::move(bytes);
}

void Book::put_row(store::Batch& batch, const std::string& hash, const Row& row) {
  if (row.entries.empty()) return put_bytes(batch, queue::kSuppressed, hash, std::nullopt);
  std::string bytes;
  row.append_to(bytes);
  put_bytes(batch, queue::kSuppressed, hash, std::move(bytes));
}

void Book::note_audit(store::Batch& batch, const AuditLine& line) {
  std::string bytes;
  line.append_to(bytes);
  batch.put(queue::kSuppression, numbered('a', next_audit_), bytes);
  if (next_audit_ > options_.max_audit)
    batch.erase(queue::kSuppression, numbered('a', next_audit_ - options_.max_audit));
  ++next_audit_;
}

void Book::insert_filter(const Hash128& hash) {
  if (auto* filter = filter_.load(std::memory_order_acquire)) filter->insert(hash);
  const std::lock_guard lock(building_mutex_);
  if (building_) added_while_building_.push_back(hash);
}

void Book::apply(store::Batch& batch, const Changes& changes, ChangeReport& report) {
  if (!changes.import && changes.add.size() + changes.soft.size() > 0 && delta_.full()) {
    report.full = true;
    return;
  }
  for (const auto& addition : changes.add) add(batch, addition, changes, report);
  for (const auto& removal : changes.remove) remove(batch, removal, report);
  for (const auto& event : changes.soft) count_soft(batch, event, report);
  for (const auto& line : changes.audit) note_audit(batch, line);
  if (changes.import && !changes.add.empty()) {
    const auto epoch = epoch_.fetch_add(1, std::memory_order_acq_rel) + 1;
    batch.put(queue::kSuppression, kEpochRow, number_bytes(epoch));
    batch.put(queue::kSuppression, kOwedRow, "");
    owed_.store(true, std::memory_order_release);
  }
  if (changes.cursor) {
    cursor_.store(*changes.cursor, std::memory_order_release);
    batch.put(queue::kSuppression, kCursorRow, number_bytes(*changes.cursor));
  }
  std::string counts;
  counts_.append_to(counts);
  batch.put(queue::kSuppression, kCountRow, counts);
}

void Book::add(store::Batch& batch, const Addition& addition, const Changes& changes, ChangeReport& report) {
  const auto hash = lookup_.hash(addition.subject.key);
  const auto key = hash_bytes(hash);
  const auto& entry = addition.entry;
  const auto refuse = [&](const char* why) {
    if (report.why.empty()) report.why = why;
    report.subjects.push_back(addition.subject.key);
  };
  const auto found = row_bytes(queue::kSuppressed, key);
  if (!found) return refuse("the store cannot be read");
  const auto& bytes = *found;
  auto row = bytes ? Row::decode(*bytes) : Expected<Row>(Row{});
  if (!row) return refuse("the row of this address does not decode; `suppress remove` it first");
  row->subject = addition.subject.key;
  const auto same =
      std::ranges::find_if(row->entries, [&](const Entry& e) { return e.same_as(entry.view()); });
  if (same == row->entries.end()) {
    if (!bytes && counts_.subjects >= options_.max_subjects) return refuse("max_subjects are suppressed");
    if (row->entries.size() >= options_.max_entries_a_subject)
      return refuse("the address has max_entries_a_subject entries");
    row->entries.push_back(entry);
    ++counts_.entries;
    counts_.subjects += bytes ? 0 : 1;
    ++report.added;
  } else {
    auto renewed = entry;
    renewed.expires_ms = later(same->expires_ms, entry.expires_ms);
    const bool known = renewed.expires_ms == same->expires_ms && same->source == entry.source;
    if (known && (changes.import || !changes.by_hand)) {
      ++report.unchanged;
      return;
    }
    *same = std::move(renewed);
    ++report.renewed;
  }
  if (entry.expires_ms != 0) batch.put(queue::kSuppression, expiry_key(entry.expires_ms, key), "");
  put_row(batch, key, *row);
  insert_filter(hash);
  if (changes.by_hand)
    note_audit(batch, {to_ms(clock_.now()), "add", addition.subject.key, entry.by, "", entry});
  if (changes.import) return;
  const auto word = delta_word(lookup_.key(), hash, entry.view());
  delta_.insert(word);
  batch.put(queue::kSuppression, numbered('l', next_log_), key + number_bytes(word));
  log_end_.store(next_log_++, std::memory_order_release);
}

void Book::remove(store::Batch& batch, const Removal& removal, ChangeReport& report) {
  const auto hash = lookup_.hash(removal.subject.key);
  const auto key = hash_bytes(hash);
  const auto found = row_bytes(queue::kSuppressed, key);
  if (!found && report.why.empty()) report.why = "the store cannot be read";
  if (!found || !*found) return;
  const auto& bytes = *found;
  auto row = Row::decode(*bytes);
  if (!row) {  // what it said is lost; that it goes is told
    note_audit(batch, {to_ms(clock_.now()), "remove", removal.subject.key, removal.by, removal.why, {}});
    --counts_.subjects;
    ++report.removed;
    return put_row(batch, key, Row{});
  }
  Wanted wanted{removal.scope, removal.reason, removal.tenant, removal.list_id, {}, {}};
  std::erase_if(row->entries, [&](const Entry& entry) {
    if (!wanted.takes(entry.view())) return false;
    delta_.erase(delta_word(lookup_.key(), hash, entry.view()));
    note_audit(batch, {to_ms(clock_.now()), "remove", removal.subject.key, removal.by, removal.why, entry});
    --counts_.entries;
    ++report.removed;
    return true;
  });
  if (row->entries.empty()) --counts_.subjects;
  put_row(batch, key, *row);
}

void Book::count_soft(store::Batch& batch, const SoftEvent& event, ChangeReport& report) {
  const auto hash = soft_hash(event.tenant, event.subject.key);
  const auto key = hashed('s', hash);
  const auto found = row_bytes(queue::kSuppression, key);
  if (!found) return;
  const auto& bytes = *found;
  const auto forget = [&] {
    if (!bytes) return;
    --counts_.soft_rows;
    put_bytes(batch, queue::kSuppression, key, std::nullopt);
  };
  auto soft = bytes ? SoftBounces::decode(*bytes).value_or(SoftBounces{}) : SoftBounces{};
  if (event.delivered && (!bytes || soft.accepted(event.time_ms, options_.soft))) return forget();
  if (!bytes && counts_.soft_rows >= options_.max_soft_rows) return;
  const auto step =
      event.delivered ? SoftBounces::Step::ignored : soft.add(event.time_ms, options_.soft, event.by_mail);
  if (step != SoftBounces::Step::promoted) {
    std::string value;
    soft.append_to(value);
    if (bytes && value == *bytes) return;
    counts_.soft_rows += bytes ? 0 : 1;
    soft_filter_.insert(hash_of(hash));
    return put_bytes(batch, queue::kSuppression, key, std::move(value));
  }
  forget();
  ++report.promoted;
  Entry entry;
  entry.scope = options_.bounce_scope;
  entry.reason = Reason::soft_bounces;
  if (entry.scope != Scope::global) entry.tenant = event.tenant;
  entry.source = "bounces";
  entry.time_ms = event.time_ms;
  add(batch, {event.subject, std::move(entry)}, {}, report);
}

void Book::expire_row(store::Batch& batch, const std::string& hash, std::int64_t now_ms) {
  const auto bytes = row_bytes(queue::kSuppressed, hash);
  if (!bytes || !*bytes) return;
  auto row = Row::decode(**bytes);
  if (!row) return;
  const auto gone = std::erase_if(
      row->entries, [&](const Entry& entry) { return entry.expires_ms != 0 && entry.expires_ms <= now_ms; });
  if (gone == 0) return;
  counts_.entries -= gone;
  if (row->entries.empty()) --counts_.subjects;
  put_row(batch, hash, *row);
}

}  // namespace sluice::suppression
