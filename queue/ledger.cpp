#include "queue/ledger.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "queue/body_refs.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kSeqKey = "seq";
constexpr char kHeldMark = 'h';           ///< marks: stream(4) 'h' -> records held
constexpr std::size_t kMaxUnseen = 1024;  ///< insertions a phase remembers until the feeder has seen them

std::string stream_key(StreamId stream) {
  std::string key;
  put_be<4>(key, stream);
  return key;
}

/// The record's delay may have been told: whatever ends it, its marker goes.
bool may_have_marker(const DebtRule& owes, const Stream* stream, const RecordValue& value) {
  return owes && stream != nullptr && stream->settings.kind == StreamKind::flow &&
         owes(value.payload, EventKind::deferred);
}

}  // namespace

Expected<> Ledger::load(const store::Database& database) {
  database_ = &database;
  const auto rows = database.cursor(kCounters, std::string(), std::string(8, '\xff'));
  for (; rows->valid(); rows->next()) {
    if (rows->key() == kSeqKey) {
      ByteReader in(rows->value());
      next_seq_ = in.be<8>() + 1;
      if (!in.ok()) return fail(ErrorCode::corrupt, "the number of the last event does not decode");
      continue;
    }
    const auto counters = Counters::decode(rows->value());
    if (rows->key().size() != 4 || !counters)
      return fail(ErrorCode::corrupt, "a stream's counters do not decode");
    counters_[static_cast<StreamId>(get_be<4>(rows->key().data()))] = *counters;
  }
  if (auto status = rows->status(); !status) return status;
  const auto marks = database.cursor(kMarks, std::string(), std::string(8, '\xff'));
  for (; marks->valid(); marks->next()) {
    const auto key = marks->key();
    if (key.size() == 5 && key[4] == kHeldMark) {
      const auto stream = static_cast<StreamId>(get_be<4>(key.data()));
      counters_[stream].held = written_held_[stream] = ByteReader(marks->value()).varint();
    }
    if (key.size() != 5 || key[4] > 1) continue;  // checkpoints are the campaign layer's
    const std::pair at{static_cast<StreamId>(get_be<4>(key.data())), static_cast<Phase>(key[4])};
    marks_[at].low = std::string(marks->value());
  }
  if (auto status = marks->status(); !status) return status;
  const auto debts = database.cursor(kOwed, std::string(), std::string("d"));
  for (; debts->valid(); debts->next()) {
    if (debts->key().size() == 8) owed_ = get_be<8>(debts->key().data());
  }
  if (auto status = debts->status(); !status) return status;
  committed_owed_ = owed_;
  committed_seq_ = next_seq_ - 1;
  published_ = counters_;
  return {};
}

std::uint64_t Ledger::add_event(store::Batch& batch, std::string_view encoded) {
  outbox_.add(batch, next_seq_, encoded);
  return next_seq_++;
}

Counters& Ledger::touch(StreamId stream) {
  touched_.insert(stream);
  return counters_[stream];
}

void Ledger::insert(store::Batch& batch, std::string_view key, std::string_view value) {
  batch.put(kRecords, key, value);
}

void Ledger::note_insertion(Insertion insertion) {
  insertion.epoch = next_epoch_++;
  insertions_.push_back(std::move(insertion));
}

void Ledger::lease(store::Batch& batch, std::uint64_t block, const std::vector<Held>& run) {
  if (run.empty()) return;
  scratch_key_.clear();
  put_be<8>(scratch_key_, block);
  scratch_value_.clear();
  std::string record_key;
  for (const auto& held : run) {
    const auto& key = held.record().key;
    record_key.clear();
    key.append_to(record_key);
    put_string(scratch_value_, record_key);
    const bool fresh = leased_.insert({key.stream, key.row}).second;
    SLUICE_ASSERT(fresh);
  }
  blocks_[block] = {run.size(), scratch_value_, false};
  batch.put(kLeases, scratch_key_, scratch_value_);
}

