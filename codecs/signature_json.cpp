#include "codecs/signature_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/limits.hpp"

namespace tocsin {

namespace {
using json = nlohmann::ordered_json;
constexpr int version = 1;
} // namespace

std::string to_json(const signature_library& library) {
  json out{{"tocsin_signatures", version}, {"channels", library.channels}, {"signatures", json::array()}};
  for (const auto& k : library.known)
    out["signatures"].push_back({{"name", k.signature.name}, {"captured_from", k.captured_from}, {"pattern", k.signature.pattern}});
  return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

result<signature_library> parse_signature_library(std::string_view text, const std::string& file) {
  const auto broken = [&file](const std::string& why, errc code = errc::malformed) {
    return fail(code, file + ": no library of fault signatures: " + why + "; name one that tocsin analyse signature capture wrote");
  };
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object() || !all.contains("tocsin_signatures")) return broken("it is not the JSON of one");
  if (all["tocsin_signatures"] != version) return broken("its version is " + all["tocsin_signatures"].dump().substr(0, 20) + ", not " + std::to_string(version), errc::version);
  const json channels = all.value("channels", json::array()), signatures = all.value("signatures", json::array());
  signature_library out;
  if (!channels.is_array() || channels.size() > limits::series_columns_max || !signatures.is_array() || signatures.size() > fault_library::signatures_most)
    return broken("channels or signatures are no lists, or too long");
  for (const json& c : channels) {
    if (!c.is_string()) return broken("channels are not all names");
    out.channels.push_back(c.get<std::string>());
  }
  for (const json& s : signatures) {
    const std::string place = "signature " + std::to_string(out.known.size() + 1);
    if (!s.is_object() || !s.contains("name") || !s["name"].is_string() || !s.contains("pattern") || !s["pattern"].is_array()) return broken(place + " has no name or no pattern");
    if (s["pattern"].size() != 2 * out.channels.size()) return broken(place + " has not two numbers for each channel");
    std::vector<double> pattern;
    for (const json& v : s["pattern"]) {
      if (!v.is_number()) return broken(place + " has a pattern of other things than numbers");
      pattern.push_back(v.get<double>());
    }
    auto one = fault_signature::capture(s["name"].get<std::string>(), std::move(pattern));
    if (!one) return broken(place + ": " + one.error().text);
    const json from = s.value("captured_from", json(""));
    out.known.push_back({std::move(*one), from.is_string() ? from.get<std::string>() : ""});
  }
  return out;
}

} // namespace tocsin
