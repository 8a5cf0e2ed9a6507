#include "io/snapshot_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/bytes.hpp"
#include "io/file_descriptor.hpp"

namespace tocsin {

namespace {

constexpr std::string_view prefix{"snapshot-"}, suffix{".bin"}, unfinished{".part"};
constexpr std::uint64_t file_magic = 0x31706e736e636f74; ///< "tocnsnp1"
constexpr std::size_t file_header_bytes = 24;             ///< magic, size, sum

/// Over 8 bytes at a time, however the text is cut: finds what a disk or a cut does, keeps no enemy out.
class checksum {
public:
  void add(std::string_view piece) {
    while (!piece.empty()) {
      if (held_ == 0 && piece.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, piece.data(), 8);
        mix(word);
        piece.remove_prefix(8);
      } else {
        word_ |= std::uint64_t{static_cast<unsigned char>(piece.front())} << (8 * held_);
        piece.remove_prefix(1);
        if (++held_ == 8) mix(std::exchange(word_, 0)), held_ = 0;
      }
    }
  }
  std::uint64_t value() const { return low_ ^ high_ ^ word_; }

private:
  void mix(std::uint64_t word) {
    low_ += word;
    high_ = (high_ ^ low_) * 0x100000001b3ull;
  }
  std::uint64_t low_ = 0x9e3779b97f4a7c15ull, high_ = 0xcbf29ce484222325ull, word_ = 0;
  unsigned held_ = 0;
};

tl::unexpected<error> trouble(const std::string& path, const char* what) {
  return fail(errc::io, path + ": " + what + ": " + std::strerror(errno) + "; is the disk full, or the folder not ours?");
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ::ssize_t n = ::write(file, bytes.data(), std::min<std::size_t>(bytes.size(), 1 << 20));
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

} // namespace

std::string snapshot_file(const std::string& folder, std::uint64_t offset) {
  return folder + '/' + std::string{prefix} + std::to_string(offset) + std::string{suffix};
}

result<void> write_snapshot_file(const std::string& path, const std::vector<std::string_view>& pieces) {
  const std::string part = path + std::string{unfinished};
  const file_descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
  if (!file.is_open()) return trouble(part, "cannot be created");
  writer header;
  std::uint64_t size = 0;
  checksum sum;
  for (std::string_view p : pieces) {
    size += p.size();
    sum.add(p);
  }
  header.put(file_magic);
  header.put(size);
  header.put(sum.value());
  bool good = write_all(file.get(), header.take());
  for (std::string_view p : pieces) good = good && write_all(file.get(), p);
  if (!good || ::fdatasync(file.get()) != 0) {
    const auto why = trouble(part, "cannot be written");
    ::unlink(part.c_str());
    return why;
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return trouble(path, "cannot be named");
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  if (const file_descriptor place{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}; place.is_open()) ::fsync(place.get());
  return {};
}

result<std::string> read_snapshot_file(const std::string& path) {
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open()) return trouble(path, "cannot be opened");
  struct ::stat about {};
  if (::fstat(file.get(), &about) != 0) return trouble(path, "cannot be read");
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ::ssize_t n = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return trouble(path, "cannot be read");
    at += static_cast<std::size_t>(n);
  }
  reader in{std::string_view{bytes}.substr(0, file_header_bytes)};
  const auto found_magic = in.get<std::uint64_t>(), size = in.get<std::uint64_t>(), sum = in.get<std::uint64_t>();
  if (!in.ok() || found_magic != file_magic || bytes.size() != file_header_bytes + size)
    return fail(errc::malformed, path + ": no whole snapshot; the one before it is used, or the journal from its start");
  bytes.erase(0, file_header_bytes);
  checksum own;
  own.add(bytes);
  if (own.value() != sum) return fail(errc::malformed, path + ": damaged; the one before it is used, or the journal from its start");
  return bytes;
}

void remove_snapshot_files(const std::string& folder, const std::vector<std::uint64_t>& kept) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator{folder, failed}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || (!name.ends_with(suffix) && !name.ends_with(unfinished))) continue;
    const bool wanted = std::ranges::any_of(kept, [&](std::uint64_t offset) { return entry.path() == snapshot_file(folder, offset); });
    if (!wanted) std::filesystem::remove(entry.path(), failed);
  }
}

} // namespace tocsin
