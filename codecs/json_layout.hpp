// A reader that expects a line of JSON to look like one seen before: literal bytes are compared, values
// read in place. Half the cost of a general parser; whatever looks different is left to that one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/advisory.hpp"
#include "core/connections.hpp"
#include "core/record.hpp"

namespace tocsin {

/// What a value of a line is for.
enum class json_role : std::uint8_t { skip, at, subject, field };

struct json_use {
  json_role role = json_role::skip;
  advisory_field field = advisory_field::none;
};

/// Maps the dotted path of a key to its use, by a house's mapping.
class json_uses {
public:
  explicit json_uses(const json_mapping& mapping);
  /// `path`: "message.hostaddr".
  json_use of(std::string_view path) const;

private:
  std::string at_, subject_, prefix_; ///< prefix: of the fields, "message." or ""
  std::vector<std::pair<std::string, advisory_field>> named_; ///< house name -> field
  std::vector<std::string> mapped_away_; ///< RV names that are read from elsewhere
};

/// One learned layout of heartbeat lines.
class json_layout {
public:
  enum class time_unit : std::int64_t { s = 1'000'000'000, ms = 1'000'000, us = 1'000, ns = 1 };

  /// Learns from a line that a general parser has accepted. False: nothing that can be expected again
  /// (arrays, escapes, a subject that is no HOST.STATUS, no host).
  bool learn(std::string_view line, const json_uses& uses);
  /// Reads a line of the same layout into `r`, texts as views into the line, which must be followed by at
  /// least 16 readable bytes. False: it looks different; `r` is then spoilt.
  /// `at` is set from the line if it has one.
  bool read(const char* line, const char* end, time_unit unit, record& r) const;

private:
  enum class action : std::uint8_t { skip_number, skip_text, counter, at_number, at_text, subject, host, service_text,
                                     service_number, network, version, time_text, reliability };
  struct op {
    std::uint16_t literal_at, literal_size; ///< before the value
    action what;
    std::uint8_t index; ///< of the counter
  };
  bool add(std::string_view literal, action what, std::uint8_t index = 0);
  bool learn_object(const char*& p, const char* end, std::string& path, std::string& literal, const json_uses& uses, int depth);
  bool learn_value(const char*& p, const char* end, const std::string& path, std::string& literal, const json_uses& uses);

  std::string literals_;
  std::vector<op> ops_;
  std::uint16_t tail_size_ = 0; ///< of the literal that ends the line; it is the end of literals_
  std::uint32_t present_ = 0;
  bool has_host_ = false;
};

} // namespace tocsin
