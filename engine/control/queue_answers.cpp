#include "engine/control/queue_answers.hpp"

#include <boost/json.hpp>

#include "engine/control/event_search.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;

json::object record_json(const QueueSource& source, const queue::Found& found) {
  const auto record = found.record();
  const auto& settings = found.stream->settings;
  const auto& trail = record.value.trail;
  json::object out;
  out["id"] = record.id(source.node).text();
  out[settings.kind == queue::StreamKind::campaign ? "campaign" : "flow"] = settings.name;
  out["tenant"] = settings.tenant;
  out["recipient"] = record.address();
  out["domain"] = record.key.domain;
  if (source.provider_of) out["provider"] = source.provider_of(record.key.domain);
  out["state"] = queue::name_of(found.state);
  out["stream_state"] = queue::name_of(found.stream->state());
  out["attempts"] = trail.attempts;
  out["in_doubt"] = trail.doubts;
  out["accepted"] = to_rfc3339(from_ms(record.value.accepted_ms));
  out["expires"] = to_rfc3339(from_ms(found.stream->expires_ms(record.value.accepted_ms)));
  if (found.state == queue::Waiting::deferred) out["due"] = to_rfc3339(queue::to_instant(record.key.due));
  if (source.waits_for && found.state != queue::Waiting::leased)
    out["waits_for"] = source.waits_for(*found.stream, record.key.domain);
  return out;
}

Expected<queue::BrowsePage> page_of(const QueueSource& source, const QueueQuery& query, std::size_t limit,
                                    Instant now) {
  auto filter = filter_of(query, source);
  if (!filter) return std::unexpected(filter.error());
  auto from = cursor_bytes(query.cursor);
  if (!from) return std::unexpected(from.error());
  const queue::Browser browser(source.database, source.streams, source.node);
  queue::BrowseOptions options;
  options.max_rows = limit;
  return browser.page(*filter, std::move(*from), now, options);
}

}  // namespace

Expected<json::object> list_answer(const QueueSource& source, const QueueQuery& query, std::size_t limit,
                                   Instant now) {
  auto page = page_of(source, query, std::min(limit, kMaxListed), now);
  if (!page) return std::unexpected(page.error());
  json::object out;
  json::array rows;
  for (const auto& found : page->rows) rows.push_back(record_json(source, found));
  out["records"] = std::move(rows);
  out["next"] = cursor_text(page->next);
  out["damaged"] = page->damaged;
  return out;
}

Expected<json::object> show_answer(const QueueSource& source, const QueueQuery& query, Instant now) {
  const auto id = MessageId::parse(query.id);
  if (!id) return fail(ErrorCode::invalid_input, "\"" + query.id + "\" is no message id");
  auto page = page_of(source, query, 1, now);
  if (!page) return std::unexpected(page.error());
  json::object out;
  out["record"] = nullptr;
  out["last_event"] = nullptr;
  out["next"] = "";
  if (page->rows.empty() && !page->next.empty()) {
    out["next"] = cursor_text(page->next);
    return out;
  }
  const bool tried = page->rows.empty() || page->rows.front().record().value.trail.attempts > 0 ||
                     page->rows.front().record().value.trail.doubts > 0;
  if (!page->rows.empty()) out["record"] = record_json(source, page->rows.front());
  out["events_searched"] = "all";
  if (!tried) return out;
  const auto found = last_event_of(source.events_folder, *id, kMaxEventBytes);
  if (!found) return std::unexpected(found.error());
  boost::system::error_code error;
  auto event = json::parse(found->line, error);
  if (!error) out["last_event"] = std::move(event);
  out["events_searched"] = found->searched_all || !found->line.empty() ? "all" : "newest";
  return out;
}

}  // namespace sluice::control
