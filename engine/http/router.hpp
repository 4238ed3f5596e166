// Which handler answers: {method, path pattern} in a table. A pattern's "{name}" stands for one path segment.
// Filled before serving starts, read only afterwards: any thread then.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/http/message.hpp"

namespace sluice::http {

using Handler = std::function<Task<Response>(Request)>;

/// A handler that waits for nothing: fn(const Request&) is the response.
template <class Fn>
[[nodiscard]] Handler answer(Fn fn) {
  return [fn](Request request) -> Task<Response> { co_return fn(request); };
}

class Router {
 public:
  /// `pattern` such as "/v1/campaigns/{id}/pause". The first route that fits is taken; a literal segment and
  /// a {name} at the same place are tried in the order added.
  void add(std::string method, std::string pattern, Handler handler);

  struct Match {
    const Handler* handler = nullptr;  ///< null: `refusal` is the answer (404, or 405 with Allow)
    Response refusal;
  };
  /// Sets request.params. HEAD falls back to GET.
  [[nodiscard]] Match match(Request& request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace sluice::http
