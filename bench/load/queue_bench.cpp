// The queue alone, at any size, under workers that "send" at once: what it costs, holds and writes.
//
//   queue_bench DIR load RECORDS DOMAINS STREAMS   records into new streams, durable
//   queue_bench DIR drain [DEFERRED_PERCENT] [MOST]               sends until empty, or MOST attempts
//   queue_bench DIR defer HOURS                                   every record deferred, spread over HOURS
//   queue_bench DIR open                                          time from open() to the first lease
//   queue_bench DIR reach                                         until every lane of first attempts was seen
//
// DOMAINS: records fall on them evenly, by a hash of the row; each stream has every domain. A step a process,
// so that memory is that step's own. `drain` and `open` end by _exit, as a kill would, when they are cut
// short. `reach`: every lane is blocked for an hour, as if its receiver were down, when the worker sees it.
// Prints one line of JSON.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <future>
#include <string>
#include <unordered_set>

#include "queue/event_log.hpp"
#include "queue/families.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

using std::chrono::steady_clock;

constexpr Row kRowsPerRun = 65'536;
constexpr std::size_t kRun = 64;
constexpr std::size_t kRunsAhead = 4;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

double seconds(steady_clock::time_point from) {
  return std::chrono::duration<double>(steady_clock::now() - from).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

long peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

std::uint64_t bytes_written() {
  std::ifstream in("/proc/self/io");
  for (std::string name; in >> name;) {
    std::uint64_t value = 0;
    in >> value;
    if (name == "write_bytes:") return value;
  }
  return 0;
}

std::uint64_t disk_bytes(const std::filesystem::path& folder) {
  std::uint64_t sum = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    std::error_code error;
    if (file.is_regular_file(error)) sum += file.file_size(error);
  }
  return sum;
}

struct Bench {
  std::string folder;
  SystemClock clock;
  steady_clock::time_point start = steady_clock::now();
  std::unique_ptr<Queue> queue;

  bool open() {
    Options options;
    options.store.path = folder + "/store";
    options.in_doubt_delay = std::chrono::seconds(1);
    auto opened = Queue::open(options, clock);
    if (!opened) fmt::print(stderr, "{}\n", opened.error().text);
    if (opened) queue = std::move(*opened);
    return queue != nullptr;
  }
  [[nodiscard]] std::uint64_t queued() const {
    std::uint64_t sum = 0;
    for (const auto& stream : queue->streams().all()) sum += queue->counters(stream->id).queued();
    return sum;
  }
  void print(const char* step, std::uint64_t records, double wall, double cpu) {
    const auto n = static_cast<double>(std::max<std::uint64_t>(records, 1));
    fmt::print(
        "{{\"step\":\"{}\",\"records\":{},\"wall_s\":{:.2f},\"per_s\":{:.0f},\"cpu_us\":{:.2f},"
        "\"written\":{:.0f},\"store_bytes\":{},\"peak_mib\":{},\"queued\":{}}}\n",
        step, records, wall, n / wall, cpu / n * 1e6, static_cast<double>(bytes_written()) / n,
        disk_bytes(folder + "/store"), peak_mib(), queued());
    std::fflush(stdout);
  }
};

std::unique_ptr<Injection> make_run(const StreamPtr& stream, Row from, Row to, std::uint64_t domains,
                                    std::int64_t now) {
  auto injection = std::make_unique<Injection>(stream);
  for (auto row = from; row < to; ++row) {
    injection->add(row, fmt::format("d{}.example.test", mix(row * 977 + stream->id) % domains),
                   fmt::format("user{}", row), now,
                   "first_name=Ann,city=Oslo,product=A123,price=1995,link=/x/y");
  }
  injection->set_checkpoint(std::to_string(to));
  injection->seal();
  return injection;
}

/// Two runs in flight, as the expansion has.
int load(Bench& bench, Row records, std::uint64_t domains, unsigned streams) {
  if (!bench.open()) return 1;
  FakeWorker idle(*bench.queue, bench.clock, [](const Record&, Settlement&) {}, kRun, 0);
  bench.queue->start({&idle});
  const auto begin = steady_clock::now();
  const auto cpu = cpu_seconds();
  std::vector<StreamPtr> made;
  for (unsigned i = 0; i < streams; ++i) {
    StreamSettings settings;
    settings.name = fmt::format("stream-{}-{}", records, i);
    auto stream = bench.queue->create_stream(settings, {});
    if (!stream) return 1;
    made.push_back(*stream);
  }
  std::future<void> before;
  const Row each = records / streams;
  for (Row from = 0; from < each; from += kRowsPerRun) {
    for (const auto& stream : made) {
      auto run =
          make_run(stream, from, std::min(each, from + kRowsPerRun), domains, to_ms(bench.clock.now()));
      auto done = std::make_shared<std::promise<void>>();  // shared: a callback must be copyable
      auto future = done->get_future();
      bench.queue->inject(std::move(run), store::Urgency::now,
                          [done](const Expected<>&) { done->set_value(); });
      if (before.valid()) before.wait();
      before = std::move(future);
    }
  }
  if (before.valid()) before.wait();
  bench.print("load", each * streams, seconds(begin), cpu_seconds() - cpu);
  bench.queue->stop();
  return 0;
}

struct Send {
  unsigned deferred_percent = 0;
  std::uint64_t most = UINT64_MAX;
  std::int64_t spread_s = 0;  ///< all deferred, over so many seconds
  bool first_only = false;
};

