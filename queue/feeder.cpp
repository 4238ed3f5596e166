#include "queue/feeder.hpp"

#include <pthread.h>

#include <algorithm>

#include "engine/base/assert.hpp"

namespace sluice::queue {
namespace {

/// Nothing of the stream will be sent any more.
bool ended(const Stream& stream) { return stream.state() >= StreamState::cancelling; }

}  // namespace

Feeder::Feeder(store::Database& database, store::Committer& committer, Ledger& ledger, StreamTable& streams,
               const Clock& clock, std::vector<RunReceiver*> workers, FeederOptions options)
    : database_(database),
      committer_(committer),
      ledger_(ledger),
      streams_(streams),
      clock_(clock),
      workers_(std::move(workers)),
      options_(options),
      outgoing_(workers_.size()) {
  SLUICE_ASSERT(!workers_.empty());
  now_ = clock_.now();
  for (const auto& stream : streams_.all()) {
    if (stream->state() == StreamState::done || stream->state() == StreamState::cancelled) continue;
    scan(stream, Phase::first);
    scan(stream, Phase::retry);
  }
}

Feeder::~Feeder() { stop(); }

void Feeder::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "feeder");
    run();
  });
}

void Feeder::stop() {
  {
    const std::lock_guard lock(inbox_mutex_);
    stopping_ = true;
  }
  inbox_wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Feeder::run() {
  for (;;) {
    const auto next = step();
    std::unique_lock lock(inbox_mutex_);
    const auto wait = std::clamp<Micros>(next - clock_.now(), Micros(0), std::chrono::seconds(1));
    inbox_wake_.wait_for(lock, wait, [this] { return stopping_ || !inbox_.empty(); });
    if (stopping_) return;
  }
}

void Feeder::post(Message message) {
  bool wake = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    wake = inbox_.empty();
    inbox_.push_back(std::move(message));
  }
  if (wake) inbox_wake_.notify_one();
}

void Feeder::want_more(LaneRef lane) { post(WantMore{lane}); }
void Feeder::give_back(LaneRef lane, std::uint32_t last_run, std::vector<Held> unleased, Instant until,
                       std::uint64_t seen) {
  post(GiveBack{lane, last_run, std::move(unleased), until, seen});
}
void Feeder::moved(LaneRef lane, std::uint32_t worker) { post(Moved{lane, worker}); }
void Feeder::stream_changed(StreamPtr stream) {
  changes_.fetch_add(1, std::memory_order_acq_rel);
  post(StreamChanged{std::move(stream)});
}
void Feeder::orders_changed() {
  changes_.fetch_add(1, std::memory_order_acq_rel);
  post(OrdersChanged{});
}
void Feeder::on_inserted(std::vector<Insertion> insertions) { post(std::move(insertions)); }
void Feeder::on_settled(const std::vector<SettledRef>& records) { post(records); }

Instant Feeder::step() {
  now_ = clock_.now();
  read_at_ = ledger_.edits();
  std::vector<Message> messages;
  {
    const std::lock_guard lock(inbox_mutex_);
    messages.swap(inbox_);
  }
  for (auto& message : messages) {
    std::visit([this](auto& m) { handle(m); }, message);
  }
  unpark_due();
  look_at_due();
  make_room();
  const bool fed = feed_hungry();
  const bool more = read_somewhere() || fed;
  hand_out();
  if (now_ >= next_marks_) {
    raise_marks(false);
    next_marks_ = now_ + options_.mark_interval;
  }
  {
    const std::lock_guard lock(stats_mutex_);
    stats_.resident_records = resident_;
    stats_.resident_lanes = lanes_.size();
    stats_.records_read = records_read_;
    stats_.pages_read = pages_read_;
    stats_.damaged = damaged_;
  }
  if (more) return now_;
  auto next = next_marks_;
  if (!parked_.empty()) next = std::min(next, parked_.top().until);
  if (!later_.empty()) next = std::min(next, later_.top().when);
  return next;
}

