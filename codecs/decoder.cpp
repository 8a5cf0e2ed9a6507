#include "codecs/decoder.hpp"

namespace tocsin {

namespace {
constexpr std::size_t errors_kept_max = 1000;
constexpr std::size_t error_bytes_max = 4096;
} // namespace

std::vector<decode_error> decoder::take_errors() { return std::exchange(errors_, {}); }

void decoder::report(std::uint64_t position, errc code, std::string text, std::string_view bytes) {
  ++errors_total_;
  if (errors_.size() < errors_kept_max)
    errors_.push_back({position, code, std::move(text), std::string{bytes.substr(0, error_bytes_max)}});
}

} // namespace tocsin
