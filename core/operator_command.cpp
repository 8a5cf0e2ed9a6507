// What a person tells Tocsin: how it travels, and what can be refused without knowing the
// incidents.
#include "core/operator_command.hpp"

#include <algorithm>
#include <array>

#include "core/bytes.hpp"
#include "core/limits.hpp"
#include "core/matcher.hpp"

namespace tocsin {

namespace {

constexpr std::uint8_t operator_command_version = 1;
constexpr std::array<std::string_view, 13> kinds{
    "acknowledge",       "unacknowledge", "shelve",  "unshelve",      "out_of_service",
    "return_to_service", "reset",         "silence", "expire_silence",
    "receiver_failing",  "receiver_works", "self_failing", "self_works"};

bool blank(std::string_view text) { return text.find_first_not_of(' ') == text.npos; }

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

tl::unexpected<error> refuse(command_kind kind, const std::string& what,
                             const std::string& remedy) {
  return fail(errc::invalid, std::string{to_text(kind)} + ": " + what + "; " + remedy);
}

result<void> check_texts(const operator_command& c) {
  if (blank(c.who)) return refuse(c.kind, "nobody says who orders it", "give a name");
  if (blank(c.target)) return refuse(c.kind, "nothing is named", "name what it is about");
  const auto too_odd = [](const std::string& text) { return has_control_character(text); };
  if (too_odd(c.who) || too_odd(c.target) || too_odd(c.comment) ||
      std::ranges::any_of(c.matchers, too_odd))
    return refuse(c.kind, "a text holds a line break or another control character",
                  "write it in one line");
  if (encode(c).size() > limits::command_bytes_max)
    return refuse(c.kind, "the texts are too long",
                  "keep name, target, comment and matchers below " +
                      std::to_string(limits::command_bytes_max) + " bytes together");
  return {};
}

result<void> check_reason(const operator_command& c) {
  const bool needed = c.kind == command_kind::shelve || c.kind == command_kind::out_of_service ||
                      c.kind == command_kind::silence;
  if (needed && blank(c.comment))
    return refuse(c.kind, "no reason is given", "say why: others will ask");
  return {};
}

result<void> check_times(const operator_command& c, timestamp now) {
  const bool must_end = c.kind == command_kind::shelve || c.kind == command_kind::silence;
  const bool may_end =
      must_end || c.kind == command_kind::acknowledge || c.kind == command_kind::out_of_service;
  if (must_end && (c.until == never || c.until == unset))
    return refuse(c.kind, "no end is given", "say until when, for example in 2h");
  if (may_end && c.until <= now)
    return refuse(
        c.kind, "its end " + (c.until == unset ? "unset" : to_rfc3339(c.until)) + " is in the past",
        "give a time after " + to_rfc3339(now));
  if (c.kind == command_kind::silence && c.from != unset && c.until <= c.from)
    return refuse(c.kind,
                  "it ends at " + to_rfc3339(c.until) + " and starts at " + to_rfc3339(c.from),
                  "let it end after its start");
  return {};
}

result<void> check_matchers(const operator_command& c) {
  if (c.kind != command_kind::silence) {
    if (c.matchers.empty()) return {};
    return refuse(c.kind, "it takes no matchers", "leave them out");
  }
  if (c.matchers.empty())
    return refuse(c.kind, "no matcher is given", "write for example alertname=\"clients_high\"");
  bool narrows = false;
  for (const std::string& text : c.matchers) {
    const result<matcher> m = parse_matcher(text);
    if (!m) return fail(m.error().code, std::string{to_text(c.kind)} + ": " + m.error().text);
    narrows = narrows || !m->matches({});
  }
  if (!narrows)
    return refuse(c.kind, "its matchers hold for everything",
                  "add one that needs a label to be there, for example severity=\"warning\"");
  return {};
}

} // namespace

std::string encode(const operator_command& c) {
  writer out;
  out.put(operator_command_version);
  out.put(c.kind);
  out.put(std::string_view{c.target});
  out.put(std::string_view{c.who});
  out.put(std::string_view{c.comment});
  out.put(c.from);
  out.put(c.until);
  out.put(static_cast<std::uint16_t>(c.matchers.size()));
  for (const std::string& m : c.matchers) out.put(std::string_view{m});
  return out.take();
}

result<operator_command> decode_command(std::string_view bytes) {
  if (bytes.size() > limits::command_bytes_max)
    return fail(errc::too_large, "an operator's command of " + std::to_string(bytes.size()) +
                                     " bytes is longer than any that was accepted");
  reader in{bytes};
  if (const auto v = in.get<std::uint8_t>(); in.ok() && v != operator_command_version)
    return fail(errc::version, "an operator's command has version " + std::to_string(v) + ", not " +
                                   std::to_string(operator_command_version) + "; it was given to another tocsin");
  operator_command c{};
  const auto kind = in.get<std::uint8_t>();
  c.kind = static_cast<command_kind>(kind);
  c.target = in.get_text();
  c.who = in.get_text();
  c.comment = in.get_text();
  c.from = in.get_time();
  c.until = in.get_time();
  for (auto n = in.get<std::uint16_t>(); n > 0 && in.ok(); --n) c.matchers.push_back(in.get_text());
  if (!in.ok() || !in.empty() || kind >= kinds.size())
    return fail(errc::malformed, "an operator's command is unreadable; it is ignored");
  return c;
}

std::string_view to_text(command_kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

std::optional<command_kind> parse_command_kind(std::string_view text) {
  const auto at = std::ranges::find(kinds, text);
  if (at == kinds.end()) return std::nullopt;
  return static_cast<command_kind>(at - kinds.begin());
}

result<void> check_command(const operator_command& c, timestamp now) {
  if (auto ok = check_texts(c); !ok) return ok;
  if (auto ok = check_reason(c); !ok) return ok;
  if (auto ok = check_times(c, now); !ok) return ok;
  return check_matchers(c);
}

} // namespace tocsin
