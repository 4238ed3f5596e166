// What a metric is: name, meaning, labels and their bounds, fixed at compile time (catalog.hpp has them all).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "metrics/cells.hpp"

namespace sluice::metrics {

enum class Type : std::uint8_t { counter, gauge, histogram };

/// A label and the set of its values. Two labels of the same printed name with different meanings are two.
enum class Label : std::uint8_t {
  none,
  provider,
  source,
  bounce_class,
  reply_class,
  enhanced,
  queue_state,
  connection_state,
  campaign_state,
  recipient_state,
  stage,
  lane,
  door,
  attempt_result,
  request_result,
  report_result,
  session_result,
  answer_result,
  lookup_result,
  suppress_reason,
  wait_reason,
  suspend_reason,
  refuse_reason,
  event,
  policy,
  rule,
  tls_version,
  tls_policy,
  consumer,
  thread,
  kind,
  tenant,
  campaign,
  domain,
  selector,
  file,
  version,
  verdict,
  webhook,
};
inline constexpr std::size_t kLabelCount = static_cast<std::size_t>(Label::webhook) + 1;

inline constexpr std::string_view kOther = "other";  ///< stands for every value beyond a label's bound

struct LabelRow {
  std::string_view name;   ///< as printed
  std::size_t max_values;  ///< different ones the process ever shows; further ones are "other"
};

/// In the order of the enum. A bound of 0: the values change with time, and whoever gives them bounds their
/// number (campaigns: the largest few). A bound holds over all families of the label, whichever value comes
/// first: so families whose words differ have labels of their own, or the words of one would be another's
/// "other".
inline constexpr std::array<LabelRow, kLabelCount> kLabels{{
    {"", 0},        {"provider", 64}, {"source", 64},  {"class", 24},  {"class", 4},     {"enhanced", 40},
    {"state", 4},   {"state", 2},     {"state", 8},    {"state", 6},   {"stage", 8},     {"lane", 2},
    {"door", 6},    {"result", 4},    {"result", 2},   {"result", 4},  {"result", 4},    {"result", 4},
    {"result", 4},  {"reason", 24},   {"reason", 8},   {"reason", 24}, {"reason", 4},    {"event", 20},
    {"policy", 64}, {"rule", 24},     {"version", 6},  {"policy", 6},  {"consumer", 32}, {"thread", 66},
    {"kind", 8},    {"tenant", 0},    {"campaign", 0}, {"domain", 0},  {"selector", 0},  {"file", 0},
    {"version", 2}, {"result", 12},   {"webhook", 16},
}};

[[nodiscard]] constexpr const LabelRow& row_of(Label label) {
  return kLabels[static_cast<std::size_t>(label)];
}

inline constexpr std::size_t kMaxLabels = 4;
using LabelList = std::array<Label, kMaxLabels>;

struct Family {
  std::string_view name;  ///< sluice_…, base units, _total for counters
  std::string_view help;
  Type type = Type::gauge;
  LabelList labels{};                ///< Label::none behind the last
  std::span<const double> bounds{};  ///< of a histogram
  std::size_t max_children = 1;  ///< label combinations; further ones are counted under "other" in each label

  [[nodiscard]] constexpr std::size_t label_count() const {
    std::size_t n = 0;
    while (n < labels.size() && labels[n] != Label::none) ++n;
    return n;
  }
  /// Lines a child has in the text form.
  [[nodiscard]] constexpr std::size_t series_a_child() const {
    return type == Type::histogram ? bounds.size() + 3 : 1;
  }
};

}  // namespace sluice::metrics
