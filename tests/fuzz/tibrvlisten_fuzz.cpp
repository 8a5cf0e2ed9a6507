// Fuzz target: any bytes as tibrvlisten output, whole and in pieces.
#include "check_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto whole = make_tibrvlisten_decoder({});
  const auto pieces = make_tibrvlisten_decoder({});
  fuzz::require(fuzz::run(*whole, input, input.size()) ==
                fuzz::run(*pieces, input, 1 + (size ? data[size / 2] : 0)));
  return 0;
}
