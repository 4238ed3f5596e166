#include "queue/event_json.hpp"

#include <fmt/format.h>

#include "engine/base/json_text.hpp"

namespace sluice::queue {
namespace {

struct Line {
  std::string& out;

  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    append_json_string(out, value);
  }
  void number(std::string_view name, std::uint64_t value) {
    key(name);
    out += fmt::format_int(value).c_str();
  }
  void key(std::string_view name) {
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
  }
};

void append_reply(Line& line, const Event& event) {
  if (event.reply_code == 0) return;
  line.key("reply");
  line.out += '{';
  line.number("code", event.reply_code);
  line.text("enhanced", event.reply_enhanced);
  line.text("text", event.reply_text);
  line.out += '}';
}

void append_tls(Line& line, const Event& event) {
  if (event.tls_version.empty() && event.tls_policy.empty()) return;
  line.key("tls");
  line.out += '{';
  line.text("version", event.tls_version);
  line.text("cipher", event.tls_cipher);
  line.text("policy", event.tls_policy);
  line.out += '}';
}

bool about_a_recipient(EventKind kind) {
  return is_final(kind) || kind == EventKind::deferred || kind == EventKind::in_doubt;
}

}  // namespace

void append_event_line(std::string& out, std::uint64_t seq, const Event& event, const Stream* stream) {
  out += R"({"v":1,"seq":)";
  out += fmt::format_int(seq).c_str();
  out.append(R"(,"time":")").append(to_rfc3339(from_ms(event.time_ms)));
  out.append(R"(","event":")").append(name_of(event.kind)).append(1, '"');
  Line line{out};
  if (event.id) line.text("id", event.id->text());
  if (event.stream != 0) line.number("stream", event.stream);
  if (stream != nullptr) {
    line.text(stream->settings.kind == StreamKind::campaign ? "campaign" : "flow", stream->settings.name);
    line.text("tenant", stream->settings.tenant);
  }
  line.text("recipient", event.recipient);
  line.text("sender", event.sender);
  line.text("domain", event.domain);
  line.text("site", event.site);
  line.text("provider", event.provider);
  line.text("source", event.source);
  line.text("remote_ip", event.remote_ip);
  line.text("mx", event.mx);
  line.text("stage", event.stage);
  append_reply(line, event);
  line.text(event.kind == EventKind::suppressed ? "reason"
            : event.kind == EventKind::campaign ? "state"
                                                : "class",
            event.event_class);
  if (about_a_recipient(event.kind)) {
    line.number("attempts", event.attempts);
    line.number("queued_ms", event.queued_ms > 0 ? static_cast<std::uint64_t>(event.queued_ms) : 0);
  }
  if (event.size_bytes != 0) line.number("size_bytes", event.size_bytes);
  append_tls(line, event);
  line.text("dkim", event.dkim);
  if (event.count != 0) {
    line.number("count", event.count);
    line.number("first_row", event.first_row);
    line.number("last_row", event.last_row);
  }
  if (event.due_ms > 0) line.text("due", to_rfc3339(from_ms(event.due_ms)));
  line.text("detail", event.detail);
  if (!event.meta.empty()) {
    line.key("meta");
    out.append(event.meta);
  }
  out += "}\n";
}

}  // namespace sluice::queue
