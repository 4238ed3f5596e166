#include "engine/store/segments.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>

#include "engine/store/checksum.hpp"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, removed afterwards.
struct Folder {
  Folder() {
    char name[] = "/tmp/sluice-bodies-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

SegmentsOptions options_in(const fs::path& folder) {
  SegmentsOptions options;
  options.folder = folder;
  options.min_free_bytes = 0;
  return options;
}

std::unique_ptr<Segments> open_in(const SegmentsOptions& options) {
  auto opened = Segments::open(options);
  EXPECT_TRUE(opened) << opened.error().text;
  return std::move(*opened);
}

Expected<bool> all_in_use(std::uint32_t) { return true; }

Expected<StoredBody> append(Segments& segments, std::vector<std::string> pieces) {
  std::promise<Expected<StoredBody>> promise;
  auto result = promise.get_future();
  auto taken = segments.append(std::move(pieces),
                               [&](const Expected<StoredBody>& stored) { promise.set_value(stored); });
  if (!taken) return std::unexpected(taken.error());
  return result.get();
}

TEST(Crc32c, MatchesTheStandardCheckValue) { EXPECT_EQ(crc32c("123456789"), 0xe3069283U); }

TEST(Segments, GivesBackWhatWasAppendedAlsoAfterARestart) {
  const Folder folder;
  std::vector<std::pair<BodyRef, std::string>> written;
  {
    auto segments = open_in(options_in(folder.path));
    segments->start(all_in_use);
    for (int i = 0; i < 20; ++i) {
      const std::string body(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i));
      const auto stored = append(*segments, {"Received: x\r\n", body});
      ASSERT_TRUE(stored) << stored.error().text;
      written.emplace_back(stored->ref, "Received: x\r\n" + body);
    }
  }
  auto segments = open_in(options_in(folder.path));
  segments->start(all_in_use);
  const auto later = append(*segments, {"more"});
  ASSERT_TRUE(later);
  EXPECT_GT(later->ref.segment, written.back().first.segment) << "an old segment was appended to";
  for (const auto& [ref, body] : written) {
    const auto read = segments->read(ref);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(*read, body);
  }
}

TEST(Segments, KeysComeBackFromTheirBytes) {
  const BodyRef ref{7, 0x123456789aULL, 5, 9};
  const auto back = BodyRef::of_key(ref.key());
  EXPECT_EQ(back.segment, ref.segment);
  EXPECT_EQ(back.offset, ref.offset);
}

TEST(Segments, ReportsBodiesInTheOrderTheyWereAppendedFencesToo) {
  const Folder folder;
  auto options = options_in(folder.path);
  options.segment_bytes = 64;  // many rotations within a batch
  auto segments = open_in(options);
  std::vector<int> order;
  std::promise<void> last;
  for (int i = 0; i < 100; ++i) {
    std::vector<std::string> pieces;
    if (i % 3 != 0) pieces.push_back(std::string(30, 'x'));
    ASSERT_TRUE(segments->append(std::move(pieces), [&, i](const Expected<StoredBody>& stored) {
      EXPECT_TRUE(stored);
      EXPECT_EQ(stored->ref.length, i % 3 != 0 ? 30U : 0U);
      order.push_back(i);
      if (i == 99) last.set_value();
    }));
  }
  segments->start(all_in_use);
  last.get_future().get();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_GT(segments->stats().segments, 20U);
}

TEST(Segments, ManyAppendersShareASync) {
  const Folder folder;
  auto segments = open_in(options_in(folder.path));
  std::atomic<int> left{400};
  std::promise<void> last;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(segments->append({std::string(100, 'x')}, [&](const Expected<StoredBody>& stored) {
          EXPECT_TRUE(stored);
          if (--left == 0) last.set_value();
        }));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  segments->start(all_in_use);
  last.get_future().get();
  EXPECT_EQ(segments->stats().bodies, 400U);
  EXPECT_EQ(segments->stats().syncs, 1U);
}

TEST(Segments, AKillInTheMiddleOfAWriteLeavesTheSyncedBodiesReadable) {
  const Folder folder;
  BodyRef first, second;
  {
    auto segments = open_in(options_in(folder.path / "a"));
    segments->start(all_in_use);
    first = append(*segments, {std::string(5000, 'a')})->ref;
    second = append(*segments, {std::string(5000, 'b')})->ref;
  }
  // What a kill leaves: the file as it was half-way through the second body.
  const auto file = segment_path(folder.path / "a", first.segment);
  fs::create_directories(folder.path / "b");
  const auto torn = segment_path(folder.path / "b", first.segment);
  for (const auto cut : {second.offset + 2500, second.offset, second.offset - 3}) {
    fs::copy_file(file, torn, fs::copy_options::overwrite_existing);
    fs::resize_file(torn, cut);
    auto segments = open_in(options_in(folder.path / "b"));
    segments->start(all_in_use);
    EXPECT_EQ(segments->read(first).value_or(""), std::string(5000, 'a'));
    const auto lost = segments->read(second);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::corrupt);
    const auto later = append(*segments, {"behind the tear"});
    ASSERT_TRUE(later);
    EXPECT_EQ(segments->read(later->ref).value_or(""), "behind the tear");
  }
}

