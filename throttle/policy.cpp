#include "throttle/policy.hpp"

#include <algorithm>

namespace sluice::throttle {
namespace {

constexpr std::array<const char*, kDimensions> kNames{"tenant",   "stream", "class",  "source",   "pool",
                                                      "provider", "site",   "domain", "remote_ip"};

std::optional<LimitValue> quota(std::optional<std::uint64_t> count, Micros period) {
  if (!count) return std::nullopt;
  return Allowance{*count, period};
}

struct Implied {
  Dimension from;
  Dimension to;
};
constexpr std::array<Implied, 5> kImplied{{{Dimension::domain, Dimension::site},
                                           {Dimension::domain, Dimension::provider},
                                           {Dimension::site, Dimension::provider},
                                           {Dimension::stream, Dimension::tenant},
                                           {Dimension::stream, Dimension::class_}}};

bool exact(const std::string& value) { return !value.empty() && value != "*"; }

/// Every dimension that `b` names is named by `a`, or implied by one that is, and exactly where `b` is exact.
bool says_all(const Match& a, const Match& b) {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    const auto& wanted = b.values[i];
    if (wanted.empty()) continue;
    const auto enough = [&](const std::string& value) {
      return exact(wanted) ? exact(value) : !value.empty();
    };
    const bool implied = std::ranges::any_of(kImplied, [&](const Implied& pair) {
      return pair.to == static_cast<Dimension>(i) && enough(a[pair.from]);
    });
    if (!enough(a.values[i]) && !implied) return false;
  }
  return true;
}

}  // namespace

const char* name_of(Dimension dimension) { return kNames[static_cast<std::size_t>(dimension)]; }

std::optional<Dimension> dimension_of(std::string_view name) {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (name == kNames[i]) return static_cast<Dimension>(i);
  }
  return std::nullopt;
}

const char* name_of(LimitKind kind) {
  switch (kind) {
    case LimitKind::message_rate:
      return "message_rate";
    case LimitKind::byte_rate:
      return "byte_rate";
    case LimitKind::connection_rate:
      return "connection_rate";
    case LimitKind::connections:
      return "connections";
    case LimitKind::hourly_quota:
      return "hourly_quota";
    case LimitKind::daily_quota:
      return "daily_quota";
  }
  return "?";
}

std::optional<LimitValue> value_of(const PolicyOptions& policy, LimitKind kind) {
  switch (kind) {
    case LimitKind::message_rate:
      return policy.message_rate;
    case LimitKind::byte_rate:
      return policy.byte_rate;
    case LimitKind::connection_rate:
      return policy.connection_rate;
    case LimitKind::connections:
      return policy.connections;
    case LimitKind::hourly_quota:
      return quota(policy.hourly_quota, std::chrono::hours(1));
    case LimitKind::daily_quota:
      return quota(policy.daily_quota, std::chrono::hours(24));
  }
  return std::nullopt;
}

bool narrower(const Match& a, const Match& b) { return says_all(a, b) && !says_all(b, a); }

void fold_case(Match& match) {
  for (const auto dimension : {Dimension::provider, Dimension::site, Dimension::domain}) {
    for (auto& c : match[dimension]) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
  }
}

bool matches(const Match& match, const Subject& subject) {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    const auto& want = match.values[i];
    if (want.empty()) continue;
    if (want == "*" ? subject.values[i].empty() : subject.values[i] != want) return false;
  }
  return true;
}

std::string_view no_connection_has(const Match& match) {
  for (const auto dimension : {Dimension::tenant, Dimension::stream, Dimension::class_}) {
    if (!match[dimension].empty()) return name_of(dimension);
  }
  return {};
}

std::string to_string(const Match& match) {
  std::string text;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (match.values[i].empty()) continue;
    if (!text.empty()) text += ", ";
    text += kNames[i];
    text += '=';
    text += match.values[i];
  }
  return text;
}

std::vector<PolicyOptions> default_policies() {
  using std::chrono::minutes;
  using std::chrono::seconds;
  PolicyOptions path;
  path.name = "default path";
  path.match[Dimension::source] = "*";
  path.match[Dimension::site] = "*";
  path.message_rate = Rate{100, seconds(1), 0};
  path.connection_rate = Rate{100, minutes(1), 10};
  path.connections = 10;
  path.messages_per_connection = 100;
  path.fallback = true;
  PolicyOptions domain;
  domain.name = "default domain";
  domain.match[Dimension::domain] = "*";
  domain.message_rate = Rate{100, seconds(1), 0};
  domain.fallback = true;
  return {path, domain};
}

}  // namespace sluice::throttle
