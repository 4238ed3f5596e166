#include "engine/delivery/campaign_content.hpp"

#include "engine/base/bytes.hpp"
#include "engine/base/json_text.hpp"
#include "engine/message/row.hpp"

namespace sluice::delivery {
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
  for (auto* field : {&s.tenant, &s.campaign_id, &s.from, &s.reply_to, &s.subject, &s.html, &s.text, &s.list_id,
                      &s.postal_address, &s.message_id_domain, &s.unsubscribe.url_prefix, &s.unsubscribe.mailto_prefix,
                      &s.unsubscribe.mailto_domain}) {
    fn(*field);
  }
}

class CampaignStream final : public StreamContent {
 public:
  CampaignStream(message::CampaignContent content, CampaignParts parts)
      : content_(std::move(content)), parts_(std::move(parts)) {
    for (const auto& column : parts_.meta) meta_.push_back(parts_.source.layout.find(column));
    if (!parts_.name_column.empty()) name_ = parts_.source.layout.find(parts_.name_column);
  }

  Expected<> prepare(const queue::Record& record, message::DkimSigner& signer, Instant now,
                     Prepared& out) const override {
    out.sender = sender(record, out.id);
    out.recipient.assign(record.value.local).append(1, '@').append(record.key.domain);
    const auto token = out.id.text();
    std::string name;
    if (name_) name = text_of(record.value.payload, *name_);
    const message::RenderInput input{out.id, out.recipient, name, record.value.payload, token};
    if (auto rendered = content_.render(input, out.rendered); !rendered) return rendered;
    out.signatures.clear();
    out.signed_by.clear();
    const auto pieces = out.rendered.body_pieces();
    auto count = signer.sign(out.rendered.header, pieces, content_.from_domain(), now, out.signatures);
    if (!count) return std::unexpected(count.error());
    if (*count > 0) name_keys(signer, out.signed_by);
    out.pieces = {out.signatures, out.rendered.header, out.rendered.body, out.rendered.tail};
    out.finish(smtp::ContentForm::plain);
    return {};
  }

  std::string meta(const queue::Record& record) const override {
    if (meta_.empty()) return {};
    std::string out = "{";
    for (std::size_t i = 0; i < meta_.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, parts_.meta[i]);
      out += ':';
      append_json_string(out, meta_[i] ? text_of(record.value.payload, *meta_[i]) : std::string());
    }
    return out + "}";
  }

  std::string sender(const queue::Record&, const MessageId& id) const override {
    return parts_.bounce_domain.empty() ? parts_.fallback_sender : id.text() + "@" + parts_.bounce_domain;
  }

 private:
  static std::string text_of(std::string_view payload, std::uint16_t column) {
    const auto value = message::RowView(payload).column(column);
    return value ? std::string(value->text()) : std::string();
  }

  void name_keys(const message::DkimSigner& signer, std::string& out) const {
    for (const auto& key : signer.keys()) {
      if (key.domain() != content_.from_domain()) continue;
      if (!out.empty()) out += ' ';
      out.append(key.domain()).append(1, '/').append(key.selector());
    }
  }

  message::CampaignContent content_;
  CampaignParts parts_;
  std::vector<std::optional<std::uint16_t>> meta_;
  std::optional<std::uint16_t> name_;
};

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
    for (const auto* field : {&image.cid, &image.filename, &image.type, &image.bytes}) put_string(out, *field);
  }
  std::string layout;
  s.layout.encode(layout);
  put_string(out, layout);
  put_varint(out, parts.meta.size());
  for (const auto& column : parts.meta) put_string(out, column);
  put_string(out, parts.name_column);
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
  if (kind != kCampaignKind || version != kVersion) return fail(ErrorCode::corrupt, "not a campaign's content");
  s.mail_class = static_cast<message::MailClass>(in.u8());
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
  auto layout = message::RowLayout::decode(in.string());
  if (!layout) return std::unexpected(layout.error());
  s.layout = std::move(*layout);
  for (auto left = in.varint(); left > 0 && in.ok(); --left) parts.meta.emplace_back(in.string());
  parts.name_column = in.string();
  parts.bounce_domain = in.string();
  parts.fallback_sender = in.string();
  if (!in.ok() || !in.at_end()) return fail(ErrorCode::corrupt, "a campaign's content does not decode");
  return parts;
}

Expected<std::shared_ptr<const StreamContent>> compile_campaign(CampaignParts parts) {
  auto content = message::CampaignContent::compile(parts.source);
  if (!content) return std::unexpected(content.error());
  return std::make_shared<CampaignStream>(std::move(*content), std::move(parts));
}

}  // namespace sluice::delivery
