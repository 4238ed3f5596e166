#include "metrics/registry.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/assert.hpp"
#include "metrics/catalog.hpp"

namespace sluice::metrics {
namespace {

constexpr char kEnd = '\x1f';  ///< behind each value of a key
constexpr std::size_t kMaxValueBytes = 120;

/// Names come from configurations and receivers: control bytes, and bytes that are no UTF-8, would break the
/// page.
std::string clean(std::string_view value) {
  std::string out(value.substr(0, kMaxValueBytes));
  for (auto& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) c = '?';
  }
  return out;
}

bool changes_with_time(const Family& family) {
  return std::ranges::any_of(
      family.labels, [](Label label) { return label != Label::none && row_of(label).max_values == 0; });
}

prometheus::MetricType type_of(Type type) {
  switch (type) {
    case Type::counter:
      return prometheus::MetricType::Counter;
    case Type::gauge:
      return prometheus::MetricType::Gauge;
    case Type::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void set_labels(prometheus::ClientMetric& metric, const Family& family, std::string_view key) {
  for (std::size_t i = 0; i < family.label_count(); ++i) {
    const auto end = key.find(kEnd);
    metric.label.push_back({std::string(row_of(family.labels[i]).name), std::string(key.substr(0, end))});
    key.remove_prefix(end + 1);
  }
}

void add_histogram(prometheus::ClientMetric& metric, const Family& family, const HistogramCell& cell) {
  auto& out = metric.histogram;
  out.bucket.resize(family.bounds.size() + 1);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= family.bounds.size(); ++i) {
    below += cell.count(i);
    out.bucket[i].cumulative_count += below;
    out.bucket[i].upper_bound =
        i < family.bounds.size() ? family.bounds[i] : std::numeric_limits<double>::infinity();
  }
  out.sample_count += below;
  out.sample_sum += cell.sum();
}

}  // namespace

/// One collection: the series of all shards and samplers, brought into order.
class Registry::Gathering final : public Samples {
 public:
  explicit Gathering(const Registry& registry) : registry_(registry) {}

  void take_cells() {
    const std::lock_guard lock(registry_.mutex_);
    seen_.reserve(registry_.entries_.size() + 256);
    for (const auto& entry : registry_.entries_) seen_.push_back(&entry);
  }

  void put(const Family& family, Values values, double value) override {
    const std::lock_guard lock(registry_.mutex_);
    auto& children = changes_with_time(family) ? passing_[&family] : registry_.children_[&family];
    auto& cell = cells_.emplace_back();
    cell.set(value);
    seen_.push_back(&sampled_.emplace_back(Entry{&family, registry_.admit(family, values, children), &cell}));
  }

  std::vector<prometheus::MetricFamily> in_order() {
    std::sort(seen_.begin(), seen_.end(), [](const Entry* a, const Entry* b) {
      return a->family != b->family ? a->family < b->family : a->key < b->key;
    });
    std::unordered_map<const Family*, prometheus::MetricFamily> made;
    const Entry* before = nullptr;
    prometheus::MetricFamily* out = nullptr;
    for (const auto* entry : seen_) {
      const auto& family = *entry->family;
      if (before == nullptr || before->family != entry->family) {
        out = &made[entry->family];
        *out = {std::string(family.name), std::string(family.help), type_of(family.type), {}};
        before = nullptr;
      }
      if (before == nullptr || before->key != entry->key) {
        set_labels(out->metric.emplace_back(), family, entry->key);
      }
      before = entry;
      add(out->metric.back(), *entry);
    }
    std::vector<prometheus::MetricFamily> all;
    for (const auto* family : catalog()) {
      if (const auto found = made.find(family); found != made.end()) all.push_back(std::move(found->second));
    }
    return all;
  }

 private:
  static void add(prometheus::ClientMetric& metric, const Entry& entry) {
    if (entry.histogram != nullptr) return add_histogram(metric, *entry.family, *entry.histogram);
    if (entry.family->type == Type::counter) {
      metric.counter.value += entry.cell->value();
    } else {
      metric.gauge.value += entry.cell->value();
    }
  }

  const Registry& registry_;
  std::vector<const Entry*> seen_;
  std::deque<Entry> sampled_;
  std::deque<Cell> cells_;
  std::unordered_map<const Family*, Keys> passing_;
};

Registry::Registry() = default;

Registry::~Registry() = default;

Shard& Registry::make_shard() {
  const std::lock_guard lock(mutex_);
  shards_.push_back(std::unique_ptr<Shard>(new Shard(*this)));
  return *shards_.back();
}

void Registry::add_sampler(std::function<void(Samples&)> sampler) {
  const std::lock_guard lock(mutex_);
  samplers_.push_back(std::move(sampler));
}

std::string_view Registry::admit_value(Label label, std::string_view value) const {
  const auto max = row_of(label).max_values;
  if (value.empty()) return kOther;
  if (max == 0 || value == kOther) return value;
  auto& known = values_[static_cast<std::size_t>(label)];
  if (known.contains(value)) return value;
  if (known.size() >= max) return kOther;
  return *known.emplace(value).first;
}

std::string Registry::admit(const Family& family, Values values, Keys& children) const {
  SLUICE_ASSERT(values.size() == family.label_count());
  std::string key;
  std::size_t i = 0;
  for (const auto value : values) {
    const auto cleaned = clean(value);
    key.append(admit_value(family.labels[i++], cleaned)).append(1, kEnd);
  }
  if (children.contains(key)) return key;
  if (children.size() < family.max_children) return *children.insert(std::move(key)).first;
  key.clear();
  for (i = 0; i < family.label_count(); ++i) key.append(kOther).append(1, kEnd);
  return key;
}

std::vector<prometheus::MetricFamily> Registry::Collect() const {
  Gathering gathering(*this);
  std::vector<std::function<void(Samples&)>> samplers;
  {
    const std::lock_guard lock(mutex_);
    samplers = samplers_;
  }
  for (const auto& sampler : samplers) sampler(gathering);
  gathering.take_cells();
  return gathering.in_order();
}

Cell& Shard::cell(const Family& family, Values values) {
  SLUICE_ASSERT(family.type != Type::histogram);
  const std::lock_guard lock(registry_.mutex_);
  auto key = registry_.admit(family, values, registry_.children_[&family]);
  auto& cell = cells_[std::string(family.name) + kEnd + key];
  if (cell) return *cell;
  cell = std::make_unique<Cell>();
  registry_.entries_.push_back({&family, std::move(key), cell.get(), nullptr});
  return *cell;
}

HistogramCell& Shard::histogram(const Family& family, Values values) {
  SLUICE_ASSERT(family.type == Type::histogram && family.bounds.size() <= kMaxBounds);
  const std::lock_guard lock(registry_.mutex_);
  auto key = registry_.admit(family, values, registry_.children_[&family]);
  auto& cell = histograms_[std::string(family.name) + kEnd + key];
  if (cell) return *cell;
  cell = std::make_unique<HistogramCell>(family.bounds);
  registry_.entries_.push_back({&family, std::move(key), nullptr, cell.get()});
  return *cell;
}

}  // namespace sluice::metrics
