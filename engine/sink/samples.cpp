#include "engine/sink/samples.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "engine/base/log.hpp"

namespace sluice::sink {

Expected<> Samples::open() {
  if (options_.dir.empty()) return {};
  if (options_.every == 0) return fail(ErrorCode::invalid_input, "samples: every 0th message makes no sense");
  std::error_code error;
  std::filesystem::create_directories(options_.dir, error);
  if (error) return fail(ErrorCode::io, "creating " + options_.dir + ": " + error.message());
  return {};
}

void Samples::offer(const smtp::Envelope& envelope, std::string_view content) {
  if (options_.dir.empty()) return;
  const auto seen = seen_.fetch_add(1, std::memory_order_relaxed);
  const auto number = seen / options_.every;
  if (seen % options_.every == 0 && number < options_.max_files) write(number + 1, envelope, content);
}

void Samples::write(std::uint64_t number, const smtp::Envelope& envelope, std::string_view content) {
  const auto path = std::filesystem::path(options_.dir) / fmt::format("{:06}.eml", number);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << "Return-Path: <" << envelope.sender.address << ">\r\n";
  for (const auto& recipient : envelope.recipients)
    out << "Delivered-To: " << recipient.mailbox.address << "\r\n";
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (out) {
    written_.fetch_add(1, std::memory_order_relaxed);
  } else if (failed_.fetch_add(1, std::memory_order_relaxed) == 0) {
    log::error("sink_sample_failed", {{"file", path.string()}});
  }
}

}  // namespace sluice::sink
