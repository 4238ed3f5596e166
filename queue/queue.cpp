#include "queue/queue.hpp"

#include <future>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

std::string stream_key(StreamId stream) {
  std::string key;
  put_be<4>(key, stream);
  return key;
}

std::string content_key(StreamId stream, std::string_view part) { return stream_key(stream).append(part); }

std::string checkpoint_key(StreamId stream) { return stream_key(stream).append("c"); }

std::string state_event(const Stream& stream, StreamState to, const std::string& cause, Instant now) {
  Event event;
  event.kind = EventKind::campaign;
  event.time_ms = to_ms(now);
  event.stream = stream.id;
  event.event_class = name_of(to);
  event.detail = cause;
  std::string out;
  event.append_to(out);
  return out;
}

bool may_become(StreamState from, StreamState to) {
  switch (from) {
    case StreamState::running:
      return to == StreamState::paused || to == StreamState::cancelling || to == StreamState::done;
    case StreamState::paused:
      return to == StreamState::running || to == StreamState::cancelling;
    case StreamState::cancelling:
      return to == StreamState::cancelled;
    case StreamState::cancelled:
    case StreamState::done:
      return false;
  }
  return false;
}

class InjectWork final : public store::Work {
 public:
  InjectWork(Ledger& ledger, std::unique_ptr<Injection> injection, Done done)
      : ledger_(ledger), injection_(std::move(injection)), done_(std::move(done)) {}

  void apply(store::Batch& batch) override {
    const auto stream = injection_->stream()->id;
    injection_->set_read_at(ledger_.edits());
    for (const auto& entry : injection_->entries()) {
      ledger_.insert(batch, injection_->key(entry), injection_->value(entry));
    }
    for (const auto& ref : injection_->body_refs()) batch.put(kBodies, ref, {});
    for (const auto& event : injection_->events()) ledger_.add_event(batch, event);
    for (const auto& debt : injection_->paid()) ledger_.pay(batch, debt);
    auto& counters = ledger_.touch(stream);
    counters.injected += injection_->size() + injection_->suppressed();
    counters.suppressed += injection_->suppressed();
    counters.rejected += injection_->rejected();
    if (!injection_->checkpoint().empty())
      batch.put(kMarks, checkpoint_key(stream), injection_->checkpoint());
    if (injection_->size() == 0) return;
    const auto first = injection_->key(injection_->entries().front());
    ledger_.note_insertion({stream, Phase::first, std::string(first), 0, injection_->page()});
  }

  void done(const Expected<>& result) override {
    if (done_) done_(result);
  }

 private:
  Ledger& ledger_;
  std::unique_ptr<Injection> injection_;
  Done done_;
};

class LeaseWork final : public store::Work {
 public:
  LeaseWork(Ledger& ledger, std::vector<Held> run, std::uint64_t block, LeaseDone done)
      : ledger_(ledger), run_(std::move(run)), block_(block), done_(std::move(done)) {}

  void apply(store::Batch& batch) override {
    std::vector<Held> granted;
    granted.reserve(run_.size());
    for (auto& held : run_) {
      if (const auto now = ledger_.standing(held); now != Ledger::Standing::same) {
        ledger_.drop(held, now);
        continue;
      }
      const bool running = held.stream->state() == StreamState::running && !held.stream->on_hold();
      if (running) held.block = block_;
      (running ? granted : refused_).push_back(std::move(held));
    }
    run_ = std::move(granted);
    ledger_.lease(batch, block_, run_);
  }

  void done(const Expected<>& result) override { done_(result, std::move(run_), std::move(refused_)); }

 private:
  Ledger& ledger_;
  std::vector<Held> run_;
  std::vector<Held> refused_;
  const std::uint64_t block_;
  LeaseDone done_;
};

}  // namespace

Queue::~Queue() { stop(); }

void Queue::connect(std::vector<RunReceiver*> workers) {
  SLUICE_ASSERT(!feeder_);
  feeder_ = std::make_unique<Feeder>(*database_, *committer_, ledger_, streams_, clock_, std::move(workers),
                                     options_.feeder);
  ledger_.set_observer(feeder_.get());
}

void Queue::start(std::vector<RunReceiver*> workers) {
  connect(std::move(workers));
  committer_->start();
  feeder_->start();
}

void Queue::drive(std::vector<RunReceiver*> workers, std::function<void()> pause) {
  connect(std::move(workers));
  committer_->drive(std::move(pause));
}

void Queue::stop() {
  if (feeder_) feeder_->stop();
  if (committer_) committer_->stop();
}

Expected<> Queue::commit_now(std::function<void(store::Batch&)> apply) {
  std::promise<Expected<>> promise;
  auto result = promise.get_future();
  committer_->submit(
      store::make_work(std::move(apply), [&promise](const Expected<>& done) { promise.set_value(done); }),
      store::Urgency::now);
  committer_->settle_pending();
  return result.get();
}

