#include "engine/store/committer.hpp"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <future>

namespace sluice::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A disk that may be told to refuse writes to the write-ahead log.
class FailingEnv final : public rocksdb::EnvWrapper {
 public:
  FailingEnv() : EnvWrapper(rocksdb::Env::Default()) {}

  const char* Name() const override { return "FailingEnv"; }
  std::atomic<bool> failing{false};
  std::atomic<bool> broken{false};  // by an I/O error instead of a full disk
  std::atomic<int> refused{0};
  std::atomic<int> syncs{0};

  rocksdb::Status NewWritableFile(const std::string& name, std::unique_ptr<rocksdb::WritableFile>* out,
                                  const rocksdb::EnvOptions& options) override {
    auto status = EnvWrapper::NewWritableFile(name, out, options);
    if (status.ok() && name.ends_with(".log")) *out = std::make_unique<File>(*this, std::move(*out));
    return status;
  }

 private:
  class File final : public rocksdb::WritableFileWrapper {
   public:
    File(FailingEnv& env, std::unique_ptr<rocksdb::WritableFile> file)
        : WritableFileWrapper(file.get()), env_(env), file_(std::move(file)) {}
    rocksdb::Status Append(const rocksdb::Slice& bytes) override {
      return refuses() ? full() : WritableFileWrapper::Append(bytes);
    }
    rocksdb::Status Append(const rocksdb::Slice& bytes, const rocksdb::DataVerificationInfo& info) override {
      return refuses() ? full() : WritableFileWrapper::Append(bytes, info);
    }
    rocksdb::Status Sync() override {
      if (refuses()) return full();
      ++env_.syncs;
      return WritableFileWrapper::Sync();
    }

   private:
    bool refuses() {
      if (!env_.failing) return false;
      ++env_.refused;
      return true;
    }
    rocksdb::Status full() const {
      if (env_.broken) return rocksdb::Status::IOError("the test's disk is broken");
      return rocksdb::Status::NoSpace("the test's disk is full");
    }

    FailingEnv& env_;
    std::unique_ptr<rocksdb::WritableFile> file_;
  };
};

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() {
    char name[] = "/tmp/sluice-store-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.path = folder_ / "store";
    options_.resume_interval = 5ms;
    open();
  }
  ~CommitterTest() override {
    env_.failing = false;
    database_.reset();
    fs::remove_all(folder_);
  }

  void open() {
    auto opened = Database::open(options_, {"default", "other"}, &env_);
    ASSERT_TRUE(opened) << opened.error().text;
    database_ = std::move(*opened);
  }
  void reopen() {
    database_.reset();
    open();
  }
  std::string value_of(const std::string& key) {
    const auto value = database_->get(0, key);
    EXPECT_TRUE(value) << value.error().text;
    return value && *value ? **value : "";
  }
  static auto put(std::string key, std::string value) {
    return [key, value](Batch& batch) { batch.put(0, key, value); };
  }

  fs::path folder_;
  FailingEnv env_;
  Options options_;
  std::unique_ptr<Database> database_;
};

/// Submits one work and gives its result.
std::future<Expected<>> submit(Committer& committer, std::function<void(Batch&)> apply,
                               Urgency urgency = Urgency::now) {
  const auto promise = std::make_shared<std::promise<Expected<>>>();  // shared: std::function copies
  auto result = promise->get_future();
  committer.submit(
      make_work(std::move(apply), [promise](const Expected<>& done) { promise->set_value(done); }), urgency);
  return result;
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);  // polls a condition; 30 s bound
  }
  return false;
}

TEST_F(CommitterTest, DoneComesAfterTheSync) {
  Committer committer(*database_, options_);
  committer.start();
  const auto before = env_.syncs.load();
  const auto promise = std::make_shared<std::promise<int>>();  // shared: std::function copies
  auto syncs = promise->get_future();
  committer.submit(make_work(put("key", "value"),
                             [&, promise](const Expected<>& done) {
                               EXPECT_TRUE(done);
                               promise->set_value(env_.syncs.load());
                             }),
                   Urgency::now);
  EXPECT_GT(syncs.get(), before) << "reported before it was on disk";
  committer.stop();
  reopen();
  EXPECT_EQ(value_of("key"), "value");
}

