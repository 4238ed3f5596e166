// Record data in wire form to values. A record that does not decode makes the whole answer failed: half an MX
// set would send mail to the wrong preference. Pure functions; any thread.
#pragma once

#include <span>
#include <string_view>

#include "engine/dns/answer.hpp"

namespace sluice::dns {

/// Fills the records of `type` and the status (found, no_records, failed). At most `max_records` are read;
/// the rest is left out, since no plan uses more. Names inside must be uncompressed, as a resolver library
/// hands them out.
[[nodiscard]] Answer decode_records(RecordType type, std::span<const std::string_view> rdata,
                                    std::size_t max_records);

}  // namespace sluice::dns