void Feeder::handle(WantMore& message) {
  auto* lane = lanes_.at(message.lane);
  if (lane == nullptr || lane->parked_until) return;
  lane->wanted = true;
  if (lane->phase == Phase::retry) return;
  if (!lane->exhausted || lane->read_epoch < scan(lane->stream, lane->phase).epoch) refill(*lane);
}

void Feeder::handle(Moved& message) {
  if (auto* lane = lanes_.at(message.lane)) lane->worker = message.worker;
}

void Feeder::handle(StreamChanged& message) {
  const auto& stream = message.stream;
  hand_out();  // what was read before is known to the workers before
  for (auto* worker : workers_) worker->on_stream_changed(stream);
  if (stream->state() == StreamState::done || stream->state() == StreamState::cancelled) {
    forget({stream->id, Phase::first});
    forget({stream->id, Phase::retry});
    return;
  }
  for (const auto phase : {Phase::first, Phase::retry}) {
    auto& changed = scan(stream, phase);
    changed.pass_at_once();
    consider(changed);
  }
  if (!stream->may_send(now_)) return;
  std::vector<FeederLane*> parked;
  lanes_.for_each([&](FeederLane& lane) {
    if (lane.stream == stream && lane.parked_until) parked.push_back(&lane);
  });
  for (auto* lane : parked) unpark(*lane);
}

/// What an order or a limit held may go, or not; the workers know, and give it back again.
void Feeder::handle(OrdersChanged&) {
  for (auto& [id, changed] : scans_) {
    changed.pass_at_once();
    consider(changed);
  }
  std::vector<FeederLane*> parked;
  lanes_.for_each([&](FeederLane& lane) {
    if (lane.parked_until && lane.stream->may_send(now_)) parked.push_back(&lane);
  });
  for (auto* lane : parked) unpark(*lane);
}

void Feeder::handle(GiveBack& message) {
  auto* lane = lanes_.at(message.lane);
  if (lane == nullptr) return;
  lane->received_run = std::max(lane->received_run, message.last_run);
  if (lane->received_run != lane->next_run - 1) {
    // More was on its way when the worker let go: it has to look again, at everything.
    for (auto& held : message.unleased) {
      outgoing_[lane->worker].push_back(Run{held.stream, lane->phase, held.lane, held.page, held.index, 1});
    }
    return;
  }
  auto& owner = scan(lane->stream, lane->phase);
  for (const auto& held : message.unleased) {
    const auto& key = held.record().key;
    auto& open = lane->runs.at(held.lane.run - lane->runs.front().number);
    --open.left;
    --lane->outstanding;
    --owner.resident;
    --resident_;
    if (lane->phase == Phase::retry) {
      lane->erase_row(key.due, key.row);
      lane->left_due = std::min(lane->left_due.value_or(key.due), key.due);
    } else {
      lane->next_row = std::min(lane->next_row, key.row);
      lane->exhausted = false;
    }
  }
  lane->drop_settled_runs();
  lane->wanted = false;
  lane->run_size = options_.first_run;
  // The message that tells of a change may have been handled before this one.
  const auto until = message.seen == changes() ? message.until : now_;
  park(*lane, until);
  consider(owner);
  if (until <= now_)
    unpark(*lane);
  else if (lane->outstanding == 0 && ended(*lane->stream))
    lanes_.remove(*lane);
  else if (lane->outstanding == 0 && asleep(*lane))
    lay_down(*lane);
}

/// The whole stream is paused, held or outside its windows.
bool Feeder::asleep(const FeederLane& lane) const { return !lane.stream->may_send(now_); }

