// Fuzz target: any bytes as a blob of the journal. What it accepts, it writes and reads again
// unchanged.
#include "check_decoder.hpp"
#include "codecs/journal_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const auto batch = decode_records({reinterpret_cast<const char*>(data), size});
  if (!batch) {
    fuzz::require(!batch.error().text.empty());
    return 0;
  }
  const std::string written = encode_records(*batch, 0, batch->records.size());
  const auto again = decode_records(written);
  fuzz::require(again.has_value() && again->records.size() == batch->records.size());
  fuzz::require(again->first_offset == batch->first_offset);
  fuzz::require(encode_records(*again, 0, again->records.size()) == written);
  return 0;
}
