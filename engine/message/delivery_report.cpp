#include "engine/message/delivery_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/message/header_field.hpp"

namespace sluice::message {
namespace {

constexpr std::size_t kFieldColumns = 76;
constexpr std::string_view kEnd = "\r\n";

bool has_high_bit(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 126; });
}

/// Printable ASCII alone; runs of blanks, line ends and control bytes become one blank.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxReportText)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += byte < 0x7f ? c : '?';
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

/// RFC 6533's utf-8-addr-xtext: what a field of ASCII says of an address with other letters.
std::string address_text(std::string_view address) {
  if (!has_high_bit(address)) return "rfc822; " + one_line(address);
  std::string out = "utf-8; ";
  for (std::size_t i = 0; i < address.size();) {
    const auto lead = static_cast<unsigned char>(address[i++]);
    if (lead < 0x80) {
      const bool plain = lead > 0x20 && lead < 0x7f && lead != '\\' && lead != '+' && lead != '=';
      out += plain ? std::string(1, static_cast<char>(lead)) : fmt::format("\\x{{{:02X}}}", lead);
      continue;
    }
    std::uint32_t point = lead >= 0xf0 ? lead & 7U : lead >= 0xe0 ? lead & 15U : lead & 31U;
    while (i < address.size() && (static_cast<unsigned char>(address[i]) & 0xc0U) == 0x80)
      point = (point << 6U | (static_cast<unsigned char>(address[i++]) & 63U)) & 0x1fffffU;
    out += fmt::format("\\x{{{:02X}}}", point);
  }
  return out;
}

/// A field folded at blanks; words longer than a line stand as they are.
void add_field(std::string& out, std::string_view name, std::string_view value) {
  std::string line = fmt::format("{}:", name);
  while (!value.empty()) {
    const auto word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(word.size() + 1, value.size()));
    if (line.size() + 1 + word.size() > kFieldColumns && line.find(' ') != std::string::npos) {
      out.append(line).append(kEnd);
      line = "   ";
    }
    line.append(1, ' ').append(word);
  }
  out.append(line).append(kEnd);
}

void add_date(std::string& out, std::string_view name, Instant at) {
  out.append(name).append(": ");
  append_date(out, at);
  out.append(kEnd);
}

std::string_view subject_of(DeliveryReport::Action action) {
  switch (action) {
    case DeliveryReport::Action::failed:
      return "Undelivered Mail Returned to Sender";
    case DeliveryReport::Action::delayed:
      return "Delayed Mail (still being tried)";
    case DeliveryReport::Action::relayed:
      return "Successful Mail Relay Report";
  }
  return {};
}

std::string_view name_of(DeliveryReport::Action action) {
  switch (action) {
    case DeliveryReport::Action::failed:
      return "failed";
    case DeliveryReport::Action::delayed:
      return "delayed";
    case DeliveryReport::Action::relayed:
      return "relayed";
  }
  return {};
}

/// For a person; only plain words of ours and one line of what the receiver said.
std::string sentence(const DeliveryReport& report) {
  auto out = fmt::format("This is the mail system at host {}.\r\n\r\n", report.host);
  switch (report.action) {
    case DeliveryReport::Action::failed:
      out +=
          "Your message could not be delivered to the recipient below, and will\r\n"
          "not be tried again.\r\n";
      break;
    case DeliveryReport::Action::delayed:
      out +=
          "THIS IS A WARNING ONLY. YOU DO NOT NEED TO SEND YOUR MESSAGE AGAIN.\r\n\r\n"
          "Your message could not be delivered yet. It goes on being tried\r\nuntil ";
      append_date(out, report.until);
      out += ".\r\n";
      break;
    case DeliveryReport::Action::relayed:
      out +=
          "Your message was handed to the next mail system, which does not\r\n"
          "report further on delivery.\r\n";
      break;
  }
  const auto said = one_line(report.reply);
  out += fmt::format("\r\n<{}>:\r\n", one_line(report.recipient));
  std::string why;
  if (said.empty()) {
    why = one_line(report.reason);
  } else {
    why = fmt::format("host {} said: {}", one_line(report.remote), said);
  }
  while (!why.empty()) {
    auto cut = why.size() <= kFieldColumns - 4 ? why.size() : why.rfind(' ', kFieldColumns - 4);
    if (cut == std::string::npos || cut == 0) cut = std::min(why.size(), 4 * kFieldColumns);
    out.append("    ").append(why, 0, cut).append(kEnd);
    why.erase(0, std::min(cut + (cut < why.size() && why[cut] == ' ' ? 1 : 0), why.size()));
  }
  return out;
}

