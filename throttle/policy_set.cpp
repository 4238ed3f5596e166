#include "throttle/policy_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "throttle/policy_build.hpp"

namespace sluice::throttle {
namespace {

std::string memo_key(const Subject& subject) {
  std::string key;
  for (const auto value : subject.values) {
    key += value;
    key += kSeparator;
  }
  return key;
}

/// The exact value alone where there is only one, else the match.
std::string default_name(const Match& match) {
  const auto given = std::ranges::count_if(match.values, [](const auto& value) { return !value.empty(); });
  if (given == 1)
    return *std::ranges::find_if(match.values, [](const auto& value) { return !value.empty(); });
  return given == 0 ? "everything" : to_string(match);
}

}  // namespace

Expected<std::vector<PolicySet::Rule>> PolicySet::compile(std::vector<PolicyOptions> policies,
                                                          std::size_t max_policies) {
  if (policies.size() > max_policies) {
    return fail(ErrorCode::limit,
                fmt::format("{} policies, and max_policies is {}", policies.size(), max_policies));
  }
  std::vector<Rule> rules;
  std::set<std::string> seen;
  for (auto& policy : policies) {
    fold_case(policy.match);
    if (policy.name.empty()) policy.name = default_name(policy.match);
    const auto refuse = [&](std::string_view why) {
      return fail(ErrorCode::invalid_input, fmt::format("policy \"{}\": {}", policy.name, why));
    };
    const bool limits =
        std::ranges::any_of(kLimitKinds, [&](LimitKind kind) { return value_of(policy, kind).has_value(); });
    if (!limits && !policy.messages_per_connection) return refuse("sets no limit");
    const auto odd = no_connection_has(policy.match);
    if (!odd.empty() && (policy.connections || policy.connection_rate || policy.messages_per_connection))
      return refuse(fmt::format(
          "one connection carries mail of every {}: match source, pool, provider, site, domain or "
          "remote_ip to limit connections",
          odd));
    if (policy.connections == 0U) return refuse("connections must be at least 1");
    if (policy.messages_per_connection == 0U) return refuse("messages_per_connection must be at least 1");
    for (const auto& quota : {policy.hourly_quota, policy.daily_quota}) {
      if (quota && (*quota == 0 || *quota > kMaxRateCount))
        return refuse("a quota is 1 to 1,000,000,000,000 messages");
    }
    if (policy.fallback && policy.overrides) return refuse("a fallback cannot override");
    auto identity = fmt::format("{}{}{}", policy.name, kSeparator, to_string(policy.match));
    if (!seen.insert(identity).second) return refuse("is there twice with the same match");
    rules.push_back({std::move(policy), std::move(identity)});
  }
  return rules;
}

Expected<std::unique_ptr<PolicySet>> PolicySet::create(std::vector<PolicyOptions> policies,
                                                       const PolicySetOptions& options) {
  auto rules = compile(std::move(policies), options.max_policies);
  if (!rules) return std::unexpected(rules.error());
  std::unique_ptr<PolicySet> set(new PolicySet(options));
  const MutexLock lock(set->mutex_);
  set->rules_ = std::move(*rules);
  return set;
}

std::shared_ptr<const Limits> PolicySet::resolve(const Subject& subject, Instant now) {
  auto key = memo_key(subject);
  const MutexLock lock(mutex_);
  if (const auto known = memo_.find(key); known != memo_.end()) return known->second;
  auto limits = Build(*this, subject, now).limits();
  if (memo_.size() >= options_.max_tuples) forget_unheld_answers();
  if (memo_.size() < options_.max_tuples) memo_.emplace(std::move(key), limits);
  return limits;
}

std::shared_ptr<const ConnectionDomains> PolicySet::connection_domains() const {
  const MutexLock lock(mutex_);
  if (domains_) return domains_;
  auto out = std::make_shared<ConnectionDomains>();  // shared: see the declaration
  const auto note = [&](const std::string& domain) {
    if (domain == "*") out->each = true;
    if (!domain.empty() && domain != "*") out->named.insert(domain);
  };
  for (const auto& [options, identity] : rules_) {
    if (options.connections || options.connection_rate || options.messages_per_connection)
      note(options.match[Dimension::domain]);
  }
  for (const auto& [id, override] : overrides_) {
    if (override.connections) note(override.match[Dimension::domain]);
  }
  return domains_ = std::move(out);
}

const Limit* Limits::paused(Instant now) const {
  const auto gate = std::ranges::find_if(
      message, [&](const Limit* limit) { return limit->is_gate() && limit->ready_at(now, 1) > now; });
  return gate == message.end() ? nullptr : *gate;
}

void PolicySet::forget_unheld_answers() {
  if (tuple_credit_ > 0) {
    --tuple_credit_;
    return;
  }
  const auto before = memo_.size();
  std::erase_if(memo_, [](const auto& item) { return item.second.use_count() == 1; });
  if (before - memo_.size() < before / 8) tuple_credit_ = before / 8;
}

void PolicySet::renew() {
  memo_.clear();
  domains_.reset();
  tuple_credit_ = 0;
  generation_.fetch_add(1, std::memory_order_acq_rel);
}

Expected<> PolicySet::reload(std::vector<PolicyOptions> policies, Instant now) {
  auto rules = compile(std::move(policies), options_.max_policies);
  if (!rules) return std::unexpected(rules.error());
  const MutexLock lock(mutex_);
  rules_ = std::move(*rules);
  renew();
  std::unordered_map<std::string, LimitValue> kept;
  for (const auto& rule : rules_) {
    for (const auto kind : kLimitKinds) {
      if (auto value = value_of(rule.options, kind)) kept.emplace(prefix_of(rule.identity, kind), *value);
    }
  }
  table_.keep([&](std::string_view prefix, Limit& limit) {
    if (of_override(prefix)) {
      limit.wake_all();  // the base it scales may be another
      return true;
    }
    const auto found = kept.find(std::string(prefix));
    if (found == kept.end()) return false;
    limit.set(found->second, now);
    return true;
  });
  return {};
}

std::vector<std::string> PolicySet::explain(const Subject& subject, Instant now) {
  std::vector<std::string> lines;
  const auto limits = resolve(subject, now);
  for (const auto& limit : limits->pins)
    lines.push_back(fmt::format("{}: {}", limit->name(), limit->describe(now)));
  return lines;
}

void PolicySet::wake_all() {
  const MutexLock lock(mutex_);
  table_.wake_all();
}

std::size_t PolicySet::size() const {
  const MutexLock lock(mutex_);
  return table_.size();
}

std::uint64_t PolicySet::overflowed() const {
  const MutexLock lock(mutex_);
  return table_.overflowed();
}

}  // namespace sluice::throttle
