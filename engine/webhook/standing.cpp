#include "engine/webhook/standing.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::webhook {

void Standing::append_to(std::string& out) const {
  put_varint(out, after);
  put_varint(out, upto);
  put_varint(out, round);
  put_varint(out, static_cast<std::uint64_t>(disabled_ms));
  put_string(out, why);
}

std::optional<Standing> Standing::decode(std::string_view bytes) {
  ByteReader in(bytes);
  Standing out;
  out.after = in.varint();
  out.upto = in.varint();
  out.round = in.varint();
  out.disabled_ms = static_cast<std::int64_t>(in.varint());
  out.why = in.string();
  if (!in.ok() || !in.at_end() || (out.upto != 0 && out.upto < out.after)) return std::nullopt;
  return out;
}

}  // namespace sluice::webhook
