#include "engine/control/service.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "engine/control/handlers.hpp"
#include "engine/delivery/campaign_content.hpp"
#include "engine/delivery/raw_content.hpp"
#include "engine/message/dkim_key.hpp"
#include "engine/store/folder.hpp"
#include "queue/body_refs.hpp"
#include "queue/sent_expiry.hpp"

namespace sluice::control {
namespace {

constexpr std::chrono::milliseconds kTick{100};  ///< campaigns are looked after so often

constexpr std::chrono::seconds kClockStep{2};      ///< a smaller difference is drift
constexpr std::chrono::seconds kExpireFiles{600};  ///< between two looks for what is beyond its time
constexpr std::chrono::seconds kNextStep{1};       ///< the same, where one look did not see it all

Expected<std::shared_ptr<const delivery::StreamContent>> load_content(const queue::Stream& stream,
                                                                      std::string_view bytes,
                                                                      const store::Segments& bodies,
                                                                      const feedback::TokenKeys* keys) {
  if (bytes.starts_with(delivery::kRawKind)) return delivery::load_raw(bytes, bodies);
  if (!bytes.starts_with(message::kCampaignKind)) {
    return fail(ErrorCode::corrupt, "the content of " + stream.settings.name + " is of an unknown kind");
  }
  auto parts = message::decode_campaign(bytes);
  if (!parts) return std::unexpected(parts.error());
  if (keys == nullptr) return delivery::compile_campaign(std::move(*parts));
  return delivery::compile_campaign(std::move(*parts), keys->for_stream(stream.settings.created_ms));
}

}  // namespace

Service::Service(ServiceOptions options) : options_(std::move(options)), live_(clock_) {}

Service::~Service() { stop(); }

Expected<std::unique_ptr<Service>> Service::make(ServiceOptions options) {
  auto out = std::unique_ptr<Service>(new Service(std::move(options)));
  for (auto step :
       {&Service::load_keys, &Service::make_queue, &Service::make_network, &Service::make_campaigns,
        &Service::make_doors, &Service::make_inbound, &Service::make_webhooks}) {
    if (auto made = (out.get()->*step)(); !made) return std::unexpected(made.error());
  }
  out->meters_ = std::make_unique<Meters>(*out, out->registry_);
  return out;
}

Expected<> Service::load_keys() {
  for (const auto& file : options_.dkim) {
    auto key = message::DkimKey::load(file.path, file.domain, file.selector);
    if (!key) return std::unexpected(key.error());
    if (key->weak()) log::warn("dkim_key_weak", {{"domain", file.domain}, {"bits", key->bits()}});
    if (auto added = signer_.add(std::move(*key)); !added) return added;
  }
  return {};
}

Expected<> Service::make_queue() {
  if (auto made = store::make_folder(options_.data_dir); !made) return std::unexpected(made.error());
  auto opened = queue::Queue::open(options_.queue, clock_);
  if (!opened) return std::unexpected(opened.error());
  queue_ = std::move(*opened);
  queue_->streams().set_tenant_weights(options_.tenant_weights);
  if (auto watched = make_disk_watch(); !watched) return watched;
  auto log = queue::EventLog::open(*queue_, options_.events);
  if (!log) return std::unexpected(log.error());
  log_ = std::make_unique<queue::EventLog>(std::move(*log));
  log_->set_observer([this](std::uint64_t seq, const queue::Event& event) {
    live_.add(event);
    feed_meter_.on_event(seq, event);
    came_back(event);
  });
  auto bodies = store::Segments::open(options_.bodies);
  if (!bodies) return std::unexpected(bodies.error());
  bodies_ = std::move(*bodies);
  backups_ =
      std::make_unique<Backups>(queue_->database(), queue::DataFolders::below(options_.data_dir), clock_);
  if (auto keys = open_token_keys(); !keys) return keys;
  auto load = [this](const queue::Stream& stream, std::string_view bytes) {
    return load_content(stream, bytes, *bodies_, token_keys_.get());
  };
  contents_ = std::make_unique<delivery::ContentStore>(*queue_, std::move(load));
  return make_suppression();
}

Expected<> Service::make_suppression() {
  auto book = suppression::Book::open(*queue_, clock_, options_.suppression);
  if (!book) return std::unexpected(book.error());
  book_ = std::move(*book);
  options_.flow.suppressed = book_.get();
  log_->set_consumer([this] { return book_->cursor(); });
  auto audience_of = [this](const queue::Stream& stream) -> std::optional<suppression::Audience> {
    auto content = contents_->get(stream);
    const bool later =
        !content && (content.error().code == ErrorCode::io || content.error().code == ErrorCode::unavailable);
    if (later) return std::nullopt;
    if (!content) return delivery::audience_of(stream, {});  // damaged: its mail bounces
    return delivery::audience_of(stream, (*content)->list_id());
  };
  upkeep_ = std::make_unique<suppression::Upkeep>(*queue_, *book_, clock_, std::move(audience_of),
                                                  [this] { return log_->exported(); });
  return {};
}

Expected<> Service::make_disk_watch() {
  auto watch = DiskWatch::make({options_.data_dir, options_.disk}, *queue_,
                               std::make_unique<store::FilesystemSpace>(options_.data_dir));
  if (!watch) return std::unexpected(watch.error());
  disk_ = std::move(*watch);
  options_.bodies.min_free_bytes = disk_->limits().stop_below;
  queue_->committer().set_relief([this](const Error& error) { disk_->on_commit_failed(error); });
  return {};
}

Expected<> Service::make_network() {
  auto resolver = dns::Resolver::make(resolver_thread_.context(), clock_, options_.resolver);
  if (!resolver) return std::unexpected(resolver.error());
  resolver_ = std::move(*resolver);
  auto routes = dns::RouteTable::make(options_.routes, options_.router.planner.plan.smtp_port);
  if (!routes) return std::unexpected(routes.error());
  resolver_tasks_ =
      std::make_unique<net::TaskGroup>(resolver_thread_.context(), net::TaskGroupOptions{"resolver", 8});
  router_ = std::make_unique<dns::Router>(resolver_thread_.context(), *resolver_, clock_, options_.router,
                                          std::move(*routes));
  routes_ = std::make_unique<delivery::RouterRoutes>(*router_);
  if (auto made = make_policies(); !made) return made;
  auto shaper = Shaper::make(options_.shaping, *policies_);
  if (!shaper) return std::unexpected(shaper.error());
  shaper_ = std::move(*shaper);
  shaper_->adopt(clock_.now());
  delivery::Parts parts{clock_, *queue_, *routes_, network_, *policies_, *contents_, signer_};
  parts.local_opening = [this](const queue::Stream& stream, const queue::Record& record, Instant now) {
    return campaigns_->times().opening(stream, record, now);
  };
  if (options_.shaping_enabled) parts.shaping = &shaper_->engine();
  parts.broken_tls = &shaper_->broken_tls();
  parts.canary = &shaper_->canary();
  parts.throttle_rows = throttle_rows_.get();
  parts.suppressed = book_.get();
  parts.registry = &registry_;
  auto made = delivery::Delivery::make(options_.delivery, parts, options_.tls);
  if (!made) return std::unexpected(made.error());
  delivery_ = std::move(*made);
  return {};
}

std::optional<std::string> Service::why_not_from(const std::string& tenant, const std::string& domain) const {
  if (signer_.has(domain)) return std::nullopt;
  for (const auto& sender : options_.senders) {
    if (sender.tenant == tenant && std::ranges::find(sender.domains, domain) != sender.domains.end()) {
      return std::nullopt;
    }
  }
  return "the From domain " + domain + " has no [[dkim]] key and is not listed for tenant \"" + tenant +
         "\" in a [[sender]]; add one of them";
}

Expected<> Service::make_campaigns() {
  auto from_check = [this](const std::string& tenant, const std::string& domain) {
    return why_not_from(tenant, domain);
  };
  auto content_check = [](const message::CampaignParts& parts) -> Expected<> {
    auto compiled = delivery::compile_campaign(parts);
    if (!compiled) return std::unexpected(compiled.error());
    return {};
  };
  auto opened = campaign::Campaigns::open(*queue_, *log_, clock_, options_.campaigns, std::move(from_check),
                                          std::move(content_check), shaper_->canary(), book_.get());
  if (!opened) return std::unexpected(opened.error());
  campaigns_ = std::move(*opened);
  desk_ = std::make_unique<QueueDesk>(*this);
  return {};
}

Expected<> Service::make_doors() {
  flows_ = std::make_unique<delivery::Flows>(options_.flow, *queue_, *bodies_, clock_);
  reporter_ = std::make_unique<delivery::Reporter>(options_.reports, *queue_, *flows_, *bodies_,
                                                   registry_.make_shard());
  if (options_.doors.empty()) return {};
  for (auto& door : options_.doors) {
    door.from_check = [this](const std::string& tenant, const std::string& domain) {
      return why_not_from(tenant, domain);
    };
  }
  auto doors = delivery::DoorServer::make({.doors = options_.doors}, *flows_, clock_);
  if (!doors) return std::unexpected(doors.error());
  doors_ = std::move(*doors);
  return {};
}

Expected<> Service::make_webhooks() {
  auto made = webhook::Webhooks::make(options_.webhook, options_.webhooks, *queue_, clock_, registry_,
                                      [this] { return log_->exported(); });
  if (!made) return std::unexpected(made.error());
  webhooks_ = std::move(*made);
  return {};
}

Expected<> Service::start_doors() {
  bodies_->start(
      [this](std::uint32_t segment) { return queue::segment_in_use(queue_->database(), segment); });
  reporter_->start();
  return doors_ ? doors_->start() : Expected<>{};
}

Expected<> Service::renew_certificates() {
  std::vector<net::TlsServerContext*> all;
  if (doors_) all = doors_->certificates();
  if (inbound_) {
    for (auto* one : inbound_->certificates()) all.push_back(one);
  }
  return net::renew(all);
}

void Service::set_lost(std::function<void(const Error&)> lost) {
  queue_->committer().set_lost(std::move(lost));
}

Expected<> Service::start() {
  started_once_ = true;
  started_ = clock_.now();
  resolver_thread_.start();
  queue_->start(delivery_->receivers());
  delivery_->start();
  upkeep_->start();
  webhooks_->start();
  exporter_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "exporter");
    export_loop();
  });
  control_tasks_ = std::make_unique<net::TaskGroup>(control_.context(), net::TaskGroupOptions{"control", 64});
  if (auto accepting = start_doors(); !accepting) return accepting;
  if (auto listening = start_http(); !listening) return listening;
  if (auto listening = inbound_ ? inbound_->start() : Expected<>{}; !listening) return listening;
  ticking_ = control_tasks_->spawn(tick_loop());
  SLUICE_ASSERT(ticking_);
  control_.start();
  return {};
}

