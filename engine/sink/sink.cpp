#include "engine/sink/sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <deque>

#include "engine/base/log.hpp"
#include "engine/sink/inbox_server.hpp"
#include "engine/sink/self_signed.hpp"
#include "engine/sink/sink_worker.hpp"

namespace sluice::sink {
namespace {

constexpr std::size_t kMaxAddresses = 1000;
constexpr std::size_t kMaxThreads = 64;
constexpr std::size_t kReadBytes = 64 << 10;  // several pipelined messages a read
constexpr std::chrono::milliseconds kDrain{1000};

Expected<net::Endpoint> parse_address(const std::string& text) {
  const auto bad = [&] { return fail(ErrorCode::invalid_input, "\"" + text + "\" is no ADDRESS:PORT"); };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return bad();
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, wrong] = std::from_chars(text.data() + colon + 1, end, port);
  boost::system::error_code error;
  const auto address = net::asio::ip::make_address(host, error);
  if (error || wrong != std::errc{} || stopped != end) return bad();
  return net::Endpoint(address, port);
}

std::string text_of(const net::Endpoint& at) {
  const auto address = at.address().to_string();
  return at.address().is_v6() ? fmt::format("[{}]:{}", address, at.port())
                              : fmt::format("{}:{}", address, at.port());
}

smtp::ServerOptions server_options(const Options& options, const Persona& persona) {
  return {.hostname = options.hostname,
          .product = "sluice sink",
          .smtputf8 = persona.smtputf8,
          .chunking = persona.chunking,
          .starttls = persona.tls != Tls::none,
          .require_tls = persona.tls == Tls::required,
          .max_message_bytes = persona.max_message_bytes,
          .max_text_line_bytes = options.max_text_line_bytes,
          .max_refusals = 0,
          .read_bytes = kReadBytes};
}

SiteStats stats_of(const Site& site, const net::Endpoint& at) {
  const auto& c = site.counters();
  SiteStats out{.listen = text_of(at), .persona = site.persona().name};
  const auto get = [](const SiteCounters::Count& count) { return count.load(std::memory_order_relaxed); };
  out.connections = get(c.connections);
  out.connections_refused = get(c.connections_refused);
  out.most_open = get(c.most_open);
  out.mails = get(c.mails);
  out.peak_mails_per_s = c.mail_rate.peak();
  out.rate_limited = get(c.rate_limited);
  out.recipients = get(c.recipients);
  out.bounced = get(c.bounced);
  out.mailbox_full = get(c.mailbox_full);
  out.greylisted = get(c.greylisted);
  out.deferred = get(c.deferred);
  out.scripted = get(c.scripted);
  out.messages = get(c.messages);
  out.deliveries = get(c.deliveries);
  out.duplicates = get(c.duplicates);
  out.unidentified = get(c.unidentified);
  out.dropped = get(c.dropped);
  out.bytes = get(c.bytes);
  out.tls_mails = get(c.tls_mails);
  out.refusals = c.refusals.counts();
  return out;
}

/// From the first message of any site to the last.
double active_seconds(const std::deque<Site>& sites) {
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t last = 0;
  for (const auto& site : sites) {
    const auto at = site.counters().first_message_us.load(std::memory_order_relaxed);
    if (at != 0) first = std::min(first, at);
    last = std::max(last, site.counters().last_message_us.load(std::memory_order_relaxed));
  }
  return last > first ? static_cast<double>(last - first) / 1e6 : 0;
}

Expected<> write_file(const std::string& path, const std::string& text) {
  auto* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return fail(ErrorCode::io, "cannot write " + path);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return fail(ErrorCode::io, "cannot write " + path);
  return {};
}

}  // namespace

struct Sink::State {
  explicit State(Options o) : options(std::move(o)), samples(options.samples), inbox(options.inbox) {}

  [[nodiscard]] Expected<> prepare();
  [[nodiscard]] Expected<> run();
  [[nodiscard]] Expected<> open_inbox();

  Options options;
  std::unique_ptr<Ledger> ledger;  // null in counting mode
  Samples samples;
  Inbox inbox;
  std::unique_ptr<net::TlsServerContext> tls;
  std::deque<Site> sites;  // immovable
  std::vector<Door> doors;
  std::vector<std::unique_ptr<SinkWorker>> workers;  // after all they refer to
  std::unique_ptr<InboxServer> inbox_server;         // null: no inbox
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::optional<Expected<Stats>> stopped;
};

