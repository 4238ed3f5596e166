// One client at the door: decides about its senders, recipients and messages, and waits for the disk.
#pragma once

#include <string>

#include "engine/delivery/door.hpp"
#include "engine/delivery/raw_header.hpp"
#include "engine/smtp/server_handler.hpp"

namespace sluice::delivery {

/// `door` outlives it.
class DoorSession final : public smtp::ServerHandler {
 public:
  DoorSession(Door& door, const smtp::Peer& peer) : door_(door), client_(peer.address) {}
  ~DoorSession() override {
    if (entered_) door_.leave(client_);
  }

  net::Task<message::Reply> on_connect(const smtp::Envelope& envelope) override;
  net::Task<message::Reply> on_mail(const smtp::Envelope& envelope) override;
  net::Task<message::Reply> on_recipient(const smtp::Envelope& envelope,
                                         const smtp::Recipient& recipient) override;
  net::Task<message::Reply> on_message(const smtp::Envelope& envelope, std::string_view content) override;

 private:
  Expected<RawMessage> compose(const smtp::Envelope& envelope, std::string_view content) const;
  static std::vector<RawRecipient> recipients_of(const smtp::Envelope& envelope);
  net::Task<Expected<MessageId>> store(RawMessage message);

  Door& door_;
  const std::string client_;
  bool entered_ = false;
};

}  // namespace sluice::delivery
