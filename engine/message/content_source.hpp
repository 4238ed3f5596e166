// What a campaign's mail is made of, as plain values: campaign.toml and the files beside it, or a transactional request.
// CampaignContent (content.hpp) checks it and compiles it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/message/row.hpp"
#include "engine/message/template.hpp"

namespace sluice::message {

enum class MailClass : std::uint8_t { commercial, transactional };

struct Attachment {
  std::string filename;  ///< UTF-8, shown to the reader; no path
  std::string type;      ///< "application/pdf"; empty: application/octet-stream
  std::string bytes;
};

struct InlineImage {
  std::string cid;       ///< what the HTML names: <img src="cid:logo.png"> has "logo.png"
  std::string filename;  ///< empty: cid
  std::string type;      ///< "image/png"
  std::string bytes;
};

/// The recipient's own address is `url_prefix` + token, his mail address `mailto_prefix` + token @ `mailto_domain`.
/// Either may be missing.
struct UnsubscribeSettings {
  bool one_click = true;      ///< List-Unsubscribe-Post beside the URL (RFC 8058)
  std::string url_prefix;     ///< "https://mail.shop.test/u/"
  std::string mailto_prefix;  ///< "unsubscribe+"
  std::string mailto_domain;  ///< "bounces.shop.test"; empty: no mailto
};

struct ContentSource {
  std::string tenant = "default";
  std::string campaign_id;
  MailClass mail_class = MailClass::commercial;
  std::string from;      ///< one mailbox
  std::string reply_to;  ///< one mailbox, or empty
  std::string subject;   ///< template, header mode
  std::string html;      ///< template; empty when the mail has only text
  std::string text;      ///< template; empty: made from html
  std::vector<std::pair<std::string, std::string>> headers;  ///< name, template
  std::string list_id;         ///< "news.shop.test" or "Shop news <news.shop.test>"
  std::string postal_address;  ///< must be there for commercial mail
  UnsubscribeSettings unsubscribe;
  std::string message_id_domain;  ///< empty: From's domain
  std::vector<Attachment> attachments;
  std::vector<InlineImage> images;
  RowLayout layout;
  std::vector<std::pair<std::string, std::string>> defaults;
};

struct ContentLimits {
  std::size_t attachment_bytes = 20u << 20;  ///< all attachments and images before encoding; more is refused
  std::size_t attachments = 100;             ///< and as many images; more are refused
  std::size_t headers = 64;                  ///< extra headers; more are refused
  std::size_t header_value_bytes = 4096;     ///< a rendered subject or extra header; more fails that recipient
  std::size_t shared_tail_bytes = 4096;      ///< a static end of the body from this size on is not copied
  TemplateOptions templates;
};

}  // namespace sluice::message
