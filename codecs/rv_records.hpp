// One Rendezvous frame to at most one record.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codecs/advisory.hpp"
#include "codecs/rv_protocol.hpp"

namespace tocsin {

/// Gives every known field of a message to the builder. Fails only on a broken walk.
result<void> feed_fields(rv_reader message, advisory_builder& builder);

class rv_record_decoder {
public:
  explicit rv_record_decoder(decode_context context) : builder_(std::move(context)) {}

  /// The record appended to `out` (its `at` unset), or nullptr for a frame of no interest: pings,
  /// the handshake's answers, subjects we do not know. On failure `out` is unchanged.
  result<record*> decode(std::string_view frame, record_batch& out);
  /// A field that could not be used in a record that was made; at most one per decode().
  std::optional<error> take_problem() { return builder_.take_problem(); }
  advisory_builder& builder() { return builder_; }

private:
  advisory_builder builder_;
  rv_subject_text subject_{};
};

} // namespace tocsin
