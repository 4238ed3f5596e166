// The running engine: every part made, started in order, and stopped in the reverse one.
//
// Threads: committer, feeder, exporter, resolver, N delivery workers, and control, which answers operators
// and moves campaigns on. start() and stop() from the owner's thread; campaigns and handlers on control's.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/campaign/campaigns.hpp"
#include "engine/control/backups.hpp"
#include "engine/control/disk_watch.hpp"
#include "engine/control/feed_meter.hpp"
#include "engine/control/live_counts.hpp"
#include "engine/control/meters.hpp"
#include "engine/control/queue_desk.hpp"
#include "engine/control/shaper.hpp"
#include "engine/delivery/delivery.hpp"
#include "engine/delivery/door_server.hpp"
#include "engine/delivery/reporter.hpp"
#include "engine/delivery/smtp_transport.hpp"
#include "engine/dns/router.hpp"
#include "engine/feedback/token_keys.hpp"
#include "engine/http/server.hpp"
#include "engine/inbound/inbound.hpp"
#include "engine/suppression/upkeep.hpp"
#include "engine/webhook/webhooks.hpp"
#include "queue/event_log.hpp"

namespace sluice::control {

struct DkimKeyFile {
  std::string domain;
  std::string selector;
  std::string path;
};

/// From domains a tenant may use though no key signs for them.
struct SenderDomains {
  std::string tenant;
  std::vector<std::string> domains;
};

struct ServiceOptions {
  std::string data_dir;
  std::string version;  ///< of the program, for /metrics
  queue::Options queue;
  store::DiskLimits disk;
  queue::EventLogOptions events;
  campaign::CampaignsOptions campaigns;
  delivery::Options delivery;
  net::TlsClientOptions tls;
  dns::ResolverOptions resolver;
  dns::RouterOptions router;
  std::vector<dns::RouteRule> routes;
  std::vector<throttle::PolicyOptions> policies;
  queue::TenantWeights tenant_weights;
  shaping::Options shaping;
  bool shaping_enabled = true;               ///< off: paths back off by themselves
  std::vector<delivery::DoorOptions> doors;  ///< SMTP submission; one per [[listener]]
  store::SegmentsOptions bodies;             ///< where what the doors accept is kept
  delivery::FlowOptions flow;
  delivery::ReporterOptions reports;
  suppression::Options suppression;
  inbound::Options inbound;   ///< what comes back
  bool signs_tokens = false;  ///< [bounce] domain or [public] listen is set
  webhook::Options webhook;
  std::vector<webhook::EndpointOptions> webhooks;
  std::vector<DkimKeyFile> dkim;
  std::vector<SenderDomains> senders;
  http::ServerOptions http;
  std::string http_listen;                        ///< "127.0.0.1:8025"; empty: only the control socket
  std::chrono::hours sent_keep{30 * 24};          ///< of the `sent` index
  std::chrono::milliseconds export_interval{50};  ///< the exporter looks for new events so often
};

class Service {
 public:
  /// Opens the store and makes every part; nothing is sent yet.
  [[nodiscard]] static Expected<std::unique_ptr<Service>> make(ServiceOptions options);
  ~Service();

  [[nodiscard]] Expected<> start();
  /// Transactions under way end, everything is settled and exported. Idempotent.
  void stop();

  /// What the operator should see at start: recovery, the doubt bound, addresses.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const;
  [[nodiscard]] std::string http_address() const { return http_address_; }
  /// What to do when the store cannot write before a new start: called once, on the committer's thread. Set
  /// before start().
  void set_lost(std::function<void(const Error&)> lost);
  /// Limits were loosened or ended: what was put off until they would open is looked at again. Any thread.
  void limits_changed();
  /// What POST /v1/reload does and answers. Set before start(). Runs on the control thread.
  void set_reload(std::function<Expected<boost::json::object>()> reload) { reload_ = std::move(reload); }

