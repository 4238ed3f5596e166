#include "engine/store/batch.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"

namespace sluice::store {
namespace {

constexpr std::size_t kSortedRun = 32;    ///< runs of at least so many keys are left as they are
constexpr std::size_t kChangeBytes = 12;  ///< RocksDB's own, a change

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace

void Batch::add(Family family, Kind kind, std::string_view key, std::string_view value) {
  SLUICE_ASSERT(!built_);
  auto& changes = families_[family];
  auto& list = kind == Kind::erase_range ? changes.ranges : changes.list;
  if (!list.empty() && key < this->key(list.back())) ++changes.descents;
  list.push_back({arena_.size(), static_cast<std::uint32_t>(key.size()),
                  static_cast<std::uint32_t>(value.size()), kind});
  arena_.append(key).append(value);
  bytes_ += key.size() + value.size() + kChangeBytes;
  ++changes_;
}

/// What was added first to a key stays first.
void Batch::sort(Changes& changes) const {
  if (changes.descents * kSortedRun <= changes.list.size()) return;
  std::sort(changes.list.begin(), changes.list.end(), [this](const Change& a, const Change& b) {
    const int order = key(a).compare(key(b));
    return order != 0 ? order < 0 : a.at < b.at;
  });
}

rocksdb::WriteBatch& Batch::raw() {
  if (built_) return raw_;
  built_ = true;
  for (std::size_t family = 0; family < families_.size(); ++family) {
    auto* handle = handles_[family];
    for (const auto& range : families_[family].ranges)
      raw_.DeleteRange(handle, slice(key(range)), slice(value(range)));
    sort(families_[family]);
    for (const auto& change : families_[family].list) {
      const auto name = slice(key(change));
      switch (change.kind) {
        case Kind::put:
          raw_.Put(handle, name, slice(value(change)));
          break;
        case Kind::erase:
          raw_.Delete(handle, name);
          break;
        case Kind::erase_once:
          raw_.SingleDelete(handle, name);
          break;
        case Kind::erase_range:
          break;
      }
    }
  }
  return raw_;
}

void Batch::clear() {
  for (auto& changes : families_) changes = {};
  arena_.clear();
  bytes_ = changes_ = 0;
  built_ = false;
  raw_.Clear();
}

}  // namespace sluice::store
