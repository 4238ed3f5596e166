#include "engine/http/message.hpp"

#include <gtest/gtest.h>

#include "engine/http/router.hpp"

namespace sluice::http {
namespace {

TEST(Target, IsDecoded) {
  Request request;
  ASSERT_TRUE(set_target(request, "/a%20b/+c?x=1&y=a+b%26c&x=2&flag&=nothing"));
  EXPECT_EQ(request.path, "/a b/+c");
  EXPECT_EQ(request.query_or("x", ""), "2");
  EXPECT_EQ(request.query_or("y", ""), "a b&c");
  EXPECT_EQ(request.query_or("flag", "?"), "");
  EXPECT_EQ(request.query_or("none", "?"), "?");
}

TEST(Target, BrokenOnesAreRefused) {
  for (const auto* target : {"", "*", "http://x/", "/%", "/%1", "/%g0", "/a%00", "/?x=%0", "/?%zz=1"}) {
    Request request;
    EXPECT_FALSE(set_target(request, target)) << target;
  }
}

TEST(PercentEncode, IsTheInverse) {
  const std::string odd = "a/b?c=d&e f\xff%+~";
  Request request;
  ASSERT_TRUE(set_target(request, "/?k=" + percent_encode(odd)));
  EXPECT_EQ(request.query_or("k", ""), odd);
}

TEST(Head, HeadersCannotBeSplit) {
  Response response;
  response.headers.emplace_back("Location", "/x\r\nSet-Cookie: a=b");
  EXPECT_EQ(head_of(response, 0, true, false),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
            "Location: /xSet-Cookie: a=b\r\n\r\n");
}

TEST(ErrorResponse, MapsCodesToStatuses) {
  EXPECT_EQ(error_response(Error{ErrorCode::not_found, "x"}).status, 404);
  EXPECT_EQ(error_response(Error{ErrorCode::unavailable, "x"}).status, 503);
  EXPECT_EQ(error_response(Error{ErrorCode::internal, "x"}).status, 500);
}

TEST(Router, LiteralBeforeNameInTheOrderAdded) {
  Router router;
  const auto handler = [](Request) -> Task<Response> { co_return Response{}; };
  router.add("GET", "/v1/campaigns/new", handler);
  router.add("GET", "/v1/campaigns/{id}", handler);
  router.add("POST", "/v1/campaigns/{id}/pause", handler);
  Request request;
  request.method = "GET";
  request.path = "/v1/campaigns/new";
  EXPECT_TRUE(router.match(request).handler);
  EXPECT_TRUE(request.params.empty());
  request.path = "/v1/campaigns/autumn";
  EXPECT_TRUE(router.match(request).handler);
  EXPECT_EQ(request.params["id"], "autumn");
  request.path = "/v1/campaigns/autumn/pause";
  EXPECT_EQ(router.match(request).refusal.status, 405);
  for (const auto* path : {"/v1/campaigns/", "/v1/campaigns", "/v1/campaigns/a/b", "//v1/campaigns/a", "/"}) {
    request.path = path;
    EXPECT_EQ(router.match(request).refusal.status, 404) << path;
  }
}

}  // namespace
}  // namespace sluice::http
