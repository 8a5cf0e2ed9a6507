#include "codecs/avro_json.hpp"

#include <avro.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "codecs/json_views.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::size_t header_bytes = 5; // 0, id
constexpr std::size_t depth_max = 16;

/// What is wrong with a schema; empty = nothing. `around`: the named types it stands in.
std::string complaint_about(avro_schema_t s, std::vector<avro_schema_t>& around);

/// Whether a value of it may take no bytes at all.
bool may_be_empty(avro_schema_t s, std::size_t depth = 0) {
  if (depth > depth_max) return true;
  switch (avro_typeof(s)) {
  case AVRO_NULL: return true;
  case AVRO_FIXED: return avro_schema_fixed_size(s) == 0;
  case AVRO_LINK: return may_be_empty(avro_schema_link_target(s), depth + 1);
  case AVRO_RECORD:
    for (std::size_t i = 0; i < avro_schema_record_size(s); ++i)
      if (!may_be_empty(avro_schema_record_field_get_by_index(s, static_cast<int>(i)), depth + 1)) return false;
    return true;
  default: return false; // a union has its branch's number, the others their length or value
  }
}

std::string complaint_about_fields(avro_schema_t s, std::vector<avro_schema_t>& around) {
  around.push_back(s);
  std::string why;
  for (std::size_t i = 0; i < avro_schema_record_size(s) && why.empty(); ++i)
    why = complaint_about(avro_schema_record_field_get_by_index(s, static_cast<int>(i)), around);
  around.pop_back();
  return why;
}

std::string complaint_about(avro_schema_t s, std::vector<avro_schema_t>& around) {
  if (around.size() > depth_max) return "nested too deep";
  switch (avro_typeof(s)) {
  case AVRO_RECORD: return complaint_about_fields(s, around);
  case AVRO_LINK: {
    const avro_schema_t target = avro_schema_link_target(s);
    if (std::ranges::find(around, target) != around.end()) return "it refers to itself";
    return complaint_about(target, around);
  }
  case AVRO_UNION:
    for (std::size_t i = 0; i < avro_schema_union_size(s); ++i)
      if (auto why = complaint_about(avro_schema_union_branch(s, static_cast<int>(i)), around); !why.empty()) return why;
    return {};
  case AVRO_ARRAY:
  case AVRO_MAP: {
    const avro_schema_t items = avro_typeof(s) == AVRO_ARRAY ? avro_schema_array_items(s) : avro_schema_map_values(s);
    if (avro_typeof(s) == AVRO_ARRAY && may_be_empty(items)) return "it has a list of what takes no bytes";
    around.push_back(s);
    auto why = complaint_about(items, around);
    around.pop_back();
    return why;
  }
  default: return {};
  }
}

template <class Number>
void append_number(std::string& out, Number v) {
  char digits[40];
  const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, v);
  out.append(digits, ec == std::errc{} ? end : digits);
}

void append_real(std::string& out, double v) {
  if (std::isfinite(v)) append_number(out, v);
  else out += "null";
}

bool append(std::string& out, avro_value_t* v);

/// Records, maps and arrays.
bool append_items(std::string& out, avro_value_t* v, bool named) {
  std::size_t count = 0;
  if (avro_value_get_size(v, &count) != 0) return false;
  out += named ? '{' : '[';
  for (std::size_t i = 0; i < count; ++i) {
    avro_value_t item;
    const char* name = nullptr;
    if (avro_value_get_by_index(v, i, &item, &name) != 0) return false;
    if (i > 0) out += ',';
    if (named) {
      append_json_string(out, name ? name : "");
      out += ':';
    }
    if (!append(out, &item)) return false;
  }
  out += named ? '}' : ']';
  return true;
}

bool append_bytes(std::string& out, avro_value_t* v, avro_type_t type) {
  const void* bytes = nullptr;
  const char* text = nullptr;
  std::size_t size = 0;
  const int failed = type == AVRO_STRING  ? avro_value_get_string(v, &text, &size)
                     : type == AVRO_BYTES ? avro_value_get_bytes(v, &bytes, &size)
                                          : avro_value_get_fixed(v, &bytes, &size);
  if (failed != 0) return false;
  // The size of a string counts the zero at its end.
  if (type == AVRO_STRING) append_json_string(out, {text, size > 0 ? size - 1 : 0});
  else append_json_string(out, {static_cast<const char*>(bytes), size});
  return true;
}

