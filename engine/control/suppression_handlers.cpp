#include "engine/control/suppression_handlers.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "engine/control/commit_changes.hpp"
#include "engine/control/service.hpp"
#include "engine/control/suppression_answers.hpp"
#include "engine/http/percent.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using http::Request;
using http::Response;
using http::Task;

template <class Fn>
http::Handler answer(Fn fn) {
  return [fn](Request request) -> Task<Response> { co_return fn(request); };
}

Response response_of(const Expected<json::object>& result) {
  return result ? http::json_response(*result) : http::error_response(result.error());
}

/// The text members of a JSON body.
Expected<SuppressionWords> words_of(const std::string& body) {
  boost::system::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object()) return fail(ErrorCode::invalid_input, "the body is no JSON object");
  SuppressionWords out;
  for (const auto& [name, member] : value.get_object()) {
    if (!member.is_string()) return fail(ErrorCode::invalid_input, std::string(name) + " is no text");
    out.emplace(name, member.get_string());
  }
  return out;
}

Response answer_of(const Expected<suppression::ChangeReport>& report) {
  if (!report) return http::error_response(report.error());
  if (!report->subjects.empty()) return http::error_response(Error{ErrorCode::limit, report->why});
  return http::json_response(change_answer(*report));
}

Task<Response> add(Service* service, Request request) {
  auto words = words_of(request.body);
  if (!words) co_return http::error_response(words.error());
  auto subject = suppression::Subject::parse((*words)["address"]);
  if (!subject) co_return http::error_response(subject.error());
  words->erase("address");
  if (!words->contains("source")) (*words)["source"] = "operator";
  auto entry = entry_of(*words, service->clock().now());
  if (!entry) co_return http::error_response(entry.error());
  suppression::Changes changes;
  changes.by_hand = true;
  changes.add.push_back({std::move(*subject), std::move(*entry)});
  const auto report = co_await commit_changes(service, std::move(changes));
  co_return answer_of(report);
}

Task<Response> remove(Service* service, Request request) {
  const auto words = words_of(request.body);
  if (!words) co_return http::error_response(words.error());
  auto removal = removal_of(*words);
  if (!removal) co_return http::error_response(removal.error());
  suppression::Changes changes;
  changes.remove.push_back(std::move(*removal));
  const auto report = co_await commit_changes(service, std::move(changes));
  co_return answer_of(report);
}

/// One step: rows of a file, whole ones, or (`note`) an audit line about the whole.
Task<Response> import(Service* service, Request request) {
  auto words = request.query;
  const auto taken = [&](const char* name) {
    auto node = words.extract(name);
    return node.empty() ? std::string() : std::move(node.mapped());
  };
  const auto note = taken("note");
  const auto first_row = taken("first_row");
  const auto line_text = taken("line");
  std::uint64_t line = 0;
  std::from_chars(line_text.data(), line_text.data() + line_text.size(), line);
  const auto now = service->clock().now();
  const auto entry = entry_of(words, now);
  if (!entry) co_return http::error_response(entry.error());
  suppression::Changes changes;
  changes.import = true;
  suppression::ImportPart part;
  if (!note.empty()) {
    changes.audit.push_back({to_ms(now), "import", {}, entry->by, note.substr(0, 1000), {}});
  } else {
    const auto format = suppression::ImportFormat::of(first_row);
    if (!format || line == 0)
      co_return http::error_response(400, "invalid_input",
                                     format ? "line is a number from 1" : format.error().text);
    part = suppression::read_part(*format, request.body, line, *entry);
    changes.add = std::move(part.rows);
  }
  const auto rows = changes.add.size();
  const auto report = co_await commit_changes(service, std::move(changes));
  if (!report) co_return http::error_response(report.error());
  auto out = import_answer(*report, part);
  out["rows"] = rows + part.bad.size();
  json::array refused;
  for (const auto& subject : report->subjects) {
    if (refused.size() == kBadRowsTold) break;
    refused.emplace_back(subject);
  }
  out["refused_subjects"] = std::move(refused);
  co_return http::json_response(out);
}

Response status(Service& service) {
  const auto& book = service.suppressed();
  const auto counts = book.counts();
  return http::json_response(json::object{{"subjects", counts.subjects},
                                          {"entries", counts.entries},
                                          {"soft_bounces", counts.soft_rows},
                                          {"recent", book.delta().size()},
                                          {"pass_owed", book.pass_owed()},
                                          {"filter_ready", book.filter_ready()},
                                          {"filter_bytes", book.filter_bytes()},
                                          {"event_cursor", book.cursor()}});
}

}  // namespace

void add_suppression_handlers(http::Router& out, Service& service) {
  const auto& lookup = service.suppressed().lookup();
  out.add("GET", "/v1/suppressions",
          answer([&lookup](const Request& r) { return response_of(suppression_list(lookup, r.query)); }));
  out.add("GET", "/v1/suppressions/check", answer([&lookup, &service](const Request& r) {
            return response_of(suppression_check(lookup, r.query, service.clock().now()));
          }));
  out.add("GET", "/v1/suppressions/audit",
          answer([&lookup](const Request& r) { return response_of(suppression_audit(lookup, r.query)); }));
  out.add("GET", "/v1/suppressions/status", answer([&service](const Request&) { return status(service); }));
  out.add("POST", "/v1/suppressions", [&service](Request r) { return add(&service, std::move(r)); });
  out.add("POST", "/v1/suppressions/remove",
          [&service](Request r) { return remove(&service, std::move(r)); });
  out.add("POST", "/v1/suppressions/import",
          [&service](Request r) { return import(&service, std::move(r)); });
}

}  // namespace sluice::control
