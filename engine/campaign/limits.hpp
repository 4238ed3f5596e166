// Every bound on what a campaign directory may hold. Beyond it the campaign is rejected with the limit's
// name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::campaign {

/// Bounds on reading a recipient list.
struct ListLimits {
  /// 256 GiB: the list, unpacked; beyond it: unreadable
  std::uint64_t unpacked_bytes = std::uint64_t{256} << 30;
  std::uint64_t ratio = 200;  ///< unpacked over packed bytes, once free_unpacked_bytes came out
  std::uint64_t free_unpacked_bytes = std::uint64_t{64} << 20;  ///< no ratio is looked at before
  std::uint64_t rows = (std::uint64_t{1} << 40) - 1;            ///< a stream's rows are 40 bits
  std::size_t row_bytes = 256 << 10;  ///< one row, 1 KiB … 16 MiB; a longer one is a rejected row
  std::size_t columns = 256;  ///< of the header or of an object; more in the header: rejected campaign
  std::size_t column_name_bytes = 128;
  std::size_t json_depth = 16;       ///< nesting inside one value; deeper is a rejected row
  std::size_t page_bytes = 1 << 20;  ///< read buffer; raised to 4 * row_bytes when smaller
  std::size_t batch_rows = 4096;     ///< most rows a call yields
};

/// Bounds on the directory.
struct DirectoryLimits {
  std::size_t spec_bytes = 1 << 20;      ///< campaign.toml
  std::size_t template_bytes = 2 << 20;  ///< html, text, each
  std::size_t attachments = 20;
  std::size_t inline_images = 50;
  std::uint64_t parts_bytes = 25 << 20;                ///< attachments and inline images together
  std::uint64_t list_bytes = std::uint64_t{64} << 30;  ///< the list as it lies on disk
  ListLimits list;
};

}  // namespace sluice::campaign
