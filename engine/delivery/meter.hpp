// What delivery counts for /metrics beside the event feed: connections, stages, waits, back-offs. All of it
// on the worker's thread, through cells looked up once a provider or path; without a registry everything here
// does nothing.
//
// One owner thread each, the worker's.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/smtp/client_connection.hpp"
#include "engine/smtp/client_options.hpp"
#include "metrics/registry.hpp"

namespace sluice::delivery {

enum class WaitReason : std::uint8_t {
  lane_rate,        ///< a lane waits for a rate of its domain, stream or tenant
  path_rate,        ///< a path waits for a rate of its own
  connections,      ///< a path may have no more connections
  connection_rate,  ///< a path may open none so soon
  back_off,
};
inline constexpr std::size_t kWaitReasons = 5;
[[nodiscard]] std::string_view name_of(WaitReason reason);

class Meter;

/// The cells of one provider in one worker.
class SiteMeter {
 public:
  SiteMeter(metrics::Shard& shard, std::string provider);

  /// A transaction ended. `before`: when the last one of its connection did; commands may have left earlier
  /// than that, but were answered later.
  void sent(const smtp::TransactionResult& result, smtp::TransactionResult::Time before);
  void waited(WaitReason reason, Micros time);

 private:
  friend class PathMeter;
  void took(smtp::Stage stage, std::chrono::nanoseconds time);

  metrics::Shard& shard_;
  const std::string provider_;
  std::array<metrics::HistogramCell*, smtp::kStageCount>
      stages_{};  ///< made when first used, as all of these
  std::array<metrics::Cell*, kWaitReasons> waits_{};
  metrics::HistogramCell* messages_ = nullptr;
};

/// How long something has waited; counted when the wait ends.
class WaitClock {
 public:
  /// Goes on when it waits already.
  void begin(WaitReason reason, Instant now) {
    if (since_ == Instant{}) since_ = now;
    reason_ = reason;
  }
  void end(SiteMeter* meter, Instant now) {
    if (since_ == Instant{}) return;
    if (meter != nullptr) meter->waited(reason_, now - since_);
    since_ = {};
  }
  /// The epoch: it does not wait.
  [[nodiscard]] Instant since() const { return since_; }

 private:
  Instant since_{};
  WaitReason reason_ = WaitReason::lane_rate;
};

/// The cells of one path. Takes what it added to gauges back when it goes.
class PathMeter {
 public:
  PathMeter() = default;
  PathMeter(Meter& meter, const std::string& provider, std::string source);
  ~PathMeter();
  PathMeter(PathMeter&& other) noexcept;
  PathMeter& operator=(PathMeter&& other) noexcept;

  void connecting() { count(&PathMeter::connecting_, 1); }
  void open_failed(smtp::Stage stage, smtp::TlsPolicy policy);
  void opened(const smtp::Opened& opened, smtp::TlsPolicy policy);
  /// An open connection ended after so many messages.
  void closed(std::size_t messages);
  void sent(const smtp::TransactionResult& result, smtp::TransactionResult::Time before) {
    if (site_ != nullptr) site_->sent(result, before);
  }
  /// `why`: its first word is the rule.
  void backs_off(std::string_view why, Instant now);
  void goes_on(Instant now);
  /// Null without a registry.
  [[nodiscard]] SiteMeter* site() const { return site_; }

 private:
  void count(double PathMeter::* held, double n);
  metrics::Cell& gauge(double PathMeter::* held);
  void session(std::string_view version, smtp::TlsPolicy policy, std::string_view result);

  metrics::Shard* shard_ = nullptr;
  SiteMeter* site_ = nullptr;
  std::string source_;
  double connecting_ = 0;
  double open_ = 0;
  metrics::Cell* connecting_cell_ = nullptr;
  metrics::Cell* open_cell_ = nullptr;
  metrics::Cell* backing_off_ = nullptr;  ///< null: it does not
  WaitClock back_off_;
};

/// A worker's.
class Meter {
 public:
  /// `registry` null: nothing is counted. It outlives the meter.
  explicit Meter(metrics::Registry* registry);

  [[nodiscard]] SiteMeter* site(const std::string& provider);
  void signed_in(std::chrono::nanoseconds time);

 private:
  friend class PathMeter;

  metrics::Shard* shard_ = nullptr;
  std::map<std::string, std::unique_ptr<SiteMeter>, std::less<>> sites_;  ///< by provider
  metrics::HistogramCell* signing_ = nullptr;
};

}  // namespace sluice::delivery