TEST(Segments, EveryFlippedByteIsNoticed) {
  const Folder folder;
  auto segments = open_in(options_in(folder.path));
  segments->start(all_in_use);
  const auto stored = append(*segments, {"a body of some bytes"});
  ASSERT_TRUE(stored);
  const auto file = segment_path(folder.path, stored->ref.segment);
  for (auto at = stored->ref.offset - kFrameBytes; at < stored->ref.offset + stored->ref.length; ++at) {
    const auto flip = [&] {
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekg(static_cast<std::streamoff>(at));
      const char c = static_cast<char>(bytes.get() ^ 0x10);
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put(c);
    };
    flip();
    EXPECT_FALSE(segments->read(stored->ref)) << at;
    flip();
  }
  EXPECT_TRUE(segments->read(stored->ref));
  auto elsewhere = stored->ref;
  elsewhere.offset += 1;
  EXPECT_FALSE(segments->read(elsewhere));
  elsewhere = stored->ref;
  elsewhere.offset = 0;
  EXPECT_FALSE(segments->read(elsewhere));
  elsewhere.segment += 1;
  EXPECT_EQ(segments->read(elsewhere).error().code, ErrorCode::not_found);
}

TEST(Segments, OrphansOfACrashGoWithTheFirstSweep) {
  const Folder folder;
  auto options = options_in(folder.path);
  options.segment_bytes = 1;
  BodyRef kept, orphan;
  {
    auto segments = open_in(options);
    segments->start(all_in_use);
    kept = append(*segments, {"kept"})->ref;
    orphan = append(*segments, {"orphan"})->ref;
  }
  std::ofstream(folder.path / "notes.txt") << "not ours";
  auto segments = open_in(options);
  segments->start([&](std::uint32_t segment) -> Expected<bool> { return segment == kept.segment; });
  ASSERT_TRUE(append(*segments, {"the sweep at start is over by now"}));
  EXPECT_EQ(segments->read(kept).value_or(""), "kept");
  EXPECT_EQ(segments->read(orphan).error().code, ErrorCode::not_found);
  EXPECT_TRUE(fs::exists(folder.path / "notes.txt"));
  EXPECT_EQ(segments->stats().removed, 1U);
}

TEST(Segments, ABodyOnItsWayKeepsItsSegmentAndSoDoesAReadThatFails) {
  const Folder folder;
  auto options = options_in(folder.path);
  options.segment_bytes = 1;
  auto segments = open_in(options);
  std::atomic<bool> broken{true};
  segments->start([&](std::uint32_t) -> Expected<bool> {
    if (broken) return fail(ErrorCode::io, "no answer");
    return false;
  });
  auto first = append(*segments, {"on its way"});
  ASSERT_TRUE(append(*segments, {"seals the first"}));
  broken = false;
  segments->sweep();
  EXPECT_TRUE(segments->read(first->ref));
  const auto ref = first->ref;
  first->pin.reset();
  broken = true;
  segments->sweep();
  EXPECT_TRUE(segments->read(ref));
  broken = false;
  segments->sweep();
  EXPECT_FALSE(segments->read(ref));
}

/// The file system's own refusal in the middle of a write: a file may have so many bytes.
class FilesOf {
 public:
  explicit FilesOf(rlim_t most) : old_action_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit_), 0);
    const rlimit small{most, old_limit_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  FilesOf(const FilesOf&) = delete;
  FilesOf& operator=(const FilesOf&) = delete;
  ~FilesOf() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_action_);
  }

 private:
  void (*old_action_)(int);
  rlimit old_limit_{};
};

