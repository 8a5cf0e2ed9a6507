// Power of a standardised stream at a bank of frequencies: an oscillation that begins.
#pragma once

#include <array>
#include <cstddef>

#include "core/detectors/state.hpp"

namespace tocsin::detectors {

/// s_k = l_k e^(i w_k) s_k + g, power_k = |s_k|^2 (1 - l_k^2): Goertzel's resonator with an exponential window. On white noise
/// of variance 1 each power is exponential with mean 1; an oscillation of amplitude A at w_k tends to A^2 (1 + l) / (4 (1 - l)).
/// 23 quick ones (32 rows) from a period of 63 rows to one of 2.2, 16 (64 rows) from 63 to 11, 32 slow ones (128 rows) from 78
/// to 13. One at frequency 0 takes what is a shift of the level and leaks into the slow ones.
class tone_bank {
public:
  static constexpr std::size_t size = 72;
  void add(float g);
  double strongest() const; ///< the largest power of an oscillation; 0 where the level has more than half of it
  void clear() { real_ = {}, imaginary_ = {}; }

  template <class Self>
  static void fields(Self& self, auto&& each) { each(self.real_, self.imaginary_); }

private:
  alignas(16) std::array<float, size> real_{};
  alignas(16) std::array<float, size> imaginary_{};
};
static_assert(sizeof(tone_bank) == 576);

} // namespace tocsin::detectors
