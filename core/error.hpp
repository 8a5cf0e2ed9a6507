// Expected failures as values: a code to branch on and a text that names the place and the remedy.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace tocsin {

enum class errc {
  truncated,   ///< bytes end before the value does
  malformed,   ///< bytes or text that cannot mean anything
  too_large,   ///< beyond a bound of limits.hpp
  too_deep,    ///< nested beyond a bound of limits.hpp
  unsupported, ///< well formed, but nothing we know
  invalid,     ///< a value outside its range
  missing,     ///< something required is not there
  version,     ///< written by another version
  refused,     ///< the other side said no
  unreachable, ///< no connection, or it broke
  timeout,     ///< no answer in time
  io,          ///< the operating system said no
  quarantined, ///< set aside because it crashed its machine
};

struct error {
  errc code;
  std::string text;
};

template <class T>
using result = tl::expected<T, error>;

inline tl::unexpected<error> fail(errc code, std::string text) {
  return tl::make_unexpected(error{code, std::move(text)});
}

} // namespace tocsin
