// Who talks to a server, and what one transaction has said so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/smtp/server_parameters.hpp"
#include "engine/smtp/server_path.hpp"

namespace sluice::smtp {

/// The two ends of a connection, as numbers.
struct Peer {
  std::string address = {};  ///< "127.0.0.1", "2001:db8::1"
  std::uint16_t port = 0;
  std::string local_address = {};
  std::uint16_t local_port = 0;
};

/// A mailbox as the client wrote it: untrusted text without control bytes.
struct Mailbox {
  std::string address;  ///< "" for the null sender
  std::size_t at = 0;   ///< index of the '@'; address.size() when there is no domain (<>, <Postmaster>)

  [[nodiscard]] std::string_view local() const { return std::string_view(address).substr(0, at); }
  [[nodiscard]] std::string_view domain() const {
    return at < address.size() ? std::string_view(address).substr(at + 1) : std::string_view{};
  }
};

struct Recipient {
  Mailbox mailbox;
  RecipientParameters parameters;
};

struct Envelope {
  Peer peer;
  std::string hello;  ///< the name given in EHLO or HELO
  bool esmtp = false;
  bool tls = false;
  std::string tls_version;  ///< "TLSv1.3"; empty without TLS
  std::string tls_cipher;
  Mailbox sender;
  MailParameters parameters;
  std::vector<Recipient> recipients;  ///< accepted ones only, in order
};

}  // namespace sluice::smtp
