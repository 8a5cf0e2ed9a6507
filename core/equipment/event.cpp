#include "core/equipment/event.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace tocsin {

namespace {

constexpr std::array<std::string_view, event_kinds> kind_names{"state", "task", "alarm_set", "alarm_cleared", "process", "maintenance", "measurement", "yield"};
constexpr std::array<std::string_view, 7> state_names{"unknown", "productive", "standby", "engineering", "scheduled_down", "unscheduled_down", "non_scheduled"};
constexpr std::array<std::string_view, 7> state_letters{"", "prd", "sby", "eng", "sdt", "udt", "nst"};
constexpr std::array<std::string_view, 4> task_names{"unknown", "idle", "busy", "blocked"};

/// Lower case, '_' for blanks and hyphens, without blanks around it.
std::string plain(std::string_view text) {
  constexpr std::size_t longest = 24;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c == ' ' || c == '-' ? '_' : c;
  return out;
}

template <class Names>
std::size_t position(const Names& names, std::string_view text, std::size_t otherwise) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text && !text.empty()) return i;
  return otherwise;
}

} // namespace

std::string_view to_text(event_kind kind) { return kind_names[static_cast<std::size_t>(kind)]; }
std::string_view to_text(e10_state state) { return state_names[static_cast<std::size_t>(state)]; }
std::string_view to_text(e116_task task) { return task_names[static_cast<std::size_t>(task)]; }

std::optional<event_kind> parse_event_kind(std::string_view text) {
  const std::size_t found = position(kind_names, plain(text), event_kinds);
  if (found == event_kinds) return std::nullopt;
  return static_cast<event_kind>(found);
}

e10_state parse_e10_state(std::string_view text) {
  std::string word = plain(text);
  if (word.ends_with("_downtime")) word.resize(word.size() - 4);
  const std::size_t found = position(state_names, word, 0);
  return static_cast<e10_state>(found != 0 ? found : position(state_letters, word, 0));
}

e116_task parse_e116_task(std::string_view text) { return static_cast<e116_task>(position(task_names, plain(text), 0)); }

} // namespace tocsin
