// Runs a fuzz target without a fuzzer: replay CORPUS_DIR. Every file as it is, then seeded mutations of it:
// the same inputs on every run, so that a failure is a failure for everybody. What was being run is printed
// when the target aborts; `NAME_fuzz DIR FILE ROUND` runs one mutation again and writes it to stdout first.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr unsigned kRounds = 2000;             // mutations of each file
constexpr unsigned kEditsAtMost = 8;           // changes in one mutation
constexpr std::size_t kInputBytes = 16 << 10;  // a longer mutation is cut

std::array<char, 512> running{};  // read by the signal handler

extern "C" void tell(int signal) {
  const auto end = std::ranges::find(running, '\0');
  [[maybe_unused]] const auto written =
      write(STDERR_FILENO, running.data(), static_cast<std::size_t>(end - running.begin()));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A seed of its own for each file and round; not std::hash, which differs between libraries.
std::uint32_t seed_of(std::string_view name, unsigned round) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash + round * 2654435761U;
}

/// mt19937's numbers are fixed by the standard; its distributions are not, so none is used.
std::string mutate(std::string bytes, std::mt19937& random) {
  constexpr std::string_view kTelling("\r\n\0\"'<>{}@.,:;=\\% \t\x7f\x80\xff", 22);
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  for (auto edits = 1 + below(kEditsAtMost); edits > 0; --edits) {
    const auto at = below(bytes.size() + 1);
    const auto length = std::min(bytes.size() - at, 1 + below(32));
    switch (below(6)) {
      case 0:
        bytes.erase(at, length);
        break;
      case 1:
        bytes.insert(at, bytes.substr(below(bytes.size() + 1), length));
        break;
      case 2:
        bytes.insert(at, 1, kTelling[below(kTelling.size())]);
        break;
      case 3:
        if (at < bytes.size()) bytes[at] = kTelling[below(kTelling.size())];
        break;
      case 4:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      default:
        bytes.insert(at, below(300), bytes.empty() ? 'a' : bytes[below(bytes.size())]);
        break;
    }
  }
  if (bytes.size() > kInputBytes) bytes.resize(kInputBytes);
  return bytes;
}

void run(std::string_view name, unsigned round, const std::string& bytes) {
  const auto end = fmt::format_to_n(running.data(), running.size() - 1, "while running {} {}\n", name, round);
  *end.out = '\0';
  // A copy of exactly this size: reading one byte too far is then seen by ASan.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::string input_of(const std::filesystem::path& file, unsigned round) {
  auto bytes = read_file(file);
  if (round == 0) return bytes;
  std::mt19937 random(seed_of(file.filename().string(), round));
  return mutate(std::move(bytes), random);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 && count != 4) {
    fmt::print(stderr, "usage: {} CORPUS_DIR [FILE ROUND]\n", arguments[0]);
    return 64;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, tell);
  const std::filesystem::path corpus = arguments[1];
  if (count == 4) {
    const auto round = static_cast<unsigned>(std::atoi(arguments[3]));
    const auto bytes = input_of(corpus / arguments[2], round);
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    std::fflush(stdout);
    run(arguments[2], round, bytes);
    return 0;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) files.push_back(entry.path());
  std::ranges::sort(files);
  if (files.empty()) {
    fmt::print(stderr, "{} has no seeds\n", corpus.string());
    return 1;
  }
  run("nothing", 0, {});
  for (const auto& file : files) {
    for (unsigned round = 0; round <= kRounds; ++round)
      run(file.filename().string(), round, input_of(file, round));
  }
  fmt::print("{} files, {} inputs\n", files.size(), files.size() * (kRounds + 1) + 1);
  return 0;
}
