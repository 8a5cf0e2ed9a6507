// Random steps for properties of the daemon machine; each test makes its own story of them.
#pragma once

#include <cstdint>
#include <ostream>
#include <vector>

#include <rapidcheck.h>

namespace tocsin::test {

struct step {
  std::uint8_t what, pause, vantage, flavour;
  std::uint16_t amount;
};

inline void showValue(const step& s, std::ostream& os) {
  os << "{" << int{s.what} << "," << int{s.pause} << "," << int{s.vantage} << "," << int{s.flavour}
     << "," << s.amount << "}";
}

inline rc::Gen<std::vector<step>> steps() {
  return rc::gen::container<std::vector<step>>(rc::gen::construct<step>(
      rc::gen::inRange<std::uint8_t>(0, 32), rc::gen::inRange<std::uint8_t>(0, 16),
      rc::gen::inRange<std::uint8_t>(0, 3), rc::gen::arbitrary<std::uint8_t>(),
      rc::gen::arbitrary<std::uint16_t>()));
}

} // namespace tocsin::test
