// `campaign list|show|pause|resume|cancel`; the group's other verbs are in verb_campaign_change.cpp.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/campaign_view.hpp"
#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_campaign.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

std::string target_of(const std::string& id, std::string_view action = "") {
  return fmt::format("/v1/campaigns/{}{}{}", http::percent_encode(id), action.empty() ? "" : "/", action);
}

int list(Context& context, const std::string& state) {
  const auto target =
      state.empty() ? std::string("/v1/campaigns") : "/v1/campaigns?state=" + http::percent_encode(state);
  const auto answer = ask_service(context, "GET", target);
  if (!answer) return context.exit_code;
  if (context.json) {
    context.out << boost::json::serialize(*answer) << '\n';
    return kExitOk;
  }
  using enum Table::Align;
  Table table({{"CAMPAIGN"},
               {"TENANT"},
               {"STATE"},
               {"RECIPIENTS", right},
               {"DELIVERED", right},
               {"BOUNCED", right},
               {"QUEUED", right},
               {"RATE/S", right},
               {"LEFT", right}});
  for (const auto* object : objects_at(*answer, "campaigns")) {
    const auto view = CampaignView::from(*object);
    table.add({view.id, view.tenant, view.state, grouped(view.total.injected), grouped(view.total.delivered),
               grouped(view.total.bounced), grouped(view.total.queued),
               grouped(static_cast<std::int64_t>(view.total.rate)),
               view.eta_s < 0 ? "" : short_duration(view.eta_s)});
  }
  context.out << (table.empty() ? "No campaigns.\n" : table.text(context.terminal));
  return kExitOk;
}

int print_campaign(Context& context, const boost::json::object& answer) {
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
    return kExitOk;
  }
  const auto view = CampaignView::from(answer);
  context.out << summary_text(view, context.terminal);
  if (!view.providers.empty()) context.out << '\n';
  for (const auto& line : progress_lines(view, context.terminal, 20)) context.out << line << '\n';
  return kExitOk;
}

int act(Context& context, std::string_view method, const std::string& target) {
  const auto answer = ask_service(context, method, target);
  return answer ? print_campaign(context, *answer) : context.exit_code;
}

void add_action(CLI::App& group, Context& context, const std::string& name, const std::string& what) {
  auto* verb = add_verb(group, context, name, what, fmt::format("sluice campaign {} autumn-2026", name));
  const auto id = std::make_shared<std::string>();
  verb->add_option("ID", *id, "the campaign's id")->required();
  on_run(verb, context, [&context, id, name] {
    return name == "show" ? act(context, "GET", target_of(*id)) : act(context, "POST", target_of(*id, name));
  });
}

}  // namespace

void setup_campaign(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "campaign", "Look at campaigns and steer them");
  auto* verb = add_verb(*group, context, "list", "Campaigns and how far they are",
                        "sluice campaign list --state sending");
  const auto state = std::make_shared<std::string>();
  verb->add_option("--state", *state, "only those in this state")->type_name("STATE");
  on_run(verb, context, [&context, state] { return list(context, *state); });
  add_action(*group, context, "show", "One campaign: totals, and progress at each provider");
  add_action(*group, context, "pause", "Stop sending at once; what is queued stays");
  add_action(*group, context, "resume", "Go on with a paused or held campaign");
  add_action(*group, context, "cancel", "Stop for good; what is queued becomes `cancelled`");
  setup_campaign_change(*group, context);
  setup_campaign_report(*group, context);
}

}  // namespace sluice::app
