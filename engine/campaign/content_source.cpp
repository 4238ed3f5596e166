#include "engine/campaign/content_source.hpp"

#include <algorithm>
#include <array>

namespace sluice::campaign {
namespace {

struct Ending {
  std::string_view ending;
  std::string_view type;
};

constexpr std::array kEndings{
    Ending{"png", "image/png"},         Ending{"jpg", "image/jpeg"},    Ending{"jpeg", "image/jpeg"},
    Ending{"gif", "image/gif"},         Ending{"webp", "image/webp"},   Ending{"svg", "image/svg+xml"},
    Ending{"pdf", "application/pdf"},   Ending{"ics", "text/calendar"}, Ending{"txt", "text/plain"},
    Ending{"csv", "text/csv"},          Ending{"html", "text/html"},    Ending{"zip", "application/zip"},
    Ending{"json", "application/json"},
};

/// One mailbox as a From field takes it; the name always quoted.
std::string mailbox_text(const message::Mailbox& mailbox) {
  const auto address = std::string(mailbox.address.text());
  if (mailbox.display_name.empty()) return address;
  std::string quoted = "\"";
  for (const char c : mailbox.display_name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\" <" + address + ">";
}

std::string file_name_of(std::string_view name) { return std::string(name.substr(name.rfind('/') + 1)); }

}  // namespace

std::string media_type_of(std::string_view file_name) {
  const auto dot = file_name.rfind('.');
  std::string ending(dot == std::string_view::npos ? std::string_view() : file_name.substr(dot + 1));
  std::ranges::transform(ending, ending.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto known = std::ranges::find(kEndings, ending, &Ending::ending);
  return std::string(known == kEndings.end() ? "application/octet-stream" : known->type);
}

message::CampaignParts campaign_parts(const CampaignDirectory& directory, const ServiceAddresses& addresses) {
  const auto& spec = directory.spec;
  message::CampaignParts parts;
  auto& out = parts.source;
  out.tenant = spec.tenant;
  out.campaign_id = spec.id;
  out.mail_class = spec.mail_class == MailClass::commercial ? message::MailClass::commercial
                                                            : message::MailClass::transactional;
  out.from = mailbox_text(spec.from);
  if (spec.reply_to) out.reply_to = mailbox_text(*spec.reply_to);
  out.subject = spec.subject;
  out.html = directory.html;
  out.text = directory.text;
  out.headers = spec.headers;
  out.list_id = spec.list_id;
  out.postal_address = spec.postal_address;
  out.unsubscribe.one_click = spec.one_click;
  const bool commercial = spec.mail_class == MailClass::commercial;
  if (commercial && !addresses.public_url.empty()) out.unsubscribe.url_prefix = addresses.public_url + "/u/";
  if (commercial && !addresses.bounce_domain.empty()) {
    out.unsubscribe.mailto_prefix = "unsubscribe+";
    out.unsubscribe.mailto_domain = addresses.bounce_domain;
  }
  for (const auto& part : directory.attachments) {
    out.attachments.push_back({file_name_of(part.name), media_type_of(part.name), part.bytes});
  }
  for (const auto& part : directory.inline_images) {
    out.images.push_back({part.name, file_name_of(part.name), media_type_of(part.name), part.bytes});
  }
  out.layout = directory.layout;
  for (const auto& [name, value] : spec.defaults) out.defaults.emplace_back(name, value);
  parts.meta = spec.meta;
  parts.fallback_sender = std::string((spec.mail_from ? *spec.mail_from : spec.from.address).text());
  if (!spec.mail_from) parts.bounce_domain = addresses.bounce_domain;
  return parts;
}

}  // namespace sluice::campaign
