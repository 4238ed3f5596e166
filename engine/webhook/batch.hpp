// One request's worth of events: lines of the event files that an endpoint wants, as one JSON body.
//
// The same (after, upto], endpoint and round always give the same body and id, so that a batch that is sent
// again can be told by its webhook-id. A change of the filter gives other ids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "queue/event_reader.hpp"

namespace sluice::webhook {

/// Which events an endpoint gets. Empty lists take all; with tenants, events that belong to none are left
/// out.
struct Filter {
  std::vector<std::string> tenants;
  std::vector<std::string> events;

  /// `line` is one of ours (queue/event_json.hpp): what is looked at stands before anybody's text.
  [[nodiscard]] bool takes(std::string_view line) const;
};

struct BatchLimits {
  std::size_t events = 500;
  std::size_t bytes = 512u << 10;  ///< of lines; one longer line goes alone
};

class Batch {
 public:
  Batch(std::string name, Filter filter, BatchLimits limits, std::uint64_t after, std::uint64_t round);

  enum class Fill { more, full, dry };
  /// Takes lines up to `upto`, at most `lines` of them looked at: `dry`, nothing is there now; `more`, ask
  /// again; `full`, the next line wanted does not fit.
  [[nodiscard]] Fill fill(queue::EventReader& reader, std::uint64_t upto, std::size_t lines);

  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] std::uint64_t after() const { return after_; }
  /// Number of the last line looked at.
  [[nodiscard]] std::uint64_t upto() const { return upto_; }
  /// Events that were gone from the files: [first, first + missing).
  [[nodiscard]] std::uint64_t missing() const { return missing_; }
  [[nodiscard]] std::uint64_t missing_from() const { return missing_from_; }

  /// {"type":"events","timestamp":…,"data":{"webhook":…,"after":…,"upto":…,"events":[…]}}
  [[nodiscard]] std::string body() const;
  /// Printable, without dots, unique to these events of this endpoint in this round.
  [[nodiscard]] std::string id() const;

 private:
  const std::string name_;
  const Filter filter_;
  const BatchLimits limits_;
  const std::uint64_t after_;
  const std::uint64_t round_;
  std::uint64_t upto_;
  std::uint64_t missing_ = 0;
  std::uint64_t missing_from_ = 0;
  std::size_t events_ = 0;
  std::string lines_;  ///< separated by commas
  std::string time_;   ///< of the last event in it
};

}  // namespace sluice::webhook
