#include "engine/suppression/upkeep.hpp"

#include <pthread.h>

#include "engine/base/log.hpp"

namespace sluice::suppression {
namespace {

constexpr int kPassShare = 10;  ///< a pass takes at most one part in so many of the time

using std::chrono::steady_clock;

}  // namespace

Upkeep::Upkeep(queue::Queue& queue, Book& book, const Clock& clock, AudienceOf audience_of,
               std::function<std::uint64_t()> exported, UpkeepOptions options)
    : queue_(queue),
      book_(book),
      clock_(clock),
      audience_of_(std::move(audience_of)),
      exported_(std::move(exported)),
      options_(options),
      feed_(queue, book) {}

Upkeep::~Upkeep() { stop(); }

void Upkeep::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "suppression");
    run();
  });
}

void Upkeep::stop() {
  stopping_.store(true, std::memory_order_release);
  if (!thread_.joinable()) return;
  thread_.join();
  pass_.reset();
  tell("suppression_filter_not_kept", book_.save_filter(true), filter_failing_);
}

void Upkeep::run() {
  tell("suppression_filter_not_built", book_.rebuild_filter(stopping_), filter_failing_);
  while (!stopping_.load(std::memory_order_acquire)) {
    if (!round()) std::this_thread::sleep_for(options_.tick);
  }
}

bool Upkeep::round() {
  const bool fed = feed();
  const bool passed = pass();
  if (!book_.pass_owed())
    tell("suppression_filter_not_built", book_.rebuild_filter(stopping_), filter_failing_);
  // A disk that is full is not asked twenty times a second.
  if (!filter_failing_ || steady_clock::now() >= next_expiry_)
    tell("suppression_filter_not_kept", book_.save_filter(false), filter_failing_);
  expire();
  return fed || passed;
}

void Upkeep::tell(const char* what, const Expected<>& result, bool& failing) {
  if (!result && !failing) log::warn(what, {{"reason", result.error().text}});
  failing = !result;
}

bool Upkeep::feed() {
  const auto events = feed_.step(exported_());
  const bool waits = !events && events.error().code == ErrorCode::limit;
  if (!waits)
    tell("suppression_feed_failed", events ? Expected<>() : std::unexpected(events.error()), feed_failing_);
  return events && *events > 0;
}

bool Upkeep::pass() {
  if (planned_) return step_pass();
  const auto now = steady_clock::now();
  const bool wanted = !book_.delta().empty() || book_.pass_owed();
  const bool urgent = book_.delta().size() > book_.delta().limit() / 2;
  if (!wanted || (!urgent && now < next_pass_)) return false;
  pass_begun_ = now;
  auto plan = book_.begin_pass();
  tell("suppression_pass_failed", plan ? Expected<>() : std::unexpected(plan.error()), pass_failing_);
  if (!plan || !*plan) return false;
  plan_ = **plan;
  planned_ = true;
  return true;
}

bool Upkeep::step_pass() {
  if (!pass_) {
    if (!book_.lookups_done()) return false;
    pass_ = std::make_unique<Pass>(queue_, book_, clock_, audience_of_, plan_);
  }
  const auto ended = pass_->step(book_.options().pass_records);
  tell("suppression_pass_failed", ended ? Expected<>() : std::unexpected(ended.error()), pass_failing_);
  if (ended && !*ended) return true;
  if (ended && pass_->complete())
    tell("suppression_pass_failed", book_.end_pass(pass_->plan()), pass_failing_);
  if (pass_->suppressed() > 0)
    log::info("suppressed_waiting", {{"records", pass_->suppressed()}, {"looked_at", pass_->looked_at()}});
  pass_.reset();
  planned_ = false;
  const auto now = steady_clock::now();
  next_pass_ =
      now + std::max<steady_clock::duration>(book_.options().pass_pause, kPassShare * (now - pass_begun_));
  return true;
}

void Upkeep::expire() {
  const auto now = steady_clock::now();
  if (now < next_expiry_) return;
  const auto rows = book_.expire(clock_.now(), options_.expire_rows);
  tell("suppression_not_expired", rows ? Expected<>() : std::unexpected(rows.error()), expiry_failing_);
  if (!rows || *rows < options_.expire_rows) next_expiry_ = now + options_.expire_every;
}

}  // namespace sluice::suppression
