// Keeps every Nth message as a file, for people and checkers (DKIM verifiers, MIME parsers) to look at.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/smtp/server_envelope.hpp"

namespace sluice::sink {

struct SampleOptions {
  std::string dir = {};            ///< created if absent; empty: no samples
  std::uint64_t every = 1000;      ///< the first, then each `every`th message
  std::uint64_t max_files = 1000;  ///< then no more
};

class Samples {
 public:
  explicit Samples(SampleOptions options) : options_(std::move(options)) {}

  /// Creates the directory.
  [[nodiscard]] Expected<> open();
  /// Counts the message and writes it when its turn has come: 000001.eml … with Return-Path and Delivered-To
  /// in front of the bytes received. Any thread. A failed write is logged once and counted.
  void offer(const smtp::Envelope& envelope, std::string_view content);

  [[nodiscard]] std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  void write(std::uint64_t number, const smtp::Envelope& envelope, std::string_view content);

  SampleOptions options_;
  std::atomic<std::uint64_t> seen_{0};  // counters: no order among them is needed
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> failed_{0};
};

}  // namespace sluice::sink