Expected<> Service::start_http() {
  server_ = std::make_unique<http::Server>(control_.context(), make_router(*this), options_.http);
  if (auto bound = server_->listen_unix(options_.data_dir + "/control.sock"); !bound) return bound;
  if (options_.http_listen.empty()) return {};
  const auto colon = options_.http_listen.rfind(':');
  boost::system::error_code error;
  auto host = options_.http_listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = boost::asio::ip::make_address(host, error);
  if (error || colon == std::string::npos) {
    return fail(ErrorCode::invalid_input,
                "[http] listen: \"" + options_.http_listen + "\" is no address:port");
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(options_.http_listen.c_str() + colon + 1));
  health_ = std::make_unique<http::Server>(control_.context(), make_health_router(*this), options_.http);
  auto bound = health_->listen_tcp({address, port});
  if (!bound) return std::unexpected(bound.error());
  http_address_ = fmt::format("{}:{}", bound->address().to_string(), bound->port());
  return {};
}

void Service::export_loop() {
  const auto much = options_.events.page_events / 2;
  std::chrono::steady_clock::time_point next_expiry{};
  bool failing = false;
  queue::SentExpiry sent(*queue_, options_.sent_keep);
  for (;;) {
    if (const auto now = std::chrono::steady_clock::now(); now >= next_expiry) {
      log_->expire_files(std::filesystem::file_time_type::clock::now());
      const auto more = sent.step(clock_.now());
      if (!more) log::warn("sent_not_expired", {{"reason", more.error().text}});
      next_expiry = now + (more && *more ? kNextStep : kExpireFiles);
    }
    const bool last = stopping_.load(std::memory_order_acquire);
    const auto exported = log_->export_page();
    if (!exported && !failing) log::error("export_failed", {{"reason", exported.error().text}});
    if (exported && failing) log::warn("export_recovered");
    failing = !exported;
    // Each page is a sync of its own: few events wait for others, unless these are the last.
    if (exported && *exported > 0 && (last || *exported >= much)) continue;
    if (last) return;
    std::this_thread::sleep_for(options_.export_interval);
  }
}

