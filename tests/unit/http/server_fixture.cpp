#include "tests/unit/http/server_fixture.hpp"

#include <stdexcept>

namespace sluice::http {
namespace {

Task<Response> hello(Request request) {
  co_return text_response("hello " + std::string(request.query_or("name", "you")));
}
Task<Response> echo(Request request) { co_return text_response(std::move(request.body)); }
Task<Response> item(Request request) { co_return text_response(request.params["id"]); }
Task<Response> boom(Request) {
  throw std::runtime_error("a bug");
  co_return Response{};
}

}  // namespace

Router test_router() {
  Router router;
  router.add("GET", "/hello", hello);
  router.add("POST", "/echo", echo);
  router.add("GET", "/boom", boom);
  router.add("GET", "/items/{id}", item);
  return router;
}

}  // namespace sluice::http
