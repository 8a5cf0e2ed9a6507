// Fuzz target: any bytes from another node. What is taken is written as the same bytes again.
#include "check_decoder.hpp"
#include "codecs/cluster_query.hpp"
#include "codecs/envelope.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto taken = decode_envelope(input);
  if (taken) fuzz::require(encode(*taken) == input && !taken->node.empty() && taken->node.size() <= node_name_bytes_max);
  const std::string_view inner = taken ? std::string_view{taken->bytes} : input;
  if (const auto q = decode_query(inner)) fuzz::require(encode(*q) == inner);
  if (const auto p = decode_part(inner)) fuzz::require(encode(*p) == inner);
  return 0;
}
