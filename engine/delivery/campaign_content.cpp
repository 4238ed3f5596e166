#include "engine/delivery/campaign_content.hpp"

#include "engine/base/json_text.hpp"
#include "engine/message/row.hpp"

namespace sluice::delivery {
namespace {

class CampaignStream final : public StreamContent {
 public:
  CampaignStream(message::CampaignContent content, message::CampaignParts parts)
      : content_(std::move(content)), parts_(std::move(parts)) {
    for (const auto& column : parts_.meta) meta_.push_back(parts_.source.layout.find(column));
  }

  Expected<> prepare(const queue::Record& record, message::DkimSigner& signer, Instant now,
                     Prepared& out) const override {
    out.sender = sender(record, out.id);
    out.recipient.assign(record.value.local).append(1, '@').append(record.key.domain);
    const auto token = out.id.text();
    const auto payload = message::read_payload(record.value.payload);
    const message::RenderInput input{out.id, out.recipient, payload.name, payload.row, token};
    if (auto rendered = content_.render(input, out.rendered); !rendered) return rendered;
    out.signatures.clear();
    out.signed_by.clear();
    out.signing = {};
    const auto pieces = out.rendered.body_pieces();
    const auto began = std::chrono::steady_clock::now();
    auto count = signer.sign(out.rendered.header, pieces, content_.from_domain(), now, out.signatures);
    if (!count) return std::unexpected(count.error());
    if (*count > 0) {
      out.signing = std::chrono::steady_clock::now() - began;
      name_keys(signer, out.signed_by);
    }
    out.pieces = {out.signatures, out.rendered.header, out.rendered.body, out.rendered.tail};
    out.finish(smtp::ContentForm::plain);
    return {};
  }

  std::string meta(const queue::Record& record) const override {
    if (meta_.empty()) return {};
    const auto row = message::read_payload(record.value.payload).row;
    std::string out = "{";
    for (std::size_t i = 0; i < meta_.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, parts_.meta[i]);
      out += ':';
      append_json_string(out, meta_[i] ? text_of(row, *meta_[i]) : std::string());
    }
    return out + "}";
  }

  std::string list_id() const override { return parts_.source.list_id; }

  std::string sender(const queue::Record&, const MessageId& id) const override {
    return parts_.bounce_domain.empty() ? parts_.fallback_sender : id.text() + "@" + parts_.bounce_domain;
  }

 private:
  static std::string text_of(std::string_view row, std::uint16_t column) {
    const auto value = message::RowView(row).column(column);
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
  message::CampaignParts parts_;
  std::vector<std::optional<std::uint16_t>> meta_;
};

}  // namespace

Expected<std::shared_ptr<const StreamContent>> compile_campaign(message::CampaignParts parts) {
  auto content = message::CampaignContent::compile(parts.source);
  if (!content) return std::unexpected(content.error());
  return std::make_shared<CampaignStream>(std::move(*content), std::move(parts));
}

}  // namespace sluice::delivery
