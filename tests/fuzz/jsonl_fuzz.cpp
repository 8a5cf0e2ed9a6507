// Fuzz target: any bytes as JSON lines, whole and in pieces, with our names and with a house's own.
#include "check_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  json_mapping house;
  house.at = "meta.ts";
  house.at_unit = "ms";
  house.subject = "";
  house.message = "";
  house.fields = {{"hostaddr", "host_ip"}, {"up", "stats.uptime"}};
  for (const json_mapping& mapping : {json_mapping{}, house}) {
    const auto whole = make_jsonl_decoder({}, mapping);
    const auto pieces = make_jsonl_decoder({}, mapping);
    fuzz::require(fuzz::run(*whole, input, input.size()) ==
                  fuzz::run(*pieces, input, 1 + (size ? data[size / 2] : 0)));
  }
  return 0;
}
