// Reads a file, or standard input, piece by piece; gzip is unpacked on the way.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin {

/// Whether it is gzip is told by the first bytes, not by the name.
class plain_or_gzip {
public:
  /// "-" is standard input. Errors: io (it cannot be opened).
  static result<plain_or_gzip> open(const std::string& path);

  /// The next piece, empty at the end; valid until the next call. Errors: malformed (broken or cut gzip), io.
  result<std::string_view> next();

private:
  struct closer {
    void operator()(void* file) const;
  };
  plain_or_gzip(void* file, std::string path);
  std::unique_ptr<void, closer> file_;
  std::string path_;
  std::unique_ptr<char[]> buffer_;
};

} // namespace tocsin
