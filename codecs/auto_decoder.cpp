// A decoder that tells the format by the first bytes: JSON lines begin with {" , tibrvlisten's do not.
#include "codecs/decoder.hpp"

namespace tocsin {

namespace {

class auto_decoder final : public decoder {
public:
  auto_decoder(decode_context context, json_mapping mapping) : context_(std::move(context)), mapping_(std::move(mapping)) {}

  void feed(std::string_view bytes, timestamp arrived, record_batch& out) override {
    if (!chosen_) {
      seen_ += bytes;
      const auto first = seen_.find_first_not_of(" \t\r\n\xef\xbb\xbf");
      if (first == std::string::npos) return keep_few();
      const auto second = seen_.find_first_not_of(" \t\r\n", first + 1);
      if (seen_[first] == '{' && second == std::string::npos) return keep_few();
      const bool json = seen_[first] == '{' && (seen_[second] == '"' || seen_[second] == '}');
      chosen_ = json ? make_jsonl_decoder(context_, mapping_) : make_tibrvlisten_decoder(context_);
      chosen_->feed(std::exchange(seen_, {}), arrived, out);
    } else {
      chosen_->feed(bytes, arrived, out);
    }
    pass_on();
  }

  void finish(timestamp arrived, record_batch& out) override {
    if (!chosen_) return;
    chosen_->finish(arrived, out);
    pass_on();
  }

private:
  /// Blanks alone say nothing; a few of them are enough to keep.
  void keep_few() {
    if (seen_.size() > 4096) seen_.erase(0, seen_.size() - 64);
  }

  void pass_on() {
    for (decode_error& e : chosen_->take_errors()) report(e.position, e.code, std::move(e.text), e.bytes);
    ignored_total_ = chosen_->ignored_count();
  }

  decode_context context_;
  json_mapping mapping_;
  std::string seen_;
  std::unique_ptr<decoder> chosen_;
};

} // namespace

std::unique_ptr<decoder> make_auto_decoder(decode_context context, json_mapping mapping) {
  return std::make_unique<auto_decoder>(std::move(context), std::move(mapping));
}

} // namespace tocsin
