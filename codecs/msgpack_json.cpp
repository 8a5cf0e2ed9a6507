#include "codecs/msgpack_json.hpp"

#include <msgpack.hpp>

#include <charconv>
#include <cmath>

#include "codecs/json_views.hpp"

namespace tocsin {

namespace {

constexpr int depth_max = 16;

class json_writer final : public msgpack::null_visitor {
public:
  explicit json_writer(std::string& out) : out_(out) {}

  bool visit_nil() { return plain("null"); }
  bool visit_boolean(bool v) { return plain(v ? "true" : "false"); }
  bool visit_positive_integer(std::uint64_t v) { return number(v); }
  bool visit_negative_integer(std::int64_t v) { return number(v); }
  bool visit_float32(float v) { return real(static_cast<double>(v)); }
  bool visit_float64(double v) { return real(v); }
  bool visit_str(const char* p, std::uint32_t size) {
    append_json_string(out_, {p, size});
    return true;
  }
  bool visit_bin(const char* p, std::uint32_t size) { return visit_str(p, size); }
  bool visit_ext(const char*, std::uint32_t) { return refuse("an extension type"); }
  bool start_array(std::uint32_t) { return open('['); }
  bool start_array_item() { return next('['); }
  bool end_array() { return close(']'); }
  bool start_map(std::uint32_t) { return open('{'); }
  bool start_map_key() {
    in_key_ = true;
    return next('{');
  }
  bool end_map_key() {
    in_key_ = false;
    out_ += ':';
    return true;
  }
  bool end_map() { return close('}'); }
  void parse_error(std::size_t, std::size_t) {
    if (why_.empty()) why_ = "no MessagePack";
  }
  void insufficient_bytes(std::size_t, std::size_t) {
    if (why_.empty()) why_ = "the MessagePack ends too early";
  }
  bool referenced(bool) { return true; }
  const std::string& why() const { return why_; }

private:
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool plain(std::string_view text) {
    if (in_key_) out_ += '"';
    out_ += text;
    if (in_key_) out_ += '"';
    return true;
  }
  template <class Number>
  bool number(Number v) {
    char digits[40];
    const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, v);
    return plain({digits, static_cast<std::size_t>(ec == std::errc{} ? end - digits : 0)});
  }
  bool real(double v) { return std::isfinite(v) ? number(v) : plain("null"); }
  bool open(char bracket) {
    if (in_key_) return refuse("a map whose keys are no texts");
    if (++depth_ > depth_max) return refuse("nested too deep");
    out_ += bracket;
    return true;
  }
  bool next(char bracket) {
    if (out_.back() != bracket) out_ += ',';
    return true;
  }
  bool close(char bracket) {
    --depth_;
    out_ += bracket;
    return true;
  }

  std::string& out_;
  std::string why_;
  int depth_ = 0;
  bool in_key_ = false;
};

} // namespace

result<void> msgpack_to_json(std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  std::size_t end = 0;
  json_writer visitor{out};
  bool whole = false;
  try { // the library throws at sizes it cannot take
    whole = msgpack::parse(bytes.data(), bytes.size(), end, visitor);
  } catch (const std::exception&) {
    whole = false;
  }
  if (whole && end == bytes.size()) return {};
  out.resize(before);
  const std::string why = !visitor.why().empty() ? visitor.why() : whole ? "something follows the value" : "no MessagePack";
  return fail(errc::malformed, why + "; write one MessagePack map for each record");
}

} // namespace tocsin
