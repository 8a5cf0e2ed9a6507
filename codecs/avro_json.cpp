#include "codecs/avro_json.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "codecs/json_views.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::size_t header_bytes = 5; // 0, id
constexpr std::size_t depth_max = 16;
constexpr std::size_t types_max = 10'000; ///< of one schema
constexpr std::int64_t fixed_bytes_max = 1 << 20;

enum class kind { null, boolean, integer, whole, single, real, bytes, text, record, enumeration, array, map, choice, fixed };

} // namespace

/// A type of a schema; those within it are owned by the schema and, as none refers to itself, end.
struct avro_schemas::type {
  kind is = kind::null;
  std::vector<std::string> names;      ///< of fields or symbols
  std::vector<const type*> of;         ///< fields, branches, or the items alone
  std::size_t size = 0;                ///< fixed
  bool may_be_empty = false;           ///< a value of it may take no bytes at all
  bool open = false;                   ///< still being read: a name that leads here leads in a circle
};

struct avro_schemas::schema {
  std::vector<std::unique_ptr<type>> all;
  const type* root = nullptr;
};

namespace {

using json = nlohmann::json;

constexpr std::pair<std::string_view, kind> primitives[] = {
    {"null", kind::null}, {"boolean", kind::boolean}, {"int", kind::integer}, {"long", kind::whole},
    {"float", kind::single}, {"double", kind::real}, {"bytes", kind::bytes}, {"string", kind::text}};

/// Reads the JSON of a schema. Templates only because the types are the class's own.
template <class Schema, class Type>
class schema_reader {
public:
  explicit schema_reader(Schema& into) : into_(into) {}

  Type* read(const json& j, const std::string& space, std::size_t depth) {
    if (depth > depth_max) return refuse("nested too deep");
    if (into_.all.size() > types_max) return refuse("too many types");
    if (j.is_string()) return by_name(j.get<std::string>(), space);
    if (j.is_array()) return read_union(j, space, depth);
    if (!j.is_object() || !j.contains("type")) return refuse("a type is a name, a list, or an object with a type");
    const json& t = j["type"];
    if (!t.is_string()) return read(t, space, depth + 1);
    const std::string name = t.get<std::string>();
    if (name == "array" || name == "map") return read_items(j, name == "map", space, depth);
    if (name == "record" || name == "enum" || name == "fixed") return read_named(j, name, space, depth);
    return by_name(name, space); // with a logical type, perhaps: its values are read as they are written
  }
  const std::string& why() const { return why_; }

private:
  Type* refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return nullptr;
  }
  Type* make(kind is) {
    into_.all.push_back(std::make_unique<Type>());
    into_.all.back()->is = is;
    return into_.all.back().get();
  }
  Type* by_name(const std::string& name, const std::string& space) {
    for (const auto& [text, is] : primitives)
      if (text == name) {
        Type* t = make(is);
        t->may_be_empty = is == kind::null;
        return t;
      }
    auto at = named_.find(name.find('.') == name.npos && !space.empty() ? space + '.' + name : name);
    if (at == named_.end()) at = named_.find(name);
    if (at == named_.end()) return refuse("type '" + name.substr(0, 64) + "' is not known");
    return at->second->open ? refuse("it refers to itself") : at->second;
  }
  Type* read_union(const json& j, const std::string& space, std::size_t depth) {
    Type* t = make(kind::choice);
    for (const json& branch : j) {
      Type* b = read(branch, space, depth + 1);
      if (!b) return nullptr;
      t->of.push_back(b);
    }
    return t->of.empty() ? refuse("a union of nothing") : t;
  }
  Type* read_items(const json& j, bool is_map, const std::string& space, std::size_t depth) {
    const char* key = is_map ? "values" : "items";
    if (!j.contains(key)) return refuse(std::string{"no "} + key);
    Type* t = make(is_map ? kind::map : kind::array);
    Type* items = read(j[key], space, depth + 1);
    if (!items) return nullptr;
    if (!is_map && items->may_be_empty) return refuse("it has a list of what takes no bytes");
    t->of.push_back(items);
    return t;
  }
  Type* read_named(const json& j, const std::string& what, const std::string& around, std::size_t depth) {
    const json* name = j.contains("name") && j["name"].is_string() ? &j["name"] : nullptr;
    if (!name) return refuse("a " + what + " without a name");
    std::string full = name->get<std::string>();
    std::string space = j.contains("namespace") && j["namespace"].is_string() ? j["namespace"].get<std::string>() : around;
    if (const auto dot = full.rfind('.'); dot != full.npos) space = full.substr(0, dot);
    else if (!space.empty()) full = space + '.' + full;
    Type* t = make(what == "record" ? kind::record : what == "enum" ? kind::enumeration : kind::fixed);
    if (!named_.emplace(full, t).second) return refuse("two types are called '" + full.substr(0, 64) + "'");
    t->open = true;
    const bool good = what == "record" ? read_fields(j, *t, space, depth) : what == "enum" ? read_symbols(j, *t) : read_size(j, *t);
    t->open = false;
    return good ? t : nullptr;
  }
  bool read_fields(const json& j, Type& t, const std::string& space, std::size_t depth) {
    if (!j.contains("fields") || !j["fields"].is_array()) return refuse("a record without fields") != nullptr;
    t.may_be_empty = true;
    for (const json& f : j["fields"]) {
      if (!f.is_object() || !f.contains("name") || !f["name"].is_string() || !f.contains("type"))
        return refuse("a field without name or type") != nullptr;
      Type* field = read(f["type"], space, depth + 1);
      if (!field) return false;
      t.names.push_back(f["name"].get<std::string>());
      t.of.push_back(field);
      t.may_be_empty = t.may_be_empty && field->may_be_empty;
    }
    return true;
  }
  bool read_symbols(const json& j, Type& t) {
    if (!j.contains("symbols") || !j["symbols"].is_array()) return refuse("an enum without symbols") != nullptr;
    for (const json& s : j["symbols"]) {
      if (!s.is_string()) return refuse("a symbol that is no text") != nullptr;
      t.names.push_back(s.get<std::string>());
    }
    return true;
  }
  bool read_size(const json& j, Type& t) {
    if (!j.contains("size") || !j["size"].is_number_integer()) return refuse("a fixed without a size") != nullptr;
    const auto size = j["size"].get<std::int64_t>();
    if (size < 0 || size > fixed_bytes_max) return refuse("a fixed of that size") != nullptr;
    t.size = static_cast<std::size_t>(size);
    t.may_be_empty = size == 0;
    return true;
  }

