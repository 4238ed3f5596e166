#include "engine/inbound/language.hpp"

#include <toml++/toml.h>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/lower_case.hpp"

namespace sluice::inbound {

[[nodiscard]] std::string_view english_toml();
[[nodiscard]] std::string_view german_toml();

namespace {

constexpr std::size_t kMaxTags = 20;  ///< of an Accept-Language field that are looked at

}  // namespace

Expected<> Languages::add(std::string tag, std::string_view text) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_input, "language " + tag + ": " + std::string(error.description()));
  }
  Language out;
  out.tag = tag;
  const std::pair<const char*, std::string*> texts[] = {{"title", &out.title},
                                                        {"question", &out.question},
                                                        {"list_button", &out.list_button},
                                                        {"all_button", &out.all_button},
                                                        {"done", &out.done},
                                                        {"unknown", &out.unknown},
                                                        {"later", &out.later}};
  for (const auto& [name, into] : texts) {
    const auto value = table[name].value<std::string>();
    if (!value || value->empty() || value->size() > kMaxText)
      return fail(ErrorCode::invalid_input, "language " + tag + ": `" + name + "` is missing or too long");
    *into = *value;
  }
  by_tag_[tag] = std::move(out);
  return {};
}

Expected<Languages> Languages::load(const std::string& folder) {
  Languages out;
  if (auto done = out.add("en", english_toml()); !done) return std::unexpected(done.error());
  if (auto done = out.add("de", german_toml()); !done) return std::unexpected(done.error());
  if (folder.empty()) return out;
  std::error_code error;
  std::size_t files = 0;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".toml") continue;
    if (++files > kMaxFiles) return fail(ErrorCode::limit, folder + " has too many language files");
    std::ifstream in(at->path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (auto done = out.add(lower_case(at->path().stem().string()), text); !done)
      return std::unexpected(done.error());
  }
  if (error) return fail(ErrorCode::io, folder + ": " + error.message());
  return out;
}

const Language& Languages::wanted(std::string_view accept) const {
  for (std::size_t i = 0; i < kMaxTags && !accept.empty(); ++i) {
    const auto comma = accept.find(',');
    auto tag = lower_case(accept.substr(0, comma));
    accept.remove_prefix(comma == std::string_view::npos ? accept.size() : comma + 1);
    tag.erase(std::min(tag.find(';'), tag.size()));
    std::erase(tag, ' ');
    for (;;) {
      if (const auto found = by_tag_.find(tag); found != by_tag_.end()) return found->second;
      const auto dash = tag.rfind('-');
      if (dash == std::string::npos) break;
      tag.erase(dash);
    }
  }
  return by_tag_.find("en")->second;
}

}  // namespace sluice::inbound
