// One Rendezvous frame to at most one record: the mapping itself is in advisory.cpp.
#include "codecs/rv_records.hpp"

#include "codecs/rv_bytes.hpp"

namespace tocsin {

namespace {

void feed_integer(advisory_field id, const rv_field& f, advisory_builder& builder) {
  // Nearly all of a heartbeat, and most of the time to decode one.
  if (f.type == rv_type::unsigned_integer && f.data.size() == 8)
    return builder.number(id, read_be<std::uint64_t>(f.data.data()));
  if (const auto value = f.as_unsigned()) return builder.number(id, *value);
  if (const auto value = f.as_signed()) return builder.negative(id, *value);
  builder.wrong(id, "has " + std::to_string(f.data.size()) + " bytes, no integer's width");
}

void feed_field(advisory_field id, const rv_field& f, advisory_builder& builder) {
  switch (f.type) {
  case rv_type::unsigned_integer:
  case rv_type::signed_integer:
    return feed_integer(id, f, builder);
  case rv_type::string:
    return builder.text(id, *f.as_text());
  case rv_type::ip:
    if (const auto address = f.as_address()) return builder.address(id, *address);
    if (const auto port = f.as_port()) return builder.number(id, *port);
    return builder.wrong(id, "is neither an address nor a port");
  case rv_type::real:
    if (const auto value = f.as_real()) return builder.real(id, *value);
    return builder.wrong(id, "has " + std::to_string(f.data.size()) + " bytes, no real's width");
  case rv_type::datetime:
    if (const auto value = f.as_time()) return builder.time(id, *value);
    return builder.wrong(id, "is in no known layout of a datetime");
  default:
    return builder.wrong(id, "has wire type " + std::to_string(static_cast<int>(f.type)));
  }
}

} // namespace

result<void> feed_fields(rv_reader message, advisory_builder& builder) {
  for (rv_field f; message.next(f);) {
    const advisory_field id = field_of(f.name);
    if (id != advisory_field::none) feed_field(id, f, builder);
  }
  if (!message.ok()) return tl::make_unexpected(message.failure());
  return {};
}

result<record*> rv_record_decoder::decode(std::string_view frame, record_batch& out) {
  if (frame.size() == rv_header_bytes && rv_frame_length(frame)) return nullptr; // a ping
  auto envelope = read_envelope(frame, subject_);
  if (!envelope) return tl::make_unexpected(std::move(envelope.error()));
  if (envelope->mtype != 'A' && envelope->mtype != 'D') return nullptr;
  if (!builder_.begin(envelope->subject)) return nullptr;
  if (envelope->data) {
    if (envelope->data->type != rv_type::message)
      return fail(errc::unsupported, "'data' of " + std::string{envelope->subject} + " at offset " +
                                         std::to_string(envelope->data->offset) +
                                         " is not a message");
    if (auto fed = feed_fields(rv_reader::nested(*envelope->data), builder_); !fed) {
      builder_.take_problem();
      return tl::make_unexpected(std::move(fed.error()));
    }
  }
  record* made = builder_.end(out);
  if (!made)
    if (auto problem = builder_.take_problem()) return tl::make_unexpected(std::move(*problem));
  return made;
}

} // namespace tocsin
