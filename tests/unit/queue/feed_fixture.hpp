// A closed store whose rows a test writes, and the feed it makes when it is opened.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "queue/backup.hpp"
#include "queue/event_log.hpp"
#include "queue/families.hpp"

namespace sluice::queue {

class FeedFixture : public testing::Test {
 protected:
  FeedFixture() {
    char name[] = "/tmp/sluice-feed-XXXXXX";
    folder_ = ::mkdtemp(name);
    folders_ = DataFolders::below(folder_);
    options_.store.path = folders_.store;
    make();
  }
  ~FeedFixture() override { std::filesystem::remove_all(folder_); }

  void change(const std::function<void(store::Batch&)>& apply) {
    auto database = store::Database::open(options_.store, family_names());
    ASSERT_TRUE(database) << database.error().text;
    auto batch = (*database)->make_batch();
    apply(batch);
    ASSERT_TRUE((*database)->write_synced(batch));
    ASSERT_TRUE((*database)->flush());
  }
  /// An alert that names its number.
  static std::string event(std::uint64_t seq) {
    Event event;
    event.kind = EventKind::alert;
    event.time_ms = 1'764'104'400'000;
    const auto detail = "the one of number " + std::to_string(seq);
    event.detail = detail;
    std::string out;
    event.append_to(out);
    return out;
  }
  /// The lines of the event files after everything has been exported.
  std::vector<std::string> feed() {
    auto queue = Queue::open(options_, clock_);
    EXPECT_TRUE(queue) << queue.error().text;
    auto log = EventLog::open(**queue, {.folder = folders_.events});
    EXPECT_TRUE(log) << log.error().text;
    while (log->export_page().value_or(0) > 0) {
    }
    std::vector<std::string> out;
    for (const auto& file : event_files(folders_.events)) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) out.push_back(line);
    }
    return out;
  }
  /// The line of that number is of that number, and what event() made, or not.
  static void expect_line(const std::vector<std::string>& lines, std::uint64_t seq, bool kept = true) {
    ASSERT_GE(lines.size(), seq);
    const auto& line = lines[seq - 1];
    EXPECT_NE(line.find("\"seq\":" + std::to_string(seq) + ","), std::string::npos) << line;
    const auto text = "the one of number " + std::to_string(seq) + "\"";
    EXPECT_EQ(line.find(text) != std::string::npos, kept) << line;
  }

  std::filesystem::path folder_;
  DataFolders folders_;
  Options options_;
  SystemClock clock_;

 private:
  void make() { ASSERT_TRUE(Queue::open(options_, clock_)); }
};

}  // namespace sluice::queue
