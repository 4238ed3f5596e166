// What became of one transaction: every recipient has exactly one result, and the times that reports need.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/reply.hpp"
#include "engine/smtp/envelope.hpp"
#include "engine/smtp/stage.hpp"

namespace sluice::smtp {

/// One of three: the server's reply (`reply.code` != 0), the loss of the connection (`error`), or `local`.
struct RecipientResult {
  Stage stage = Stage::mail;  ///< where it was decided
  message::Reply reply;       ///< code 0: no reply decided
  std::optional<Error>
      error;  ///< timeout, cancelled, unavailable, or invalid_input: the server broke the protocol
  LocalFailure local = LocalFailure::none;
  /// The connection was lost, timed out or broke the protocol after the end of the content may have left and
  /// before its reply: the server may have the message.
  bool in_doubt = false;

  [[nodiscard]] bool accepted() const { return stage == Stage::dot && reply.positive(); }
};

struct TransactionResult {
  using Time = std::chrono::steady_clock::time_point;

  std::vector<RecipientResult> recipients;  ///< in the envelope's order
  std::size_t bytes_sent = 0;               ///< content with stuffing and dot, whatever left of it
  Time mail_written{};     ///< when the write that held MAIL FROM returned; zero: it never did
  Time content_written{};  ///< when the content's end was handed to the kernel; zero: never
  Time finished{};
  /// Replies heard in this transaction. None, and an error, on a connection used before: it was stale;
  /// nothing was refused, another connection may be tried at once.
  std::size_t replies = 0;
  bool reports_passed = false;  ///< the server offers DSN and was given what the envelope asks of reports
  bool reusable = false;        ///< the connection may take another transaction
  bool next_begun = false;      ///< the next envelope's commands are out: the next send() must be for it
};

}  // namespace sluice::smtp
