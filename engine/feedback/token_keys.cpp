#include "engine/feedback/token_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/store/folder.hpp"

namespace sluice::feedback {
namespace {

constexpr std::size_t kMaxKeys = 16;  ///< in a file; more is damage

std::optional<TokenKey> key_of(const std::string& line) {
  std::istringstream in(line);
  unsigned number = 0;
  TokenKey key;
  std::string hex;
  if (!(in >> number >> key.since_ms >> hex) || number >= kTokenKeys) return std::nullopt;
  if (hex.size() != 2 * key.secret.size()) return std::nullopt;
  if (hex.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  key.number = static_cast<std::uint8_t>(number);
  for (std::size_t i = 0; i < key.secret.size(); ++i)
    key.secret[i] = static_cast<unsigned char>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  return key;
}

std::unexpected<Error> system_error(const std::string& file) {
  return fail(ErrorCode::io, file + ": " + std::strerror(errno));
}

}  // namespace

Expected<std::unique_ptr<TokenKeys>> TokenKeys::open(std::string file, Instant now,
                                                     TokenKeysOptions options) {
  auto out = std::unique_ptr<TokenKeys>(new TokenKeys(std::move(file), options));
  if (auto done = out->read(); !done) return std::unexpected(done.error());
  if (auto done = out->rotate(now); !done) return std::unexpected(done.error());
  return out;
}

Expected<> TokenKeys::read() {
  struct ::stat facts{};
  if (::stat(file_.c_str(), &facts) != 0) return errno == ENOENT ? Expected<>{} : system_error(file_);
  if ((facts.st_mode & 077) != 0)
    return fail(ErrorCode::permission, file_ + " may be read by others: chmod 0600");
  std::ifstream in(file_);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const auto key = key_of(line);
    if (!key || number > kMaxKeys)
      return fail(ErrorCode::corrupt, fmt::format("{}:{} is no key of return tokens", file_, number));
    keys_.push_back(*key);
  }
  if (keys_.empty()) return fail(ErrorCode::corrupt, file_ + " holds no key");
  return {};
}

Expected<> TokenKeys::write(const std::vector<TokenKey>& keys) const {
  std::string text;
  for (const auto& key : keys) {
    text += fmt::format("{} {} ", key.number, key.since_ms);
    for (const auto byte : key.secret) text += fmt::format("{:02x}", byte);
    text += '\n';
  }
  const auto temporary = file_ + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return system_error(temporary);
  const auto written = ::write(fd, text.data(), text.size());
  const bool good = written == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const bool closed = ::close(fd) == 0;
  if (!good || !closed) return system_error(temporary);
  if (::rename(temporary.c_str(), file_.c_str()) != 0) return system_error(file_);
  return store::sync_folder(std::filesystem::path(file_).parent_path().string());
}

bool TokenKeys::usable(std::size_t at, Instant now) const {
  if (at + 1 == keys_.size()) return true;
  return to_ms(now) < keys_[at + 1].since_ms + std::chrono::milliseconds(options_.verify_for).count();
}

Expected<bool> TokenKeys::rotate(Instant now) {
  const std::lock_guard lock(mutex_);
  std::vector<TokenKey> keys;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (usable(i, now)) keys.push_back(keys_[i]);
  const auto age = std::chrono::milliseconds(options_.rotate_after).count();
  const bool old = keys.empty() || to_ms(now) >= keys.back().since_ms + age;
  if (!old && keys.size() == keys_.size()) return false;
  if (old) {
    TokenKey key;
    key.number = keys.empty() ? 0 : static_cast<std::uint8_t>((keys.back().number + 1) % kTokenKeys);
    key.since_ms = to_ms(now) + (keys.empty() ? 0 : std::chrono::milliseconds(options_.lead).count());
    if (RAND_bytes(key.secret.data(), static_cast<int>(key.secret.size())) != 1)
      return fail(ErrorCode::unavailable, "the system gives no random bytes");
    keys.push_back(key);
  }
  if (auto done = write(keys); !done) return std::unexpected(done.error());
  keys_ = std::move(keys);
  return true;
}

TokenKey TokenKeys::for_stream(std::int64_t created_ms) const {
  const std::lock_guard lock(mutex_);
  for (auto key = keys_.rbegin(); key != keys_.rend(); ++key)
    if (key->since_ms <= created_ms) return *key;
  return keys_.front();
}

std::optional<MessageId> TokenKeys::verify(std::string_view text, Instant now) const {
  const auto token = read_token(text);
  if (!token) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (usable(i, now) && signed_by(keys_[i], *token)) return token->id;
  return std::nullopt;
}

std::optional<MessageId> TokenKeys::find(std::string_view text, Instant now) const {
  constexpr std::size_t kBefore = 26;
  text = text.substr(0, kSearchBytes);
  for (auto at = text.find('-'); at != std::string_view::npos; at = text.find('-', at + 1)) {
    if (at < kBefore || at - kBefore + kTokenBytes > text.size()) continue;
    if (auto id = verify(text.substr(at - kBefore, kTokenBytes), now)) return id;
  }
  return std::nullopt;
}

std::size_t TokenKeys::size() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace sluice::feedback
