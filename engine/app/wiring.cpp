#include "engine/app/wiring.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "config/options.hpp"
#include "config/shaping_options.hpp"
#include "config/webhook_options.hpp"
#include "engine/app/command_line.hpp"
#include "engine/delivery/report_rule.hpp"

namespace sluice::app {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

std::optional<boost::asio::ip::address> address_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  return error ? std::nullopt : std::optional(address);
}

queue::DoubtPolicy doubt_policy(const std::string& word) {
  if (word == "assume-delivered") return queue::DoubtPolicy::assume_delivered;
  return word == "hold" ? queue::DoubtPolicy::hold : queue::DoubtPolicy::retry;
}

smtp::TlsPolicy tls_policy(const config::Tls& tls) {
  if (tls.mode == "off" || tls.mode == "none") return smtp::TlsPolicy::none;
  if (tls.verify || tls.mode == "verified") return smtp::TlsPolicy::verified;
  return tls.mode == "required" ? smtp::TlsPolicy::required : smtp::TlsPolicy::opportunistic;
}

queue::Options queue_options(const config::Config& config) {
  queue::Options out;
  out.store.path = config.data_dir + "/store";
  out.store.block_cache_bytes = config.store.block_cache.bytes;
  out.store.write_buffer_bytes = config.store.write_buffer.bytes;
  out.store.max_wal_bytes = config.store.wal_size.bytes;
  out.store.commit_delay = config.store.commit_interval;
  out.feeder.max_resident_lanes = config.limits.lanes;
  out.node = static_cast<std::uint16_t>(config.node);
  out.in_doubt = doubt_policy(config.retry.in_doubt);
  out.in_doubt_delay = duration_cast<seconds>(config.retry.in_doubt_delay);
  return out;
}

smtp::ClientOptions client_options(const config::Config& config) {
  smtp::ClientOptions out;
  const auto& delivery = config.delivery;
  out.ehlo_name = delivery.ehlo.empty() ? host_name() : delivery.ehlo;
  out.tls = tls_policy(config.tls);
  out.chunking = delivery.chunking;
  out.max_messages = delivery.messages_per_connection;
  using smtp::Stage;
  out.timeouts[Stage::connect] = delivery.connect_timeout;
  out.timeouts[Stage::banner] = delivery.banner_timeout;
  for (const auto stage : {Stage::ehlo, Stage::mail, Stage::rcpt})
    out.timeouts[stage] = delivery.command_timeout;
  out.timeouts[Stage::data] = delivery.data_timeout;
  out.timeouts[Stage::dot] = delivery.final_timeout;
  out.timeouts.block = delivery.block_timeout;
  return out;
}

/// Both texts were checked when the configuration was read.
std::optional<throttle::WarmupPlan> warmup_of(const config::Source& source) {
  if (source.warmup.empty()) return std::nullopt;
  throttle::WarmupPlan out;
  if (auto ladder = throttle::parse_ladder(source.warmup)) out.ladder = std::move(*ladder);
  if (const auto day = throttle::parse_day(source.warmup_start)) out.start = *day;
  return out;
}

delivery::Options delivery_options(const config::Config& config) {
  delivery::Options out;
  for (const auto& source : config.sources) {
    out.sources.push_back({source.name, address_of(source.address), address_of(source.address6), source.ehlo,
                           warmup_of(source)});
  }
  for (const auto& pool : config.pools)
    out.pools.push_back({pool.name, pool.sources, {pool.weights.begin(), pool.weights.end()}});
  for (const auto& provider : config.known_providers)
    out.providers.push_back({provider.name, provider.mx_suffixes, provider.networks, provider.tls});
  out.retry.ladder = config.retry.ladder;
  out.retry.greylist = config.retry.greylist;
  out.retry.jitter_percent = config.retry.jitter;
  out.retry.in_doubt = doubt_policy(config.retry.in_doubt);
  out.retry.in_doubt_delay = config.retry.in_doubt_delay;
  out.retry.in_doubt_tries = config.retry.in_doubt_tries;
  out.client = client_options(config);
  out.workers = config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
  out.lease_run = config.delivery.lease_run;
  out.max_connections = config.limits.connections;
  out.idle_keep = config.delivery.idle;
  out.delay_report = duration_cast<seconds>(config.dsn.delay);
  return out;
}

