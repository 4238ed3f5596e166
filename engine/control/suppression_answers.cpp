#include "engine/control/suppression_answers.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>
#include <initializer_list>

#include "engine/control/queue_query.hpp"
#include "engine/message/domain_name.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using suppression::Entry;
using suppression::Subject;

std::string word(const SuppressionWords& words, std::string_view name) {
  const auto found = words.find(name);
  return found == words.end() ? std::string() : found->second;
}

Expected<> only(const SuppressionWords& words, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : words) {
    if (std::ranges::find(known, name) == known.end())
      return fail(ErrorCode::invalid_input, "nothing here is called " + name);
  }
  return {};
}

/// Nothing set leaves `out` as it is.
Expected<> read_scope(const SuppressionWords& words, std::optional<suppression::Scope>& out) {
  const auto name = word(words, "scope");
  if (name.empty()) return {};
  out = suppression::scope_of(name);
  return out ? Expected<>() : fail(ErrorCode::invalid_input, "scope is global, tenant or list");
}

Expected<> read_reason(const SuppressionWords& words, std::optional<suppression::Reason>& out) {
  const auto name = word(words, "reason");
  if (name.empty()) return {};
  out = suppression::reason_of(name);
  return out ? Expected<>()
             : fail(ErrorCode::invalid_input,
                    "reason is manual, imported, unsubscribed, complaint, invalid-recipient, invalid-domain, "
                    "inactive or soft-bounces");
}

Expected<std::uint64_t> number(const SuppressionWords& words, std::string_view name, std::uint64_t otherwise,
                               std::uint64_t most) {
  const auto text = word(words, name);
  if (text.empty()) return otherwise;
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out > most)
    return fail(ErrorCode::invalid_input, std::string(name) + " is a number up to " + std::to_string(most));
  return out;
}

json::object entry_json(const suppression::EntryView& entry) {
  json::object out{{"scope", suppression::name_of(entry.scope)}};
  if (!entry.tenant.empty()) out["tenant"] = entry.tenant;
  if (!entry.list_id.empty()) out["list_id"] = entry.list_id;
  out["reason"] = suppression::name_of(entry.reason);
  out["time"] = to_rfc3339(from_ms(entry.time_ms));
  if (entry.expires_ms != 0) out["expires"] = to_rfc3339(from_ms(entry.expires_ms));
  if (!entry.source.empty()) out["source"] = entry.source;
  if (!entry.by.empty()) out["by"] = entry.by;
  return out;
}

json::array entries_json(const std::vector<Entry>& entries) {
  json::array out;
  for (const auto& entry : entries) out.push_back(entry_json(entry.view()));
  return out;
}

Expected<suppression::Wanted> wanted_of(const SuppressionWords& words) {
  suppression::Wanted out;
  if (auto read = read_scope(words, out.scope); !read) return std::unexpected(read.error());
  if (auto read = read_reason(words, out.reason); !read) return std::unexpected(read.error());
  out.tenant = word(words, "tenant");
  out.list_id = word(words, "list");
  out.contains = word(words, "contains");
  for (auto& c : out.contains) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (const auto domain = word(words, "domain"); !domain.empty()) {
    if (auto named = message::append_domain(domain, true, out.domain); !named)
      return fail(named.error(), "the domain " + domain);
  }
  return out;
}

}  // namespace

Expected<json::object> suppression_list(const suppression::Lookup& lookup, const SuppressionWords& words) {
  const auto known =
      only(words, {"scope", "reason", "tenant", "list", "domain", "contains", "limit", "cursor"});
  if (!known) return std::unexpected(known.error());
  const auto wanted = wanted_of(words);
  if (!wanted) return std::unexpected(wanted.error());
  const auto limit = number(words, "limit", 100, kMaxSuppressionsListed);
  if (!limit) return std::unexpected(limit.error());
  const auto after = cursor_bytes(word(words, "cursor"));
  if (!after) return std::unexpected(after.error());
  const auto page = lookup.page(*wanted, *after, *limit, kSuppressionsLookedAt);
  if (!page) return std::unexpected(page.error());
  json::array rows;
  for (const auto& listed : page->rows)
    rows.push_back({{"subject", listed.row.subject}, {"entries", entries_json(listed.row.entries)}});
  return json::object{{"suppressions", std::move(rows)},
                      {"next", page->next.empty() ? std::string() : cursor_text(page->next)}};
}

