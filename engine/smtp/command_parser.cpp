#include "engine/smtp/command_parser.hpp"

#include <algorithm>
#include <charconv>

#include "engine/smtp/server_text.hpp"

namespace sluice::smtp {
namespace {

struct Word {
  std::string_view text;
  Verb verb;
};

constexpr Word kVerbs[] = {
    {"MAIL", Verb::mail},    {"RCPT", Verb::rcpt},   {"DATA", Verb::data},         {"BDAT", Verb::bdat},
    {"RSET", Verb::rset},    {"NOOP", Verb::noop},   {"EHLO", Verb::ehlo},         {"HELO", Verb::helo},
    {"QUIT", Verb::quit},    {"VRFY", Verb::vrfy},   {"STARTTLS", Verb::starttls}, {"HELP", Verb::help},
    {"EXPN", Verb::expn},    {"AUTH", Verb::auth},   {"GET", Verb::foreign},       {"POST", Verb::foreign},
    {"HEAD", Verb::foreign}, {"PUT", Verb::foreign}, {"OPTIONS", Verb::foreign},   {"CONNECT", Verb::foreign},
};

Verb verb_of(std::string_view word) {
  for (const auto& known : kVerbs) {
    if (same_text(word, known.text)) return known.verb;
  }
  return Verb::unknown;
}

std::unexpected<Refusal> refuse(Verb verb, std::uint16_t code, message::EnhancedCode enhanced,
                                std::string text) {
  return std::unexpected(Refusal{verb, {code, enhanced, std::move(text)}});
}

std::unexpected<Refusal> bad_argument(Verb verb, std::string text) {
  return refuse(verb, 501, {5, 5, 4}, std::move(text));
}

using Parsed = std::expected<Command, Refusal>;

Parsed parse_mail(Command command, const ParameterSet& offered) {
  auto rest = command.argument;
  if (rest.size() < 5 || !same_text(rest.substr(0, 5), "FROM:")) {
    return bad_argument(command.verb, "Syntax: MAIL FROM:<address>");
  }
  rest.remove_prefix(5);
  const auto path = take_path(rest, PathUse::reverse);
  if (!path) return refuse(command.verb, 501, {5, 1, 7}, std::string("Bad sender: ") + path.error());
  command.path = *path;
  if (auto reply = parse_parameters(rest, offered, command.mail)) {
    return std::unexpected(Refusal{command.verb, std::move(*reply)});
  }
  return command;
}

Parsed parse_rcpt(Command command, const ParameterSet& offered) {
  auto rest = command.argument;
  if (rest.size() < 3 || !same_text(rest.substr(0, 3), "TO:")) {
    return bad_argument(command.verb, "Syntax: RCPT TO:<address>");
  }
  rest.remove_prefix(3);
  const auto path = take_path(rest, PathUse::forward);
  if (!path) return refuse(command.verb, 501, {5, 1, 3}, std::string("Bad recipient: ") + path.error());
  command.path = *path;
  if (auto reply = parse_parameters(rest, offered, command.recipient)) {
    return std::unexpected(Refusal{command.verb, std::move(*reply)});
  }
  return command;
}

Parsed parse_bdat(Command command) {
  const auto size = command.argument.substr(0, command.argument.find(' '));
  const auto rest = command.argument.substr(size.size());
  const auto* end = size.data() + size.size();
  const auto [stopped, error] = std::from_chars(size.data(), end, command.chunk_bytes);
  command.last = same_text(rest, " LAST");
  if (size.empty() || error != std::errc{} || stopped != end || !(rest.empty() || command.last)) {
    return bad_argument(command.verb, "Syntax: BDAT size [LAST]");
  }
  return command;
}

/// RFC 5321 §4.1.4 forbids to refuse mail for a name that does not verify, so underscores and the like pass.
bool is_hello_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxDomainBytes) return false;
  if (is_address_literal(text)) return true;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

Parsed parse_argument(Command command, const ParameterSet& offered) {
  const bool ascii = std::ranges::none_of(command.argument, is_high);
  switch (command.verb) {
    case Verb::mail:
      return parse_mail(std::move(command), offered);
    case Verb::rcpt:
      return parse_rcpt(std::move(command), offered);
    case Verb::bdat:
      return parse_bdat(std::move(command));
    case Verb::helo:
    case Verb::ehlo:
      if (!is_hello_name(command.argument)) return bad_argument(command.verb, "Syntax: EHLO hostname");
      break;
    case Verb::data:
    case Verb::rset:
    case Verb::quit:
    case Verb::starttls:
      if (!command.argument.empty()) return bad_argument(command.verb, "No argument allowed");
      break;
    case Verb::vrfy:
    case Verb::expn:
      if (command.argument.empty()) return bad_argument(command.verb, "Argument missing");
      break;
    case Verb::unknown:
      return refuse(command.verb, 500, {5, 5, 1}, "Command not recognized");
    case Verb::noop:
    case Verb::help:
    case Verb::auth:
    case Verb::foreign:
      break;
  }
  if (!ascii && command.verb != Verb::vrfy && command.verb != Verb::expn) {
    return bad_argument(command.verb, "Only ASCII allowed here");
  }
  return command;
}

}  // namespace

std::expected<Command, Refusal> parse_command(std::string_view line, const ParameterSet& offered) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  Command command;
  const auto word = line.substr(0, line.find(' '));
  command.verb = verb_of(word);
  if (std::ranges::any_of(line, is_control)) {
    return refuse(command.verb, 500, {5, 5, 2}, "Control character in command");
  }
  command.argument = line.substr(std::min(line.size(), word.size() + 1));
  return parse_argument(std::move(command), offered);
}

}  // namespace sluice::smtp
