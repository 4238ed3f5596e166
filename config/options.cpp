#include "config/options.hpp"

#include "engine/base/assert.hpp"
#include "engine/http/server.hpp"
#include "engine/smtp/server_options.hpp"

namespace sluice::config {
namespace {

std::optional<throttle::Rate> rate_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto rate = throttle::Rate::parse(text);
  SLUICE_ASSERT(rate.has_value());  // load() has parsed it
  return *rate;
}

throttle::Match match_of(const Match& from) {
  throttle::Match out;
  for (const auto& [key, text] : from) {
    const auto dimension = throttle::dimension_of(key);
    SLUICE_ASSERT(dimension.has_value());
    out[*dimension] = text;
  }
  return out;
}

throttle::PolicyOptions policy_of(const Policy& from) {
  throttle::PolicyOptions out;
  out.name = from.name;
  out.match = match_of(from.match);
  out.message_rate = rate_of(from.message_rate);
  out.byte_rate = rate_of(from.byte_rate);
  out.connection_rate = rate_of(from.connection_rate);
  if (from.connections > 0) out.connections = from.connections;
  if (from.messages_per_connection > 0) out.messages_per_connection = from.messages_per_connection;
  if (from.hourly_quota > 0) out.hourly_quota = from.hourly_quota;
  if (from.daily_quota > 0) out.daily_quota = from.daily_quota;
  out.overrides = from.override;
  return out;
}

/// Nothing where the provider sets no limit of its own.
std::optional<throttle::PolicyOptions> policy_of(const Provider& from) {
  throttle::PolicyOptions out;
  out.name = "provider " + from.name;
  out.fallback = true;
  out.match[throttle::Dimension::provider] = from.name;
  out.match[throttle::Dimension::source] = "*";
  if (from.per == "site") out.match[throttle::Dimension::site] = "*";
  if (from.per == "remote_ip") out.match[throttle::Dimension::remote_ip] = "*";
  out.message_rate = rate_of(from.message_rate);
  out.connection_rate = rate_of(from.connection_rate);
  if (from.connections > 0) out.connections = from.connections;
  if (from.messages_per_connection > 0) out.messages_per_connection = from.messages_per_connection;
  const bool any = out.message_rate || out.connection_rate || out.connections || out.messages_per_connection;
  return any ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

campaign::DirectoryLimits directory_limits(const CampaignLimits& from) {
  campaign::DirectoryLimits out;
  out.list_bytes = from.list_size.bytes;
  out.template_bytes = from.template_size.bytes;
  out.attachments = from.attachments;
  out.inline_images = from.inline_images;
  out.parts_bytes = from.parts_size.bytes;
  out.list.unpacked_bytes = from.list_unpacked.bytes;
  out.list.ratio = from.compression_ratio;
  out.list.columns = from.list_columns;
  out.list.row_bytes = from.row_size.bytes;
  return out;
}

std::vector<throttle::PolicyOptions> policy_options(const Config& from) {
  std::vector<throttle::PolicyOptions> out;
  for (const auto& policy : from.policies) out.push_back(policy_of(policy));
  for (const auto& tenant : from.tenants) {
    if (tenant.message_rate.empty()) continue;
    throttle::PolicyOptions limit;
    limit.name = "tenant " + tenant.name;
    limit.match[throttle::Dimension::tenant] = tenant.name;
    limit.message_rate = rate_of(tenant.message_rate);
    out.push_back(std::move(limit));
  }
  for (const auto& provider : from.known_providers) {
    if (auto policy = policy_of(provider)) out.push_back(std::move(*policy));
  }
  throttle::PolicyOptions everywhere;
  everywhere.name = "[delivery]";
  everywhere.fallback = true;
  everywhere.last = true;
  everywhere.match[throttle::Dimension::source] = "*";
  everywhere.match[throttle::Dimension::site] = "*";
  everywhere.message_rate = rate_of(from.delivery.message_rate);
  everywhere.connection_rate = rate_of(from.delivery.connection_rate);
  everywhere.connections = from.delivery.connections_per_site;
  everywhere.messages_per_connection = from.delivery.messages_per_connection;
  out.push_back(std::move(everywhere));
  return out;
}

queue::TenantWeights tenant_weights(const Config& from) {
  queue::TenantWeights out;
  for (const auto& tenant : from.tenants) out[tenant.name] = static_cast<unsigned>(tenant.weight);
  return out;
}

http::ServerOptions http_options(const Http& from) {
  http::ServerOptions out;
  out.connections = from.connections;
  out.read.header_size = from.header_size.bytes;
  out.read.body_size = from.body_size.bytes;
  out.idle = from.idle;
  return out;
}

smtp::ServerOptions server_options(const Listener& from, const Delivery& delivery,
                                   const std::string& hostname) {
  smtp::ServerOptions out;
  out.hostname = !from.ehlo.empty() ? from.ehlo : !delivery.ehlo.empty() ? delivery.ehlo : hostname;
  out.starttls = from.starttls != "off";
  out.require_tls = from.starttls == "required";
  out.max_message_bytes = from.message_size.bytes;
  out.max_recipients = from.recipients;
  out.command_timeout = from.idle;
  return out;
}

smtp::ServerOptions server_options(const Bounce& from, const Delivery& delivery,
                                   const std::string& hostname) {
  smtp::ServerOptions out;
  out.hostname = !delivery.ehlo.empty() ? delivery.ehlo : hostname;
  out.max_message_bytes = from.message_size.bytes;
  out.command_timeout = from.idle;
  return out;
}

}  // namespace sluice::config
