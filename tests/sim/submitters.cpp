#include "tests/sim/submitters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"
#include "queue/outbox.hpp"

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;
using queue::EventKind;
using queue::StreamState;

constexpr std::ptrdiff_t kMostStreams = 20;  ///< that may still send
constexpr std::uint64_t kTrimEvery = 700;
constexpr std::size_t kSweepLimit = 40;

std::string seq_key(std::uint64_t seq) {
  std::string key;
  put_be<8>(key, seq);
  return key;
}

std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15ULL;
  return x ^ (x >> 29);
}

}  // namespace

std::size_t Submitters::domain_of(StreamId stream, Row row) const {
  const auto dice = scramble(world_.seed ^ (std::uint64_t{stream} << 40) ^ row);
  if (dice % 100 < 60) return (dice >> 8) % scenario_.giants;
  return (dice >> 8) % scenario_.domains.size();
}

void Submitters::make_stream() {
  queue::StreamSettings settings;
  settings.name = fmt::format("c{}", made_++);
  settings.tenant = fmt::format("t{}", world_.random.below(scenario_.tenants));
  const bool flow = world_.chance(0.3);
  settings.kind = flow ? queue::StreamKind::flow : queue::StreamKind::campaign;
  settings.stream_class =
      flow || world_.chance(0.1) ? queue::StreamClass::transactional : queue::StreamClass::commercial;
  settings.priority = static_cast<std::uint8_t>(world_.chance(0.7) ? 5 : world_.between(1, 9));
  settings.pool = world_.chance(0.2) ? "second" : "default";
  settings.expire = world_.chance(0.1) ? 10min : 45min;
  settings.created_ms = to_ms(clock_->now());
  if (world_.chance(0.2))
    settings.start_ms = settings.created_ms + static_cast<std::int64_t>(world_.between(1, 20'000));
  if (world_.chance(0.2))
    settings.rate = fmt::format("{}/s burst {}", world_.between(5, 100), world_.between(1, 10));
  const auto made = queue_->create_stream(std::move(settings), {{"source", "x"}});
  if (made) adopt_stream(*made);
}

void Submitters::adopt_stream(const queue::StreamPtr& stream) {
  auto& truth = model_.streams()[stream->id];
  truth.planned = stream->settings.kind == queue::StreamKind::flow ? UINT64_MAX : world_.between(200, 6000);
  truth.state = truth.asked = stream->state();
  world_.note("stream", stream->id, static_cast<std::uint64_t>(stream->settings.stream_class),
              stream->settings.priority);
  fairness_.streams_changed();
}

queue::StreamPtr Submitters::any_stream(StreamState state) {
  std::vector<queue::StreamPtr> found;
  for (const auto& stream : queue_->streams().all()) {
    if (stream->state() == state) found.push_back(stream);
  }
  return found.empty() ? nullptr : found[world_.random.below(found.size())];
}

void Submitters::set_state(const queue::StreamPtr& stream, StreamState to) {
  auto& truth = model_.streams().at(stream->id);
  truth.asked = to;
  world_.note("asks", stream->id, static_cast<std::uint64_t>(to));
  if (queue_->set_state(stream, to, "simulation")) truth.state = to;
  fairness_.streams_changed();
}

void Submitters::fill(queue::Injection& injection, StreamTruth& truth, std::uint64_t rows) {
  const auto stream = injection.stream()->id;
  const auto accepted_ms = to_ms(clock_->now());
  for (std::uint64_t i = 0; i < rows; ++i) {
    const Who who{stream, truth.handed++};
    truth.rows.emplace_back();
    const auto& domain = scenario_.domains[domain_of(stream, who.row)].name;
    if (!world_.chance(0.02)) {
      injection.add(who.row, domain, Model::local_of(who), accepted_ms, "");
      continue;
    }
    queue::Event event;
    event.kind = EventKind::suppressed;
    event.time_ms = accepted_ms;
    event.stream = stream;
    event.id = MessageId::make(from_ms(accepted_ms), 0, stream, who.row);
    event.event_class = "duplicate";
    std::string encoded;
    event.append_to(encoded);
    injection.add_suppressed(std::move(encoded));
  }
  injection.set_checkpoint(seq_key(truth.handed));
  injection.seal();
}

void Submitters::inject() {
  if (calm_ || waiting() > scenario_.backlog) return;
  const auto stream = any_stream(world_.chance(0.9) ? StreamState::running : StreamState::paused);
  if (!stream) return;
  auto& truth = model_.streams().at(stream->id);
  if (truth.injecting || truth.handed >= truth.planned) return;
  const bool flow = stream->settings.kind == queue::StreamKind::flow;
  const auto most = flow ? (world_.chance(0.1) ? 100 : 4) : (world_.chance(0.2) ? 400 : 120);
  const auto rows = std::min<std::uint64_t>(world_.between(1, most), truth.planned - truth.handed);
  auto injection = std::make_unique<queue::Injection>(stream);
  fill(*injection, truth, rows);
  truth.injecting = true;
  world_.note("injects", stream->id, rows, truth.handed);
  auto done = [this, life = life_, id = stream->id, handed = truth.handed](const Expected<>& result) {
    if (life != life_ || !result) return;
    auto& reported = model_.streams().at(id);
    reported.accepted = handed;
    reported.injecting = false;
  };
  queue_->inject(std::move(injection), flow ? store::Urgency::now : store::Urgency::soon, std::move(done));
}

void Submitters::operate() {
  const auto dice = world_.random.below(100);
  if (dice < 30) {
    if (const auto stream = any_stream(StreamState::running)) set_state(stream, StreamState::paused);
  } else if (dice < 65) {
    if (const auto stream = any_stream(StreamState::paused)) set_state(stream, StreamState::running);
  } else if (dice < 72) {
    const auto stream = any_stream(world_.chance(0.5) ? StreamState::running : StreamState::paused);
    if (stream && queue_->streams().all().size() > 6) set_state(stream, StreamState::cancelling);
  } else if (dice < 80) {
    const auto stream = any_stream(StreamState::running);
    if (!stream || stream->settings.kind == queue::StreamKind::flow) return;
    const auto& truth = model_.streams().at(stream->id);
    const bool complete = truth.accepted == truth.planned && queue_->counters(stream->id).queued() == 0;
    if (complete) set_state(stream, StreamState::done);
  } else {
    const auto all = queue_->streams().all();
    const auto live = std::count_if(
        all.begin(), all.end(), [](const auto& stream) { return stream->state() < StreamState::cancelling; });
    if (live < kMostStreams) make_stream();
  }
}

void Submitters::sweep() {
  const auto stream = any_stream(StreamState::cancelling);
  if (!stream || model_.streams().at(stream->id).injecting) return;
  const auto swept = queue_->sweep_cancelled(stream, kSweepLimit);
  world_.note("sweeps", stream->id, swept && *swept ? 1 : 0);
  fairness_.streams_changed();
}

void Submitters::read_feed() {
  const auto committed = queue_->ledger().committed_seq();
  if (committed == model_.last_seq()) return;
  queue::OutboxReader outbox(queue_->database(), model_.last_seq() + 1, committed);
  for (; outbox.valid(); outbox.next()) {
    const auto event = queue::Event::decode(outbox.event());
    if (!event) world_.trace.fail("an event in the outbox does not decode");
    model_.on_event(outbox.seq(), *event);
  }
  if (model_.last_seq() != committed)
    world_.trace.fail(fmt::format("the feed ends at {}, and {} are committed", model_.last_seq(), committed));
  if (committed - trimmed_ < kTrimEvery) return;
  auto apply = [from = queue::OutboxRow::key(0), to = queue::OutboxRow::key(committed + 1)](
                   store::Batch& batch) { batch.erase_range(queue::kOutbox, from, to); };
  queue_->committer().submit(store::make_work(std::move(apply), [](const Expected<>&) {}),
                             store::Urgency::soon);
  trimmed_ = committed;
}

void Submitters::calm() {
  calm_ = true;
  for (const auto& stream : queue_->streams().all()) {
    if (stream->state() == StreamState::paused) set_state(stream, StreamState::running);
  }
}

std::uint64_t Submitters::waiting() const {
  std::uint64_t handed = 0;
  for (const auto& [id, truth] : model_.streams()) handed += truth.handed;
  return handed - model_.finals();
}

}  // namespace sluice::sim
