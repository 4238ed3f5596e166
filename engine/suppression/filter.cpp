#include "engine/suppression/filter.hpp"

#include <algorithm>
#include <cstring>

#include "engine/base/assert.hpp"

namespace sluice::suppression {
namespace {

constexpr std::size_t kWords = Filter::kBlockBytes / sizeof(std::uint32_t);
using Word = std::atomic<std::uint32_t>;
static_assert(sizeof(Word) == sizeof(std::uint32_t) && Word::is_always_lock_free);

constexpr std::array<std::uint32_t, kWords> kSalt{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                                  0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

Word* block_of(const Filter::Layer& layer, const Hash128& hash) {
  __extension__ using Wide = unsigned __int128;
  const auto block = static_cast<std::uint64_t>((static_cast<Wide>(hash.low) * layer.blocks) >> 64);
  return static_cast<Word*>(layer.memory.data()) + block * kWords;
}

constexpr std::uint32_t bit_of(const Hash128& hash, std::size_t word) {
  return 1u << ((static_cast<std::uint32_t>(hash.high) * kSalt[word]) >> 27);
}

std::uint64_t blocks_for(std::uint64_t subjects) {
  return std::max<std::uint64_t>(1, (subjects + Filter::kSubjectsABlock - 1) / Filter::kSubjectsABlock);
}

}  // namespace

Filter::Layer::Layer(std::uint64_t subjects) : blocks(blocks_for(subjects)), memory(blocks * kBlockBytes) {}

void Filter::Layer::insert(const Hash128& hash) {
  auto* block = block_of(*this, hash);
  // Readers that see only some of the bits take the subject for absent, as they may until the commit.
  for (std::size_t i = 0; i < kWords; ++i) block[i].fetch_or(bit_of(hash, i), std::memory_order_relaxed);
  inserted.fetch_add(1, std::memory_order_relaxed);
}

void Filter::Layer::copy(std::size_t at, std::size_t count, std::string& out) const {
  const auto* words = static_cast<const Word*>(memory.data()) + at / sizeof(Word);
  const auto before = out.size();
  out.resize(before + count);
  for (std::size_t i = 0; i < count / sizeof(Word); ++i) {
    const auto word = words[i].load(std::memory_order_relaxed);
    std::memcpy(out.data() + before + i * sizeof word, &word, sizeof word);
  }
}

bool Filter::Layer::may_contain(const Hash128& hash) const {
  const auto* block = block_of(*this, hash);
  for (std::size_t i = 0; i < kWords; ++i) {
    if ((block[i].load(std::memory_order_relaxed) & bit_of(hash, i)) == 0) return false;
  }
  return true;
}

Filter::Filter(std::uint64_t subjects) { add_layer(std::make_unique<Layer>(subjects)); }
Filter::~Filter() = default;

void Filter::add_layer(std::unique_ptr<Layer> layer) {
  const auto count = count_.load(std::memory_order_relaxed);
  SLUICE_ASSERT(count < kMaxLayers);
  layers_[count] = std::move(layer);
  count_.store(count + 1, std::memory_order_release);
}

void Filter::insert(const Hash128& hash) {
  if (may_contain(hash)) return;
  const auto count = count_.load(std::memory_order_relaxed);
  auto& last = *layers_[count - 1];
  if (last.inserted.load(std::memory_order_relaxed) < last.blocks * kSubjectsABlock || count == kMaxLayers)
    return last.insert(hash);
  std::uint64_t blocks = 0;
  for (std::size_t i = 0; i < count; ++i) blocks += layers_[i]->blocks;
  add_layer(std::make_unique<Layer>(blocks * kSubjectsABlock));
  layers_[count]->insert(hash);
}

std::size_t Filter::bytes() const {
  std::size_t out = 0;
  for (std::size_t i = 0; i < layers(); ++i) out += layers_[i]->memory.size();
  return out;
}

}  // namespace sluice::suppression
