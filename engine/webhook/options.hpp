// What an operator sets of webhooks, and their bounds.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sluice::webhook {

inline constexpr std::size_t kMaxEndpoints = 64;
inline constexpr std::size_t kMaxSecrets = 4;  ///< of one endpoint: the new one, and those still honoured

/// One [[webhook]].
struct EndpointOptions {
  std::string name;
  std::string url;                             ///< https://…; http:// to loopback, or with `plain`
  std::vector<std::string> secret_files;       ///< `whsec_…` each, 1 to kMaxSecrets; every one signs
  std::vector<std::string> tenants;            ///< empty: all, and what belongs to no tenant
  std::vector<std::string> events;             ///< kinds; empty: all
  std::size_t batch_events = 500;              ///< 1-10,000; a batch ends there
  std::size_t batch_bytes = 512u << 10;        ///< of lines in a batch; a longer line goes alone
  std::chrono::milliseconds batch_wait{1000};  ///< a batch that is not full goes after so long
  std::chrono::milliseconds timeout{30'000};   ///< for a whole request and its answer
  std::chrono::milliseconds retry_min{1000};   ///< after the first failure; doubles
  std::chrono::milliseconds retry_max{300'000};
  bool plain = false;  ///< http:// to hosts other than loopback

  friend bool operator==(const EndpointOptions&, const EndpointOptions&) = default;
};

struct Options {
  std::string events_folder;
  std::string ca_file;                   ///< PEM; empty: the system's CAs
  std::string agent = "sluice";          ///< User-Agent
  std::size_t answer_bytes = 64u << 10;  ///< of an answer's body that are read; then the connection is closed
  std::size_t lines_a_turn = 2000;       ///< looked at before other endpoints get their turn
  std::chrono::milliseconds poll{200};   ///< new events are looked for so often
  std::chrono::seconds idle_keep{10};    ///< a cursor that moved without a batch is written so often
  std::chrono::hours retry_after_max{24};  ///< a longer Retry-After counts as this
};

}  // namespace sluice::webhook
