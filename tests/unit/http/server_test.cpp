// The server against clients of every kind: right, pipelining, slow, oversized, broken, too many.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/http/server_fixture.hpp"

namespace sluice::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(ServerTest, AnswersOverTheUnixSocketAndTcp) {
  start(test_router());
  const auto answer = client().request("GET", "/hello?name=a%20b");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello a b");
  const auto raw = exchange("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(raw, EndsWith("\r\n\r\nhello you"));
}

TEST_F(ServerTest, SocketIsForOwnerAndGroupOnlyAndGoesWithTheServer) {
  start(test_router());
  struct stat status{};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
  stop();
  EXPECT_NE(::stat(socket().c_str(), &status), 0);
}

TEST_F(ServerTest, ASecondServiceOnTheSameSocketIsRefused) {
  start(test_router());
  std::promise<Expected<>> second;
  worker_.post([&] {
    Server other(worker_.context(), test_router());
    second.set_value(other.listen_unix(socket()));
  });
  const auto refused = second.get_future().get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_TRUE(client().request("GET", "/hello"));
}

TEST_F(ServerTest, ASocketLeftByADeadServiceIsReplacedButNotAFile) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_storage name{};
  name.ss_family = AF_UNIX;
  std::memcpy(reinterpret_cast<char*>(&name) + sizeof(sa_family_t), socket().c_str(), socket().size() + 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&name),
                   sizeof(sa_family_t) + static_cast<socklen_t>(socket().size()) + 1),
            0);
  ::close(fd);
  start(test_router());
  EXPECT_TRUE(client().request("GET", "/hello"));
  stop();
  std::ofstream(socket()) << "precious";
  boost::asio::io_context context;
  Server server(context, test_router());
  EXPECT_FALSE(server.listen_unix(socket()));
  EXPECT_TRUE(std::filesystem::is_regular_file(socket()));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start(test_router());
  const auto raw = exchange(
      "GET /items/1 HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo"
      "GET /items/3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto one = raw.find("\r\n\r\n1");
  const auto two = raw.find("\r\n\r\ntwo");
  const auto three = raw.find("\r\n\r\n3");
  ASSERT_NE(three, std::string::npos);
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
}

TEST_F(ServerTest, ARequestInSinglePiecesIsTheSame) {
  start(test_router());
  RawClient raw(port_);
  for (const char c :
       std::string("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nslow")) {
    raw.send(std::string_view(&c, 1));
  }
  EXPECT_THAT(raw.read_all(), EndsWith("\r\n\r\nslow"));
}

TEST_F(ServerTest, AClientThatDribblesIsCutOffWhenTheWholeRequestIsLate) {
  ServerOptions options;
  options.idle = std::chrono::milliseconds(50);
  start(test_router(), options);
  RawClient raw(port_);
  raw.send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_EQ(raw.read_all(), "");
}

TEST_F(ServerTest, LongHeadersGet431) {
  ServerOptions options;
  options.read.header_size = 1024;
  start(test_router(), options);
  const auto long_one = exchange("GET /hello HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n");
  EXPECT_THAT(long_one, StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(long_one,
              HasSubstr(R"({"error":{"code":"limit","message":"the request's headers are too long"}})"));
  EXPECT_THAT(exchange("GET /" + std::string(100'000, 'a')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTest, LargeBodiesGet413WhetherAnnouncedOrChunked) {
  ServerOptions options;
  options.read.body_size = 1000;
  start(test_router(), options);
  EXPECT_THAT(
      exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'a')),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                       std::string(2000, 'a') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      exchange("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n0\r\n\r\n"),
      EndsWith("\r\n\r\nabc"));
}

TEST_F(ServerTest, WhatIsNotHttpGets400) {
  start(test_router());
  for (const auto* bytes :
       {"nonsense\r\n\r\n", "GET /hello HTTP/9.9\r\n\r\n", "GET hello HTTP/1.1\r\n\r\n",
        "GET /%zz HTTP/1.1\r\n\r\n", "GET /a%00b HTTP/1.1\r\n\r\n", "GET /hello\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "\x16\x03\x01\r\n\r\n"}) {
    EXPECT_THAT(exchange(bytes), StartsWith("HTTP/1.1 400 ")) << bytes;
  }
}

TEST_F(ServerTest, TransferEncodingAndLengthTogetherAreRefused) {
  start(test_router());
  const auto raw = exchange(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "GET /items/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(raw, Not(HasSubstr("smuggled")));
}

TEST_F(ServerTest, UnknownPathsAndMethodsAreSaid) {
  start(test_router());
  const auto nothing = client().request("GET", "/nothing");
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->status, 404);
  EXPECT_EQ(nothing->body,
            "{\"error\":{\"code\":\"not_found\",\"message\":\"there is nothing at /nothing\"}}\n");
  const auto raw = exchange("DELETE /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(raw, HasSubstr("\r\nAllow: GET\r\n"));
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  start(test_router());
  const auto raw = exchange("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw, HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(raw, EndsWith("\r\n\r\n"));
}

TEST_F(ServerTest, Http10ClosesUnlessAskedToStay) {
  start(test_router());
  EXPECT_THAT(exchange("GET /hello HTTP/1.0\r\n\r\n"), EndsWith("hello you"));
}

TEST_F(ServerTest, ExpectContinueIsAnswered) {
  start(test_router());
  RawClient raw(port_);
  raw.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: "
      "2\r\n\r\n");
  EXPECT_EQ(raw.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  raw.send("ok");
  EXPECT_THAT(raw.read_all(), EndsWith("\r\n\r\nok"));
}

TEST_F(ServerTest, AHandlerThatThrowsIs500AndTheServerGoesOn) {
  start(test_router());
  const auto broken = client().request("GET", "/boom");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->status, 500);
  EXPECT_THAT(broken->body, Not(HasSubstr("a bug")));
  EXPECT_TRUE(client().request("GET", "/hello"));
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitGet503AndAPlaceIsGivenBack) {
  ServerOptions options;
  options.connections = 1;
  start(test_router(), options);
  auto first = std::make_unique<RawClient>(port_);
  first->send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(first->read_until("hello you"), HasSubstr("200 OK"));
  EXPECT_THAT(exchange("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 503 "));
  first->send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(first->read_all(), EndsWith("hello you"));
  std::string last;  // the place comes back when the server has seen the close: ask until then
  for (int i = 0; i < 1000 && !last.starts_with("HTTP/1.1 200"); ++i) {
    last = exchange("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  EXPECT_THAT(last, StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, RequestsOfAConnectionAreCounted) {
  ServerOptions options;
  options.requests = 2;
  start(test_router(), options);
  std::string three;
  for (int i = 0; i < 3; ++i) three += "GET /items/n" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto raw = exchange(three);
  EXPECT_THAT(raw, HasSubstr("n1"));
  EXPECT_THAT(raw, Not(HasSubstr("n2")));
  EXPECT_THAT(raw, HasSubstr("Connection: close"));
}

TEST_F(ServerTest, StopEndsIdleConnections) {
  start(test_router());
  RawClient raw(port_);
  raw.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.read_until("hello you"), HasSubstr("200 OK"));
  stop();
  EXPECT_EQ(raw.read_all(), "");
}

}  // namespace
}  // namespace sluice::http
