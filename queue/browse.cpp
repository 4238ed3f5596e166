#include "queue/browse.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

const char* name_of(Waiting state) {
  switch (state) {
    case Waiting::ready:
      return "ready";
    case Waiting::deferred:
      return "deferred";
    case Waiting::held:
      return "held";
    case Waiting::leased:
      return "leased";
  }
  return "ready";
}

std::optional<Waiting> waiting_of(std::string_view name) {
  for (const auto state : {Waiting::ready, Waiting::deferred, Waiting::held, Waiting::leased}) {
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

struct Browser::Walk {
  const BrowseFilter& filter;
  const BrowseOptions& options;
  std::string from;
  DueSecond now = 0;
  std::vector<std::string> leased;  ///< sorted
  std::string domain;               ///< last one asked for
  bool domain_fits = true;
  BrowsePage page;
};

Expected<BrowsePage> Browser::page(const BrowseFilter& filter, std::string from, Instant now,
                                   const BrowseOptions& options) const {
  if (!from.empty() && from.size() < 5)
    return fail(ErrorCode::invalid_input, "the cursor is not one of ours");
  Walk walk{filter, options, std::move(from), 0, {}, {}, true, {}};
  walk.now = static_cast<DueSecond>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (auto loaded = load_leases(walk); !loaded) return std::unexpected(loaded.error());
  if (filter.state == Waiting::leased) {
    if (auto read = leased_page(walk); !read) return std::unexpected(read.error());
    return std::move(walk.page);
  }
  for (const auto& stream : streams_.all()) {
    if (!filter.streams.empty() && !std::ranges::binary_search(filter.streams, stream->id)) continue;
    if (stream->state() == StreamState::done || stream->state() == StreamState::cancelled) continue;
    for (const auto phase : {Phase::first, Phase::retry}) {
      if (walk.from >= phase_end(stream->id, phase)) continue;
      auto more = walk_phase(walk, stream, phase);
      if (!more) return std::unexpected(more.error());
      if (!*more) return std::move(walk.page);
    }
  }
  walk.page.next.clear();
  return std::move(walk.page);
}

Expected<> Browser::load_leases(Walk& walk) const {
  const auto blocks = database_.cursor(kLeases, std::string(), std::string(9, '\xff'));
  for (; blocks->valid() && walk.leased.size() < walk.options.max_leases; blocks->next()) {
    for (ByteReader keys(blocks->value()); !keys.at_end() && keys.ok();) {
      const auto key = keys.string();
      if (keys.ok()) walk.leased.emplace_back(key);
    }
  }
  std::ranges::sort(walk.leased);
  return blocks->status();
}

/// A key that is listed in a block and gone was settled.
Expected<> Browser::leased_page(Walk& walk) const {
  for (auto at = std::ranges::lower_bound(walk.leased, walk.from); at != walk.leased.end(); ++at) {
    walk.page.next = *at;
    if (enough(walk)) return {};
    ++walk.page.looked;
    const auto key = RecordKey::decode(*at);
    const auto stream = key ? streams_.find(key->stream) : nullptr;
    if (!stream ||
        (!walk.filter.streams.empty() && !std::ranges::binary_search(walk.filter.streams, stream->id))) {
      continue;
    }
    auto value = database_.get(kRecords, *at);
    if (!value) return std::unexpected(value.error());
    if (*value) look(walk, stream, *at, **value);
  }
  walk.page.next.clear();
  return {};
}

bool Browser::enough(const Walk& walk) const {
  return walk.page.rows.size() >= walk.options.max_rows || walk.page.looked >= walk.options.max_looked;
}

/// False: the page is full.
Expected<bool> Browser::walk_phase(Walk& walk, const StreamPtr& stream, Phase phase) const {
  auto mark_key = phase_begin(stream->id, phase);
  auto mark = database_.get(kMarks, mark_key);
  if (!mark) return std::unexpected(mark.error());
  auto begin = std::max({walk.from, mark_key, mark->value_or("")});
  const auto end = phase_end(stream->id, phase);
  if (begin >= end) return true;
  const auto cursor = database_.cursor(kRecords, std::move(begin), end);
  while (cursor->valid()) {
    if (enough(walk)) {
      walk.page.next = cursor->key();
      return false;
    }
    ++walk.page.looked;
    const auto key = RecordKey::decode(cursor->key());
    if (!key) {
      ++walk.page.damaged;
    } else if (skip(walk, *cursor, *key)) {
      continue;
    } else {
      look(walk, stream, cursor->key(), cursor->value());
    }
    cursor->next();
  }
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  return true;
}

/// Jumps over what cannot fit; false: look at the record.
bool Browser::skip(Walk& walk, store::Cursor& cursor, const RecordKey& key) const {
  const auto& filter = walk.filter;
  if (!filter.domain.empty() && key.domain != filter.domain) {
    if (key.domain < filter.domain) {
      cursor.seek(RecordKey{key.stream, key.phase, key.due, filter.domain, 0}.encode());
    } else {
      cursor.seek(key.phase == Phase::first ? phase_end(key.stream, key.phase)
                                            : behind_due(key.stream, key.due));
    }
    return true;
  }
  if (filter.domain_fits && key.domain != walk.domain) {
    walk.domain = key.domain;
    walk.domain_fits = filter.domain_fits(key.domain);
  }
  if (filter.domain_fits && !walk.domain_fits) {
    cursor.seek(behind_domain(key));
    return true;
  }
  if (filter.id && key.phase == Phase::first && key.row != filter.id->row()) {
    cursor.seek(key.row < filter.id->row()
                    ? RecordKey{key.stream, key.phase, 0, key.domain, filter.id->row()}.encode()
                    : behind_domain(key));
    return true;
  }
  return false;
}

void Browser::look(Walk& walk, const StreamPtr& stream, std::string_view key_bytes,
                   std::string_view value_bytes) const {
  const auto& filter = walk.filter;
  const auto key = RecordKey::decode(key_bytes);
  if (!filter.domain.empty() && key->domain != filter.domain) return;
  if (filter.domain_fits && filter.state == Waiting::leased && !filter.domain_fits(key->domain)) return;
  if (filter.id && key->row != filter.id->row()) return;
  const auto value = RecordValue::decode(value_bytes);
  if (!value) {
    ++walk.page.damaged;
    return;
  }
  if (!filter.local.empty() && !same_letters(value->local, filter.local)) return;
  if (filter.id && Record{*key, *value}.id(node_) != *filter.id) return;
  auto state = Waiting::ready;
  if (std::ranges::binary_search(walk.leased, key_bytes)) {
    state = Waiting::leased;
  } else if (value->trail.held) {
    state = Waiting::held;
  } else if (key->due > walk.now) {
    state = Waiting::deferred;
  }
  if (filter.state && state != *filter.state) return;
  walk.page.rows.push_back({std::string(key_bytes), std::string(value_bytes), stream, state});
}

}  // namespace sluice::queue
