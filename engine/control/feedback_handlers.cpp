#include "engine/control/feedback_handlers.hpp"

#include <boost/json.hpp>

#include "engine/control/commit_changes.hpp"
#include "engine/control/service.hpp"
#include "engine/feedback/visible_text.hpp"
#include "engine/inbound/intake.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using feedback::ResultClass;
using http::Request;
using http::Response;
using http::Task;

constexpr std::size_t kAddressBytes = 320;

json::object row_of(std::string_view what, std::string_view recipient, std::string_view why) {
  return {{"what", what},
          {"recipient", feedback::visible_text(recipient, kAddressBytes)},
          {"class", why},
          {"proven", what != "unknown" && what != "trusted" && what != "nothing"}};
}

/// What a report says of an address, believed because an operator says so: an entry for the tenant, or a soft
/// bounce. False: nothing follows from it.
bool trust(const feedback::Result& result, const std::string& tenant, Instant now,
           suppression::Changes& changes) {
  const auto& named = result.original_recipient.empty() ? result.recipient : result.original_recipient;
  auto subject = suppression::Subject::parse(named);
  if (!subject || !result.final() || !named.contains('@') || named.starts_with('@')) return false;
  suppression::Entry entry;
  entry.scope = suppression::Scope::tenant;
  entry.tenant = tenant;
  entry.source = "feedback file";
  entry.time_ms = to_ms(now);
  if (result.result == ResultClass::complaint &&
      result.recipient_action() != feedback::RecipientAction::none) {
    entry.reason = suppression::Reason::complaint;
  } else if (result.result == ResultClass::hard) {
    entry.reason = suppression::Reason::invalid_recipient;
  } else if (result.result == ResultClass::soft && name_of(result.reason) == "mailbox-full") {
    changes.soft.push_back({std::move(*subject), tenant, to_ms(now), false, true});
    return true;
  } else {
    return false;
  }
  changes.add.push_back({std::move(*subject), std::move(entry)});
  return true;
}

/// Those a message names, taken at its word.
Task<Response> take_at_its_word(Service* service, Request request) {
  const auto report = feedback::parse_feedback(request.body, *service->options().delivery.classifier);
  const auto tenant = std::string(request.query_or("tenant", "default"));
  json::array rows;
  suppression::Changes changes;
  for (const auto& result : report.results) {
    const bool trusted = trust(result, tenant, service->clock().now(), changes);
    const auto& named = result.original_recipient.empty() ? result.recipient : result.original_recipient;
    rows.push_back(row_of(trusted ? "trusted" : "nothing", named, name_of(result.reason)));
  }
  if (changes.add.empty() && changes.soft.empty())
    co_return http::json_response(json::object{{"results", std::move(rows)}});
  const auto report_of = co_await commit_changes(service, std::move(changes));
  if (!report_of) co_return http::error_response(report_of.error());
  if (!report_of->subjects.empty()) co_return http::error_response(Error{ErrorCode::limit, report_of->why});
  co_return http::json_response(json::object{{"results", std::move(rows)}});
}

Task<Response> take(Service* service, Request request) {
  const bool trusts = request.query_or("trust", "") == "recipients";
  if (service->returns() == nullptr) {
    if (!trusts)
      co_return http::error_response(
          Error{ErrorCode::unavailable,
                "this service signs no tokens: [bounce] domain or [public] listen is not set"});
    auto said = co_await take_at_its_word(service, std::move(request));
    co_return said;
  }
  const inbound::Intake intake(service->options().inbound, *service->returns());
  const auto taken = co_await intake.take_file(request.body);
  if (!taken) co_return http::error_response(taken.error());
  bool unknown = true;
  json::array rows;
  for (const auto& one : *taken) {
    unknown = unknown && one.what == "unknown";
    rows.push_back(row_of(one.what, one.recipient, one.bounce_class));
  }
  if (!unknown || !trusts) co_return http::json_response(json::object{{"results", std::move(rows)}});
  auto said = co_await take_at_its_word(service, std::move(request));
  co_return said;
}

}  // namespace

void add_feedback_handlers(http::Router& out, Service& service) {
  out.add("POST", "/v1/feedback", [&service](Request r) { return take(&service, std::move(r)); });
}

}  // namespace sluice::control
