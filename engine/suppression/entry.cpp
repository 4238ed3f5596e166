#include "engine/suppression/entry.hpp"

#include <array>

#include "engine/base/bytes.hpp"
#include "engine/base/json_text.hpp"

namespace sluice::suppression {
namespace {

constexpr std::array kScopes{"global", "tenant", "list"};
constexpr std::array kReasons{"manual",         "imported", "unsubscribed", "complaint", "invalid-recipient",
                              "invalid-domain", "inactive", "soft-bounces"};
constexpr std::uint8_t kVersion = 1;

template <class Enum, std::size_t Count>
std::optional<Enum> named(const std::array<const char*, Count>& names, std::string_view name) {
  for (std::size_t i = 0; i < Count; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

bool is_text(std::string_view name) {
  while (!name.empty()) {
    const auto length = utf8_length(name);
    if (length == 0 || name.front() == '\0') return false;
    name.remove_prefix(length);
  }
  return true;
}

}  // namespace

const char* name_of(Scope scope) { return kScopes[static_cast<std::size_t>(scope)]; }
const char* name_of(Reason reason) { return kReasons[static_cast<std::size_t>(reason)]; }
std::optional<Scope> scope_of(std::string_view name) { return named<Scope>(kScopes, name); }
std::optional<Reason> reason_of(std::string_view name) { return named<Reason>(kReasons, name); }

Entry Entry::of(const EntryView& view) {
  return {view.scope,
          view.reason,
          std::string(view.tenant),
          std::string(view.list_id),
          std::string(view.source),
          std::string(view.by),
          view.time_ms,
          view.expires_ms};
}

bool Entry::same_as(const EntryView& other) const {
  return scope == other.scope && reason == other.reason && tenant == other.tenant && list_id == other.list_id;
}

Expected<> Entry::check() const {
  for (const auto* name : {&tenant, &list_id, &source, &by}) {
    if (name->size() > kMaxNameBytes)
      return fail(ErrorCode::invalid_input, "a name has more than 255 bytes: tenant, list, source or by");
    if (!is_text(*name))
      return fail(ErrorCode::invalid_input,
                  "a name is no UTF-8 text, or holds NUL: tenant, list, source or by");
  }
  if (scope != Scope::global && tenant.empty())
    return fail(ErrorCode::invalid_input, "scope " + std::string(name_of(scope)) + " needs a tenant");
  if (scope == Scope::global && !tenant.empty())
    return fail(ErrorCode::invalid_input, "scope global has no tenant");
  if ((scope == Scope::list) != !list_id.empty())
    return fail(ErrorCode::invalid_input, "a list_id belongs to scope list, and scope list needs one");
  return {};
}

RowReader::RowReader(std::string_view bytes) {
  ByteReader in(bytes);
  ok_ = in.u8() == kVersion;
  subject_ = in.string();
  ok_ = ok_ && in.ok();
  rest_ = in.rest();
}

std::optional<EntryView> RowReader::next() {
  if (!ok_ || rest_.empty()) return std::nullopt;
  ByteReader in(rest_);
  EntryView out;
  const auto scope = in.u8();
  const auto reason = in.u8();
  ok_ = scope < kScopes.size() && reason < kReasons.size();
  if (!ok_) return std::nullopt;
  out.scope = static_cast<Scope>(scope);
  out.reason = static_cast<Reason>(reason);
  if (out.scope != Scope::global) out.tenant = in.string();
  if (out.scope == Scope::list) out.list_id = in.string();
  out.time_ms = static_cast<std::int64_t>(in.varint());
  out.expires_ms = static_cast<std::int64_t>(in.varint());
  out.source = in.string();
  out.by = in.string();
  ok_ = in.ok();
  rest_ = in.rest();
  return ok_ ? std::optional(out) : std::nullopt;
}

void Row::append_to(std::string& out) const {
  put_u8(out, kVersion);
  put_string(out, subject);
  for (const auto& entry : entries) {
    put_u8(out, static_cast<std::uint8_t>(entry.scope));
    put_u8(out, static_cast<std::uint8_t>(entry.reason));
    if (entry.scope != Scope::global) put_string(out, entry.tenant);
    if (entry.scope == Scope::list) put_string(out, entry.list_id);
    put_varint(out, static_cast<std::uint64_t>(entry.time_ms));
    put_varint(out, static_cast<std::uint64_t>(entry.expires_ms));
    put_string(out, entry.source);
    put_string(out, entry.by);
  }
}

Expected<Row> Row::decode(std::string_view bytes) {
  RowReader reader(bytes);
  Row out;
  out.subject = reader.subject();
  while (const auto entry = reader.next()) out.entries.push_back(Entry::of(*entry));
  if (!reader.ok()) return fail(ErrorCode::corrupt, "a suppression row does not decode");
  return out;
}

}  // namespace sluice::suppression
