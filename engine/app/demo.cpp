#include "engine/app/demo.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

#include "engine/app/demo_earlier.hpp"
#include "engine/app/demo_evidence.hpp"
#include "engine/app/demo_folder.hpp"
#include "engine/app/demo_plan.hpp"
#include "engine/app/demo_receivers.hpp"
#include "engine/app/demo_result.hpp"
#include "engine/app/demo_view.hpp"
#include "engine/app/drop.hpp"
#include "engine/app/picture.hpp"
#include "engine/app/service.hpp"
#include "engine/app/signals.hpp"
#include "engine/app/table.hpp"
#include "engine/app/wiring.hpp"
#include "engine/base/log.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kRefresh{250};
constexpr milliseconds kLineEvery{2000};
constexpr std::uint64_t kSamples = 200;  ///< messages whose signatures are verified, about

class Demo {
 public:
  Demo(Context& context, const DemoOptions& options, DemoFolder folder)
      : context_(context), options_(options), folder_(std::move(folder)), picture_(context.out) {}

  int run() {
    if (auto ready = prepare(); !ready) return context_.complain(ready.error());
    if (auto started = start(); !started) return context_.complain(started.error());
    introduce();
    const auto ending = watch();
    signals_.give_up();  // a second Ctrl-C need not wait; what is on disk is as safe as after a crash
    service_->stop();
    auto received = receivers_->stop();
    folder_.state().seconds += seconds();
    if (auto saved = folder_.save_state(); !saved) return context_.complain(saved.error());
    if (!received) return context_.complain(received.error());
    return account(ending);
  }

 private:
  /// The folder's files, and the receivers; no thread yet.
  Expected<> prepare() {
    auto& state = folder_.state();
    if (!options_.resume) {
      const auto example = find_newsletter();
      if (!example) return std::unexpected(example.error());
      if (auto made = folder_.make_keys(); !made) return made;
      if (auto made = folder_.make_campaign(*example, options_.recipients, options_.seed); !made) return made;
    }
    DemoReceiversOptions receivers;
    receivers.log_file = log_of(state.starts);
    receivers.samples = samples_of(state.starts);
    receivers.sample_every = std::max<std::uint64_t>(1, state.recipients / kSamples);
    receivers.seed = state.seed;
    auto started = DemoReceivers::start(receivers);
    if (!started) return std::unexpected(started.error());
    receivers_.emplace(std::move(*started));
    state.listen = receivers_->addresses();
    if (auto written = folder_.write_config(state.listen); !written) return written;
    return folder_.save_state();
  }

  Expected<> start() {
    auto loaded = config::load_file(folder_.file("sluice.toml"));
    if (!loaded) return fail(ErrorCode::internal, config::to_text(loaded.error()));
    config_ = std::move(loaded->config);
    log::set_level(log::Level::warn);
    auto options = service_options(config_);
    if (!options) return std::unexpected(options.error());
    auto made = control::Service::make(std::move(*options));
    if (!made) return std::unexpected(made.error());
    service_ = std::move(*made);
    auto earlier = count_earlier(config_.data_dir + "/events");
    if (!earlier) return std::unexpected(earlier.error());
    earlier_ = std::move(*earlier);
    if (auto started = service_->start(); !started) return started;
    if (service_->queue().streams().find("default", kDemoCampaign)) return {};
    if (fs::exists(fs::path(config_.spool.dir) / "incoming" / kDemoCampaign)) return {};
    return drop_campaign(folder_.file("newsletter"), config_.spool.dir, kDemoCampaign);
  }

  void introduce() const {
    if (context_.json) return;
    const auto& state = folder_.state();
    auto& out = context_.out;
    out << fmt::format("{} recipients at five receivers on this machine; nothing leaves it.\n",
                       grouped(static_cast<std::int64_t>(state.recipients)));
    for (std::size_t i = 0; i < demo_providers().size(); ++i) {
      out << fmt::format("  {:<13} {}\n", demo_providers()[i].name, state.listen[i]);
    }
    out << fmt::format("  {:<13} {}\n", "http", service_->http_address());
    out << fmt::format(
        "  {:<13} {}   (another terminal: build/sluice queue summary --config {}/sluice.toml)\n", "folder",
        folder_.path().string(), folder_.path().string());
    out << "Ctrl-C stops safely; --resume goes on.\n\n" << std::flush;
  }

  /// Until the campaign is over or a signal comes.
  DemoEnding watch() {
    const auto target = std::string("/v1/campaigns/") + kDemoCampaign;
    const auto client = service_of(config_);
    for (;;) {
      const auto signal = signals_.next(kRefresh);
      show(false);
      if (signal == SIGINT || signal == SIGTERM) return DemoEnding::stopped;
      const auto answer = ask(client, "GET", target);
      if (!answer) continue;
      const auto state = text_at(*answer, "state");
      list_read_ = answer->contains("expanded") && answer->at("expanded").is_bool() &&
                   answer->at("expanded").as_bool();
      if (state == "failed" || state == "rejected") return DemoEnding::failed;
      if (state != "done") continue;
      show(true);
      return DemoEnding::done;
    }
  }

  void show(bool last) {
    const auto now = moment();
    const bool bars = context_.terminal.is_tty && !context_.json;
    if (bars) return picture_.draw(demo_lines(now, context_.terminal));
    if (!last && steady_clock::now() < next_line_) return;
    next_line_ = steady_clock::now() + kLineEvery;
    context_.out << (context_.json ? boost::json::serialize(demo_json(now)) : demo_plain_line(now))
                 << std::endl;
  }

