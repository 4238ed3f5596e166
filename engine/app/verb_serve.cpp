// `serve`: the service in the foreground, until SIGTERM.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <optional>
#include <ostream>
#include <utility>

#include "config/options.hpp"
#include "config/reload.hpp"
#include "config/shaping_options.hpp"
#include "config/webhook_options.hpp"
#include "engine/app/service.hpp"
#include "engine/app/signals.hpp"
#include "engine/app/verbs.hpp"
#include "engine/app/wiring.hpp"
#include "engine/base/log.hpp"

namespace sluice::app {
namespace {

void set_up_log(const config::Log& options) {
  const bool json = options.format == "json" || (options.format == "auto" && isatty(STDERR_FILENO) == 0);
  log::set_format(json ? log::Format::json : log::Format::text);
  log::set_level(log::level_named(options.level).value_or(log::Level::info));
}

/// Reads the file again; what is live is applied, the rest named. On error the old configuration stays.
class Reloader {
 public:
  Reloader(config::Loaded loaded, control::Service& service)
      : loaded_(std::move(loaded)), service_(service) {}

  Expected<boost::json::object> operator()() {
    auto fresh = config::load_file(loaded_.file);
    if (!fresh) return fail(ErrorCode::invalid_input, config::to_text(fresh.error()));
    const auto changes = config::diff(loaded_.config, fresh->config);
    if (auto renewed = service_.renew_certificates(); !renewed) return std::unexpected(renewed.error());
    auto applied = service_.policies().reload(config::policy_options(fresh->config), service_.clock().now());
    if (!applied) return std::unexpected(applied.error());
    auto shaped = service_.shaper().engine().reload(config::shaping_options(fresh->config));
    if (!shaped) return std::unexpected(shaped.error());
    auto hooked = service_.webhooks().apply(config::endpoint_options(fresh->config));
    if (!hooked) return std::unexpected(hooked.error());
    service_.queue().streams().set_tenant_weights(config::tenant_weights(fresh->config));
    service_.limits_changed();
    log::set_level(log::level_named(fresh->config.log.level).value_or(log::Level::info));
    boost::json::array rows;
    for (const auto& change : changes) {
      rows.push_back(boost::json::object{
          {"path", change.path}, {"from", change.from}, {"to", change.to}, {"live", change.live}});
    }
    service_.meters().config_changed();
    log::info("config_reloaded", {{"changes", changes.size()}});
    loaded_ = std::move(*fresh);
    return boost::json::object{{"changes", std::move(rows)}};
  }

 private:
  config::Loaded loaded_;
  control::Service& service_;
};

/// Nothing more can be saved, and what is on disk is whole, as after any crash: whoever watches over us
/// starts us again. An orderly stop would wait for commits that never come.
[[noreturn]] void end_without_store(const Error& error) {
  log::error("store_lost", {{"reason", error.text}, {"do", "start again; look at the disk"}});
  std::_Exit(kExitIo);
}

bool ends(int signal) { return signal == SIGTERM || signal == SIGINT; }

/// A start waits for its first commits, on a full disk until there is room. A signal to end that comes
/// meanwhile is kept in `early` for the orderly stop when the start is over within this time; else the
/// process ends as it stands.
constexpr std::chrono::seconds kStartGrace{5};

Expected<> start(control::Service& service, Signals& signals, std::optional<int>& early) {
  using std::chrono::steady_clock;
  auto done = std::async(std::launch::async, [&service] { return service.start(); });
  auto limit = steady_clock::time_point::max();
  while (done.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    const auto signal = signals.next(std::chrono::milliseconds(0));
    if (signal && !(early && ends(*early))) early = signal;
    if (signal && ends(*signal)) limit = std::min(limit, steady_clock::now() + kStartGrace);
    if (steady_clock::now() < limit) continue;
    log::warn("ended_while_starting", {{"do", "see what the start waits for in the errors above"}});
    std::_Exit(kExitOk);
  }
  return done.get();
}

int serve(Context& context) {
  Signals signals;
  auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  set_up_log(loaded->config.log);
  auto options = service_options(loaded->config);
  if (!options) return context.complain(options.error());
  auto service = control::Service::make(std::move(*options));
  if (!service) return context.complain(service.error());
  const auto reloader =
      std::make_shared<Reloader>(std::move(*loaded), **service);  // shared: std::function copies
  (*service)->set_lost(end_without_store);
  (*service)->set_reload([reloader] { return (*reloader)(); });
  std::optional<int> early;
  if (auto started = start(**service, signals, early); !started) return context.complain(started.error());
  context.out << "ready";
  for (const auto& [name, value] : (*service)->facts()) {
    context.out << fmt::format("{}{}={}", name == "data_dir" ? " " : "\n  ", name, value);
  }
  context.out << std::endl;
  for (;;) {
    const auto signal = early ? std::exchange(early, std::nullopt) : signals.next(std::chrono::hours(1));
    if (signal && ends(*signal)) break;
    if (signal != SIGHUP) continue;
    if (auto reloaded = (*reloader)(); !reloaded)
      log::error("config_not_reloaded", {{"reason", reloaded.error().text}});
  }
  log::info("stopping");
  (*service)->stop();
  return kExitOk;
}

}  // namespace

void setup_serve(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "serve", "Run the service in the foreground until SIGTERM",
                        "sluice serve --config /etc/sluice/sluice.toml");
  on_run(verb, context, [&context] { return serve(context); });
}

}  // namespace sluice::app
