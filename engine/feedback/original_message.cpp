#include "engine/feedback/original_message.hpp"

#include "engine/feedback/field_block.hpp"
#include "engine/feedback/mail_address.hpp"

namespace sluice::feedback {
namespace {

constexpr std::size_t kXFields = 50;

OriginalMessage from_fields(const std::vector<HeaderField>& fields) {
  OriginalMessage out;
  const auto take = [&](std::string_view name) { return std::string(field_of(fields, name)); };
  out.message_id = take("message-id");
  out.return_path = address_in(field_of(fields, "return-path"));
  out.to = address_in(field_of(fields, "to"));
  out.from = address_in(field_of(fields, "from"));
  out.subject = decoded_text(field_of(fields, "subject"));
  out.list_unsubscribe = take("list-unsubscribe");
  out.feedback_id = take("feedback-id");
  for (const auto& field : fields) {
    if (field.name.starts_with("x-") && out.x_fields.size() < kXFields) out.x_fields.push_back(field);
  }
  return out;
}

bool is_header(const FieldBlock& block) {
  return !field_of(block, "from").empty() || !field_of(block, "message-id").empty() ||
         !field_of(block, "received").empty() || !field_of(block, "to").empty();
}

}  // namespace

OriginalMessage original_of(const MimeMessage& report, std::string_view quoted) {
  for (const auto& part : report.parts) {
    if (!part.attached.empty()) return from_fields(part.attached);
  }
  for (const auto* type : {"text/rfc822-headers", "message/rfc822-headers", "message/rfc822"}) {
    const auto* part = report.part(type);
    if (part == nullptr) continue;
    const auto blocks = parse_fields(part->text, 1, 300);
    if (!blocks.empty()) return from_fields(blocks.front());
  }
  for (const auto& block : parse_fields(quoted, 6, 300)) {
    if (is_header(block)) return from_fields(block);
  }
  return {};
}

}  // namespace sluice::feedback
