// The conversation between a Rendezvous client and its daemon: handshake records, envelope,
// subjects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codecs/rv_message.hpp"

namespace tocsin {

inline constexpr std::size_t rv_version_record_bytes = 12;
inline constexpr std::size_t rv_option_record_bytes = 64;
/// First word of an option record.
enum class rv_option_step : std::uint32_t { agreed = 1, request = 2, response = 3 };

std::string rv_version_record();
std::string rv_option_record(rv_option_step step);

/// Views into a frame, the subject into a buffer the caller gives.
struct rv_envelope {
  char mtype = 0; ///< I R L C D A
  std::string_view subject;
  std::string_view reply; ///< `return`
  std::optional<rv_field> data;
};

/// Reads the envelope fields, in any order, ignoring others. Fails on a broken walk, on a missing
/// `mtype` or on a subject that is none.
result<rv_envelope> read_envelope(std::string_view frame, rv_subject_text& subject);

/// What INITRESP says.
struct rv_init_response {
  std::uint32_t address = 0; ///< of the daemon
  std::uint16_t service = 0;
  std::string gob; ///< empty when absent or unfit for a session name
};
result<rv_init_response> read_init_response(const rv_envelope& e);
/// "5: the same service on two networks" and what to do about it.
std::string describe_refusal(std::int64_t code);

struct rv_init {
  std::string_view user, service, network;
  std::string_view session; ///< empty in the first
};
std::string write_init(const rv_init& init);
/// L or C.
result<std::string> write_listen(char mtype, std::string_view subject);
/// D or A. `data`: a complete message; empty = none.
result<std::string> write_data(char mtype, std::string_view subject, std::string_view data,
                               std::string_view reply = {});

/// "7F000001".
std::string host_id_text(std::uint32_t address);

/// '*' is one element, '>' one or more at the end.
bool subject_matches(std::string_view pattern, std::string_view subject);
/// No empty element, within limits, '>' only at the end.
result<void> check_pattern(std::string_view pattern);

} // namespace tocsin
