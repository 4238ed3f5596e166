// The keys that sign return tokens, in a file of the data directory (mode 0600): "number since_ms hex" a
// line.
//
// A stream keeps the key that was the newest when it was made, so its MAIL FROM never changes. A new key is
// made every `rotate_after`; what an older one signed verifies until `verify_for` after it was replaced. A
// lost file loses the way back of all mail sent so far: it belongs to a backup.
//
// Any thread. A key is on disk before it signs anything.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/feedback/return_token.hpp"

namespace sluice::feedback {

struct TokenKeysOptions {
  std::chrono::hours rotate_after{90 * 24};  ///< age of the newest key; then there is another
  std::chrono::hours verify_for{60 * 24};    ///< after it was replaced; then it is gone
  /// A new key signs for streams made so much later: none that is being made changes its key.
  std::chrono::seconds lead{60};
};

class TokenKeys {
 public:
  /// Reads the file, or makes it with one key. permission: others may read it. corrupt: a line that is none.
  [[nodiscard]] static Expected<std::unique_ptr<TokenKeys>> open(std::string file, Instant now,
                                                                 TokenKeysOptions options = {});

  /// Makes a key when the newest is old enough, and drops what verifies nothing any more. True: something
  /// changed, and is on disk. On failure nothing has.
  [[nodiscard]] Expected<bool> rotate(Instant now);
  /// The key a stream made then signs with: the same one at every call, until it is dropped.
  [[nodiscard]] TokenKey for_stream(std::int64_t created_ms) const;
  /// Whose message it is; nothing for a token of somebody else, or too old.
  [[nodiscard]] std::optional<MessageId> verify(std::string_view token, Instant now) const;
  /// The first token of ours in `text` (a Message-ID, a URL); at most kSearchBytes of it are looked at.
  [[nodiscard]] std::optional<MessageId> find(std::string_view text, Instant now) const;
  [[nodiscard]] std::size_t size() const;

  static constexpr std::size_t kSearchBytes = 2048;

 private:
  TokenKeys(std::string file, TokenKeysOptions options) : file_(std::move(file)), options_(options) {}
  Expected<> read();
  [[nodiscard]] Expected<> write(const std::vector<TokenKey>& keys) const;
  [[nodiscard]] bool usable(std::size_t at, Instant now) const;

  const std::string file_;
  const TokenKeysOptions options_;
  mutable std::mutex mutex_;
  std::vector<TokenKey> keys_;  ///< oldest first, never empty once open
};

}  // namespace sluice::feedback