bool append_scalar(std::string& out, avro_value_t* v, avro_type_t type) {
  int flag = 0, index = 0;
  std::int32_t small = 0;
  std::int64_t large = 0;
  float single = 0;
  double real = 0;
  switch (type) {
  case AVRO_NULL: out += "null"; return true;
  case AVRO_BOOLEAN: if (avro_value_get_boolean(v, &flag) != 0) return false; out += flag ? "true" : "false"; return true;
  case AVRO_INT32: if (avro_value_get_int(v, &small) != 0) return false; append_number(out, small); return true;
  case AVRO_INT64: if (avro_value_get_long(v, &large) != 0) return false; append_number(out, large); return true;
  case AVRO_FLOAT: if (avro_value_get_float(v, &single) != 0) return false; append_real(out, static_cast<double>(single)); return true;
  case AVRO_DOUBLE: if (avro_value_get_double(v, &real) != 0) return false; append_real(out, real); return true;
  case AVRO_ENUM: {
    if (avro_value_get_enum(v, &index) != 0) return false;
    const char* symbol = avro_schema_enum_get(avro_value_get_schema(v), index);
    append_json_string(out, symbol ? symbol : "");
    return symbol != nullptr;
  }
  default: return false;
  }
}

bool append(std::string& out, avro_value_t* v) {
  const avro_type_t type = avro_value_get_type(v);
  switch (type) {
  case AVRO_RECORD:
  case AVRO_MAP: return append_items(out, v, true);
  case AVRO_ARRAY: return append_items(out, v, false);
  case AVRO_STRING:
  case AVRO_BYTES:
  case AVRO_FIXED: return append_bytes(out, v, type);
  case AVRO_UNION: {
    avro_value_t branch;
    return avro_value_get_current_branch(v, &branch) == 0 && append(out, &branch);
  }
  default: return append_scalar(out, v, type);
  }
}

} // namespace

/// A schema, and one value of it that is filled again and again.
struct avro_schemas::schema {
  schema() = default;
  schema(const schema&) = delete;
  ~schema() {
    if (filled) avro_value_decref(&value);
    if (made) avro_value_iface_decref(made);
    if (parsed) avro_schema_decref(parsed);
  }
  avro_schema_t parsed = nullptr;
  avro_value_iface_t* made = nullptr;
  avro_value_t value{};
  bool filled = false;
};

avro_schemas::avro_schemas() = default;
avro_schemas::~avro_schemas() = default;
avro_schemas::avro_schemas(avro_schemas&&) noexcept = default;

result<std::int32_t> avro_schemas::id_of(std::string_view value) {
  if (value.size() < header_bytes || value[0] != '\0')
    return fail(errc::malformed, "no Avro in Confluent's form: it begins with a zero byte and the schema's id of four bytes");
  std::uint32_t id = 0;
  for (std::size_t i = 1; i < header_bytes; ++i) id = id << 8 | static_cast<unsigned char>(value[i]);
  return static_cast<std::int32_t>(id);
}

result<void> avro_schemas::add(std::int32_t id, std::string_view text) {
  const std::string name = "Avro schema " + std::to_string(id);
  auto fresh = std::make_unique<schema>();
  if (avro_schema_from_json_length(text.data(), text.size(), &fresh->parsed) != 0)
    return fail(errc::malformed, name + ": " + avro_strerror());
  if (avro_typeof(fresh->parsed) != AVRO_RECORD) return fail(errc::unsupported, name + ": its root is no record");
  std::vector<avro_schema_t> around;
  if (const std::string why = complaint_about(fresh->parsed, around); !why.empty()) return fail(errc::unsupported, name + ": " + why);
  fresh->made = avro_generic_class_from_schema(fresh->parsed);
  if (!fresh->made || avro_generic_value_new(fresh->made, &fresh->value) != 0) return fail(errc::unsupported, name + ": " + avro_strerror());
  fresh->filled = true;
  schemas_[id] = std::move(fresh);
  return {};
}

result<void> avro_schemas::to_json(std::string_view value, std::string& out) {
  const auto id = id_of(value);
  if (!id) return tl::make_unexpected(id.error());
  const std::string name = "Avro of schema " + std::to_string(*id);
  const auto at = schemas_.find(*id);
  if (at == schemas_.end()) return fail(errc::missing, name + ": the schema is not known; add " + std::to_string(*id) + ".avsc to `schemas`");
  if (value.size() > limits::json_line_bytes_max) return fail(errc::too_large, name + ": larger than " + std::to_string(limits::json_line_bytes_max) + " bytes");
  value.remove_prefix(header_bytes);
  avro_value_t& v = at->second->value;
  avro_value_reset(&v);
  const std::unique_ptr<std::remove_pointer_t<avro_reader_t>, decltype(&avro_reader_free)> reader{
      avro_reader_memory(value.data(), static_cast<std::int64_t>(value.size())), &avro_reader_free};
  if (!reader || avro_value_read(reader.get(), &v) != 0) return fail(errc::malformed, name + ": " + avro_strerror());
  const std::size_t before = out.size();
  char more;
  if (avro_read(reader.get(), &more, 1) == 0) return fail(errc::malformed, name + ": something follows the record");
  if (append(out, &v)) return {};
  out.resize(before);
  return fail(errc::malformed, name + ": " + avro_strerror());
}

} // namespace tocsin
