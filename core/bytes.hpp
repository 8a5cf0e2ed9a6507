// Little-endian writer and reader for snapshots of machines. Bounded: a reader never runs past its bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

static_assert(std::endian::native == std::endian::little, "snapshots are written as they lie in memory");

class writer {
public:
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  void put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(timestamp t) { put(to_nanoseconds(t)); }
  void put(duration d) { put(d.count()); }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
  }
  /// What is put until end_text(the result) is one text: the same bytes as put(std::string_view), without a copy.
  std::size_t begin_text() {
    put(std::uint32_t{0});
    return bytes_.size();
  }
  void end_text(std::size_t begun) {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - begun);
    std::memcpy(bytes_.data() + begun - sizeof size, &size, sizeof size);
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// After any failed get, ok() is false and every later get gives a zero: check once at the end.
class reader {
public:
  explicit reader(std::string_view bytes) : left_(bytes) {}
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  T get() {
    T value{};
    if (left_.size() < sizeof value) {
      ok_ = false;
      left_ = {};
      return value;
    }
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
    return value;
  }
  timestamp get_time() { return from_nanoseconds(get<std::int64_t>()); }
  duration get_duration() { return duration{get<std::int64_t>()}; }
  std::string get_text() {
    auto n = get<std::uint32_t>();
    if (n > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    std::string text{left_.substr(0, n)};
    left_.remove_prefix(n);
    return text;
  }
  bool ok() const { return ok_; }
  bool empty() const { return left_.empty(); }

private:
  std::string_view left_;
  bool ok_ = true;
};

} // namespace tocsin
