#include "codecs/journal_codec.hpp"

#include <msgpack.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::uint32_t version = 1;
constexpr std::uint32_t fields = 13; ///< of one record, in the order of `pack`; one more of those that were moved
constexpr std::size_t blob_records_max = 1 << 20;

using packer = msgpack::packer<msgpack::sbuffer>;

void pack_text(packer& p, std::string_view text) {
  p.pack_str(static_cast<std::uint32_t>(text.size()));
  p.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

/// As it is: the packer would turn whole numbers into integers and lose the sign of zero.
void pack_float(msgpack::sbuffer& buffer, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const char bytes[] = {'\xca', static_cast<char>(bits >> 24), static_cast<char>(bits >> 16),
                        static_cast<char>(bits >> 8), static_cast<char>(bits)};
  buffer.write(bytes, sizeof bytes);
}

void pack(packer& p, msgpack::sbuffer& buffer, const record& r) {
  p.pack_array(r.moved_s > 0 ? fields + 1 : fields);
  p.pack_uint8(static_cast<std::uint8_t>(r.kind));
  p.pack_int64(to_nanoseconds(r.at));
  p.pack_int64(to_nanoseconds(r.sent_at));
  pack_text(p, r.host);
  pack_text(p, r.service);
  pack_text(p, r.network);
  pack_text(p, r.version);
  pack_text(p, r.peer);
  p.pack_uint32(r.present);
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < counter_count; ++i) count += r.present >> i & 1u;
  p.pack_array(count);
  for (std::size_t i = 0; i < counter_count; ++i)
    if (r.present >> i & 1u) p.pack_uint64(r.values[i]);
  pack_float(buffer, r.reliability_s);
  p.pack_uint8(static_cast<std::uint8_t>(r.timed_by));
  p.pack_uint8(r.vantage);
  if (r.moved_s > 0) pack_float(buffer, r.moved_s);
}

/// Reads the items of one blob one after the other; nothing is trusted, nothing is allocated for what is claimed.
class unpacker {
public:
  explicit unpacker(std::string_view bytes) : bytes_(bytes) {}

  bool next(msgpack::object& into) {
    try {
      zone_.clear();
      into = msgpack::unpack(zone_, bytes_.data(), bytes_.size(), offset_, nullptr, nullptr, bounds_);
      return true;
    } catch (const std::exception&) { // msgpack reports by exception; here it becomes a value
      return false;
    }
  }
  bool at_end() const { return offset_ == bytes_.size(); }
  std::size_t offset() const { return offset_; }

private:
  std::string_view bytes_;
  std::size_t offset_ = 0;
  msgpack::zone zone_;
  // array, map, string, binary, extension, depth
  msgpack::unpack_limit bounds_{64, 64, 4096, 4096, 64, 4};
};

bool read_text(const msgpack::object& o, std::size_t most, record_batch& batch, std::string_view& into) {
  if (o.type != msgpack::type::STR || o.via.str.size > most) return false;
  into = batch.keep({o.via.str.ptr, o.via.str.size});
  return true;
}

bool read_unsigned(const msgpack::object& o, std::uint64_t most, std::uint64_t& into) {
  if (o.type != msgpack::type::POSITIVE_INTEGER || o.via.u64 > most) return false;
  into = o.via.u64;
  return true;
}

bool read_time(const msgpack::object& o, timestamp& into) {
  if (o.type == msgpack::type::POSITIVE_INTEGER && o.via.u64 <= INT64_MAX) into = from_nanoseconds(static_cast<std::int64_t>(o.via.u64));
  else if (o.type == msgpack::type::NEGATIVE_INTEGER) into = from_nanoseconds(o.via.i64);
  else return false;
  return true;
}

bool read_values(const msgpack::object& o, record& r) {
  if (o.type != msgpack::type::ARRAY || r.present >> counter_count) return false;
  std::size_t used = 0;
  for (std::size_t i = 0; i < counter_count; ++i) {
    if (!(r.present >> i & 1u)) continue;
    if (used >= o.via.array.size || !read_unsigned(o.via.array.ptr[used++], UINT64_MAX, r.values[i])) return false;
  }
  return used == o.via.array.size;
}