TEST_F(CommitterTest, WorksSubmittedTogetherShareACommitInOrder) {
  std::vector<int> order;
  int sealed = 0;
  int after = 0;
  Committer committer(*database_, options_, [&](Batch&) { ++sealed; }, [&] { ++after; });
  // Nothing runs before start(), so all of these are taken as one.
  std::vector<std::future<Expected<>>> results;
  for (int i = 0; i < 100; ++i) {
    results.push_back(submit(
        committer,
        [&, i](Batch& batch) {
          order.push_back(i);
          batch.put(0, "key", std::to_string(i));
        },
        i % 2 == 0 ? Urgency::soon : Urgency::now));
  }
  committer.start();
  for (auto& result : results) EXPECT_TRUE(result.get());
  committer.stop();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 100U);
  EXPECT_EQ(sealed, 1);
  EXPECT_EQ(after, 1);
  EXPECT_EQ(committer.stats().commits, 1U);
  EXPECT_EQ(committer.stats().works, 100U);
  EXPECT_EQ(value_of("key"), "99") << "the last submitted wins";
}

TEST_F(CommitterTest, ABatchIsCutAtItsSize) {
  options_.max_batch_bytes = 1000;
  Committer committer(*database_, options_);
  std::vector<std::future<Expected<>>> results;
  for (int i = 0; i < 10; ++i)
    results.push_back(submit(committer, put(std::to_string(i), std::string(600, 'x'))));
  committer.start();
  for (auto& result : results) EXPECT_TRUE(result.get());
  committer.stop();
  EXPECT_EQ(committer.stats().commits, 5U);
}

TEST_F(CommitterTest, WorkNobodyWaitsForIsCommittedAllTheSame) {
  Committer committer(*database_, options_);
  committer.start();
  EXPECT_TRUE(submit(committer, put("key", "value"), Urgency::soon).get());
}

TEST_F(CommitterTest, StopCommitsWhatWasSubmitted) {
  options_.commit_delay = 60s;
  Committer committer(*database_, options_);
  committer.start();
  auto result = submit(committer, put("key", "value"), Urgency::soon);
  committer.stop();
  EXPECT_TRUE(result.get());
  EXPECT_EQ(value_of("key"), "value");
}

TEST_F(CommitterTest, StepCommitsOnTheCallersThread) {
  Committer committer(*database_, options_);
  EXPECT_TRUE(committer.step()) << "nothing to do is no failure";
  auto result = submit(committer, put("key", "value"), Urgency::soon);
  EXPECT_EQ(committer.pending(), 1U);
  EXPECT_TRUE(committer.step());
  ASSERT_EQ(result.wait_for(0s), std::future_status::ready);
  EXPECT_TRUE(result.get());
  EXPECT_EQ(committer.pending(), 0U);
  EXPECT_EQ(value_of("key"), "value");
}

TEST_F(CommitterTest, StepKeepsWhatItCouldNotWriteAndAppliesItOnce) {
  Committer committer(*database_, options_);
  int applied = 0;
  auto result = submit(committer, [&](Batch& batch) {
    ++applied;
    batch.put(0, "key", "value");
  });
  env_.failing = true;
  EXPECT_FALSE(committer.step());
  EXPECT_FALSE(committer.healthy());
  EXPECT_EQ(committer.pending(), 1U);
  EXPECT_EQ(result.wait_for(0s), std::future_status::timeout);
  env_.failing = false;
  committer.drive([] { std::this_thread::sleep_for(10ms); });  // RocksDB resumes by itself, within seconds
  committer.settle_pending();
  EXPECT_TRUE(result.get());
  EXPECT_TRUE(committer.healthy());
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(value_of("key"), "value");
}

TEST_F(CommitterTest, AStepAfterStopReportsWhatTheDiskRefuses) {
  Committer committer(*database_, options_);
  auto result = submit(committer, put("key", "value"));
  env_.failing = true;
  EXPECT_FALSE(committer.step());
  committer.stop();
  EXPECT_TRUE(committer.step());
  EXPECT_FALSE(result.get());
}

TEST_F(CommitterTest, WorkAfterStopIsReportedCancelled) {
  Committer committer(*database_, options_);
  committer.start();
  committer.stop();
  const auto result = submit(committer, put("key", "value")).get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(value_of("key"), "");
}