  Schema& into_;
  std::map<std::string, Type*> named_;
  std::string why_;
};

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

/// Reads values by their schema: docs/decisions/0017 says why not libavro.
template <class Type>
class value_reader {
public:
  value_reader(std::string_view bytes, std::string& out) : p_(bytes.data()), end_(p_ + bytes.size()), out_(out) {}

  /// False: `why` says it.
  bool read(const Type& s);
  bool at_end() const { return p_ == end_; }
  const char* why() const { return why_; }

private:
  bool refuse(const char* why) {
    why_ = why;
    return false;
  }
  bool read_long(std::int64_t& v);
  bool read_bytes(std::string_view& v);
  bool take(std::size_t size, const char*& from) {
    if (static_cast<std::size_t>(end_ - p_) < size) return refuse("it ends too early");
    from = p_;
    p_ += size;
    return true;
  }
  template <class Float, class Bits>
  bool read_real();
  bool read_fields(const Type& s);
  bool read_blocks(const Type& items, bool named);
  bool read_text();
  bool read_number(const Type& s);
  bool read_choice(const Type& s);

  const char* p_;
  const char* end_;
  std::string& out_;
  const char* why_ = "";
};

/// Zigzag, seven bits in each byte.
template <class Type>
bool value_reader<Type>::read_long(std::int64_t& v) {
  std::uint64_t bits = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (p_ == end_) return refuse("it ends too early");
    const auto byte = static_cast<unsigned char>(*p_++);
    if (shift == 63 && byte > 1) return refuse("a number that is too large");
    bits |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) {
      v = static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
      return true;
    }
  }
  return refuse("a number that does not end");
}

template <class Type>
bool value_reader<Type>::read_bytes(std::string_view& v) {
  std::int64_t size = 0;
  if (!read_long(size)) return false;
  if (size < 0 || size > end_ - p_) return refuse("a length beyond the end");
  v = {p_, static_cast<std::size_t>(size)};
  p_ += size;
  return true;
}

template <class Type>
bool value_reader<Type>::read_text() {
  std::string_view text;
  if (!read_bytes(text)) return false;
  append_json_string(out_, text);
  return true;
}

