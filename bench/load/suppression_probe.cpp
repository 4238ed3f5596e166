// What one look-up in a very large suppression book costs, in time and in memory.
//
//   suppression_probe FOLDER load N          N synthetic addresses, sorted and ingested; then 1 % more by
//   import suppression_probe FOLDER probe M [N]     M look-ups of addresses that are in it, M that are not, M
//   mixed 1:9
//
// One line of JSON a step. `load` writes about 60 bytes an address; nothing here fails a test.
#include <fmt/format.h>
#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/store/database_options.hpp"
#include "engine/suppression/book.hpp"
#include "engine/suppression/rows.hpp"
#include "queue/families.hpp"

namespace {

using namespace sluice;
using std::chrono::steady_clock;

constexpr std::uint64_t kRowsAFile = 4'000'000;
constexpr std::size_t kRowsAnImport = 5'000;

struct Nobody final : queue::RunReceiver {
  void on_runs(std::vector<queue::Run>) override {}
  void on_stream_changed(queue::StreamPtr) override {}
};

void check(bool good, const std::string& what) {
  if (good) return;
  fmt::print(stderr, "{}\n", what);
  std::exit(1);
}

double seconds_since(steady_clock::time_point begun) {
  return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

double resident_mib() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

void address_of(std::uint64_t number, std::string& out) {
  out.clear();
  fmt::format_to(std::back_inserter(out), "user.{}@d{}.example.test", number, number % 300'000);
}

suppression::Entry entry_of(std::uint64_t number) {
  suppression::Entry out;
  out.scope = number % 3 == 0 ? suppression::Scope::list : suppression::Scope::tenant;
  out.reason = number % 3 == 0 ? suppression::Reason::unsubscribed : suppression::Reason::invalid_recipient;
  out.tenant = "shop";
  if (out.scope == suppression::Scope::list) out.list_id = "news.shop.test";
  out.source = "import.csv";
  out.by = "operator";
  out.time_ms = 1'764'104'400'000 + static_cast<std::int64_t>(number);
  return out;
}

queue::Options queue_options(const std::string& folder) {
  queue::Options out;
  out.store.path = folder + "/store";
  return out;
}

suppression::Options book_options(const std::string& folder) {
  suppression::Options out;
  out.filter_file = folder + "/suppression.filter";
  return out;
}

struct Opened {
  explicit Opened(const std::string& folder) {
    std::filesystem::create_directories(folder);
    auto made = queue::Queue::open(queue_options(folder), clock);
    check(made.has_value(), made ? "" : made.error().text);
    queue = std::move(*made);
    before_mib = resident_mib();
    const auto begun = steady_clock::now();
    auto opened = suppression::Book::open(*queue, clock, book_options(folder));
    check(opened.has_value(), opened ? "" : opened.error().text);
    book = std::move(*opened);
    open_s = seconds_since(begun);
    queue->start({&nobody});
  }
  ~Opened() {
    queue->stop();
    book.reset();
  }

  SystemClock clock;
  Nobody nobody;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<suppression::Book> book;
  double before_mib = 0;
  double open_s = 0;
};

struct Numbered {
  Hash128 hash;
  std::uint64_t number;
};

/// Straight into RocksDB, which must not be open.
void ingest(const std::string& folder, const HashKey& key, std::uint64_t count) {
  std::vector<Numbered> all(count);
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) {
    address_of(i, text);
    all[i] = {siphash128(key, text), i};
  }
  std::ranges::sort(all, {}, &Numbered::hash);
  auto how = store::rocks_options(queue_options(folder).store, queue::family_names());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(how.db, folder + "/store", how.families, &handles, &db);
  check(status.ok(), status.ToString());
  auto* family = handles[queue::kSuppressed];
  std::string bytes;
  for (std::uint64_t from = 0; from < count; from += kRowsAFile) {
    const auto path = folder + "/load.sst";
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db->GetOptions(family), family);
    status = writer.Open(path);
    for (auto i = from; status.ok() && i < std::min(count, from + kRowsAFile); ++i) {
      bytes.clear();
      suppression::Row row;
      address_of(all[i].number, row.subject);
      row.entries.push_back(entry_of(all[i].number));
      row.append_to(bytes);
      status = writer.Put(suppression::hash_bytes(all[i].hash), bytes);
    }
    if (status.ok()) status = writer.Finish();
    rocksdb::IngestExternalFileOptions move;
    move.move_files = true;
    if (status.ok()) status = db->IngestExternalFile(family, {path}, move);
    check(status.ok(), status.ToString());
  }
  suppression::Counts counts{count, count, 0};
  std::string told;
  counts.append_to(told);
  status = db->Put(rocksdb::WriteOptions(), handles[queue::kSuppression],
                   {suppression::kCountRow.data(), suppression::kCountRow.size()}, told);
  check(status.ok(), status.ToString());
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
}

void import(Opened& at, std::uint64_t from, std::uint64_t to) {
  const auto begun = steady_clock::now();
  std::string text;
  for (auto i = from; i < to;) {
    suppression::Changes changes;
    changes.import = true;
    for (; i < to && changes.add.size() < kRowsAnImport; ++i) {
      address_of(i, text);
      changes.add.push_back({*suppression::Subject::parse(text), entry_of(i)});
    }
    const auto report = at.book->commit(std::move(changes));
    check(report.has_value(), report ? "" : report.error().text);
  }
  fmt::print("{{\"step\":\"import\",\"rows\":{},\"per_s\":{:.0f}}}\n", to - from,
             static_cast<double>(to - from) / seconds_since(begun));
}

void load(const std::string& folder, std::uint64_t count) {
  HashKey key;
  {
    Opened at(folder);
    key = at.book->lookup().key();
  }
  const auto begun = steady_clock::now();
  ingest(folder, key, count);
  fmt::print("{{\"step\":\"ingest\",\"rows\":{},\"seconds\":{:.1f}}}\n", count, seconds_since(begun));
  Opened at(folder);
  const auto building = steady_clock::now();
  const std::atomic<bool> go_on{false};
  const auto built = at.book->rebuild_filter(go_on);
  check(built.has_value(), built ? "" : built.error().text);
  fmt::print("{{\"step\":\"build filter from rows\",\"seconds\":{:.1f},\"mib\":{:.1f}}}\n",
             seconds_since(building), static_cast<double>(at.book->filter_bytes()) / (1 << 20));
  import(at, count, count + count / 100);
  const auto saving = steady_clock::now();
  const auto saved = at.book->save_filter(true);
  check(saved.has_value(), saved ? "" : saved.error().text);
  fmt::print("{{\"step\":\"save filter\",\"seconds\":{:.2f}}}\n", seconds_since(saving));
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
    bytes += file.is_regular_file() ? file.file_size() : 0;
  fmt::print("{{\"step\":\"disk\",\"gb\":{:.2f}}}\n", static_cast<double>(bytes) / 1e9);
}

/// Addresses below `known` are in the book; one in `one_in` of the look-ups is for one of them, 0: none.
void probe(Opened& at, const std::string& what, std::uint64_t lookups, std::uint64_t known, unsigned one_in) {
  const suppression::Audience audience{"shop", "news.shop.test", false};
  std::mt19937_64 random(one_in + 17);
  std::vector<std::uint32_t> took(lookups);
  std::string text;
  std::uint64_t found = 0;
  const auto now = at.clock.now();
  for (auto& one : took) {
    const bool hit = one_in != 0 && random() % one_in == 0;
    address_of(random() % known + (hit ? 0 : 2 * known), text);
    const auto begun = steady_clock::now();
    const auto verdict = at.book->probe(text, audience, now);
    one = static_cast<std::uint32_t>((steady_clock::now() - begun).count());
    check(verdict.has_value(), verdict ? "" : verdict.error().text);
    found += verdict->has_value();
  }
  std::ranges::sort(took);
  const auto at_share = [&](double share) {
    return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))] / 1000.0;
  };
  fmt::print(
      "{{\"step\":\"{}\",\"lookups\":{},\"found\":{},\"p50_us\":{:.2f},\"p90_us\":{:.2f},\"p99_us\":{:.2f},"
      "\"p999_us\":{:.2f}}}\n",
      what, lookups, found, at_share(0.5), at_share(0.9), at_share(0.99), at_share(0.999));
}

void probe_all(const std::string& folder, std::uint64_t lookups, std::uint64_t known) {
  Opened at(folder);
  if (known == 0) known = at.book->counts().subjects;
  fmt::print("{{\"step\":\"open\",\"subjects\":{},\"seconds\":{:.2f},\"filter\":{}}}\n",
             at.book->counts().subjects, at.open_s, at.book->filter_ready());
  probe(at, "warm up", lookups, known, 2);
  probe(at, "absent", lookups, known, 0);
  probe(at, "one in ten present", lookups, known, 10);
  probe(at, "all present", lookups, known, 1);
  fmt::print("{{\"step\":\"memory\",\"before_mib\":{:.1f},\"extra_mib\":{:.1f}}}\n", at.before_mib,
             resident_mib() - at.before_mib);
}

}  // namespace

int main(int argc, char** argv) {
  check(argc >= 4, "suppression_probe FOLDER load N | probe M [N]");
  const std::string what = argv[2];
  const auto number = std::strtoull(argv[3], nullptr, 10);
  if (what == "load") load(argv[1], number);
  if (what == "probe") probe_all(argv[1], number, argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 0);
}
