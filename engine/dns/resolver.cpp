#include "engine/dns/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <list>
#include <map>
#include <optional>

namespace sluice::dns {
namespace {

using net::Deadline;
using SteadyTime = Deadline::Clock::time_point;

/// The lookups of one coroutine and its alarm.
struct Batch {
  Batch(net::asio::io_context& home, std::size_t size) : results(size), missing(size), timer(home) {}

  void set(std::size_t index, Expected<Lookup> result) {
    if (results[index]) return;
    results[index] = std::move(result);
    if (--missing == 0) timer.cancel();
  }

  std::vector<std::optional<Expected<Lookup>>> results;
  std::size_t missing;
  bool gone = false;  // its coroutine waits no longer
  net::asio::steady_timer timer;
};

/// shared_ptr: the batch ends when its coroutine does; flights only tell it.
struct Waiter {
  std::shared_ptr<Batch> batch;
  std::size_t index;
};

/// One question on its way, queued or with the servers.
struct Flight {
  Question question;
  std::vector<Waiter> waiters;
  SteadyTime asked_at{};
  std::list<Flight*>::iterator in_asked{};
};

struct Counters {
  std::atomic<std::uint64_t> lookups{0}, hits{0}, joined{0}, asked{0}, refused{0}, negative{0}, failed{0},
      timed_out{0}, evicted{0}, in_flight{0}, queued{0},
      cached{0};  // written by the owner, read by any thread

  static void add(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }
  static void set(std::atomic<std::uint64_t>& gauge, std::uint64_t value) {
    gauge.store(value, std::memory_order_relaxed);
  }
};

}  // namespace

struct Resolver::State : std::enable_shared_from_this<State> {
  State(net::asio::io_context& context, const Clock& c, const ResolverOptions& o,
        std::unique_ptr<Unbound> library)
      : home(context),
        clock(c),
        options(o),
        unbound(std::move(library)),
        cache(o.cache),
        descriptor(context, unbound->descriptor()),
        alarm(context) {}

  void start(const Question& question, const std::shared_ptr<Batch>& batch, std::size_t index);
  void pump();
  void wait_for_answers();
  void take_answers();
  void set_alarm();
  void time_out_overdue();
  void finish(Flight* flight, Answer answer);
  void update_gauges();
  void close();

  net::asio::io_context& home;
  const Clock& clock;
  ResolverOptions options;
  std::unique_ptr<Unbound> unbound;
  AnswerCache cache;
  net::asio::posix::stream_descriptor descriptor;
  net::asio::steady_timer alarm;
  std::map<Question, Flight> flights;  // nodes do not move: the queues below point into it
  std::deque<Flight*> queue;           // not asked yet, oldest first
  std::list<Flight*> asked;            // with the servers, oldest first
  bool alarm_set = false;
  bool closed = false;
  Counters counters;
  std::function<void(const Answer&, std::chrono::nanoseconds)> meter;
};

void Resolver::State::start(const Question& question, const std::shared_ptr<Batch>& batch,
                            std::size_t index) {
  Counters::add(counters.lookups);
  if (closed) return batch->set(index, fail(ErrorCode::cancelled, "the resolver is closed"));
  if (auto hit = cache.find(question, clock.now())) {
    Counters::add(counters.hits);
    return batch->set(index, std::move(*hit));
  }
  const auto known = flights.find(question);
  if (known != flights.end()) {
    Counters::add(counters.joined);
    known->second.waiters.push_back({batch, index});
    return;
  }
  if (queue.size() >= options.max_queued) {
    Counters::add(counters.refused);
    return batch->set(index, fail(ErrorCode::unavailable,
                                  fmt::format("{} DNS questions are waiting already", queue.size())));
  }
  auto& flight = flights.try_emplace(question).first->second;
  flight.question = question;
  flight.waiters.push_back({batch, index});
  queue.push_back(&flight);
}

void Resolver::State::pump() {
  while (!closed && asked.size() < options.max_in_flight && !queue.empty()) {
    Flight* flight = queue.front();
    queue.pop_front();
    if (std::ranges::all_of(flight->waiters, [](const Waiter& w) { return w.batch->gone; })) {
      flights.erase(Question(flight->question));
      continue;
    }
    const auto taken = unbound->ask(flight->question, flight);
    if (!taken) {
      finish(flight, Answer{.text = taken.error().text});
      continue;
    }
    Counters::add(counters.asked);
    flight->asked_at = Deadline::Clock::now();
    flight->in_asked = asked.insert(asked.end(), flight);
  }
  set_alarm();
  update_gauges();
}

void Resolver::State::wait_for_answers() {
  descriptor.async_wait(net::asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](boost::system::error_code error) {
                          if (error || self->closed) return;
                          self->take_answers();
                          self->wait_for_answers();
                        });
}

