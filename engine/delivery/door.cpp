#include "engine/delivery/door.hpp"

namespace sluice::delivery {

Expected<std::unique_ptr<Door>> Door::make(DoorOptions options, const Clock& clock) {
  auto trusted = TrustedNetworks::parse(options.trusted_networks);
  if (!trusted) return std::unexpected(trusted.error());
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return fail(ErrorCode::invalid_input,
                "a listener needs both a certificate file and a key file, or neither");
  }
  options.server.starttls = !options.certificate_file.empty();
  if (options.server.require_tls && !options.server.starttls) {
    return fail(ErrorCode::invalid_input,
                "a listener that requires TLS needs a certificate file and a key file");
  }
  return std::unique_ptr<Door>(new Door(std::move(options), std::move(*trusted), clock));
}

bool Door::enter(const std::string& client) {
  const std::lock_guard lock(clients_mutex_);
  auto& count = clients_[client];
  if (count >= options_.max_connections_per_client) return false;
  ++count;
  return true;
}

void Door::leave(const std::string& client) {
  const std::lock_guard lock(clients_mutex_);
  const auto at = clients_.find(client);
  if (at != clients_.end() && --at->second == 0) clients_.erase(at);
}

DoorStats Door::stats() const {
  return {messages, recipients, relay_refused, recipients_refused, messages_refused, messages_deferred};
}

}  // namespace sluice::delivery
