// Draining a layout: pages read in key order, synced settle batches, garbage ranges, held giants.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/layout_store.hpp"

namespace sluice::layout {

struct Item {
  std::string key;
  std::string value;
  std::string domain;
};

/// A place in key order. `range_from` is where the next DeleteRange begins.
struct Cursor {
  std::string at;
  std::string end;
  std::string range_from;
  std::size_t since_range = 0;
  bool done = false;
  ColumnFamilyHandle* family = nullptr;
};

inline Cursor cursor_over(std::string from, std::string end, ColumnFamilyHandle* family) {
  Cursor cursor;
  cursor.at = cursor.range_from = std::move(from);
  cursor.end = std::move(end);
  cursor.family = family;
  return cursor;
}

inline std::string after(std::string prefix) {
  for (auto i = prefix.size(); i-- > 0;) {
    if (prefix[i] != '\xff') {
      ++prefix[i];
      return prefix.substr(0, i + 1);
    }
  }
  return std::string(16, '\xff');
}

/// Turns settled records into synced batches: the delete, the event, garbage ranges, the outbox's own
/// trimming.
class Settler {
 public:
  explicit Settler(Store& store) : store_(store) {}

  void settle(ColumnFamilyHandle* family, const Item& item) {
    must(batch_.Delete(family, item.key));
    std::string seq;
    put_be<8>(seq, events_++);
    event_.assign("{\"event\":\"delivered\",\"domain\":\"").append(item.domain).append("\",\"id\":\"");
    event_.append(item.value, 0, 64);
    event_.resize(150, ' ');
    must(batch_.Put(store_.outbox(), seq, event_));
    if (item.domain != last_domain_) ++switches_, last_domain_ = item.domain;
    if (events_ % kRangeEvery == 0) trim_outbox();
    step();
  }
  void move_to_spill(const Item& item) {
    must(batch_.Delete(store_.records(), item.key));
    std::string key = item.domain;
    key.push_back('\0');
    must(batch_.Put(store_.spill(), key + item.key, item.value));
    ++rewritten_;
    step();
  }
  void drop_range(Cursor& cursor, const std::string& to) {
    if (cursor.range_from < to && cursor.since_range > 0)
      must(batch_.DeleteRange(cursor.family, cursor.range_from, to));
    cursor.range_from = to;
    cursor.since_range = 0;
  }
  void flush() {
    if (in_batch_ > 0) store_.commit(batch_);
    in_batch_ = 0;
  }

  [[nodiscard]] std::uint64_t settled() const { return events_; }
  [[nodiscard]] std::uint64_t switches() const { return switches_; }
  [[nodiscard]] std::uint64_t rewritten() const { return rewritten_; }

 private:
  void step() {
    if (++in_batch_ >= kSettle) flush();
  }
  void trim_outbox() {
    std::string from, to;
    put_be<8>(from, events_ - kRangeEvery);
    put_be<8>(to, events_ - 1);
    must(batch_.DeleteRange(store_.outbox(), from, to));
  }

  Store& store_;
  rocksdb::WriteBatch batch_;
  std::size_t in_batch_ = 0;
  std::uint64_t events_ = 0, switches_ = 0, rewritten_ = 0;
  std::string last_domain_;
  std::string event_;
};

class Drain {
 public:
  Drain(const Cell& cell, Store& store) : cell_(cell), store_(store), settler_(store) {
    for (std::uint32_t shard = 0; shard < (cell.layout == Layout::sharded ? kShards : 1); ++shard) {
      for (std::uint32_t stream = 0; stream < cell.streams; ++stream) {
        std::string from;
        if (cell.layout == Layout::sharded) from.push_back(static_cast<char>(shard));
        put_be<4>(from, stream);
        cursors_.push_back(cursor_over(from, after(from), store.records()));
      }
    }
    for (std::uint32_t i = 0; cell.held && i < kGiants; ++i) giants_.insert(Mail::name(i));
  }

  /// Everything that is not held, with the held giants' share on the way. Returns when the tail is done.
  void tail() {
    for (bool any = true; std::exchange(any, false);) {
      for (auto& cursor : cursors_) {
        if (cursor.done) continue;
        any = true;
        const auto page = read(cursor, true);
        count_groups(page);
        const auto before = settler_.settled();
        for (const auto& item : page) take(cursor, item);
        consumed(cursor, page.size());
        budget_ += kHeldShare * static_cast<double>(settler_.settled() - before);
        serve_giants();
      }
    }
    settler_.flush();
  }
  /// The limit is lifted: what was held goes at full speed.
  void rest() {
    for (const auto& item : stash_) settler_.settle(store_.records(), item);
    stash_.clear();
    for (auto& window : windows_) {
      for (; window.next < window.items.size(); ++window.next)
        settler_.settle(window.cursor.family, window.items[window.next]);
      all(window.cursor);
    }
    if (cell_.held && cell_.layout == Layout::arrival) {
      auto cursor = cursor_over("", std::string(16, '\xff'), store_.spill());
      all(cursor);
    }
    settler_.flush();
  }

