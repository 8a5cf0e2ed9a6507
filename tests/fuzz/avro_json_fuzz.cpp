// Fuzz target: any bytes as Avro of a schema with everything in it, and as a schema.
#include <nlohmann/json.hpp>

#include "check_decoder.hpp"
#include "codecs/avro_json.hpp"

namespace {
constexpr const char* everything = R"({"type":"record","name":"r","fields":[
  {"name":"s","type":"string"},{"name":"l","type":"long"},{"name":"o","type":["null","double"]},
  {"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}},{"name":"f","type":{"type":"fixed","name":"f","size":3}},
  {"name":"m","type":{"type":"map","values":"float"}},{"name":"a","type":{"type":"array","items":"bytes"}},
  {"name":"n","type":{"type":"record","name":"inner","fields":[{"name":"b","type":"boolean"},{"name":"i","type":"int"}]}}]})";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  static avro_schemas known = [] {
    avro_schemas s;
    fuzz::require(s.add(1, everything).has_value());
    return s;
  }();
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  std::string value{"\0\0\0\0\1", 5}, out = "before";
  value += input;
  const auto read = known.to_json(value, out);
  if (!read) fuzz::require(out == "before");
  else fuzz::require(!nlohmann::json::parse(out.substr(6), nullptr, false).is_discarded());
  avro_schemas others;
  (void)others.add(2, input);
  return 0;
}
