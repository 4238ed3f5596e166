#include "engine/webhook/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/assert.hpp"
#include "engine/message/encoding.hpp"

namespace sluice::webhook {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kMaxFileBytes = 1024;

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

std::unexpected<Error> os_error(const std::string& path) {
  const auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return fail(code, fmt::format("secret file {}: {}", path, std::strerror(errno)));
}

}  // namespace

Expected<Secret> Secret::parse(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  text = begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
  if (!text.starts_with(kPrefix)) return fail(ErrorCode::invalid_input, "a secret begins with whsec_");
  const auto digits = text.substr(kPrefix.size());
  auto key =
      digits.find_first_of(kBlank) == std::string_view::npos ? message::decode_base64(digits) : std::nullopt;
  if (!key) return fail(ErrorCode::invalid_input, "what follows whsec_ is no base64");
  if (key->size() < kMinSecretBytes || key->size() > kMaxSecretBytes) {
    return fail(ErrorCode::invalid_input, fmt::format("a secret holds {} to {} bytes, this one {}",
                                                      kMinSecretBytes, kMaxSecretBytes, key->size()));
  }
  return Secret(std::move(*key));
}

Expected<Secret> Secret::load(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info{};
  if (file.value < 0 || ::fstat(file.value, &info) != 0) return os_error(path);
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::permission, fmt::format("secret file {} is no plain file", path));
  if ((info.st_mode & 077) != 0) {
    return fail(ErrorCode::permission,
                fmt::format("secret file {0} may be read by others (mode {1:04o}); run chmod 600 {0}", path,
                            info.st_mode & 07777));
  }
  std::string bytes(kMaxFileBytes + 1, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto n = ::read(file.value, &bytes[have], bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return os_error(path);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  if (have > kMaxFileBytes)
    return fail(ErrorCode::limit, fmt::format("secret file {} is longer than {} bytes", path, kMaxFileBytes));
  auto secret = parse(std::string_view(bytes).substr(0, have));
  if (!secret) return fail(std::move(secret.error()), "secret file " + path);
  return secret;
}

std::string Secret::sign(std::string_view id, std::string_view timestamp, std::string_view body) const {
  std::string text;
  text.reserve(id.size() + timestamp.size() + body.size() + 2);
  text.append(id).append(1, '.').append(timestamp).append(1, '.').append(body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  SLUICE_ASSERT(made != nullptr);
  std::string out = "v1,";
  message::append_base64(out, {reinterpret_cast<const char*>(digest), size});
  return out;
}

std::string signature_header(const std::vector<Secret>& secrets, std::string_view id,
                             std::string_view timestamp, std::string_view body) {
  std::string out;
  for (const auto& secret : secrets) {
    if (!out.empty()) out += ' ';
    out += secret.sign(id, timestamp, body);
  }
  return out;
}

}  // namespace sluice::webhook
