// Small seeded random numbers that are the same with every compiler and library.
#pragma once

#include <cstdint>

namespace tocsin {

/// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
/// The standard distributions may differ between libraries, so the few needed are here.
class splitmix64 {
public:
  explicit splitmix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Uniform in [low, high).
  double between(double low, double high) { return low + (high - low) * unit(); }
  /// Uniform in [0, n), n > 0; the bias for small n is below 2^-40.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// Nearly normal, mean 0 and standard deviation 1, within +-6: the sum of twelve uniforms needs
  /// no libm.
  double bell() {
    std::uint64_t sum = 0;
    for (int word = 0; word < 3; ++word)
      for (std::uint64_t bits = next(), i = 0; i < 4; ++i, bits >>= 16) sum += bits & 0xffff;
    return static_cast<double>(sum) * 0x1p-16 - 6 + 12 * 0x1p-17;
  }
  /// `x` rounded up or down so that the mean is `x`; 0 when it is negative.
  std::uint64_t whole(double x) {
    if (!(x > 0)) return 0;
    const auto floor = static_cast<std::uint64_t>(x);
    return floor + (unit() < x - static_cast<double>(floor) ? 1 : 0);
  }

private:
  std::uint64_t state_;
};

} // namespace tocsin
