// The store of the layout measurement, loading it, and what that costs.
#pragma once

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/layout_mail.hpp"

namespace sluice::layout {

using rocksdb::ColumnFamilyHandle;
using rocksdb::Slice;

inline void must(const rocksdb::Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "layout_bench: {}\n", status.ToString());
  std::exit(70);
}

struct Usage {
  double wall = 0;
  double cpu_us = 0;
  double bytes = 0;
};

class Meter {
 public:
  explicit Meter(rocksdb::Statistics* statistics) : statistics_(statistics) { last_ = now(); }

  Usage lap() {
    const auto at = now();
    const Usage used{at.wall - last_.wall, at.cpu_us - last_.cpu_us, at.bytes - last_.bytes};
    last_ = at;
    return used;
  }

 private:
  [[nodiscard]] Usage now() const {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto micros = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
    };
    const auto wall = std::chrono::steady_clock::now().time_since_epoch();
    const auto bytes = statistics_->getTickerCount(rocksdb::WAL_FILE_BYTES) +
                       statistics_->getTickerCount(rocksdb::FLUSH_WRITE_BYTES) +
                       statistics_->getTickerCount(rocksdb::COMPACT_WRITE_BYTES);
    return {std::chrono::duration<double>(wall).count(), micros(usage.ru_utime) + micros(usage.ru_stime),
            static_cast<double>(bytes)};
  }

  rocksdb::Statistics* statistics_;
  Usage last_;
};

inline double peak_rss_mb() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

inline bool has_lz4() {
  const auto known = rocksdb::GetSupportedCompressions();
  return std::find(known.begin(), known.end(), rocksdb::kLZ4Compression) != known.end();
}

struct Store {
  explicit Store(const std::string& dir) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(32 << 20);
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.partition_filters = true;
    table.cache_index_and_filter_blocks = true;
    table.pin_top_level_index_and_filter = true;
    table.block_size = 16 << 10;
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.statistics = statistics = rocksdb::CreateDBStatistics();
    options.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
    options.write_buffer_size = 32 << 20;
    options.max_write_buffer_number = 3;
    options.max_total_wal_size = 256 << 20;
    options.max_background_jobs = 2;
    options.compression = has_lz4() ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* opened = nullptr;
    must(rocksdb::DB::Open(options, dir, {{"default", options}, {"outbox", options}, {"spill", options}},
                           &handles, &opened));
    db.reset(opened);
  }
  ~Store() {
    for (auto* handle : handles) must(db->DestroyColumnFamilyHandle(handle));
  }

  ColumnFamilyHandle* records() const { return handles[0]; }
  ColumnFamilyHandle* outbox() const { return handles[1]; }
  ColumnFamilyHandle* spill() const { return handles[2]; }
  void commit(rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    must(db->Write(synced, &batch));
    batch.Clear();
  }

  std::shared_ptr<rocksdb::Statistics> statistics;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<ColumnFamilyHandle*> handles;
};

/// Expansion: sorted runs, streams in turn.
inline void load(const Cell& cell, Store& store) {
  Mail mail(cell);
  std::vector<std::uint64_t> next_row(cell.streams, 0);
  std::vector<std::pair<std::string, std::string>> run;
  rocksdb::WriteBatch batch;
  for (std::uint64_t done = 0, turn = 0; done < cell.records; ++turn) {
    const auto stream = static_cast<std::uint32_t>(turn % cell.streams);
    const auto size = std::min<std::uint64_t>(kRun, cell.records - done);
    run.clear();
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto domain = Mail::name(mail.domain());
      auto value = mail.value();
      if (cell.layout == Layout::arrival) value.insert(0, static_cast<char>(domain.size()) + domain);
      run.emplace_back(key_of(cell.layout, stream, domain, next_row[stream]++), std::move(value));
    }
    if (cell.layout != Layout::arrival) std::sort(run.begin(), run.end());
    for (const auto& [key, value] : run) must(batch.Put(store.records(), key, value));
    store.commit(batch);
    done += size;
  }
}

}  // namespace sluice::layout