void Ledger::settle(store::Batch& batch, const Settlement& settlement) {
  const auto& record = settlement.held.record();
  const auto& key = record.key;
  if (settlement.held.block == 0 && settlement.held.stream->state() >= StreamState::cancelling &&
      observer_ != nullptr) {
    settled_.push_back({settlement.held.lane, key.stream, key.due, key.row});
    return;  // never leased, so the sweeper writes its final
  }
  if (settlement.held.block == 0) {
    if (const auto now = standing(settlement.held); now != Standing::same) return drop(settlement.held, now);
  }
  scratch_key_.clear();
  key.append_to(scratch_key_);
  batch.erase(kRecords, scratch_key_);
  auto& counters = touch(key.stream);
  if (!settlement.doubt.empty()) {
    add_event(batch, settlement.doubt);
    counters.count(EventKind::in_doubt);
  }
  const auto seq = add_event(batch, settlement.event);
  counters.count(settlement.kind);
  if (key.phase == Phase::retry) --counters.retries_waiting;
  if (record.value.trail.held) counters.drop_held();
  const bool asks = settlement.owing || settlement.kind != EventKind::delivered;
  const Stream* debtor = asks ? settlement.held.stream.get() : nullptr;
  if (is_final(settlement.kind)) {
    if (debtor == nullptr && may_have_marker(owes_, settlement.held.stream.get(), record.value))
      batch.erase(kOwed, delay_told_key(key.stream, key.row));
    end_claims(batch, debtor, key, record.value, settlement.kind, seq, settlement.event);
  } else {
    if (settlement.owing) owe_delay(batch, settlement, seq);
    ++counters.retries_waiting;
    counters.held += settlement.trail.held ? 1 : 0;
    RecordValue value = record.value;
    value.trail = settlement.trail;
    put_retry(batch, {key.stream, Phase::retry, settlement.due, key.domain, key.row}, value);
  }
  settled_.push_back({settlement.held.lane, key.stream, key.due, key.row});
  end_lease(batch, settlement.held);
}

void Ledger::put_retry(store::Batch& batch, const RecordKey& key, const RecordValue& value) {
  scratch_key_.clear();
  key.append_to(scratch_key_);
  scratch_value_.clear();
  value.append_to(scratch_value_);
  batch.put(kRecords, scratch_key_, scratch_value_);
  auto& requeued = requeued_[key.stream];
  if (requeued.first.empty() || scratch_key_ < requeued.first) requeued.first = scratch_key_;
}

void Ledger::put_again(store::Batch& batch, const RecordKey& key, const RecordValue& value,
                       const RecordKey& before, const Trail& trail) {
  SLUICE_ASSERT(key.phase == Phase::retry);
  put_retry(batch, key, value);
  auto& counters = touch(key.stream);
  if (before.phase == Phase::first) ++counters.retries_waiting;
  if (trail.held) counters.drop_held();
  counters.held += value.trail.held ? 1 : 0;
}

void Ledger::postpone(store::Batch& batch, const Held& held, DueSecond due) {
  if (const auto now = standing(held); now != Standing::same) return drop(held, now);
  const auto& record = held.record();
  if (held.stream->state() >= StreamState::cancelling) return drop(held, Standing::gone);  // the sweeper's
  take_out(batch, record.key);
  put_again(batch, {record.key.stream, Phase::retry, due, record.key.domain, record.key.row}, record.value,
            record.key, record.value.trail);
  settled_.push_back({held.lane, record.key.stream, record.key.due, record.key.row});
}

Ledger::Standing Ledger::standing(const Held& held) {
  if (held.page->read_at() >= held.stream->edited()) return Standing::same;
  const auto& record = held.record();
  if (is_ended_here(record.key.stream, record.key.row)) {
    // The edit may have put it again under the very key, where the feeder's copy hides it.
    return record.key.phase == Phase::retry ? Standing::changed : Standing::gone;
  }
  scratch_key_.clear();
  record.key.append_to(scratch_key_);
  const auto bytes = database_->get(kRecords, scratch_key_);
  if (!bytes) return Standing::same;  // unreadable: the worker's copy was read when it could be
  if (!*bytes) return Standing::gone;
  const auto value = RecordValue::decode(**bytes);
  return !value || value->trail == record.value.trail ? Standing::same : Standing::changed;
}

void Ledger::drop(const Held& held, Standing why) {
  const auto& key = held.record().key;
  dropped_.push_back({held.lane, key.stream, key.due, key.row, why == Standing::changed});
}

