#include "core/detectors/tone_bank.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin::detectors {

namespace {

constexpr std::size_t quick = 24;
constexpr double keep_quick = 1 - 1.0 / 32, keep_slow = 1 - 1.0 / 128;

struct tones {
  alignas(16) std::array<float, tone_bank::size> cosine, sine, scale;
  tones() {
    for (std::size_t k = 0; k < tone_bank::size; ++k) {
      const bool fast = k < quick;
      const double at = static_cast<double>(fast ? k : k - quick);
      const double w = fast ? 0.1 + 0.125 * at : 0.08 + 0.0125 * at, keep = fast ? keep_quick : keep_slow;
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
  float most = 0;
  for (std::size_t k = 0; k < size; ++k)
    most = std::max(most, table.scale[k] * (real_[k] * real_[k] + imaginary_[k] * imaginary_[k]));
  return static_cast<double>(most);
}

} // namespace tocsin::detectors
