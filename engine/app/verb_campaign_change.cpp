// `campaign priority|route|retry`.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <memory>
#include <ostream>

#include "engine/app/campaign_view.hpp"
#include "engine/app/retry_campaign.hpp"
#include "engine/app/service.hpp"
#include "engine/app/verb_campaign.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

constexpr unsigned kMaxRetries = 1000;  ///< campaigns made of one

std::string target_of(const std::string& id) { return "/v1/campaigns/" + http::percent_encode(id); }

int change(Context& context, const std::string& id, const std::string& what, const std::string& value) {
  const auto answer = ask_service(
      context, "POST", fmt::format("{}/{}?value={}", target_of(id), what, http::percent_encode(value)));
  if (!answer) return context.exit_code;
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
  } else {
    context.out << fmt::format("{}: priority {}, pool {}\n", safe_text(text_at(*answer, "id")),
                               number_at(*answer, "priority"), safe_text(text_at(*answer, "pool")));
  }
  return kExitOk;
}

/// ID-retry-N that neither the service nor the spool knows.
Expected<std::string> free_id(const http::Client& service, const std::string& spool, const std::string& id) {
  for (unsigned n = 1; n <= kMaxRetries; ++n) {
    auto name = fmt::format("{}-retry-{}", id.substr(0, 85), n);
    const auto known = ask(service, "GET", target_of(name));
    if (!known && known.error().code != ErrorCode::not_found) return std::unexpected(known.error());
    if (!known && !std::filesystem::exists(spool + "/incoming/" + name)) return name;
  }
  return fail(ErrorCode::limit, fmt::format("{} was tried {} times already", id, kMaxRetries));
}

int retry(Context& context, const std::string& id, const std::vector<std::string>& classes) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  const auto service = service_of(loaded->config);
  const auto campaign = ask(service, "GET", target_of(id));
  if (!campaign) return context.complain(campaign.error());
  const auto state = text_at(*campaign, "state");
  if (state != "done" && state != "cancelled")
    return context.complain(kExitData,
                            fmt::format("{} is {}: it can be tried again when it has ended", id, state));
  const auto& spool = loaded->config.spool.dir;
  RetryOrder order{spool + "/done/" + text_at(*campaign, "directory"), {}, classes};
  if (!std::filesystem::exists(order.directory))
    order.directory = spool + "/failed/" + text_at(*campaign, "directory");
  auto name = free_id(service, spool, text_at(*campaign, "id"));
  if (!name) return context.complain(name.error());
  order.id = std::move(*name);
  const auto recipients = drop_retry(order, loaded->config);
  if (!recipients) return context.complain(recipients.error());
  if (context.json) {
    context.out << boost::json::serialize(boost::json::object{{"id", order.id}, {"recipients", *recipients}})
                << '\n';
  } else {
    context.out << fmt::format(
        "Dropped for {} recipients; those who are suppressed by now are skipped.\n"
        "Watch it with: sluice campaign show {}\n",
        *recipients, safe_text(order.id));
  }
  return kExitOk;
}

}  // namespace

void setup_campaign_change(CLI::App& group, Context& context) {
  const auto id = std::make_shared<std::string>();
  auto* priority = add_verb(group, context, "priority", "Its share of every site's turns, from now on",
                            "sluice campaign priority autumn-2026 2");
  const auto number = std::make_shared<int>(5);
  priority->add_option("ID", *id, "the campaign's id")->required();
  priority->add_option("N", *number, "1 (first) to 9")->required()->check(CLI::Range(1, 9));
  on_run(priority, context,
         [&context, id, number] { return change(context, *id, "priority", std::to_string(*number)); });

  auto* route = add_verb(group, context, "route", "Send what is left through another pool of sources",
                         "sluice campaign route autumn-2026 --pool warm");
  const auto pool = std::make_shared<std::string>();
  route->add_option("ID", *id, "the campaign's id")->required();
  route->add_option("--pool", *pool, "a [[pool]] of the configuration")->required()->type_name("NAME");
  on_run(route, context, [&context, id, pool] { return change(context, *id, "route", *pool); });

  auto* again =
      add_verb(group, context, "retry", "A new campaign for those who bounced or expired in this one",
               "sluice campaign retry autumn-2026 --class mailbox-full --class expired");
  const auto classes = std::make_shared<std::vector<std::string>>();
  again->add_option("ID", *id, "the campaign's id; it has ended")->required();
  again->add_option("--class", *classes, "class of the final; again for several")
      ->required()
      ->type_name("CLASS");
  on_run(again, context, [&context, id, classes] { return retry(context, *id, *classes); });
}

}  // namespace sluice::app
