// From a row of the list to what the queue keeps of a recipient: the address in normal form, the comparison
// key that duplicates and suppression go by, the display name, and the merge fields encoded for the stream's
// layout.
#pragma once

#include <simdjson.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/campaign/byte_source.hpp"
#include "engine/campaign/row_batch.hpp"
#include "engine/message/address.hpp"
#include "engine/message/row.hpp"

namespace sluice::campaign {

/// Used again for every row, so that mapping allocates nothing once its strings have grown.
struct MappedRow {
  message::Address address;
  std::string key;     ///< message::Address::append_key
  std::string name;    ///< of the column `name`; "" without one
  std::string fields;  ///< encode_row or RowWriter form, for the mapper's layout
};

/// One thread. `layout` must outlive the mapper.
class RowMapper {
 public:
  RowMapper(const message::RowLayout& layout, ListFormat format, message::AddressOptions options = {});

  /// Maps an accepted row of `batch`. `columns` are the reader's, which may only have grown since the last
  /// call. Errors are the row's fault and are the reason it is rejected for; invalid_input or limit.
  [[nodiscard]] Expected<> map(const RowBatch& batch, const ListRow& row,
                               const std::vector<std::string>& columns, MappedRow& out);
  /// Accepts and rejects as map() does, for address and key alone: `fields` may be left empty.
  [[nodiscard]] Expected<> map_key(const RowBatch& batch, const ListRow& row,
                                   const std::vector<std::string>& columns, MappedRow& out);

 private:
  static constexpr int kNoSlot = -1;

  Expected<> map_address(const RowBatch& batch, const ListRow& row, const std::vector<std::string>& columns,
                         MappedRow& out);

  void learn(const std::vector<std::string>& columns);
  Expected<> write_nested(MappedRow& out);
  Expected<> write_json(std::string_view json, message::ValueWriter& values);

  const message::RowLayout& layout_;
  ListFormat format_;
  message::AddressOptions options_;
  std::vector<int> slots_;  ///< by column
  int email_column_ = -1;
  int name_column_ = -1;
  std::vector<Field> by_slot_;
  std::vector<char> present_;
  std::vector<std::string_view> flat_;
  simdjson::ondemand::parser parser_;
};

/// The columns worth keeping in every record: of `used` (names as templates write them, "order.total") those
/// in the list, in its order; of JSON lines, whose columns are not known beforehand, all in order of first
/// use. `email` and `name` are kept apart and left out.
[[nodiscard]] std::vector<std::string> kept_columns(ListFormat format,
                                                    const std::vector<std::string>& list_columns,
                                                    std::span<const std::string> used);

}  // namespace sluice::campaign
