#include "io/avro_registry.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "io/clock.hpp"
#include "io/http_client.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr duration answer_within = 5s;
constexpr auto ask_again = std::chrono::seconds{1}, try_again = std::chrono::seconds{30};
constexpr std::size_t refusals_max = 1000; ///< a hostile feed can invent ids
} // namespace

result<std::string> avro_registry::fetch(std::int32_t id) const {
  const std::string number = std::to_string(id);
  if (!folder_.empty()) {
    std::ifstream file{std::filesystem::path{folder_} / (number + ".avsc"), std::ios::binary};
    if (file) {
      std::ostringstream text;
      text << file.rdbuf();
      return text.str();
    }
    if (registry_.empty()) return fail(errc::missing, "Avro schema " + number + ": there is no " + number + ".avsc in '" + folder_ + "'; add it");
  }
  const std::string url = registry_ + (registry_.ends_with('/') ? "" : "/") + "schemas/ids/" + number;
  const auto answer = http_get(url, answer_within);
  if (!answer) return fail(errc::unreachable, "Avro schema " + number + ": the registry does not answer: " + url);
  if (answer->status >= 500) return fail(errc::unreachable, "Avro schema " + number + ": the registry says " + std::to_string(answer->status) + ": " + url);
  if (answer->status != 200)
    return fail(errc::missing, "Avro schema " + number + ": the registry says " + std::to_string(answer->status) + "; register it, or correct the producer");
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  const auto text = json.is_object() ? json.find("schema") : json.end();
  if (!json.is_object() || text == json.end() || !text->is_string()) return fail(errc::malformed, "Avro schema " + number + ": the registry's answer has no schema");
  const auto type = json.find("schemaType");
  if (type != json.end() && *type != "AVRO") return fail(errc::unsupported, "Avro schema " + number + ": it is of type " + type->dump() + ", not AVRO");
  return text->get<std::string>();
}

result<void> avro_registry::provide(std::int32_t id, avro_schemas& to) {
  if (to.knows(id)) return {};
  const auto known = refused_.find(id);
  if (known != refused_.end() && monotonic_clock() < known->second.until) return tl::make_unexpected(known->second.why);
  auto text = fetch(id);
  auto added = text ? to.add(id, *text) : result<void>{tl::make_unexpected(text.error())};
  if (added) {
    refused_.erase(id);
    log::info("avro_schema", {{"id", std::to_string(id)}});
    return {};
  }
  if (refused_.size() >= refusals_max) refused_.clear();
  const auto pause = added.error().code == errc::unreachable ? ask_again : try_again;
  if (known == refused_.end()) log::warning("avro_schema_refused", {{"reason", added.error().text}});
  refused_[id] = {added.error(), monotonic_clock() + pause};
  return added;
}

} // namespace tocsin
