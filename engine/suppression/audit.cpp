#include "engine/suppression/audit.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::suppression {

void AuditLine::append_to(std::string& out) const {
  put_varint(out, static_cast<std::uint64_t>(time_ms));
  for (const auto* text : {&action, &by, &why}) put_string(out, *text);
  Row row{subject, {}};
  if (entry) row.entries.push_back(*entry);
  row.append_to(out);
}

std::optional<AuditLine> AuditLine::decode(std::string_view bytes) {
  ByteReader in(bytes);
  AuditLine out;
  out.time_ms = static_cast<std::int64_t>(in.varint());
  for (auto* text : {&out.action, &out.by, &out.why}) *text = in.string();
  if (!in.ok()) return std::nullopt;
  auto row = Row::decode(in.rest());
  if (!row) return std::nullopt;
  out.subject = std::move(row->subject);
  if (!row->entries.empty()) out.entry = std::move(row->entries.front());
  return out;
}

}  // namespace sluice::suppression
