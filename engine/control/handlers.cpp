#include "engine/control/handlers.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "engine/control/event_feed.hpp"
#include "engine/control/explain.hpp"
#include "engine/control/feedback_handlers.hpp"
#include "engine/control/handlers_log.hpp"
#include "engine/control/handlers_queue.hpp"
#include "engine/control/handlers_report.hpp"
#include "engine/control/handlers_source.hpp"
#include "engine/control/handlers_throttle.hpp"
#include "engine/control/handlers_webhook.hpp"
#include "engine/control/service.hpp"
#include "engine/control/store_handlers.hpp"
#include "engine/control/suppression_handlers.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using http::answer;
using http::Request;
using http::Response;

/// A handler that answers at once, as the coroutine the router wants.
void add_counters(json::object& out, const queue::Counters& counters) {
  out["read"] = counters.injected + counters.rejected;
  out["rejected"] = counters.rejected;
  out["injected"] = counters.injected;
  out["delivered"] = counters.delivered;
  out["bounced"] = counters.bounced;
  out["expired"] = counters.expired;
  out["suppressed"] = counters.suppressed;
  out["cancelled"] = counters.cancelled;
  out["queued"] = counters.queued();
  out["deferred"] = counters.deferrals;
  out["in_doubt"] = counters.doubts;
}

json::array providers_of(const std::vector<ProviderCounts>& counts) {
  json::array out;
  for (const auto& provider : counts) {
    json::object one;
    one["provider"] = provider.provider;
    one["injected"] = provider.delivered + provider.bounced + provider.expired;
    one["delivered"] = provider.delivered;
    one["bounced"] = provider.bounced;
    one["expired"] = provider.expired;
    one["deferred"] = provider.deferred;
    one["rate_per_s"] = provider.per_second;
    out.push_back(std::move(one));
  }
  return out;
}

json::object campaign_json(Service& service, const campaign::CampaignView& view, bool providers) {
  const auto& stream = *view.stream;
  const auto counters = service.queue().counters(stream.id);
  json::object out;
  out["id"] = stream.settings.name;
  out["tenant"] = stream.settings.tenant;
  out["state"] = queue::name_of(stream.state());
  out["reason"] = view.note;
  out["waits_for"] = counters.queued() > 0 ? service.desk().stream_waits_for(stream) : std::string();
  out["priority"] = stream.priority();
  out["pool"] = stream.pool();
  out["class"] = queue::name_of(stream.settings.stream_class);
  out["accepted"] = to_rfc3339(from_ms(stream.settings.created_ms));
  out["subject"] = view.acceptance.subject;
  out["directory"] = view.acceptance.active_name;
  out["expanded"] = view.expanded;
  add_counters(out, counters);
  const auto rate = service.live().rate_of(stream.id);
  out["rate_per_s"] = rate;
  if (rate > 0 && view.expanded) out["eta_s"] = static_cast<double>(counters.queued()) / rate;
  if (providers) out["providers"] = providers_of(service.live().of(stream.id));
  return out;
}

Response list_campaigns(Service& service, const Request& request) {
  const auto wanted = request.query_or("state", "");
  json::array rows;
  for (const auto& view : service.campaigns().all()) {
    if (!wanted.empty() && wanted != queue::name_of(view.stream->state())) continue;
    rows.push_back(campaign_json(service, view, false));
  }
  return http::json_response(json::object{{"campaigns", std::move(rows)}});
}

Response no_campaign(std::string_view id) {
  return http::error_response(404, "not_found", "no campaign \"" + std::string(id) + "\"");
}

Response show_campaign(Service& service, const Request& request) {
  const auto& id = request.params.at("id");
  const auto view = service.campaigns().find(id);
  return view ? http::json_response(campaign_json(service, *view, true)) : no_campaign(id);
}

Response change_campaign(Service& service, const Request& request, queue::StreamState to) {
  const auto& id = request.params.at("id");
  const auto view = service.campaigns().find(id);
  if (!view) return no_campaign(id);
  auto changed = service.queue().set_state(view->stream, to, "operator");
  if (!changed) return http::error_response(changed.error());
  if (to == queue::StreamState::running) service.campaigns().resumed(view->stream->id);
  const auto fresh = service.campaigns().find(id);
  return http::json_response(campaign_json(service, fresh ? *fresh : *view, false));
}

bool is_pool(const Service& service, std::string_view name) {
  return name == "default" || std::ranges::any_of(service.options().delivery.pools,
                                                  [&](const auto& pool) { return pool.name == name; });
}

