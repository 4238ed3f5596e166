// Limits of the store. Sizes in bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sluice::store {

struct Options {
  std::string path;                           ///< folder of the database; made if absent
  std::size_t block_cache_bytes = 32u << 20;  ///< data, index and filter blocks together; strict
  /// Families of very many small rows that are asked for by whole keys in no order. Their index stays in
  /// memory (about 1/700 of the bytes on disk), their blocks have a small cache of their own.
  std::vector<std::string> lookup_families{"suppressed"};
  std::size_t lookup_cache_bytes = 8u << 20;
  std::size_t write_buffer_bytes = 64u << 20;  ///< all memtables together; the fullest is flushed beyond it
  std::size_t max_wal_bytes = 128u << 20;      ///< bounds the replay after a kill (0.76 s per 71 MB measured)
  int background_jobs = 2;                     ///< RocksDB flush and compaction threads
  std::chrono::microseconds commit_delay{
      10'000};                               ///< a batch nobody waits for is synced at the latest after this
  std::size_t max_batch_bytes = 8u << 20;    ///< a commit takes no further work beyond it
  std::size_t max_pending_works = 1u << 16;  ///< submitted and not yet committed; beyond it submit() waits
  std::chrono::milliseconds resume_interval{1000};      ///< a failed commit is tried again this often
  std::chrono::milliseconds acknowledge_interval{200};  ///< between two syncs of the file of acknowledged.hpp
  bool accept_loss = false;  ///< opens although acknowledged commits are missing; for `store repair`
};

}  // namespace sluice::store
