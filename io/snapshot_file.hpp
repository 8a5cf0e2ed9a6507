// A snapshot as a file of its own: written beside the database, which is busy with what cannot wait.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace tocsin {

/// Path of the snapshot at a journal offset.
std::string snapshot_file(const std::string& folder, std::uint64_t offset);
/// Whole or not at all: written under another name, made durable, then renamed. Blocks. errc::io names path and reason.
result<void> write_snapshot_file(const std::string& path, const std::vector<std::string_view>& pieces);
/// The pieces as one text. errc::io when it cannot be read, malformed when it is not what was written.
result<std::string> read_snapshot_file(const std::string& path);
/// Removes snapshots of the folder other than those at `kept`, and what an interrupted write left.
void remove_snapshot_files(const std::string& folder, const std::vector<std::uint64_t>& kept);

} // namespace tocsin
