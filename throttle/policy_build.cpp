#include "throttle/policy_build.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "throttle/unsent.hpp"

namespace sluice::throttle {
namespace {

std::size_t rank_in(const PolicyOptions& policy) { return policy.last ? 2 : policy.fallback ? 1 : 0; }

}  // namespace

std::string prefix_of(std::string_view identity, LimitKind kind) {
  return fmt::format("{}{}{}{}", identity, kSeparator, name_of(kind), kSeparator);
}

std::string prefix_of(const Override& override) {
  return fmt::format("{}{}{}", kOverrideMark, override.id, kSeparator);
}

std::shared_ptr<Limits> PolicySet::Build::limits() {
  out_->generation = set_.generation();
  add_policies();
  for (const auto& [id, override] : set_.overrides_) {
    if (now_ < override.until && matches(override.match, subject_)) add_override(override);
  }
  return std::move(out_);
}

void PolicySet::Build::add_policies() {
  std::vector<const Rule*> matching;
  for (const auto& rule : set_.rules_) {
    if (matches(rule.options.match, subject_)) matching.push_back(&rule);
  }
  /// It sets the same limit too, and `policy` leaves it to that one.
  const auto yields = [&](const PolicyOptions& policy, const auto& sets) {
    return std::ranges::any_of(matching, [&](const Rule* rule) {
      const auto& other = rule->options;
      if (&other == &policy || !sets(other)) return false;
      return rank_in(other) < rank_in(policy) || (other.overrides && narrower(other.match, policy.match));
    });
  };
  for (const auto* rule : matching) {
    const auto& policy = rule->options;
    for (const auto kind : kLimitKinds) {
      const auto value = value_of(policy, kind);
      if (!value) continue;
      const auto sets = [kind](const PolicyOptions& other) { return value_of(other, kind).has_value(); };
      if (!yields(policy, sets)) add_policy(*rule, kind, *value);
    }
    if (!policy.messages_per_connection) continue;
    const auto sets = [](const PolicyOptions& other) { return other.messages_per_connection.has_value(); };
    if (yields(policy, sets)) continue;
    out_->messages_per_connection = std::min(out_->messages_per_connection, *policy.messages_per_connection);
  }
}

void PolicySet::Build::add_policy(const Rule& rule, LimitKind kind, const LimitValue& value) {
  LimitSpec spec;
  spec.prefix = prefix_of(rule.identity, kind);
  spec.title = fmt::format("policy \"{}\" {}", rule.options.name, throttle::name_of(kind));
  spec.value = value;
  place(spec, rule.options.match);
  const bool opening = kind == LimitKind::connection_rate || kind == LimitKind::connections;
  auto& group = opening ? out_->connection : kind == LimitKind::byte_rate ? out_->bytes : out_->message;
  const auto key = add(spec, {&group});
  if (kind != LimitKind::message_rate) return;
  bases_.push_back({spec.prefix, std::string(key.substr(spec.prefix.size())), spec.title, spec.where,
                    std::get<Rate>(value)});
}

void PolicySet::Build::add_override(const Override& override) {
  const auto spec_of = [&](std::string_view effect, const LimitValue& value) {
    LimitSpec spec;
    spec.prefix = fmt::format("{}{}{}", prefix_of(override), effect, kSeparator);
    spec.title = fmt::format("override \"{}\" by {} ({}) {}", override.id, override.by,
                             override.cause.empty() ? "no cause given" : override.cause, effect);
    spec.value = value;
    spec.ends = override.until;
    place(spec, override.match);
    return spec;
  };
  // What names a domain holds its mail back; its site's connections may be of use to others.
  const bool whole = override.match[Dimension::domain].empty();
  if (override.pause && whole) add(spec_of("pause", Gate{}), {&out_->message, &out_->connection});
  if (override.pause && !whole) add(spec_of("pause", Gate{}), {&out_->message});
  if (override.connections) add(spec_of("connections", *override.connections), {&out_->connection});
  if (override.scale) {
    add_scaled(override, spec_of("scale", Rate{}));
  } else if (override.message_rate) {
    add(spec_of("message_rate", *override.message_rate), {&out_->message});
  }
}

/// A slower twin for each rate, shared by the matching mail that shares the rate.
void PolicySet::Build::add_scaled(const Override& override, LimitSpec spec) {
  const auto title = fmt::format("{} {:g} of", spec.title, *override.scale);
  auto bases = std::move(bases_);
  if (bases.empty() && override.message_rate) {
    bases.push_back({"", "", "message_rate", "", *override.message_rate});
  }
  for (const auto& base : bases) {
    auto twin = spec;
    twin.prefix += base.prefix;
    twin.values += base.values;
    twin.title = fmt::format("{} {}", title, base.title);
    twin.where = base.where.empty() || spec.where.empty() ? base.where + spec.where
                                                          : fmt::format("{}, {}", base.where, spec.where);
    twin.value = base.rate.scaled(*override.scale);
    add(twin, {&out_->message});
  }
  bases_ = std::move(bases);
}

std::string_view PolicySet::Build::add(const LimitSpec& spec,
                                       std::initializer_list<std::vector<Limit*>*> groups) {
  auto found = set_.table_.get(spec, now_, [this]() SLUICE_TS(no_thread_safety_analysis) {
    set_.forget_unheld_answers();
    set_.table_.forget_idle(now_);
  });
  for (auto* group : groups) {
    group->push_back(found.limit.get());
    if (group != &out_->connection) out_->exact |= gets_unsent_back(*found.limit);
  }
  out_->pins.push_back(std::move(found.limit));
  return found.key;
}

void PolicySet::Build::place(LimitSpec& spec, const Match& match) const {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (match.values[i] != "*") continue;
    spec.values += subject_.values[i];
    spec.values += kSeparator;
    spec.where += fmt::format("{}{}={}", spec.where.empty() ? "" : ", ",
                              throttle::name_of(static_cast<Dimension>(i)), subject_.values[i]);
  }
}

}  // namespace sluice::throttle
