// Where Avro schemas come from: a folder of files, and a schema registry.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "codecs/avro_json.hpp"
#include "core/error.hpp"

namespace tocsin {

/// Not thread-safe. May wait some seconds for the registry.
class avro_registry {
public:
  /// Either may be "". The folder is asked first.
  avro_registry(std::string folder, std::string registry) : folder_(std::move(folder)), registry_(std::move(registry)) {}

  /// Sees to it that `to` knows the schema. errc::unreachable: the registry does not answer; it is asked again after a second at
  /// the earliest. Any other error is final for this id, and remembered for half a minute.
  result<void> provide(std::int32_t id, avro_schemas& to);

private:
  result<std::string> fetch(std::int32_t id) const;
  struct refusal {
    error why;
    std::chrono::steady_clock::time_point until;
  };
  std::string folder_, registry_;
  std::map<std::int32_t, refusal> refused_;
};

} // namespace tocsin