  DemoMoment moment() {
    DemoMoment out;
    out.seconds = seconds();
    out.rows = folder_.state().recipients;
    const auto stream = service_->queue().streams().find("default", kDemoCampaign);
    if (stream) out.counters = service_->queue().counters(stream->id);
    const auto live = stream ? service_->live().of(stream->id) : std::vector<control::ProviderCounts>();
    const auto sites = service_->delivery().inspect();
    for (const auto& provider : demo_providers()) {
      auto& row = out.providers.emplace_back();
      row.name = provider.name;
      row.recipients = folder_.state().list.recipients[provider.name];
      if (const auto found = earlier_.find(provider.name); found != earlier_.end())
        row = add(row, found->second);
      for (const auto& counts : live) {
        if (counts.provider == provider.name) row = add(row, counts);
      }
      for (const auto& site : sites) {
        if (site.provider == provider.name) add_paths(row, site);
      }
    }
    return out;
  }

  static DemoRow add(DemoRow row, const control::ProviderCounts& counts) {
    row.delivered += counts.delivered;
    row.bounced += counts.bounced + counts.expired;
    row.deferred += counts.deferred;
    row.per_second += counts.per_second;
    return row;
  }

  static void add_paths(DemoRow& row, const delivery::SiteStats& site) {
    for (const auto& path : site.paths) {
      row.connections += path.connections;
      if (row.waits_for.empty()) row.waits_for = path.waits_for;
    }
    if (row.waits_for.empty()) row.waits_for = site.waits_for;
  }

  /// What there is to say at the end, and the exit code.
  int account(DemoEnding ending) {
    auto facts = gather(ending);
    if (!facts) return context_.complain(facts.error());
    DemoResult result;
    result.ending = ending;
    result.checks = check_demo(*facts);
    std::vector<std::string> samples;
    for (std::uint64_t n = 1; n <= folder_.state().starts; ++n) samples.push_back(samples_of(n));
    const auto records = folder_.key_records();
    if (!records) return context_.complain(records.error());
    auto signatures = check_signatures(samples, *records, service_->clock().now());
    if (!signatures) return context_.complain(signatures.error());
    result.signatures = std::move(*signatures);
    if (ending == DemoEnding::done) {
      if (auto copied = copy_reports(); !copied) return context_.complain(copied.error());
    }
    result.folder = folder_.path().string();
    result.samples = samples.back();
    result.seconds = folder_.state().seconds;
    if (context_.json) {
      context_.out << boost::json::serialize(result.to_json()) << '\n';
    } else {
      context_.out << result.to_text(context_.terminal);
    }
    if (!result.holds()) return kExitFailures;
    return ending == DemoEnding::stopped ? kExitTempFail : kExitOk;
  }

  Expected<DemoFacts> gather(DemoEnding ending) {
    DemoFacts facts;
    const auto& list = folder_.state().list;
    facts.list_rows = list.rows;
    facts.list_invalid = list.invalid;
    facts.list_duplicates = list.duplicates;
    facts.list_read = list_read_;
    const auto stream = service_->queue().streams().find("default", kDemoCampaign);
    if (stream) facts.counters = service_->queue().counters(stream->id);
    std::vector<std::string> logs;
    for (std::uint64_t n = 1; n <= folder_.state().starts; ++n) logs.push_back(log_of(n));
    const auto received = read_received(logs);
    if (!received) return std::unexpected(received.error());
    facts.received = received->ids.size();
    facts.received_again = received->again;
    if (ending != DemoEnding::done) return facts;
    if (auto matched = match_results((done_folder() / "recipients.jsonl").string(), *received, facts);
        !matched)
      return std::unexpected(matched.error());
    return facts;
  }

  Expected<> copy_reports() const {
    std::error_code error;
    for (const char* name : {"report.json", "report.html"}) {
      fs::copy_file(done_folder() / name, folder_.file(name), fs::copy_options::overwrite_existing, error);
      if (error) return fail(ErrorCode::io, std::string("copying ") + name + ": " + error.message());
    }
    return {};
  }

  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(steady_clock::now() - begun_).count();
  }
  [[nodiscard]] std::string log_of(std::uint64_t start) const {
    return folder_.file(fmt::format("received/ids-{}.log", start));
  }
  [[nodiscard]] std::string samples_of(std::uint64_t start) const {
    return folder_.file(fmt::format("received/{}-samples", start));
  }
  [[nodiscard]] fs::path done_folder() const { return fs::path(config_.spool.dir) / "done" / kDemoCampaign; }

  Context& context_;
  const DemoOptions& options_;
  DemoFolder folder_;
  Signals signals_;
  std::optional<DemoReceivers> receivers_;
  config::Config config_;
  std::map<std::string, control::ProviderCounts> earlier_;
  std::unique_ptr<control::Service> service_;
  Picture picture_;
  steady_clock::time_point begun_ = steady_clock::now();
  steady_clock::time_point next_line_{};
  bool list_read_ = false;
};

}  // namespace

int run_demo(Context& context, const DemoOptions& options) {
  auto folder = DemoFolder::open(options.folder, options.resume);
  if (!folder) return context.complain(folder.error());
  return Demo(context, options, std::move(*folder)).run();
}

}  // namespace sluice::app
