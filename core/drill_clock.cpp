#include "core/drill_clock.hpp"

#include <charconv>
#include <string>

namespace tocsin {

result<drill_clock> parse_drill_clock(std::string_view text) {
  const auto refused = [&](const std::string& why) {
    return fail(errc::invalid, "'" + std::string{text.substr(0, 200)} + "' is no clock of a drill: " + why +
                                   "; write RECORDED@MACHINExSPEED, as in 2026-01-01T00:00:00Z@2026-11-22T09:00:00Zx60");
  };
  const std::size_t at = text.find('@'), by = text.rfind('x');
  if (at == text.npos || by == text.npos || by < at) return refused("it has no '@' with an 'x' after it");
  const auto from = parse_rfc3339(text.substr(0, at)), begins = parse_rfc3339(text.substr(at + 1, by - at - 1));
  if (!from) return refused("before the '@': " + from.error().text);
  if (!begins) return refused("after the '@': " + begins.error().text);
  if (*from < timestamp{} || *begins < timestamp{}) return refused("its times must be after 1970");
  const std::string_view digits = text.substr(by + 1);
  std::int64_t speed = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), speed);
  if (ec != std::errc{} || end != digits.data() + digits.size() || speed < 1 || speed > drill_clock::speed_max)
    return refused("the speed must be a whole number from 1 to " + std::to_string(drill_clock::speed_max) + ", not '" + std::string{digits.substr(0, 40)} + "'");
  return drill_clock{*from, *begins, speed};
}

} // namespace tocsin
