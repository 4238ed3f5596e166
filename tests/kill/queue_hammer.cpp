// The child of the kill test: the real queue at full speed under a transport that only writes down what it
// "sent".
//
//   queue_hammer DIR RECORDS DOMAINS [hold]
//
// Loads RECORDS recipients over DOMAINS domains (going on from the checkpoint), sends them with two workers,
// exports the events, and exits 0 when every recipient is final. Each accepted message is one 8-byte row
// number appended to DIR/accepted.bin by its own write(2): what the kernel has survives kill -9, as a
// receiver's own store would. With `hold` nothing is sent: it loads, prints its peak memory, and exits 0.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <future>

#include "queue/event_log.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kWorkers = 2;
constexpr std::size_t kRun = 64;
constexpr std::size_t kRunsAhead = 2;
constexpr Row kRowsPerRun = 20'000;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

struct Hammer {
  std::string folder;
  Row records;
  std::uint64_t domains;
  SystemClock clock;
  std::unique_ptr<Queue> queue;
  StreamPtr stream;
  int accepted = -1;

  /// 90 % delivered, 5 % deferred a second, 3 % bounced, 2 % in doubt; the receiver has what is delivered or
  /// in doubt.
  void outcome(const Record& record, Settlement& settlement) {
    const auto dice = mix(record.key.row * 131 + record.value.trail.attempts) % 100;
    settlement.trail.attempts = static_cast<std::uint16_t>(settlement.trail.attempts + 1);
    settlement.due = to_due_second(clock.now() + std::chrono::seconds(1));
    if (dice < 5)
      settlement.kind = EventKind::deferred;
    else if (dice < 8)
      settlement.kind = EventKind::bounced;
    else if (dice < 10)
      settlement.kind = EventKind::in_doubt;
    if (dice < 8) return;
    const std::uint64_t row = record.key.row;
    if (::write(accepted, &row, sizeof row) != sizeof row) std::abort();
  }

  bool load() {
    stream = queue->streams().find("default", "hammer");
    if (!stream) {
      StreamSettings settings;
      settings.name = "hammer";
      auto made = queue->create_stream(settings, {});
      if (!made) return false;
      stream = *made;
    }
    const auto checkpoint = queue->checkpoint(stream->id);
    if (!checkpoint) return false;
    Row row = 0;
    std::from_chars(checkpoint->data(), checkpoint->data() + checkpoint->size(), row);
    while (row < records) {
      auto injection = std::make_unique<Injection>(stream);
      const Row to = std::min(records, row + kRowsPerRun);
      for (; row < to; ++row) {
        injection->add(row, fmt::format("d{}.test", mix(row) % domains), fmt::format("user{}", row),
                       to_ms(clock.now()), "first_name=Ann,city=Oslo,product=A123,price=1995,link=/x/y");
      }
      injection->set_checkpoint(std::to_string(to));
      injection->seal();
      std::promise<bool> done;
      queue->inject(std::move(injection), store::Urgency::now,
                    [&](const Expected<>& result) { done.set_value(result.has_value()); });
      if (!done.get_future().get()) return false;
    }
    return true;
  }
};

/// Highest resident memory of this process so far, in KiB.
std::size_t peak_memory_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss);
}

int hammer(const std::string& folder, Row records, std::uint64_t domains, bool hold) {
  Hammer hammer{folder, records, domains, {}, nullptr, nullptr};
  Options options;
  options.store.path = folder + "/store";
  options.in_doubt_delay = std::chrono::seconds(1);
  auto queue = Queue::open(options, hammer.clock);
  if (!queue) {
    fmt::print(stderr, "{}\n", queue.error().text);
    return 1;
  }
  hammer.queue = std::move(*queue);
  fmt::print("opened in_doubt={} queued={} bound={}\n", hammer.queue->recovery().in_doubt,
             hammer.queue->recovery().queued, kWorkers * kRun * (kRunsAhead + 1));
  std::fflush(stdout);
  hammer.accepted = ::open((folder + "/accepted.bin").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  auto outcome = [&](const Record& record, Settlement& settlement) { hammer.outcome(record, settlement); };
  const auto ahead = hold ? 0 : kRunsAhead;
  FakeWorker one(*hammer.queue, hammer.clock, outcome, kRun, ahead);
  FakeWorker two(*hammer.queue, hammer.clock, outcome, kRun, ahead);
  hammer.queue->start({&one, &two});
  one.start();
  two.start();
  auto log = EventLog::open(*hammer.queue, {.folder = folder + "/events", .file_bytes = 8u << 20});
  if (!log) {
    fmt::print(stderr, "{}\n", log.error().text);
    return 1;
  }
  auto loaded = std::async(std::launch::async, [&] { return hammer.load(); });
  bool all_loaded = false;
  for (;;) {
    const auto exported = log->export_page();
    if (!exported) {
      fmt::print(stderr, "{}\n", exported.error().text);
      return 1;
    }
    if (!all_loaded && loaded.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
      if (!loaded.get()) return 1;
      all_loaded = true;
    }
    if (*exported > 0) continue;
    if (hold && all_loaded) break;
    const bool drained = all_loaded && hammer.queue->counters(hammer.stream->id).queued() == 0;
    if (drained && log->exported() == hammer.queue->ledger().committed_seq()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the exporter's pace
  }
  one.stop();
  two.stop();
  hammer.queue->stop();
  const auto counters = hammer.queue->counters(hammer.stream->id);
  fmt::print("done injected={} delivered={} bounced={} deferrals={} doubts={}\n", counters.injected,
             counters.delivered, counters.bounced, counters.deferrals, counters.doubts);
  fmt::print("queued={} peak_memory_kib={}\n", counters.queued(), peak_memory_kib());
  return 0;
}

}  // namespace
}  // namespace sluice::queue

int main(int argc, char** argv) {
  const bool hold = argc == 5 && std::string_view(argv[4]) == "hold";
  if (argc != 4 && !hold) return 64;
  return sluice::queue::hammer(argv[1], std::stoull(argv[2]), std::stoull(argv[3]), hold);
}
