// Fuzz target: any bytes as a Rendezvous frame, and as the data of an advisory.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codecs/rv_records.hpp"
#include "codecs/rv_writer.hpp"
#include "core/limits.hpp"

namespace {

using namespace tocsin;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every getter of every field; what one gives must agree with what the others give.
void read_field(const rv_field& f, std::string_view whole) {
  require(f.data.data() >= whole.data() &&
          f.data.data() + f.data.size() <= whole.data() + whole.size());
  require(f.data.empty() || f.data.data() == whole.data() + f.data_offset);
  const auto number = f.as_unsigned();
  const auto negative = f.as_signed();
  if (number && *number >> 63 == 0)
    require(negative && static_cast<std::uint64_t>(*negative) == *number);
  if (negative && *negative < 0) require(!number);
  if (const auto text = f.as_text()) require(text->find('\0') == std::string_view::npos);
  if (f.as_address()) require(!f.as_port());
  if (const auto time = f.as_time()) require(to_nanoseconds(*time) >= 0);
  rv_subject_text buffer;
  if (const auto subject = f.as_subject(buffer)) {
    require(!subject->empty() && subject->size() <= limits::subject_bytes_max);
    require(subject_matches(">", *subject));
  }
  if (const auto count = f.element_count()) {
    require(*count <= f.data.size());
    for (std::size_t i = 0; i < *count && i < 64; ++i) {
      const auto element = f.element_signed(i);
      if (element && *element >= 0)
        require(f.element_unsigned(i) == static_cast<std::uint64_t>(*element));
      if (element) require(f.element_real(i) == static_cast<double>(*element));
    }
    require(!f.element_signed(*count) && !f.element_unsigned(*count) && !f.element_real(*count));
  }
}

void walk(rv_reader reader, std::string_view whole) {
  std::size_t fields = 0;
  for (rv_field f; reader.next(f);) {
    ++fields;
    read_field(f, whole);
    if (f.type == rv_type::message) walk(rv_reader::nested(f), whole);
    rv_message_array_reader items{f};
    for (rv_field item; items.next(item);) walk(rv_reader::nested(item), whole);
  }
  require(fields <= limits::rv_fields_max);
  if (!reader.ok()) require(!reader.failure().text.empty());
}

void decode(std::string_view frame) {
  decode_context context;
  context.daemon_host = frame.size() % 2 ? "10.0.0.1" : "";
  rv_record_decoder decoder{context};
  record_batch batch;
  const auto made = decoder.decode(frame, batch);
  require(batch.records.size() == (made && *made ? 1 : 0));
  if (!made) return require(!made.error().text.empty());
  if (!*made) return;
  const record& r = **made;
  require(r.host.size() <= limits::host_bytes_max && r.peer.size() <= limits::host_bytes_max);
  require(r.service.size() <= limits::label_bytes_max &&
          r.network.size() <= limits::label_bytes_max &&
          r.version.size() <= limits::label_bytes_max);
  require(r.key_hash == hash_key(r.host, r.service));
  require(!r.host.empty() || r.kind == record_kind::sight_lost ||
          r.kind == record_kind::sight_regained);
  require(r.present >> counter_count == 0 && r.reliability_s >= 0);
  for (const std::string_view text : {r.host, r.service, r.network, r.version, r.peer})
    for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto length = rv_frame_length(input);
  if (length && *length)
    require(**length >= rv_header_bytes && **length <= limits::rv_message_bytes_max);
  const auto checked = check_message(input);
  if (checked) require(length && *length && **length == size && *checked <= limits::rv_fields_max);
  walk(rv_reader{input}, input);
  decode(input);

  // The same bytes where a daemon's own envelope is sound: as fields, and as a message.
  constexpr std::array<const char*, 6> subjects{
      "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389",
      "_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST",
      "_RV.INFO.SYSTEM.HOST.STOP.7F000001",
      "_RV.INFO.SYSTEM.UNREACHABLE.TRANSPORT.0A62A389.68EEF74D081",
      "_RV.INFO.SYSTEM.RETRANSMISSION.OUTBOUND.SENT",
      "_RV.WARN.SYSTEM.RVD.DISCONNECTED"};
  const char* subject = subjects[size % subjects.size()];
  std::string fields;
  append_be(fields, static_cast<std::uint32_t>(rv_header_bytes + size));
  append_be(fields, rv_magic);
  fields += input;
  decode(*write_data('A', subject, fields));
  decode(*write_data('D', subject, input));
  return 0;
}
