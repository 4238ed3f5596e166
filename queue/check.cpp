#include "queue/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/base/bytes.hpp"
#include "engine/store/segment_file.hpp"
#include "queue/body_refs.hpp"
#include "queue/counters.hpp"
#include "queue/debt.hpp"
#include "queue/event.hpp"
#include "queue/event_log.hpp"
#include "queue/families.hpp"
#include "queue/migration.hpp"
#include "queue/outbox.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {
namespace {

/// What is counted of a stream while its records are read.
struct Tally {
  std::uint64_t records = 0;
  std::uint64_t retries = 0;
};

std::string stream_key(StreamId stream) {
  std::string key;
  put_be<4>(key, stream);
  return key;
}

class Checker {
 public:
  Checker(store::Database& database, const DataFolders& folders) : db_(database), folders_(folders) {}

  CheckReport run() {
    blocks();
    if (!format()) return std::move(report_);  // what follows is of ours
    streams();
    records();
    counters();
    marks();
    leases();
    claims();
    event_files();
    outbox();
    sent();
    owed();
    damaged();
    return std::move(report_);
  }

 private:
  CheckRow& row(const std::string& what) { return report_.rows.emplace_back(CheckRow{what, 0, 0, {}}); }

  /// Every row of a family; an unreadable block ends the walk and is blamed.
  template <class Fn>
  void each(store::Family family, CheckRow& row, Fn fn) {
    const auto cursor = db_.cursor(family, std::string(), std::string(300, '\xff'));
    for (; cursor->valid(); cursor->next()) {
      ++row.found;
      fn(cursor->key(), cursor->value());
    }
    if (auto status = cursor->status(); !status) row.blame("not readable to the end: " + status.error().text);
  }

  void blocks() {
    auto& out = row("bytes in tables");
    for (store::Family family = 0; family < family_names().size(); ++family)
      out.found += db_.property(family, "rocksdb.total-sst-files-size");
    if (auto verified = db_.verify(); !verified) out.blame(verified.error().text);
  }

  bool format() {
    auto& out = row("format");
    const auto version = read_format(db_);
    out.found = version && *version ? 1 : 0;
    if (!version) out.blame(version.error().text);
    if (version && *version != kFormat)
      out.blame(fmt::format(
          "the store has format {}, this sluice reads {}; a start or a repair brings an older one "
          "to ours",
          version->value_or(0), kFormat));
    return out.wrong == 0;
  }

  void streams() {
    auto& out = row("streams");
    each(kStreams, out, [&](std::string_view key, std::string_view value) {
      const auto decoded = decode_stream(value);
      if (key.size() != 4 || !decoded) return out.blame("the settings under " + hex(key) + " do not decode");
      const auto id = static_cast<StreamId>(get_be<4>(key.data()));
      states_[id] = decoded->second;
      const auto content = db_.cursor(kContent, stream_key(id), stream_key(id + 1));
      if (!content->valid() && decoded->second < StreamState::cancelled)
        out.blame("stream " + decoded->first.name + " has no content");
    });
  }

  void records() {
    auto& out = row("records");
    auto& bodies = row("bodies of records");
    each(kRecords, out, [&](std::string_view key_bytes, std::string_view value_bytes) {
      const auto key = RecordKey::decode(key_bytes);
      const auto value = RecordValue::decode(value_bytes);
      if (!key) return out.blame("the key " + hex(key_bytes) + " is no record's");
      auto& tally = tallies_[key->stream];
      ++tally.records;
      if (key->phase == Phase::retry) ++tally.retries;
      if (!value) return out.blame("the record under " + hex(key_bytes) + " does not decode");
      if (!states_.contains(key->stream))
        out.blame(fmt::format("stream {} of a record is unknown", key->stream));
      if (value->body.empty()) return;
      ++bodies.found;
      const auto claim = db_.get(kBodies, body_ref_key(value->body, key->stream, key->row));
      if (!claim || !*claim) bodies.blame("the record under " + hex(key_bytes) + " has no claim on its body");
    });
  }

  void counters() {
    auto& out = row("counters");
    std::map<StreamId, Counters> all;
    each(kCounters, out, [&](std::string_view key, std::string_view value) {
      if (key == "seq") {
        if (value.size() == 8) seq_ = get_be<8>(value.data());
        if (value.size() != 8) out.blame("the number of the last event does not decode");
        return;
      }
      const auto decoded = Counters::decode(value);
      if (key.size() != 4 || !decoded) return out.blame("the counters under " + hex(key) + " do not decode");
      all[static_cast<StreamId>(get_be<4>(key.data()))] = *decoded;
    });
    for (const auto& [id, state] : states_) {
      const auto& counted = tallies_[id];
      const auto queued = all[id].queued();
      if (queued != counted.records || all[id].retries_waiting != counted.retries) {
        out.blame(fmt::format("stream {}: the accounts say {} queued and {} retries, there are {} and {}", id,
                              queued, all[id].retries_waiting, counted.records, counted.retries));
      }
      if (state >= StreamState::cancelled && counted.records > 0)
        out.blame(fmt::format("stream {} is {} and has {} records", id, name_of(state), counted.records));
    }
  }

