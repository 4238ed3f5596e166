// What a sender of mail taken by SMTP is owed (RFC 3461), and what of it goes on to the next server.
#pragma once

#include <string>
#include <string_view>

#include "engine/delivery/raw_payload.hpp"
#include "engine/smtp/envelope.hpp"
#include "queue/event.hpp"

namespace sluice::delivery {

/// queue::DebtRule of flows: failures unless NOTIFY leaves them out, success and delay where it names them;
/// never to the null sender, so that no report is about a report. Suppressed and cancelled recipients owe
/// nothing: that was our own doing, and a report would tell who has unsubscribed from whom.
[[nodiscard]] bool owes_report(std::string_view payload, queue::EventKind kind);

/// The parameters in the form of commands; views into the texts.
struct ReportTexts {
  std::string envid;
  std::string notify;
  std::string orcpt;
  std::string_view ret;

  void assign(const DsnRequest& from);
  [[nodiscard]] smtp::ReportRequest request() const { return {ret, envid, notify, orcpt}; }
};

}  // namespace sluice::delivery