template <class Type>
template <class Float, class Bits>
bool value_reader<Type>::read_real() {
  const char* from = nullptr;
  if (!take(sizeof(Bits), from)) return false;
  Bits bits = 0;
  for (std::size_t i = sizeof bits; i-- > 0;) bits = static_cast<Bits>(bits << 8 | static_cast<unsigned char>(from[i]));
  append_real(out_, static_cast<double>(std::bit_cast<Float>(bits)));
  return true;
}

template <class Type>
bool value_reader<Type>::read_number(const Type& s) {
  std::int64_t v = 0;
  if (!read_long(v)) return false;
  if (s.is == kind::integer && (v > INT32_MAX || v < INT32_MIN)) return refuse("a number that is too large");
  append_number(out_, v);
  return true;
}

/// An enum or a union: both begin with the number of what they are.
template <class Type>
bool value_reader<Type>::read_choice(const Type& s) {
  const bool of_symbols = s.is == kind::enumeration;
  std::int64_t index = 0;
  if (!read_long(index)) return false;
  if (index < 0 || static_cast<std::uint64_t>(index) >= (of_symbols ? s.names.size() : s.of.size())) return refuse("a choice that the schema does not have");
  if (!of_symbols) return read(*s.of[static_cast<std::size_t>(index)]);
  append_json_string(out_, s.names[static_cast<std::size_t>(index)]);
  return true;
}

template <class Type>
bool value_reader<Type>::read_fields(const Type& s) {
  out_ += '{';
  for (std::size_t i = 0; i < s.of.size(); ++i) {
    if (i > 0) out_ += ',';
    append_json_string(out_, s.names[i]);
    out_ += ':';
    if (!read(*s.of[i])) return false;
  }
  out_ += '}';
  return true;
}

/// Arrays and maps come in blocks; every item takes a byte at least, so that no claim lasts longer than the input.
template <class Type>
bool value_reader<Type>::read_blocks(const Type& items, bool named) {
  out_ += named ? '{' : '[';
  bool first = true;
  for (;;) {
    std::int64_t count = 0, bytes = 0;
    if (!read_long(count)) return false;
    if (count == 0) break;
    if (count < 0) { // its size follows, for those who skip it
      if (count == INT64_MIN || !read_long(bytes)) return refuse("a block that is too large");
      count = -count;
    }
    for (; count > 0; --count) {
      if (!std::exchange(first, false)) out_ += ',';
      if (named) {
        if (!read_text()) return false;
        out_ += ':';
      }
      if (!read(items)) return false;
    }
  }
  out_ += named ? '}' : ']';
  return true;
}

template <class Type>
bool value_reader<Type>::read(const Type& s) {
  const char* from = nullptr;
  switch (s.is) {
  case kind::record: return read_fields(s);
  case kind::map: return read_blocks(*s.of.front(), true);
  case kind::array: return read_blocks(*s.of.front(), false);
  case kind::choice:
  case kind::enumeration: return read_choice(s);
  case kind::text:
  case kind::bytes: return read_text();
  case kind::integer:
  case kind::whole: return read_number(s);
  case kind::single: return read_real<float, std::uint32_t>();
  case kind::real: return read_real<double, std::uint64_t>();
  case kind::null: out_ += "null"; return true;
  case kind::boolean:
    if (!take(1, from)) return false;
    out_ += *from ? "true" : "false";
    return true;
  case kind::fixed:
    if (!take(s.size, from)) return false;
    append_json_string(out_, {from, s.size});
    return true;
  }
  return refuse("a type that is not known");
}

} // namespace

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
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return fail(errc::malformed, name + ": no JSON");
  auto fresh = std::make_unique<schema>();
  schema_reader<schema, type> reader{*fresh};
  fresh->root = reader.read(parsed, {}, 0);
  if (!fresh->root) return fail(errc::unsupported, name + ": " + reader.why());
  if (fresh->root->is != kind::record) return fail(errc::unsupported, name + ": its root is no record");
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
  const std::size_t before = out.size();
  value_reader<type> in{value, out};
  const bool read = in.read(*at->second->root);
  if (read && in.at_end()) return {};
  out.resize(before);
  return fail(errc::malformed, name + ": " + (read ? "something follows the record" : in.why()));
}

} // namespace tocsin
