#include "engine/feedback/delivery_status.hpp"

#include <algorithm>

#include "engine/feedback/diagnostic.hpp"
#include "engine/feedback/field_block.hpp"
#include "engine/feedback/mail_address.hpp"

namespace sluice::feedback {
namespace {

std::string_view after_type(std::string_view value) {
  const auto semicolon = value.find(';');
  return semicolon == std::string_view::npos ? value : trimmed(value.substr(semicolon + 1));
}

/// An address mail can be sent to: no source route, and a domain with a dot.
std::string mailable(std::string_view field) {
  const auto value = after_type(field);
  if (value.starts_with('@') && value.find(':') != std::string_view::npos) return {};
  auto address = address_in(field);
  const auto at = address.rfind('@');
  if (at == std::string::npos || address.find('.', at) == std::string::npos) return {};
  return address;
}

std::string host_of(std::string_view field) {
  const auto value = after_type(field);
  return std::string(value.substr(0, value.find_first_of(" \t(")));
}

bool names_a_recipient(const FieldBlock& block) {
  return std::ranges::any_of(block, [](const HeaderField& field) {
    return field.name == "final-recipient" || field.name == "original-recipient" ||
           field.name == "x-actual-recipient";
  });
}

RecipientStatus status_of(const FieldBlock& block) {
  RecipientStatus out;
  out.final_recipient = mailable(field_of(block, "final-recipient"));
  out.original_recipient = mailable(field_of(block, "original-recipient"));
  if (out.recipient().empty()) out.final_recipient = mailable(field_of(block, "x-actual-recipient"));
  if (out.recipient().empty()) {  // better a strange address than none
    out.final_recipient = address_in(field_of(block, "final-recipient"));
  }
  const auto action = lower_case(trimmed(field_of(block, "action")));
  out.action = action.substr(0, action.find_first_of(" \t(;"));
  out.status = enhanced_of(trimmed(field_of(block, "status")));
  out.remote_mta = host_of(field_of(block, "remote-mta"));
  const auto diagnostic = field_of(block, "diagnostic-code");
  out.from_smtp = lower_case(diagnostic.substr(0, 4)) == "smtp";
  const auto type = diagnostic.substr(0, diagnostic.find(';'));
  out.diagnostic = type.find(' ') == std::string_view::npos ? after_type(diagnostic) : diagnostic;
  return out;
}

/// Some leave the empty line between recipients out: a recipient field after an action begins the next.
std::vector<FieldBlock> by_recipient(const FieldBlock& block) {
  std::vector<FieldBlock> out(1);
  for (const auto& field : block) {
    const bool recipient = field.name == "final-recipient" || field.name == "original-recipient";
    const bool next =
        recipient && (!field_of(out.back(), field.name).empty() || !field_of(out.back(), "action").empty());
    if (next) out.emplace_back();
    out.back().push_back(field);
  }
  return out;
}

}  // namespace

std::vector<RecipientStatus> parse_delivery_status(std::string_view text, std::size_t limit) {
  std::vector<RecipientStatus> out;
  for (const auto& block : parse_fields(text)) {
    for (const auto& one : by_recipient(block)) {
      if (out.size() >= limit) return out;
      if (names_a_recipient(one)) out.push_back(status_of(one));
    }
  }
  return out;
}

bool has_delivery_status(std::string_view text) {
  while (!text.empty()) {
    const auto line = trimmed(take_line(text));
    if (line.size() < 16 || (line[0] | 0x20) < 'f') continue;
    const auto start = lower_case(line.substr(0, 19));
    if (start.starts_with("final-recipient:") || start.starts_with("original-recipient:")) return true;
  }
  return false;
}

}  // namespace sluice::feedback