/// A lane of a stream that sleeps takes no place: its records stand ahead of the scan again.
void Feeder::lay_down(FeederLane& lane) {
  if (lane.phase == Phase::retry && lane.left_due) return leave_to_scan(lane);
  auto& owner = scan(lane.stream, lane.phase);
  if (lane.phase == Phase::first && (!lane.exhausted || lane.read_epoch < owner.epoch)) {
    owner.cursor = std::min(owner.cursor, lane.key_of(lane.next_row));
    owner.at_end = false;
  }
  lanes_.remove(lane);
}

void Feeder::handle(std::vector<Insertion>& message) {
  for (const auto& insertion : message) {
    const auto stream = streams_.find(insertion.stream);
    if (!stream) continue;
    auto& owner = scan(stream, insertion.phase);
    owner.epoch = insertion.epoch;
    if (insertion.phase == Phase::first) {
      hand_over(owner, insertion);
      consider(owner);
      continue;
    }
    const auto key = RecordKey::decode(insertion.first_key);
    SLUICE_ASSERT(key.has_value());
    if (insertion.first_key < owner.cursor) {
      owner.left_behind = std::min(owner.left_behind, key->due);
      owner.want(now_);
    } else {
      owner.next_due = std::min(owner.next_due, key->due);
    }
    consider(owner);
  }
}

void Feeder::handle(std::vector<SettledRef>& message) {
  for (const auto& settled : message) settled_one(settled);
}

void Feeder::settled_one(const SettledRef& settled) {
  auto* lane = lanes_.at(settled.lane);
  if (lane == nullptr) return;
  auto& open = lane->runs.at(settled.lane.run - lane->runs.front().number);
  SLUICE_ASSERT(open.left > 0);
  --open.left;
  lane->drop_settled_runs();
  --lane->outstanding;
  auto& owner = scan(lane->stream, lane->phase);
  --owner.resident;
  --resident_;
  consider(owner);
  if (lane->phase == Phase::retry) {
    lane->erase_row(settled.due, settled.row);
    if (settled.again) lane->left_due = std::min(lane->left_due.value_or(settled.due), settled.due);
    if (lane->left_due && lane->outstanding <= options_.retry_lane_records / 2) make_hungry(*lane);
  }
  if (lane->outstanding == 0 && !lane->parked_until)
    idle(*lane);
  else if (lane->outstanding == 0 && ended(*lane->stream))
    lanes_.remove(*lane);
  else if (lane->outstanding == 0 && asleep(*lane))
    lay_down(*lane);
  else if (lane->outstanding == 0 && lane->unpark_when_settled)
    unpark(*lane);
}

/// Nothing of the lane is in memory: reads on, or lets it go.
void Feeder::idle(FeederLane& lane) {
  if (lane.phase == Phase::first) {
    const auto& owner = scan(lane.stream, lane.phase);
    if (!lane.exhausted || lane.read_epoch < owner.epoch) refill(lane);
    if (lane.outstanding > 0 || lane.parked_until) return;
  } else if (lane.left_due) {
    return make_hungry(lane);
  }
  lanes_.remove(lane);
}

void Feeder::unpark_due() {
  while (!parked_.empty() && parked_.top().until <= now_) {
    const auto top = parked_.top();
    parked_.pop();
    auto* lane = lanes_.at(top.lane);
    if (lane != nullptr && lane->parked_until && *lane->parked_until <= now_) unpark(*lane);
  }
}

void Feeder::unpark(FeederLane& lane) {
  // What is read again must not meet a record whose attempt is still under way.
  if (lane.phase == Phase::first && lane.outstanding > 0) {
    lane.unpark_when_settled = true;
    return;
  }
  lane.unpark_when_settled = false;
  lane.parked_until.reset();
  if (lane.phase == Phase::retry) {
    if (lane.left_due) make_hungry(lane);
  } else if (lane.stream->state() == StreamState::running) {
    refill(lane);
  }
  if (lane.outstanding == 0) idle(lane);
}

bool Feeder::has_mail() const {
  const std::lock_guard lock(inbox_mutex_);
  return !inbox_.empty();
}

FeederStats Feeder::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

}  // namespace sluice::queue
