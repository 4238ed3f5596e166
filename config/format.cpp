#include "config/format.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/suggest.hpp"
#include "engine/shaping/share.hpp"
#include "throttle/rate.hpp"
#include "throttle/warmup.hpp"

namespace sluice::config {
namespace {

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

Expected<> check_name(std::string_view text) {
  const bool clean = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!text.empty() && text.size() <= 100 && clean) return {};
  return wrong(fmt::format("`{}` is not a name; use up to 100 letters, digits, '.', '_' and '-'", text));
}

Expected<> check_host(std::string_view text, int labels) {
  if (is_host_name(text, labels)) return {};
  return wrong(fmt::format("`{}` is not a {} name", text, labels > 1 ? "domain" : "host"));
}

Expected<> check_hostport(std::string_view text) {
  if (parse_endpoint(text, 25)) return {};
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  const auto as_if_numeric =
      colon == std::string_view::npos ? "127.0.0.1" : fmt::format("127.0.0.1{}", text.substr(colon));
  if (is_host_name(host) && parse_endpoint(as_if_numeric, 25)) return {};
  return wrong(
      fmt::format("`{}` is not a host; write it as \"relay.shop.test:587\" or \"192.0.2.1:25\"", text));
}

Expected<> check_email(std::string_view text) {
  const auto at = text.rfind('@');
  const bool shaped =
      at != std::string_view::npos && at > 0 && at <= 64 && is_host_name(text.substr(at + 1), 2);
  const bool clean =
      std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
  if (shaped && clean) return {};
  return wrong(fmt::format("`{}` is not an address; write it as \"bounces@shop.test\"", text));
}

Expected<> check_url(std::string_view text) {
  const auto scheme = text.find("://");
  const auto name = text.substr(0, std::min(scheme, text.size()));
  if (scheme != std::string_view::npos && (name == "https" || name == "http")) {
    auto host = text.substr(scheme + 3);
    host = host.substr(0, host.find('/'));
    const bool plain = text.find_first_of("?# \t\r\n\"<>") == std::string_view::npos;
    if (plain && !text.ends_with('/') && check_hostport(host)) return {};
  }
  return wrong(fmt::format(
      "`{}` is not a base URL; write it as \"https://mail.shop.test\", without a slash at the end", text));
}

Expected<> check_rate(std::string_view text) {
  auto parsed = throttle::Rate::parse(text);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return {};
}

Expected<> check_percent(std::string_view text) {
  if (shaping::parse_share(text)) return {};
  return wrong(fmt::format("`{}` is no share; write it as \"0.3%\" or \"20%\"", text));
}

Expected<> check_family(std::string_view text, int family) {
  if (address_family(text) == family) return {};
  return wrong(fmt::format("`{}` is not an IPv{} address", text, family));
}

Expected<> check_choice(const Field& field, std::string_view text) {
  if (std::ranges::find(field.choices, text) != field.choices.end()) return {};
  const auto near = nearest(text, field.choices);
  auto hint = near ? fmt::format("; did you mean \"{}\"?", *near) : std::string();
  return wrong(fmt::format("\"{}\" is not one of \"{}\"{}", text, fmt::join(field.choices, "\", \""), hint));
}

Expected<> check_shape(const Field& field, const std::string& text, const LoadOptions& options) {
  if (text.size() > options.max_text)
    return wrong(fmt::format("the text is longer than {} bytes", options.max_text));
  if (text.find('\0') != std::string::npos) return wrong("the text holds a NUL byte");
  switch (field.shape) {
    case Format::any:
    case Format::path:
      return {};
    case Format::name:
      return check_name(text);
    case Format::address4:
      return check_family(text, 4);
    case Format::address6:
      return check_family(text, 6);
    case Format::network:
      return check_network(text);
    case Format::host:
      return check_host(text, 1);
    case Format::domain:
      return check_host(text, 2);
    case Format::hostport:
      return check_hostport(text);
    case Format::email:
      return check_email(text);
    case Format::url:
      return check_url(text);
    case Format::choice:
      return check_choice(field, text);
    case Format::rate:
      return check_rate(text);
    case Format::percent:
      return check_percent(text);
    case Format::ladder: {
      auto parsed = throttle::parse_ladder(text);
      if (!parsed) return std::unexpected(std::move(parsed.error()));
      return {};
    }
    case Format::day: {
      auto parsed = throttle::parse_day(text);
      if (!parsed) return std::unexpected(std::move(parsed.error()));
      return {};
    }
    case Format::endpoint:
    case Format::server: {
      auto parsed = parse_endpoint(text, field.shape == Format::server ? 53 : -1);
      if (!parsed) return std::unexpected(std::move(parsed.error()));
      return {};
    }
  }
  return {};
}

std::string count_text(const Value& like, std::int64_t number) {
  if (std::holds_alternative<ByteSize>(like)) return to_text(ByteSize{static_cast<std::uint64_t>(number)});
  if (std::holds_alternative<Count>(like) || std::holds_alternative<std::vector<Count>>(like))
    return fmt::format("{}", number);
  return to_text(Millis{number});
}

struct Checker {
  const Field& field;
  const LoadOptions& options;
  const Value& whole;

