// A maildir into which another mail system delivers what came back: for those whose bounce domain ends
// elsewhere. What is in `new` is taken as from a file (intake.hpp) and then moved to `cur`, marked as seen;
// what cannot be read is marked as flagged. Nothing is deleted.
//
// Guarantee: a message leaves `new` only after what follows from it is on disk. One that a crash catches
// between the two is taken again, and its event told twice.
//
// One owner thread; look() reads files on it.
#pragma once

#include <string>

#include "engine/inbound/intake.hpp"
#include "engine/inbound/meter.hpp"

namespace sluice::inbound {

class DropFolder {
 public:
  /// Makes `new`, `cur` and `tmp` below Options::maildir where they are missing. All outlive it.
  [[nodiscard]] static Expected<DropFolder> open(const Options& options, const Intake& intake, Meter& meter);

  /// Takes what is in `new`, Options::maildir_at_once of it. True: there may be more. An error: what is left
  /// stays for the next look.
  net::Task<Expected<bool>> look();

 private:
  DropFolder(const Options& options, const Intake& intake, Meter& meter)
      : options_(options), intake_(intake), meter_(meter) {}
  [[nodiscard]] Expected<std::string> read(const std::string& name) const;
  [[nodiscard]] Expected<> put_aside(const std::string& name, const char* flag) const;

  const Options& options_;
  const Intake& intake_;
  Meter& meter_;
};

}  // namespace sluice::inbound
