// One connection to the sink: asks its site what to say, waits where the persona is slow, and books what
// came.
#pragma once

#include <cstddef>

#include "engine/sink/domain_table.hpp"
#include "engine/sink/guarded.hpp"
#include "engine/sink/inbox.hpp"
#include "engine/sink/ledger.hpp"
#include "engine/sink/samples.hpp"
#include "engine/sink/site.hpp"
#include "engine/smtp/server_handler.hpp"

namespace sluice::sink {

/// Where a handler books. All outlive it.
struct Books {
  Ledger* ledger = nullptr;  ///< null in counting mode: ids are not looked at
  Samples& samples;
  Inbox& inbox;
  Guarded<DomainTable>& domains;  ///< of the handler's worker
};

class SinkHandler final : public smtp::ServerHandler {
 public:
  SinkHandler(Site& site, Books books) : site_(site), books_(books) {}
  SinkHandler(const SinkHandler&) = delete;
  SinkHandler& operator=(const SinkHandler&) = delete;
  ~SinkHandler() override;

  net::Task<message::Reply> on_connect(const smtp::Envelope& envelope) override;
  net::Task<message::Reply> on_mail(const smtp::Envelope& envelope) override;
  net::Task<message::Reply> on_recipient(const smtp::Envelope& envelope,
                                         const smtp::Recipient& recipient) override;
  net::Task<message::Reply> on_message(const smtp::Envelope& envelope, std::string_view content) override;

 private:
  [[nodiscard]] std::chrono::milliseconds next_delay();
  static net::Task<> pause(std::chrono::milliseconds time);
  void book(const smtp::Envelope& envelope, std::string_view content, bool answered);

  Site& site_;
  Books books_;
  bool connected_ = false;
  std::size_t mails_ = 0;
  std::int64_t mail_us_ = 0;  ///< of the last MAIL, by the wall clock
  std::chrono::milliseconds tarpit_{0};
};

}  // namespace sluice::sink
