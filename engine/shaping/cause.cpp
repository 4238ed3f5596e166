// The names an operator reads: ids of back-offs, and why they began.
#include <fmt/format.h>

#include <algorithm>

#include "engine/shaping/engine.hpp"

namespace sluice::shaping {
namespace {

constexpr std::size_t kMostQuoted = 160;  ///< bytes of a reply's text in a cause

}  // namespace

std::string_view name_of(Action action) {
  switch (action) {
    case Action::slow:
      return "slow";
    case Action::connections:
      return "connections";
    case Action::pause:
      return "pause";
    case Action::source_out:
      return "out";
    case Action::ignore:
      return "ignore";
  }
  return "slow";
}

std::string id_of(Action action, const throttle::Match& match) {
  using throttle::Dimension;
  const auto& provider = match[Dimension::provider];
  const auto where = provider.empty() ? "site=" + match[Dimension::site] : provider;
  return fmt::format("{}:{}:{}", name_of(action), match[Dimension::source], where);
}

std::string cause_of(const std::string& rule, const message::Reply& reply) {
  auto text = reply.text.substr(0, kMostQuoted);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
      ' ');
  if (reply.text.size() > kMostQuoted) text += "...";
  const auto enhanced = reply.enhanced.text();
  return fmt::format("rule {}: {}{}{} {}", rule, reply.code, enhanced.empty() ? "" : " ", enhanced, text);
}

}  // namespace sluice::shaping