TEST(Segments, OfTheBodiesOfOneWriteOnlyThoseThatDoNotFitAreRefused) {
  const Folder folder;
  auto segments = open_in(options_in(folder.path));
  std::vector<Expected<StoredBody>> results;
  const auto wanted = [](int n) { return std::string(n % 3 == 1 ? 5000 : 400, static_cast<char>('a' + n)); };
  for (int n = 0; n < 6; ++n) {
    ASSERT_TRUE(segments->append({wanted(n), ""}, [&](const auto& result) { results.push_back(result); }));
  }
  {
    const FilesOf limit(2000);
    segments->start(all_in_use);
    segments->stop();
  }
  ASSERT_EQ(results.size(), 6U);
  for (int n = 0; n < 6; ++n) {
    const auto& result = results[static_cast<std::size_t>(n)];
    ASSERT_EQ(result.has_value(), n % 3 != 1) << n;
    if (result) EXPECT_EQ(segments->read(result->ref).value_or(""), wanted(n)) << n;
  }
}

TEST(Segments, ManyBodiesOfOneWriteAreMoreThanOneCallTakes) {
  const Folder folder;
  auto segments = open_in(options_in(folder.path));
  constexpr std::size_t kBodies = 3000;  // of three pieces; a call takes 1024
  std::vector<BodyRef> refs;
  const auto wanted = [](std::size_t n) { return std::string(n % 50, 'x') + std::to_string(n); };
  for (std::size_t n = 0; n < kBodies; ++n) {
    const auto body = wanted(n);
    ASSERT_TRUE(segments->append({body.substr(0, n % 7), body.substr(std::min(body.size(), n % 7))},
                                 [&](const auto& result) { refs.push_back(result->ref); }));
  }
  segments->start(all_in_use);
  segments->stop();
  ASSERT_EQ(refs.size(), kBodies);
  for (std::size_t n = 0; n < kBodies; ++n) ASSERT_EQ(segments->read(refs[n]).value_or(""), wanted(n)) << n;
}

TEST(Segments, AFullDiskRefusesTheBodyAndKeepsTheOthers) {
  const Folder folder;
  auto options = options_in(folder.path);
  auto segments = open_in(options);
  segments->start(all_in_use);
  const auto before = append(*segments, {std::string(1000, 'a')});
  ASSERT_TRUE(before);
  std::optional<FilesOf> limit(2000);
  const auto refused = append(*segments, {std::string(5000, 'b')});
  const auto fits = append(*segments, {std::string(500, 'c')});
  limit.reset();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::io);
  ASSERT_TRUE(fits) << fits.error().text;
  const auto after = append(*segments, {std::string(5000, 'd')});
  ASSERT_TRUE(after);
  EXPECT_EQ(segments->read(before->ref).value_or(""), std::string(1000, 'a'));
  EXPECT_EQ(segments->read(fits->ref).value_or(""), std::string(500, 'c'));
  EXPECT_EQ(segments->read(after->ref).value_or(""), std::string(5000, 'd'));
}

TEST(Segments, KeepsTheFreeSpaceItWasTold) {
  const Folder folder;
  auto options = options_in(folder.path);
  options.min_free_bytes = UINT64_MAX;
  auto segments = open_in(options);
  segments->start(all_in_use);
  const auto refused = append(*segments, {"x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST(Segments, BoundsWhatWaits) {
  const Folder folder;
  auto options = options_in(folder.path);
  options.max_pending_bytes = 100;
  options.max_body_bytes = 150;
  options.max_pending = 3;
  auto segments = open_in(options);
  int calls = 0;
  const auto count = [&](const Expected<StoredBody>&) { ++calls; };
  EXPECT_EQ(segments->append({std::string(151, 'x')}, count).error().code, ErrorCode::limit);
  ASSERT_TRUE(segments->append({std::string(120, 'x')}, count))
      << "a body longer than the bound may wait alone";
  EXPECT_EQ(segments->append({"x"}, count).error().code, ErrorCode::limit);
  ASSERT_TRUE(segments->append({}, count));
  ASSERT_TRUE(segments->append({}, count));
  EXPECT_EQ(segments->append({}, count).error().code, ErrorCode::limit);
  segments->start(all_in_use);
  segments->stop();
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(segments->append({"x"}, count).error().code, ErrorCode::cancelled);
  EXPECT_EQ(calls, 3);
}

TEST(Segments, NamesOfOtherFilesAreNoSegments) {
  EXPECT_EQ(segment_number("0000000a.seg"), 10U);
  for (const auto* name : {"0000000A.seg", "0000000g.seg", "a.seg", "0000000a.tmp", "00000000a.seg", ""}) {
    EXPECT_EQ(segment_number(name), 0U) << name;
  }
}

}  // namespace
}  // namespace sluice::store
