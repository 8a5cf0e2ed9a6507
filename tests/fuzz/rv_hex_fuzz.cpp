// Fuzz target: any bytes as a recorded Rendezvous session, cut anywhere.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codecs/decoder.hpp"

namespace {

using namespace tocsin;

struct counts {
  std::size_t records;
  std::uint64_t errors, ignored;
  bool operator==(const counts&) const = default;
};

void require(bool holds) {
  if (!holds) std::abort();
}

counts decode(std::string_view input, std::size_t piece) {
  const auto d = make_rv_hex_decoder({});
  record_batch batch;
  for (std::size_t at = 0; at < input.size(); at += piece)
    d->feed(input.substr(at, piece), unset, batch);
  d->finish(unset, batch);
  for (const record& r : batch.records) require(r.at != unset);
  for (const decode_error& e : d->take_errors())
    require(e.position > 0 && !e.text.empty() && e.bytes.size() <= 4096);
  return {batch.records.size(), d->error_count(), d->ignored_count()};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  require(decode(input, size + 1) == decode(input, 1 + size % 89));
  return 0;
}
