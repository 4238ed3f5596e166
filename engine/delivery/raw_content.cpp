#include "engine/delivery/raw_content.hpp"

#include "engine/delivery/raw_payload.hpp"

namespace sluice::delivery {
namespace {

constexpr char kVersion = 1;

class RawStream final : public StreamContent {
 public:
  explicit RawStream(const store::Segments& segments) : segments_(segments) {}

  Expected<> prepare(const queue::Record& record, message::DkimSigner& signer, Instant /*now*/,
                     Prepared& out) const override {
    const auto payload = RawPayload::decode(record.value.payload);
    if (!payload || payload->stored == record.value.body.empty()) {
      return fail(ErrorCode::corrupt, "the record of a raw message does not decode");
    }
    auto raw = raw_message(record.value, *payload, segments_);
    if (!raw) return std::unexpected(raw.error());
    out.raw = std::move(*raw);
    out.sender = payload->sender;
    out.recipient.assign(record.value.local).append(1, '@').append(record.key.domain);
    const std::string_view message = out.raw;
    const auto header = message.substr(0, payload->header_bytes);
    const auto body = message.substr(payload->header_bytes);
    out.signatures.clear();
    out.signed_by.clear();
    out.signing = {};
    if (!payload->from_domain.empty()) {
      // The time of acceptance, so that every attempt carries the same bytes.
      const auto at = from_ms(record.value.accepted_ms);
      const auto began = std::chrono::steady_clock::now();
      auto count = signer.sign(header, body, payload->from_domain, at, out.signatures);
      if (!count) return std::unexpected(count.error());
      if (*count > 0) {
        out.signing = std::chrono::steady_clock::now() - began;
        name_keys(signer, payload->from_domain, out.signed_by);
      }
    }
    out.pieces = {out.signatures, message};
    out.finish(smtp::ContentForm::raw);
    out.message.envelope.eight_bit = payload->eight_bit;
    out.message.envelope.smtp_utf8 = payload->smtp_utf8;
    out.reports.assign(payload->dsn);
    out.message.envelope.report = out.reports.request();
    return {};
  }

  std::string meta(const queue::Record&) const override { return {}; }

  std::string sender(const queue::Record& record, const MessageId&) const override {
    const auto payload = RawPayload::decode(record.value.payload);
    return payload ? std::string(payload->sender) : std::string();
  }

 private:
  static void name_keys(const message::DkimSigner& signer, std::string_view domain, std::string& out) {
    for (const auto& key : signer.keys()) {
      if (key.domain() != domain) continue;
      if (!out.empty()) out += ' ';
      out.append(key.domain()).append(1, '/').append(key.selector());
    }
  }

  const store::Segments& segments_;
};

}  // namespace

std::string encode_raw() { return {kRawKind, kVersion}; }

Expected<std::string> raw_message(const queue::RecordValue& value, const RawPayload& payload,
                                  const store::Segments& segments) {
  if (!payload.stored) return std::string(payload.message);
  if (value.body.empty()) return fail(ErrorCode::corrupt, "the record of a raw message names no body");
  auto ref = store::BodyRef::of_key(value.body);
  ref.length = payload.length;
  ref.crc = payload.crc;
  return segments.read(ref);
}

Expected<std::shared_ptr<const StreamContent>> load_raw(std::string_view bytes,
                                                        const store::Segments& segments) {
  if (bytes != encode_raw()) return fail(ErrorCode::corrupt, "not the content of a flow");
  return std::make_shared<RawStream>(segments);
}

}  // namespace sluice::delivery
