#include "engine/app/demo_evidence.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/app/service.hpp"
#include "engine/message/dkim_check.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

void count_final(queue::Counters& told, std::string_view state) {
  ++told.injected;
  if (state == "delivered") ++told.delivered;
  if (state == "bounced") ++told.bounced;
  if (state == "expired") ++told.expired;
  if (state == "suppressed") ++told.suppressed;
  if (state == "cancelled") ++told.cancelled;
}

void check_one(const fs::path& path, const message::DkimKeyLookup& lookup, Instant now, SignatureCheck& out) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto verdicts = message::check_dkim(text, lookup, now);
  ++out.messages;
  out.signatures += verdicts.size();
  bool good = !verdicts.empty();
  for (const auto& verdict : verdicts) {
    if (verdict.result == message::DkimResult::pass) continue;
    good = false;
    if (out.trouble.empty()) {
      out.trouble = fmt::format("{}: {} {}", path.string(), verdict.selector, verdict.reason);
    }
  }
  if (verdicts.empty() && out.trouble.empty()) out.trouble = path.string() + " is not signed";
  out.verified += good ? 1 : 0;
}

}  // namespace

Expected<Received> read_received(const std::vector<std::string>& logs) {
  Received out;
  for (const auto& log : logs) {
    std::ifstream in(log);
    if (!in) return fail(ErrorCode::io, "opening " + log);
    for (std::string line; std::getline(in, line);) {
      const auto id = MessageId::parse(std::string_view(line).substr(0, line.find(' ')));
      if (!id && !in.eof()) return fail(ErrorCode::corrupt, log + " has a line without an id: " + line);
      if (id && !out.ids.insert(*id).second) ++out.again;
    }
  }
  return out;
}

Expected<> match_results(const std::string& recipients_file, const Received& received, DemoFacts& facts) {
  std::ifstream in(recipients_file);
  if (!in) return fail(ErrorCode::io, "opening " + recipients_file);
  facts.told = {};
  std::uint64_t met = 0;
  for (std::string line; std::getline(in, line);) {
    boost::system::error_code error;
    const auto value = boost::json::parse(line, error);
    if (error || !value.is_object())
      return fail(ErrorCode::corrupt, recipients_file + " has a line that is no JSON");
    const auto state = text_at(value.get_object(), "state");
    count_final(facts.told, state);
    if (state != "delivered") continue;
    const auto id = MessageId::parse(text_at(value.get_object(), "id"));
    const bool found = id && received.ids.contains(*id);
    ++(found ? met : facts.lost);
  }
  facts.untold = received.ids.size() - std::min<std::uint64_t>(met, received.ids.size());
  facts.matched = true;
  return {};
}

Expected<SignatureCheck> check_signatures(const std::vector<std::string>& folders,
                                          const std::map<std::string, std::string>& records, Instant now) {
  const auto lookup = [&](const std::string& name) -> Expected<std::string> {
    const auto found = records.find(name);
    if (found == records.end()) return fail(ErrorCode::not_found, "no key at " + name);
    return found->second;
  };
  SignatureCheck out;
  for (const auto& folder : folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".eml") check_one(entry.path(), lookup, now, out);
    }
    if (error && error != std::errc::no_such_file_or_directory)
      return fail(ErrorCode::io, "reading " + folder + ": " + error.message());
  }
  return out;
}

}  // namespace sluice::app
