// A pattern of words that is part of the program: any case, checked when it is first used.
#pragma once

#include <re2/re2.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/base/assert.hpp"

namespace sluice::feedback {

class WordPattern {
 public:
  /// Alternatives: any of them.
  explicit WordPattern(std::initializer_list<std::string_view> any) : regex_(joined(any), options()) {
    SLUICE_ASSERT(regex_.ok());
  }
  /// Somewhere in the text. Any thread.
  [[nodiscard]] bool in(std::string_view text) const { return RE2::PartialMatch(text, regex_); }

 private:
  static std::string joined(std::initializer_list<std::string_view> any) {
    std::string out;
    for (const auto each : any) (out += out.empty() ? "" : "|") += each;
    return out;
  }
  static RE2::Options options() {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    return options;
  }
  RE2 regex_;
};

}  // namespace sluice::feedback
