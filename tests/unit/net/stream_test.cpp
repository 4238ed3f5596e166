#include "engine/net/stream.hpp"

#include <gtest/gtest.h>

#include <array>

#include "engine/net/listener.hpp"
#include "tests/unit/net/loop.hpp"

namespace sluice::net {
namespace {

using testing::Loop;
using namespace std::chrono_literals;

struct Pair {
  Stream client;
  Stream server;
};

const Endpoint kAnyPort(asio::ip::address_v4::loopback(), 0);

Task<Expected<Pair>> connect_pair(asio::io_context& context) {
  auto listener = Listener::bind(context, kAnyPort);
  if (!listener) co_return std::unexpected(listener.error());
  Stream client(context);
  const auto endpoint = listener->endpoint();
  auto connected = co_await client.connect(endpoint, std::nullopt, Deadline::after(5s));
  if (!connected) co_return std::unexpected(connected.error());
  auto accepted = co_await listener->accept();
  if (!accepted) co_return std::unexpected(accepted.error());
  co_return Pair{std::move(client), std::move(*accepted)};
}

Task<std::string> read_exactly(Stream& stream, std::size_t wanted) {
  std::string out;
  std::array<char, 4096> chunk;
  while (out.size() < wanted) {
    auto n = co_await stream.read_some(std::span(chunk).first(std::min(chunk.size(), wanted - out.size())));
    if (!n || *n == 0) break;
    out.append(chunk.data(), *n);
  }
  co_return out;
}

void with_pair(Task<> (*body)(Pair)) {
  Loop loop;
  bool ran = false;
  auto main = [](Loop& l, Task<> (*inner)(Pair), bool& done) -> Task<> {
    auto pair = co_await connect_pair(l.context);
    EXPECT_TRUE(pair) << pair.error().text;
    if (!pair) co_return;
    co_await inner(std::move(*pair));
    done = true;
  };
  loop.spawn(main(loop, body, ran));
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(ran);
  EXPECT_EQ(loop.tasks.failed(), 0u);
}

TEST(Stream, GathersManyBuffersIntoTheOrderedBytes) {
  with_pair([](Pair pair) -> Task<> {
    std::vector<std::string> parts;
    std::string all;
    for (int i = 0; i < 200; ++i) {
      parts.push_back(i % 7 == 0 ? "" : "part " + std::to_string(i) + ";");
      all += parts.back();
    }
    std::vector<std::string_view> views(parts.begin(), parts.end());
    pair.client.set_deadline(Deadline::after(5s));
    pair.server.set_deadline(Deadline::after(5s));
    auto sent = co_await pair.client.write(views);
    EXPECT_TRUE(sent);
    auto got = co_await read_exactly(pair.server, all.size());
    EXPECT_EQ(got, all);
  });
}

TEST(Stream, EndOfStreamReadsAsZero) {
  with_pair([](Pair pair) -> Task<> {
    pair.client.shutdown();
    pair.server.set_deadline(Deadline::after(5s));
    std::array<char, 16> chunk;
    auto n = co_await pair.server.read_some(chunk);
    EXPECT_TRUE(n);
    EXPECT_EQ(*n, 0u);
  });
}

TEST(Stream, DeadlineClosesAWaitingRead) {
  with_pair([](Pair pair) -> Task<> {
    const auto start = Deadline::Clock::now();
    pair.client.set_deadline(Deadline::after(30ms));
    std::array<char, 16> chunk;
    auto n = co_await pair.client.read_some(chunk);
    EXPECT_FALSE(n);
    EXPECT_EQ(n.error().code, ErrorCode::timeout);
    EXPECT_GE(Deadline::Clock::now() - start, 30ms);
    EXPECT_TRUE(pair.client.timed_out());
    EXPECT_FALSE(pair.client.is_open());
    auto again = co_await pair.client.write("x");
    EXPECT_EQ(again.error().code, ErrorCode::timeout);
  });
}

TEST(Stream, ASoonerDeadlineReplacesALaterOneAndTheReverse) {
  with_pair([](Pair pair) -> Task<> {
    pair.client.set_deadline(Deadline::after(1h));
    pair.client.set_deadline(Deadline::after(1ms));
    pair.client.set_deadline(Deadline::after(10s));
    pair.server.set_deadline(Deadline::after(60ms));
    std::array<char, 16> chunk;
    auto other = co_await pair.server.read_some(chunk);  // 60 ms go by: the dropped 1 ms must not fire
    EXPECT_EQ(other.error().code, ErrorCode::timeout);
    EXPECT_TRUE(pair.client.is_open());
  });
}

TEST(Stream, DeadlineClosesAWriteThePeerDoesNotRead) {
  with_pair([](Pair pair) -> Task<> {
    const std::string much(64 << 20, 'x');
    pair.client.set_deadline(Deadline::after(50ms));
    auto sent = co_await pair.client.write(much);
    EXPECT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::timeout);
  });
}

TEST(Stream, RefusedConnectionIsUnavailable) {
  Loop loop;
  auto listener = Listener::bind(loop.context, kAnyPort);
  ASSERT_TRUE(listener);
  const auto endpoint = listener->endpoint();
  listener->close();
  bool ran = false;
  auto main = [](Loop& l, Endpoint to, bool& done) -> Task<> {
    Stream client(l.context);
    auto connected = co_await client.connect(to, std::nullopt, Deadline::after(5s));
    EXPECT_FALSE(connected);
    EXPECT_EQ(connected.error().code, ErrorCode::unavailable);
    done = true;
  };
  loop.spawn(main(loop, endpoint, ran));
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(ran);
}

TEST(Stream, ConnectsFromTheLocalAddressGiven) {
  Loop loop;
  auto listener = Listener::bind(loop.context, kAnyPort);
  ASSERT_TRUE(listener);
  bool ran = false;
  auto main = [](Loop& l, Endpoint to, bool& done) -> Task<> {
    Stream client(l.context);
    const auto from = asio::ip::make_address("127.0.0.7");
    auto connected = co_await client.connect(to, from, Deadline::after(5s));
    EXPECT_TRUE(connected);
    EXPECT_EQ(client.local().address(), from);
    EXPECT_EQ(client.peer(), to);
    Stream other(l.context);
    auto refused = co_await other.connect(to, asio::ip::make_address("192.0.2.1"), Deadline::after(5s));
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_input);
    done = true;
  };
  loop.spawn(main(loop, listener->endpoint(), ran));
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(ran);
}

