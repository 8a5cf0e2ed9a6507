#include "core/story.hpp"

#include <algorithm>
#include <array>

namespace tocsin {

namespace {
constexpr std::array<std::string_view, 15> names{
    "told",     "waiting",    "delayed",        "below_severity", "silenced",
    "inhibited", "shelved",   "suppressed",     "out_of_service", "calendar",
    "held",     "covered",    "digest",         "never_told",     "end_unwanted"};
static_assert(static_cast<std::size_t>(decision_kind::end_unwanted) + 1 == names.size());
} // namespace

std::string_view to_text(decision_kind what) { return names[static_cast<std::size_t>(what)]; }

std::optional<decision_kind> parse_decision_kind(std::string_view text) {
  const auto at = std::ranges::find(names, text);
  if (at == names.end()) return {};
  return static_cast<decision_kind>(at - names.begin());
}

} // namespace tocsin
