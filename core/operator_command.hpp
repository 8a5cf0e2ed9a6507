// What a person tells Tocsin: acknowledge, shelve, silence and the like. A durable input like any
// other: it is sequenced and journaled as a record, so that a replay knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

enum class command_kind : std::uint8_t {
  acknowledge,    ///< `target`: incident id; `who`, `comment`; `until`: then it is unacknowledged
                  ///< again
  unacknowledge,  ///< `target`: incident id
  shelve,         ///< `target`: alarm key; `until` and `comment` (the reason) required
  unshelve,       ///< `target`: alarm key
  out_of_service, ///< `target`: glob over subjects; `comment` required; `until` may be never
  return_to_service, ///< `target`: the glob given before
  reset,             ///< `target`: alarm key of a latched alarm
  silence,        ///< `target`: id (made by who gives it); `matchers`; `from`, `until`, `comment`
  expire_silence, ///< `target`: id of the silence
  // Of the node itself, not of people:
  receiver_failing,  ///< `target`: name of the receiver; `comment`: its answer
  receiver_works,    ///< `target`: name of the receiver
  self_failing,      ///< `target`: canary or beat; `comment`: what fails
  self_works,        ///< `target`: canary or beat
};

struct operator_command {
  command_kind kind;
  std::string target;
  std::string who; ///< required
  std::string comment;
  timestamp from = unset, until = never;
  std::vector<std::string> matchers; ///< as text, already checked
};

/// Bytes as they travel in a record's `peer`; at most limits::command_bytes_max.
std::string encode(const operator_command& c);
result<operator_command> decode_command(std::string_view bytes);
std::string_view to_text(command_kind kind);
std::optional<command_kind> parse_command_kind(std::string_view text);
/// Everything that can be refused without knowing the incidents: missing name, reason, end; an end
/// before the start; a matcher that cannot be read; too long a text. `now`: what "in the past" is
/// judged by.
result<void> check_command(const operator_command& c, timestamp now);

} // namespace tocsin
