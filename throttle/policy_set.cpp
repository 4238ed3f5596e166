#include "throttle/policy_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sluice::throttle {
namespace {

/// Between the parts of a key; no name holds it (config refuses control bytes).
constexpr char kSeparator = '\x1f';

std::string memo_key(const Subject& subject) {
  std::string key;
  for (const auto value : subject.values) {
    key += value;
    key += kSeparator;
  }
  return key;
}

void lower(std::string& text) {
  for (auto& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

/// The exact value alone where there is only one, else the match.
std::string default_name(const Match& match) {
  const auto given = std::ranges::count_if(match.values, [](const auto& value) { return !value.empty(); });
  if (given == 1)
    return *std::ranges::find_if(match.values, [](const auto& value) { return !value.empty(); });
  return given == 0 ? "everything" : to_string(match);
}

}  // namespace

const char* PolicySet::name_of(Kind kind) {
  switch (kind) {
    case Kind::message_rate:
      return "message_rate";
    case Kind::byte_rate:
      return "byte_rate";
    case Kind::connection_rate:
      return "connection_rate";
    case Kind::connections:
      return "connections";
  }
  return "?";
}

const std::optional<Rate>& PolicySet::rate_of(const PolicyOptions& policy, Kind kind) {
  if (kind == Kind::message_rate) return policy.message_rate;
  return kind == Kind::byte_rate ? policy.byte_rate : policy.connection_rate;
}

bool PolicySet::sets(const PolicyOptions& policy, Kind kind) {
  return kind == Kind::connections ? policy.connections.has_value() : rate_of(policy, kind).has_value();
}

bool PolicySet::matches(const Match& match, const Subject& subject) {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    const auto& want = match.values[i];
    if (want.empty()) continue;
    if (want == "*" ? subject.values[i].empty() : subject.values[i] != want) return false;
  }
  return true;
}

std::string PolicySet::prefix_of(const Rule& rule, Kind kind) {
  return fmt::format("{}{}{}{}", rule.identity, kSeparator, name_of(kind), kSeparator);
}

Expected<std::vector<PolicySet::Rule>> PolicySet::compile(std::vector<PolicyOptions> policies,
                                                          std::size_t max_policies) {
  if (policies.size() > max_policies) {
    return fail(ErrorCode::limit,
                fmt::format("{} policies, and max_policies is {}", policies.size(), max_policies));
  }
  std::vector<Rule> rules;
  std::set<std::string> seen;
  for (auto& policy : policies) {
    for (const auto dimension : {Dimension::provider, Dimension::site, Dimension::domain}) {
      lower(policy.match[dimension]);
    }
    if (policy.name.empty()) policy.name = default_name(policy.match);
    const auto refuse = [&](std::string_view why) {
      return fail(ErrorCode::invalid_input, fmt::format("policy \"{}\": {}", policy.name, why));
    };
    const bool limits = std::ranges::any_of(kKinds, [&](Kind kind) { return sets(policy, kind); });
    if (!limits && !policy.messages_per_connection) return refuse("sets no limit");
    if (policy.connections == 0U) return refuse("connections must be at least 1");
    if (policy.messages_per_connection == 0U) return refuse("messages_per_connection must be at least 1");
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
  auto limits = build(subject, now);
  if (memo_.size() >= options_.max_tuples) forget_unheld_answers();
  if (memo_.size() < options_.max_tuples) memo_.emplace(std::move(key), limits);
  return limits;
}

std::shared_ptr<Limits> PolicySet::build(const Subject& subject, Instant now) {
  std::vector<const Rule*> matching;
  std::array<bool, kKinds.size()> taken{};  // by a policy that is no fallback
  bool per_connection_taken = false;
  for (const auto& rule : rules_) {
    if (!matches(rule.options.match, subject)) continue;
    matching.push_back(&rule);
    if (rule.options.fallback) continue;
    for (const auto kind : kKinds) taken[static_cast<std::size_t>(kind)] |= sets(rule.options, kind);
    per_connection_taken |= rule.options.messages_per_connection.has_value();
  }
  auto limits = std::make_shared<Limits>();
  limits->generation = generation();
  for (const auto* rule : matching) {
    const auto& policy = rule->options;
    for (const auto kind : kKinds) {
      if (!sets(policy, kind) || (policy.fallback && taken[static_cast<std::size_t>(kind)])) continue;
      auto limit = limit_for(*rule, kind, subject, now);
      auto& group = kind == Kind::message_rate ? limits->message
                    : kind == Kind::byte_rate  ? limits->bytes
                                               : limits->connection;
      group.push_back(limit.get());
      limits->pins.push_back(std::move(limit));
    }
    if (policy.messages_per_connection && !(policy.fallback && per_connection_taken)) {
      limits->messages_per_connection =
          std::min(limits->messages_per_connection, *policy.messages_per_connection);
    }
  }
  return limits;
}

std::shared_ptr<Limit> PolicySet::limit_for(const Rule& rule, Kind kind, const Subject& subject,
                                            Instant now) {
  auto key = prefix_of(rule, kind);
  const auto prefix = key.size();
  std::string where;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (rule.options.match.values[i] != "*") continue;
    key += subject.values[i];
    key += kSeparator;
    where += fmt::format("{}{}={}", where.empty() ? "" : ", ", throttle::name_of(static_cast<Dimension>(i)),
                         subject.values[i]);
  }
  if (const auto known = table_.find(key); known != table_.end()) return known->second.limit;
  if (table_.size() >= options_.max_limits) forget_idle_limits(now);
  if (table_.size() >= options_.max_limits && !where.empty()) {
    overflowed_.fetch_add(1, std::memory_order_relaxed);
    key.resize(prefix);
    key += "(others)";
    where = "(others)";
    if (const auto known = table_.find(key); known != table_.end()) return known->second.limit;
  }
  auto limit = make(rule, kind, std::move(where));
  if (const auto saved = restored_.find(key); saved != restored_.end()) {
    if (limit->is_bucket()) limit->restore(saved->second, now);
    restored_.erase(saved);
  }
  table_.emplace(std::move(key), Entry{limit, prefix});
  return limit;
}

std::shared_ptr<Limit> PolicySet::make(const Rule& rule, Kind kind, std::string where) const {
  auto title = fmt::format("policy \"{}\" {}", rule.options.name, name_of(kind));
  if (kind == Kind::connections) {
    return std::make_shared<Limit>(std::move(title), std::move(where), *rule.options.connections);
  }
  return std::make_shared<Limit>(std::move(title), std::move(where), *rate_of(rule.options, kind));
}

void PolicySet::forget_idle_limits(Instant now) {
  if (limit_credit_ > 0) {
    --limit_credit_;
    return;
  }
  forget_unheld_answers();
  const auto before = table_.size();
  std::erase_if(table_, [&](const auto& item) {
    return item.second.limit.use_count() == 1 && item.second.limit->idle(now);
  });
  // A sweep that found little is not repeated at every miss.
  if (before - table_.size() < before / 8) limit_credit_ = before / 8;
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

Expected<> PolicySet::reload(std::vector<PolicyOptions> policies, Instant now) {
  auto rules = compile(std::move(policies), options_.max_policies);
  if (!rules) return std::unexpected(rules.error());
  const MutexLock lock(mutex_);
  rules_ = std::move(*rules);
  memo_.clear();
  tuple_credit_ = limit_credit_ = 0;
  generation_.fetch_add(1, std::memory_order_acq_rel);

  std::unordered_map<std::string, std::pair<const PolicyOptions*, Kind>> kept;
  for (const auto& rule : rules_) {
    for (const auto kind : kKinds) {
      if (sets(rule.options, kind)) kept.emplace(prefix_of(rule, kind), std::pair{&rule.options, kind});
    }
  }
  std::erase_if(table_, [&](auto& item) {
    auto& limit = *item.second.limit;
    const auto found = kept.find(item.first.substr(0, item.second.prefix));
    if (found == kept.end()) {
      limit.wake_all();
      return true;
    }
    const auto [policy, kind] = found->second;
    if (kind == Kind::connections) {
      limit.set_slots(*policy->connections);
    } else {
      limit.set_rate(*rate_of(*policy, kind), now);
    }
    return false;
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

std::vector<SavedBucket> PolicySet::snapshot(Instant now) const {
  std::vector<SavedBucket> saved;
  const MutexLock lock(mutex_);
  for (const auto& [key, entry] : table_) {
    if (!entry.limit->is_bucket()) continue;
    if (const auto full_at = entry.limit->snapshot(); full_at > now) saved.push_back({key, full_at});
  }
  for (const auto& [key, full_at] : restored_) {
    if (full_at > now) saved.push_back({key, full_at});
  }
  return saved;
}

void PolicySet::restore(std::span<const SavedBucket> saved, Instant now) {
  const MutexLock lock(mutex_);
  for (const auto& bucket : saved) {
    if (restored_.size() >= options_.max_limits) return;
    if (bucket.full_at > now) restored_.insert_or_assign(bucket.key, bucket.full_at);
  }
}

void PolicySet::wake_all() {
  const MutexLock lock(mutex_);
  for (const auto& [key, entry] : table_) entry.limit->wake_all();
}

std::size_t PolicySet::size() const {
  const MutexLock lock(mutex_);
  return table_.size();
}

}  // namespace sluice::throttle