campaign::CampaignsOptions campaigns_options(const config::Config& config) {
  campaign::CampaignsOptions out;
  out.spool = config.spool.dir;
  out.data_dir = config.data_dir;
  out.events_folder = config.data_dir + "/events";
  out.watcher.settle = config.spool.settle;
  out.watcher.rescan = config.spool.rescan;
  out.limits = config::directory_limits(config.campaign);
  out.done_keep = duration_cast<seconds>(config.spool.done_keep);
  out.addresses = {config.public_.url, config.bounce.domain};
  out.dedup_memory_bytes = config.campaign.dedup_memory.bytes;
  out.expire = duration_cast<seconds>(config.retry.expire);
  out.active = config.campaign.active;
  out.remember_ids = duration_cast<std::chrono::hours>(config.campaign.remember_ids);
  return out;
}

suppression::Options suppression_options(const config::Config& config) {
  using std::chrono::hours;
  const auto& wanted = config.suppression;
  suppression::Options out;
  out.filter_file = config.data_dir + "/suppression.filter";
  out.automatic = wanted.from_bounces;
  out.bounce_scope = suppression::scope_of(wanted.bounce_scope).value_or(out.bounce_scope);
  out.domain_keep = duration_cast<hours>(wanted.domain_keep);
  out.soft = {wanted.soft_events, duration_cast<hours>(wanted.soft_span),
              duration_cast<hours>(wanted.soft_spacing), duration_cast<hours>(wanted.soft_decay)};
  out.max_subjects = wanted.subjects;
  out.max_entries_a_subject = wanted.entries_per_subject;
  out.max_delta = wanted.recent;
  out.max_audit = wanted.audit_lines;
  return out;
}

dns::RouterOptions router_options(const config::Config& config) {
  dns::RouterOptions out;
  auto& plan = out.planner.plan;
  plan.smtp_port = static_cast<std::uint16_t>(config.delivery.smtp_port);
  plan.use_v6 =
      config.sources.empty() || std::any_of(config.sources.begin(), config.sources.end(),
                                            [](const auto& source) { return !source.address6.empty(); });
  for (const auto& listener : config.listeners) {
    const auto endpoint = config::parse_endpoint(listener.listen);
    const auto address = endpoint ? address_of(endpoint->address) : std::nullopt;
    // A port the system chooses is not known yet, and 0 would stand for every port.
    if (!address || address->is_unspecified() || endpoint->port == 0) continue;
    plan.own_addresses.push_back({*address, endpoint->port});
  }
  out.max_plans = config.limits.sites;
  return out;
}

/// The router goes by domain; a route that matches on more is kept for the delivery layer and refused until
/// then.
Expected<std::vector<dns::RouteRule>> route_rules(const config::Config& config) {
  std::vector<dns::RouteRule> out;
  for (const auto& route : config.routes) {
    const auto domain = route.match.find("domain");
    if (domain == route.match.end() || route.match.size() != 1) {
      return fail(ErrorCode::invalid_input, "[[route]] " + route.name + ": match must be { domain = \"…\" }");
    }
    out.push_back({domain->second, route.hosts, route.tls, {}, route.pool});
  }
  return out;
}

Expected<std::vector<delivery::DoorOptions>> door_options(const config::Config& config) {
  std::vector<delivery::DoorOptions> out;
  for (const auto& listener : config.listeners) {
    const auto endpoint = config::parse_endpoint(listener.listen);
    const auto address = endpoint ? address_of(endpoint->address) : std::nullopt;
    if (!address) return fail(ErrorCode::invalid_input, "[[listener]] listen: " + listener.listen);
    auto& door = out.emplace_back();
    door.listen = {*address, endpoint->port};
    door.trusted_networks = listener.trusted_networks;
    door.tenant = listener.tenant;
    door.certificate_file = listener.cert_file;
    door.key_file = listener.key_file;
    door.server = config::server_options(listener, config.delivery, host_name());
    door.max_connections = listener.connections;
    door.max_connections_per_client = listener.connections_per_client;
  }
  return out;
}

