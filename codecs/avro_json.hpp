// Avro in Confluent's wire format to the JSON it stands for, so that one mapping of fields serves both.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin {

/// Schemas by id, and values by them. Not thread-safe.
class avro_schemas {
public:
  avro_schemas();
  ~avro_schemas();
  avro_schemas(avro_schemas&&) noexcept;

  /// The id a value begins with: a zero byte, then four bytes, the highest first. errc::malformed: none.
  static result<std::int32_t> id_of(std::string_view value);

  bool knows(std::int32_t id) const { return schemas_.contains(id); }
  /// Takes a schema (JSON) whose root is a record. errc::malformed: no JSON; errc::unsupported: no schema, or one that
  /// refers to itself or has a list of what takes no bytes: a few bytes of input could then make anything.
  result<void> add(std::int32_t id, std::string_view schema);
  /// Appends the record as JSON on one line: a union is its value, an enum its symbol, bytes are text; what is not finite becomes null.
  /// errc::missing: the id is not known; errc::malformed: the bytes do not fit the schema, or something follows.
  result<void> to_json(std::string_view value, std::string& out);

private:
  struct type;
  struct schema;
  std::map<std::int32_t, std::unique_ptr<schema>> schemas_;
};

} // namespace tocsin
