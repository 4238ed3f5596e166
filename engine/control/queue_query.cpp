#include "engine/control/queue_query.hpp"

#include <algorithm>

#include "engine/message/address.hpp"
#include "engine/message/domain_name.hpp"

namespace sluice::control {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kMaxCursor = 2 * 300;  ///< characters: a record key has at most 271 bytes

/// The streams of a campaign (or flow) name and tenant, ascending; both may be "".
std::vector<StreamId> streams_named(const QueueQuery& query, const queue::StreamTable& streams) {
  std::vector<StreamId> out;
  for (const auto& stream : streams.all()) {
    const auto& settings = stream->settings;
    const bool named = query.campaign.empty() || settings.name == query.campaign ||
                       settings.tenant + "/" + settings.name == query.campaign;
    if (named && (query.tenant.empty() || settings.tenant == query.tenant)) out.push_back(stream->id);
  }
  return out;
}

Expected<> set_recipient(const std::string& text, queue::BrowseFilter& filter) {
  const auto address = message::parse_address(text, {.address_literal = true, .single_label = true});
  if (!address) return fail(address.error(), "the recipient");
  const auto domain = std::string(address->domain());
  if (!filter.domain.empty() && filter.domain != domain) {
    return fail(ErrorCode::invalid_input, "the recipient is of " + domain + ", not of " + filter.domain);
  }
  filter.domain = domain;
  filter.local = address->local();
  return {};
}

}  // namespace

Expected<QueueQuery> QueueQuery::from(const Words& words) {
  QueueQuery out;
  const std::pair<std::string_view, std::string*> known[] = {
      {"id", &out.id},         {"campaign", &out.campaign}, {"tenant", &out.tenant},
      {"domain", &out.domain}, {"provider", &out.provider}, {"recipient", &out.recipient},
      {"state", &out.state},   {"cursor", &out.cursor}};
  for (const auto& [word, value] : words) {
    const auto found =
        std::ranges::find(known, std::string_view(word), [](const auto& k) { return k.first; });
    if (found == std::end(known))
      return fail(ErrorCode::invalid_input, "records cannot be chosen by \"" + word + "\"");
    *found->second = value;
  }
  return out;
}

Expected<queue::BrowseFilter> filter_of(const QueueQuery& query, const QueueSource& source) {
  queue::BrowseFilter out;
  if (!query.id.empty()) {
    out.id = MessageId::parse(query.id);
    if (!out.id) return fail(ErrorCode::invalid_input, "\"" + query.id + "\" is no message id");
    out.streams = {out.id->stream()};
  }
  if (!query.campaign.empty() || !query.tenant.empty()) {
    auto named = streams_named(query, source.streams);
    if (named.empty()) {
      return fail(ErrorCode::not_found, query.campaign.empty()
                                            ? "no mail of a tenant \"" + query.tenant + "\""
                                            : "no campaign \"" + query.campaign + "\"");
    }
    if (out.id && !std::ranges::binary_search(named, out.id->stream()))
      return fail(ErrorCode::not_found, "the message is not of that campaign");
    if (!out.id) out.streams = std::move(named);
  }
  if (!query.domain.empty()) {
    if (auto domain = message::append_domain(query.domain, true, out.domain); !domain)
      return fail(domain.error(), "the domain " + query.domain);
  }
  if (!query.recipient.empty()) {
    if (auto set = set_recipient(query.recipient, out); !set) return std::unexpected(set.error());
  }
  if (!query.state.empty()) {
    out.state = queue::waiting_of(query.state);
    if (!out.state) return fail(ErrorCode::invalid_input, "a state is ready, deferred, held or leased");
  }
  if (!query.provider.empty()) {
    if (!source.provider_of)
      return fail(ErrorCode::unavailable,
                  "which provider serves a domain is known to a running service only");
    out.domain_fits = [of = source.provider_of, wanted = query.provider](std::string_view domain) {
      const auto provider = of(domain);
      return provider == wanted || (provider.empty() && wanted == "other");
    };
  }
  return out;
}

std::string cursor_text(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Expected<std::string> cursor_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size() && text.size() <= kMaxCursor; i += 2) {
    const auto high = kHex.find(text[i]);
    const auto low = kHex.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) break;
    out += static_cast<char>(high << 4 | low);
  }
  if (out.size() * 2 != text.size()) return fail(ErrorCode::invalid_input, "the cursor is not one of ours");
  return out;
}

}  // namespace sluice::control
