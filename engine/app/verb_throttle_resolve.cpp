// `throttle resolve DOMAIN`: its MX, its site, its provider, and what sending there is held to.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/limit_origin.hpp"
#include "engine/app/route_lookup.hpp"
#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_throttle.hpp"
#include "engine/app/wiring.hpp"
#include "engine/delivery/shared.hpp"

namespace sluice::app {
namespace {

struct Resolved {
  dns::PlanPtr plan;
  std::string provider;
  std::string recognised;  ///< where the provider's suffixes or networks stand
  std::string source;
  std::string tls;
  std::string tls_from;
  std::vector<LimitOrigin> limits;
};

std::string source_of(const control::ServiceOptions& options, const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  return options.delivery.sources.empty() ? "default" : options.delivery.sources.front().name;
}

void add_tls(Resolved& out, const config::Loaded& loaded) {
  const auto& config = loaded.config;
  out.tls = config.tls.mode;
  out.tls_from = place_of(loaded, "tls.mode");
  if (!out.plan->tls.empty()) {
    out.tls = out.plan->tls;
    out.tls_from = "[[route]]";
    return;
  }
  const auto known = std::ranges::find(config.known_providers, out.provider, &config::Provider::name);
  if (known == config.known_providers.end() || known->tls.empty() || config.tls.mode != "opportunistic")
    return;
  out.tls = known->tls;
  const auto from = loaded.known_from.find(fmt::format("provider.{}.tls", out.provider));
  if (from != loaded.known_from.end()) out.tls_from = from->second;
}

Expected<Resolved> resolve(const config::Loaded& loaded, const std::string& domain,
                           const std::string& source) {
  auto options = service_options(loaded.config);
  if (!options) return std::unexpected(options.error());
  auto plan = look_up_route(*options, domain);
  if (!plan) return std::unexpected(plan.error());
  Resolved out;
  out.plan = *plan;
  out.provider = delivery::provider_of(*out.plan, options->delivery.providers);
  out.source = source_of(*options, source);
  for (const auto* key : {"mx_suffixes", "networks"}) {
    const auto from = loaded.known_from.find(fmt::format("provider.{}.{}", out.provider, key));
    if (out.recognised.empty() && from != loaded.known_from.end()) out.recognised = from->second;
  }
  add_tls(out, loaded);
  auto policies = throttle::PolicySet::create(options->policies);
  if (!policies) return std::unexpected(policies.error());
  const auto remote = delivery::first_address(*out.plan);
  throttle::Subject subject;
  using throttle::Dimension;
  subject[Dimension::source] = out.source;
  subject[Dimension::pool] = out.plan->pool.empty() ? "default" : out.plan->pool;
  subject[Dimension::provider] = out.provider;
  subject[Dimension::site] = out.plan->site;
  subject[Dimension::domain] = domain;
  subject[Dimension::remote_ip] = remote;
  out.limits = origins_of(**policies, options->policies, loaded, subject, SystemClock().now());
  return out;
}

void print_json(Context& context, const std::string& domain, const Resolved& found) {
  boost::json::array hosts;
  for (const auto& host : found.plan->hosts)
    hosts.push_back(boost::json::object{{"name", host.name}, {"preference", host.preference}});
  boost::json::array limits;
  for (const auto& limit : found.limits) {
    limits.push_back(boost::json::object{{"limit", limit.what},
                                         {"value", limit.value},
                                         {"policy", limit.policy},
                                         {"from", limit.from},
                                         {"source", limit.source}});
  }
  boost::json::object body;
  body["domain"] = domain;
  body["mx"] = std::move(hosts);
  body["site"] = found.plan->site;
  body["provider"] = found.provider;
  body["provider_from"] = found.recognised;
  body["source"] = found.source;
  body["tls"] = boost::json::object{{"mode", found.tls}, {"from", found.tls_from}};
  body["limits"] = std::move(limits);
  context.out << boost::json::serialize(body) << '\n';
}

void print_text(Context& context, const std::string& domain, const Resolved& found) {
  context.out << "domain    " << safe_text(domain) << '\n';
  for (const auto& host : found.plan->hosts)
    context.out << fmt::format("mx        {} {}\n", host.preference, safe_text(host.name));
  context.out << "site      " << safe_text(found.plan->site) << '\n';
  context.out << fmt::format(
      "provider  {}\n", found.provider.empty() ? std::string("none of those known")
                                               : fmt::format("{}  ({})", found.provider, found.recognised));
  context.out << fmt::format(
      "tls       {}  ({})\n\nMail from source {} meets these limits; all must grant.\n\n", found.tls,
      found.tls_from, safe_text(found.source));
  Table table({{"LIMIT"}, {"VALUE"}, {"POLICY"}, {"FROM"}});
  for (const auto& limit : found.limits) table.add({limit.what, limit.value, limit.policy, limit.from});
  context.out << table.text(context.terminal);
  for (const auto& limit : found.limits) {
    if (limit.source.empty()) continue;
    context.out << fmt::format("\nThe provider's numbers: {}\n", safe_text(limit.source));
    break;
  }
  context.out << "\nWhat shaping or an operator has changed for now is in `sluice throttle show`.\n";
}

}  // namespace

void setup_throttle_resolve(CLI::App& group, Context& context) {
  auto* verb = add_verb(group, context, "resolve",
                        "A domain's MX, site and provider, and where each of its limits comes from",
                        "sluice throttle resolve gmail.com");
  const auto domain = std::make_shared<std::string>();
  const auto source = std::make_shared<std::string>();
  verb->add_option("DOMAIN", *domain, "a recipient domain")->required();
  verb->add_option("--source", *source, "for this source instead of the first")->type_name("NAME");
  on_run(verb, context, [&context, domain, source] {
    const auto loaded = load_config(context);
    if (!loaded) return context.exit_code;
    const auto found = resolve(*loaded, *domain, *source);
    if (!found) return context.complain(found.error());
    context.json ? print_json(context, *domain, *found) : print_text(context, *domain, *found);
    return static_cast<int>(kExitOk);
  });
}

}  // namespace sluice::app
