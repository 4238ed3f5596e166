#include "engine/app/limit_origin.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::app {
namespace {

constexpr std::string_view kProvider = "provider ";
constexpr std::string_view kTenant = "tenant ";

/// [delivery] calls one of them otherwise.
std::string delivery_key(std::string_view what) {
  return fmt::format("delivery.{}", what == "connections" ? "connections_per_site" : what);
}

std::string policy_place(const config::Loaded& loaded, std::string_view name, std::string_view what) {
  const auto& policies = loaded.config.policies;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const bool named = policies[i].name == name;
    const bool by_match =
        policies[i].name.empty() && std::ranges::any_of(policies[i].match, [&](const auto& entry) {
          return name.find(entry.second) != std::string_view::npos;
        });
    if (!named && !by_match) continue;
    const auto key = fmt::format("policy[{}].{}", i, what);
    if (loaded.origins.contains(key)) return place_of(loaded, key);
  }
  return "default";
}

void add_place(LimitOrigin& limit, const config::Loaded& loaded) {
  if (limit.policy.starts_with(kProvider)) {
    const auto key = fmt::format("provider.{}", limit.policy.substr(kProvider.size()));
    const auto at = loaded.known_from.find(fmt::format("{}.{}", key, limit.what));
    limit.from = at == loaded.known_from.end() ? "default" : at->second;
    const auto known = std::ranges::find(loaded.config.known_providers, limit.policy.substr(kProvider.size()),
                                         &config::Provider::name);
    if (known != loaded.config.known_providers.end()) limit.source = known->source;
  } else if (limit.policy == "[delivery]") {
    limit.from = place_of(loaded, delivery_key(limit.what));
  } else if (limit.policy.starts_with(kTenant)) {
    limit.from = "[[tenant]]";
  } else {
    limit.from = policy_place(loaded, limit.policy, limit.what);
  }
}

/// From `policy "NAME" WHAT VALUE for source=a`.
LimitOrigin parsed(const std::string& name) {
  LimitOrigin out;
  const auto open = name.find('"');
  const auto close = name.find('"', open + 1);
  if (open == std::string::npos || close == std::string::npos) return out;
  out.policy = name.substr(open + 1, close - open - 1);
  auto rest = name.substr(std::min(close + 2, name.size()));
  const auto space = std::min(rest.find(' '), rest.size());
  out.what = rest.substr(0, space);
  out.value = rest.substr(std::min(space + 1, rest.size()));
  return out;
}

}  // namespace

std::string place_of(const config::Loaded& loaded, const std::string& key) {
  const auto found = loaded.origins.find(key);
  return found == loaded.origins.end() ? "default" : fmt::format("{}:{}", loaded.file, found->second.line);
}

std::vector<LimitOrigin> origins_of(throttle::PolicySet& policies,
                                    const std::vector<throttle::PolicyOptions>& options,
                                    const config::Loaded& loaded, const throttle::Subject& subject,
                                    Instant now) {
  const auto limits = policies.resolve(subject, now);
  std::vector<LimitOrigin> out;
  for (const auto* group : {&limits->connection, &limits->message, &limits->bytes}) {
    for (const auto* limit : *group) {
      auto one = parsed(limit->name());
      if (one.policy.empty()) continue;
      add_place(one, loaded);
      out.push_back(std::move(one));
    }
  }
  if (limits->messages_per_connection == UINT32_MAX) return out;
  LimitOrigin each{"messages_per_connection", fmt::format("{}", limits->messages_per_connection), {}, {}, {}};
  for (const auto& policy : options) {
    if (policy.messages_per_connection != limits->messages_per_connection) continue;
    if (!throttle::matches(policy.match, subject)) continue;
    each.policy = policy.name;
    add_place(each, loaded);
    break;
  }
  out.push_back(std::move(each));
  return out;
}

}  // namespace sluice::app
