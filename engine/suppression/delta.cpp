#include "engine/suppression/delta.hpp"

#include <bit>

#include "engine/base/assert.hpp"

namespace sluice::suppression {
namespace {

constexpr std::uint64_t kErased = 1;
constexpr std::uint64_t kTaken = 2;         ///< set in every word, so that none is 0 or kErased
constexpr std::uint64_t kUnsubscribed = 1;  ///< in a word

std::uint64_t scope_hash(const HashKey& key, Scope scope, std::string_view tenant, std::string_view list) {
  std::string text(1, static_cast<char>(scope));
  if (scope != Scope::global) text.append(tenant);
  if (scope == Scope::list) text.append(1, '\0').append(list);
  return siphash128(key, text).low;
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, 2014): every bit of the input reaches every bit.
std::uint64_t mixed(std::uint64_t v) {
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
  v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
  return v ^ (v >> 31);
}

std::uint64_t word_of(const Hash128& subject, std::uint64_t scope) {
  return (mixed(subject.low ^ scope) & ~std::uint64_t{3}) | kTaken;
}

std::size_t place_of(std::uint64_t word) { return static_cast<std::size_t>(word >> 2); }

}  // namespace

Reach Reach::of(const HashKey& key, const Audience& audience) {
  Reach out;
  out.transactional = audience.transactional;
  out.scopes[0] = scope_hash(key, Scope::global, {}, {});
  out.scopes[1] = scope_hash(key, Scope::tenant, audience.tenant, {});
  out.count = 2;
  if (audience.transactional || audience.list_id.empty()) return out;
  out.scopes[2] = scope_hash(key, Scope::list, audience.tenant, audience.list_id);
  out.count = 3;
  return out;
}

std::uint64_t delta_word(const HashKey& key, const Hash128& subject, const EntryView& entry) {
  const auto word = word_of(subject, scope_hash(key, entry.scope, entry.tenant, entry.list_id));
  return entry.reason == Reason::unsubscribed ? word | kUnsubscribed : word;
}

Delta::Delta(std::size_t limit)
    : limit_(limit), mask_(std::bit_ceil(4 * limit + 64) - 1), tables_{Table(mask_ + 1), Table(mask_ + 1)} {}

bool Delta::contains(const Table& table, std::uint64_t word) const {
  for (auto at = place_of(word) & mask_;; at = (at + 1) & mask_) {
    const auto there = table.slots()[at].load(std::memory_order_acquire);
    if (there == word) return true;
    if (there == 0) return false;
  }
}

void Delta::insert(std::uint64_t word) {
  auto& table = tables_[young_];
  const auto used = table.used.load(std::memory_order_relaxed);
  SLUICE_ASSERT(used < mask_);
  if (!contains(table, word)) {
    auto at = place_of(word) & mask_;
    while (table.slots()[at].load(std::memory_order_relaxed) != 0) at = (at + 1) & mask_;
    table.slots()[at].store(word, std::memory_order_release);
    table.used.store(used + 1, std::memory_order_release);
  }
  version_.fetch_add(1, std::memory_order_acq_rel);
}

void Delta::erase(std::uint64_t word) {
  for (auto& table : tables_) {
    for (auto at = place_of(word) & mask_;; at = (at + 1) & mask_) {
      const auto there = table.slots()[at].load(std::memory_order_relaxed);
      if (there == word) table.slots()[at].store(kErased, std::memory_order_release);
      if (there == word || there == 0) break;
    }
  }
}

void Delta::turn() {
  SLUICE_ASSERT(tables_[1 - young_].used.load(std::memory_order_relaxed) == 0);
  young_ = 1 - young_;
}

void Delta::clear_old() {
  auto& old = tables_[1 - young_];
  old.used.store(0, std::memory_order_release);
  old.memory.clear();
}

std::optional<Verdict> Delta::find_one(const Hash128& subject, const Reach& reach) const {
  for (std::size_t scope = 0; scope < reach.count; ++scope) {
    const auto word = word_of(subject, reach.scopes[scope]);
    for (const auto& table : tables_) {
      if (table.used.load(std::memory_order_acquire) == 0) continue;
      if (contains(table, word)) return Verdict{static_cast<Scope>(scope), Reason::manual};
      if (!reach.transactional && contains(table, word | kUnsubscribed))
        return Verdict{static_cast<Scope>(scope), Reason::unsubscribed};
    }
  }
  return std::nullopt;
}

std::optional<Verdict> Delta::find(const Hash128& address, const Hash128& domain, const Reach& reach) const {
  if (empty()) return std::nullopt;
  if (auto found = find_one(address, reach)) return found;
  return find_one(domain, reach);
}

}  // namespace sluice::suppression
