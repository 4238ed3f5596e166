// Streaming answers: lines as they come, the client that leaves, the server that stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>

#include "tests/unit/http/server_fixture.hpp"

namespace sluice::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

Task<> three_lines(std::shared_ptr<ResponseStream> out) {
  auto sent = co_await out->write("{\"seq\":1}\n{\"se");
  if (sent) sent = co_await out->write("q\":2}\n\n");
  if (sent) sent = co_await out->write("{\"seq\":3}");
}

Task<Response> three(Request) {
  Response response;
  response.content_type = "application/x-ndjson";
  response.stream = three_lines;
  co_return response;
}

Task<Response> refused(Request) { co_return error_response(fail(ErrorCode::conflict, "not now").error()); }

/// One line, then silence until the client leaves or the server stops.
class Follow {
 public:
  Task<Response> answer(Request) {
    Response response;
    response.stream = [this](std::shared_ptr<ResponseStream> out) { return follow(std::move(out)); };
    co_return response;
  }
  std::future<void> ended() { return ended_.get_future(); }

 private:
  Task<> follow(std::shared_ptr<ResponseStream> out) {
    auto sent = co_await out->write("first\n");
    EXPECT_TRUE(sent);
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, boost::asio::steady_timer::time_point::max());
    out->on_gone([&] { timer.cancel(); });
    if (!out->gone()) co_await timer.async_wait(net::kTuple);
    auto more = co_await out->write("never\n");
    EXPECT_FALSE(more);
    ended_.set_value();
  }
  std::promise<void> ended_;
};

TEST_F(ServerTest, StreamGivesWholeLinesAndSkipsHeartbeats) {
  Router router;
  router.add("GET", "/three", three);
  start(std::move(router));
  std::vector<std::string> lines;
  const auto read = client().stream("/three", [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  EXPECT_TRUE(read) << read.error().text;
  EXPECT_THAT(lines, testing::ElementsAre("{\"seq\":1}", "{\"seq\":2}", "{\"seq\":3}"));
}

TEST_F(ServerTest, StreamIsChunkedForHttp11AndPlainForHttp10) {
  Router router;
  router.add("GET", "/three", three);
  start(std::move(router));
  const auto modern = exchange("GET /three HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(modern, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(modern, EndsWith("9\r\n{\"seq\":3}\r\n0\r\n\r\n"));
  const auto old = exchange("GET /three HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old, EndsWith("\r\n\r\n{\"seq\":1}\n{\"seq\":2}\n\n{\"seq\":3}"));
}

TEST_F(ServerTest, StreamReaderMayStopAndTheHandlerHearsIt) {
  Follow follow;
  auto ended = follow.ended();
  Router router;
  router.add("GET", "/follow", [&](Request request) { return follow.answer(std::move(request)); });
  start(std::move(router));
  std::string seen;
  const auto read = client().stream("/follow", [&](std::string_view line) {
    seen = line;
    return false;
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(seen, "first");
  EXPECT_EQ(ended.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(ServerTest, StopWakesAStreamingHandler) {
  Follow follow;
  auto ended = follow.ended();
  Router router;
  router.add("GET", "/follow", [&](Request request) { return follow.answer(std::move(request)); });
  start(std::move(router));
  RawClient raw(port_);
  raw.send("GET /follow HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(raw.read_until("first"), HasSubstr("first"));
  stop();
  EXPECT_EQ(ended.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(ServerTest, ErrorsOfAStreamAreTheAnswersErrors) {
  Router router;
  router.add("GET", "/refused", refused);
  start(std::move(router));
  const auto read = client().stream("/refused", [](std::string_view) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), (Error{ErrorCode::conflict, "not now"}));
}

TEST(HttpClient, NobodyListeningIsUnavailable) {
  const auto answer = Client("/nonexistent/control.sock").request("GET", "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_EQ(answer.error().text,
            "no service answers on /nonexistent/control.sock: No such file or directory");
  EXPECT_EQ(Client(std::string(200, 'x')).request("GET", "/").error().code, ErrorCode::invalid_input);
}

TEST_F(ServerTest, ClientBoundsTheAnswer) {
  start(test_router());
  ClientOptions options;
  options.max_body = 3;
  const auto answer = Client(socket(), options).request("GET", "/hello");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::limit);
}

TEST(ErrorOf, ReadsOurShapeAndSurvivesOthers) {
  EXPECT_EQ(error_of(404, R"({"error":{"code":"not_found","message":"no such campaign"}})"),
            (Error{ErrorCode::not_found, "no such campaign"}));
  EXPECT_EQ(error_of(500, "<html>"), (Error{ErrorCode::internal, "the service answers with status 500"}));
  EXPECT_EQ(error_of(400, R"({"error":5})").code, ErrorCode::invalid_input);
}

}  // namespace
}  // namespace sluice::http