inbound::Options inbound_options(const config::Config& config) {
  const auto endpoint_of = [](const std::string& text) -> std::optional<net::Endpoint> {
    const auto endpoint = config::parse_endpoint(text);
    const auto address = endpoint ? address_of(endpoint->address) : std::nullopt;
    return address ? std::optional<net::Endpoint>({*address, endpoint->port}) : std::nullopt;
  };
  inbound::Options out;
  out.domain = config.bounce.domain;
  out.smtp = endpoint_of(config.bounce.listen);
  out.pages = endpoint_of(config.public_.listen);
  out.server.hostname = config.bounce.domain.empty() ? host_name() : config.bounce.domain;
  out.server.max_message_bytes = config.bounce.message_size.bytes;
  out.server.max_recipients = 10;
  out.server.command_timeout = config.bounce.idle;
  out.max_connections = config.bounce.connections;
  out.certificate_file = config.bounce.cert_file;
  out.key_file = config.bounce.key_file;
  out.pages_certificate_file = config.public_.cert_file;
  out.pages_key_file = config.public_.key_file;
  out.maildir = config.bounce.maildir;
  out.http.name = "public";
  out.http.connections = config.public_.connections;
  out.http.read.body_size = 16 << 10;
  // A folder by name: who adds a language adds a file, and no key.
  std::error_code none;
  const auto languages = config.data_dir + "/languages";
  if (std::filesystem::is_directory(languages, none)) out.languages = languages;
  return out;
}

}  // namespace

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

Expected<control::ServiceOptions> service_options(const config::Config& config) {
  control::ServiceOptions out;
  out.data_dir = config.data_dir;
  out.version = kVersion;
  out.queue = queue_options(config);
  out.disk = {config.store.refuse_below.bytes, config.store.stop_below.bytes, config.store.ballast.bytes};
  out.events.folder = config.data_dir + "/events";
  out.events.file_bytes = config.events.file_size.bytes;
  out.events.keep_bytes = config.events.keep_size.bytes;
  out.events.keep_for = duration_cast<std::chrono::hours>(config.events.keep);
  out.sent_keep = duration_cast<std::chrono::hours>(config.store.sent_keep);
  out.campaigns = campaigns_options(config);
  out.delivery = delivery_options(config);
  auto rules = feedback::load_classifier(config.bounce.rules);
  if (!rules) return std::unexpected(rules.error());
  out.delivery.classifier = std::move(*rules);
  out.tls = {config.tls.ca_file, config.tls.sessions};
  out.resolver.library.servers = config.dns.servers;
  out.resolver.query_timeout = config.dns.timeout;
  out.resolver.cache.max_entries = config.dns.cache_entries;
  out.resolver.cache.min_ttl = duration_cast<seconds>(config.dns.ttl_min);
  out.resolver.cache.max_ttl = duration_cast<seconds>(config.dns.ttl_max);
  auto& cache = out.resolver.cache;
  cache.max_negative_ttl = duration_cast<seconds>(config.dns.negative_ttl);
  cache.min_negative_ttl = std::min(cache.min_negative_ttl, cache.max_negative_ttl);
  out.router = router_options(config);
  auto routes = route_rules(config);
  if (!routes) return std::unexpected(routes.error());
  out.routes = std::move(*routes);
  auto doors = door_options(config);
  if (!doors) return std::unexpected(doors.error());
  out.doors = std::move(*doors);
  out.bodies.folder = config.data_dir + "/bodies";
  out.bodies.segment_bytes = config.store.segment_size.bytes;
  out.suppression = suppression_options(config);
  out.inbound = inbound_options(config);
  out.signs_tokens = !config.bounce.domain.empty() || !config.public_.listen.empty();
  if (config.dsn.enabled) out.queue.owes = delivery::owes_report;
  out.reports.host = config.delivery.ehlo.empty() ? host_name() : config.delivery.ehlo;
  out.reports.from = config.dsn.from;
  out.reports.whole_bytes = config.dsn.full_size.bytes;
  out.webhook.events_folder = out.events.folder;
  out.webhook.ca_file = config.tls.ca_file;
  out.webhook.agent = std::string("sluice/") + kVersion;
  out.webhooks = config::endpoint_options(config);
  out.flow.inline_bytes = config.store.segment_from.bytes;
  out.policies = config::policy_options(config);
  out.tenant_weights = config::tenant_weights(config);
  out.shaping = config::shaping_options(config);
  out.shaping_enabled = config.shaping.enabled;
  for (const auto& key : config.dkim) out.dkim.push_back({key.domain, key.selector, key.key_file});
  for (const auto& sender : config.senders) out.senders.push_back({sender.tenant, sender.from_domains});
  out.http = config::http_options(config.http);
  out.http_listen = config.http.listen;
  return out;
}

}  // namespace sluice::app
