// All series of a process: cells written by their threads, and samples taken when somebody looks.
//
// A thread has a Shard. It asks there for the cell of a series once, keeps the reference, and then adds to it
// without a lock; a second thread has a cell of its own for the same series, and collecting adds them up.
// What is known only at the moment (a disk's free space) comes from a sampler, called by each collection.
//
// Bounded: each label has kLabels[…].max_values values and each family max_children combinations; what comes
// beyond is counted under "other" (an empty provider too). So catalog() alone bounds the number of series.
//
// Threads: make_shard, add_sampler and Collect from any; a Shard from one. Asking for a cell takes the
// registry's lock for a moment, Collect for as long as copying a list of pointers takes. Cells live as long
// as the registry.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/family.hpp"

namespace sluice::metrics {

/// One value of each of the family's labels, in its order.
using Values = std::initializer_list<std::string_view>;

class Registry;

/// The cells of one thread. Lives as long as its registry.
class Shard {
 public:
  /// A counter's or gauge's cell; a gauge is the sum over the threads. The same one for the same values.
  [[nodiscard]] Cell& cell(const Family& family, Values values);
  [[nodiscard]] HistogramCell& histogram(const Family& family, Values values);

 private:
  friend class Registry;
  explicit Shard(Registry& registry) : registry_(registry) {}

  Registry& registry_;
  std::unordered_map<std::string, std::unique_ptr<Cell>> cells_;
  std::unordered_map<std::string, std::unique_ptr<HistogramCell>> histograms_;
};

/// Where a sampler puts what it sees.
class Samples {
 public:
  virtual ~Samples() = default;
  /// Once a series; a second value of the same one is added.
  virtual void put(const Family& family, Values values, double value) = 0;
};

class Registry final : public prometheus::Collectable {
 public:
  Registry();
  ~Registry() override;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] Shard& make_shard();
  /// Called by each Collect, on its thread, in the order added. What it uses must outlive the last Collect.
  void add_sampler(std::function<void(Samples&)> sampler);

  /// Families in the catalogue's order, without those that have no series; children by their labels' values.
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  friend class Shard;
  class Gathering;
  using Keys = std::set<std::string, std::less<>>;
  struct Entry {
    const Family* family;
    std::string key;  ///< the values as shown, each ended by '\x1f'
    const Cell* cell = nullptr;
    const HistogramCell* histogram = nullptr;
  };

  /// The key of the series these values go to, within the bounds. `children` are those the family has.
  /// Requires mutex_.
  std::string admit(const Family& family, Values values, Keys& children) const;
  std::string_view admit_value(Label label, std::string_view value) const;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::function<void(Samples&)>> samplers_;
  std::deque<Entry> entries_;  ///< grows only, and does not move: collections read it without the lock
  // What was admitted so far; samplers' values count too, except of labels whose values change with time.
  mutable std::array<Keys, kLabelCount> values_;
  mutable std::unordered_map<const Family*, Keys> children_;
};

/// The text format of Prometheus, version 0.0.4.
[[nodiscard]] std::string to_text(const std::vector<prometheus::MetricFamily>& families);
[[nodiscard]] std::string to_text(const Registry& registry);
inline constexpr const char* kTextType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sluice::metrics
