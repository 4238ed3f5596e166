// What all workers of a delivery use together.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/delivery/options.hpp"
#include "engine/delivery/probe.hpp"
#include "engine/delivery/routes.hpp"
#include "engine/delivery/source_book.hpp"
#include "engine/delivery/stream_content.hpp"
#include "engine/delivery/stream_rates.hpp"
#include "engine/delivery/transport.hpp"
#include "engine/delivery/warmup_book.hpp"
#include "engine/shaping/broken_tls.hpp"
#include "engine/shaping/canary.hpp"
#include "engine/shaping/engine.hpp"
#include "engine/suppression/book.hpp"
#include "metrics/registry.hpp"
#include "queue/throttle_rows.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::delivery {

class Worker;

/// When a recipient of a stream with local windows may be sent to: `now`, or the next opening. Any thread.
using LocalOpening = std::function<Instant(const queue::Stream&, const queue::Record&, Instant now)>;

struct PoolSource {
  std::size_t source = 0;  ///< index into Options::sources
  unsigned weight = 1;
};

struct Shared {
  const Options options;
  const Clock& clock;
  queue::Queue& queue;
  Routes& routes;
  Network& network;
  throttle::PolicySet& policies;
  ContentStore& contents;
  std::unique_ptr<StreamRates> rates;
  const message::DkimSigner& signer;  ///< each worker has its clone
  std::map<std::string, std::vector<PoolSource>, std::less<>> pools;
  std::vector<Worker*> workers;  ///< by owner number
  Probe* probe = nullptr;
  LocalOpening local_opening{};
  shaping::Engine* shaping = nullptr;             ///< null: paths back off by themselves
  shaping::BrokenTls* broken_tls = nullptr;       ///< null: nothing is remembered
  shaping::Canary* canary = nullptr;              ///< null: campaigns have none
  const suppression::Book* suppressed = nullptr;  ///< null: nobody is
  std::unique_ptr<SourceBook> sources{};
  std::unique_ptr<WarmupBook> warmups{};
  queue::ThrottleRows* throttle_rows = nullptr;
  metrics::Registry* registry = nullptr;  ///< null: nothing is counted
};

/// "google" for a plan whose first host ends in one of its suffixes, else for one whose every address is in
/// its networks; "" when there is none.
[[nodiscard]] std::string provider_of(const dns::MxPlan& plan, const std::vector<ProviderOptions>& providers);

/// Stands for all addresses of the plan's best hosts: sites behind the same addresses have the same. What
/// policies by remote_ip go by.
[[nodiscard]] std::string first_address(const dns::MxPlan& plan);

}  // namespace sluice::delivery
