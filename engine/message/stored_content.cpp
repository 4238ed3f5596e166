#include "engine/message/stored_content.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::message {
namespace {

constexpr std::uint8_t kVersion = 1;

using Pairs = std::vector<std::pair<std::string, std::string>>;

void put_pairs(std::string& out, const Pairs& pairs) {
  put_varint(out, pairs.size());
  for (const auto& [name, value] : pairs) {
    put_string(out, name);
    put_string(out, value);
  }
}

Pairs get_pairs(ByteReader& in) {
  Pairs out;
  for (auto left = in.varint(); left > 0 && in.ok(); --left) {
    std::string name(in.string());
    out.emplace_back(std::move(name), in.string());
  }
  return out;
}

/// All text fields of the source, in stored order: one list for both directions.
template <class Source, class Fn>
void each_text(Source& s, Fn fn) {
  for (auto* field : {&s.tenant, &s.campaign_id, &s.from, &s.reply_to, &s.subject, &s.html, &s.text,
                      &s.list_id, &s.postal_address, &s.message_id_domain, &s.unsubscribe.url_prefix,
                      &s.unsubscribe.mailto_prefix, &s.unsubscribe.mailto_domain}) {
    fn(*field);
  }
}

}  // namespace

std::string encode_campaign(const CampaignParts& parts) {
  const auto& s = parts.source;
  std::string out(1, kCampaignKind);
  put_u8(out, kVersion);
  put_u8(out, static_cast<std::uint8_t>(s.mail_class));
  put_u8(out, s.unsubscribe.one_click ? 1 : 0);
  each_text(s, [&](const std::string& field) { put_string(out, field); });
  put_pairs(out, s.headers);
  put_pairs(out, s.defaults);
  put_varint(out, s.attachments.size());
  for (const auto& file : s.attachments) {
    for (const auto* field : {&file.filename, &file.type, &file.bytes}) put_string(out, *field);
  }
  put_varint(out, s.images.size());
  for (const auto& image : s.images) {
    for (const auto* field : {&image.cid, &image.filename, &image.type, &image.bytes})
      put_string(out, *field);
  }
  std::string layout;
  s.layout.encode(layout);
  put_string(out, layout);
  put_varint(out, parts.meta.size());
  for (const auto& column : parts.meta) put_string(out, column);
  put_string(out, parts.bounce_domain);
  put_string(out, parts.fallback_sender);
  return out;
}

Expected<CampaignParts> decode_campaign(std::string_view bytes) {
  ByteReader in(bytes);
  CampaignParts parts;
  auto& s = parts.source;
  const auto kind = static_cast<char>(in.u8());
  const auto version = in.u8();
  if (kind != kCampaignKind || version != kVersion)
    return fail(ErrorCode::corrupt, "not a campaign's content");
  s.mail_class = static_cast<MailClass>(in.u8());
  s.unsubscribe.one_click = in.u8() != 0;
  each_text(s, [&](std::string& field) { field = in.string(); });
  s.headers = get_pairs(in);
  s.defaults = get_pairs(in);
  for (auto left = in.varint(); left > 0 && in.ok(); --left) {
    auto& file = s.attachments.emplace_back();
    for (auto* field : {&file.filename, &file.type, &file.bytes}) *field = in.string();
  }
  for (auto left = in.varint(); left > 0 && in.ok(); --left) {
    auto& image = s.images.emplace_back();
    for (auto* field : {&image.cid, &image.filename, &image.type, &image.bytes}) *field = in.string();
  }
  auto layout = RowLayout::decode(in.string());
  if (!layout) return std::unexpected(layout.error());
  s.layout = std::move(*layout);
  for (auto left = in.varint(); left > 0 && in.ok(); --left) parts.meta.emplace_back(in.string());
  parts.bounce_domain = in.string();
  parts.fallback_sender = in.string();
  if (!in.ok() || !in.at_end()) return fail(ErrorCode::corrupt, "a campaign's content does not decode");
  return parts;
}

void append_payload(std::string& out, const CampaignPayload& payload) {
  put_string(out, payload.name);
  out.append(payload.row);
}

CampaignPayload read_payload(std::string_view bytes) {
  ByteReader in(bytes);
  const auto name = in.string();
  return {name, in.rest()};
}

}  // namespace sluice::message
