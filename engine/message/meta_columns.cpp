#include "engine/message/meta_columns.hpp"

#include "engine/base/json_text.hpp"

namespace sluice::message {

MetaColumns::MetaColumns(std::vector<std::string> names, const RowLayout& layout) : names_(std::move(names)) {
  for (const auto& name : names_) columns_.push_back(layout.find(name));
}

std::string MetaColumns::json(std::string_view row) const {
  if (names_.empty()) return {};
  const RowView view(row);
  std::string out = "{";
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, names_[i]);
    out += ':';
    const auto value = columns_[i] ? view.column(*columns_[i]) : Value{};
    append_json_string(out, value ? std::string(value->text()) : std::string());
  }
  return out + "}";
}

}  // namespace sluice::message
