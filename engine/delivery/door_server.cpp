#include "engine/delivery/door_server.hpp"

#include <algorithm>
#include <future>
#include <string>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "engine/delivery/door_session.hpp"
#include "engine/net/worker.hpp"
#include "engine/smtp/server_listener.hpp"

namespace sluice::delivery {

/// One a door; null where it has none.
struct DoorServer::Certificates {
  std::vector<std::unique_ptr<net::TlsServerContext>> contexts;
};

struct DoorServer::Thread {
  explicit Thread(unsigned number) : worker("door-" + std::to_string(number)), drainers(worker.context()) {}

  /// On the loop. All listeners at once: none accepts while another waits for its sessions.
  void drain(net::Deadline deadline, std::promise<void>* drained) {
    draining = listeners.size();
    if (draining == 0) return drained->set_value();
    for (auto& listener : listeners) {
      const bool spawned = drainers.spawn(drain_one(listener.get(), deadline, drained));
      SLUICE_ASSERT(spawned);
    }
  }
  net::Task<> drain_one(smtp::ServerListener* listener, net::Deadline deadline, std::promise<void>* drained) {
    co_await listener->drain(deadline);
    if (--draining > 0) co_return;
    listeners.clear();
    drained->set_value();
  }

  net::Worker worker;
  net::TaskGroup drainers;
  std::vector<std::unique_ptr<smtp::ServerListener>> listeners;
  std::size_t draining = 0;
};

DoorServer::DoorServer(DoorServerOptions options, Flows& flows)
    : options_(std::move(options)), flows_(flows), certificates_(std::make_unique<Certificates>()) {}

Expected<std::unique_ptr<DoorServer>> DoorServer::make(DoorServerOptions options, Flows& flows,
                                                       const Clock& clock) {
  if (options.threads < 1 || options.threads > 64) {
    return fail(ErrorCode::invalid_input, "the doors need 1 to 64 threads");
  }
  auto server = std::unique_ptr<DoorServer>(new DoorServer(std::move(options), flows));
  for (const auto& one : server->options_.doors) {
    auto door = Door::make(one, clock);
    if (!door) return std::unexpected(door.error());
    server->doors_.push_back(std::move(*door));
    auto& context = server->certificates_->contexts.emplace_back();
    if (one.certificate_file.empty()) continue;
    auto made = net::TlsServerContext::make(one.certificate_file, one.key_file);
    if (!made) return std::unexpected(made.error());
    context = std::move(*made);
  }
  return server;
}

DoorServer::~DoorServer() { stop(); }

std::vector<net::TlsServerContext*> DoorServer::certificates() const {
  std::vector<net::TlsServerContext*> out;
  for (const auto& context : certificates_->contexts) {
    if (context) out.push_back(context.get());
  }
  return out;
}

Expected<> DoorServer::start() {
  for (const auto& door : doors_) {
    auto flow = flows_.get(door->options().tenant);
    if (!flow) return std::unexpected(flow.error());
    door->set_flow(**flow);
  }
  for (unsigned i = 0; i < options_.threads; ++i) threads_.push_back(std::make_unique<Thread>(i));
  auto listening = listen();
  for (auto& thread : threads_) thread->worker.start();
  if (!listening) stop();
  if (!listening) endpoints_.clear();
  return listening;
}

Expected<> DoorServer::listen() {
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    auto& door = *doors_[i];
    auto at = door.options().listen;  // with port 0 the first thread's free port is the others' too
    for (auto& thread : threads_) {
      smtp::ServerListenerOptions options;
      options.server = door.options().server;
      options.addresses = {at};
      options.max_connections = std::max<std::size_t>(1, door.options().max_connections / threads_.size());
      options.reuse_port = threads_.size() > 1;
      auto handlers = [&door](const smtp::Peer& peer) { return std::make_unique<DoorSession>(door, peer); };
      auto made = smtp::ServerListener::start(thread->worker.context(), std::move(options),
                                              std::move(handlers), certificates_->contexts[i].get());
      if (!made) return fail(made.error(), "listening for SMTP");
      at = (*made)->endpoints().front();
      thread->listeners.push_back(std::move(*made));
    }
    endpoints_.push_back(at);
    if (door.trusted().empty()) log::warn("door_trusts_nobody", {{"port", at.port()}});
  }
  return {};
}

void DoorServer::stop() {
  const auto deadline = net::Deadline::after(options_.drain_for);
  std::vector<std::promise<void>> drained(threads_.size());
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    auto* thread = threads_[i].get();
    auto* promise = &drained[i];
    thread->worker.post([thread, deadline, promise] { thread->drain(deadline, promise); });
  }
  for (auto& promise : drained) promise.get_future().wait();
  for (auto& thread : threads_) {
    thread->worker.finish();
    thread->worker.join();
  }
  threads_.clear();
}

}  // namespace sluice::delivery