Expected<json::object> suppression_check(const suppression::Lookup& lookup, const SuppressionWords& words,
                                         Instant now) {
  const auto known = only(words, {"address", "tenant", "list", "transactional"});
  if (!known) return std::unexpected(known.error());
  auto subject = Subject::parse(word(words, "address"));
  if (!subject) return std::unexpected(subject.error());
  suppression::Audience audience;
  if (const auto tenant = word(words, "tenant"); !tenant.empty()) audience.tenant = tenant;
  audience.list_id = word(words, "list");
  audience.transactional = word(words, "transactional") == "1";
  json::object out{{"subject", subject->key}, {"entries", json::array()}, {"domain_entries", json::array()}};
  out["stopped"] = nullptr;
  const auto look = [&](const Subject& whom, const char* name) -> Expected<> {
    const auto row = lookup.row(whom);
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    out[name] = entries_json((*row)->entries);
    const auto verdict = lookup.stopped(lookup.hash(whom.key), audience, now);
    if (verdict && *verdict && out["stopped"].is_null()) out["stopped"] = (*verdict)->event_reason();
    return {};
  };
  if (auto looked = look(*subject, "entries"); !looked) return std::unexpected(looked.error());
  if (subject->is_domain()) return out;
  const Subject domain{std::string(suppression::domain_key(subject->key))};
  if (auto looked = look(domain, "domain_entries"); !looked) return std::unexpected(looked.error());
  return out;
}

Expected<json::object> suppression_audit(const suppression::Lookup& lookup, const SuppressionWords& words) {
  if (auto known = only(words, {"before", "limit"}); !known) return std::unexpected(known.error());
  const auto limit = number(words, "limit", 100, kMaxSuppressionsListed);
  const auto before = number(words, "before", 0, UINT64_MAX);
  if (!limit) return std::unexpected(limit.error());
  if (!before) return std::unexpected(before.error());
  const auto found = lookup.audit(*before, *limit);
  if (!found) return std::unexpected(found.error());
  json::array lines;
  std::uint64_t next = 0;
  for (const auto& [number, line] : *found) {
    json::object one{
        {"number", number}, {"time", to_rfc3339(from_ms(line.time_ms))}, {"action", line.action}};
    if (!line.subject.empty()) one["subject"] = line.subject;
    one["by"] = line.by;
    one["why"] = line.why;
    if (line.entry) one["entry"] = entry_json(line.entry->view());
    lines.push_back(std::move(one));
    next = number;
  }
  return json::object{{"lines", std::move(lines)}, {"next", next > 1 ? next : 0}};
}

Expected<Entry> entry_of(const SuppressionWords& words, Instant now) {
  Entry out;
  out.tenant = word(words, "tenant");
  out.list_id = word(words, "list");
  std::optional<suppression::Scope> scope;
  std::optional<suppression::Reason> reason;
  if (auto read = read_scope(words, scope); !read) return std::unexpected(read.error());
  if (auto read = read_reason(words, reason); !read) return std::unexpected(read.error());
  out.scope = scope.value_or(!out.list_id.empty()  ? suppression::Scope::list
                             : !out.tenant.empty() ? suppression::Scope::tenant
                                                   : suppression::Scope::global);
  out.reason = reason.value_or(suppression::Reason::manual);
  if (out.scope == suppression::Scope::list && out.tenant.empty()) out.tenant = "default";
  out.source = word(words, "source");
  out.by = word(words, "by");
  out.time_ms = to_ms(now);
  if (const auto expires = word(words, "expires"); !expires.empty()) {
    const auto at = suppression::parse_time(expires);
    if (!at) return fail(ErrorCode::invalid_input, "expires is a time such as 2026-12-31T00:00:00Z");
    if (*at <= to_ms(now)) return fail(ErrorCode::invalid_input, "expires is over already");
    out.expires_ms = *at;
  }
  if (auto sound = out.check(); !sound) return std::unexpected(sound.error());
  return out;
}

Expected<suppression::Removal> removal_of(const SuppressionWords& words) {
  const auto known = only(words, {"address", "scope", "tenant", "list", "reason", "by", "why"});
  if (!known) return std::unexpected(known.error());
  suppression::Removal out;
  auto subject = Subject::parse(word(words, "address"));
  if (!subject) return std::unexpected(subject.error());
  out.subject = std::move(*subject);
  if (auto read = read_scope(words, out.scope); !read) return std::unexpected(read.error());
  if (auto read = read_reason(words, out.reason); !read) return std::unexpected(read.error());
  out.tenant = word(words, "tenant");
  out.list_id = word(words, "list");
  out.by = word(words, "by").substr(0, suppression::kMaxNameBytes);
  out.why = word(words, "why").substr(0, 1000);
  return out;
}

json::object change_answer(const suppression::ChangeReport& report) {
  return {{"added", report.added},     {"renewed", report.renewed},         {"unchanged", report.unchanged},
          {"removed", report.removed}, {"refused", report.subjects.size()}, {"why", report.why}};
}

json::object import_answer(const suppression::ChangeReport& report, const suppression::ImportPart& part) {
  auto out = change_answer(report);
  out["rows"] = part.rows.size() + part.bad.size();
  out["blank"] = part.blank;
  out["bad_rows"] = part.bad.size();
  json::array bad;
  for (const auto& row : part.bad) {
    if (bad.size() == kBadRowsTold) break;
    json::object one{{"line", row.line}, {"reason", row.reason}};
    one["text"] = row.text;
    bad.push_back(std::move(one));
  }
  out["bad"] = std::move(bad);
  return out;
}

}  // namespace sluice::control
