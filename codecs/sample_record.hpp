// One JSON record of any shape: a reading, a pack of readings, readings of many channels, or an event.
#pragma once

#include <string>

#include <simdjson.h>

#include "codecs/sample_fields.hpp"
#include "core/connections.hpp"

namespace tocsin {

class sample_record_reader {
public:
  explicit sample_record_reader(const sample_mapping& mapping) : mapping_(mapping), unit_(nanoseconds_of(mapping.at_unit)) {}
  /// Another batch begins.
  void begin() { texts_.begin(); }
  /// Appends what the record holds to `out`, its texts kept there. Empty, or what is wrong; what is good of a pack is taken.
  std::string take(const simdjson::dom::object& fields, sample_batch& out);

private:
  std::string take_event_of(const simdjson::dom::object& fields, sample_batch& out);
  std::string take_one(const simdjson::dom::element& value, sample s, sample_batch& out) const;
  std::string take_values(const simdjson::dom::array& values, const simdjson::dom::object& fields, sample s, sample_batch& out) const;
  std::string take_channels(const simdjson::dom::object& channels, const simdjson::dom::object& fields, std::string_view equipment,
                            timestamp at, sample_batch& out);
  std::string name(std::string_view equipment, std::string_view channel, sample& s, sample_batch& out);
  result<timestamp> time(const simdjson::dom::object& fields) const;
  result<duration> period(const simdjson::dom::object& fields) const;

  const sample_mapping& mapping_;
  std::int64_t unit_;
  batch_texts texts_;
};

} // namespace tocsin
