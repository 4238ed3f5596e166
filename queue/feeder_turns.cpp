// The feeder's turns: which scan, or which lane of retries, reads next. What a step costs does not grow with
// the number of streams: a scan is looked at when something about it changed, or when its time has come.
#include <algorithm>

#include "engine/base/log.hpp"
#include "queue/feeder.hpp"

namespace sluice::queue {

Scan& Feeder::scan(const StreamPtr& stream, Phase phase) {
  const auto [at, fresh] = scans_.try_emplace({stream->id, phase});
  auto& out = at->second;
  if (!fresh) return out;
  out.stream = stream;
  out.phase = phase;
  out.cursor = std::max(ledger_.mark(stream->id, phase), phase_begin(stream->id, phase));
  out.marked = out.cursor;
  out.pass_began = now_;
  consider(out);
  return out;
}

void Feeder::forget(Scan::Id id) {
  const auto found = scans_.find(id);
  if (found == scans_.end()) return;
  if (found->second.active) --active_;
  scans_.erase(found);
}

/// Of the memory for records, an active scan's part.
std::size_t Feeder::share() const {
  return std::max<std::size_t>(options_.first_run * 4,
                               options_.max_resident_records / std::max<std::size_t>(1, active_));
}

bool Feeder::full() const {
  return resident_ >= options_.max_resident_records || lanes_.size() >= options_.max_resident_lanes;
}

bool Feeder::wants_reading(Scan& scan) {
  if (!scan.stream->may_send(now_)) {
    look_again(scan, from_ms(scan.stream->settings.start_ms));
    return false;
  }
  if (scan.rests_until > now_) {
    look_again(scan, scan.rests_until);
    return false;
  }
  scan.go_back(now_);
  if (scan.wants_pass()) look_again(scan, scan.passes_again());
  if (scan.phase == Phase::first) return !scan.at_end;
  if (scan.next_due == UINT32_MAX) return false;
  if (to_instant(scan.next_due) <= now_) return true;
  look_again(scan, to_instant(scan.next_due));
  return false;
}

/// Something about the scan changed: it stands in line when there is something to read and it has less in
/// memory than its share.
void Feeder::consider(Scan& scan) {
  const bool wants = wants_reading(scan);
  const bool active = wants || scan.resident > 0;
  if (active != scan.active) active ? ++active_ : --active_;
  scan.active = active;
  if (!wants || scan.queued || scan.resident >= share()) return;
  scan.queued = true;
  ready_.push_back(scan.id());
}

void Feeder::look_again(Scan& scan, Instant when) {
  if (when <= now_ || when >= scan.looked_at) return;
  scan.looked_at = when;
  later_.push({when, scan.id()});
}

void Feeder::look_at_due() {
  while (!later_.empty() && later_.top().when <= now_) {
    const auto found = scans_.find(later_.top().scan);
    later_.pop();
    if (found == scans_.end()) continue;
    found->second.looked_at = Instant::max();
    consider(found->second);
  }
}

/// One page of the scan whose turn it is. When memory is full the line stays as it is.
bool Feeder::read_somewhere() {
  while (!ready_.empty() && !full()) {
    const auto found = scans_.find(ready_.front());
    ready_.pop_front();
    if (found == scans_.end()) continue;
    auto& next = found->second;
    next.queued = false;
    if (!wants_reading(next) || next.resident >= share()) continue;
    next.phase == Phase::first ? read_first_page(next) : read_retry_page(next);
    ++pages_read_;
    consider(next);
    return true;
  }
  return false;
}

void Feeder::make_hungry(FeederLane& lane) {
  if (lane.hungry || lane.parked_until) return;
  lane.hungry = true;
  hungry_.push_back({lane.slot, lane.generation, 0});
}

/// The store could not be read: once a second is often enough to try, and to say so.
void Feeder::rest(Scan& scan, const Error& why) {
  log::error("queue_read_failed", {{"reason", why.text}});
  scan.rests_until = now_ + std::chrono::seconds(1);
}

/// The stream may not send, or not be read: its scan begins with these when it may.
void Feeder::leave_to_scan(FeederLane& lane) {
  auto& owner = scan(lane.stream, lane.phase);
  owner.left_behind = std::min(owner.left_behind, *lane.left_due);
  owner.want(now_);
  lane.left_due.reset();
  if (lane.outstanding == 0) lanes_.remove(lane);
}

/// One lane of retries reads what the scan passed.
bool Feeder::feed_hungry() {
  while (!hungry_.empty() && resident_ < options_.max_resident_records) {
    auto* lane = lanes_.at(hungry_.front());
    hungry_.pop_front();
    if (lane == nullptr) continue;
    lane->hungry = false;
    if (lane->parked_until || !lane->left_due) continue;
    if (!lane->stream->may_send(now_) || scan(lane->stream, lane->phase).rests_until > now_) {
      leave_to_scan(*lane);
      continue;
    }
    refill_retries(*lane);
    if (lane->outstanding == 0) idle(*lane);
    return true;
  }
  return false;
}

}  // namespace sluice::queue
