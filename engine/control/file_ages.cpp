#include "engine/control/file_ages.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 10'000;

/// Calls `fn` with each entry; a folder that is not there has none.
template <class Fn>
void each_entry(const std::string& folder, Fn fn) {
  std::error_code error;
  std::size_t left = kMostEntries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end && left > 0;
       at.increment(error), --left) {
    fn(at->path());
  }
}

bool is_taken(const std::string& name) {
  return !name.starts_with('.') && !name.ends_with(".tmp") && !name.ends_with(".part");
}

}  // namespace

std::uint64_t bytes_of_files(const std::string& folder, const std::string& ending) {
  std::uint64_t sum = 0;
  each_entry(folder, [&](const fs::path& path) {
    std::error_code error;
    if (!path.native().ends_with(ending)) return;
    const auto size = fs::file_size(path, error);
    if (!error) sum += size;
  });
  return sum;
}

std::chrono::duration<double> oldest_entry_age(const std::string& folder) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  double age = 0;
  each_entry(folder, [&](const fs::path& path) {
    struct stat what{};
    if (!is_taken(path.filename().native()) || ::stat(path.c_str(), &what) != 0) return;
    const auto seconds = static_cast<double>(now.tv_sec - what.st_ctim.tv_sec) +
                         static_cast<double>(now.tv_nsec - what.st_ctim.tv_nsec) / 1e9;
    age = std::max(age, seconds);
  });
  return std::chrono::duration<double>(age);
}

std::optional<std::int64_t> last_written(const std::string& file) {
  struct stat what{};
  if (::stat(file.c_str(), &what) != 0) return std::nullopt;
  return what.st_mtim.tv_sec;
}

std::optional<std::int64_t> certificate_end(const std::string& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "re"), std::fclose);
  if (!in) return std::nullopt;
  const std::unique_ptr<X509, void (*)(X509*)> certificate(PEM_read_X509(in.get(), nullptr, nullptr, nullptr),
                                                           X509_free);
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
  return ::timegm(&end);
}

}  // namespace sluice::control
