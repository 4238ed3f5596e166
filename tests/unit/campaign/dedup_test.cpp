#include "engine/campaign/dedup.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <set>
#include <vector>

#include "temporary_directory.hpp"

namespace sluice::campaign {
namespace {

constexpr HashKey kKey{1, 2};

Dedup::ReadList list_of(const std::vector<std::string>& addresses) {
  return [&addresses](const Dedup::Visit& visit) -> Expected<> {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      if (!visit(i + 1, addresses[i])) break;
    }
    return {};
  };
}

std::vector<bool> oracle(const std::vector<std::string>& addresses) {
  std::set<std::string> seen;
  std::vector<bool> out;
  for (const auto& address : addresses) out.push_back(!seen.insert(address).second);
  return out;
}

std::vector<std::string> random_list(std::size_t rows, std::size_t distinct, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rows; ++i) out.push_back(fmt::format("user{}@d.test", random() % distinct));
  return out;
}

TEST(SipHash, MatchesTheReferenceVectors) {
  // Key 00..0f; inputs of no byte and of 00: the first two entries of vectors_sip128.
  const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(siphash128(key, ""), (Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  EXPECT_EQ(siphash128(key, std::string_view("\0", 1)), (Hash128{0x44af996bd8c187da, 0x45fc229b11597634}));
}

TEST(SipHash, EveryLengthAndKeyGivesAnotherHash) {
  std::set<Hash128> seen;
  for (std::size_t n = 0; n < 64; ++n) {
    EXPECT_TRUE(seen.insert(siphash128(kKey, std::string(n, '\0'))).second);
    EXPECT_TRUE(seen.insert(siphash128({2, 1}, std::string(n, '\0'))).second);
  }
}

TEST(HashSet, IsFullInsteadOfPassingItsBound) {
  HashSet set(1 << 20);
  std::uint64_t n = 0;
  while (set.insert(siphash128(kKey, std::to_string(n))) == HashSet::Insert::added) ++n;
  EXPECT_LE(set.memory_bytes(), 1u << 20);
  EXPECT_GT(n * sizeof(Hash128), (1u << 20) * 3 / 4);
  EXPECT_EQ(set.size(), n);
  for (std::uint64_t i = 0; i < n; ++i) {
    ASSERT_EQ(set.insert(siphash128(kKey, std::to_string(i))), HashSet::Insert::present);
  }
}

TEST(HashSet, TakesTheAllZeroHash) {
  HashSet set(1 << 20);
  EXPECT_EQ(set.insert({}), HashSet::Insert::added);
  EXPECT_EQ(set.insert({}), HashSet::Insert::present);
}

TEST(Dedup, SmallListAgreesWithASet) {
  const auto list = random_list(20'000, 8'000, 1);
  Dedup dedup({}, list_of(list), kKey);
  const auto expected = oracle(list);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto answer = dedup.is_duplicate(i + 1, list[i]);
    ASSERT_TRUE(answer);
    ASSERT_EQ(*answer, expected[i]) << i;
  }
  EXPECT_FALSE(dedup.partitioned());
}

TEST(Dedup, ListBeyondTheMemoryAgreesWithASet) {
  const test::TemporaryDirectory directory;
  for (const std::size_t distinct : {300'000u, 90'000u}) {
    const auto list = random_list(400'000, distinct, 2);
    Dedup dedup({.memory_bytes = 1 << 20, .directory = directory.path()}, list_of(list), kKey);
    const auto expected = oracle(list);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto answer = dedup.is_duplicate(i + 1, list[i]);
      ASSERT_TRUE(answer) << answer.error().text;
      ASSERT_EQ(*answer, expected[i]) << i;
    }
    EXPECT_TRUE(dedup.partitioned());
    EXPECT_EQ(dedup.duplicates(),
              static_cast<std::uint64_t>(std::count(expected.begin(), expected.end(), true)));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Dedup, ResumeAnywhereAnswersAsIfNeverStopped) {
  const test::TemporaryDirectory directory;
  const auto list = random_list(150'000, 100'000, 3);
  const auto expected = oracle(list);
  for (const std::size_t start : {std::size_t{1}, std::size_t{1000}, std::size_t{140'000}}) {
    Dedup dedup({.memory_bytes = 1 << 20, .directory = directory.path()}, list_of(list), HashKey::random());
    ASSERT_TRUE(dedup.resume(start));
    for (std::size_t i = start - 1; i < list.size(); ++i) {
      const auto answer = dedup.is_duplicate(i + 1, list[i]);
      ASSERT_TRUE(answer);
      ASSERT_EQ(*answer, expected[i]) << start << ' ' << i;
    }
    EXPECT_EQ(dedup.duplicates(),
              static_cast<std::uint64_t>(std::count(expected.begin(), expected.end(), true)));
  }
}

TEST(Dedup, FailureOfTheDiskIsReportedAndMayBeTriedAgain) {
  const test::TemporaryDirectory directory;
  const auto list = random_list(200'000, 200'000, 4);
  const auto expected = oracle(list);
  const std::string later = directory.path() + "/later";
  Dedup dedup({.memory_bytes = 1 << 20, .directory = later}, list_of(list), kKey);
  bool failed = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto answer = dedup.is_duplicate(i + 1, list[i]);
    if (!answer) {
      EXPECT_FALSE(failed);
      failed = true;
      std::filesystem::create_directory(later);
      answer = dedup.is_duplicate(i + 1, list[i]);
    }
    ASSERT_TRUE(answer);
    ASSERT_EQ(*answer, expected[i]) << i;
  }
  EXPECT_TRUE(failed);
}

TEST(DuplicateScan, PartitionBeyondTheMemoryIsReadInSeveralPasses) {
  const test::TemporaryDirectory directory;
  const auto list = random_list(200'000, 120'000, 5);
  const auto expected = oracle(list);
  auto scan = DuplicateScan::create(directory.path(), DuplicateScan::kLeastMemory, 2);
  ASSERT_TRUE(scan);
  for (std::size_t i = 0; i < list.size(); ++i) ASSERT_TRUE(scan->add(siphash128(kKey, list[i]), i + 1));
  const auto rows = scan->finish();
  ASSERT_TRUE(rows);
  for (std::size_t i = 0; i < list.size(); ++i) ASSERT_EQ(rows->contains(i + 1), expected[i]) << i;
  EXPECT_FALSE(rows->contains(list.size() + 1000));
}

}  // namespace
}  // namespace sluice::campaign
