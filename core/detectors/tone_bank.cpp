#include "core/detectors/tone_bank.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin::detectors {

namespace {

/// Tones of one memory: frequency first + i step, in radians per row.
struct group {
  std::size_t size;
  double rows, first, step;
};
constexpr std::array groups{group{1, 32, 0, 0}, group{23, 32, 0.1, 0.125}, group{16, 64, 0.1, 0.03}, group{32, 128, 0.08, 0.0125}};

struct tones {
  alignas(16) std::array<float, tone_bank::size> cosine, sine, scale;
  tones() {
    std::size_t k = 0;
    for (const group& of : groups)
      for (std::size_t i = 0; i < of.size; ++i, ++k) {
        const double w = of.first + of.step * static_cast<double>(i), keep = 1 - 1 / of.rows;
        cosine[k] = static_cast<float>(keep * std::cos(w));
        sine[k] = static_cast<float>(keep * std::sin(w));
        scale[k] = static_cast<float>(1 - keep * keep);
      }
  }
};
const tones table;

} // namespace

void tone_bank::add(float g) {
  for (std::size_t k = 0; k < size; ++k) {
    const float real = table.cosine[k] * real_[k] - table.sine[k] * imaginary_[k] + g;
    imaginary_[k] = table.sine[k] * real_[k] + table.cosine[k] * imaginary_[k];
    real_[k] = real;
  }
}

double tone_bank::strongest() const {
  const auto power = [&](std::size_t k) { return table.scale[k] * (real_[k] * real_[k] + imaginary_[k] * imaginary_[k]); };
  float most = 0;
  for (std::size_t k = 1; k < size; ++k) most = std::max(most, power(k));
  return 2 * power(0) > most ? 0 : static_cast<double>(most);
}

} // namespace tocsin::detectors
