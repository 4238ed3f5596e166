#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "engine/base/assert.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "list_fixture.hpp"
#include "temporary_directory.hpp"

namespace sluice::campaign {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string gzip(const std::string& text) {
  z_stream stream{};
  SLUICE_ASSERT(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  SLUICE_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the zstd command writes it
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string list(int first, int count) {
  std::string out;
  for (int i = first; i < first + count; ++i)
    out += "user" + std::to_string(i * 7919 % 100'003) + "@x.test,N\n";
  return out;
}

class Archive : public testing::TestWithParam<Packing> {
 protected:
  static std::string pack(const std::string& text) {
    return GetParam() == Packing::gzip ? gzip(text) : zstd(text);
  }

  std::vector<std::string> rows(const std::string& packed,
                                const ListLimits& limits = test::small_limits()) const {
    directory_.write("list", packed);
    Descriptor file(::open((directory_.path() + "/list").c_str(), O_RDONLY | O_CLOEXEC));
    auto reader = RecipientReader::open("list", std::move(file), {ListFormat::csv, GetParam()}, limits);
    if (!reader) return {"problem: " + reader.error().to_text()};
    return test::rows_of(*reader);
  }

  test::TemporaryDirectory directory_;
};

TEST_P(Archive, GivesTheSameRowsAsPlainText) {
  const auto text = "email,name\n" + list(0, 30'000);
  EXPECT_EQ(rows(pack(text)), test::rows_of(text));
}

TEST_P(Archive, SeveralMembersAreOneList) {
  const auto a = "email,name\n" + list(0, 5000) + "half@x.te";
  const auto b = "st,N\n" + list(5000, 5000);
  EXPECT_EQ(rows(pack(a) + pack(b) + pack("")), test::rows_of(a + b));
}

TEST_P(Archive, TruncationIsReportedWithTheRowReached) {
  const auto packed = pack("email,name\n" + list(0, 50'000));
  for (const std::size_t cut : {packed.size() - 1, packed.size() / 2, packed.size() / 3}) {
    const auto found = rows(packed.substr(0, cut));
    ASSERT_GT(found.size(), 1u) << cut;
    const auto last = "after row " + std::to_string(found.size() - 1) + ": ";
    EXPECT_THAT(found.back(), HasSubstr("error: list: " + last)) << cut;
    EXPECT_THAT(found.back(), HasSubstr("truncated")) << cut;
  }
  EXPECT_THAT(rows(packed.substr(0, 3)), ElementsAre(HasSubstr("truncated")));
  EXPECT_THAT(rows(""), ElementsAre(HasSubstr("truncated")));
}

TEST_P(Archive, DamageIsReportedAfterTheRowsBeforeIt) {
  auto packed = pack("email,name\n" + list(0, 50'000));
  for (std::size_t i = 0; i < 64; ++i)
    packed[packed.size() / 2 + i] = static_cast<char>(packed[packed.size() / 2 + i] ^ 0x55);
  EXPECT_THAT(rows(packed).back(),
              testing::AnyOf(HasSubstr("damaged near packed byte"), HasSubstr("truncated")));
  EXPECT_THAT(rows("email,name\na@b.test,A\n"), ElementsAre(HasSubstr("damaged")));
}

TEST_P(Archive, BombsAreCutOffByRatio) {
  auto limits = test::small_limits();
  limits.free_unpacked_bytes = 1 << 20;
  limits.ratio = 50;
  const auto bomb = "email\n" + std::string(64 << 20, '\n');
  EXPECT_THAT(rows(pack(bomb), limits).back(), HasSubstr("more than 50 times its size"));
}

TEST_P(Archive, BombsAreCutOffBySize) {
  auto limits = test::small_limits();
  limits.unpacked_bytes = 100'000;
  const auto found = rows(pack("email,name\n" + list(0, 50'000)), limits);
  EXPECT_THAT(found.back(), HasSubstr("unpacks to more than the allowed 100000 bytes"));
  EXPECT_LT(found.size(), 10'000u);
}

TEST_P(Archive, SkippingReachesTheSameRow) {
  const auto packed = pack("email,name\n" + list(0, 30'000));
  const auto all = rows(packed);
  for (const std::uint64_t row : {0u, 1u, 17'777u, 30'000u}) {
    Descriptor file(::open((directory_.path() + "/list").c_str(), O_RDONLY | O_CLOEXEC));
    auto reader = RecipientReader::open("list", std::move(file), {ListFormat::csv, GetParam()}, {});
    ASSERT_TRUE(reader->skip_through(row));
    EXPECT_EQ(reader->rows_read(), row);
    EXPECT_EQ(test::rows_of(*reader),
              std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(row), all.end()));
  }
  Descriptor file(::open((directory_.path() + "/list").c_str(), O_RDONLY | O_CLOEXEC));
  auto reader = RecipientReader::open("list", std::move(file), {ListFormat::csv, GetParam()}, {});
  const auto skipped = reader->skip_through(30'001);
  ASSERT_FALSE(skipped);
  EXPECT_EQ(skipped.error().code, ErrorCode::not_found);
}

INSTANTIATE_TEST_SUITE_P(Packed, Archive, testing::Values(Packing::gzip, Packing::zstd),
                         [](const auto& info) { return info.param == Packing::gzip ? "Gzip" : "Zstd"; });

TEST(GzipList, ZeroPaddingBehindTheLastMemberIsFine) {
  test::TemporaryDirectory directory;
  const auto rows = [&](const std::string& tail) {
    directory.write("list", gzip("email,name\n" + list(0, 10)) + tail);
    Descriptor file(::open((directory.path() + "/list").c_str(), O_RDONLY | O_CLOEXEC));
    auto reader = RecipientReader::open("list", std::move(file), {ListFormat::csv, Packing::gzip}, {});
    return test::rows_of(*reader);
  };
  EXPECT_EQ(rows(std::string(512, '\0')).size(), 10u);
  EXPECT_THAT(rows("garbage").back(), HasSubstr("damaged"));
}

TEST(RecipientReader, DiskErrorComesAfterTheRowsBeforeIt) {
  auto reader = RecipientReader::open(
      "list",
      std::make_unique<test::TextSource>("email\na@x.test\nb@x.te", Error{ErrorCode::io, "reading: EIO"}),
      ListFormat::csv, test::small_limits());
  ASSERT_TRUE(reader);
  EXPECT_THAT(test::rows_of(*reader),
              ElementsAre("1@2 email=[a@x.test]", "error: list: after row 1: reading: EIO"));
}

TEST(RecipientReader, RowsHaveALimit) {
  auto limits = test::small_limits();
  limits.rows = 2;
  EXPECT_THAT(test::rows_of("email\na\nb\nc\n", ListFormat::csv, limits),
              ElementsAre("1@2 email=[a]", "2@3 email=[b]", HasSubstr("more than the allowed 2 rows")));
}

TEST(RecipientReader, SkippingCountsRejectedRowsAndBrokenQuotes) {
  std::string text = "email,name\n";
  for (int i = 0; i < 2000; ++i)
    text += i % 7 == 0 ? "x\"y\n" : i % 11 == 0 ? "a@x.test,\"open\n" : "a@x.test,\"A\nB\"\n";
  const auto all = test::rows_of(text);
  for (std::uint64_t row = 0; row < all.size(); row += 113) {
    auto reader = test::open_text(text);
    ASSERT_TRUE(reader->skip_through(row));
    EXPECT_EQ(test::rows_of(*reader),
              std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(row), all.end()));
  }
}

}  // namespace
}  // namespace sluice::campaign
