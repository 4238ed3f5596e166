// One recipient's message ready for the wire, with everything its bytes live in. Reused message after
// message.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/not_suppressed.hpp"
#include "engine/delivery/report_rule.hpp"
#include "engine/delivery/warmup_book.hpp"
#include "engine/message/content.hpp"
#include "engine/smtp/envelope.hpp"
#include "queue/lease.hpp"

namespace sluice::delivery {

/// `message` points into this object: it must not move while it is being sent (hold it by unique_ptr).
struct Prepared final : smtp::Consent {
  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  queue::Held held;
  WarmupShare share;  ///< of its source's warm-up
  NotSuppressed allowed;
  MessageId id;
  std::string sender;
  std::string recipient;
  message::RenderedMessage rendered;
  std::string signatures;               ///< DKIM-Signature fields
  std::string signed_by;                ///< "domain/selector …" for the event
  std::chrono::nanoseconds signing{0};  ///< the time that took; 0: not signed
  std::string raw;                      ///< a stored body, where the content is not rendered
  ReportTexts reports;                  ///< what the envelope's report points to
  std::vector<std::string_view> pieces;
  std::array<std::string_view, 1> recipients;
  smtp::Message message;

  /// Its stream was not paused or cancelled meanwhile, and nobody asked not to be written to.
  [[nodiscard]] bool given() const override {
    return held.stream->state() == queue::StreamState::running && allowed.still();
  }
  /// Sets `message` from sender, recipient and pieces.
  void finish(smtp::ContentForm form) {
    recipients[0] = recipient;
    std::uint64_t size = 0;
    for (const auto piece : pieces) size += piece.size();
    message.envelope = smtp::Envelope{sender, recipients, size, false, false, {}, this};
    message.content = pieces;
    message.form = form;
  }
};

}  // namespace sluice::delivery
