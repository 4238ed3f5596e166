#include "engine/delivery/report_rule.hpp"

#include "engine/smtp/server_parameters.hpp"
#include "engine/smtp/xtext.hpp"

namespace sluice::delivery {

bool owes_report(std::string_view payload, queue::EventKind kind) {
  const auto raw = RawPayload::decode(payload);
  if (!raw || raw->sender.empty()) return false;
  const auto notify = raw->dsn.notify;
  switch (kind) {
    case queue::EventKind::bounced:
    case queue::EventKind::expired:
      return notify == 0 || (notify & smtp::kNotifyFailure) != 0;
    case queue::EventKind::delivered:
      return (notify & smtp::kNotifySuccess) != 0;
    case queue::EventKind::deferred:
      return (notify & smtp::kNotifyDelay) != 0;
    default:
      return false;
  }
}

void ReportTexts::assign(const DsnRequest& from) {
  envid.clear();
  notify.clear();
  orcpt.clear();
  const auto asked = static_cast<smtp::Return>(from.ret);
  ret = asked == smtp::Return::full ? "FULL" : asked == smtp::Return::headers ? "HDRS" : "";
  smtp::append_xtext(envid, from.envid);
  if (!from.orcpt_type.empty()) {
    orcpt.append(from.orcpt_type).append(1, ';');
    smtp::append_xtext(orcpt, from.orcpt);
  }
  if ((from.notify & smtp::kNotifyNever) != 0) {
    notify = "NEVER";
    return;
  }
  const std::pair<int, const char*> words[] = {
      {smtp::kNotifySuccess, "SUCCESS"}, {smtp::kNotifyFailure, "FAILURE"}, {smtp::kNotifyDelay, "DELAY"}};
  for (const auto& [bit, word] : words) {
    if ((from.notify & bit) == 0) continue;
    if (!notify.empty()) notify += ',';
    notify += word;
  }
}

}  // namespace sluice::delivery
