#include "engine/campaign/kept_list.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "temporary_directory.hpp"

namespace sluice::campaign {
namespace {

using testing::HasSubstr;

class KeptListTest : public testing::Test {
 protected:
  KeptListTest() {
    for (int i = 0; i < 100'000; ++i) text += "user" + std::to_string(i) + "@x.test\n";
    root.write("list.csv", text);
    std::filesystem::create_directory(root.path() + "/data");
    directory = Descriptor(::open((root.path() + "/data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    list = Descriptor(::open((root.path() + "/list.csv").c_str(), O_RDONLY | O_CLOEXEC));
  }
  void set_mtime(const std::string& name, std::int64_t ns) const {
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    const timespec both[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root.path() + '/' + name).c_str(), both, 0), 0);
  }

  test::TemporaryDirectory root;
  std::string text;
  Descriptor directory;
  Descriptor list;
};

TEST_F(KeptListTest, SurvivesTheRemovalOfItsSource) {
  for (const std::uint64_t copy_bytes : {std::uint64_t{0}, std::uint64_t{1} << 30}) {
    auto kept = keep_list(list.get(), directory.get(), "7.csv", {copy_bytes});
    ASSERT_TRUE(kept) << kept.error().text;
    EXPECT_EQ(root.read("data/7.csv"), text);
    EXPECT_TRUE(open_kept(directory.get(), "7.csv", kept->fingerprint));
    if (copy_bytes != 0) EXPECT_NE(kept->how, KeptBy::link);
  }
  std::filesystem::remove(root.path() + "/list.csv");
  EXPECT_EQ(root.read("data/7.csv"), text);
  EXPECT_FALSE(root.has("data/.7.csv.tmp"));
}

TEST_F(KeptListTest, KeepingTwiceIsTheSameAsOnce) {
  auto first = keep_list(list.get(), directory.get(), "7.csv", {0});
  auto second = keep_list(list.get(), directory.get(), "7.csv", {0});
  ASSERT_TRUE(second);
  EXPECT_TRUE(open_kept(directory.get(), "7.csv", second->fingerprint));
  EXPECT_FALSE(root.has("data/.7.csv.tmp"));
}

TEST_F(KeptListTest, EveryChangeIsNoticed) {
  const auto kept = keep_list(list.get(), directory.get(), "7.csv").value().fingerprint;
  const auto said = [&] {
    auto opened = open_kept(directory.get(), "7.csv", kept);
    return opened ? std::string() : opened.error().text;
  };
  std::ofstream(root.path() + "/data/7.csv", std::ios::app) << "x@x.test\n";
  EXPECT_THAT(said(), HasSubstr("its size"));
  root.write("data/7.csv", text);
  EXPECT_THAT(said(), HasSubstr("time of change"));
  set_mtime("data/7.csv", kept.modified_ns);
  EXPECT_EQ(said(), "");
  auto changed = text;
  changed[3] = 'X';
  root.write("data/7.csv", changed);
  set_mtime("data/7.csv", kept.modified_ns);
  EXPECT_THAT(said(), HasSubstr("its content"));
  std::filesystem::remove(root.path() + "/data/7.csv");
  EXPECT_EQ(open_kept(directory.get(), "7.csv", kept).error().code, ErrorCode::not_found);
}

TEST_F(KeptListTest, FingerprintSurvivesItsEncoding) {
  const auto print = fingerprint(list.get()).value();
  EXPECT_EQ(ListFingerprint::decode(print.encode()).value(), print);
  EXPECT_FALSE(ListFingerprint::decode("short"));
  EXPECT_FALSE(ListFingerprint::decode(print.encode() + "x"));
}

TEST_F(KeptListTest, TinyListsHaveFingerprintsToo) {
  root.write("empty", "");
  Descriptor empty(::open((root.path() + "/empty").c_str(), O_RDONLY | O_CLOEXEC));
  auto kept = keep_list(empty.get(), directory.get(), "e");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->fingerprint.bytes, 0u);
}

}  // namespace
}  // namespace sluice::campaign
