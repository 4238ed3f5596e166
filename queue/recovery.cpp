// Opening the queue: the format stamp, the streams, and the records whose attempts a crash cut off.
#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/check.hpp"
#include "queue/families.hpp"
#include "queue/migration.hpp"
#include "queue/queue.hpp"
#include "queue/store_view.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kRecoveryBatchBytes = 4u << 20;

/// Where, and what to do about it.
std::unexpected<Error> unopened(Error error, const std::string& path) {
  if (error.code != ErrorCode::corrupt) return std::unexpected(std::move(error));
  error.text = "the store " + path + ": " + error.text +
               "; `sluice store check` tells what is damaged, `sluice store repair` sets it right";
  return std::unexpected(std::move(error));
}

}  // namespace

Expected<std::unique_ptr<Queue>> Queue::open(const Options& options, const Clock& clock, rocksdb::Env* env) {
  auto queue = std::unique_ptr<Queue>(new Queue(options, clock));
  auto database = store::Database::open(options.store, family_names(), env);
  if (!database) return std::unexpected(database.error());
  queue->database_ = std::move(*database);
  auto& path = options.store.path;
  queue->ledger_.set_debts(options.owes);
  for (auto step : {&Queue::check_format, &Queue::load_streams, &Queue::load_orders}) {
    if (auto result = (queue.get()->*step)(); !result) return unopened(result.error(), path);
  }
  if (auto result = queue->ledger_.load(*queue->database_); !result) return unopened(result.error(), path);
  if (auto result = queue->recover_leases(); !result) return unopened(result.error(), path);
  auto* self = queue.get();
  queue->committer_ = std::make_unique<store::Committer>(
      *queue->database_, options.store, [self](store::Batch& batch) { self->ledger_.seal(batch); },
      [self] { self->ledger_.after_sync(); });
  return queue;
}

Expected<> Queue::check_format() {
  return bring_to_format(*database_, options_.store.path, kFormat, migrations());
}

Expected<> Queue::load_streams() {
  if (auto loaded = queue::load_streams(*database_, streams_); !loaded) return loaded;
  auto floor = database_->get(kMeta, kStreamFloorKey);
  if (!floor) return std::unexpected(floor.error());
  if (*floor && (*floor)->size() == 4) streams_.skip_to(static_cast<StreamId>(get_be<4>((*floor)->data())));
  return {};
}

Expected<> Queue::recover_leases() {
  auto batch = database_->make_batch();
  const auto blocks = database_->cursor(kLeases, std::string(), std::string(9, '\xff'));
  std::uint64_t last_block = 0;
  for (; blocks->valid(); blocks->next()) {
    ++recovery_.lease_blocks;
    if (blocks->key().size() != 8) return fail(ErrorCode::corrupt, "a lease block has a damaged key");
    last_block = get_be<8>(blocks->key().data());
    for (ByteReader keys(blocks->value()); !keys.at_end();) {
      const auto key = keys.string();
      if (!keys.ok()) return fail(ErrorCode::corrupt, "a lease block does not decode");
      auto value = database_->get(kRecords, key);
      if (!value) return std::unexpected(value.error());
      if (*value) recover_record(batch, key, **value);
    }
    batch.erase(kLeases, blocks->key());  // it may have been written more than once
    if (batch.bytes() < kRecoveryBatchBytes) continue;
    ledger_.seal(batch);
    if (auto result = database_->write_synced(batch); !result) return result;
    ledger_.after_sync();
    batch.clear();
  }
  if (auto status = blocks->status(); !status) return status;
  ledger_.seal(batch);
  if (!batch.empty()) {
    if (auto result = database_->write_synced(batch); !result) return result;
  }
  ledger_.after_sync();
  next_block_ = last_block + 1;
  for (const auto& stream : streams_.all()) recovery_.queued += ledger_.counters(stream->id).queued();
  return {};
}

void Queue::recover_record(store::Batch& batch, std::string_view key, std::string_view value) {
  auto page = std::make_shared<Page>();
  if (!page->add(key, value)) return;  // damaged: the feeder meets it and sets it aside
  const auto& record = page->records().front();
  const auto stream = streams_.find(record.key.stream);
  if (!stream) return;
  ++recovery_.in_doubt;
  const auto now = clock_.now();
  Settlement settlement;
  settlement.held = Held{stream, page, 0, LaneRef{UINT32_MAX, 0, 0}, 0};
  settlement.trail = record.value.trail;
  settlement.trail.attempts = static_cast<std::uint16_t>(settlement.trail.attempts + 1);
  settlement.time_ms = to_ms(now);
  Event event;
  event.kind = EventKind::in_doubt;
  event.time_ms = settlement.time_ms;
  event.stream = stream->id;
  event.id = record.id(options_.node);
  const auto recipient = record.address();
  event.recipient = recipient;
  event.domain = record.key.domain;
  event.stage = "crash";
  event.attempts = settlement.trail.attempts;
  event.queued_ms = event.time_ms - record.value.accepted_ms;
  settlement.kind = EventKind::in_doubt;
  switch (options_.in_doubt) {
    case DoubtPolicy::retry:
      settlement.due = to_due_second(now + options_.in_doubt_delay);
      break;
    case DoubtPolicy::hold:
      settlement.trail.held = true;
      settlement.due = to_due_second(from_ms(stream->expires_ms(record.value.accepted_ms)));
      break;
    case DoubtPolicy::assume_delivered:
      event.append_to(settlement.event);
      ledger_.add_event(batch, settlement.event);
      ledger_.touch(stream->id).count(EventKind::in_doubt);
      settlement.event.clear();
      settlement.kind = event.kind = EventKind::delivered;
      event.event_class = "assumed";
      break;
  }
  if (settlement.kind == EventKind::in_doubt) event.due_ms = to_ms(to_instant(settlement.due));
  event.append_to(settlement.event);
  ledger_.settle(batch, settlement);
}

}  // namespace sluice::queue
