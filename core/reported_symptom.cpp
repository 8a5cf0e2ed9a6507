#include "core/reported_symptom.hpp"

#include <algorithm>

#include "core/bytes.hpp"
#include "core/group_state.hpp"

namespace tocsin {

namespace {
constexpr std::uint8_t reported_symptom_version = 1;
constexpr std::size_t text_bytes_max = 256; ///< of one fact
} // namespace

std::string encode_reported(const symptom& s) {
  writer head;
  head.put(reported_symptom_version);
  head.put(s.kind);
  head.put(s.state);
  head.put(s.level);
  head.put(s.at);
  head.put(s.since);
  head.put(std::string_view{s.subject});
  evidence kept;
  std::string facts;
  for (const fact& f : s.facts) {
    fact short_one = f;
    if (auto* text = std::get_if<std::string>(&short_one.value); text && text->size() > text_bytes_max) text->resize(text_bytes_max);
    kept.push_back(std::move(short_one));
    writer w;
    save(w, kept);
    if (head.bytes().size() + w.bytes().size() > reported_bytes_max) break;
    facts = w.take();
  }
  if (facts.empty()) {
    writer none;
    save(none, evidence{});
    facts = none.take();
  }
  return head.take() + facts;
}

result<symptom> decode_reported(std::string_view bytes) {
  reader in{bytes};
  if (in.get<std::uint8_t>() != reported_symptom_version) return fail(errc::malformed, "no reported symptom of version 1");
  symptom s{};
  const auto kind = in.get<std::uint8_t>(), state = in.get<std::uint8_t>(), level = in.get<std::uint8_t>();
  s.at = in.get_time();
  s.since = in.get_time();
  s.subject = in.get_text();
  s.facts = load_evidence(in);
  if (!in.ok() || kind >= symptom_kind_count || state > static_cast<std::uint8_t>(symptom_state::repeated) ||
      level > static_cast<std::uint8_t>(severity::critical) || s.subject.empty())
    return fail(errc::malformed, "the bytes of a reported symptom are broken");
  s.kind = static_cast<symptom_kind>(kind);
  s.state = static_cast<symptom_state>(state);
  s.level = static_cast<severity>(level);
  if (!is_reported(s.kind)) return fail(errc::malformed, "symptoms of kind " + std::string{to_text(s.kind)} + " are not reported");
  return s;
}

effect effect_of_reported(symptom s, timestamp at) {
  const std::size_t sort = s.subject.find('/');
  const std::size_t unit = sort == std::string::npos ? sort : s.subject.find('/', sort + 1);
  effect e{at, s.subject.substr(0, unit), {}};
  s.at = at;
  s.since = std::min(s.since, at); // a sensor's clock may be ahead
  e.what = std::move(s);
  return e;
}

bool is_reported(symptom_kind kind) {
  return kind >= symptom_kind::sensor_anomaly && kind <= symptom_kind::quality_low;
}

} // namespace tocsin
