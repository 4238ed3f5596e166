// Which subjects are certainly in no row: a split-block Bloom filter (Putze, Sanders, Singler, "Cache-, hash-
// and space-efficient Bloom filters", 2007; the block form of Parquet), eight bits a subject, one cache line
// a question. It says "perhaps" to about one in forty who are in no row.
//
// RocksDB's own filters were measured at 0.9 us and more a level for a miss; this one decides a miss alone.
// It grows by a further layer of the size of all before it, each one cache line more to look at and one
// more false "perhaps" in forty: Book::rebuild_filter makes one of many. filter_file.hpp keeps it over a
// restart.
//
// One writer; any reader. Nothing is taken out: a row that goes leaves a "perhaps".
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/siphash.hpp"
#include "engine/suppression/zeroed_memory.hpp"

namespace sluice::suppression {

class Filter {
 public:
  static constexpr std::size_t kBlockBytes = 32;
  static constexpr std::uint64_t kSubjectsABlock = 32;  ///< eight bits each
  static constexpr std::size_t kMaxLayers = 40;

  /// Room for so many subjects before the first further layer.
  explicit Filter(std::uint64_t subjects);
  ~Filter();

  void insert(const Hash128& hash);
  [[nodiscard]] bool may_contain(const Hash128& hash) const {
    const auto layers = count_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < layers; ++i) {
      if (layers_[i]->may_contain(hash)) return true;
    }
    return false;
  }
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::size_t layers() const { return count_.load(std::memory_order_acquire); }

  struct Layer {
    explicit Layer(std::uint64_t subjects);
    void insert(const Hash128& hash);
    [[nodiscard]] bool may_contain(const Hash128& hash) const;
    /// Only while nobody else has it.
    [[nodiscard]] std::span<char> bytes() { return {static_cast<char*>(memory.data()), memory.size()}; }
    /// Appends `count` bytes from `at` on, both multiples of 4, while others insert.
    void copy(std::size_t at, std::size_t count, std::string& out) const;

    std::uint64_t blocks;
    ZeroedMemory memory;
    std::atomic<std::uint64_t> inserted{0};
  };
  /// For filter_file.hpp. The writer's thread, or before there are others.
  [[nodiscard]] const Layer& layer(std::size_t number) const { return *layers_[number]; }
  void add_layer(std::unique_ptr<Layer> layer);
  /// No layer.
  Filter() = default;

 private:
  std::array<std::unique_ptr<Layer>, kMaxLayers> layers_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace sluice::suppression
