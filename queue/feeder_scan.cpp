// The feeder's reading: pages of scans, and lanes that read by themselves.
#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/families.hpp"
#include "queue/feeder.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kRowBytes = 5;
/// A page of several lanes is closed at so many records: a slow one keeps no more than these in memory.
constexpr std::size_t kSharedPage = 64;
/// A lane of retries looks into at most so many due seconds at a time.
constexpr std::size_t kSeeksAReading = 512;

/// Of a key that is a record's by its length and prefix.
Row row_of(std::string_view key) { return get_be<kRowBytes>(key.data() + key.size() - kRowBytes); }

DueSecond due_of(std::string_view retry_key) {
  return retry_key.size() < 9 ? UINT32_MAX : static_cast<DueSecond>(get_be<4>(retry_key.data() + 5));
}

}  // namespace

std::uint32_t Feeder::home_of(const FeederLane& lane) const {
  return static_cast<std::uint32_t>(lane.domain_hash % workers_.size());
}

/// Lane after lane in key order. Records of many small lanes share a page: what a record costs is then not a
/// page of its own.
void Feeder::read_first_page(Scan& scan) {
  const auto end = phase_end(scan.stream->id, Phase::first);
  const auto cursor = database_.cursor(kRecords, scan.cursor, end);
  Filling filling{std::make_shared<Page>(read_at_), {}};
  std::size_t taken = 0;
  while (cursor->valid() && taken < options_.page_records && lanes_.size() < options_.max_resident_lanes) {
    const auto key = RecordKey::decode(cursor->key());
    if (!key) {
      set_aside(cursor->key(), cursor->value());
      cursor->next();
      continue;
    }
    const LaneName name(key->stream, key->phase, key->domain);
    if (auto* lane = lanes_.find(name)) {
      lane->exhausted = false;
      if (lane->wanted && !lane->parked_until) refill(*lane);
      cursor->seek(behind_domain(*key));
      continue;
    }
    auto& lane = lanes_.add(scan.stream, name);
    lane.next_row = key->row;
    const auto first = static_cast<std::uint32_t>(filling.page->size());
    const auto count = take_lane(scan, *cursor, lane, *filling.page);
    if (count == 0) lanes_.remove(lane);
    if (count > 0) filling.parts.push_back({&lane, first, count});
    taken += count;
    if (filling.page->size() >= kSharedPage) emit(filling);
  }
  emit(filling);
  if (auto status = cursor->status(); !status) return rest(scan, status.error());
  scan.at_end = !cursor->valid();
  scan.cursor = cursor->valid() ? std::string(cursor->key()) : end;
}

/// The first run of a lane that was not in memory; the cursor stands at its first unread key.
std::uint32_t Feeder::take_lane(Scan& scan, store::Cursor& cursor, FeederLane& lane, Page& page) {
  lane.worker = home_of(lane);
  lane.run_size = options_.first_run;
  lane.read_epoch = scan.epoch;
  lane.exhausted = true;
  const auto lane_key = lane.key_of(0);
  const auto prefix = std::string_view(lane_key).substr(0, lane_key.size() - kRowBytes);
  std::uint32_t count = 0;
  for (; cursor.valid() && cursor.key().starts_with(prefix); cursor.next()) {
    const auto row = row_of(cursor.key());
    if (count == options_.first_run) {
      lane.exhausted = false;
      lane.next_row = row;
      cursor.seek(lane.end());
      break;
    }
    if (page.add(cursor.key(), cursor.value())) {
      ++count;
    } else {
      set_aside(cursor.key(), cursor.value());
    }
    lane.next_row = row + 1;
  }
  return count;
}

