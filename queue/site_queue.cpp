#include "queue/site_queue.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"

namespace sluice::queue {
namespace {

/// Children that have something to give take turns; a turn lasts until the child's deficit is used up. A
/// child that runs empty leaves and loses what is left of its deficit.
template <class Child>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return order_.empty(); }
  [[nodiscard]] Child& front() { return *order_.front(); }
  [[nodiscard]] const Child& front() const { return *order_.front(); }
  void add(Child& child) {
    child.deficit = child.quantum();
    order_.push_back(&child);
  }
  void remove(Child& child) { std::erase(order_, &child); }
  /// One record was served from the front.
  void spend() {
    auto& child = front();
    if (--child.deficit > 0) return;
    child.deficit = child.quantum();
    order_.pop_front();
    order_.push_back(&child);
  }

 private:
  std::deque<Child*> order_;
};

}  // namespace

struct SiteQueue::StreamShare {
  explicit StreamShare(StreamPtr owner) : stream(std::move(owner)) {}

  StreamPtr stream;  // shared: with its lanes; asked for its weights at each turn, as they change
  unsigned deficit = 0;
  LaneList lanes[2];  ///< by phase
  unsigned turn = 0;  ///< which phase the next record comes from, when both have lanes

  [[nodiscard]] unsigned quantum() const { return std::max(1U, kQuantum * stream->weight() / 5); }
  [[nodiscard]] bool empty() const { return lanes[0].empty() && lanes[1].empty(); }
};

struct SiteQueue::TenantShare {
  unsigned deficit = 0;
  Ring<StreamShare> ring;
  std::map<StreamId, std::unique_ptr<StreamShare>> streams;

  /// Precondition: a stream of it stands in the ring.
  [[nodiscard]] unsigned quantum() const { return kQuantum * ring.front().stream->tenant_weight(); }
};

struct SiteQueue::ClassShare {
  Ring<TenantShare> ring;
  std::map<std::string, std::unique_ptr<TenantShare>> tenants;
};

SiteQueue::SiteQueue() : classes_{std::make_unique<ClassShare>(), std::make_unique<ClassShare>()} {}
SiteQueue::~SiteQueue() = default;
SiteQueue::SiteQueue(SiteQueue&&) noexcept = default;
SiteQueue& SiteQueue::operator=(SiteQueue&&) noexcept = default;

void SiteQueue::add(WorkerLane& lane) {
  SLUICE_ASSERT(lane.records > 0);
  if (lane.queued) return;
  auto& share = *classes_[static_cast<std::size_t>(lane.stream->settings.stream_class)];
  auto& tenant = share.tenants[lane.stream->settings.tenant];
  if (!tenant) tenant = std::make_unique<TenantShare>();
  auto& stream = tenant->streams[lane.stream->id];
  if (!stream) stream = std::make_unique<StreamShare>(lane.stream);
  if (stream->empty()) {
    const bool comes = tenant->ring.empty();
    tenant->ring.add(*stream);
    if (comes) share.ring.add(*tenant);
  }
  stream->lanes[static_cast<std::size_t>(lane.phase)].push_back(lane);
  lane.queued = true;
  lane.burst = 0;
  ++lanes_;
}

void SiteQueue::remove(WorkerLane& lane) {
  if (!lane.queued) return;
  auto& share = *classes_[static_cast<std::size_t>(lane.stream->settings.stream_class)];
  const auto tenant = share.tenants.find(lane.stream->settings.tenant);
  const auto stream = tenant->second->streams.find(lane.stream->id);
  stream->second->lanes[static_cast<std::size_t>(lane.phase)].remove(lane);
  lane.queued = false;
  --lanes_;
  if (!stream->second->empty()) return;
  tenant->second->ring.remove(*stream->second);
  tenant->second->streams.erase(stream);
  if (!tenant->second->ring.empty()) return;
  share.ring.remove(*tenant->second);
  share.tenants.erase(tenant);
}

bool SiteQueue::waits(const Stream& stream, Phase phase) const {
  const auto& share = *classes_[static_cast<std::size_t>(stream.settings.stream_class)];
  const auto tenant = share.tenants.find(stream.settings.tenant);
  if (tenant == share.tenants.end()) return false;
  const auto found = tenant->second->streams.find(stream.id);
  return found != tenant->second->streams.end() &&
         !found->second->lanes[static_cast<std::size_t>(phase)].empty();
}

void SiteQueue::take(std::size_t limit, LaneGate& gate, std::vector<Held>& out) {
  const auto end = out.size() + limit;
  while (out.size() < end && lanes_ > 0) {
    auto& transactional = *classes_[0];
    auto& commercial = *classes_[1];
    const bool commercial_turn = transactional.ring.empty() || since_commercial_ + 1 >= kCommercialShare;
    auto& chosen = commercial_turn && !commercial.ring.empty() ? commercial : transactional;
    const auto served = serve(chosen, gate, out);
    if (served == Served::stop) return;
    if (served == Served::one) since_commercial_ = &chosen == &commercial ? 0 : since_commercial_ + 1;
  }
}

void SiteQueue::take_transactional(std::size_t limit, LaneGate& gate, std::vector<Held>& out) {
  const auto end = out.size() + limit;
  while (out.size() < end && has_transactional()) {
    if (serve(*classes_[0], gate, out) == Served::stop) return;
  }
}

bool SiteQueue::has_transactional() const { return !classes_[0]->ring.empty(); }

SiteQueue::Served SiteQueue::serve(ClassShare& share, LaneGate& gate, std::vector<Held>& out) {
  auto& tenant = share.ring.front();
  auto& stream = tenant.ring.front();
  const auto before = lanes_;
  const auto* const first_tenant = &tenant;
  const auto served = serve(stream, gate, out);
  if (served != Served::one) return served;
  // The shares may be gone with their last lane; then their turn ended by itself.
  if (lanes_ != before && (share.ring.empty() || &share.ring.front() != first_tenant)) return served;
  // A stream that left owes nothing more; its tenant has had a record all the same.
  if (lanes_ == before || &tenant.ring.front() == &stream) tenant.ring.spend();
  share.ring.spend();
  return served;
}

SiteQueue::Served SiteQueue::serve(StreamShare& share, LaneGate& gate, std::vector<Held>& out) {
  const unsigned phase = share.lanes[share.turn].empty() ? 1 - share.turn : share.turn;
  auto& order = share.lanes[phase];
  auto& lane = order.front();
  switch (gate.ask(lane)) {
    case LaneGate::Answer::stop:
      return Served::stop;
    case LaneGate::Answer::park:
      remove(lane);
      return Served::none;
    case LaneGate::Answer::skip:
      if (lane.records == 0) remove(lane);
      return Served::none;
    case LaneGate::Answer::take:
      break;
  }
  out.push_back(lane.take());
  share.turn = 1 - phase;
  if (lane.records == 0) {
    remove(lane);
  } else if (++lane.burst >= kLaneBurst) {
    lane.burst = 0;
    order.remove(lane);
    order.push_back(lane);
  }
  return Served::one;
}

}  // namespace sluice::queue
