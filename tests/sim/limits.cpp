#include "tests/sim/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::sim {

using throttle::Dimension;
using throttle::Subject;

namespace {

/// A connection is seen a little after it was granted, the next one perhaps sooner after its grant.
constexpr double kConnectionSlack = 0.5;
constexpr double kRounding = 1e-3;

}  // namespace

void Limits::reset() {
  for (const auto& [key, count] : open_) {
    if (count != 0) world_.trace.fail("connections outlive their engine: " + key);
  }
  tokens_.clear();
  taken_.clear();
}

void Limits::forget(const std::string& policy) {
  std::erase_if(tokens_, [&](const auto& one) { return one.first.starts_with("messages|" + policy); });
}

bool Limits::matches(const throttle::Match& match, const Subject& subject) {
  for (std::size_t i = 0; i < throttle::kDimensions; ++i) {
    const auto& wanted = match.values[i];
    if (wanted.empty()) continue;
    if (wanted == "*" ? subject.values[i].empty() : wanted != subject.values[i]) return false;
  }
  return true;
}

template <class T>
std::vector<const Limits::Policy*> Limits::in_force(const Subject& subject, T Policy::* member) const {
  std::vector<const Policy*> out;
  for (const auto& policy : scenario_.policies) {
    if (policy.*member && matches(policy.match, subject)) out.push_back(&policy);
  }
  const bool any_firm =
      std::any_of(out.begin(), out.end(), [](const auto* policy) { return !policy->fallback; });
  if (any_firm) std::erase_if(out, [](const auto* policy) { return policy->fallback; });
  return out;
}

std::string Limits::key_of(const Policy& policy, const Subject& subject) {
  auto key = policy.name;
  for (std::size_t i = 0; i < throttle::kDimensions; ++i) {
    if (policy.match.values[i] == "*") key.append(1, '|').append(subject.values[i]);
  }
  return key;
}

void Limits::spend(const std::string& key, const throttle::Rate& rate, double slack) {
  const auto burst = static_cast<double>(rate.effective_burst());
  const auto [at, fresh] = tokens_.try_emplace(key, Tokens{burst, world_.now});
  auto& tokens = at->second;
  const auto refill = static_cast<double>((world_.now - tokens.at).count()) *
                      static_cast<double>(rate.count) / static_cast<double>(rate.period.count());
  tokens.left = std::min(burst, tokens.left + refill) - 1;
  tokens.at = world_.now;
  if (tokens.left < -slack)
    world_.trace.fail(fmt::format("{} of {} was exceeded by {:.4f}", rate.text(), key, -tokens.left));
}

void Limits::spend(std::string key, const throttle::Rate& rate, Mark mark) {
  spend(key, rate, kRounding);
  if (mark.second != 0) taken_[mark].emplace_back(std::move(key), rate);
}

void Limits::given_back(Mark mark) {
  const auto taken = taken_.extract(mark);
  if (taken.empty()) return;  // it was granted before a simulated crash, or asked for nothing limited
  for (const auto& [key, rate] : taken.mapped()) {
    const auto at = tokens_.find(key);
    if (at == tokens_.end()) continue;
    auto& left = at->second.left;
    left = std::min(left + 1, static_cast<double>(rate.effective_burst()));
  }
}

void Limits::opened(std::size_t site, const std::string& source) {
  Subject subject;
  subject[Dimension::source] = source;
  subject[Dimension::site] = scenario_.sites[site].name;
  subject[Dimension::provider] = provider_of(site);
  const auto open = ++open_[fmt::format("{}|{}", site, source)];
  for (const auto* policy : in_force(subject, &Policy::connections)) {
    if (open > *policy->connections)
      world_.trace.fail(fmt::format("{} connections at {} by {}, and {} allows {}", open,
                                    scenario_.sites[site].name, source, policy->name, *policy->connections));
  }
  for (const auto* policy : in_force(subject, &Policy::connection_rate))
    spend("connections|" + key_of(*policy, subject), *policy->connection_rate, kConnectionSlack);
}

void Limits::begins(std::size_t site, const std::string& source) {
  const auto& sources = scenario_.delivery.sources;
  const auto found =
      std::find_if(sources.begin(), sources.end(), [&](const auto& one) { return one.name == source; });
  if (found == sources.end() || !found->warmup) return;
  const auto quota = found->warmup->ladder.front();
  const auto count = ++attempts_[fmt::format("{}|{}", source, provider_of(site))];
  if (count > quota)
    world_.trace.fail(fmt::format("{} attempts by {} at \"{}\", whose first day has {}", count, source,
                                  provider_of(site), quota));
}

void Limits::takes_back(std::size_t site, const std::string& source) {
  const auto found = attempts_.find(fmt::format("{}|{}", source, provider_of(site)));
  if (found != attempts_.end()) --found->second;
}

void Limits::suspend(const std::string& source, const std::string& provider, bool on) {
  if (on) {
    suspended_.emplace(source, provider);
  } else {
    suspended_.erase({source, provider});
  }
}

void Limits::closed(std::size_t site, const std::string& source) {
  --open_[fmt::format("{}|{}", site, source)];
}

void Limits::granted(const queue::Stream& stream, std::string_view domain, std::string_view pool,
                     const std::string& source, Mark mark) {
  const auto site = scenario_.domains[scenario_.domain_of.find(domain)->second].site;
  if (suspended_.contains({source, ""}) || suspended_.contains({source, std::string(provider_of(site))}))
    world_.trace.fail("a record was granted to a suspended source, " + source);
  Subject subject;
  subject[Dimension::tenant] = stream.settings.tenant;
  subject[Dimension::stream] = stream.settings.name;
  subject[Dimension::class_] = queue::name_of(stream.settings.stream_class);
  subject[Dimension::source] = source;
  subject[Dimension::pool] = pool;
  subject[Dimension::provider] = provider_of(site);
  subject[Dimension::site] = scenario_.sites[site].name;
  subject[Dimension::domain] = domain;
  for (const auto* policy : in_force(subject, &Policy::message_rate))
    spend("messages|" + key_of(*policy, subject), *policy->message_rate, mark);
  if (stream.settings.rate.empty()) return;
  if (const auto own = throttle::Rate::parse(stream.settings.rate))
    spend("stream|" + stream.settings.name, *own, mark);
}

}  // namespace sluice::sim
