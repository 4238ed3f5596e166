// What shaping is told of an attempt, and what it answers at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"
#include "engine/message/reply.hpp"

namespace sluice::shaping {

enum class Result : std::uint8_t { delivered, deferred, bounced, other };

/// Where mail leaves and arrives. Views live for the call only.
struct Place {
  std::string_view source;
  std::string_view provider;  ///< may be empty
  std::string_view site;
};

/// Whose mail it was.
struct Origin {
  StreamId stream = 0;        ///< 0: nobody's, an opening
  std::string_view campaign;  ///< empty for a flow
  std::string_view tenant;
};

/// One attempt that had an answer (`reply`), or an opening that was refused with one.
struct Observation {
  Place place;
  std::uint64_t path = 0;  ///< any number that is this place's own: a cheap key
  Origin origin;
  std::string_view stage;
  const message::Reply* reply = nullptr;  ///< untrusted text
  std::string_view bounce_class;          ///< as in events; empty for a delivery
  Result result = Result::other;
  unsigned connections = 0;  ///< of the path, open now, the refused one not counted
};

/// What the path does at once, before any limit can stop it.
struct Verdict {
  Instant hold_until{};       ///< it sends nothing before; epoch: no hold
  std::string cause;          ///< of the hold, for a person
  bool other_source = false;  ///< the refusal is about the source: the record may try another once
  bool taken = false;         ///< a rule said what to do: nobody else need act on the reply
};

/// Bounces and complaints that come back later, by mail. `blocked` and `unknown` count as answers, too: they
/// are late refusals, and may be all that a receiver says.
enum class Feedback : std::uint8_t { hard_bounce, soft_bounce, complaint, blocked, unknown };

}  // namespace sluice::shaping
