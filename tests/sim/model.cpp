#include "tests/sim/model.hpp"

#include <fmt/format.h>

#include <charconv>

namespace sluice::sim {

using queue::EventKind;

void Model::fail(Who who, const std::string& claim) {
  world_.trace.fail(fmt::format("stream {} row {}: {}", who.stream, who.row, claim));
}

Recipient& Model::recipient(Who who) {
  const auto stream = streams_.find(who.stream);
  if (stream == streams_.end() || who.row >= stream->second.rows.size()) fail(who, "nobody handed it in");
  return stream->second.rows[who.row];
}

std::string Model::local_of(Who who) { return fmt::format("s{}r{}", who.stream, who.row); }

Who Model::who(std::string_view address) const {
  Who out;
  const auto* const end = address.data() + address.size();
  const auto stream = std::from_chars(address.data() + 1, end, out.stream);
  const auto row = std::from_chars(stream.ptr + 1, end, out.row);
  if (stream.ec != std::errc() || row.ec != std::errc() || row.ptr == end || *row.ptr != '@')
    world_.trace.fail(fmt::format("an address nobody handed in: {}", address));
  return out;
}

void Model::begins(Who who, queue::StreamState state) {
  auto& recipient = this->recipient(who);
  world_.note("begins", who.stream, who.row);
  if (state != queue::StreamState::running)
    fail(who, fmt::format("an attempt began while its stream was {}", queue::name_of(state)));
  if (recipient.final) fail(who, "an attempt began after its final event");
  if (recipient.under_way) fail(who, "an attempt began before the last one's end was on disk");
  recipient.under_way = true;
}

void Model::takes_back(Who who) {
  world_.note("stale", who.stream, who.row);
  recipient(who).under_way = false;
}

void Model::taken(Who who) {
  auto& recipient = this->recipient(who);
  world_.note("taken", who.stream, who.row, ++recipient.taken);
  if (recipient.taken > 1 + recipient.doubts)
    fail(who, fmt::format("copy {} was taken with {} in_doubt events", recipient.taken, recipient.doubts));
}

void Model::failed(Who who) {
  auto& recipient = this->recipient(who);
  world_.note("failed", who.stream, who.row);
  if (recipient.failures < 255) ++recipient.failures;
}

void Model::on_event(std::uint64_t seq, const queue::Event& event) {
  if (seq != last_seq_ + 1) world_.trace.fail(fmt::format("event {} came after event {}", seq, last_seq_));
  last_seq_ = seq;
  if (!event.id) {
    world_.note("event", seq, static_cast<std::uint64_t>(event.kind), event.stream);
    return;
  }
  const Who who{event.id->stream(), event.id->row()};
  world_.note(queue::name_of(event.kind), who.stream, who.row, seq);
  auto& recipient = this->recipient(who);
  streams_.at(who.stream).counted.count(event.kind);
  if (queue::is_final(event.kind)) return on_final(who, recipient, event);
  if (recipient.final) fail(who, fmt::format("{} after its final event", queue::name_of(event.kind)));
  if (event.kind == EventKind::in_doubt) {
    ++recipient.doubts;
  } else if (event.kind == EventKind::deferred && recipient.taken > recipient.doubts) {
    fail(who, "deferred, though a receiver took it and no attempt is in doubt");
  }
  recipient.under_way = false;
}

void Model::on_final(Who who, Recipient& recipient, const queue::Event& event) {
  if (recipient.final) fail(who, fmt::format("a second final event: {}", queue::name_of(event.kind)));
  recipient.final = true;
  ++finals_;
  const bool delivered = event.kind == EventKind::delivered;
  if (delivered && recipient.taken == 0 && (recipient.doubts == 0 || !assume_delivered_))
    fail(who, "delivered, and no receiver took it");
  if (!delivered && recipient.taken > recipient.doubts)
    fail(who, fmt::format("{}, though a receiver took it", queue::name_of(event.kind)));
  recipient.under_way = false;
}

void Model::check_none_under_way(const char* when) {
  for (auto& [id, stream] : streams_) {
    for (Row row = 0; row < stream.rows.size(); ++row) {
      if (stream.rows[row].under_way) fail({id, row}, fmt::format("its attempt is forgotten {}", when));
    }
  }
}

}  // namespace sluice::sim
