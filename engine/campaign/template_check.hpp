// Compiles everything of a campaign that is a template, to find its faults before a recipient does, and
// collects the merge fields in use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/campaign/byte_source.hpp"
#include "engine/campaign/problem.hpp"
#include "engine/campaign/spec.hpp"
#include "engine/message/template.hpp"

namespace sluice::campaign {

/// Keeps references to what it was made with.
class TemplateCheck {
 public:
  TemplateCheck(const CampaignSpec& spec, const std::vector<std::string>& list_columns, ListFormat format);

  /// The subject and [headers].
  void add_spec();
  void add_file(const std::string& name, std::string_view source, message::Mode mode);

  [[nodiscard]] const Problems& problems() const { return problems_; }
  /// Merge fields that neither list, defaults nor sluice fill: they would be empty for everybody.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  /// The layout of the records: fields in use, meta, the time zone's column.
  [[nodiscard]] std::vector<std::string> kept() const;

 private:
  void add(const std::string& file, Position base, std::string_view source, message::Mode mode);

  const CampaignSpec& spec_;
  const std::vector<std::string>& columns_;
  ListFormat format_;
  message::RowLayout layout_;
  std::vector<std::pair<std::string, std::string>> defaults_;
  std::vector<std::string> used_;
  std::vector<std::string> notes_;
  Problems problems_;
};

}  // namespace sluice::campaign
