#include "engine/inbound/inbound.hpp"

#include <future>
#include <sstream>

#include "engine/base/assert.hpp"
#include "engine/inbound/bounce_session.hpp"
#include "engine/inbound/unsubscribe_pages.hpp"
#include "engine/smtp/server_listener.hpp"

namespace sluice::inbound {
namespace {

std::string text_of(const net::Endpoint& endpoint) {
  std::ostringstream out;
  out << endpoint;
  return out.str();
}

}  // namespace

Inbound::Inbound(Options options, Returns& returns, Languages languages)
    : options_(std::move(options)),
      returns_(returns),
      languages_(std::move(languages)),
      limit_(options_.token_messages, options_.token_span),
      tasks_(worker_.context(), net::TaskGroupOptions{"inbound", 4}) {}

Inbound::~Inbound() { stop(); }

Expected<std::unique_ptr<Inbound>> Inbound::make(Options options, Returns& returns) {
  auto languages = Languages::load(options.languages);
  if (!languages) return std::unexpected(languages.error());
  return std::unique_ptr<Inbound>(new Inbound(std::move(options), returns, std::move(*languages)));
}

Expected<> Inbound::listen() {
  if (options_.smtp) {
    smtp::ServerListenerOptions options;
    options.server = options_.server;
    options.addresses = {*options_.smtp};
    options.max_connections = options_.max_connections;
    auto handlers = [this](const smtp::Peer&) {
      return std::make_unique<BounceSession>(options_, returns_, limit_);
    };
    auto made = smtp::ServerListener::start(worker_.context(), std::move(options), std::move(handlers));
    if (!made) return fail(made.error(), "[bounce] listen");
    smtp_ = std::move(*made);
    smtp_address_ = text_of(smtp_->endpoints().front());
  }
  if (!options_.pages) return {};
  pages_ = std::make_unique<http::Server>(worker_.context(),
                                          unsubscribe_router(returns_, languages_, options_), options_.http);
  auto bound = pages_->listen_tcp(*options_.pages);
  if (!bound) return fail(bound.error(), "[public] listen");
  pages_address_ = text_of(*bound);
  return {};
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
  if (smtp_) co_await smtp_->drain(net::Deadline::after(options_.drain_for));
  smtp_.reset();
  if (pages_) co_await pages_->stop();
  pages_.reset();
  closed->set_value();
}

}  // namespace sluice::inbound