  [[nodiscard]] queue::Queue& queue() { return *queue_; }
  [[nodiscard]] campaign::Campaigns& campaigns() { return *campaigns_; }
  [[nodiscard]] delivery::Delivery& delivery() { return *delivery_; }
  [[nodiscard]] throttle::PolicySet& policies() { return *policies_; }
  [[nodiscard]] Shaper& shaper() { return *shaper_; }
  [[nodiscard]] dns::Router& router() { return *router_; }
  /// Control's thread.
  [[nodiscard]] QueueDesk& desk() { return *desk_; }
  [[nodiscard]] Backups& backups() { return *backups_; }
  [[nodiscard]] suppression::Book& suppressed() { return *book_; }
  [[nodiscard]] webhook::Webhooks& webhooks() { return *webhooks_; }
  /// Control's thread, but for config_changed().
  [[nodiscard]] Meters& meters() { return *meters_; }
  [[nodiscard]] dns::Resolver& resolver() { return *resolver_; }
  [[nodiscard]] const DiskWatch& disk() const { return *disk_; }
  /// Null: return tokens are not signed.
  [[nodiscard]] inbound::Returns* returns() { return returns_.get(); }
  /// Null: no door is configured.
  [[nodiscard]] const delivery::DoorServer* doors() const { return doors_.get(); }
  /// Reads the doors' certificates again: all, or none when one cannot be used. Any thread.
  [[nodiscard]] Expected<> renew_certificates();
  [[nodiscard]] const LiveCounts& live() const { return live_; }
  [[nodiscard]] const queue::EventLog& events() const { return *log_; }
  [[nodiscard]] const ServiceOptions& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] net::Worker& control() { return control_; }
  [[nodiscard]] const message::DkimSigner& signer() const { return signer_; }
  [[nodiscard]] delivery::ContentStore& contents() { return *contents_; }
  [[nodiscard]] Instant started() const { return started_; }
  /// Empty: ready; else why not. Control's thread.
  [[nodiscard]] std::vector<std::string> not_ready() const;
  [[nodiscard]] Expected<boost::json::object> reload();

 private:
  explicit Service(ServiceOptions options);

  Expected<> make_queue();
  Expected<> make_suppression();
  Expected<> open_token_keys();
  Expected<> make_inbound();
  [[nodiscard]] net::Task<inbound::Place> place_of(std::string domain);
  void came_back(const queue::Event& event);
  void tick_token_keys(Instant now);
  Expected<> make_disk_watch();
  Expected<> make_network();
  Expected<> make_campaigns();
  Expected<> load_keys();
  Expected<> make_doors();
  Expected<> make_webhooks();
  /// Nothing: mail of the tenant may be from that domain. Any thread.
  [[nodiscard]] std::optional<std::string> why_not_from(const std::string& tenant,
                                                        const std::string& domain) const;
  Expected<> start_doors();
  Expected<> start_http();
  void export_loop();
  void tell_clock_step();
  void tick_shaping(Instant now);
  Expected<> make_policies();
  void tick_throttles(Instant now);
  void on_override(const throttle::OverrideChange& change);
  net::Task<> tick_loop();
  net::Task<> stop_control(std::promise<void>* stopped);
  net::Task<> stop_resolver(std::promise<void>* stopped);

  ServiceOptions options_;
  SystemClock clock_;
  Instant started_{};
  Micros told_skew_{0};        ///< control's thread only
  Instant throttles_saved_{};  ///< control's thread only
  Instant next_key_look_{};    ///< control's thread only
  LiveCounts live_;
  metrics::Registry registry_;  ///< outlives everybody who counts
  FeedMeter feed_meter_{registry_.make_shard()};
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<DiskWatch> disk_;
  std::unique_ptr<suppression::Book> book_;
  std::unique_ptr<queue::EventLog> log_;
  std::unique_ptr<store::Segments> bodies_;
  std::unique_ptr<Backups> backups_;
  net::Worker resolver_thread_{"resolver"};
  std::unique_ptr<net::TaskGroup> resolver_tasks_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<dns::Router> router_;
  std::unique_ptr<delivery::RouterRoutes> routes_;
  delivery::SmtpNetwork network_;
  std::unique_ptr<throttle::PolicySet> policies_;
  std::unique_ptr<Shaper> shaper_;
  std::unique_ptr<queue::ThrottleRows> throttle_rows_;
  std::unique_ptr<feedback::TokenKeys> token_keys_;  ///< null: tokens are not signed
  std::unique_ptr<delivery::ContentStore> contents_;
  std::unique_ptr<suppression::Upkeep> upkeep_;
  message::DkimSigner signer_;
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<campaign::Campaigns> campaigns_;
  std::unique_ptr<QueueDesk> desk_;
  std::unique_ptr<delivery::Flows> flows_;
  std::unique_ptr<delivery::DoorServer> doors_;
  std::unique_ptr<inbound::Returns> returns_;
  std::unique_ptr<inbound::Inbound> inbound_;  ///< null: neither door is configured
  std::unique_ptr<delivery::Reporter> reporter_;
  std::unique_ptr<webhook::Webhooks> webhooks_;
  std::unique_ptr<Meters> meters_;
  net::Worker control_{"control"};
  std::unique_ptr<net::TaskGroup> control_tasks_;
  std::unique_ptr<http::Server> server_;  ///< control.sock
  std::unique_ptr<http::Server> health_;  ///< [http] listen
  std::string http_address_;
  std::function<Expected<boost::json::object>()> reload_;
  std::thread exporter_;
  std::atomic<bool> stopping_{false};
  bool control_stopping_ = false;  ///< control's thread only
  bool ticking_ = false;           ///< control runs: it has to be stopped on its own thread
  bool started_once_ = false;
  bool stopped_ = false;
};

}  // namespace sluice::control
