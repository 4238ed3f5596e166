#include "queue/throttle_rows.hpp"

#include <bit>

#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

constexpr std::string_view kLimitPrefix = "throttle.limit.";
constexpr std::string_view kOverridePrefix = "throttle.override.";
constexpr std::uint8_t kBucket = 1;
constexpr std::uint8_t kQuota = 2;
constexpr std::uint8_t kHasScale = 1;
constexpr std::uint8_t kHasRate = 2;
constexpr std::uint8_t kHasConnections = 4;
constexpr std::uint8_t kPause = 8;

std::uint64_t micros(Instant at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, at.time_since_epoch().count()));
}
Instant from_micros(std::uint64_t value) { return Instant(Micros(static_cast<std::int64_t>(value))); }

/// As if nothing had ever been taken: such a row says nothing.
bool meaningless(const throttle::LimitState& state, Instant now) {
  if (const auto* full_at = std::get_if<Instant>(&state)) return *full_at <= now;
  const auto& count = std::get<throttle::Quota::Count>(state);
  return count.used == 0;
}

/// It stays as it is, for whoever wants to know, until the limit or override is written again.
void damaged(std::string_view key) {
  log::error("throttle_state_damaged", {{"row", key}, {"effect", "begins as if nothing had been taken"}});
}

}  // namespace

std::string encode_limit(const throttle::LimitState& state) {
  std::string out;
  if (const auto* full_at = std::get_if<Instant>(&state)) {
    put_u8(out, kBucket);
    put_varint(out, micros(*full_at));
    return out;
  }
  const auto& count = std::get<throttle::Quota::Count>(state);
  put_u8(out, kQuota);
  put_varint(out, count.window);
  put_varint(out, count.used);
  return out;
}

std::optional<throttle::LimitState> decode_limit(std::string_view bytes) {
  ByteReader in(bytes);
  throttle::LimitState state;
  const auto kind = in.u8();
  if (kind == kBucket) {
    state = from_micros(in.varint());
  } else if (kind == kQuota) {
    const auto window = in.varint();
    state = throttle::Quota::Count{window, in.varint()};
  } else {
    return std::nullopt;
  }
  return in.ok() && in.at_end() ? std::optional(state) : std::nullopt;
}

std::string encode_override(const throttle::Override& override) {
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(
                  (override.scale ? kHasScale : 0) | (override.message_rate ? kHasRate : 0) |
                  (override.connections ? kHasConnections : 0) | (override.pause ? kPause : 0)));
  if (override.scale) put_be<8>(out, std::bit_cast<std::uint64_t>(*override.scale));
  if (override.message_rate) put_string(out, override.message_rate->text());
  if (override.connections) put_varint(out, *override.connections);
  put_varint(out, micros(override.until));
  put_string(out, override.cause);
  put_string(out, override.by);
  for (const auto& value : override.match.values) put_string(out, value);
  return out;
}

std::optional<throttle::Override> decode_override(std::string_view id, std::string_view bytes) {
  ByteReader in(bytes);
  throttle::Override out;
  out.id = id;
  const auto flags = in.u8();
  if (flags > (kHasScale | kHasRate | kHasConnections | kPause)) return std::nullopt;
  if ((flags & kHasScale) != 0) out.scale = std::bit_cast<double>(in.be<8>());
  if ((flags & kHasRate) != 0) {
    const auto rate = throttle::Rate::parse(in.string());
    if (!rate) return std::nullopt;
    out.message_rate = *rate;
  }
  if ((flags & kHasConnections) != 0) out.connections = static_cast<std::uint32_t>(in.varint());
  out.pause = (flags & kPause) != 0;
  out.until = from_micros(in.varint());
  out.cause = in.string();
  out.by = in.string();
  for (auto& value : out.match.values) value = in.string();
  return in.ok() && in.at_end() ? std::optional(std::move(out)) : std::nullopt;
}

Expected<> ThrottleRows::load() {
  const auto now = clock_.now();
  SavedThrottles saved;
  std::vector<std::string> gone;
  const std::string begin("throttle.");
  const auto rows = queue_.database().cursor(kMeta, begin, begin + '\xff');
  for (; rows->valid(); rows->next()) {
    auto key = rows->key();
    if (key.starts_with(kLimitPrefix)) {
      const auto state = decode_limit(rows->value());
      if (!state) {
        damaged(key);
        continue;
      }
      if (meaningless(*state, now)) {
        gone.emplace_back(key);
        continue;
      }
      saved.limits.push_back({std::string(key.substr(kLimitPrefix.size())), *state});
    } else if (key.starts_with(kOverridePrefix)) {
      auto override = decode_override(key.substr(kOverridePrefix.size()), rows->value());
      if (!override) {
        damaged(key);
        continue;
      }
      if (!throttle::check(*override, now)) {
        gone.emplace_back(key);
        continue;
      }
      saved.overrides.push_back(std::move(*override));
    }
  }
  if (auto status = rows->status(); !status) return status;
  policies_.restore(saved.limits, std::move(saved.overrides), now);
  if (gone.empty()) return {};
  auto erase = [gone = std::move(gone)](store::Batch& batch) {
    for (const auto& key : gone) batch.erase(kMeta, key);
  };
  queue_.committer().submit(store::make_work(std::move(erase), [](const Expected<>&) {}),
                            store::Urgency::soon);
  return {};
}

void ThrottleRows::flush() {
  if (!policies_.any_changed() && flushing_.load(std::memory_order_seq_cst) == 0) return;
  flushing_.fetch_add(1, std::memory_order_seq_cst);
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  auto changed = policies_.take_changed(now);
  if (!changed.empty()) {
    auto apply = [changed = std::move(changed), now](store::Batch& batch) {
      for (const auto& [key, state] : changed) {
        const auto row = std::string(kLimitPrefix) + key;
        if (meaningless(state, now)) {
          batch.erase(kMeta, row);
        } else {
          batch.put(kMeta, row, encode_limit(state));
        }
      }
    };
    queue_.committer().submit(store::make_work(std::move(apply), [](const Expected<>&) {}),
                              store::Urgency::soon);
  }
  flushing_.fetch_sub(1, std::memory_order_seq_cst);
}

void ThrottleRows::put(const throttle::Override& override) {
  auto apply = [key = std::string(kOverridePrefix) + override.id,
                value = encode_override(override)](store::Batch& batch) { batch.put(kMeta, key, value); };
  queue_.committer().submit(store::make_work(std::move(apply), [](const Expected<>&) {}),
                            store::Urgency::soon);
}

void ThrottleRows::erase(const std::string& override_id) {
  auto apply = [key = std::string(kOverridePrefix) + override_id](store::Batch& batch) {
    batch.erase(kMeta, key);
  };
  queue_.committer().submit(store::make_work(std::move(apply), [](const Expected<>&) {}),
                            store::Urgency::soon);
}

}  // namespace sluice::queue