/// Another priority or pool; takes effect at once.
Response adjust_campaign(Service& service, const Request& request, std::string_view what) {
  const auto& id = request.params.at("id");
  const auto view = service.campaigns().find(id);
  if (!view) return no_campaign(id);
  const auto value = request.query_or("value", "");
  Expected<> changed;
  if (what == "priority") {
    const bool digit = value.size() == 1 && value[0] >= '1' && value[0] <= '9';
    if (!digit) return http::error_response(400, "invalid_input", "a priority is 1 (first) to 9");
    changed = service.queue().set_priority(view->stream, static_cast<std::uint8_t>(value[0] - '0'));
  } else if (!is_pool(service, value)) {
    return http::error_response(400, "invalid_input", "there is no pool \"" + std::string(value) + "\"");
  } else {
    changed = service.queue().set_pool(view->stream, std::string(value));
  }
  if (!changed) return http::error_response(changed.error());
  return http::json_response(campaign_json(service, *view, false));
}

Response status(Service& service) {
  json::object out;
  for (const auto& [name, value] : service.facts()) out[name] = value;
  out["started"] = to_rfc3339(service.started());
  out["committed_seq"] = service.queue().ledger().committed_seq();
  out["exported_seq"] = service.events().exported();
  const auto feeder = service.queue().feeder().stats();
  out["resident_records"] = feeder.resident_records;
  out["resident_lanes"] = feeder.resident_lanes;
  json::array reasons;
  for (const auto& reason : service.not_ready()) reasons.push_back(json::string(reason));
  out["not_ready"] = std::move(reasons);
  return http::json_response(out);
}

Response readiness(Service& service) {
  const auto reasons = service.not_ready();
  if (reasons.empty()) return http::text_response("ready\n");
  std::string text;
  for (const auto& reason : reasons) text += reason + "\n";
  return http::text_response(text, 503);
}

Response metrics_page(Service& service) {
  auto page = http::text_response(service.meters().page());
  page.content_type = metrics::kTextType;
  return page;
}

Response reload(Service& service) {
  auto changes = service.reload();
  return changes ? http::json_response(*changes) : http::error_response(changes.error());
}

}  // namespace

http::Router make_health_router(Service& service) {
  http::Router out;
  out.add("GET", "/healthz", answer([](const Request&) { return http::text_response("ok\n"); }));
  out.add("GET", "/readyz", answer([&service](const Request&) { return readiness(service); }));
  out.add("GET", "/metrics", answer([&service](const Request&) { return metrics_page(service); }));
  return out;
}

http::Router make_router(Service& service) {
  auto out = make_health_router(service);
  out.add("GET", "/v1/status", answer([&service](const Request&) { return status(service); }));
  out.add("GET", "/v1/campaigns",
          answer([&service](const Request& r) { return list_campaigns(service, r); }));
  out.add("GET", "/v1/campaigns/{id}",
          answer([&service](const Request& r) { return show_campaign(service, r); }));
  const std::pair<const char*, queue::StreamState> changes[] = {{"pause", queue::StreamState::paused},
                                                                {"resume", queue::StreamState::running},
                                                                {"cancel", queue::StreamState::cancelling}};
  for (const auto& [verb, state] : changes) {
    out.add("POST", std::string("/v1/campaigns/{id}/") + verb,
            answer([&service, to = state](const Request& r) { return change_campaign(service, r, to); }));
  }
  for (const char* what : {"priority", "route"}) {
    out.add("POST", std::string("/v1/campaigns/{id}/") + what,
            answer([&service, what](const Request& r) { return adjust_campaign(service, r, what); }));
  }
  add_report_handlers(out, service);
  add_queue_handlers(out, service);
  add_throttle_handlers(out, service);
  out.add("GET", "/v1/events", answer([&service](const Request& r) { return events_response(service, r); }));
  add_store_routes(out, service);
  add_source_handlers(out, service);
  add_suppression_handlers(out, service);
  add_feedback_handlers(out, service);
  add_webhook_handlers(out, service);
  out.add("POST", "/v1/reload", answer([&service](const Request&) { return reload(service); }));
  add_log_handlers(out);
  out.add("GET", "/v1/explain", answer([&service](const Request& r) {
            const auto found = explain_answer(service, std::string(r.query_or("name", "")));
            return found ? http::json_response(*found) : http::error_response(found.error());
          }));
  return out;
}

}  // namespace sluice::control
