// Reads TZif files. The system's own functions know only one zone at a time, for the whole process.
#include "config/time_zone_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/interval_text.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

/// Numbers of a TZif file, most significant byte first; 0 beyond the end.
class big_endian {
public:
  explicit big_endian(std::string_view bytes) : bytes_(bytes) {}
  std::int64_t get(std::size_t size) {
    if (size > bytes_.size() - at_) {
      ok_ = false;
      return 0;
    }
    std::uint64_t value = (static_cast<unsigned char>(bytes_[at_]) & 0x80) ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return static_cast<std::int64_t>(value);
  }
  void skip(std::size_t size) {
    ok_ = ok_ && size <= bytes_.size() - at_;
    if (ok_) at_ += size;
  }
  std::string_view rest() const { return bytes_.substr(at_); }
  bool ok() const { return ok_; }

private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

struct header {
  char version;
  std::size_t utc_flags, standard_flags, leaps, times, types, letters;
  std::size_t size(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) +
           standard_flags + utc_flags;
  }
};

result<header> read_header(big_endian& in) {
  if (!in.rest().starts_with("TZif")) return fail(errc::malformed, "it is no TZif file");
  in.skip(4);
  header h{};
  h.version = static_cast<char>(in.get(1));
  in.skip(15);
  for (std::size_t* n : {&h.utc_flags, &h.standard_flags, &h.leaps, &h.times, &h.types, &h.letters})
    *n = static_cast<std::size_t>(in.get(4)) & 0xffffffff;
  if (!in.ok()) return fail(errc::truncated, "it ends too early");
  if (h.types == 0 || h.types > 256 || h.times > limits::time_zone_changes_max ||
      h.letters > 4096 || h.utc_flags > h.types || h.standard_flags > h.types ||
      h.leaps > limits::time_zone_changes_max)
    return fail(errc::malformed, "its counts make no sense");
  return h;
}

constexpr std::int64_t seconds_max = 9'000'000'000; ///< of what a timestamp can hold

timestamp at_second(std::int64_t s) {
  return from_nanoseconds(std::min(std::max(s, -seconds_max), seconds_max) * 1'000'000'000);
}

struct transitions {
  std::vector<std::pair<timestamp, std::int32_t>> all;
  std::int32_t first_offset = 0;
};

result<transitions> read_transitions(big_endian& in, const header& h, std::size_t time_bytes) {
  std::vector<std::int64_t> times(h.times);
  std::vector<std::size_t> type_of(h.times);
  std::vector<std::int32_t> offsets(h.types);
  for (auto& t : times) t = in.get(time_bytes);
  for (auto& t : type_of) t = static_cast<std::size_t>(in.get(1)) & 0xff;
  for (auto& o : offsets) {
    o = static_cast<std::int32_t>(in.get(4));
    in.skip(2);
  }
  in.skip(h.letters + h.leaps * (time_bytes + 4) + h.standard_flags + h.utc_flags);
  if (!in.ok()) return fail(errc::truncated, "it ends too early");
  transitions out;
  out.first_offset = offsets[0];
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (type_of[i] >= offsets.size() || (i > 0 && times[i] <= times[i - 1]))
      return fail(errc::malformed, "its changes make no sense");
    out.all.emplace_back(at_second(times[i]), offsets[type_of[i]]);
  }
  for (const std::int32_t o : offsets)
    if (o < -26 * 3600 || o > 26 * 3600) return fail(errc::malformed, "an offset makes no sense");
  return out;
}

/// Only from 1970 on, and only what changes something.
time_zone trimmed(std::string name, const transitions& t) {
  time_zone out{std::move(name), {}, t.first_offset};
  for (const auto& [at, offset] : t.all) {
    const std::int32_t before =
        out.changes.empty() ? out.first_offset_s : out.changes.back().second;
    if (at <= from_nanoseconds(0))
      out.first_offset_s = offset;
    else if (!out.changes.empty() && out.changes.back().first == at)
      out.changes.back().second = offset;
    else if (offset != before)
      out.changes.emplace_back(at, offset);
  }
  return out;
}

std::string folder() {
  const char* own = std::getenv("TZDIR");
  return own && *own ? own : "/usr/share/zoneinfo";
}

} // namespace

result<time_zone> parse_time_zone(std::string name, std::string_view bytes) {
  if (bytes.size() > limits::time_zone_bytes_max)
    return fail(errc::too_large,
                "it has more than " + std::to_string(limits::time_zone_bytes_max) + " bytes");
  big_endian in{bytes};
  auto h = read_header(in);
  if (!h) return tl::make_unexpected(h.error());
  std::size_t time_bytes = 4;
  if (h->version >= '2') { // the first block is for readers of 32 bits
    in.skip(h->size(4));
    h = read_header(in);
    if (!h) return tl::make_unexpected(h.error());
    time_bytes = 8;
  }
  if (h->leaps > 0) return fail(errc::unsupported, "it counts leap seconds");
  auto t = read_transitions(in, *h, time_bytes);
  if (!t) return tl::make_unexpected(t.error());
  const std::string_view footer = in.rest();
  if (time_bytes == 8 && footer.size() > 2 && footer.front() == '\n') {
    const timestamp from = t->all.empty() ? from_nanoseconds(0) : t->all.back().first;
    auto more = posix_changes(footer.substr(1, footer.find('\n', 1) - 1), from);
    if (!more) return tl::make_unexpected(more.error());
    t->all.insert(t->all.end(), more->begin(), more->end());
  }
  return trimmed(std::move(name), *t);
}

result<time_zone> load_time_zone(const std::string& name) {
  if (name == "UTC") return time_zone{};
  if (const auto wrong = forms::zone_name(name)) return fail(errc::malformed, wrong->text);
  std::ifstream in{folder() + '/' + name, std::ios::binary};
  std::string bytes(limits::time_zone_bytes_max + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  // A folder opens, but cannot be read.
  if (bytes.empty()) return fail(errc::missing, "the tz database has no such zone");
  auto zone = parse_time_zone(name, bytes);
  if (!zone) return fail(zone.error().code, folder() + '/' + name + ": " + zone.error().text);
  return zone;
}

std::string near_time_zone(const std::string& name) {
  // It lists its zones, by country, in the third column.
  std::ifstream in{folder() + "/zone.tab"};
  if (!in) return "the system's tz database is not there: install the package tzdata";
  std::vector<std::string> names;
  std::string line, code, place, zone;
  while (std::getline(in, line) && names.size() < limits::time_zone_changes_max) {
    std::istringstream columns{line};
    if (!line.starts_with('#') && columns >> code >> place >> zone) names.push_back(zone);
  }
  const auto near = keys::nearest(name, names);
  return near ? "did you mean '" + *near + "'?"
              : "names are those of the tz database, as 'Europe/Berlin'";
}

} // namespace tocsin
