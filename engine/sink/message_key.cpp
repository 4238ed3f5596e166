#include "engine/sink/message_key.hpp"

#include "engine/sink/hash.hpp"

namespace sluice::sink {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64 << 10;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// `name` in lower case, with its colon.
bool starts_with_field(std::string_view line, std::string_view name) {
  if (line.size() < name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = line[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != name[i]) return false;
  }
  return true;
}

MessageId id_of_message_id(std::string_view value) {
  if (value.starts_with('<')) value.remove_prefix(1);
  if (value.ends_with('>')) value.remove_suffix(1);
  constexpr std::size_t kIdDigits = 26;  // alone, or before the rest of a return token
  auto local = value.substr(0, value.find('@'));
  if (local.size() > kIdDigits && local[kIdDigits] == '-') local = local.substr(0, kIdDigits);
  if (const auto id = MessageId::parse(local)) return *id;
  return {hash_of(value, 1), hash_of(value, 2)};
}

}  // namespace

std::optional<MessageId> find_id(std::string_view content) {
  constexpr std::string_view kOurs = "x-sluice-id:";
  constexpr std::string_view kMessageId = "message-id:";
  std::string_view message_id;
  auto rest = content.substr(0, kMaxHeaderBytes);
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    // A field goes on while the next line starts with a blank.
    auto end = rest.find('\n');
    while (end != std::string_view::npos && end + 1 < rest.size() &&
           (rest[end + 1] == ' ' || rest[end + 1] == '\t')) {
      end = rest.find('\n', end + 1);
    }
    const auto field = rest.substr(0, end);
    if (starts_with_field(field, kOurs)) {
      if (const auto id = MessageId::parse(trim(field.substr(kOurs.size())))) return id;
    } else if (message_id.empty() && starts_with_field(field, kMessageId)) {
      message_id = trim(field.substr(kMessageId.size()));
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (message_id.empty()) return std::nullopt;
  return id_of_message_id(message_id);
}

Key delivery_key(MessageId id, std::string_view recipient) {
  const auto who = hash_of(recipient);
  return {mix(id.high ^ who), mix(id.low + who) ^ mix(id.high)};
}

}  // namespace sluice::sink
