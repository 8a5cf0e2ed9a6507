// Saves and loads plain structs of numbers by the one list of their fields that each of them gives.
#pragma once

#include <array>
#include <type_traits>

#include "core/bytes.hpp"

namespace tocsin::detectors {

/// A detector lists its state once: `template <class Self> static void fields(Self& self, auto&& each) { each(self.a, self.b); }`.
/// Options are not state: who loads constructs with the same options first.
struct state_writer {
  writer& out;
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) out.put(value);
    else T::fields(value, *this);
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& values) {
    for (const T& each : values) put(each);
  }
};

struct state_reader {
  reader& in;
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_arithmetic_v<T>) value = in.template get<T>();
    else T::fields(value, *this);
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& values) {
    for (T& each : values) get(each);
  }
};

template <class Detector>
void save(writer& out, const Detector& d) {
  Detector::fields(d, state_writer{out});
}
/// Check in.ok() afterwards; a detector that was loaded from too few bytes is in no usable state.
template <class Detector>
void load(reader& in, Detector& d) {
  Detector::fields(d, state_reader{in});
}

/// Gain of an average that is exact over its first 1/alpha values and exponentially weighted from then on.
inline double gain(std::uint32_t n, double alpha) {
  return n * alpha < 1 ? 1.0 / n : alpha;
}
/// Weight of the newest value so that a value counts half after `rows` rows.
double alpha_of_half_life(double rows);

} // namespace tocsin::detectors
