#include "engine/suppression/lookup.hpp"

#include <algorithm>

#include "engine/suppression/rows.hpp"
#include "queue/families.hpp"

namespace sluice::suppression {
namespace {

const std::string kBehindAll(17, '\xff');

}  // namespace

void Counts::append_to(std::string& out) const {
  for (const auto value : {subjects, entries, soft_rows}) put_varint(out, value);
}

Counts Counts::decode(std::string_view bytes) {
  ByteReader in(bytes);
  Counts out;
  for (auto* value : {&out.subjects, &out.entries, &out.soft_rows}) *value = in.varint();
  return out;
}

bool Wanted::takes_subject(std::string_view subject) const {
  if (!domain.empty() && domain_key(subject).substr(std::min<std::size_t>(1, subject.size())) != domain)
    return false;
  return contains.empty() || subject.find(contains) != std::string_view::npos;
}

bool Wanted::takes(const EntryView& entry) const {
  return (!scope || entry.scope == *scope) && (!reason || entry.reason == *reason) &&
         (tenant.empty() || entry.tenant == tenant) && (list_id.empty() || entry.list_id == list_id);
}

Expected<Lookup> Lookup::open(const store::Database& database) {
  auto bytes = database.get(queue::kSuppression, kKeyRow);
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail(ErrorCode::not_found, "nothing was ever suppressed in this store");
  if ((*bytes)->size() != 16)
    return fail(ErrorCode::corrupt, "the suppression rows' hash key does not decode");
  const auto key = hash_of(**bytes);
  return Lookup(database, HashKey{key.low, key.high});
}

Expected<std::optional<Row>> Lookup::row(const Subject& subject) const {
  auto bytes = database_->get(queue::kSuppressed, hash_bytes(hash(subject.key)));
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return std::nullopt;
  auto decoded = Row::decode(**bytes);
  if (!decoded) return std::unexpected(decoded.error());
  return std::optional(std::move(*decoded));
}

Expected<std::optional<Verdict>> Lookup::stopped(const Hash128& subject, const Audience& audience,
                                                 Instant now) const {
  const auto bytes = database_->get(queue::kSuppressed, hash_bytes(subject));
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return std::nullopt;
  RowReader reader(**bytes);
  while (const auto entry = reader.next()) {
    if (entry->in_force(now) && audience.stopped_by(*entry)) return Verdict{entry->scope, entry->reason};
  }
  if (!reader.ok()) return Verdict{};  // somebody was promised silence, and nobody knows to what extent
  return std::nullopt;
}

Expected<ListPage> Lookup::page(const Wanted& wanted, std::string_view after, std::size_t rows,
                                std::size_t looked_at) const {
  ListPage out;
  std::string from(after);
  if (!from.empty()) from.push_back('\0');
  const auto cursor = database_->cursor(queue::kSuppressed, std::move(from), kBehindAll);
  for (; cursor->valid(); cursor->next()) {
    if (out.rows.size() == rows || looked_at-- == 0) break;
    out.next = cursor->key();
    RowReader reader(cursor->value());
    if (!wanted.takes_subject(reader.subject())) continue;
    Listed listed{std::string(cursor->key()), {std::string(reader.subject()), {}}};
    while (const auto entry = reader.next()) {
      if (wanted.takes(*entry)) listed.row.entries.push_back(Entry::of(*entry));
    }
    if (!listed.row.entries.empty()) out.rows.push_back(std::move(listed));
  }
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  if (!cursor->valid()) out.next.clear();
  return out;
}

Expected<std::vector<std::pair<std::uint64_t, AuditLine>>> Lookup::audit(std::uint64_t before,
                                                                         std::size_t lines) const {
  std::vector<std::pair<std::uint64_t, AuditLine>> out;
  const auto end = before == 0 ? behind('a') : numbered('a', before);
  const auto last = database_->last(queue::kSuppression, numbered('a', 0), end);
  if (!last) return std::unexpected(last.error());
  if (!*last || (*last)->size() != 9) return out;
  const auto newest = get_be<8>((*last)->data() + 1);
  const auto oldest = newest >= lines ? newest - lines + 1 : 0;
  const auto cursor = database_->cursor(queue::kSuppression, numbered('a', oldest), end);
  for (; cursor->valid(); cursor->next()) {
    auto line = AuditLine::decode(cursor->value());
    if (cursor->key().size() == 9 && line) out.emplace_back(get_be<8>(cursor->key().data() + 1), *line);
  }
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  std::ranges::reverse(out);
  return out;
}

Expected<Counts> Lookup::counts() const {
  auto bytes = database_->get(queue::kSuppression, kCountRow);
  if (!bytes) return std::unexpected(bytes.error());
  return Counts::decode(bytes->value_or(""));
}

}  // namespace sluice::suppression