void Feeder::refill(FeederLane& lane) {
  const auto& owner = scan(lane.stream, lane.phase);
  const bool tight = resident_ >= options_.max_resident_records;
  const std::uint32_t want = tight ? options_.first_run : lane.run_size;
  lane.run_size = std::min(lane.run_size * 2, options_.max_run);
  lane.read_epoch = owner.epoch;
  lane.exhausted = true;
  auto page = std::make_shared<Page>(read_at_);
  const auto cursor = database_.cursor(kRecords, lane.key_of(lane.next_row), lane.end());
  for (; cursor->valid(); cursor->next()) {
    const auto row = row_of(cursor->key());
    if (page->size() == want) {
      lane.exhausted = false;
      lane.next_row = row;
      break;
    }
    if (!page->add(cursor->key(), cursor->value())) set_aside(cursor->key(), cursor->value());
    lane.next_row = row + 1;
  }
  if (!cursor->status()) lane.exhausted = false;
  const auto count = static_cast<std::uint32_t>(page->size());
  if (count > 0) emit(lane, std::move(page), 0, count);
}

/// What is due, by due second and domain. Ends where the table of lanes is full, and goes on there.
void Feeder::read_retry_page(Scan& scan) {
  const auto second =
      static_cast<DueSecond>(std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count());
  const auto cursor = database_.cursor(kRecords, scan.cursor, phase_end(scan.stream->id, Phase::retry));
  Filling filling{std::make_shared<Page>(read_at_), {}};
  std::size_t taken = 0;
  while (cursor->valid() && taken < options_.page_records && due_of(cursor->key()) <= second) {
    const auto key = RecordKey::decode(cursor->key());
    if (!key) {
      set_aside(cursor->key(), cursor->value());
      cursor->next();
      continue;
    }
    const auto before = filling.page->size();
    if (!take_retry(scan, *cursor, *key, filling)) break;
    taken += filling.page->size() - before;
    if (filling.page->size() >= kSharedPage) emit(filling);
  }
  emit(filling);
  // Else from the same place again: a mark above what could not be read would hide it for good.
  if (auto status = cursor->status(); !status) return rest(scan, status.error());
  scan.cursor = cursor->valid() ? std::string(cursor->key()) : due_begin(scan.stream->id, second + 1);
  scan.next_due = cursor->valid() ? due_of(cursor->key()) : UINT32_MAX;
}

/// The record under the cursor, which moves on. False: there is no room for another lane.
bool Feeder::take_retry(Scan& scan, store::Cursor& cursor, const RecordKey& key, Filling& into) {
  const LaneName name(key.stream, key.phase, key.domain);
  auto* lane = lanes_.find(name);
  if (lane == nullptr && lanes_.size() >= options_.max_resident_lanes) return false;
  if (lane != nullptr &&
      (lane->parked_until || lane->left_due || lane->rows.size() >= options_.retry_lane_records)) {
    lane->left_due = std::min(lane->left_due.value_or(key.due), key.due);
    cursor.seek(behind_domain(key));
    return true;
  }
  if (lane != nullptr && !lane->add_row(key.due, key.row)) {
    cursor.next();
    return true;
  }
  const auto at = static_cast<std::uint32_t>(into.page->size());
  if (!into.page->add(cursor.key(), cursor.value())) {
    if (lane != nullptr) lane->erase_row(key.due, key.row);
    set_aside(cursor.key(), cursor.value());
    cursor.next();
    return true;
  }
  if (lane == nullptr) {
    lane = &lanes_.add(scan.stream, name);
    lane->worker = home_of(*lane);
    lane->add_row(key.due, key.row);
  }
  if (!into.parts.empty() && into.parts.back().lane == lane) {
    ++into.parts.back().count;
  } else {
    into.parts.push_back({lane, at, 1});
  }
  cursor.next();
  return true;
}

