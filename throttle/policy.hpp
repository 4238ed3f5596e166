// What an operator writes: which mail a policy matches and what it limits. Compiled by PolicySet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "throttle/limit.hpp"
#include "throttle/rate.hpp"

namespace sluice::throttle {

/// What a policy can tell apart. The order is the order of names and keys.
enum class Dimension : std::uint8_t {
  tenant,
  stream,
  class_,
  source,
  pool,
  provider,
  site,
  domain,
  remote_ip
};
inline constexpr std::size_t kDimensions = 9;

/// As in the configuration: "class", "remote_ip".
[[nodiscard]] const char* name_of(Dimension dimension);
[[nodiscard]] std::optional<Dimension> dimension_of(std::string_view name);

/// One value a dimension; empty: unknown, or does not apply. In a Match "*" is "each value has its own
/// limit", empty is "any value, and all share".
template <class Text>
struct Tuple {
  std::array<Text, kDimensions> values{};

  Text& operator[](Dimension dimension) { return values[static_cast<std::size_t>(dimension)]; }
  const Text& operator[](Dimension dimension) const { return values[static_cast<std::size_t>(dimension)]; }
  friend bool operator==(const Tuple&, const Tuple&) = default;
};
using Match = Tuple<std::string>;
/// The mail or connection asked about, names in lower case. Views live for the call only.
using Subject = Tuple<std::string_view>;

/// One [[policy]]. At least one limit is set.
struct PolicyOptions {
  std::string name;  ///< printed; empty: the one exact value of `match`, else "source=*, site=*"
  Match match;
  std::optional<Rate> message_rate;                      ///< messages handed to the peer
  std::optional<Rate> byte_rate;                         ///< bytes of message content handed to the peer
  std::optional<Rate> connection_rate;                   ///< connections opened
  std::optional<std::uint32_t> connections;              ///< open at once; at least 1
  std::optional<std::uint32_t> messages_per_connection;  ///< then QUIT and reconnect; at least 1
  std::optional<std::uint64_t> hourly_quota;             ///< messages in each hour of UTC
  std::optional<std::uint64_t> daily_quota;              ///< messages in each day of UTC
  /// Holds only for the limits that no other matching policy sets. All others must grant together.
  bool fallback = false;
  /// A fallback that yields to other fallbacks too.
  bool last = false;
  /// For the limits it sets, matching policies that are wider (narrower() says which) do not count.
  bool overrides = false;
};

/// `a` says all that `b` says about which mail it matches, and more: it names the same dimensions or ones
/// that imply them (a domain its site and provider, a site its provider, a stream its tenant and class), and
/// a value where `b` has one. Both match the same mail.
[[nodiscard]] bool narrower(const Match& a, const Match& b);

/// The kinds of limit a policy may set that become a Limit.
enum class LimitKind : std::uint8_t {
  message_rate,
  byte_rate,
  connection_rate,
  connections,
  hourly_quota,
  daily_quota
};
inline constexpr std::array kLimitKinds{LimitKind::message_rate,    LimitKind::byte_rate,
                                        LimitKind::connection_rate, LimitKind::connections,
                                        LimitKind::hourly_quota,    LimitKind::daily_quota};
/// As in the configuration: "message_rate".
[[nodiscard]] const char* name_of(LimitKind kind);
[[nodiscard]] std::optional<LimitValue> value_of(const PolicyOptions& policy, LimitKind kind);

/// Names that do not tell case apart, in lower case: provider, site, domain.
void fold_case(Match& match);
/// Every dimension the match names has that value, or any for "*".
[[nodiscard]] bool matches(const Match& match, const Subject& subject);

/// Names the first dimension of the match that no connection has: it carries mail of many tenants, streams
/// and classes. Empty: limits on connections fit. A domain stands for the site its mail goes to.
[[nodiscard]] std::string_view no_connection_has(const Match& match);

/// `domain=example.test` or `source=*, site=*`; empty for a match of everything.
[[nodiscard]] std::string to_string(const Match& match);

/// The two rules sluice starts with, both fallbacks: for each (source, site) 10 connections, 100 new ones a
/// minute, 100 messages a connection and 100 messages/s; for each domain 100 messages/s (FACTS §1,
/// "everywhere").
[[nodiscard]] std::vector<PolicyOptions> default_policies();

}  // namespace sluice::throttle
