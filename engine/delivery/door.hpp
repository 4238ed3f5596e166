// The SMTP door: what one [[listener]] accepts into a tenant's flow.
//
// Guarantee: 250 comes after the message is on disk. Never an open relay: only clients of trusted networks
// may name a recipient, and a network of everybody is refused when the door is made. Includes no SMTP header:
// those of the server and those of the client must not meet in one file.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery/flow.hpp"
#include "engine/delivery/trusted_networks.hpp"
#include "engine/smtp/server_options.hpp"

namespace sluice::delivery {

/// May mail of this tenant be from this domain? Nothing: yes; else why not. Any thread.
using FromCheck =
    std::function<std::optional<std::string>(const std::string& tenant, const std::string& domain)>;

struct DoorOptions {
  boost::asio::ip::tcp::endpoint listen;      ///< port 0: any free one
  std::vector<std::string> trusted_networks;  ///< CIDR; empty: everybody is refused
  std::string tenant = "default";
  FromCheck from_check;          ///< empty: any From; else also a From that names no single domain is refused
  std::string certificate_file;  ///< PEM; with key_file: STARTTLS is offered
  std::string key_file;
  smtp::ServerOptions server;          ///< name, sizes, recipients, timeouts; starttls follows from the files
  std::size_t max_connections = 1000;  ///< on all threads together; beyond: 421 4.3.2
  std::size_t max_connections_per_client = 100;  ///< from one address; beyond: 421 4.7.0
  std::chrono::milliseconds store_timeout{
      300'000};                   ///< for the disk; then 451: it may yet be kept, and come twice
  std::size_t max_received = 50;  ///< Received fields; beyond: 554 5.4.6
};

struct DoorStats {
  std::uint64_t messages = 0;            ///< answered 250
  std::uint64_t recipients = 0;          ///< of them
  std::uint64_t relay_refused = 0;       ///< recipients named by clients that are not trusted
  std::uint64_t recipients_refused = 0;  ///< addresses that are none
  std::uint64_t messages_refused = 0;    ///< 5xx to a text
  std::uint64_t messages_deferred = 0;   ///< 4xx to a text or sender
};

/// What the sessions of one listener share; on every thread.
class Door {
 public:
  /// Fails (invalid_input) on networks TrustedNetworks refuses, and on one of certificate and key without the
  /// other.
  [[nodiscard]] static Expected<std::unique_ptr<Door>> make(DoorOptions options, const Clock& clock);

  [[nodiscard]] const DoorOptions& options() const { return options_; }
  [[nodiscard]] const TrustedNetworks& trusted() const { return trusted_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Flow& flow() const { return *flow_; }
  void set_flow(Flow& flow) { flow_ = &flow; }

  /// One of max_connections_per_client; give it back with leave(). False: none is left.
  [[nodiscard]] bool enter(const std::string& client);
  void leave(const std::string& client);

  [[nodiscard]] DoorStats stats() const;

  // Counted by the sessions, on their threads.
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> recipients{0};
  std::atomic<std::uint64_t> relay_refused{0};
  std::atomic<std::uint64_t> recipients_refused{0};
  std::atomic<std::uint64_t> messages_refused{0};
  std::atomic<std::uint64_t> messages_deferred{0};

 private:
  Door(DoorOptions options, TrustedNetworks trusted, const Clock& clock)
      : options_(std::move(options)), trusted_(std::move(trusted)), clock_(clock) {}

  const DoorOptions options_;
  const TrustedNetworks trusted_;
  const Clock& clock_;
  Flow* flow_ = nullptr;
  std::mutex clients_mutex_;                    ///< connections of one client come in on every thread
  std::map<std::string, std::size_t> clients_;  ///< at most max_connections entries
};

}  // namespace sluice::delivery