/// From the earliest the scan passed up to where the scan is: in each due second that has records of the
/// lane.
void Feeder::refill_retries(FeederLane& lane) {
  auto& owner = scan(lane.stream, lane.phase);
  const auto stream = lane.stream->id;
  RecordKey at{stream, Phase::retry, *lane.left_due, lane.domain, 0};
  const auto cursor = database_.cursor(kRecords, at.encode(), owner.cursor);
  auto page = std::make_shared<Page>(read_at_);
  std::size_t seeks = 0;
  lane.left_due.reset();
  while (cursor->valid()) {
    const auto key = RecordKey::decode(cursor->key());
    if (!key) {
      set_aside(cursor->key(), cursor->value());
      cursor->next();
      continue;
    }
    const auto due = key->due;
    if (lane.rows.size() >= options_.retry_lane_records || seeks >= kSeeksAReading) {
      lane.left_due = due;
      break;
    }
    if (key->domain != lane.domain) {
      at.due = key->domain < lane.domain ? due : due + 1;
      cursor->seek(at.encode());
      ++seeks;
    } else {
      if (lane.add_row(due, key->row) && !page->add(cursor->key(), cursor->value())) {
        lane.erase_row(due, key->row);
        set_aside(cursor->key(), cursor->value());
      }
      cursor->next();
    }
  }
  if (auto status = cursor->status(); !status) {
    lane.left_due = at.due;
    rest(owner, status.error());
  }
  const auto count = static_cast<std::uint32_t>(page->size());
  if (count > 0) emit(lane, std::move(page), 0, count);
}

/// New rows: straight to the workers when everything before them has been read; else the scan gets to them.
void Feeder::hand_over(Scan& scan, const Insertion& insertion) {
  const bool caught_up = scan.at_end && scan.dirty.empty() && insertion.page && scan.stream->may_send(now_) &&
                         scan.resident < share() && resident_ < options_.max_resident_records &&
                         lanes_.size() < options_.max_resident_lanes;
  if (!caught_up) {
    if (insertion.first_key < scan.cursor && (scan.dirty.empty() || insertion.first_key < scan.dirty)) {
      scan.dirty = insertion.first_key;
    }
    scan.want(now_);
    return;
  }
  const auto& records = insertion.page->records();
  for (std::uint32_t from = 0, to = 0; from < records.size(); from = to) {
    const auto& key = records[from].key;
    while (to < records.size() && records[to].key.domain == key.domain) ++to;
    const LaneName name(key.stream, Phase::first, key.domain);
    auto* lane = lanes_.find(name);
    if (lane == nullptr) {
      lane = &lanes_.add(scan.stream, name);
      lane->worker = home_of(*lane);
      lane->run_size = options_.first_run;
      lane->exhausted = true;
      lane->next_row = key.row;
    }
    if (key.row < lane->next_row) continue;  // a refill has met it on disk already
    if (lane->parked_until || !lane->exhausted) {
      lane->exhausted = false;
      continue;
    }
    lane->next_row = records[to - 1].key.row + 1;
    lane->read_epoch = insertion.epoch;
    emit(*lane, insertion.page, from, to - from);
  }
}

void Feeder::emit(FeederLane& lane, std::shared_ptr<const Page> page, std::uint32_t first,
                  std::uint32_t count) {
  auto& owner = scan(lane.stream, lane.phase);
  const LaneRef ref{lane.slot, lane.generation, lane.next_run++};
  lane.runs.push_back({ref.run, count, page->records()[first].key.row});
  lane.outstanding += count;
  owner.resident += count;
  resident_ += count;
  lane.wanted = false;
  records_read_ += count;
  outgoing_[lane.worker].push_back(Run{lane.stream, lane.phase, ref, std::move(page), first, count});
}

/// Hands out the page's parts and begins the next.
void Feeder::emit(Filling& filled) {
  const auto closed = std::exchange(filled, {std::make_shared<Page>(read_at_), {}});
  for (const auto& part : closed.parts) emit(*part.lane, closed.page, part.first, part.count);
}

void Feeder::hand_out() {
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    if (!outgoing_[worker].empty()) workers_[worker]->on_runs(std::exchange(outgoing_[worker], {}));
  }
}

}  // namespace sluice::queue
