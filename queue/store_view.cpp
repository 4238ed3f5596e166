#include "queue/store_view.hpp"

#include "engine/base/bytes.hpp"
#include "queue/check.hpp"
#include "queue/families.hpp"
#include "queue/migration.hpp"

namespace sluice::queue {

Expected<std::unique_ptr<StoreView>> StoreView::open(const store::Options& options) {
  auto out = std::unique_ptr<StoreView>(new StoreView);
  auto database = store::Database::open_read_only(options, family_names());
  if (!database) return std::unexpected(database.error());
  out->database_ = std::move(*database);
  const auto stamp = read_format(*out->database_);
  if (!stamp) return std::unexpected(stamp.error());
  if (*stamp != kFormat) {
    return fail(ErrorCode::conflict,
                "the store " + options.path + " is not of format " + std::to_string(kFormat));
  }
  if (auto loaded = load_streams(*out->database_, out->streams_); !loaded)
    return std::unexpected(loaded.error());
  if (auto loaded = out->ledger_.load(*out->database_); !loaded) return std::unexpected(loaded.error());
  return out;
}

Expected<> load_streams(const store::Database& database, StreamTable& streams) {
  const auto rows = database.cursor(kStreams, std::string(), std::string(5, '\xff'));
  for (; rows->valid(); rows->next()) {
    auto decoded = decode_stream(rows->value());
    if (rows->key().size() != 4 || !decoded)
      return fail(ErrorCode::corrupt, "the settings of stream " + hex(rows->key()) + " do not decode");
    const auto id = static_cast<StreamId>(get_be<4>(rows->key().data()));
    streams.add(std::make_shared<Stream>(id, std::move(decoded->first), decoded->second));
  }
  return rows->status();
}

}  // namespace sluice::queue