std::string status_part(const DeliveryReport& report) {
  std::string out;
  add_field(out, "Reporting-MTA", "dns; " + report.host);
  if (!report.envid.empty()) add_field(out, "Original-Envelope-Id", one_line(report.envid));
  add_date(out, "Arrival-Date", report.arrived);
  out.append(kEnd);
  if (!report.orcpt_type.empty())
    add_field(out, "Original-Recipient", one_line(report.orcpt_type) + "; " + one_line(report.orcpt));
  add_field(out, "Final-Recipient", address_text(report.recipient));
  add_field(out, "Action", name_of(report.action));
  add_field(out, "Status", report.status);
  if (!report.remote.empty()) add_field(out, "Remote-MTA", "dns; " + one_line(report.remote));
  const auto said = one_line(report.reply);
  if (!said.empty()) add_field(out, "Diagnostic-Code", "smtp; " + said);
  if (said.empty() && !report.reason.empty())
    add_field(out, "Diagnostic-Code", "x-sluice; " + one_line(report.reason));
  add_date(out, "Last-Attempt-Date", report.attempted);
  if (report.action == DeliveryReport::Action::delayed) add_date(out, "Will-Retry-Until", report.until);
  return out;
}

/// What comes back, and its type.
std::pair<std::string_view, std::string_view> returned_part(const DeliveryReport& report) {
  if (report.whole) return {report.utf8 ? "message/global" : "message/rfc822", report.original};
  auto header = report.original.substr(0, report.header_bytes);
  if (header.size() > kMaxReturnedHeader)
    header = header.substr(0, header.rfind(kEnd, kMaxReturnedHeader) + kEnd.size());
  return {report.utf8 ? "message/global-headers" : "text/rfc822-headers", header};
}

}  // namespace

ReportText build_report(const DeliveryReport& report) {
  const auto text = sentence(report);
  const auto status = status_part(report);
  const auto [type, returned] = returned_part(report);
  std::string boundary = "=_report_of_delivery";
  while (returned.contains(boundary)) boundary += '_';
  ReportText out;
  out.eight_bit = has_high_bit(returned);
  auto& to = out.content;
  to = fmt::format("From: Mail Delivery System <{}>\r\nTo: <{}>\r\nSubject: {}\r\n", report.from, report.to,
                   subject_of(report.action));
  to += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  to += fmt::format("Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{}\"\r\n",
                    boundary);
  if (out.eight_bit) to += "Content-Transfer-Encoding: 8bit\r\n";
  to += kEnd;
  out.header_bytes = to.size();
  to += fmt::format(
      "--{}\r\nContent-Description: Notification\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n",
      boundary);
  to += text;
  to += fmt::format(
      "\r\n--{}\r\nContent-Description: Delivery report\r\n"
      "Content-Type: message/delivery-status\r\n\r\n",
      boundary);
  to += status;
  if (!returned.empty()) {
    to += fmt::format("\r\n--{}\r\nContent-Description: Undelivered message\r\nContent-Type: {}\r\n",
                      boundary, type);
    if (out.eight_bit) to += "Content-Transfer-Encoding: 8bit\r\n";
    to += kEnd;
    to += returned;
  }
  to += fmt::format("\r\n--{}--\r\n", boundary);
  return out;
}

}  // namespace sluice::message
