// What is blocked and why, without asking anybody: of a record and of a stream.
#include <algorithm>
#include <boost/json.hpp>

#include "engine/control/explain.hpp"
#include "engine/suppression/import_row.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using delivery::Blocker;

std::string text_of(const json::object* event, std::string_view key) {
  const auto* value = event == nullptr ? nullptr : event->if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::string kind_of(const queue::Trail& trail, const json::object* event, bool no_route) {
  if (trail.greylisted) return "greylist";
  if (no_route || text_of(event, "class") == "dns") return "dns";
  if (text_of(event, "class") == "tls" || text_of(event, "stage") == "starttls") return "tls";
  const bool tried =
      event != nullptr || trail.attempts > 0 || trail.doubts > 0;  // its event may not be exported yet
  return tried ? "retry" : "window";  // put off without an attempt: for its own window
}

}  // namespace

std::vector<Blocker> stream_blockers(const queue::Stream& stream, const std::string& note, Instant now) {
  std::vector<Blocker> out;
  const auto state = stream.state();
  const std::string why = note.empty() ? "" : ": " + note;
  if (state == queue::StreamState::paused) {
    const bool canary = note.find("canary") != std::string::npos;
    out.push_back({canary ? "canary" : "pause", "\"" + stream.settings.name + "\" is paused" + why});
  } else if (state != queue::StreamState::running) {
    out.push_back({"over", "\"" + stream.settings.name + "\" is " + queue::name_of(state) + why});
  }
  const auto opens = stream.opens(now);
  if (opens == now) return out;
  const auto start = from_ms(stream.settings.start_ms);
  if (now < start) {
    out.push_back({"start", "starts later", {}, start});
  } else {
    out.push_back({"window", "outside its sending windows", {}, opens});
  }
  return out;
}

std::vector<Blocker> record_blockers(const queue::Found& found, const json::object* last_event,
                                     bool no_route) {
  const auto record = found.record();
  if (found.state == queue::Waiting::leased) return {{"attempt", "is being attempted now"}};
  if (found.state == queue::Waiting::held)
    return {{"held", "not sent until released: sluice queue release ID"}};
  if (found.state != queue::Waiting::deferred) return {};
  Blocker out;
  out.kind = kind_of(record.value.trail, last_event, no_route);
  out.until = queue::to_instant(record.key.due);
  const auto* reply = last_event == nullptr ? nullptr : last_event->if_contains("reply");
  if (reply != nullptr && reply->is_object()) out.what = text_of(&reply->as_object(), "text");
  if (out.what.empty()) out.what = text_of(last_event, "detail");
  if (out.what.empty()) out.what = "put off";
  const auto told = text_of(last_event, "time").substr(0, std::string_view("2026-11-26T08:00:00").size());
  if (const auto since = told.empty() ? std::nullopt : suppression::parse_time(told + "Z"))
    out.since = from_ms(*since);
  return {out};
}

json::object blocker_json(const Blocker& blocker) {
  json::object out;
  out["kind"] = blocker.kind;
  out["what"] = blocker.what;
  out["since"] = blocker.since == Instant{} ? "" : to_rfc3339(blocker.since);
  out["until"] = blocker.until == Instant::max() ? "" : to_rfc3339(blocker.until);
  return out;
}

json::object finish_json(const std::string& provider, std::uint64_t remaining, const Pace& pace,
                         Instant now) {
  const bool measured = pace.measured > 0;
  const double per_second = measured ? pace.measured : pace.allowed;
  const auto begins = measured ? now : std::max(now, pace.begins);
  constexpr double kLongest = 10.0 * 366 * 86'400;  // seconds; later is no prediction
  const double seconds = per_second > 0 ? static_cast<double>(remaining) / per_second : kLongest;
  const bool known = begins != Instant::max() && seconds < kLongest;
  json::object out{
      {"provider", provider}, {"remaining", remaining}, {"rate_per_s", known ? per_second : 0.0}};
  out["basis"] = !known ? "unknown" : measured ? "measured" : "limits";
  const auto takes = std::chrono::milliseconds(known ? static_cast<std::int64_t>(seconds * 1000) : 0);
  out["at"] = known ? to_rfc3339(begins + takes) : std::string();
  return out;
}

void end_with_last(json::array& rows) {
  auto& whole = rows.back().as_object();
  if (whole.at("at").as_string().empty()) return;
  for (const auto& row : rows) {
    // RFC 3339 in UTC with the same digits: in order as text.
    const auto& at = row.as_object().at("at").as_string();
    if (at > whole.at("at").as_string()) whole["at"] = at;
  }
}

}  // namespace sluice::control