TEST(Stream, CancelledTaskGetsCancelledOnceAndForAll) {
  Loop loop;
  std::vector<ErrorCode> seen;
  auto reader = [](Loop& l, std::vector<ErrorCode>& codes) -> Task<> {
    auto pair = co_await connect_pair(l.context);
    std::array<char, 16> chunk;
    for (int i = 0; i < 2; ++i) {
      auto n = co_await pair->client.read_some(chunk);
      codes.push_back(n.error().code);
    }
  };
  loop.spawn(reader(loop, seen));
  loop.context.run_for(50ms);
  EXPECT_EQ(loop.tasks.size(), 1u);
  loop.tasks.cancel();
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(seen, (std::vector{ErrorCode::cancelled, ErrorCode::cancelled}));
  EXPECT_EQ(loop.tasks.failed(), 0u);
}

TEST(Stream, MovesToAnotherContextByItsDescriptor) {
  with_pair([](Pair pair) -> Task<> {
    asio::io_context other;
    const int fd = pair.server.release();
    EXPECT_GE(fd, 0);
    auto moved = Stream::adopt(other, fd);
    EXPECT_TRUE(moved);
    auto sent = co_await pair.client.write("hello");
    EXPECT_TRUE(sent);
    std::array<char, 16> chunk;
    const auto step = moved->try_read(chunk);
    EXPECT_EQ(step.status, IoStatus::done);
    EXPECT_EQ(step.bytes, 5u);
    EXPECT_EQ(moved->try_read(chunk).status, IoStatus::want_read);
  });
}

}  // namespace
}  // namespace sluice::net
