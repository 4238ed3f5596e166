#include "engine/delivery/campaign_content.hpp"

#include "engine/message/meta_columns.hpp"

namespace sluice::delivery {
namespace {

class CampaignStream final : public StreamContent {
 public:
  CampaignStream(message::CampaignContent content, message::CampaignParts parts,
                 std::optional<feedback::TokenKey> key)
      : content_(std::move(content)),
        parts_(std::move(parts)),
        key_(key),
        meta_(parts_.meta, parts_.source.layout) {}

  Expected<> prepare(const queue::Record& record, message::DkimSigner& signer, Instant now,
                     Prepared& out) const override {
    out.sender = sender(record, out.id);
    out.recipient.assign(record.value.local).append(1, '@').append(record.key.domain);
    const auto token = token_of(out.id);
    const auto payload = message::read_payload(record.value.payload);
    const message::RenderInput input{out.id,       out.recipient,
                                     payload.name, payload.row,
                                     token,        key_ ? std::string_view(token) : std::string_view()};
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
    return meta_.json(message::read_payload(record.value.payload).row);
  }

  std::string list_id() const override { return parts_.source.list_id; }

  std::string sender(const queue::Record&, const MessageId& id) const override {
    return parts_.bounce_domain.empty() ? parts_.fallback_sender : token_of(id) + "@" + parts_.bounce_domain;
  }

 private:
  std::string token_of(const MessageId& id) const {
    return key_ ? feedback::make_token(*key_, id) : id.text();
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
  std::optional<feedback::TokenKey> key_;
  message::MetaColumns meta_;
};

}  // namespace

Expected<std::shared_ptr<const StreamContent>> compile_campaign(message::CampaignParts parts,
                                                                std::optional<feedback::TokenKey> key) {
  auto content = message::CampaignContent::compile(parts.source);
  if (!content) return std::unexpected(content.error());
  return std::make_shared<CampaignStream>(std::move(*content), std::move(parts), key);
}

}  // namespace sluice::delivery
