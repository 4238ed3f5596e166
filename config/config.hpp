// Everything a person can set, as plain values. The initialisers here are the defaults: the one home of each.
// The key's name, range and explanation stand in the schema (schema_*.cpp), and config/sluice.toml is
// generated from both. engine/app translates these structs into each module's Options. Copyable; no threads;
// no invariants beyond what load() has checked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/value.hpp"
#include "engine/campaign/limits.hpp"

namespace sluice::config {

using Count = std::uint32_t;
/// What a [[policy]] or [[route]] looks at: tenant, stream, class, source, pool, provider, site, domain,
/// remote_ip.
using Match = std::map<std::string, std::string>;

struct Log {
  std::string level = "info";
  std::string format = "auto";
};

struct Spool {
  std::string dir;  ///< after load() never empty: data_dir/spool unless set
  Millis settle{10'000};
  Millis rescan{30'000};
  Millis done_keep{0};  ///< 0: for ever
};

/// The bounds' own home is engine/campaign/limits.hpp.
struct CampaignLimits {
  Count active = 1000;
  ByteSize list_size{campaign::DirectoryLimits{}.list_bytes};
  ByteSize list_unpacked{campaign::ListLimits{}.unpacked_bytes};
  Count compression_ratio = campaign::ListLimits{}.ratio;
  Count list_columns = campaign::ListLimits{}.columns;
  ByteSize row_size{campaign::ListLimits{}.row_bytes};
  ByteSize template_size{campaign::DirectoryLimits{}.template_bytes};
  Count attachments = campaign::DirectoryLimits{}.attachments;
  Count inline_images = campaign::DirectoryLimits{}.inline_images;
  ByteSize parts_size{campaign::DirectoryLimits{}.parts_bytes};
  ByteSize dedup_memory = mib(64);
  Millis remember_ids{90LL * 86'400'000};
};

struct Store {
  Millis commit_interval{10};
  ByteSize block_cache = mib(32);
  ByteSize write_buffer = mib(64);
  ByteSize wal_size = mib(128);
  ByteSize refuse_below = gib(1);
  ByteSize stop_below = mib(256);
  ByteSize ballast = mib(64);
  ByteSize segment_from = kib(4);
  ByteSize segment_size = mib(256);
  Millis sent_keep{30LL * 86'400'000};
};

struct Limits {
  Count lanes = 65'536;
  Count connections = 2000;
  Count sites = 100'000;
};

struct Events {
  Millis keep{14LL * 86'400'000};
  ByteSize keep_size = gib(50);
  ByteSize file_size = mib(64);
};

/// The bounds' own home is engine/suppression/options.hpp.
struct Suppression {
  bool from_bounces = true;
  std::string bounce_scope = "tenant";
  Millis domain_keep{3LL * 86'400'000};
  Count soft_events = 4;
  Millis soft_span{7LL * 86'400'000};
  Millis soft_spacing{20LL * 3'600'000};
  Millis soft_decay{30LL * 86'400'000};
  Count subjects = 200'000'000;
  Count entries_per_subject = 64;
  Count recent = 500'000;
  Count audit_lines = 1'000'000;
};

struct Dns {
  std::vector<std::string> servers;
  Millis timeout{10'000};
  Count cache_entries = 200'000;
  Millis ttl_min{60'000};
  Millis ttl_max{86'400'000};
  Millis negative_ttl{300'000};
};

struct Tls {
  std::string mode = "opportunistic";
  bool verify = false;
  std::string ca_file;
  Count sessions = 10'000;
};

struct Delivery {
  Count smtp_port = 25;
  std::string ehlo;  ///< empty: the host's own name; a [[source]]'s ehlo comes first
  Count connections_per_site = 10;
  Count messages_per_connection = 100;
  std::string connection_rate;  ///< empty: no limit
  std::string message_rate;
  Count lease_run = 64;
  bool chunking = false;
  Millis idle{60'000};
  Millis connect_timeout{30'000};
  Millis banner_timeout{300'000};
  Millis command_timeout{300'000};
  Millis data_timeout{120'000};
  Millis block_timeout{180'000};
  Millis final_timeout{600'000};
};

struct Retry {
  std::vector<Millis> ladder{Millis{300'000},   Millis{600'000},   Millis{1'800'000},
                             Millis{3'600'000}, Millis{7'200'000}, Millis{14'400'000}};
  std::vector<Millis> greylist{Millis{60'000}, Millis{300'000}, Millis{900'000}, Millis{1'800'000}};
  Count jitter = 20;
  Millis expire{172'800'000};
  std::string in_doubt = "retry";
  Millis in_doubt_delay{1'800'000};
  Count in_doubt_tries = 2;
};

struct Http {
  std::string listen;
  Count connections = 256;
  ByteSize header_size = kib(16);
  ByteSize body_size = mib(1);
  Millis idle{30'000};
};

struct Public {
  std::string listen;
  std::string url;
  std::string cert_file;
  std::string key_file;
  Count connections = 1000;
};

struct Bounce {
  std::string domain;
  std::string listen;
  std::string cert_file;
  std::string key_file;
  std::string maildir;
  std::string rules;  ///< a rule file of one's own, before config/bounce_rules.toml
  Count connections = 200;
  ByteSize message_size = mib(1);
  Millis idle{60'000};
};

struct Listener {
  std::string listen;
  std::vector<std::string> trusted_networks;
  std::string tenant = "default";
  std::string ehlo;
  std::string starttls = "off";
  std::string cert_file;
  std::string key_file;
  Count connections = 1000;
  Count connections_per_client = 100;
  Count recipients = 1000;
  ByteSize message_size = mib(25);
  Millis idle{300'000};
};

struct Source {
  std::string name;
  std::string address;
  std::string address6;
  std::string ehlo;
  std::string warmup;        ///< a ladder's name or its steps; empty: none
  std::string warmup_start;  ///< a day; empty: the first day it is used
};

struct Pool {
  std::string name;
  std::vector<std::string> sources;
  std::vector<Count> weights;  ///< in the order of sources; empty: equal
};

/// 0 and empty: not given.
struct Provider {
  std::string name;
  std::vector<std::string> mx_suffixes;
  std::vector<std::string> networks;
  std::string per = "provider";
  Count connections = 0;
  std::string connection_rate;
  Count messages_per_connection = 0;
  std::string message_rate;
  std::string tls;
  std::string source;
};

struct Shaping {
  bool enabled = true;
  std::string providers_file;
  std::string rules_file;
};

/// How a back-off goes; the bounds' and defaults' own home is engine/shaping/rule.hpp.
struct ShapingGait {
  Millis pause{60'000};
  Millis pause_max{3'600'000};
  Count reduce = 50;
  Millis recover_every{300'000};
  Count recover = 25;
  Millis recover_max{7'200'000};
  std::string least = "6/min";
};

struct ShapingRule {
  std::string name;
  bool enabled = true;
  std::string provider;
  std::vector<std::string> stages;
  std::vector<std::string> codes;
  std::vector<std::string> enhanced;
  std::vector<std::string> texts;
  std::vector<std::string> bounce_classes;
  std::string per = "provider";
  std::string action = "slow";
  Millis pause = ShapingGait{}.pause;
  Millis pause_max = ShapingGait{}.pause_max;
  Count reduce = ShapingGait{}.reduce;
  Millis recover_every = ShapingGait{}.recover_every;
  Count recover = ShapingGait{}.recover;
  Millis recover_max = ShapingGait{}.recover_max;
  std::string least = ShapingGait{}.least;
};

struct ShapingController {
  std::string name;
  bool enabled = true;
  std::string of;
  std::string over = "path";
  std::string above;
  Count minimum = 500;
  Millis window{600'000};
  std::string action = "slow";
  Millis pause = ShapingGait{}.pause;
  Millis pause_max = ShapingGait{}.pause_max;
  Count reduce = ShapingGait{}.reduce;
  Millis recover_every = ShapingGait{}.recover_every;
  Count recover = ShapingGait{}.recover;
  Millis recover_max = ShapingGait{}.recover_max;
  std::string least = ShapingGait{}.least;
};

struct Route {
  std::string name;
  Match match;
  std::vector<std::string> hosts;
  std::string pool;
  std::string tls;
};

struct Dkim {
  std::string domain;
  std::string selector;
  std::string key_file;
};

struct Tenant {
  std::string name;
  Count weight = 1;
  std::string message_rate;
  std::string mail_from;
};

struct Sender {
  std::string tenant = "default";
  std::vector<std::string> from_domains;
};

/// Reports to senders of mail taken by SMTP.
struct Dsn {
  bool enabled = true;
  std::string from;
  Millis delay{4LL * 3'600'000};
  ByteSize full_size = kib(50);
};

/// The bounds' own home is engine/webhook/options.hpp.
struct Webhook {
  std::string name;
  std::string url;
  std::vector<std::string> secret_files;
  std::vector<std::string> tenants;
  std::vector<std::string> events;
  Count batch_events = 500;
  ByteSize batch_size = kib(512);
  Millis batch_wait{1000};
  Millis timeout{30'000};
  Millis retry_min{1000};
  Millis retry_max{300'000};
  bool plain = false;
};

struct Policy {
  std::string name;
  Match match;
  std::string message_rate;
  std::string byte_rate;
  std::string connection_rate;
  Count connections = 0;
  Count messages_per_connection = 0;
  Count hourly_quota = 0;
  Count daily_quota = 0;
  bool override = false;
};

struct Config {
  std::string data_dir = "/var/lib/sluice";
  Count workers = 0;
  Count node = 0;
  Log log;
  Spool spool;
  CampaignLimits campaign;
  Store store;
  Limits limits;
  Events events;
  Suppression suppression;
  Dns dns;
  Delivery delivery;
  Tls tls;
  Retry retry;
  Http http;
  Public public_;
  Bounce bounce;
  Dsn dsn;
  std::vector<Listener> listeners;
  std::vector<Source> sources;
  std::vector<Pool> pools;
  std::vector<Provider> providers;
  std::vector<Route> routes;
  std::vector<Dkim> dkim;
  std::vector<Tenant> tenants;
  std::vector<Sender> senders;
  std::vector<Policy> policies;
  std::vector<Webhook> webhooks;
  Shaping shaping;

  /// What load() has put together of the shipped files, the user's own, and `providers`: not keys of this
  /// file.
  std::vector<Provider> known_providers;
  std::vector<ShapingRule> shaping_rules;
  std::vector<ShapingController> shaping_controllers;
};

}  // namespace sluice::config
