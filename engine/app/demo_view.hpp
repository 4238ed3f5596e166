// The demo as people see it while it runs: bars on a terminal, one plain or JSON line now and then elsewhere.
// Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/app/terminal.hpp"
#include "queue/counters.hpp"

namespace sluice::app {

struct DemoRow {
  std::string name;
  std::uint64_t recipients = 0;
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;   ///< expired included
  std::uint64_t deferred = 0;  ///< attempts
  double per_second = 0;
  std::size_t connections = 0;
  std::string waits_for;  ///< as delivery::PathStats has it

  [[nodiscard]] std::uint64_t finals() const { return delivered + bounced; }
  [[nodiscard]] double done() const;
};

struct DemoMoment {
  double seconds = 0;  ///< since the start of this run
  std::uint64_t rows = 0;
  queue::Counters counters;
  std::vector<DemoRow> providers;

  [[nodiscard]] std::uint64_t over() const { return counters.finals() + counters.rejected; }
  [[nodiscard]] double per_second() const;
  /// Until the slowest provider is through at its speed of now; below 0: nobody can tell.
  [[nodiscard]] double seconds_left() const;
};

/// `policy "x" message_rate 650/s burst 33` as "at its limit of 650/s"; "back-off: rate-limit" as "backs off:
/// rate-limit"; empty stays empty.
[[nodiscard]] std::string wait_text(const std::string& waits_for);

/// A line a provider and the total, each at most the terminal's width.
[[nodiscard]] std::vector<std::string> demo_lines(const DemoMoment& moment, const Terminal& terminal);
[[nodiscard]] std::string demo_plain_line(const DemoMoment& moment);
[[nodiscard]] boost::json::object demo_json(const DemoMoment& moment);

}  // namespace sluice::app
