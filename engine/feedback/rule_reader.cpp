#include "engine/feedback/rule_reader.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/base/nearest_name.hpp"
#include "engine/feedback/visible_text.hpp"

namespace sluice::feedback {
namespace {

constexpr std::array<std::string_view, 10> kKeys{"id",    "class", "text",     "code", "enhanced",
                                                 "stage", "off",   "provider", "mx",   "note"};
constexpr std::array<std::string_view, 10> kStageNames{"connect", "banner", "ehlo", "starttls", "auth",
                                                       "mail",    "rcpt",   "data", "dot",      "unknown"};
constexpr std::size_t kEntries = 100;  // of one list other than text
constexpr std::size_t kWordBytes = 200;

bool valid_id(std::string_view id) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !id.empty() && id.size() <= 64 && id.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::optional<int> number(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

std::optional<CodeRange> code_of(std::string_view text) {
  if (text.size() == 3 && text.substr(1) == "xx" && (text[0] == '4' || text[0] == '5')) {
    const auto first = static_cast<std::uint16_t>((text[0] - '0') * 100);
    return CodeRange{first, static_cast<std::uint16_t>(first + 99)};
  }
  const auto code = text.size() == 3 ? number(text, 599) : std::nullopt;
  if (!code || *code < 400) return std::nullopt;
  return CodeRange{static_cast<std::uint16_t>(*code), static_cast<std::uint16_t>(*code)};
}

/// A part of "5.7.x": a number, or any.
bool part_of(std::string_view text, int most, int& out) {
  if (text == "x" || text == "*") {
    out = EnhancedPattern::kAny;
    return true;
  }
  const auto value = number(text, most);
  if (value) out = *value;
  return value.has_value();
}

std::optional<EnhancedPattern> enhanced_of(std::string_view text) {
  EnhancedPattern out;
  if (text == "none") {
    out.absent = true;
    return out;
  }
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const bool good = part_of(text.substr(0, first), 5, out.class_) &&
                    part_of(text.substr(first + 1, second - first - 1), 999, out.subject) &&
                    part_of(text.substr(second + 1), 999, out.detail);
  if (!good || (out.class_ != EnhancedPattern::kAny && out.class_ < 4)) return std::nullopt;
  return out;
}

std::string in_quotes(std::string_view text) { return '`' + visible_text(text, 80) + '`'; }

}  // namespace

void RuleReader::problem(const toml::node& at, std::string text) {
  if (problems_.size() >= limits_.problems) return;
  problems_.push_back(fmt::format("{}:{}: {}", file_, at.source().begin.line, text));
}

std::vector<std::pair<std::string, const toml::node*>> RuleReader::strings(const toml::node& node,
                                                                           std::string_view what) {
  std::vector<std::pair<std::string, const toml::node*>> out;
  const auto take = [&](const toml::node& entry) {
    if (const auto* text = entry.as_string()) {
      out.emplace_back(text->get(), &entry);
    } else if (const auto* integer = entry.as_integer()) {
      out.emplace_back(fmt::format("{}", integer->get()), &entry);
    } else {
      problem(entry, fmt::format("{} must be a string or a list of strings", what));
    }
  };
  if (const auto* list = node.as_array()) {
    for (const auto& entry : *list) take(entry);
  } else {
    take(node);
  }
  return out;
}

void RuleReader::read_class(Rule& rule, const toml::node& node) {
  const auto* text = node.as_string();
  const auto found = text == nullptr ? std::nullopt : bounce_class_of(text->get());
  if (found && *found != BounceClass::none) {
    rule.bounce_class = *found;
    return;
  }
  const auto word = text == nullptr ? std::string() : text->get();
  problem(node, fmt::format("{} is no class{}", in_quotes(word),
                            did_you_mean(word, std::span(kBounceClassNames).subspan(1))));
}

void RuleReader::read_texts(Rule& rule, const toml::node& node) {
  for (auto& [text, at] : strings(node, "text")) {
    if (++patterns_ > limits_.patterns) {
      problem(*at, fmt::format("more than {} text patterns", limits_.patterns));
      return;
    }
    if (text.empty() || text.size() > limits_.pattern_bytes) {
      problem(*at, fmt::format("a text pattern has 1 to {} bytes", limits_.pattern_bytes));
      continue;
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(false);
    options.set_max_mem(1 << 20);
    const RE2 pattern(text, options);
    if (!pattern.ok()) {
      problem(*at, fmt::format("{} is no regular expression: {}", in_quotes(text),
                               visible_text(pattern.error(), 200)));
    } else if (pattern.ProgramSize() > static_cast<int>(limits_.pattern_size)) {
      problem(*at, fmt::format("{} is too costly; use fewer repetitions", in_quotes(text)));
    } else if (RE2::PartialMatch("", pattern)) {
      problem(*at, fmt::format("{} matches every text; leave `text` out to match by codes", in_quotes(text)));
    } else {
      rule.text.push_back(std::move(text));
    }
  }
}

void RuleReader::read_codes(Rule& rule, const toml::node& node) {
  for (const auto& [text, at] : strings(node, "code")) {
    if (const auto code = code_of(text); code && rule.codes.size() < kEntries) {
      rule.codes.push_back(*code);
    } else {
      problem(*at, in_quotes(text) + " is no reply code; write 400 to 599, \"4xx\" or \"5xx\"");
    }
  }
}

void RuleReader::read_enhanced(Rule& rule, const toml::node& node) {
  for (const auto& [text, at] : strings(node, "enhanced")) {
    if (const auto pattern = enhanced_of(text); pattern && rule.enhanced.size() < kEntries) {
      rule.enhanced.push_back(*pattern);
    } else {
      problem(*at, in_quotes(text) + R"( is no enhanced code; write "5.7.1", "x.7.*" or "none")");
    }
  }
}

void RuleReader::read_stages(Rule& rule, const toml::node& node) {
  for (const auto& [text, at] : strings(node, "stage")) {
    if (std::ranges::find(kStageNames, text) != kStageNames.end()) {
      rule.stages.push_back(text);
    } else {
      problem(*at, in_quotes(text) + " is no stage" + did_you_mean(text, kStageNames));
    }
  }
}

void RuleReader::read_key(Rule& rule, std::string_view key, const toml::node& node) {
  const auto words = [&](std::vector<std::string>& out) {
    for (auto& [text, at] : strings(node, key)) {
      if (text.empty() || text.size() > kWordBytes || out.size() >= kEntries) {
        problem(*at, fmt::format("{} has up to {} entries of 1 to {} bytes", key, kEntries, kWordBytes));
        return;
      }
      out.push_back(std::move(text));
    }
  };
  if (key == "id") {
    const auto* text = node.as_string();
    if (text == nullptr || !valid_id(text->get())) {
      return problem(node, "an id has 1 to 64 characters of a-z, 0-9 and -");
    }
    rule.id = text->get();
  } else if (key == "class") {
    read_class(rule, node);
  } else if (key == "text") {
    read_texts(rule, node);
  } else if (key == "code") {
    read_codes(rule, node);
  } else if (key == "enhanced") {
    read_enhanced(rule, node);
  } else if (key == "stage") {
    read_stages(rule, node);
  } else if (key == "provider") {
    words(rule.providers);
  } else if (key == "mx") {
    words(rule.mx);
  } else if (key == "note") {
    if (const auto* text = node.as_string()) rule.note = text->get();
    if (!node.is_string()) problem(node, "note must be a string");
  } else if (key == "off") {
    if (const auto* flag = node.as_boolean()) rule.off = flag->get();
    if (!node.is_boolean()) problem(node, "off must be true or false");
  } else {
    problem(node, fmt::format("unknown key {}{}", in_quotes(key), did_you_mean(key, kKeys)));
  }
}

Rule RuleReader::read(const toml::table& table) {
  Rule rule;
  rule.origin = fmt::format("{}:{}", file_, table.source().begin.line);
  bool has_class = false;
  for (const auto& [key, node] : table) {
    has_class = has_class || key == "class";
    read_key(rule, key.str(), node);
  }
  if (rule.id.empty() && !table.contains("id")) problem(table, "a rule needs an id");
  if (rule.off) return rule;
  if (!has_class) problem(table, "a rule needs a class");
  const bool asks = table.contains("text") || table.contains("code") || table.contains("enhanced") ||
                    table.contains("stage") || table.contains("provider") || table.contains("mx");
  if (!asks) problem(table, "a rule needs text, code, enhanced, stage, provider or mx: this one matches all");
  return rule;
}

}  // namespace sluice::feedback
