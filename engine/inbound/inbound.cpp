#include "engine/inbound/inbound.hpp"

#include <boost/asio/steady_timer.hpp>
#include <future>
#include <sstream>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "engine/inbound/bounce_session.hpp"
#include "engine/inbound/unsubscribe_pages.hpp"
#include "engine/net/stream.hpp"
#include "engine/smtp/server_listener.hpp"

namespace sluice::inbound {
namespace {

std::string text_of(const net::Endpoint& endpoint) {
  std::ostringstream out;
  out << endpoint;
  return out.str();
}

}  // namespace

Inbound::Inbound(Options options, Returns& returns, Languages languages, metrics::Registry* registry)
    : options_(std::move(options)),
      returns_(returns),
      languages_(std::move(languages)),
      intake_(options_, returns_),
      limit_(options_.token_messages, options_.token_span),
      meter_(registry),
      tasks_(worker_.context(), net::TaskGroupOptions{"inbound", 4}),
      watchers_(worker_.context(), net::TaskGroupOptions{"maildir", 4}) {}

Inbound::~Inbound() { stop(); }

Expected<std::unique_ptr<Inbound>> Inbound::make(Options options, Returns& returns,
                                                 metrics::Registry* registry) {
  auto languages = Languages::load(options.languages);
  if (!languages) return std::unexpected(languages.error());
  auto out =
      std::unique_ptr<Inbound>(new Inbound(std::move(options), returns, std::move(*languages), registry));
  if (auto read = out->read_certificates(); !read) return std::unexpected(read.error());
  if (out->options_.maildir.empty()) return out;
  auto drop = DropFolder::open(out->options_, out->intake_, out->meter_);
  if (!drop) return fail(drop.error(), "[bounce] maildir");
  out->drop_.emplace(std::move(*drop));
  return out;
}

Expected<> Inbound::read_certificates() {
  if (!options_.certificate_file.empty()) {
    auto made = net::TlsServerContext::make(options_.certificate_file, options_.key_file);
    if (!made) return fail(made.error(), "[bounce] cert_file");
    smtp_tls_ = std::move(*made);
  }
  if (options_.pages_certificate_file.empty()) return {};
  auto made = net::TlsServerContext::make(options_.pages_certificate_file, options_.pages_key_file);
  if (!made) return fail(made.error(), "[public] cert_file");
  pages_tls_ = std::move(*made);
  return {};
}

std::vector<net::TlsServerContext*> Inbound::certificates() const {
  std::vector<net::TlsServerContext*> out;
  for (const auto* context : {&smtp_tls_, &pages_tls_}) {
    if (*context) out.push_back(context->get());
  }
  return out;
}

Expected<> Inbound::listen_for_mail() {
  smtp::ServerListenerOptions options;
  options.server = options_.server;
  options.server.starttls = smtp_tls_ != nullptr;
  options.addresses = {*options_.smtp};
  options.max_connections = options_.max_connections;
  auto handlers = [this](const smtp::Peer&) {
    return std::make_unique<BounceSession>(options_, returns_, limit_, meter_);
  };
  auto made = smtp::ServerListener::start(worker_.context(), std::move(options), std::move(handlers),
                                          smtp_tls_.get());
  if (!made) return fail(made.error(), "[bounce] listen");
  smtp_ = std::move(*made);
  smtp_address_ = text_of(smtp_->endpoints().front());
  return {};
}

Expected<> Inbound::listen() {
  if (auto listening = options_.smtp ? listen_for_mail() : Expected<>{}; !listening) return listening;
  if (drop_) {
    const bool spawned = watchers_.spawn(watch());
    SLUICE_ASSERT(spawned);
  }
  if (!options_.pages) return {};
  auto router = unsubscribe_router(returns_, languages_, options_, limit_, meter_);
  pages_ = std::make_unique<http::Server>(worker_.context(), std::move(router), options_.http);
  auto bound = pages_->listen_tcp(*options_.pages, pages_tls_.get());
  if (!bound) return fail(bound.error(), "[public] listen");
  pages_address_ = text_of(*bound);
  return {};
}

net::Task<> Inbound::watch() {
  boost::asio::steady_timer timer(worker_.context());
  bool failing = false;
  while (!watchers_.cancelled()) {
    const auto more = co_await drop_->look();
    if (!more && !failing && more.error().code != ErrorCode::cancelled)
      log::warn("maildir_failed", {{"reason", more.error().text}});
    failing = !more;
    if (more && *more) continue;
    timer.expires_after(options_.maildir_look);
    co_await timer.async_wait(net::kTuple);
  }
}

Expected<> Inbound::start() {
  auto listening = listen();
  running_ = true;
  worker_.start();
  if (!listening) stop();
  return listening;
}

void Inbound::stop() {
  if (!running_) return;
  running_ = false;
  std::promise<void> closed;
  auto done = closed.get_future();
  worker_.post([this, &closed] {
    const bool spawned = tasks_.spawn(close(&closed));
    SLUICE_ASSERT(spawned);
  });
  done.wait();
  worker_.finish();
  worker_.join();
}

net::Task<> Inbound::close(std::promise<void>* closed) {
  watchers_.cancel();
  co_await watchers_.join();
  if (smtp_) co_await smtp_->drain(net::Deadline::after(options_.drain_for));
  smtp_.reset();
  if (pages_) co_await pages_->stop();
  pages_.reset();
  closed->set_value();
}

}  // namespace sluice::inbound
