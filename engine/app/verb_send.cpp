// `send DIR`: drop, follow, report.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <ostream>

#include "engine/app/campaign_check.hpp"
#include "engine/app/drop.hpp"
#include "engine/app/follow.hpp"
#include "engine/app/service.hpp"
#include "engine/app/test_message.hpp"
#include "engine/app/verbs.hpp"
#include "engine/base/clock.hpp"
#include "engine/campaign/spec.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

struct Wanted {
  std::string directory;
  bool dry_run = false;
  bool detach = false;
  std::string test;
};

struct Dropped {
  std::string name;
  std::string id;
};

Expected<Dropped> drop_wanted(const Wanted& wanted, const config::Config& config, const std::string& id) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(wanted.directory, error);
  const auto name = (path.has_filename() ? path : path.parent_path()).filename().string();
  if (wanted.test.empty()) {
    if (auto dropped = drop_campaign(path.string(), config.spool.dir, name); !dropped)
      return std::unexpected(dropped.error());
    return Dropped{name, id};
  }
  const auto stamp = std::to_string(to_ms(SystemClock().now()));
  const auto test = make_test_campaign(path.string(), wanted.test, stamp, config);
  if (!test) return std::unexpected(test.error());
  if (auto dropped = drop_campaign(path.string(), config.spool.dir, test->id, test->instead); !dropped) {
    return std::unexpected(dropped.error());
  }
  return Dropped{test->id, test->id};
}

int send(Context& context, const Wanted& wanted) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  const auto report = check_campaign(wanted.directory, loaded->config, wanted.dry_run);
  if (!report.ok() || wanted.dry_run) {
    print_report(context, report);
    return report.ok() ? kExitOk : kExitData;
  }
  const auto service = service_of(loaded->config);
  if (!wanted
           .detach) {  // better to say so now than to leave a campaign in the spool of a service that is off
    if (const auto status = ask(service, "GET", "/v1/status"); !status)
      return context.complain(status.error());
    if (wanted.test.empty() && ask(service, "GET", "/v1/campaigns/" + http::percent_encode(report.id))) {
      return context.complain(
          kExitData, fmt::format("the service knows a campaign `{}` already; an id is sent once", report.id));
    }
  }
  const auto dropped = drop_wanted(wanted, loaded->config, report.id);
  if (!dropped) return context.complain(dropped.error());
  if (!wanted.detach)
    return follow_campaign(context, service, loaded->config.spool.dir, dropped->name, dropped->id);
  if (context.json) {
    context.out << boost::json::serialize(boost::json::object{{"id", dropped->id}}) << '\n';
  } else {
    context.out << fmt::format("Dropped. Watch it with: sluice campaign show {}\n", safe_text(dropped->id));
  }
  return kExitOk;
}

}  // namespace

void setup_send(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "send", "Send a campaign and follow it to the end",
                        "sluice send campaigns/autumn-2026 --dry-run");
  const auto wanted = std::make_shared<Wanted>();
  verb->add_option("DIR", wanted->directory, "campaign directory, copied into the spool")->required();
  verb->add_flag("--dry-run", wanted->dry_run, "check it and read its list; send nothing");
  verb->add_flag("--detach", wanted->detach, "do not follow; works without a running service");
  verb->add_option("--test", wanted->test, "send the first row's message to ADDRESS only")
      ->type_name("ADDRESS");
  on_run(verb, context, [&context, wanted] { return send(context, *wanted); });
}

}  // namespace sluice::app
