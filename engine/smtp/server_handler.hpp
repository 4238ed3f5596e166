// What a server does with what it is told: the submission door, the bounce door and the sink each have one.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "engine/message/reply.hpp"
#include "engine/net/task.hpp"
#include "engine/smtp/server_envelope.hpp"

namespace sluice::smtp {

/// One connection's handler, on the connection's thread. The envelope, recipient and content stay valid until
/// the task is over. Replies: 220 (connect) or 2xx accept, 421 is written and ends the session, a
/// default-made Reply (code 0) ends it without an answer, anything else refuses the step. Waits must end by
/// themselves: the session's deadline covers the peer, not the handler.
class ServerHandler {
 public:
  virtual ~ServerHandler() = default;

  virtual net::Task<message::Reply> on_connect(const Envelope& envelope);
  virtual net::Task<message::Reply> on_mail(const Envelope& envelope);
  /// `envelope.recipients` are those accepted before `recipient`.
  virtual net::Task<message::Reply> on_recipient(const Envelope& envelope, const Recipient& recipient);
  /// A 2xx means the message is ours: answer after it is safe. `content` is CRLF text without the final dot,
  /// dots unstuffed, no bare CR or LF. By BDAT it may lack the last CRLF.
  virtual net::Task<message::Reply> on_message(const Envelope& envelope, std::string_view content) = 0;
};

/// Makes the handler of a new connection; never null.
using MakeServerHandler = std::function<std::unique_ptr<ServerHandler>(const Peer&)>;

}  // namespace sluice::smtp
