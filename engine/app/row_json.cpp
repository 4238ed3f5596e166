#include "engine/app/row_json.hpp"

#include <boost/json/parse.hpp>

namespace sluice::app {
namespace {

boost::json::value value_of(const campaign::Field& field) {
  boost::system::error_code error;
  switch (field.kind) {
    case campaign::FieldKind::string:
      return boost::json::string(field.text);
    case campaign::FieldKind::yes:
      return true;
    case campaign::FieldKind::no:
      return false;
    case campaign::FieldKind::null:
      return nullptr;
    case campaign::FieldKind::number:
    case campaign::FieldKind::nested:
      return boost::json::parse(field.text, error);
  }
  return nullptr;
}

}  // namespace

boost::json::object row_json(const campaign::RowBatch& batch, const campaign::ListRow& row,
                             const std::vector<std::string>& columns) {
  boost::json::object out;
  for (const auto& field : batch.fields_of(row)) out[columns[field.column]] = value_of(field);
  return out;
}

}  // namespace sluice::app
