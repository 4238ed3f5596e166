// The demo's five receivers, in a process of their own: whatever happens to the engine, what they took stays
// written down.
//
// start() forks and must come before any thread. The receivers end on stop(), or when the demo itself is
// gone. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.hpp"

namespace sluice::app {

struct DemoReceiversOptions {
  std::string log_file;  ///< a line for each message taken
  std::string samples;   ///< folder of stored messages
  std::uint64_t sample_every = 500;
  std::uint64_t seed = 1;
};

class DemoReceivers {
 public:
  /// One for each of demo_providers(), on free ports.
  [[nodiscard]] static Expected<DemoReceivers> start(const DemoReceiversOptions& options);
  DemoReceivers(DemoReceivers&& other) noexcept;
  DemoReceivers& operator=(DemoReceivers&&) = delete;
  ~DemoReceivers();

  /// "127.0.0.2:40123", in the order of demo_providers().
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  /// Ends them; the log is complete afterwards. io: it could not be written. Again: nothing.
  [[nodiscard]] Expected<> stop();

 private:
  DemoReceivers() = default;

  pid_t process_ = -1;
  std::vector<std::string> addresses_;
};

}  // namespace sluice::app
