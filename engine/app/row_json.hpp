// A row of a recipient list as a JSON object: its columns as members.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "engine/campaign/row_batch.hpp"

namespace sluice::app {

[[nodiscard]] boost::json::object row_json(const campaign::RowBatch& batch, const campaign::ListRow& row,
                                           const std::vector<std::string>& columns);

}  // namespace sluice::app
