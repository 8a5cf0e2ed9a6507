// Symptoms of machines whose input is not journaled (equipment): they travel as records, so that a restart and a replay know them.
#pragma once

#include <string>
#include <string_view>

#include "core/effect.hpp"
#include "core/error.hpp"

namespace tocsin {

inline constexpr std::size_t reported_bytes_max = 4096; ///< of one encoded symptom; facts beyond it are left out
/// Who reports repeats what lasts this often, and a group takes for over what was not repeated for so long.
inline constexpr duration repeat_every = 1min, repeated_within = 5min;

/// Bytes as they travel in a record's `peer`.
std::string encode_reported(const symptom& s);
/// Error malformed: no bytes of a symptom.
result<symptom> decode_reported(std::string_view bytes);
/// The effect on the group of the symptom's unit, at the record's own time. "equipment/etch7/ch1.pressure" belongs to
/// "equipment/etch7", "source/fab" to "source/fab".
effect effect_of_reported(symptom s, timestamp at);
/// Whether symptoms of this kind are reported by records.
bool is_reported(symptom_kind kind);

} // namespace tocsin