bool read_record(const msgpack::object& o, record_batch& batch, record& r) {
  if (o.type != msgpack::type::ARRAY || (o.via.array.size != fields && o.via.array.size != fields + 1)) return false;
  const msgpack::object* f = o.via.array.ptr;
  std::uint64_t kind, present, timed_by, vantage;
  if (!read_unsigned(f[0], static_cast<std::uint64_t>(record_kind::equipment_said), kind) || !read_time(f[1], r.at) ||
      !read_time(f[2], r.sent_at) || !read_text(f[3], limits::label_bytes_max, batch, r.host) ||
      !read_text(f[4], limits::label_bytes_max, batch, r.service) || !read_text(f[5], 1024, batch, r.network) ||
      !read_text(f[6], 1024, batch, r.version) || !read_text(f[7], 4096, batch, r.peer) ||
      !read_unsigned(f[8], UINT32_MAX, present))
    return false;
  r.present = static_cast<std::uint32_t>(present);
  if (!read_values(f[9], r)) return false;
  if (f[10].type != msgpack::type::FLOAT32) return false;
  r.reliability_s = static_cast<float>(f[10].via.f64);
  if (!read_unsigned(f[11], static_cast<std::uint64_t>(time_source::message), timed_by) ||
      !read_unsigned(f[12], limits::vantages_max - 1, vantage))
    return false;
  if (o.via.array.size > fields) {
    if (f[fields].type != msgpack::type::FLOAT32 || !(f[fields].via.f64 > 0) || !std::isfinite(f[fields].via.f64)) return false;
    r.moved_s = static_cast<float>(f[fields].via.f64);
  }
  r.kind = static_cast<record_kind>(kind);
  r.timed_by = static_cast<time_source>(timed_by);
  r.vantage = static_cast<std::uint8_t>(vantage);
  r.key_hash = r.host.empty() ? 0 : hash_key(r.host, r.service);
  return true;
}

} // namespace

std::string encode_records(const record_batch& batch, std::size_t begin, std::size_t end) {
  msgpack::sbuffer buffer{(end - begin) * 160 + 64};
  packer p{buffer};
  p.pack_array(3);
  p.pack_uint32(version);
  p.pack_uint64(batch.first_offset + begin);
  p.pack_uint32(static_cast<std::uint32_t>(end - begin));
  for (std::size_t i = begin; i < end; ++i) pack(p, buffer, batch.records[i]);
  return {buffer.data(), buffer.size()};
}

result<record_batch> decode_records(std::string_view blob) {
  unpacker in{blob};
  msgpack::object head;
  auto bad = [&](const char* what) {
    return fail(errc::malformed, std::string{"journal blob: "} + what + " at byte " + std::to_string(in.offset()));
  };
  std::uint64_t found, offset, count;
  if (!in.next(head) || head.type != msgpack::type::ARRAY || head.via.array.size != 3 ||
      !read_unsigned(head.via.array.ptr[0], UINT32_MAX, found))
    return bad("no header");
  if (found != version)
    return fail(errc::version, "journal blob has version " + std::to_string(found) + ", this program reads " +
                                   std::to_string(version) + "; use the program that wrote it");
  if (!read_unsigned(head.via.array.ptr[1], UINT64_MAX, offset) || !read_unsigned(head.via.array.ptr[2], blob_records_max, count))
    return bad("header out of range");
  record_batch batch;
  batch.first_offset = offset;
  batch.records.reserve(std::min<std::size_t>(count, blob.size() / 16 + 1));
  for (std::uint64_t i = 0; i < count; ++i) {
    msgpack::object o;
    record r;
    if (!in.next(o) || !read_record(o, batch, r)) return bad("broken record");
    batch.records.push_back(r);
  }
  if (!in.at_end()) return bad("bytes after the last record");
  return batch;
}

} // namespace tocsin
