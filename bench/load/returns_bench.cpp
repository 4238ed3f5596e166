// Bounces taken by the intake, behind the door's SMTP: read, proven by their token, looked up, written with
// their event, synced. One thread takes them, many at once, as the door has many sessions; the committer has
// its own. Prints how many a second, and CPU of the process a bounce.
//
//   returns_bench FOLDER [MESSAGES] [AT_ONCE]      FOLDER is made, and must not exist
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "engine/inbound/intake.hpp"
#include "engine/net/task_group.hpp"
#include "queue/families.hpp"

namespace {

using namespace sluice;

struct Idle final : queue::RunReceiver {
  void on_runs(std::vector<queue::Run>) override {}
  void on_stream_changed(queue::StreamPtr) override {}
};

/// The value, or the end: a bench has nobody to tell.
template <class T>
T need(Expected<T> value) {
  if (value) return std::move(*value);
  fmt::print(stderr, "{}\n", value.error().text);
  std::exit(1);
}

std::string report(const std::string& token, std::size_t i) {
  return fmt::format(
      "From: MAILER-DAEMON@mx.example.net\r\nTo: {0}@bounces.shop.test\r\nSubject: Undelivered Mail\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; "
      "boundary=\"b\"\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\n<u{1}@example.net>: host mx.example.net said: 550 5.1.1\r\n"
      "    Recipient address rejected: User unknown\r\n\r\n--b\r\nContent-Type: "
      "message/delivery-status\r\n\r\n"
      "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; u{1}@example.net\r\nAction: "
      "failed\r\n"
      "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\n"
      "Content-Type: message/rfc822\r\n\r\nReturn-Path: <{0}@bounces.shop.test>\r\nMessage-ID: "
      "<{0}@shop.test>\r\n"
      "Subject: Autumn\r\n\r\n{2}\r\n--b--\r\n",
      token, i, std::string(3000, 'x'));
}

double cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class World {
 public:
  explicit World(const std::string& folder) {
    std::filesystem::create_directories(folder);
    queue::Options options;
    options.store.path = folder + "/store";
    queue_ = need(queue::Queue::open(options, clock_));
    book_ = need(suppression::Book::open(*queue_, clock_, {}));
    keys_ = need(feedback::TokenKeys::open(folder + "/keys", clock_.now()));
    queue_->start({&idle_});
    queue::StreamSettings settings;
    settings.name = "autumn";
    stream_ = need(queue_->create_stream(settings, {{"template", "Hello"}}));
    sent_ = std::make_unique<queue::SentIndex>(queue_->database());
    returns_ = std::make_unique<inbound::Returns>(
        *queue_, *sent_, *book_, *keys_, feedback::Classifier::builtin(), clock_,
        [](const queue::Stream&) { return std::string("news.shop.test"); },
        [](std::string) -> net::Task<inbound::Place> { co_return inbound::Place{"mx.example.net", ""}; });
    wanted_.domain = "bounces.shop.test";
    intake_ = std::make_unique<inbound::Intake>(wanted_, *returns_);
  }
  ~World() { queue_->stop(); }

  std::string deliver(std::size_t i) {
    const auto id = MessageId::make(clock_.now(), 0, stream_->id, i);
    const auto address = fmt::format("u{}@example.net", i);
    queue::Event event;
    event.kind = queue::EventKind::delivered;
    event.time_ms = to_ms(clock_.now());
    event.stream = stream_->id;
    event.id = id;
    event.recipient = address;
    event.source = "a";
    sent_->add(event);
    return feedback::make_token(keys_->for_stream(to_ms(clock_.now())), id);
  }
  /// What was delivered goes into the store, where a bounce finds it.
  void store_sent() {
    const auto entries = sent_->take();
    auto batch = queue_->database().make_batch();
    for (const auto& place : entries->places)
      batch.put(queue::kSent, entries->key(place), entries->value(place));
    if (auto written = queue_->database().write_synced(batch); !written)
      need(Expected<int>(std::unexpected(written.error())));
    sent_->stored(entries);
  }
  net::Task<> take(const std::vector<std::string>* messages, std::size_t from, std::size_t step) {
    for (auto i = from; i < messages->size(); i += step) {
      const auto taken = co_await intake_->take_file((*messages)[i]);
      returned += taken && taken->front().what == "returned" ? 1 : 0;
    }
  }

  std::size_t returned = 0;

 private:
  SystemClock clock_;
  Idle idle_;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<suppression::Book> book_;
  std::unique_ptr<feedback::TokenKeys> keys_;
  std::unique_ptr<queue::SentIndex> sent_;
  std::unique_ptr<inbound::Returns> returns_;
  std::unique_ptr<inbound::Intake> intake_;
  inbound::Options wanted_;
  queue::StreamPtr stream_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const auto number = [&](int at, std::size_t otherwise) {
    return argc > at ? static_cast<std::size_t>(std::strtoull(argv[at], nullptr, 10)) : otherwise;
  };
  const auto messages = number(2, 20'000);
  const auto at_once = number(3, 200);
  World world(argv[1]);
  std::vector<std::string> reports;
  for (std::size_t i = 0; i < messages; ++i) reports.push_back(report(world.deliver(i), i));
  world.store_sent();
  boost::asio::io_context context{1};
  net::TaskGroup tasks(context, {"bench", at_once});
  const auto began = std::chrono::steady_clock::now();
  const auto cpu = cpu_s();
  for (std::size_t i = 0; i < at_once; ++i) {
    if (!tasks.spawn(world.take(&reports, i, at_once))) return 1;
  }
  context.run();
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto n = static_cast<double>(messages);
  fmt::print("{{\"messages\":{},\"returned\":{},\"per_s\":{:.0f},\"cpu_us_each\":{:.1f}}}\n", messages,
             world.returned, n / took, (cpu_s() - cpu) * 1e6 / n);
  return world.returned == messages ? 0 : 1;
}
