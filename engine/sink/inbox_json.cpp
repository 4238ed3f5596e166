#include "engine/sink/inbox_json.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "engine/base/clock.hpp"
#include "engine/base/json_text.hpp"

namespace sluice::sink {
namespace {

namespace json = boost::json;

/// Boost writes bytes as they are: those that are no UTF-8 become \xNN here.
std::string visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

json::array texts(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& one : list) out.emplace_back(visible(one));
  return out;
}

}  // namespace

json::object inbox_list_json(const InboxListing& listing) {
  json::array rows;
  for (const auto& message : listing.rows) {
    const auto line = line_of(*message);
    rows.push_back(json::object{{"number", message->number},
                                {"time", to_rfc3339(from_ms(message->time_ms))},
                                {"sender", visible(message->sender)},
                                {"recipients", texts(message->recipients)},
                                {"subject", visible(line.subject)},
                                {"from", visible(line.from)},
                                {"bytes", message->bytes}});
  }
  json::object out{{"messages", std::move(rows)},
                   {"seen", listing.counts.seen},
                   {"kept", listing.counts.kept},
                   {"here", listing.counts.here}};
  if (listing.rows.size() == kInboxPageRows) out["next"] = listing.rows.back()->number;
  return out;
}

json::object inbox_message_json(const InboxMessage& message, const InboxView& view) {
  json::array fields;
  for (const auto& field : view.fields)
    fields.push_back(json::object{{"name", visible(field.name)}, {"value", visible(field.value)}});
  json::array dkim;
  for (const auto& verdict : view.dkim) {
    dkim.push_back(json::object{{"result", message::name_of(verdict.result)},
                                {"domain", visible(verdict.domain)},
                                {"selector", visible(verdict.selector)},
                                {"algorithm", visible(verdict.algorithm)},
                                {"reason", visible(verdict.reason)}});
  }
  json::array files;
  for (const auto& file : view.attachments)
    files.push_back(
        json::object{{"name", visible(file.name)}, {"type", visible(file.type)}, {"bytes", file.bytes}});
  return {{"number", message.number},
          {"time", to_rfc3339(from_ms(message.time_ms))},
          {"persona", visible(message.persona)},
          {"peer", visible(message.peer)},
          {"hello", visible(message.hello)},
          {"tls", visible(message.tls)},
          {"sender", visible(message.sender)},
          {"recipients", texts(message.recipients)},
          {"recipients_beyond", message.recipients_beyond},
          {"bytes", message.bytes},
          {"cut", view.cut},
          {"subject", visible(view.subject)},
          {"from", visible(view.from)},
          {"to", visible(view.to)},
          {"date", visible(view.date)},
          {"html", visible(view.html)},
          {"text", visible(view.text)},
          {"header", std::move(fields)},
          {"attachments", std::move(files)},
          {"dkim", std::move(dkim)}};
}

}  // namespace sluice::sink