void Ledger::end_claims(store::Batch& batch, const Stream* stream, const RecordKey& key,
                        const RecordValue& value, EventKind kind, std::uint64_t seq, std::string_view event) {
  const bool may_owe = owes_ && stream != nullptr && stream->settings.kind == StreamKind::flow;
  if (may_have_marker(owes_, stream, value)) batch.erase(kOwed, delay_told_key(key.stream, key.row));
  if (may_owe && owes_(value.payload, kind)) return put_debt(batch, key, value, seq, event);
  drop_body(batch, key, value);
}

void Ledger::owe_delay(store::Batch& batch, const Settlement& settlement, std::uint64_t seq) {
  const auto& record = settlement.held.record();
  if (!owes_ || settlement.kind != EventKind::deferred ||
      settlement.held.stream->settings.kind != StreamKind::flow)
    return;
  if (!owes_(record.value.payload, EventKind::deferred)) return;
  const auto marker = delay_told_key(record.key.stream, record.key.row);
  const auto told = database_->get(kOwed, marker);
  if (!told || *told) return;  // unreadable: rather no notice than two
  batch.put(kOwed, marker, {});
  put_debt(batch, record.key, record.value, seq, settlement.event);
}

void Ledger::put_debt(store::Batch& batch, const RecordKey& key, const RecordValue& value, std::uint64_t seq,
                      std::string_view event) {
  Debt debt;
  debt.event = event;
  debt.key = key.encode();
  value.append_to(debt.value);
  std::string row;
  put_be<8>(row, seq);
  batch.put(kOwed, row, debt.encode());
  owed_ = seq;
}

void Ledger::pay(store::Batch& batch, const Debt& debt) {
  std::string row;
  put_be<8>(row, debt.seq);
  batch.erase(kOwed, row);
  const auto event = Event::decode(debt.event);
  const auto key = RecordKey::decode(debt.key);
  const auto value = RecordValue::decode(debt.value);
  if (event && is_final(event->kind) && key && value) drop_body(batch, *key, *value);
}

void Ledger::drop_body(store::Batch& batch, const RecordKey& key, const RecordValue& value) {
  if (!value.body.empty()) batch.erase_once(kBodies, body_ref_key(value.body, key.stream, key.row));
}

/// Built only in batches that withdraw something: settling stays as cheap as it is.
bool Ledger::is_ended_here(StreamId stream, Row row) {
  for (; ended_to_ < settled_.size(); ++ended_to_) {
    ended_.insert({settled_[ended_to_].stream, settled_[ended_to_].row});
  }
  return ended_.contains({stream, row});
}

std::optional<std::string> Ledger::withdraw(store::Batch& batch, const store::Database& database,
                                            const RecordKey& key) {
  auto value = waiting(database, key);
  if (value) take_out(batch, key);
  return value;
}

std::optional<std::string> Ledger::waiting(const store::Database& database, const RecordKey& key) {
  if (is_leased(key.stream, key.row) || is_ended_here(key.stream, key.row)) return std::nullopt;
  auto value = database.get(kRecords, key.encode());
  return value ? std::move(*value) : std::nullopt;
}

void Ledger::take_out(store::Batch& batch, const RecordKey& key) {
  batch.erase(kRecords, key.encode());
  ended_.insert({key.stream, key.row});
}

/// The block is written anew without the record, so that a crash does not find it in doubt.
void Ledger::release(store::Batch& batch, const Held& held) {
  if (!end_lease(batch, held)) return;
  scratch_key_.clear();
  held.record().key.append_to(scratch_key_);
  auto& block = blocks_.at(held.block);
  scratch_value_.clear();
  ByteReader in(block.record_keys);
  while (!in.at_end()) {
    const auto key = in.string();
    if (key != scratch_key_) put_string(scratch_value_, key);
  }
  block.record_keys = scratch_value_;
  block.rewritten = true;
  scratch_key_.clear();
  put_be<8>(scratch_key_, held.block);
  batch.put(kLeases, scratch_key_, scratch_value_);
}