int send(Bench& bench, const Send& how, const char* step) {
  if (!bench.open()) return 1;
  std::atomic<std::uint64_t> attempts{0};
  std::promise<void> first;
  auto outcome = [&](const Record& record, Settlement& settlement) {
    if (attempts.fetch_add(1) == 0 && how.first_only) first.set_value();
    const auto dice = mix(record.key.row * 131 + record.value.trail.attempts);
    if (how.spread_s == 0 && dice % 100 >= how.deferred_percent) return;
    settlement.kind = EventKind::deferred;
    settlement.trail.attempts = static_cast<std::uint16_t>(settlement.trail.attempts + 1);
    const auto after =
        how.spread_s == 0 ? 1
                          : 3600 + static_cast<std::int64_t>(dice % static_cast<std::uint64_t>(how.spread_s));
    settlement.due = to_due_second(bench.clock.now() + std::chrono::seconds(after));
  };
  FakeWorker one(*bench.queue, bench.clock, outcome, kRun, kRunsAhead);
  FakeWorker two(*bench.queue, bench.clock, outcome, kRun, kRunsAhead);
  const auto cpu = cpu_seconds();
  const auto begin = steady_clock::now();
  bench.queue->start({&one, &two});
  one.start();
  two.start();
  if (how.first_only) {
    first.get_future().wait();
    fmt::print("{{\"step\":\"open\",\"to_first_s\":{:.3f},\"peak_mib\":{},\"queued\":{}}}\n",
               seconds(bench.start), peak_mib(), bench.queued());
    std::fflush(stdout);
    ::_exit(0);
  }
  auto log = EventLog::open(*bench.queue, {.folder = bench.folder + "/events"});
  if (!log) return 1;
  for (;;) {
    const auto exported = log->export_page();
    if (!exported) return 1;
    if (attempts.load() >= how.most) break;
    if (*exported > 0) continue;
    std::uint64_t left = 0;
    for (const auto& stream : bench.queue->streams().all()) {
      const auto counters = bench.queue->counters(stream->id);
      left += how.spread_s == 0 ? counters.queued() : counters.queued() - counters.retries_waiting;
    }
    if (left == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the exporter's pace
  }
  bench.print(step, attempts.load(), seconds(begin), cpu_seconds() - cpu);
  if (attempts.load() >= how.most) ::_exit(0);
  one.stop();
  two.stop();
  bench.queue->stop();
  return 0;
}

/// Until a worker has seen each lane, and what the table of lanes has cost since.
int reach(Bench& bench) {
  if (!bench.open()) return 1;
  std::uint64_t lanes = 0;
  {
    const auto rows = bench.queue->database().cursor(kRecords, std::string(), std::string(300, '\xff'));
    while (rows->valid()) {
      const auto key = *RecordKey::decode(rows->key());
      if (key.phase == Phase::first) ++lanes;  // what a kill left in doubt is a retry: no lane that is due
      rows->seek(behind_domain(key));
    }
  }
  bench.start = steady_clock::now();
  bench.queue.reset();
  if (!bench.open()) return 1;
  struct Seen {
    std::mutex mutex;
    std::unordered_set<std::size_t> names;
    std::atomic<std::uint64_t> count{0};
  } seen;
  const auto blocked = [&](const WorkerLane& lane) {
    const auto name = std::hash<std::string>{}(lane.domain + '/' + std::to_string(lane.stream->id));
    const std::lock_guard lock(seen.mutex);
    if (seen.names.insert(name).second) seen.count.fetch_add(1);
    return bench.clock.now() + std::chrono::hours(1);
  };
  FakeWorker one(*bench.queue, bench.clock, [](const Record&, Settlement&) {}, kRun, kRunsAhead);
  FakeWorker two(*bench.queue, bench.clock, [](const Record&, Settlement&) {}, kRun, kRunsAhead);
  one.set_blocked(blocked);
  two.set_blocked(blocked);
  const auto cpu = cpu_seconds();
  bench.queue->start({&one, &two});
  one.start();
  two.start();
  while (seen.count.load() < lanes && seconds(bench.start) < 300)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // how exact the time is
  const auto took = seconds(bench.start);
  const auto used = cpu_seconds() - cpu;
  std::this_thread::sleep_for(std::chrono::seconds(10));  // what looking for blocked lanes again costs
  fmt::print(
      "{{\"step\":\"reach\",\"lanes\":{},\"seen\":{},\"all_s\":{:.2f},\"cpu_s\":{:.2f},\"cpu_later\":{:.3f},"
      "\"peak_mib\":{}}}\n",
      lanes, seen.count.load(), took, used, (cpu_seconds() - cpu - used) / 10, peak_mib());
  one.stop();
  two.stop();
  bench.queue->stop();
  return 0;
}

}  // namespace
}  // namespace sluice::queue

int main(int argc, char** argv) {
  using namespace sluice::queue;
  if (argc < 3) return 64;
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::stoull(argv[i]) : otherwise;
  };
  Bench bench;
  bench.folder = argv[1];
  const std::string_view step = argv[2];
  if (step == "load")
    return load(bench, number(3, 1'000'000), number(4, 300'000), static_cast<unsigned>(number(5, 1)));
  if (step == "drain")
    return send(bench, {static_cast<unsigned>(number(3, 0)), number(4, UINT64_MAX)}, "drain");
  if (step == "defer")
    return send(bench, {0, UINT64_MAX, static_cast<std::int64_t>(number(3, 24)) * 3600}, "defer");
  if (step == "open") return send(bench, {0, UINT64_MAX, 0, true}, "open");
  if (step == "reach") return reach(bench);
  return 64;
}
