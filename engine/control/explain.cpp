#include "engine/control/explain.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>

#include "engine/control/event_search.hpp"
#include "engine/control/queue_answers.hpp"
#include "engine/control/service.hpp"
#include "engine/delivery/not_suppressed.hpp"
#include "engine/message/domain_name.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using delivery::Blocker;

constexpr int kMaxPages = 4;  ///< read for one record; each is bounded by BrowseOptions::max_looked

/// Collects one answer.
class Explanation {
 public:
  explicit Explanation(Service& service) : service_(service), now_(service.clock().now()) {}

  Expected<json::object> message(const MessageId& id);
  Expected<json::object> campaign(const campaign::CampaignView& view);
  Expected<json::object> domain(const std::string& domain);
  Expected<json::object> provider(const std::string& name);

 private:
  void add(std::vector<Blocker> more) {
    for (auto& one : more) blockers_.push_back(std::move(one));
  }
  void add_stream(const queue::Stream& stream);
  void add_orders(const std::string& domain, const std::string& provider);
  void add_disk();
  /// A message that is ready waits for what becomes of its campaign's first ones.
  void add_canary(const queue::Stream& stream, const std::string& provider);
  /// A campaign none of whose mail is in memory is explained by its first record.
  std::vector<delivery::SiteExplanation> by_first_record(const queue::StreamPtr& stream);
  /// Puts in where the mail of the query's domain goes; a blocker and no site when that is not known.
  void add_route(delivery::ExplainQuery& query);
  static void go_to(delivery::ExplainQuery& query, const dns::MxPlan& plan);
  void add_suppression(const queue::Found& found);
  Expected<queue::Found> find(queue::BrowseFilter filter) const;
  /// The same for each provider of a campaign, as far as they have been counted, and for all of them.
  void add_finishes(const queue::Stream& stream, const std::vector<delivery::SiteExplanation>& sites);
  /// What is left of it and when that is done. Once all blockers are known.
  void add_finish(const std::string& provider, std::uint64_t left, double measured,
                  const std::vector<delivery::SiteExplanation>& sites);
  /// When something of it can go: all of the outer blockers have ended, and those of one site.
  [[nodiscard]] Instant until(const std::vector<delivery::SiteExplanation>& sites) const;
  [[nodiscard]] json::object answer(const char* kind, const std::string& name,
                                    const std::vector<delivery::SiteExplanation>& sites);

  Service& service_;
  const Instant now_;
  std::vector<Blocker> blockers_;
  json::array finish_;
};

void Explanation::add_stream(const queue::Stream& stream) {
  std::string note;
  if (const auto view = service_.campaigns().find(stream.settings.tenant + "/" + stream.settings.name))
    note = view->note;
  add(stream_blockers(stream, note, now_));
  for (const auto& order : service_.queue().orders().all()) {
    if (order.scope == queue::OrderScope::tenant && order.name == stream.settings.tenant)
      blockers_.push_back({"hold", "held by operator: tenant " + order.name, from_ms(order.since_ms)});
  }
}

void Explanation::add_orders(const std::string& domain, const std::string& provider) {
  for (const auto& order : service_.queue().orders().all()) {
    const bool fits = (order.scope == queue::OrderScope::domain && order.name == domain) ||
                      (order.scope == queue::OrderScope::provider && order.name == provider);
    if (!fits || order.name.empty()) continue;
    blockers_.push_back({"hold",
                         std::string("held by operator: ") + queue::name_of(order.scope) + " " + order.name,
                         from_ms(order.since_ms)});
  }
}

void Explanation::add_disk() {
  const auto& disk = service_.queue().disk();
  if (!service_.queue().committer().healthy()) blockers_.push_back({"disk", "the store cannot write"});
  if (!disk.may_lease()) blockers_.push_back({"disk", disk.why()});
}

void Explanation::add_canary(const queue::Stream& stream, const std::string& provider) {
  if (service_.shaper().canary().may_go(stream.id, provider)) return;
  blockers_.push_back({"canary", "its campaign's first messages at " +
                                     (provider.empty() ? "sites without a provider" : provider) +
                                     " have no answer yet"});
}

std::vector<delivery::SiteExplanation> Explanation::by_first_record(const queue::StreamPtr& stream) {
  queue::BrowseFilter filter;
  filter.streams = {stream->id};
  filter.state = queue::Waiting::ready;
  const auto found = find(filter);
  if (!found) return {};
  delivery::ExplainQuery query;
  query.stream = stream;
  query.domain = found->record().key.domain;
  const auto provider = service_.desk().provider_of(query.domain);
  add_orders(query.domain, provider);
  add_canary(*stream, provider);
  add_route(query);
  if (query.site.empty()) return {};
  return service_.delivery().explain(query);
}

