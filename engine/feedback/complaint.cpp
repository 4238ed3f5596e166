#include "engine/feedback/complaint.hpp"

#include <algorithm>
#include <array>

#include "engine/feedback/field_block.hpp"
#include "engine/feedback/mail_address.hpp"

namespace sluice::feedback {
namespace {

// RFC 5965 7.3, RFC 6591, and opt-out as some send it.
constexpr std::array<std::string_view, 9> kTypes{
    "abuse", "auth-failure", "dkim", "fraud", "miscategorized", "not-spam", "opt-out", "virus", "other"};

std::string known_type(std::string_view value) {
  auto type = lower_case(trimmed(value.substr(0, 60)));
  if (type == "opt-out-list") type = "opt-out";
  return std::ranges::find(kTypes, type) == kTypes.end() ? "other" : type;
}

Result complaint_of(std::string recipient, std::string_view type) {
  Result out;
  out.recipient = std::move(recipient);
  out.result = ResultClass::complaint;
  out.feedback_type = type;
  return out;
}

void add_recipient(std::vector<Result>& out, std::string_view value, std::string_view type,
                   std::size_t limit) {
  auto address = address_in(value);
  if (address.empty() || out.size() >= limit) return;
  const bool known =
      std::ranges::any_of(out, [&](const Result& other) { return same_address(other.recipient, address); });
  if (!known) out.push_back(complaint_of(std::move(address), type));
}

/// Microsoft's JMRP and SNDS forward the message with the recipient in a field of its own.
std::string_view microsoft_recipient(const MimeMessage& message) {
  constexpr std::string_view kName = "x-hmxmroriginalrecipient";
  if (const auto value = message.field(kName); !value.empty()) return value;
  for (const auto& part : message.parts) {
    if (const auto value = field_of(part.attached, kName); !value.empty()) return value;
  }
  return {};
}

}  // namespace

std::optional<std::vector<Result>> parse_complaint(const MimeMessage& message,
                                                   const OriginalMessage& original, std::size_t limit) {
  std::vector<Result> out;
  const auto* report = message.part("message/feedback-report");
  if (report == nullptr) {
    const auto value = microsoft_recipient(message);
    if (value.empty()) return std::nullopt;
    add_recipient(out, value, "abuse", limit);
    if (out.empty()) out.push_back(complaint_of({}, "abuse"));
    return out;
  }
  std::string type = "other";
  std::vector<std::string_view> fallback;
  const auto blocks = parse_fields(report->text);
  for (const auto& block : blocks) {
    for (const auto& field : block) {
      if (field.name == "feedback-type") type = known_type(field.value);
    }
  }
  for (const auto& block : blocks) {
    for (const auto& field : block) {
      if (field.name == "original-rcpt-to") add_recipient(out, field.value, type, limit);
      if (field.name == "removal-recipient") fallback.push_back(field.value);
    }
  }
  for (const auto value : fallback) {
    if (out.empty()) add_recipient(out, value, type, limit);
  }
  if (out.empty()) add_recipient(out, microsoft_recipient(message), type, limit);
  if (out.empty()) add_recipient(out, original.to, type, limit);
  if (out.empty()) out.push_back(complaint_of({}, type));
  return out;
}

}  // namespace sluice::feedback