/// Nothing of ours follows a step of the wall clock before the next start; people want to know of it all the
/// same.
void Service::tell_clock_step() {
  const auto skew = clock_.skew();
  if (std::chrono::abs(skew - told_skew_) < kClockStep) return;
  told_skew_ = skew;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(skew).count();
  log::warn("clock_stepped",
            {{"skew_ms", ms}, {"reason", "the wall clock differs from ours, which runs on"}});
}

void Service::tick_shaping(Instant now) {
  for (const auto& [campaign, reason] : shaper_->tick(now)) campaigns_->hold(campaign, reason);
}

net::Task<> Service::tick_loop() {
  boost::asio::steady_timer timer(control_.context());
  while (!control_stopping_) {
    tell_clock_step();
    log::tell_left_out();
    if (disk_->look(clock_.now())) delivery_->wake();
    tick_shaping(clock_.now());
    tick_throttles(clock_.now());
    tick_token_keys(clock_.now());
    campaigns_->tick(clock_.now());
    desk_->tick(clock_.now());
    delivery_->sources().expire(clock_.now());
    delivery_->warmups().tick(clock_.now());
    meters_->tick(clock_.now());
    timer.expires_after(kTick);
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

void Service::stop() {
  if (stopped_ || !started_once_) return;
  stopped_ = true;
  if (ticking_) {
    std::promise<void> stopped;
    auto done = stopped.get_future();
    control_.post([this, &stopped] {
      const bool spawned = control_tasks_->spawn(stop_control(&stopped));
      if (!spawned) stopped.set_value();
    });
    done.wait();
    control_.finish();
    control_.join();
  }
  backups_->stop();
  if (inbound_) inbound_->stop();
  if (doors_) doors_->stop();
  reporter_->stop();
  bodies_->stop();
  campaigns_->stop();
  delivery_->stop();
  upkeep_->stop();
  webhooks_->stop();
  queue_->stop();
  stopping_.store(true, std::memory_order_release);
  if (exporter_.joinable()) exporter_.join();
  std::promise<void> closed;
  auto done = closed.get_future();
  resolver_thread_.post([this, &closed] {
    const bool spawned = resolver_tasks_->spawn(stop_resolver(&closed));
    SLUICE_ASSERT(spawned);
  });
  done.wait();
  resolver_thread_.finish();
  resolver_thread_.join();
}

net::Task<> Service::stop_control(std::promise<void>* stopped) {
  co_await server_->stop();
  server_.reset();
  if (health_) {
    co_await health_->stop();
    health_.reset();
  }
  control_stopping_ = true;
  stopped->set_value();
}

net::Task<> Service::stop_resolver(std::promise<void>* stopped) {
  co_await router_->close();
  resolver_->close();
  stopped->set_value();
}

std::vector<std::string> Service::not_ready() const {
  std::vector<std::string> out;
  if (const auto sick = queue_->committer().health()) out.push_back("the store cannot write: " + sick->text);
  if (auto why = queue_->disk().why(); !why.empty()) out.push_back(std::move(why));
  for (auto& stalled : meters_->stalled()) out.push_back(std::move(stalled));
  if (stopping_.load(std::memory_order_acquire)) out.push_back("stopping");
  return out;
}

Expected<boost::json::object> Service::reload() {
  if (!reload_) return fail(ErrorCode::unavailable, "this service was not started from a configuration file");
  return reload_();
}

std::vector<std::pair<std::string, std::string>> Service::facts() const {
  const auto& recovery = queue_->recovery();
  std::vector<std::pair<std::string, std::string>> out;
  out.emplace_back("data_dir", options_.data_dir);
  out.emplace_back("queued", std::to_string(recovery.queued));
  out.emplace_back("in_doubt_found", std::to_string(recovery.in_doubt));
  out.emplace_back("in_doubt_bound",
                   fmt::format("{} for each path that sends", delivery_->doubt_bound_per_path()));
  out.emplace_back("control", options_.data_dir + "/control.sock");
  if (!http_address_.empty()) out.emplace_back("http", http_address_);
  if (inbound_ && !inbound_->smtp_address().empty()) out.emplace_back("bounce", inbound_->smtp_address());
  if (inbound_ && !inbound_->pages_address().empty()) out.emplace_back("public", inbound_->pages_address());
  if (!options_.inbound.maildir.empty()) out.emplace_back("maildir", options_.inbound.maildir);
  if (!doors_) return out;
  for (const auto& endpoint : doors_->endpoints()) {
    out.emplace_back("smtp", fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port()));
  }
  return out;
}

}  // namespace sluice::control