void Resolver::State::take_answers() {
  for (auto& done : unbound->process()) {
    auto* flight = static_cast<Flight*>(done.tag);
    asked.erase(flight->in_asked);
    finish(flight, std::move(done.answer));
  }
  pump();
}

/// One alarm for the oldest question: all have the same time.
void Resolver::State::set_alarm() {
  if (alarm_set || asked.empty()) return;
  alarm_set = true;
  alarm.expires_at(asked.front()->asked_at + options.query_timeout);
  alarm.async_wait([self = shared_from_this()](boost::system::error_code) {
    self->alarm_set = false;
    if (self->closed) return;
    self->time_out_overdue();
    self->pump();
  });
}

void Resolver::State::time_out_overdue() {
  const auto overdue = Deadline::Clock::now() - options.query_timeout;
  while (!asked.empty() && asked.front()->asked_at <= overdue) {
    Flight* flight = asked.front();
    asked.pop_front();
    unbound->cancel(flight);
    Counters::add(counters.timed_out);
    finish(flight, Answer{.text = fmt::format("no answer within {} ms", options.query_timeout.count())});
  }
}

/// The flight is in neither queue any more.
void Resolver::State::finish(Flight* flight, Answer answer) {
  if (answer.negative()) Counters::add(counters.negative);
  if (answer.temporary()) Counters::add(counters.failed);
  if (meter && flight->asked_at != SteadyTime{}) meter(answer, Deadline::Clock::now() - flight->asked_at);
  const auto found =
      cache.put(flight->question, std::make_shared<const Answer>(std::move(answer)), clock.now());
  auto node = flights.extract(flight->question);
  for (const auto& waiter : node.mapped().waiters) waiter.batch->set(waiter.index, found);
}

void Resolver::State::update_gauges() {
  Counters::set(counters.in_flight, asked.size());
  Counters::set(counters.queued, queue.size());
  Counters::set(counters.cached, cache.size());
  Counters::set(counters.evicted, cache.evictions());
}

void Resolver::State::close() {
  if (closed) return;
  closed = true;
  descriptor.release();
  alarm.cancel();
  queue.clear();
  asked.clear();
  for (auto& [question, flight] : std::exchange(flights, {})) {
    for (const auto& waiter : flight.waiters) {
      waiter.batch->set(waiter.index, fail(ErrorCode::cancelled, "the resolver is closed"));
    }
  }
  unbound.reset();
  update_gauges();
}

Expected<std::unique_ptr<Resolver>> Resolver::make(net::asio::io_context& home, const Clock& clock,
                                                   const ResolverOptions& options) {
  auto library = Unbound::make(options.library);
  if (!library) return std::unexpected(library.error());
  auto state = std::make_shared<State>(home, clock, options, std::move(*library));
  state->wait_for_answers();
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

Resolver::Resolver(std::shared_ptr<State> state) : state_(std::move(state)) {}

Resolver::~Resolver() { close(); }

void Resolver::set_meter(std::function<void(const Answer&, std::chrono::nanoseconds)> meter) {
  state_->meter = std::move(meter);
}

net::Task<Expected<Lookup>> Resolver::lookup(Question question, Deadline deadline) {
  std::vector<Question> one;
  one.push_back(std::move(question));
  auto results = co_await lookup_all(std::move(one), deadline);
  co_return std::move(results.front());
}

net::Task<std::vector<Expected<Lookup>>> Resolver::lookup_all(std::vector<Question> questions,
                                                              Deadline deadline) {
  const auto state = state_;  // the resolver may be closed and gone when this resumes
  const auto batch = std::make_shared<Batch>(state->home, questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) state->start(questions[i], batch, i);
  state->pump();
  if (batch->missing > 0) {
    batch->timer.expires_at(deadline.time());
    co_await batch->timer.async_wait(net::kTuple);
    batch->gone = true;
  }
  std::vector<Expected<Lookup>> out;
  out.reserve(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (batch->results[i]) {
      out.push_back(std::move(*batch->results[i]));
      continue;
    }
    const auto code = deadline.passed() ? ErrorCode::timeout : ErrorCode::cancelled;
    out.push_back(
        fail(code, fmt::format("looking up {} of {}: {}", name_of(questions[i].type), questions[i].name,
                               code == ErrorCode::timeout ? "the deadline passed" : "cancelled")));
  }
  co_return out;
}

void Resolver::close() { state_->close(); }

void Resolver::flush() {
  state_->cache.clear();
  state_->update_gauges();
}

ResolverStats Resolver::stats() const {
  const auto& c = state_->counters;
  const auto get = [](const std::atomic<std::uint64_t>& v) { return v.load(std::memory_order_relaxed); };
  return {get(c.lookups), get(c.hits),      get(c.joined),  get(c.asked),     get(c.refused), get(c.negative),
          get(c.failed),  get(c.timed_out), get(c.evicted), get(c.in_flight), get(c.queued),  get(c.cached)};
}

}  // namespace sluice::dns