void Explanation::add_route(delivery::ExplainQuery& query) {
  const auto route = service_.router().cached(query.domain, now_);
  if (route && *route) return go_to(query, ***route);
  blockers_.push_back({"dns", route ? route->error().text : "where its mail goes is not looked up yet"});
}

void Explanation::go_to(delivery::ExplainQuery& query, const dns::MxPlan& plan) {
  query.site = plan.site;
  query.pool = plan.pool;
}

void Explanation::add_suppression(const queue::Found& found) {
  const auto content = service_.contents().get(*found.stream);
  if (!content) return;
  delivery::NotSuppressed look;
  const auto record = found.record();
  const auto verdict = look.look(&service_.suppressed(), *found.stream, (*content)->list_id(), record);
  if (!verdict) return;
  blockers_.push_back({"suppression", record.address() + " is suppressed (" + verdict->event_reason() + ")"});
}

Expected<queue::Found> Explanation::find(queue::BrowseFilter filter) const {
  auto& queue = service_.queue();
  const queue::Browser browser(queue.database(), queue.streams(), queue.options().node);
  queue::BrowseOptions options;
  options.max_rows = 1;
  std::string from;
  for (int pages = 0; pages < kMaxPages; ++pages) {
    auto page = browser.page(filter, std::move(from), now_, options);
    if (!page) return std::unexpected(page.error());
    if (!page->rows.empty()) return std::move(page->rows.front());
    if (page->next.empty()) return fail(ErrorCode::not_found, "nothing of it waits");
    from = std::move(page->next);
  }
  return fail(ErrorCode::limit, "the queue is too large to find it at once; sluice queue show finds it");
}

Expected<json::object> Explanation::message(const MessageId& id) {
  queue::BrowseFilter filter;
  filter.id = id;
  const auto found = find(filter);
  if (!found && found.error().code != ErrorCode::not_found) return std::unexpected(found.error());
  if (!found)
    return fail(ErrorCode::not_found,
                id.text() + " does not wait: it is final (sluice events), or never was");
  const auto record = found->record();
  const std::string domain(record.key.domain);
  json::value parsed;
  if (record.value.trail.attempts > 0 || record.value.trail.doubts > 0) {
    const auto line = last_event_of(service_.options().events.folder, id, kMaxEventBytes);
    boost::system::error_code error;
    if (line && !line->line.empty()) parsed = json::parse(line->line, error);
  }
  const auto route = service_.router().cached(domain, now_);
  add_suppression(*found);
  add(record_blockers(*found, parsed.if_object(), route && !*route));
  add_stream(*found->stream);
  add_orders(domain, service_.desk().provider_of(domain));
  add_disk();
  delivery::ExplainQuery query;
  query.stream = found->stream;
  query.domain = domain;
  query.source = record.value.trail.source;
  if (found->state == queue::Waiting::ready) {
    add_canary(*found->stream, service_.desk().provider_of(domain));
    add_route(query);
  }
  if (query.site.empty() && route && *route) go_to(query, ***route);
  if (query.site.empty() || found->state == queue::Waiting::leased) return answer("message", id.text(), {});
  return answer("message", id.text(), service_.delivery().explain(query));
}

Expected<json::object> Explanation::campaign(const campaign::CampaignView& view) {
  add_stream(*view.stream);
  add_disk();
  delivery::ExplainQuery query;
  query.stream = view.stream;
  auto sites = service_.delivery().explain(query);
  if (sites.empty() && blockers_.empty()) sites = by_first_record(view.stream);
  add_finishes(*view.stream, sites);
  return answer("campaign", view.stream->settings.name, sites);
}

Expected<json::object> Explanation::domain(const std::string& domain) {
  queue::BrowseFilter filter;
  filter.domain = domain;
  const auto found = find(filter);
  const auto route = service_.router().cached(domain, now_);
  if (!found && found.error().code == ErrorCode::not_found && !route)
    return fail(ErrorCode::not_found, "no mail waits for " + domain + ", and none was sent there lately");
  add_orders(domain, service_.desk().provider_of(domain));
  add_disk();
  delivery::ExplainQuery query;
  query.domain = domain;
  add_route(query);
  if (query.site.empty()) return answer("domain", domain, {});
  return answer("domain", domain, service_.delivery().explain(query));
}

