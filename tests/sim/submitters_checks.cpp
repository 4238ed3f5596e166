// What a submitter compares: the store a crash left with what was reported, and the accounts with the feed.
#include <fmt/format.h>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"
#include "tests/sim/submitters.hpp"

namespace sluice::sim {

using queue::StreamState;

void Submitters::adopt(queue::Queue& queue, const Clock& clock) {
  queue_ = &queue;
  clock_ = &clock;
  ++life_;
  read_feed();
  for (const auto& [id, truth] : model_.streams()) {
    const auto stream = queue_->streams().find(id);
    if (!stream) world_.trace.fail(fmt::format("stream {} was reported made and is gone", id));
    adopt_progress(stream);
  }
  for (const auto& stream : queue_->streams().all()) {
    if (!model_.streams().contains(stream->id)) adopt_stream(stream);
  }
  model_.check_none_under_way("after a restart");
  check_store();
  check_counters();
  const auto leases = queue_->database().cursor(queue::kLeases, std::string(), std::string(9, '\xff'));
  if (leases->valid()) world_.trace.fail("a lease outlives the opening of the store");
}

void Submitters::adopt_progress(const queue::StreamPtr& stream) {
  auto& truth = model_.streams().at(stream->id);
  const auto now = stream->state();
  const bool swept = truth.state == StreamState::cancelling || truth.asked == StreamState::cancelling;
  if (now != truth.state && now != truth.asked && !(swept && now == StreamState::cancelled))
    world_.trace.fail(fmt::format("stream {} was reported {} and is {}", stream->id,
                                  queue::name_of(truth.state), queue::name_of(now)));
  truth.state = truth.asked = now;
  const auto checkpoint = queue_->checkpoint(stream->id);
  if (!checkpoint) world_.trace.fail(checkpoint.error().text);
  const auto rows = checkpoint->empty() ? 0 : get_be<8>(checkpoint->data());
  if (rows < truth.accepted || rows > truth.handed)
    world_.trace.fail(fmt::format("stream {}: {} rows were reported accepted, {} are there", stream->id,
                                  truth.accepted, rows));
  for (auto row = rows; row < truth.handed; ++row) {
    if (truth.rows[row].taken != 0) world_.trace.fail("a row was sent before it was accepted");
  }
  truth.rows.resize(rows);
  truth.handed = truth.accepted = rows;
  truth.injecting = false;
}

void Submitters::check_counters() {
  read_feed();
  for (const auto& [id, truth] : model_.streams()) {
    const auto counters = queue_->counters(id);
    const auto& counted = truth.counted;
    const bool same = counters.delivered == counted.delivered && counters.bounced == counted.bounced &&
                      counters.expired == counted.expired && counters.suppressed == counted.suppressed &&
                      counters.cancelled == counted.cancelled && counters.deferrals == counted.deferrals &&
                      counters.doubts == counted.doubts;
    if (!same) world_.trace.fail(fmt::format("the counters of stream {} are not what its events say", id));
    if (counters.injected < truth.accepted || counters.injected > truth.handed)
      world_.trace.fail(fmt::format("stream {} counts {} injected; {} were accepted, {} handed in", id,
                                    counters.injected, truth.accepted, truth.handed));
  }
}

void Submitters::check_store() const {
  std::map<StreamId, std::vector<std::uint8_t>> found;
  std::map<StreamId, std::uint64_t> retries;
  const auto records = queue_->database().cursor(queue::kRecords, std::string(), std::string(6, '\xff'));
  for (; records->valid(); records->next()) {
    const auto key = queue::RecordKey::decode(records->key());
    if (!key) world_.trace.fail("a record's key does not decode");
    auto& rows = found[key->stream];
    if (rows.size() <= key->row) rows.resize(key->row + 1);
    if (++rows[key->row] > 1)
      world_.trace.fail(fmt::format("stream {} row {} is queued twice", key->stream, key->row));
    if (key->phase == queue::Phase::retry) ++retries[key->stream];
  }
  for (const auto& [id, truth] : model_.streams()) {
    auto& rows = found[id];
    rows.resize(truth.handed);
    for (Row row = 0; row < truth.accepted; ++row) {
      const bool queued = rows[row] == 1;
      if (queued == truth.rows[row].final)
        world_.trace.fail(
            fmt::format("stream {} row {} is {}", id, row, queued ? "final and queued" : "lost"));
    }
    if (queue_->counters(id).retries_waiting != retries[id])
      world_.trace.fail(fmt::format("stream {} counts {} retries and has {}", id,
                                    queue_->counters(id).retries_waiting, retries[id]));
  }
}

bool Submitters::finished() const { return waiting() == 0; }

std::string Submitters::starving() const {
  for (const auto& [id, truth] : model_.streams()) {
    for (Row row = 0; row < truth.handed; ++row) {
      const auto& recipient = truth.rows[row];
      if (!recipient.final && recipient.doubts == 0)
        return fmt::format("stream {} row {} of {}", id, row, scenario_.domains[domain_of(id, row)].name);
    }
  }
  return {};
}

}  // namespace sluice::sim
