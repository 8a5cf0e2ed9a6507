#include "codecs/envelope.hpp"

#include <algorithm>

#include "core/bytes.hpp"

namespace tocsin {

namespace {
constexpr std::uint32_t magic = 0x4e534354; ///< "TCSN"

bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}
} // namespace

std::string encode(const envelope& e) {
  writer out;
  out.put(magic);
  out.put(envelope_version);
  out.put(e.kind);
  out.put(std::string_view{e.node});
  out.put(e.incarnation);
  out.put(e.epoch);
  out.put(e.id);
  out.put(e.deadline_ms);
  out.put(std::string_view{e.bytes});
  return out.take();
}

result<envelope> decode_envelope(std::string_view bytes) {
  reader in{bytes};
  if (in.get<std::uint32_t>() != magic) return fail(errc::malformed, "this is no envelope of Tocsin");
  const auto version = in.get<std::uint16_t>();
  if (in.ok() && version != envelope_version)
    return fail(errc::version, "the envelope has version " + std::to_string(version) + ", we speak " + std::to_string(envelope_version) +
                                   "; let all nodes run the same version");
  envelope e;
  const auto kind = in.get<std::uint8_t>();
  e.node = in.get_text();
  e.incarnation = in.get<std::uint64_t>();
  e.epoch = in.get<std::uint64_t>();
  e.id = in.get<std::uint64_t>();
  e.deadline_ms = in.get<std::uint32_t>();
  e.bytes = in.get_text();
  if (!in.ok() || !in.empty()) return fail(errc::malformed, "the envelope's lengths do not fit its bytes");
  if (kind > static_cast<std::uint8_t>(envelope_kind::refusal)) return fail(errc::malformed, "the envelope is of no kind we know");
  e.kind = static_cast<envelope_kind>(kind);
  if (e.node.empty() || e.node.size() > node_name_bytes_max || !is_name(e.node))
    return fail(errc::malformed, "the envelope's sender has no name of a node");
  if (e.deadline_ms > question_deadline_ms_max) return fail(errc::too_large, "the envelope's deadline is beyond a minute");
  return e;
}

} // namespace tocsin
