#include "engine/message/content_header.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/message/header_field.hpp"
#include "engine/message/mailbox.hpp"

namespace sluice::message {
namespace {

constexpr std::size_t kMaxUrl = 600;  // with the token it must stay on one line
constexpr std::size_t kMaxToken = 256;
constexpr std::size_t kMaxListId = 255;
constexpr std::size_t kMaxIdPart = 200;  // tenant, campaign
constexpr std::size_t kMaxName = 1000;   // a display name

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

struct Reserved {
  std::string_view name;  // lower case; a trailing '-' is a prefix
  std::string_view instead;
};

constexpr Reserved kReserved[] = {
    {"from", "use from"},
    {"sender", "the sender is the From address"},
    {"reply-to", "use reply_to"},
    {"to", "the recipient stands there"},
    {"cc", "each recipient gets a mail of his own"},
    {"bcc", "each recipient gets a mail of his own"},
    {"subject", "use subject"},
    {"date", "it is made for each message"},
    {"message-id", "it is made for each message"},
    {"mime-version", "it belongs to the parts"},
    {"content-", "it belongs to the parts"},
    {"list-id", "use list_id"},
    {"list-unsubscribe", "use [unsubscribe]"},
    {"list-unsubscribe-post", "use [unsubscribe]"},
    {"x-return-token", "it is made for each message"},
    {"feedback-id", "it is made from campaign and tenant"},
    {"precedence", "it follows from class"},
    {"auto-submitted", "it follows from class"},
    {"return-path", "the receiving server writes it"},
    {"received", "servers on the way write it"},
    {"dkim-signature", "use [[dkim]]"},
    {"arc-", "servers on the way write it"},
    {"authentication-results", "the receiving server writes it"},
    {"resent-", "the mail is not resent"},
};

Expected<> check_name(std::string_view name) {
  if (!is_field_name(name))
    return wrong(
        fmt::format("headers: a name is 1 to 76 printable ASCII characters without ':', not \"{}\"", [&] {
          std::string shown;
          for (const char c : name.substr(0, 40)) shown += c >= 0x20 && c < 0x7f ? c : '?';
          return shown;
        }()));
  const auto lower = lowered(name);
  for (const auto& [reserved, instead] : kReserved) {
    const bool hit = reserved.ends_with('-') ? lower.starts_with(reserved) : lower == reserved;
    if (hit) return wrong(fmt::format("headers.{}: this field is not yours to set: {}", name, instead));
  }
  return {};
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

Expected<Template> compile_header(std::string_view key, std::string_view source, const ContentSource& content,
                                  const TemplateOptions& options) {
  if (has_control(source)) return wrong(fmt::format("{}: must be one line without control characters", key));
  auto compiled = Template::compile(source, Mode::header, content.layout, content.defaults, options);
  if (!compiled) return fail(std::move(compiled.error()), std::string(key));
  return compiled;
}

Expected<Mailbox> read_mailbox(std::string_view key, std::string_view text) {
  auto mailbox = parse_mailbox(text);
  if (!mailbox) return fail(std::move(mailbox.error()), std::string(key));
  if (mailbox->address.needs_smtputf8())
    return wrong(fmt::format("{}: the part before the @ must be ASCII", key));
  return mailbox;
}

void append_mailbox(std::string& out, std::string_view field_name, const Mailbox& mailbox) {
  FieldWriter field(out, field_name);
  field.phrase(mailbox.display_name);
  field.token(fmt::format("<{}>", mailbox.address.text()));
  field.end();
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

bool is_dot_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxListId && text.front() != '.' && text.back() != '.' &&
         std::ranges::all_of(text, is_name_char);
}

// "id" or "Phrase <id>" (RFC 2919 2).
Expected<> append_list_id(std::string& out, std::string_view text) {
  const auto open = text.rfind('<');
  auto phrase = std::string_view();
  auto id = text;
  if (open != std::string_view::npos && text.ends_with('>')) {
    phrase = text.substr(0, open);
    id = text.substr(open + 1, text.size() - open - 2);
    while (phrase.ends_with(' ')) phrase.remove_suffix(1);
  }
  if (!is_dot_name(id) || has_control(phrase) || phrase.size() > kMaxListId)
    return wrong("list_id: must look like news.shop.test or Shop news <news.shop.test>");
  FieldWriter field(out, "List-Id");
  field.phrase(phrase);
  field.token(fmt::format("<{}>", id));
  field.end();
  return {};
}

// Colons separate the parts of Feedback-ID; anything unusual in a name becomes '-'.
std::string feedback_part(std::string_view text) {
  std::string out(text.substr(0, kMaxIdPart));
  std::ranges::replace_if(out, [](char c) { return !is_name_char(c); }, '-');
  return out;
}

bool url_safe(std::string_view token) {
  return token.size() <= kMaxToken &&
         std::ranges::all_of(token, [](char c) { return is_name_char(c) || c == '~'; });
}

bool header_address(std::string_view address) {
  bool printable = true;
  for (const char c : address) printable &= c >= 0x20 && c <= 0x7e;
  // Outside a quoted local part these would make more than one address of it.
  if (!address.starts_with('"') && address.find_first_of(" <>(),;\\\"") != std::string_view::npos)
    return false;
  return printable && address.size() <= kMaxAddressBytes && address.size() >= 3 && address.contains('@');
}

Expected<> check_unsubscribe(const UnsubscribeSettings& settings) {
  const auto& url = settings.url_prefix;
  const bool plain = std::ranges::all_of(
      url, [](char c) { return c > 0x20 && c < 0x7f && !std::string_view("<>,\"\\^`{|}").contains(c); });
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  if (!url.empty() && (!plain || !web || url.size() > kMaxUrl))
    return wrong(
        fmt::format("unsubscribe: the address must be an https URL of at most {} characters", kMaxUrl));
  const auto& prefix = settings.mailto_prefix;
  if (prefix.size() > kMaxLocalBytes ||
      !std::ranges::all_of(prefix, [](char c) { return c == '+' || is_name_char(c); }))
    return wrong("unsubscribe: the mailto prefix must be letters, digits, '+', '-', '_' or '.'");
  if (!settings.mailto_domain.empty() && !is_dot_name(settings.mailto_domain))
    return wrong("unsubscribe: the mailto domain is no domain");
  return {};
}

}  // namespace

Expected<ContentHeader> ContentHeader::compile(const ContentSource& source, const ContentLimits& limits,
                                               std::string_view mime) {
  auto options = limits.templates;
  options.max_output_bytes = limits.header_value_bytes;
  auto subject = compile_header("subject", source.subject, source, options);
  if (!subject) return std::unexpected(std::move(subject.error()));
  ContentHeader out(std::move(*subject));
  const auto from = read_mailbox("from", source.from);
  if (!from) return std::unexpected(from.error());
  out.from_address_ = from->address.text();
  out.from_domain_ = from->address.domain();
  append_mailbox(out.from_field_, "From", *from);
  if (!source.message_id_domain.empty() && !is_dot_name(source.message_id_domain))
    return wrong("the Message-ID's domain is no domain");
  const auto& id_domain = source.message_id_domain.empty() ? out.from_domain_ : source.message_id_domain;
  out.id_domain_ = fmt::format("@{}>\r\n", id_domain);
  if (auto done = check_unsubscribe(source.unsubscribe); !done)
    return std::unexpected(std::move(done.error()));
  out.unsubscribe_ = source.unsubscribe;
  if (out.subject_.constant()) {
    std::string text;
    if (auto done = out.subject_.render({}, text); !done) return fail(std::move(done.error()), "subject");
    FieldWriter field(out.subject_field_, "Subject");
    field.text(text);
    field.end();
  }
  if (source.headers.size() > limits.headers)
    return fail(ErrorCode::limit, fmt::format("headers: more than {}", limits.headers));
  for (const auto& [name, value] : source.headers) {
    if (auto done = out.add_extra(name, value, source, options); !done)
      return std::unexpected(std::move(done.error()));
  }
  if (auto done = out.add_fixed(source); !done) return std::unexpected(std::move(done.error()));
  out.fixed_ += mime;
  out.fixed_ += "\r\n";
  return out;
}

Expected<> ContentHeader::add_extra(std::string_view name, std::string_view value,
                                    const ContentSource& source, const TemplateOptions& options) {
  if (auto done = check_name(name); !done) return done;
  for (const auto& other : extras_) {
    if (lowered(other.name) == lowered(name))
      return fail(ErrorCode::conflict, fmt::format("headers.{}: is there twice", name));
  }
  auto compiled = compile_header(fmt::format("headers.{}", name), value, source, options);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  extras_.push_back({std::string(name), std::move(*compiled)});
  return {};
}

Expected<> ContentHeader::add_fixed(const ContentSource& source) {
  if (!source.reply_to.empty()) {
    const auto reply_to = read_mailbox("reply_to", source.reply_to);
    if (!reply_to) return std::unexpected(reply_to.error());
    append_mailbox(fixed_, "Reply-To", *reply_to);
  }
  if (!source.list_id.empty()) {
    if (auto done = append_list_id(fixed_, source.list_id); !done) return done;
  }
  const bool commercial = source.mail_class == MailClass::commercial;
  FieldWriter feedback(fixed_, "Feedback-ID");
  feedback.token(fmt::format("{}:{}:{}:{}", feedback_part(source.campaign_id), feedback_part(source.tenant),
                             commercial ? "commercial" : "transactional", from_domain_));
  feedback.end();
  fixed_ += commercial ? "Precedence: bulk\r\n" : "Auto-Submitted: auto-generated\r\n";
  return {};
}

void ContentHeader::append_unsubscribe_url(std::string_view token, std::string& out) const {
  if (token.empty() || unsubscribe_.url_prefix.empty()) return;
  out += unsubscribe_.url_prefix;
  out += token;
}

void ContentHeader::append_unsubscribe(const HeaderValues& values, std::string& out) const {
  const bool mail = !unsubscribe_.mailto_domain.empty();
  const bool url = !values.unsubscribe_url.empty();
  if (values.unsubscribe_token.empty() || (!mail && !url)) return;
  out += "List-Unsubscribe: ";
  if (url) {
    out += '<';
    out += values.unsubscribe_url;
    out += '>';
  }
  if (mail) {
    if (url) out += ",\r\n ";
    out += "<mailto:";
    out += unsubscribe_.mailto_prefix;
    out += values.unsubscribe_token;
    out += '@';
    out += unsubscribe_.mailto_domain;
    out += "?subject=unsubscribe>";
  }
  out += "\r\n";
  if (url && unsubscribe_.one_click) out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
}

Expected<> ContentHeader::render(const HeaderValues& values, const RenderContext& context,
                                 std::string& scratch, std::string& out) const {
  if (!header_address(values.recipient))
    return wrong(
        "the recipient's address cannot stand in a header: it must be ASCII (an internationalised local part "
        "needs a server with SMTPUTF8)");
  if (!url_safe(values.return_token)) return wrong("return token: only letters, digits, - . _ ~");
  if (!url_safe(values.unsubscribe_token))
    return wrong(fmt::format("the unsubscribe token must be at most {} URL-safe characters", kMaxToken));
  if (values.name.size() > kMaxName)
    return fail(ErrorCode::limit, fmt::format("the recipient's name has more than {} bytes", kMaxName));
  out += "Date: ";
  out += values.date;
  out += "\r\n";
  out += from_field_;
  FieldWriter to(out, "To");
  to.phrase(values.name);
  scratch.assign("<").append(values.recipient).append(">");
  to.token(scratch);
  to.end();
  if (!subject_field_.empty()) {
    out += subject_field_;
  } else {
    FieldWriter field(out, "Subject");
    field.text(values.subject);
    field.end();
  }
  out += "Message-ID: <";
  out += values.message_id;
  out += id_domain_;
  if (!values.return_token.empty()) out.append("X-Return-Token: ").append(values.return_token).append("\r\n");
  append_unsubscribe(values, out);
  for (const auto& extra : extras_) {
    scratch.clear();
    if (auto done = extra.value.render(context, scratch); !done)
      return fail(std::move(done.error()), "headers." + extra.name);
    FieldWriter field(out, extra.name);
    field.text(scratch);
    field.end();
  }
  out += fixed_;
  return {};
}

}  // namespace sluice::message
