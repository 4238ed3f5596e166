// The words of the unsubscribe page, one set a language.
//
// English and German are built in; files TAG.toml of a folder add others or replace these. Loaded before
// serving, read only afterwards.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::inbound {

struct Language {
  std::string tag;  ///< "en", "pt-br": lower case
  std::string title;
  std::string question;
  std::string list_button;
  std::string all_button;
  std::string done;
  std::string unknown;
  std::string later;
};

class Languages {
 public:
  /// `folder` "": the built-in ones. invalid_input: a file that is no TOML, lacks a text, or has one too
  /// long.
  [[nodiscard]] static Expected<Languages> load(const std::string& folder);
  /// The first language of an Accept-Language field that there is ("de-AT" is content with "de"); else
  /// English.
  [[nodiscard]] const Language& wanted(std::string_view accept) const;

  static constexpr std::size_t kMaxFiles = 200;
  static constexpr std::size_t kMaxText = 1000;  ///< bytes of one text

 private:
  [[nodiscard]] Expected<> add(std::string tag, std::string_view toml);
  std::map<std::string, Language, std::less<>> by_tag_;
};

}  // namespace sluice::inbound
