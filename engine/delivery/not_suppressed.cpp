#include "engine/delivery/not_suppressed.hpp"

namespace sluice::delivery {

suppression::Audience audience_of(const queue::Stream& stream, std::string list_id) {
  return {stream.settings.tenant, std::move(list_id),
          stream.settings.stream_class == queue::StreamClass::transactional};
}

std::optional<suppression::Verdict> NotSuppressed::look(const suppression::Book* book,
                                                        const queue::Stream& stream,
                                                        const std::string& list_id,
                                                        const queue::Record& record) {
  book_ = book;
  if (book_ == nullptr) return std::nullopt;
  version_ = book_->delta().version();
  audience_ = audience_of(stream, list_id);
  key_.clear();
  suppression::append_key(record.value.local, record.key.domain, key_);
  if (book_->delta().empty()) return std::nullopt;
  return book_->added(key_, book_->reach(audience_));
}

bool NotSuppressed::still() const {
  if (book_ == nullptr || book_->delta().version() == version_) return true;
  return !book_->added(key_, book_->reach(audience_));
}

}  // namespace sluice::delivery