bool Ledger::end_lease(store::Batch& batch, const Held& held) {
  if (held.block == 0) return false;  // settled without an attempt (expired while it waited)
  const auto& key = held.record().key;
  leased_.erase({key.stream, key.row});
  const auto block = blocks_.find(held.block);
  SLUICE_ASSERT(block != blocks_.end());
  if (--block->second.left > 0) return true;
  scratch_key_.clear();
  put_be<8>(scratch_key_, block->first);
  if (block->second.rewritten) {
    batch.erase(kLeases, scratch_key_);
  } else {
    batch.erase_once(kLeases, scratch_key_);
  }
  blocks_.erase(block);
  return false;
}

void Ledger::raise_mark(store::Batch& batch, StreamId stream, Phase phase, std::string key,
                        std::uint64_t epoch) {
  auto& mark = marks_[{stream, phase}];
  mark.unseen.erase(mark.unseen.begin(), mark.unseen.upper_bound(epoch));
  for (const auto& [unseen_epoch, smallest] : mark.unseen) key = std::min(key, smallest);
  if (key <= mark.low) return;
  mark.low = std::move(key);
  put_mark(batch, stream, phase, mark.low);
}

void Ledger::put_mark(store::Batch& batch, StreamId stream, Phase phase, const std::string& low) {
  std::string key;
  put_be<4>(key, stream);
  put_u8(key, static_cast<std::uint8_t>(phase));
  batch.put(kMarks, key, low);
}

void Ledger::seal(store::Batch& batch) {
  outbox_.flush(batch);
  for (auto& [stream, requeued] : requeued_) {
    note_insertion({stream, Phase::retry, std::move(requeued.first), 0, nullptr});
  }
  requeued_.clear();
  for (const auto& insertion : insertions_) {
    auto& mark = marks_[{insertion.stream, insertion.phase}];
    mark.unseen.emplace(insertion.epoch, insertion.first_key);
    if (mark.unseen.size() >
        kMaxUnseen) {  // two insertions become one with the later epoch and the smaller key
      const auto oldest = mark.unseen.begin();
      auto& next = std::next(oldest)->second;
      next = std::min(next, oldest->second);
      mark.unseen.erase(oldest);
    }
    if (insertion.first_key >= mark.low) continue;
    mark.low = insertion.first_key;
    put_mark(batch, insertion.stream, insertion.phase, mark.low);
  }
  for (const auto stream : touched_) {
    const auto& counters = counters_[stream];
    scratch_value_.clear();
    counters.append_to(scratch_value_);
    batch.put(kCounters, stream_key(stream), scratch_value_);
    auto& written = written_held_[stream];
    if (written == counters.held) continue;
    written = counters.held;
    scratch_value_.clear();
    put_varint(scratch_value_, written);
    batch.put(kMarks, stream_key(stream).append(1, kHeldMark), scratch_value_);
  }
  if (batch.empty()) return;
  scratch_value_.clear();
  put_be<8>(scratch_value_, next_seq_ - 1);
  batch.put(kCounters, kSeqKey, scratch_value_);
}

void Ledger::after_sync() {
  committed_seq_.store(next_seq_ - 1, std::memory_order_release);
  committed_owed_.store(owed_, std::memory_order_release);
  leased_count_.store(leased_.size(), std::memory_order_relaxed);
  if (editing_) edits_.fetch_add(1, std::memory_order_release);
  editing_ = false;
  if (!touched_.empty()) {
    const std::lock_guard lock(published_mutex_);
    for (const auto stream : touched_) published_[stream] = counters_[stream];
  }
  touched_.clear();
  if (observer_ != nullptr && !insertions_.empty()) observer_->on_inserted(std::move(insertions_));
  settled_.insert(settled_.end(), dropped_.begin(), dropped_.end());
  if (observer_ != nullptr && !settled_.empty()) observer_->on_settled(settled_);
  dropped_.clear();
  insertions_.clear();
  settled_.clear();
  ended_.clear();
  ended_to_ = 0;
}

Counters Ledger::counters(StreamId stream) const {
  const std::lock_guard lock(published_mutex_);
  const auto at = published_.find(stream);
  return at == published_.end() ? Counters{} : at->second;
}

std::string Ledger::mark(StreamId stream, Phase phase) const {
  const auto at = marks_.find({stream, phase});
  return at == marks_.end() ? std::string() : at->second.low;
}

}  // namespace sluice::queue
