// Which waiting records somebody asks for: the words of a request or of a command line, as a filter.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "queue/browse.hpp"

namespace sluice::control {

/// What the answers need, of a running service or of a store nobody has open. All outlive it.
struct QueueSource {
  const store::Database& database;
  const queue::StreamTable& streams;
  std::uint16_t node = 0;
  std::string events_folder;
  /// "" for a domain whose provider is not known now. Empty: nobody knows any.
  std::function<std::string(std::string_view domain)> provider_of{};
  /// Why a ready record does not go, beyond limits: paused, held by an order, outside its windows. Or "".
  std::function<std::string(const queue::Stream& stream, std::string_view domain)> waits_for{};
};

/// Words as they came; all untrusted.
struct QueueQuery {
  std::string id;
  std::string campaign;  ///< "name" or "tenant/name"; flows too
  std::string tenant;
  std::string domain;
  std::string provider;
  std::string recipient;
  std::string state;
  std::string cursor;  ///< what an earlier answer gave as `next`

  using Words = std::map<std::string, std::string, std::less<>>;
  /// Unknown words are invalid_input, so that a misspelt filter never means "all".
  [[nodiscard]] static Expected<QueueQuery> from(const Words& words);
  /// Nothing chooses: every record is meant.
  [[nodiscard]] bool everything() const {
    return id.empty() && campaign.empty() && tenant.empty() && domain.empty() && provider.empty() &&
           recipient.empty() && state.empty();
  }
};

/// invalid_input: a word that means nothing; not_found: no such campaign or tenant; unavailable: providers
/// are not known without a running service.
[[nodiscard]] Expected<queue::BrowseFilter> filter_of(const QueueQuery& query, const QueueSource& source);

/// A place to go on as text, and back.
[[nodiscard]] std::string cursor_text(std::string_view bytes);
[[nodiscard]] Expected<std::string> cursor_bytes(std::string_view text);

}  // namespace sluice::control