Expected<StreamPtr> Queue::create_stream(StreamSettings settings,
                                         const std::vector<std::pair<std::string, std::string>>& parts) {
  const auto stream = std::make_shared<Stream>(streams_.next_id(), std::move(settings), StreamState::running);
  auto result = commit_now([&](store::Batch& batch) {
    batch.put(kStreams, stream_key(stream->id), encode_stream(stream->settings, stream->state()));
    for (const auto& [name, bytes] : parts) batch.put(kContent, content_key(stream->id, name), bytes);
    ledger_.add_event(batch, state_event(*stream, StreamState::running, "accepted", clock_.now()));
    static_cast<void>(ledger_.touch(stream->id));
  });
  if (!result) return std::unexpected(result.error());
  stream->set_on_hold(orders_.holds_tenant(stream->settings.tenant));
  streams_.add(stream);
  if (feeder_) feeder_->stream_changed(stream);
  return stream;
}

Expected<> Queue::set_state(const StreamPtr& stream, StreamState to, const std::string& cause) {
  Expected<> allowed;
  auto result = commit_now([&](store::Batch& batch) {
    if (stream->state() == to) return;
    if (!may_become(stream->state(), to)) {
      allowed = fail(ErrorCode::conflict, stream->settings.name + " is " + name_of(stream->state()) +
                                              " and cannot become " + name_of(to));
      return;
    }
    // In force before it is durable: leases of this very batch, applied later, are refused already.
    stream->set_state(to);
    batch.put(kStreams, stream_key(stream->id), encode_stream(stream->settings_now(), to));
    ledger_.add_event(batch, state_event(*stream, to, cause, clock_.now()));
  });
  if (!result) return result;
  if (!allowed) return allowed;
  if (feeder_) feeder_->stream_changed(stream);
  return {};
}

Expected<bool> Queue::sweep_cancelled(const StreamPtr& stream, std::size_t limit) {
  SLUICE_ASSERT(stream->state() == StreamState::cancelling);
  std::vector<std::string> found;
  for (const auto phase : {Phase::first, Phase::retry}) {
    const auto cursor =
        database_->cursor(kRecords, phase_begin(stream->id, phase), phase_end(stream->id, phase));
    for (; cursor->valid() && found.size() < limit; cursor->next()) found.emplace_back(cursor->key());
    if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  }
  auto result = commit_now([&](store::Batch& batch) {
    for (const auto& key_bytes : found) {
      const auto key = RecordKey::decode(key_bytes);
      if (!key) continue;
      const auto value_bytes = ledger_.withdraw(batch, *database_, *key);
      if (!value_bytes) continue;
      end_record(batch, EventKind::cancelled, {}, *key, *value_bytes);
    }
  });
  if (!result) return std::unexpected(result.error());
  if (counters(stream->id).queued() > 0) return false;
  auto ended = set_state(stream, StreamState::cancelled, "every recipient is final");
  if (!ended) return std::unexpected(ended.error());
  return true;
}

Expected<std::optional<std::string>> Queue::content(StreamId stream, std::string_view part) const {
  return database_->get(kContent, content_key(stream, part));
}

Expected<std::string> Queue::checkpoint(StreamId stream) const {
  auto bytes = database_->get(kMarks, checkpoint_key(stream));
  if (!bytes) return std::unexpected(bytes.error());
  return bytes->value_or("");
}

void Queue::inject(std::unique_ptr<Injection> injection, store::Urgency urgency, Done done) {
  committer_->submit(std::make_unique<InjectWork>(ledger_, std::move(injection), std::move(done)), urgency);
}

void Queue::lease(std::vector<Held> run, LeaseDone done) {
  const auto block = next_block_.fetch_add(1, std::memory_order_relaxed);
  committer_->submit(std::make_unique<LeaseWork>(ledger_, std::move(run), block, std::move(done)),
                     store::Urgency::now);
}

void Queue::settle(std::vector<Settlement> settlements, std::function<void()> durable) {
  auto apply = [this, settlements = std::move(settlements)](store::Batch& batch) {
    for (const auto& settlement : settlements) ledger_.settle(batch, settlement);
  };
  auto done = [durable = std::move(durable)](const Expected<>& result) {
    if (result && durable) durable();
  };
  committer_->submit(store::make_work(std::move(apply), std::move(done)), store::Urgency::soon);
}

void Queue::release(std::vector<Held> held, std::function<void(std::vector<Held>)> done) {
  const auto shared =
      std::make_shared<std::vector<Held>>(std::move(held));  // shared: by the two halves of one work
  auto apply = [this, shared](store::Batch& batch) {
    for (const auto& one : *shared) ledger_.release(batch, one);
  };
  auto finish = [shared, done = std::move(done)](const Expected<>&) {
    for (auto& one : *shared) one.block = 0;
    done(std::move(*shared));
  };
  committer_->submit(store::make_work(std::move(apply), std::move(finish)), store::Urgency::now);
}

void Queue::postpone(std::vector<std::pair<Held, DueSecond>> records) {
  auto apply = [this, records = std::move(records)](store::Batch& batch) {
    for (const auto& [held, due] : records) ledger_.postpone(batch, held, due);
  };
  committer_->submit(store::make_work(std::move(apply), [](const Expected<>&) {}), store::Urgency::soon);
}

Expected<> Queue::forgive(const Debt& debt) {
  return commit_now([&](store::Batch& batch) { ledger_.pay(batch, debt); });
}

void Queue::record_event(std::string encoded) {
  auto apply = [this, encoded = std::move(encoded)](store::Batch& batch) {
    ledger_.add_event(batch, encoded);
  };
  committer_->submit(store::make_work(std::move(apply), [](const Expected<>&) {}), store::Urgency::soon);
}

}  // namespace sluice::queue