  [[nodiscard]] const Settler& settler() const { return settler_; }
  [[nodiscard]] std::uint64_t groups() const { return groups_; }
  [[nodiscard]] std::uint64_t read_records() const { return read_; }

 private:
  struct Window {
    Cursor cursor;
    std::vector<Item> items;
    std::size_t next = 0;
  };

  std::vector<Item> read(Cursor& cursor, bool skip_giants) {
    const Slice lower(cursor.at);
    const Slice upper(cursor.end);
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(store_.db->NewIterator(options, cursor.family));
    std::vector<Item> page;
    it->Seek(lower);
    while (page.size() < kPage && it->Valid()) {
      const auto layout = cursor.family == store_.spill() ? Layout::arrival : cell_.layout;
      const auto domain = domain_of(layout, it->key().ToStringView(), it->value().ToStringView());
      if (skip_giants && layout != Layout::arrival && giants_.contains(domain)) {
        const auto lane = it->key().ToString().substr(0, it->key().size() - 5);
        promote(lane, cursor);
        it->Seek(after(lane));
        continue;
      }
      page.push_back({it->key().ToString(), it->value().ToString(), std::string(domain)});
      it->Next();
    }
    must(it->status());
    read_ += page.size();
    cursor.done = !it->Valid();
    std::string next = it->Valid() ? it->key().ToString() : cursor.end;
    it.reset();
    cursor.at = std::move(next);
    return page;
  }
  /// A held lane leaves the sweep: its own cursor, and the sweep's garbage range ends before it.
  void promote(const std::string& lane, Cursor& sweep) {
    windows_.push_back({cursor_over(lane, after(lane), store_.records()), {}, 0});
    breaks_.push_back({lane, &sweep});
  }
  void take(Cursor& cursor, const Item& item) {
    if (cell_.layout == Layout::arrival && giants_.contains(item.domain)) {
      stash_.push_back(item);
      if (stash_.size() <= kStash) return;
      settler_.move_to_spill(stash_.back());
      stash_.pop_back();
      return;
    }
    settler_.settle(cursor.family, item);
  }
  void consumed(Cursor& cursor, std::size_t records) {
    cursor.since_range += records;
    // Held lanes passed on this page: garbage ranges stop before them and go on behind.
    for (const auto& [lane, sweep] : breaks_) {
      settler_.drop_range(*sweep, lane);
      sweep->range_from = after(lane);
    }
    breaks_.clear();
    const bool stays = cell_.held && cell_.layout == Layout::arrival;  // stashed records lie inside the range
    if (!stays && (cursor.since_range >= kRangeEvery || cursor.done)) settler_.drop_range(cursor, cursor.at);
  }
  void serve_giants() {
    for (; budget_ >= 1 && !stash_.empty(); --budget_, stash_.pop_front()) {
      settler_.settle(store_.records(), stash_.front());
    }
    for (std::size_t tried = 0; budget_ >= 1 && tried < windows_.size();) {
      auto& window = windows_[turn_++ % windows_.size()];
      if (window.next == window.items.size() && !window.cursor.done) {
        window.items = read(window.cursor, false);
        window.next = 0;
      }
      if (window.next == window.items.size()) {
        ++tried;
        continue;
      }
      settler_.settle(window.cursor.family, window.items[window.next++]);
      tried = 0;
      --budget_;
    }
  }
  void all(Cursor& cursor) {
    while (!cursor.done) {
      const auto page = read(cursor, false);
      for (const auto& item : page) settler_.settle(cursor.family, item);
      cursor.since_range += page.size();
      if (cursor.since_range >= kRangeEvery || cursor.done) settler_.drop_range(cursor, cursor.at);
    }
  }
  void count_groups(const std::vector<Item>& page) {
    std::set<std::string_view> distinct;
    for (const auto& item : page) distinct.insert(item.domain);
    groups_ += distinct.size();
  }

  const Cell& cell_;
  Store& store_;
  Settler settler_;
  std::vector<Cursor> cursors_;
  std::set<std::string, std::less<>> giants_;
  std::deque<Window> windows_;
  std::deque<Item> stash_;
  std::vector<std::pair<std::string, Cursor*>> breaks_;
  double budget_ = 0;
  std::size_t turn_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace sluice::layout
