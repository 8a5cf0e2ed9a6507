// Fuzz target: any bytes as MessagePack. What is taken is one line of JSON, and nothing is left behind by what is not.
#include <nlohmann/json.hpp>

#include "check_decoder.hpp"
#include "codecs/msgpack_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string out = "before";
  const auto read = tocsin::msgpack_to_json({reinterpret_cast<const char*>(data), size}, out);
  if (!read) {
    tocsin::fuzz::require(out == "before");
    return 0;
  }
  tocsin::fuzz::require(out.find('\n') == std::string::npos);
  tocsin::fuzz::require(!nlohmann::json::parse(out.substr(6), nullptr, false).is_discarded());
  return 0;
}
