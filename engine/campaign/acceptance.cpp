#include "engine/campaign/acceptance.hpp"

#include <cmath>

#include "engine/base/bytes.hpp"

namespace sluice::campaign {
namespace {

constexpr std::uint8_t kVersion = 3;
constexpr std::uint8_t kWithoutCanary = 2;
constexpr std::uint8_t kWithoutWindows =
    1;  ///< written before windows were kept: they were not obeyed either

constexpr double kShareUnit = 1e6;  ///< shares are written in millionths

void append_windows(std::string& out, const Windows& windows) {
  put_varint(out, windows.list().size());
  for (const auto& window : windows.list()) {
    put_u8(out, window.days);
    put_be<2>(out, window.start);
    put_be<2>(out, window.end);
  }
}

std::optional<Windows> read_windows(ByteReader& in) {
  const auto count = in.varint();
  if (count > Windows::kMaxWindows) return std::nullopt;
  std::vector<Window> out(count);
  for (auto& window : out) {
    window.days = in.u8();
    window.start = static_cast<std::uint16_t>(in.be<2>());
    window.end = static_cast<std::uint16_t>(in.be<2>());
    if (window.start >= 24 * 60 || window.end > 24 * 60) return std::nullopt;
  }
  return Windows(std::move(out));
}

}  // namespace

std::string Acceptance::encode() const {
  std::string out;
  put_u8(out, kVersion);
  for (const auto* text : {&incoming_name, &active_name, &list_name, &kept_name, &subject, &from})
    put_string(out, *text);
  put_be<8>(out, identity.device);
  put_be<8>(out, identity.inode);
  put_string(out, fingerprint.encode());
  put_u8(out, static_cast<std::uint8_t>(list_kind.format));
  put_u8(out, static_cast<std::uint8_t>(list_kind.packing));
  std::string names;
  layout.encode(names);
  put_string(out, names);
  put_varint(out, first_seq);
  append_windows(out, windows);
  put_string(out, zone_name);
  put_string(out, zone_column);
  put_varint(out, canary.size);
  put_varint(out, static_cast<std::uint64_t>(std::llround(canary.max_bounced * kShareUnit)));
  put_varint(out, static_cast<std::uint64_t>(std::llround(canary.max_unknown * kShareUnit)));
  put_varint(out, static_cast<std::uint64_t>(canary.wait.count()));
  return out;
}

std::optional<Acceptance> Acceptance::decode(std::string_view bytes) {
  ByteReader in(bytes);
  Acceptance out;
  const auto version = in.u8();
  if (version < kWithoutWindows || version > kVersion) return std::nullopt;
  for (auto* text :
       {&out.incoming_name, &out.active_name, &out.list_name, &out.kept_name, &out.subject, &out.from}) {
    *text = in.string();
  }
  out.identity.device = in.be<8>();
  out.identity.inode = in.be<8>();
  const auto fingerprint = ListFingerprint::decode(in.string());
  out.list_kind.format = static_cast<ListFormat>(in.u8());
  out.list_kind.packing = static_cast<Packing>(in.u8());
  auto layout = message::RowLayout::decode(in.string());
  out.first_seq = in.varint();
  if (version != kWithoutWindows) {
    auto windows = read_windows(in);
    if (!windows) return std::nullopt;
    out.windows = std::move(*windows);
    out.zone_name = in.string();
    out.zone_column = in.string();
  }
  if (version > kWithoutCanary) {
    out.canary.size = static_cast<std::uint32_t>(in.varint());
    out.canary.max_bounced = static_cast<double>(in.varint()) / kShareUnit;
    out.canary.max_unknown = static_cast<double>(in.varint()) / kShareUnit;
    out.canary.wait = shaping::Millis(in.varint());
  }
  if (!in.ok() || !fingerprint || !layout) return std::nullopt;
  out.fingerprint = *fingerprint;
  out.layout = std::move(*layout);
  return out;
}

std::string Progress::encode() const {
  std::string out;
  put_varint(out, row);
  put_u8(out, complete ? 1 : 0);
  put_string(out, failure);
  return out;
}

std::optional<Progress> Progress::decode(std::string_view bytes) {
  if (bytes.empty()) return Progress{};
  ByteReader in(bytes);
  Progress out;
  out.row = in.varint();
  out.complete = in.u8() != 0;
  out.failure = in.string();
  if (!in.ok()) return std::nullopt;
  return out;
}

}  // namespace sluice::campaign
