// Where Avro schemas come from: a folder of files, and a schema registry.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "codecs/avro_json.hpp"
#include "core/connections.hpp"
#include "core/error.hpp"

namespace tocsin {

/// Not thread-safe. May wait some seconds for the registry.
class avro_registry {
public:
  /// Of it counts what `schemas` and `registry` say; either may be "". The folder is asked first.
  explicit avro_registry(kafka_input from) : from_(std::move(from)) {}

  /// Sees to it that `to` knows the schema. errc::unreachable: the registry does not answer, or not to us (account, certificate, too
  /// many questions); it is asked again after a second at the earliest. Any other error is final for this id, and remembered for half
  /// a minute.
  result<void> provide(std::int32_t id, avro_schemas& to);

private:
  result<std::string> fetch(std::int32_t id) const;
  result<std::string> ask(const std::string& url) const;
  error refusal_of(long status, const std::string& url) const;
  struct refusal {
    error why;
    std::chrono::steady_clock::time_point until;
  };
  kafka_input from_;
  std::map<std::int32_t, refusal> refused_;
};

} // namespace tocsin
