// What nodes say to each other; nothing else goes over the wire between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin {

enum class envelope_kind : std::uint8_t { question, answer, refusal };

struct envelope {
  envelope_kind kind = envelope_kind::question;
  std::string node;               ///< name of the sender
  std::uint64_t incarnation = 0;  ///< of the sender: another one with each start
  std::uint64_t epoch = 0;        ///< of the ownership the sender speaks of; 0 = of none
  std::uint64_t id = 0;           ///< of the question; its answer has the same
  std::uint32_t deadline_ms = 0;  ///< of a question: an answer is of use for so long after it came
  std::string bytes;              ///< of a refusal: why
  friend bool operator==(const envelope&, const envelope&) = default;
};

inline constexpr std::uint16_t envelope_version = 1;
inline constexpr std::size_t question_bytes_max = 64 << 10; ///< an envelope with a question: some names
inline constexpr std::size_t reply_bytes_max = 64 << 20;    ///< with an answer: 10,000 daemons, each with its 40 points of history
inline constexpr std::size_t node_name_bytes_max = 64;
inline constexpr std::uint32_t question_deadline_ms_max = 60'000;

std::string encode(const envelope& e);
/// errc::malformed: no envelope; errc::version: of another version; errc::too_large: a name or deadline beyond its bound.
result<envelope> decode_envelope(std::string_view bytes);

} // namespace tocsin
