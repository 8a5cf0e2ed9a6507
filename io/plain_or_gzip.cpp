#include "io/plain_or_gzip.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

namespace tocsin {

namespace {
constexpr unsigned buffer_bytes = 256 * 1024;
gzFile handle(void* file) { return static_cast<gzFile>(file); }
} // namespace

void plain_or_gzip::closer::operator()(void* file) const { gzclose(handle(file)); }

plain_or_gzip::plain_or_gzip(void* file, std::string path)
    : file_(file), path_(std::move(path)), buffer_(std::make_unique<char[]>(buffer_bytes)) {}

result<plain_or_gzip> plain_or_gzip::open(const std::string& path) {
  const int descriptor = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(errc::io, path + ": cannot be read: " + std::strerror(errno) + "; name a file that is there and readable");
  gzFile file = gzdopen(descriptor, "rb");
  if (!file) {
    ::close(descriptor);
    return fail(errc::io, path + ": no memory to unpack it");
  }
  gzbuffer(file, buffer_bytes);
  return plain_or_gzip{file, path};
}

result<std::string_view> plain_or_gzip::next() {
  const int got = gzread(handle(file_.get()), buffer_.get(), buffer_bytes);
  int code = Z_OK;
  const char* why = gzerror(handle(file_.get()), &code);
  // At the end of a cut file gzread gives what it has and no error; only the code tells.
  if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END)) {
    const std::string reason = code == Z_ERRNO ? std::strerror(errno) : why;
    return fail(code == Z_ERRNO ? errc::io : errc::malformed, path_ + ": cannot be read to its end: " + reason + "; what was read before it counts");
  }
  return std::string_view{buffer_.get(), static_cast<std::size_t>(got)};
}

} // namespace tocsin
