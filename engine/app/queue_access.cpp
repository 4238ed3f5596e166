#include "engine/app/queue_access.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <ostream>

#include "engine/control/queue_answers.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {

void QueueWords::add_to(CLI::App& verb, bool with_state) {
  verb.add_option("--campaign", campaign, "only this campaign's, or this flow's")->type_name("ID");
  verb.add_option("--tenant", tenant, "only this tenant's")->type_name("NAME");
  verb.add_option("--domain", domain, "only to this domain")->type_name("DOMAIN");
  verb.add_option("--provider", provider, "only to domains of this provider, as far as they are known")
      ->type_name("NAME");
  verb.add_option("--recipient", recipient, "only to this address")->type_name("ADDRESS");
  if (!with_state) return;
  verb.add_option("--state", state, "only in this state")
      ->check(CLI::IsMember({"ready", "deferred", "held", "leased"}));
}

control::QueueQuery::Words QueueWords::words() const {
  control::QueueQuery::Words out;
  const std::pair<const char*, const std::string*> all_words[] = {
      {"campaign", &campaign}, {"tenant", &tenant},       {"domain", &domain},
      {"provider", &provider}, {"recipient", &recipient}, {"state", &state}};
  for (const auto& [name, value] : all_words) {
    if (!value->empty()) out[name] = *value;
  }
  return out;
}

std::string query_text(const control::QueueQuery::Words& words) {
  std::string out;
  for (const auto& [name, value] : words) {
    out += out.empty() ? '?' : '&';
    out += name + "=" + http::percent_encode(value);
  }
  return out;
}

std::optional<QueueAccess> QueueAccess::open(Context& context) {
  auto loaded = load_config(context);
  if (!loaded) return std::nullopt;
  return QueueAccess(context, std::move(*loaded));
}

Expected<boost::json::object> QueueAccess::ask(std::string_view method, const std::string& target) const {
  return app::ask(service_of(loaded_.config), method, target);
}

template <class Online, class Offline>
Expected<boost::json::object> QueueAccess::either(Online online, Offline offline) {
  if (!view_) {
    auto answer = online();
    if (answer || answer.error().code != ErrorCode::unavailable) return answer;
    if (auto looked = look_into_store(); !looked) {
      return fail(ErrorCode::unavailable, answer.error().text + "; " + looked.error().text);
    }
    context_->err << "sluice: no service answers; looking into the store of "
                  << safe_text(loaded_.config.data_dir) << '\n';
  }
  return offline();
}

Expected<> QueueAccess::look_into_store() {
  store::Options options;
  options.path = loaded_.config.data_dir + "/store";
  auto view = queue::StoreView::open(options);
  if (!view) return std::unexpected(view.error());
  view_ = std::move(*view);
  return {};
}

control::QueueSource QueueAccess::source() const {
  return {view_->database(), view_->streams(), static_cast<std::uint16_t>(loaded_.config.node),
          loaded_.config.data_dir + "/events"};
}

Expected<boost::json::object> QueueAccess::list(const control::QueueQuery::Words& words, std::size_t limit) {
  auto asked = words;
  asked["limit"] = std::to_string(limit);
  return either([&] { return ask("GET", "/v1/queue/records" + query_text(asked)); },
                [&]() -> Expected<boost::json::object> {
                  auto query = control::QueueQuery::from(words);
                  if (!query) return std::unexpected(query.error());
                  return control::list_answer(source(), *query, limit, SystemClock().now());
                });
}

Expected<boost::json::object> QueueAccess::show(const std::string& id,
                                                const control::QueueQuery::Words& words) {
  return either(
      [&] { return ask("GET", "/v1/queue/records/" + http::percent_encode(id) + query_text(words)); },
      [&]() -> Expected<boost::json::object> {
        auto query = control::QueueQuery::from(words);
        if (!query) return std::unexpected(query.error());
        query->id = id;
        return control::show_answer(source(), *query, SystemClock().now());
      });
}

/// Without a service only what the store counts is known: a row a campaign.
Expected<boost::json::object> QueueAccess::summary(const std::string& by) {
  return either([&] { return ask("GET", "/v1/queue/summary?by=" + http::percent_encode(by)); },
                [&]() -> Expected<boost::json::object> {
                  boost::json::array rows;
                  queue::Counters total;
                  const auto add = [](boost::json::object& row, const queue::Counters& counters) {
                    row["queued"] = counters.queued();
                    row["ready"] = counters.queued() - counters.retries_waiting;
                    row["deferred"] = counters.deferred();
                    row["held"] = counters.held;
                  };
                  for (const auto& stream : view_->streams().all()) {
                    const auto counters = view_->counters(stream->id);
                    if (counters.queued() == 0) continue;
                    total.injected += counters.queued();
                    total.retries_waiting += counters.retries_waiting;
                    total.held += counters.held;
                    boost::json::object row{{"name", stream->settings.name},
                                            {"tenant", stream->settings.tenant}};
                    add(row, counters);
                    row["waits_for"] = "no service runs";
                    rows.push_back(std::move(row));
                  }
                  boost::json::object out{{"rows", std::move(rows)}};
                  add(out, total);
                  return out;
                });
}

}  // namespace sluice::app