TEST_F(CommitterTest, AFailedCommitIsKeptAndTriedAgain) {
  int applied = 0;
  Committer committer(*database_, options_);
  committer.start();
  ASSERT_TRUE(submit(committer, put("before", "1")).get());
  env_.failing = true;
  auto result = submit(committer, [&](Batch& batch) {
    ++applied;
    batch.put(0, "key", "value");
  });
  ASSERT_TRUE(eventually([&] { return !committer.healthy(); }));
  EXPECT_NE(committer.health()->text.find("the test's disk is full"), std::string::npos)
      << committer.health()->text;
  ASSERT_TRUE(eventually([&] { return committer.stats().failures >= 3; }));
  EXPECT_EQ(result.wait_for(0s), std::future_status::timeout) << "reported done without being on disk";
  env_.failing = false;
  EXPECT_TRUE(result.get());
  EXPECT_EQ(applied, 1) << "the batch is kept; its makers are not asked again";
  EXPECT_TRUE(submit(committer, put("after", "2")).get());
  EXPECT_TRUE(committer.healthy());
  committer.stop();
  reopen();
  EXPECT_EQ(value_of("before"), "1");
  EXPECT_EQ(value_of("key"), "value");
  EXPECT_EQ(value_of("after"), "2");
}

TEST_F(CommitterTest, OnlyAnErrorThatNothingResumesIsTold) {
  std::promise<Error> lost;
  std::atomic<int> calls{0};
  Committer committer(*database_, options_);
  committer.set_lost([&](const Error& error) {
    if (++calls == 1) lost.set_value(error);
  });
  committer.start();
  env_.failing = true;
  auto result = submit(committer, put("key", "value"));
  ASSERT_TRUE(eventually([&] { return committer.stats().failures >= 2; }));
  EXPECT_EQ(calls, 0) << "a full disk gets room again";
  env_.failing = false;
  ASSERT_TRUE(result.get());
  env_.broken = env_.failing = true;
  result = submit(committer, put("other", "value"));
  auto told = lost.get_future();
  ASSERT_EQ(told.wait_for(30s), std::future_status::ready);
  EXPECT_NE(told.get().text.find("the test's disk is broken"), std::string::npos);
  env_.failing = false;
  ASSERT_TRUE(eventually([&] { return committer.stats().failures >= 5; }));
  EXPECT_EQ(calls, 1);
  committer.stop();
  EXPECT_FALSE(result.get()) << "RocksDB writes again: nothing needs to end";
}

TEST_F(CommitterTest, StopOnAFailingDiskReportsTheFailure) {
  bool told = false;
  Committer committer(*database_, options_, {}, [&] { told = true; });
  committer.start();
  env_.failing = true;
  auto result = submit(committer, put("key", "value"));
  ASSERT_TRUE(eventually([&] { return !committer.healthy(); }));
  committer.stop();
  const auto done = result.get();
  ASSERT_FALSE(done);
  EXPECT_FALSE(told) << "nothing became durable";
}

TEST_F(CommitterTest, SubmitWaitsAtTheBound) {
  options_.max_pending_works = 4;
  Committer committer(*database_, options_);
  committer.start();
  env_.failing = true;
  auto first = submit(committer, put("first", "1"));
  ASSERT_TRUE(eventually([&] { return !committer.healthy(); }));  // it is in the committer's hands now
  std::atomic<int> submitted{0};
  std::vector<std::future<Expected<>>> results(10);
  std::thread submitter([&] {
    for (int i = 0; i < 10; ++i) {
      results[static_cast<std::size_t>(i)] = submit(committer, put(std::to_string(i), "x"));
      ++submitted;
    }
  });
  ASSERT_TRUE(eventually([&] { return submitted == 4; }));
  const auto failures = committer.stats().failures;
  ASSERT_TRUE(eventually([&] { return committer.stats().failures > failures + 3; }));
  EXPECT_EQ(submitted, 4) << "the bound holds while the disk fails";
  env_.failing = false;
  submitter.join();
  for (auto& result : results) EXPECT_TRUE(result.get());
  EXPECT_TRUE(first.get());
}

}  // namespace
}  // namespace sluice::store
