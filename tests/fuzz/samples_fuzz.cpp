// Fuzz target: any bytes as JSON lines and as CSV of readings and events, whole and in pieces: what comes out the core can take.
#include <cmath>
#include <string>

#include "check_decoder.hpp"
#include "codecs/sample_decoder.hpp"

namespace {

using namespace tocsin;

std::string read(const char* format, std::string_view input, std::size_t piece) {
  sample_mapping mapping;
  mapping.format = format;
  const auto decoder = make_sample_decoder(mapping);
  sample_batch batch;
  for (std::size_t at = 0; at < input.size(); at += std::min(piece, input.size() - at)) decoder->feed(input.substr(at, piece), batch);
  decoder->finish(batch);
  std::string all;
  for (const sample& s : batch.samples) {
    fuzz::require(std::isfinite(s.value) && s.at > timestamp{} && !s.equipment.empty() && !s.channel.empty());
    fuzz::require(s.equipment.size() <= limits::host_bytes_max && s.channel.size() <= limits::host_bytes_max);
    fuzz::require(s.key_hash == hash_key(s.equipment, s.channel));
    all += std::to_string(to_nanoseconds(s.at)) + ' ' + std::to_string(s.key_hash) + ' ' + std::to_string(s.value) + '\n';
  }
  std::uint32_t before = 0;
  for (const equipment_event& e : batch.events) {
    fuzz::require(e.before >= before && e.before <= batch.samples.size() && e.at > timestamp{} && !e.equipment.empty());
    fuzz::require(std::isfinite(e.value) && e.text.size() <= 256 && e.key_hash == hash_key(e.equipment, ""));
    for (const std::string_view id : {e.module, e.name, e.recipe, e.step, e.lot, e.wafer}) fuzz::require(id.size() <= limits::label_bytes_max);
    before = e.before;
    all += std::to_string(to_nanoseconds(e.at)) + std::string{to_text(e.kind)} + std::string{to_text(e.state)} + std::string{e.name} + '\n';
  }
  const auto errors = decoder->take_errors();
  fuzz::require(errors.size() <= 1000 && errors.size() <= decoder->error_count());
  for (const decode_error& e : errors) fuzz::require(!e.text.empty() && e.bytes.size() <= 4096 && e.position != 0);
  return all + std::to_string(decoder->error_count());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::size_t piece = 1 + (size ? data[size / 2] : 0);
  for (const char* format : {"json", "csv"}) tocsin::fuzz::require(read(format, input, size + 1) == read(format, input, piece));
  return 0;
}
