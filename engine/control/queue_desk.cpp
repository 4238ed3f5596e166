#include "engine/control/queue_desk.hpp"

#include <boost/json.hpp>

#include "engine/base/log.hpp"
#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t kCountedATick = 10'000;     ///< records; about 10 ms
constexpr std::size_t kCountedAtOnce = 100'000;   ///< records counted before a summary answers, at most
constexpr std::chrono::seconds kCountWanted{60};  ///< after a summary the count is kept fresh so long
constexpr std::chrono::seconds kCountFresh{5};    ///< a count so old is still told
// For /metrics: about 1 % of a core, 10,000 records a second.
constexpr std::size_t kWatchedATick = 1000;
constexpr std::chrono::seconds kWatchedFresh{10};
constexpr std::chrono::seconds kWatched{300};  ///< after a scrape

QueueSource source_of(Service& service, const QueueDesk& desk) {
  return {service.queue().database(),
          service.queue().streams(),
          service.queue().options().node,
          service.options().events.folder,
          [&desk](std::string_view domain) { return desk.provider_of(domain); },
          [&desk](const queue::Stream& stream, std::string_view domain) {
            return desk.waits_for(stream, domain);
          }};
}

}  // namespace

QueueDesk::QueueDesk(Service& service)
    : service_(service),
      source_(source_of(service, *this)),
      census_(service.queue().database(), service.queue().streams(),
              [this](std::string_view domain) {
                auto provider = provider_of(domain);
                return provider.empty() ? std::string("other") : provider;
              }),
      sweeper_(service.queue(), service.clock()) {}

void QueueDesk::tick(Instant now) {
  if (!service_.queue().committer().healthy()) return;
  if (auto swept = sweeper_.step(); !swept) {
    log::error("expiry_sweep_failed", {{"reason", swept.error().text}});
  } else if (*swept > 0) {
    log::info("expired_waiting", {{"records", *swept}});
  }
  const bool asked = now - counted_for_ < kCountWanted;
  const auto age = now - census_.last().ended;
  const bool due = (asked && age > kCountFresh) || (now - watched_ < kWatched && age > kWatchedFresh);
  if (!census_.under_way() && !due) return;
  if (auto counted = census_.step(now, asked ? kCountedATick : kWatchedATick); !counted)
    log::error("queue_count_failed", {{"reason", counted.error().text}});
}

/// A queue that is not large is counted whole before the answer.
void QueueDesk::count_now() {
  const auto now = service_.clock().now();
  counted_for_ = now;
  if (census_.last().ended + std::chrono::seconds(1) > now) return;
  std::size_t left = kCountedAtOnce;
  while (left > 0) {
    const auto step = std::min(left, kCountedATick);
    left -= step;
    const auto counted = census_.step(now, step);
    if (!counted || *counted) return;
  }
}

std::map<std::string, std::uint64_t, std::less<>> QueueDesk::shares_of(StreamId stream) {
  count_now();
  const auto& streams = census_.last().streams;
  const auto found = streams.find(stream);
  if (found == streams.end()) return {};
  return found->second;
}

std::string QueueDesk::provider_of(std::string_view domain) const {
  const auto route = service_.router().cached(domain, service_.clock().now());
  return route && *route ? delivery::provider_of(***route, service_.options().delivery.providers)
                         : std::string();
}

std::string QueueDesk::stream_waits_for(const queue::Stream& stream) const {
  if (stream.state() != queue::StreamState::running) return queue::name_of(stream.state());
  if (stream.on_hold()) return "held by operator: tenant " + stream.settings.tenant;
  const auto now = service_.clock().now();
  const auto opens = stream.opens(now);
  if (opens == now) return {};
  if (to_ms(now) < stream.settings.start_ms) return "starts " + to_rfc3339(from_ms(stream.settings.start_ms));
  return opens == Instant::max() ? "outside its windows" : "opens " + to_rfc3339(opens);
}

std::string QueueDesk::waits_for(const queue::Stream& stream, std::string_view domain) const {
  if (auto why = stream_waits_for(stream); !why.empty()) return why;
  const auto& orders = service_.queue().orders();
  if (orders.holds(queue::OrderScope::domain, domain))
    return "held by operator: domain " + std::string(domain);
  const auto provider = provider_of(domain);
  if (!provider.empty() && orders.holds(queue::OrderScope::provider, provider))
    return "held by operator: provider " + provider;
  return {};
}

Expected<boost::json::object> QueueDesk::edit(queue::Edit what, const QueueQuery& query) {
  auto& queue = service_.queue();
  if (!queue.committer().healthy()) return fail(ErrorCode::unavailable, "the store cannot write");
  auto filter = filter_of(query, source_);
  if (!filter) return std::unexpected(filter.error());
  auto from = cursor_bytes(query.cursor);
  if (!from) return std::unexpected(from.error());
  // Chosen by filter, what is so already was not meant; a walk can also meet what it has moved ahead itself.
  const bool one = !query.id.empty();
  if (!one && !filter->state && what == queue::Edit::release) filter->state = queue::Waiting::held;
  if (!one && !filter->state && what == queue::Edit::flush) filter->state = queue::Waiting::deferred;
  const queue::Browser browser(queue.database(), queue.streams(), queue.options().node);
  queue::BrowseOptions options;
  options.max_rows = queue::kMaxEdit;
  auto page = browser.page(*filter, std::move(*from), service_.clock().now(), options);
  if (!page) return std::unexpected(page.error());
  queue::EditReport report;
  if (!page->rows.empty()) {
    std::vector<std::string> keys;
    keys.reserve(page->rows.size());
    for (auto& row : page->rows) keys.push_back(std::move(row.key));
    auto edited = queue.edit(what, keys);
    if (!edited) return std::unexpected(edited.error());
    report = *edited;
  }
  return boost::json::object{{"edited", report.edited},
                             {"busy", report.busy},
                             {"unchanged", one ? report.unchanged : 0},
                             {"next", cursor_text(page->next)}};
}

boost::json::object QueueDesk::orders() const {
  boost::json::array rows;
  for (const auto& order : service_.queue().orders().all()) {
    rows.push_back(boost::json::object{{"scope", queue::name_of(order.scope)},
                                       {"name", order.name},
                                       {"since", to_rfc3339(from_ms(order.since_ms))}});
  }
  return {{"orders", std::move(rows)}};
}

}  // namespace sluice::control
