// A queue, a body store and doors over a folder, with a worker that prepares each record as delivery would.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/delivery/door_server.hpp"
#include "engine/delivery/raw_content.hpp"
#include "queue/body_refs.hpp"
#include "tests/unit/queue/fake_worker.hpp"

namespace sluice::delivery::testing {

namespace fs = std::filesystem;

/// A folder of its own, removed afterwards.
struct Folder {
  Folder() {
    char name[] = "/tmp/sluice-door-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

/// Polls a condition; 30 s bound.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// What a record became, copied out of it.
struct Seen {
  Row row = 0;
  MessageId id;
  std::string sender;
  std::string recipient;
  std::string bytes;  ///< what goes over the wire
  std::string signed_by;
  std::string body;  ///< key of the stored body; empty: inside the record
  bool eight_bit = false;
  bool smtp_utf8 = false;
};

/// Takes runs and leaves them.
struct Idle final : queue::RunReceiver {
  void on_runs(std::vector<queue::Run>) override {}
  void on_stream_changed(queue::StreamPtr) override {}
};

struct EngineOptions {
  bool deliver = true;  ///< false: records stay in the queue
  std::uint64_t min_free_bytes = 0;
  unsigned threads = 1;
};

class Engine {
 public:
  Engine(const fs::path& folder, std::vector<DoorOptions> doors, EngineOptions options = {}) {
    queue::Options settings;
    settings.store.path = folder / "store";
    auto opened = queue::Queue::open(settings, clock);
    EXPECT_TRUE(opened) << opened.error().text;
    queue = std::move(*opened);
    store::SegmentsOptions bodies;
    bodies.folder = folder / "bodies";
    bodies.min_free_bytes = options.min_free_bytes;
    bodies.segment_bytes = 1;  // each batch of bodies its own file
    segments = std::move(*store::Segments::open(bodies));
    content = *load_raw(encode_raw(), *segments);
    worker = std::make_unique<queue::FakeWorker>(
        *queue, clock, [this](const queue::Record& record, queue::Settlement&) { see(record); });
    queue->start({options.deliver ? static_cast<queue::RunReceiver*>(worker.get()) : &idle});
    worker->start();
    segments->start([this](std::uint32_t n) { return queue::segment_in_use(queue->database(), n); });
    flows = std::make_unique<Flows>(FlowOptions{}, *queue, *segments, clock);
    for (auto& door : doors) door.listen = {boost::asio::ip::address_v4::loopback(), 0};
    auto made = DoorServer::make({.doors = std::move(doors), .threads = options.threads}, *flows, clock);
    EXPECT_TRUE(made) << made.error().text;
    server = std::move(*made);
    const auto started = server->start();
    EXPECT_TRUE(started) << started.error().text;
  }
  ~Engine() {
    server->stop();
    segments->stop();
    worker->stop();
    queue->stop();
  }

  [[nodiscard]] boost::asio::ip::tcp::endpoint at(std::size_t door = 0) const {
    return server->endpoints().at(door);
  }
  [[nodiscard]] DoorStats stats() const { return server->doors().front()->stats(); }
  [[nodiscard]] queue::StreamPtr stream() const { return (*flows->get("default"))->stream(); }
  [[nodiscard]] queue::Counters counters() const { return queue->counters(stream()->id); }
  /// What was prepared, once there are `count`, by row.
  std::map<Row, Seen> wait_for(std::size_t count) {
    const bool enough = eventually([&] {
      const std::lock_guard lock(mutex);
      return seen.size() >= count;
    });
    EXPECT_TRUE(enough);
    const std::lock_guard lock(mutex);
    return seen;
  }

  SystemClock clock;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<store::Segments> segments;
  std::unique_ptr<Flows> flows;
  std::unique_ptr<DoorServer> server;
  message::DkimSigner signer;
  std::shared_ptr<const StreamContent> content;  // shared: as ContentStore hands it out

 private:
  void see(const queue::Record& record) {
    Prepared first;
    Prepared again;
    first.id = again.id = record.id(0);
    const auto result = content->prepare(record, signer, clock.now(), first);
    ASSERT_TRUE(result) << result.error().text;
    ASSERT_TRUE(content->prepare(record, signer, clock.now() + std::chrono::hours(1), again));
    Seen out{record.key.row,
             first.id,
             first.sender,
             first.recipient,
             {},
             first.signed_by,
             std::string(record.value.body),
             first.message.envelope.eight_bit,
             first.message.envelope.smtp_utf8};
    std::string repeated;
    for (const auto piece : first.pieces) out.bytes.append(piece);
    for (const auto piece : again.pieces) repeated.append(piece);
    EXPECT_EQ(out.bytes, repeated) << "a retry differs";
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(seen.emplace(out.row, out).second) << "row " << out.row << " came twice";
  }

  std::unique_ptr<queue::FakeWorker> worker;
  Idle idle;
  std::mutex mutex;
  std::map<Row, Seen> seen;
};

inline DoorOptions trusting_door() {
  DoorOptions door;
  door.trusted_networks = {"127.0.0.0/8"};
  door.server.hostname = "mail.shop.test";
  return door;
}

}  // namespace sluice::delivery::testing