Expected<> Sink::State::prepare() {
  if (options.addresses.empty() || options.addresses.size() > kMaxAddresses) {
    return fail(ErrorCode::invalid_input, fmt::format("a sink has 1 to {} addresses", kMaxAddresses));
  }
  if (options.threads == 0 || options.threads > kMaxThreads) {
    return fail(ErrorCode::invalid_input, fmt::format("a sink has 1 to {} threads", kMaxThreads));
  }
  bool needs_tls = false;
  for (const auto& address : options.addresses) {
    if (auto good = check(address.persona); !good) return good;
    auto endpoint = parse_address(address.listen);
    if (!endpoint) return std::unexpected(std::move(endpoint.error()));
    auto& site = sites.emplace_back(address.persona, options.seed);
    doors.push_back({*endpoint, site, server_options(options, address.persona)});
    needs_tls = needs_tls || address.persona.tls != Tls::none;
  }
  if (needs_tls) {
    auto made = make_self_signed(options.hostname);
    if (!made) return std::unexpected(std::move(made.error()));
    tls = std::move(*made);
  }
  if (options.accounting == Accounting::counting) return {};
  auto opened = Ledger::open(options.ledger);
  if (!opened) return std::unexpected(std::move(opened.error()));
  ledger = std::move(*opened);
  return samples.open();
}

Expected<> Sink::State::run() {
  for (std::size_t i = 0; i < options.threads; ++i) {
    auto& worker = workers.emplace_back(
        std::make_unique<SinkWorker>(SinkWorkerOptions{.name = fmt::format("sink-{}", i),
                                                       .max_connections = options.max_connections,
                                                       .max_domains = options.max_domains,
                                                       .reuse_port = options.threads > 1}));
    if (auto started_it = worker->start(doors, ledger.get(), samples, inbox, tls.get()); !started_it)
      return started_it;
  }
  return {};
}

Expected<> Sink::State::open_inbox() {
  if (!inbox.on()) return {};
  if (options.accounting == Accounting::counting)
    return fail(ErrorCode::invalid_input, "counting looks at no message: it goes without an inbox");
  if (inbox.options().every == 0)
    return fail(ErrorCode::invalid_input, "inbox: every 0th message makes no sense");
  const auto endpoint = parse_address(inbox.options().listen);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto server = InboxServer::start(inbox, *endpoint);
  if (!server) return std::unexpected(std::move(server.error()));
  inbox_server = std::move(*server);
  if (!endpoint->address().is_loopback())
    log::warn("inbox_public", {{"address", text_of(inbox_server->address())}});
  return {};
}

Sink::Sink(std::unique_ptr<State> state) : state_(std::move(state)) {}

Expected<std::unique_ptr<Sink>> Sink::start(Options options) {
  auto state = std::make_unique<State>(std::move(options));
  if (auto good = state->prepare(); !good) return std::unexpected(std::move(good.error()));
  if (auto good = state->open_inbox(); !good) return std::unexpected(std::move(good.error()));
  if (auto good = state->run(); !good) return std::unexpected(std::move(good.error()));
  return std::unique_ptr<Sink>(new Sink(std::move(state)));
}

Sink::~Sink() {
  if (const auto stopped = stop(); !stopped)
    log::error("sink_stop_failed", {{"reason", stopped.error().text}});
}

std::vector<std::string> Sink::addresses() const {
  std::vector<std::string> out;
  for (const auto& door : state_->doors) out.push_back(text_of(door.endpoint));
  return out;
}

std::string Sink::inbox_address() const {
  return state_->inbox_server ? text_of(state_->inbox_server->address()) : std::string();
}

Stats Sink::stats() const {
  const auto& s = *state_;
  if (s.stopped && *s.stopped) return **s.stopped;
  Stats out;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - s.started;
  out.seconds = since.count();
  for (const auto& door : s.doors) {
    const auto& site = out.sites.emplace_back(stats_of(door.site, door.endpoint));
    out.messages += site.messages;
    out.deliveries += site.deliveries;
    out.bytes += site.bytes;
  }
  out.active_seconds = active_seconds(s.sites);
  out.samples = s.samples.written();
  if (s.ledger == nullptr) return out;
  out.unique = s.ledger->unique();
  out.duplicates = s.ledger->duplicates();
  out.untracked = s.ledger->untracked();
  out.log_complete = !s.ledger->log_failed();
  for (const auto& worker : s.workers) {
    worker->domains().with([&](const DomainTable& table) {
      for (const auto& [domain, counts] : table.all()) out.domains[domain] += counts;
    });
  }
  return out;
}

Expected<Stats> Sink::stop() {
  auto& s = *state_;
  if (s.stopped) return *s.stopped;
  for (auto& worker : s.workers) worker->stop(kDrain);
  if (s.ledger) s.ledger->flush();
  Expected<Stats> result = stats();
  const auto& path = s.options.stats_file;
  auto written = path.empty() ? Expected<>() : write_file(path, result->to_json() + '\n');
  if (!written) {
    result = std::unexpected(std::move(written.error()));
  } else if (!result->log_complete) {
    result = fail(ErrorCode::io, "the log of ids is not complete: " + s.options.ledger.log_file);
  }
  s.stopped = result;
  return result;
}

}  // namespace sluice::sink