  /// A record below its phase's mark would never be read.
  void marks() {
    auto& out = row("marks");
    each(kMarks, out, [&](std::string_view key, std::string_view low) {
      if (key.size() != 5) return out.blame("the key " + hex(key) + " is no mark's");
      if (key[4] > 1) return;  // a checkpoint, the campaign layer's
      const auto stream = static_cast<StreamId>(get_be<4>(key.data()));
      const auto phase = static_cast<Phase>(key[4]);
      const auto first = db_.cursor(kRecords, phase_begin(stream, phase), phase_end(stream, phase));
      if (first->valid() && first->key() < low)
        out.blame("the record under " + hex(first->key()) + " is below its mark");
    });
  }

  void leases() {
    auto& out = row("leases");
    std::uint64_t waiting = 0;
    each(kLeases, out, [&](std::string_view key, std::string_view value) {
      if (key.size() != 8) return out.blame("the key " + hex(key) + " is no lease block's");
      for (ByteReader keys(value); !keys.at_end();) {
        const auto record = keys.string();
        if (!keys.ok() || !RecordKey::decode(record))
          return out.blame("the lease block " + hex(key) + " does not decode");
        const auto found = db_.get(kRecords, record);
        if (found && *found) ++waiting;
      }
    });
    if (out.wrong == 0 && waiting > 0) out.detail = fmt::format("{} records will be in doubt", waiting);
  }

  void claims() {
    auto& out = row("stored bodies");
    std::string last;
    each(kBodies, out, [&](std::string_view key, std::string_view) {
      if (key.size() != kBodyKeyBytes + 9) return out.blame("the key " + hex(key) + " is no claim on a body");
      const auto body = key.substr(0, kBodyKeyBytes);
      if (body == last) return;
      last = body;
      if (auto read = store::verify_body(folders_.bodies, store::BodyRef::of_key(body)); !read)
        out.blame(read.error().text);
    });
  }

  /// By their names and ends: each goes on where the one before ended.
  void event_files() {
    auto& out = row("event files");
    for (const auto& file : queue::event_files(folders_.events)) {
      ++out.found;
      const auto first = first_seq_of(file);
      const auto end = last_seq_of(file);
      if (!end) {
        out.blame(end.error().text);
        continue;
      }
      if (exported_ != 0 && first != exported_ + 1)
        out.blame(
            fmt::format("events {} to {} are missing before {}", exported_ + 1, first - 1, file.string()));
      if (*end != 0) exported_ = *end;
    }
    if (exported_ > seq_)
      out.blame(fmt::format("they end at event {}, but the store knows {} only", exported_, seq_));
  }

  /// Goes on behind the files without a hole, up to the last event; what stands in a file may be gone from
  /// it.
  void outbox() {
    auto& out = row("outbox");
    auto due = exported_ == 0 ? 0 : exported_ + 1;
    each(kOutbox, out, [&](std::string_view key, std::string_view value) {
      const auto events = OutboxRow::decode(key, value);
      if (!events) return out.blame("the row " + hex(key) + " does not decode");
      auto seq = events->first();
      if (due != 0 && seq > due) out.blame(fmt::format("events {} to {} are missing", due, seq - 1));
      for (const auto event : events->events) {
        if (!Event::decode(event)) out.blame(fmt::format("event {} does not decode", seq));
        ++seq;
      }
      due = std::max(due, seq);
    });
    if (due > seq_ + 1 && due != exported_ + 1)
      out.blame(fmt::format("it ends at event {}, the accounts at {}", due - 1, seq_));
    if (due != 0 && due <= seq_) out.blame(fmt::format("events {} to {} are nowhere", due, seq_));
  }

  void sent() {
    auto& out = row("sent");
    each(kSent, out, [&](std::string_view key, std::string_view value) {
      ByteReader in(value);
      in.varint();
      in.string();
      if (key.size() != 9 || !in.ok() || in.at_end()) out.blame("the row " + hex(key) + " does not decode");
    });
  }

  void owed() {
    auto& out = row("owed");
    each(kOwed, out, [&](std::string_view key, std::string_view value) {
      const bool told = key.size() == 10 && key.front() == 'd';
      const bool debt = key.size() == 8 && Debt::decode(0, value);
      if (!told && !debt) out.blame("the row " + hex(key) + " does not decode");
    });
  }

  void damaged() {
    auto& out = row("set aside");
    each(kDamaged, out, [](std::string_view, std::string_view) {});
    if (out.found > 0)
      out.detail = "records that did not decode; their bytes are kept, their recipients are final";
  }

  store::Database& db_;
  const DataFolders& folders_;
  CheckReport report_;
  std::map<StreamId, StreamState> states_;
  std::map<StreamId, Tally> tallies_;
  std::uint64_t seq_ = 0;       ///< the last event, by the accounts
  std::uint64_t exported_ = 0;  ///< the last event in a file
};

}  // namespace

void CheckRow::blame(const std::string& text) {
  if (wrong++ == 0) detail = text;
}

std::uint64_t CheckReport::wrong() const {
  std::uint64_t out = 0;
  for (const auto& row : rows) out += row.wrong;
  return out;
}

const CheckRow* CheckReport::row(std::string_view what) const {
  for (const auto& row : rows) {
    if (row.what == what) return &row;
  }
  return nullptr;
}

CheckReport check_store(store::Database& database, const DataFolders& folders) {
  return Checker(database, folders).run();
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace sluice::queue
