// What the demo sends to: five providers, their habits, their share of the list, and how fast we may send to
// each. Constant data; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/sink/persona.hpp"

namespace sluice::app {

/// One receiver of the demo. Its domains are `domain` itself (most of its recipients) and `hosted` more below
/// it.
struct DemoProvider {
  std::string name;             ///< of its persona, in events, bars and reports
  std::string domain;           ///< "gmail-like.test"
  std::string listen;           ///< "127.0.0.2:0": an address of its own, so that it is recognised by it
  unsigned percent = 0;         ///< of the recipients; all together 100
  unsigned hosted = 0;          ///< domains below `domain`
  std::string message_rate;     ///< of its [[policy]]; empty: none, its own pace is what holds us back
  unsigned connections = 0;     ///< of its [[policy]]
  unsigned per_connection = 0;  ///< messages, of its [[policy]]
  sink::Persona persona;
};

[[nodiscard]] std::span<const DemoProvider> demo_providers();

}  // namespace sluice::app
