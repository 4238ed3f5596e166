// A queue in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "queue/queue.hpp"

namespace sluice::queue {

class QueueFixture {
 public:
  explicit QueueFixture(const std::function<void(Options&)>& adjust = {}) {
    char name[] = "/tmp/sluice-queue-XXXXXX";
    folder = ::mkdtemp(name);
    options.store.path = folder / "store";
    options.in_doubt_delay = std::chrono::seconds(1);
    if (adjust) adjust(options);
    reopen();
  }
  ~QueueFixture() {
    queue.reset();
    std::filesystem::remove_all(folder);
  }
  QueueFixture(const QueueFixture&) = delete;
  QueueFixture& operator=(const QueueFixture&) = delete;

  void reopen() {
    if (queue) queue->stop();
    queue.reset();
    auto opened = Queue::open(options, clock);
    ASSERT_TRUE(opened) << opened.error().text;
    queue = std::move(*opened);
  }
  StreamPtr stream(const std::string& name, StreamSettings settings = {}) {
    settings.name = name;
    auto made = queue->create_stream(settings, {{"template", "Hello"}});
    EXPECT_TRUE(made) << made.error().text;
    return *made;
  }
  void inject(const StreamPtr& stream, Row from, Row to, unsigned domains, std::int64_t accepted_ms = 0) {
    auto injection = std::make_unique<Injection>(stream);
    for (Row row = from; row < to; ++row) {
      injection->add(row, "d" + std::to_string(row % domains) + ".test", "u" + std::to_string(row),
                     accepted_ms != 0 ? accepted_ms : to_ms(clock.now()), "payload");
    }
    injection->seal();
    std::promise<void> done;
    queue->inject(std::move(injection), store::Urgency::now, [&](const Expected<>& result) {
      EXPECT_TRUE(result);
      done.set_value();
    });
    done.get_future().wait();
  }

  std::filesystem::path folder;
  SystemClock clock;
  Options options;
  std::unique_ptr<Queue> queue;
};

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // polls a condition; 30 s bound
  }
  return false;
}

}  // namespace sluice::queue
