// Sensor records as a source's decoder: what a sample decoder gives goes into the batches of records.
#include "codecs/sample_decoder.hpp"

namespace tocsin {

namespace {

class sample_source_decoder final : public decoder {
public:
  explicit sample_source_decoder(sample_mapping m) : inner_(make_sample_decoder(std::move(m))) {}
  void feed(std::string_view bytes, timestamp, record_batch& out) override {
    sample_batch b = taken(out);
    inner_->feed(bytes, b);
    give(b, out);
  }
  void finish(timestamp, record_batch& out) override {
    sample_batch b = taken(out);
    inner_->finish(b);
    give(b, out);
  }

private:
  static sample_batch taken(record_batch& out) {
    sample_batch b;
    b.samples.swap(out.samples);
    b.events.swap(out.events);
    b.bytes.swap(out.bytes);
    return b;
  }
  void give(sample_batch& b, record_batch& out) {
    out.samples.swap(b.samples);
    out.events.swap(b.events);
    out.bytes.swap(b.bytes);
    for (decode_error& e : inner_->take_errors()) report(e.position, e.code, std::move(e.text), e.bytes);
  }
  std::unique_ptr<sample_decoder> inner_;
};

} // namespace

std::unique_ptr<decoder> make_sample_source_decoder(sample_mapping mapping) {
  return std::make_unique<sample_source_decoder>(std::move(mapping));
}

sample_mapping for_path(sample_mapping mapping, std::string_view path) {
  if (mapping.format == "auto") mapping.format = path.ends_with(".csv") || path.ends_with(".CSV") ? "csv" : "json";
  return mapping;
}

} // namespace tocsin