Expected<json::object> Explanation::provider(const std::string& name) {
  add_orders({}, name);
  add_disk();
  delivery::ExplainQuery query;
  query.provider = name;
  const auto sites = service_.delivery().explain(query);
  const auto summary = service_.desk().summary("provider");
  for (const auto& row : summary.at("rows").as_array()) {
    const auto& one = row.as_object();
    if (one.at("name").as_string() != name) continue;
    add_finish(name, one.at("queued").to_number<std::uint64_t>(), one.at("rate_per_s").to_number<double>(),
               sites);
  }
  return answer("provider", name, sites);
}

void Explanation::add_finish(const std::string& provider, std::uint64_t left, double measured,
                             const std::vector<delivery::SiteExplanation>& sites) {
  const Pace pace{measured, delivery::allowed_per_second(sites, now_), until(sites)};
  finish_.push_back(finish_json(provider, left, pace, now_));
}

void Explanation::add_finishes(const queue::Stream& stream,
                               const std::vector<delivery::SiteExplanation>& sites) {
  const auto left = service_.queue().counters(stream.id).queued();
  const auto shares = service_.desk().shares_of(stream.id);
  std::map<std::string, double, std::less<>> rates;
  double rate = 0;
  for (const auto& one : service_.live().of(stream.id)) {
    rates[one.provider] = one.per_second;
    rate += one.per_second;
  }
  std::uint64_t counted = 0;
  for (const auto& [name, records] : shares) counted += records;
  for (const auto& [name, records] : shares) {
    auto own = sites;
    std::erase_if(
        own, [&](const auto& site) { return (site.provider.empty() ? "other" : site.provider) != name; });
    // The count is some seconds old, what is left is exact.
    const auto share = static_cast<double>(records) / static_cast<double>(counted);
    add_finish(name, static_cast<std::uint64_t>(std::llround(share * static_cast<double>(left))), rates[name],
               own);
  }
  add_finish("all", left, rate, sites);
  end_with_last(finish_);
}

Instant Explanation::until(const std::vector<delivery::SiteExplanation>& sites) const {
  auto out = delivery::last_end(blockers_, now_);
  if (sites.empty()) return out;
  // A pool by which nothing waits there does not make the mail of another one free.
  const bool some_wait = std::ranges::any_of(sites, [](const auto& site) { return site.lanes > 0; });
  auto first = Instant::max();
  for (const auto& site : sites) {
    if (!some_wait || site.lanes > 0) first = std::min(first, site.until(now_));
  }
  return std::max(out, first);
}

json::object Explanation::answer(const char* kind, const std::string& name,
                                 const std::vector<delivery::SiteExplanation>& sites) {
  const auto end = until(sites);
  json::array rows;
  for (const auto& site : sites) {
    json::array paths;
    for (const auto& path : site.paths) {
      json::array blocked;
      for (const auto& one : path.blockers) blocked.push_back(blocker_json(one));
      paths.push_back(json::object{{"source", path.source},
                                   {"connections", path.connections},
                                   {"leased", path.leased},
                                   {"blockers", std::move(blocked)}});
    }
    rows.push_back(json::object{{"site", site.site},
                                {"provider", site.provider},
                                {"pool", site.pool},
                                {"lanes", site.lanes},
                                {"paths", std::move(paths)}});
  }
  json::array blocked;
  for (const auto& one : blockers_) blocked.push_back(blocker_json(one));
  json::object out;
  out["kind"] = kind;
  out["name"] = name;
  out["now"] = to_rfc3339(now_);
  out["blocked"] = end > now_;
  out["until"] = end <= now_ || end == Instant::max() ? std::string() : to_rfc3339(end);
  out["blockers"] = std::move(blocked);
  out["sites"] = std::move(rows);
  out["finish"] = std::move(finish_);
  return out;
}

}  // namespace

Expected<json::object> explain_answer(Service& service, const std::string& name) {
  Explanation out(service);
  if (const auto id = MessageId::parse(name)) return out.message(*id);
  if (const auto view = service.campaigns().find(name)) return out.campaign(*view);
  const auto& providers = service.options().delivery.providers;
  const auto known = std::ranges::find(providers, name, &delivery::ProviderOptions::name);
  if (known != providers.end() || name == "other") return out.provider(name);
  std::string domain;
  if (name.find('.') != std::string::npos && message::append_domain(name, false, domain))
    return out.domain(domain);
  return fail(ErrorCode::not_found, "\"" + name + "\" is no message id, campaign, provider or domain");
}

}  // namespace sluice::control
