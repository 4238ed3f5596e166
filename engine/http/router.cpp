#include "engine/http/router.hpp"

#include <fmt/format.h>

namespace sluice::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  for (;;) {
    const auto slash = path.find('/');
    out.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool is_name(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_name(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler) {
  routes_.push_back({std::move(method), split(pattern), std::move(handler)});
}

Router::Match Router::match(Request& request) const {
  const auto path = split(request.path);
  std::string allowed;
  for (const auto& route : routes_) {
    if (!fits(route.segments, path)) continue;
    if (route.method != request.method && !(request.method == "HEAD" && route.method == "GET")) {
      if (allowed.find(route.method) == std::string::npos)
        allowed += (allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto& segment = route.segments[i];
      if (is_name(segment)) request.params[segment.substr(1, segment.size() - 2)] = path[i];
    }
    return {&route.handler, {}};
  }
  if (allowed.empty()) {
    return {nullptr, error_response(404, "not_found", fmt::format("there is nothing at {}", request.path))};
  }
  auto refusal = error_response(405, "invalid_input", fmt::format("{} takes {} here", request.path, allowed));
  refusal.headers.emplace_back("Allow", allowed);
  return {nullptr, std::move(refusal)};
}

}  // namespace sluice::http
