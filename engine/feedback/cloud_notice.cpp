#include "engine/feedback/cloud_notice.hpp"

#include <boost/json.hpp>

#include "engine/feedback/bounce_result.hpp"
#include "engine/feedback/diagnostic.hpp"
#include "engine/feedback/field_block.hpp"

namespace sluice::feedback {
namespace {

namespace json = boost::json;

constexpr std::size_t kJsonDepth = 16;
constexpr std::size_t kDiagnosticBytes = 1024;

/// The first JSON object of a text; what follows it (a mailing's footer) is left alone.
std::optional<json::object> first_object(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('{')) return std::nullopt;
  // Sendmail breaks lines of more than 990 bytes by "!", a line end and a blank.
  std::string whole;
  for (auto at = text.find("!\n "); at != std::string_view::npos; at = text.find("!\n ")) {
    whole += text.substr(0, at);
    text.remove_prefix(at + 3);
  }
  whole += text;
  json::parse_options options;
  options.max_depth = kJsonDepth;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  parser.write_some(whole.data(), whole.size(), error);
  if (error || !parser.done()) return std::nullopt;
  auto value = parser.release();
  if (!value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

template <class Each>
void each_object(const json::object& object, std::string_view name, std::size_t limit, Each each) {
  const auto* value = object.if_contains(name);
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->size() && i < limit; ++i) {
    if (const auto* entry = (*list)[i].if_object(); entry != nullptr) each(*entry);
  }
}

void read_bounce(const json::object& bounce, const Classifier& classifier, std::size_t limit,
                 std::vector<Result>& out) {
  each_object(bounce, "bouncedRecipients", limit, [&](const json::object& entry) {
    Result result;
    result.recipient = text_of(entry, "emailAddress");
    result.action = text_of(entry, "action");
    auto diagnostic = text_of(entry, "diagnosticCode");
    if (diagnostic.starts_with("smtp;")) diagnostic.erase(0, 5);
    const auto status = text_of(entry, "status");
    decide(result, {diagnostic, {}, {}, enhanced_of(status), {}}, classifier, kDiagnosticBytes);
    if (text_of(bounce, "bounceType") == "Transient") result.result = ResultClass::soft;
    out.push_back(std::move(result));
  });
}

void read_complaint(const json::object& complaint, std::size_t limit, std::vector<Result>& out) {
  auto type = text_of(complaint, "complaintFeedbackType");
  if (type.empty()) type = "abuse";
  each_object(complaint, "complainedRecipients", limit, [&](const json::object& entry) {
    Result result;
    result.recipient = text_of(entry, "emailAddress");
    result.result = ResultClass::complaint;
    result.feedback_type = type;
    out.push_back(std::move(result));
  });
}

}  // namespace

std::optional<std::vector<Result>> parse_cloud_notice(std::string_view text, const Classifier& classifier,
                                                      OriginalMessage& original, std::size_t limit) {
  auto object = first_object(text);
  if (object && object->contains("Message") && text_of(*object, "Type") == "Notification") {
    object = first_object(text_of(*object, "Message"));
  }
  if (!object) return std::nullopt;
  const auto* bounce = object_of(*object, "bounce");
  const auto* complaint = object_of(*object, "complaint");
  if (bounce == nullptr && complaint == nullptr) return std::nullopt;
  std::vector<Result> out;
  if (bounce != nullptr) read_bounce(*bounce, classifier, limit, out);
  if (complaint != nullptr) read_complaint(*complaint, limit, out);
  if (const auto* mail = object_of(*object, "mail"); mail != nullptr) {
    original.message_id = text_of(*mail, "messageId");
    original.return_path = text_of(*mail, "source");
  }
  return out;
}

}  // namespace sluice::feedback