  Expected<> in_range(std::int64_t number) const {
    if (number >= field.min && number <= field.max) return {};
    return wrong(fmt::format("{} is outside {}", count_text(whole, number), range_text(field, whole)));
  }
  Expected<> operator()(bool) const { return {}; }
  Expected<> operator()(Count number) const { return in_range(number); }
  Expected<> operator()(Millis time) const { return in_range(time.count()); }
  Expected<> operator()(ByteSize size) const { return in_range(static_cast<std::int64_t>(size.bytes)); }
  Expected<> operator()(const std::string& text) const {
    if (!text.empty()) return check_shape(field, text, options);
    if (!field.is_required) return {};
    return wrong("must not be empty");
  }
  Expected<> operator()(const Match&) const { return {}; }
  Expected<> operator()(const std::vector<std::string>& list) const {
    for (const auto& one : list) {
      if (auto ok = check_shape(field, one, options); !ok) return ok;
    }
    return list.empty() && field.is_required ? Expected<>(wrong("must not be empty")) : Expected<>{};
  }
  Expected<> operator()(const std::vector<Millis>& list) const {
    for (const auto one : list) {
      if (auto ok = in_range(one.count()); !ok) return ok;
    }
    return list.empty() ? Expected<>(wrong("must not be empty")) : Expected<>{};
  }
  Expected<> operator()(const std::vector<Count>& list) const {
    for (const auto one : list) {
      if (auto ok = in_range(one); !ok) return ok;
    }
    return {};
  }
};

}  // namespace

std::string name_in(const Section& section, std::string_view key) {
  if (section.name.empty()) return fmt::format("`{}`", key);
  return section.repeated ? fmt::format("`{}` in [[{}]]", key, section.name)
                          : fmt::format("`{}` in [{}]", key, section.name);
}

std::string range_text(const Field& field, const Value& like) {
  const bool counts = std::holds_alternative<Count>(like) || std::holds_alternative<Millis>(like) ||
                      std::holds_alternative<ByteSize>(like) ||
                      std::holds_alternative<std::vector<Millis>>(like) ||
                      std::holds_alternative<std::vector<Count>>(like);
  if (!counts) return {};
  std::string out = fmt::format("{} to {}", count_text(like, field.min), count_text(like, field.max));
  if (!field.unit.empty()) out += fmt::format("{}{}", field.unit == "%" ? "" : " ", field.unit);
  return out;
}

Expected<> check_value(const Section& section, const Field& field, const Value& value,
                       const LoadOptions& options) {
  auto checked = std::visit(Checker{field, options, value}, value);
  if (!checked) return fail(std::move(checked.error()), name_in(section, field.key));
  return {};
}

}  // namespace sluice::config
