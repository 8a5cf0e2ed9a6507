#include "io/avro_registry.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "io/clock.hpp"
#include "io/curl.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr duration answer_within = 5s;
constexpr auto ask_again = std::chrono::seconds{1}, try_again = std::chrono::seconds{30};
constexpr std::size_t refusals_max = 1000; ///< a hostile feed can invent ids
constexpr std::size_t answer_bytes_max = 4 << 20; ///< a registry takes a schema of 1 MiB, which grows as a JSON text

std::size_t keep_answer(char* bytes, std::size_t, std::size_t size, void* out) {
  auto& answer = *static_cast<std::string*>(out);
  if (answer.size() + size > answer_bytes_max) return 0; // ends the transfer
  answer.append(bytes, size);
  return size;
}
} // namespace

result<std::string> avro_registry::fetch(std::int32_t id) const {
  const std::string number = std::to_string(id);
  if (!from_.schemas.empty()) {
    std::ifstream file{std::filesystem::path{from_.schemas} / (number + ".avsc"), std::ios::binary};
    if (file) {
      std::ostringstream text;
      text << file.rdbuf();
      return text.str();
    }
    if (from_.registry.empty()) return fail(errc::missing, "there is no " + number + ".avsc in '" + from_.schemas + "'; add it");
  }
  const auto answer = ask(from_.registry + (from_.registry.ends_with('/') ? "" : "/") + "schemas/ids/" + number);
  if (!answer) return answer;
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  const auto text = json.is_object() ? json.find("schema") : json.end();
  if (!json.is_object() || text == json.end() || !text->is_string()) return fail(errc::malformed, "the registry's answer has no schema");
  const auto type = json.find("schemaType");
  if (type != json.end() && *type != "AVRO") return fail(errc::unsupported, "it is of type " + type->dump() + ", not AVRO");
  return text->get<std::string>();
}

/// The body of a good answer.
result<std::string> avro_registry::ask(const std::string& url) const {
  curl_session curl; // one for each question: there are as many as there are schemas
  curl.prepare(url, "http,https", from_.registry_ca_file, answer_within);
  std::string password; // libcurl keeps a copy of its own
  if (!from_.registry_user.empty()) {
    auto secret = read_secret(from_.registry_password_file);
    if (!secret) return fail(errc::unreachable, "registry_password_file " + secret.error().text); // whoever repairs it loses nothing
    password = std::move(*secret);
    curl.set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl.set(CURLOPT_USERNAME, from_.registry_user.c_str());
    curl.set(CURLOPT_PASSWORD, password.c_str());
  }
  curl_list lines{nullptr, &curl_slist_free_all};
  append(lines, "Accept: application/vnd.schemaregistry.v1+json, application/json");
  std::string body;
  curl.set(CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
  curl.set(CURLOPT_HTTPHEADER, lines.get());
  curl.set(CURLOPT_WRITEFUNCTION, &keep_answer);
  curl.set(CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl.perform();
  if (code == CURLE_WRITE_ERROR) return fail(errc::too_large, "the registry's answer is larger than " + std::to_string(answer_bytes_max) + " bytes: " + url);
  if (code != CURLE_OK) return fail(errc::unreachable, "the registry does not answer: " + url + ": " + curl.explain(code, "registry_ca_file"));
  long status = 0;
  curl_easy_getinfo(curl.handle(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return tl::make_unexpected(refusal_of(status, url));
  return body;
}

/// Final is only what the registry says of the schema, not what it says of us or of itself.
error avro_registry::refusal_of(long status, const std::string& url) const {
  const std::string said = " (" + std::to_string(status) + "): " + url, &user = from_.registry_user;
  if ((status == 401 || status == 403) && user.empty())
    return {errc::unreachable, "the registry wants an account" + said + "; name one in registry_user and registry_password_file"};
  if (status == 401)
    return {errc::unreachable, "the registry refuses the account '" + user + "'" + said + "; correct registry_user, or the password in " + from_.registry_password_file};
  if (status == 403)
    return {errc::unreachable, "the registry does not let '" + user + "' read schemas" + said + "; give it that right, or name another account in registry_user"};
  const std::string plain = "the registry says " + std::to_string(status);
  if (status >= 300 && status < 400) return {errc::unreachable, plain + ": " + url + "; redirects are not followed: correct registry"};
  if (status == 408 || status == 429 || status >= 500) return {errc::unreachable, plain + ": " + url};
  return {errc::missing, plain + "; register it, or correct the producer"};
}

result<void> avro_registry::provide(std::int32_t id, avro_schemas& to) {
  if (to.knows(id)) return {};
  const auto known = refused_.find(id);
  if (known != refused_.end() && monotonic_clock() < known->second.until) return tl::make_unexpected(known->second.why);
  auto text = fetch(id);
  result<void> added = text ? to.add(id, *text) : result<void>{fail(text.error().code, "Avro schema " + std::to_string(id) + ": " + text.error().text)};
  if (added) {
    refused_.erase(id);
    log::info("avro_schema", {{"id", std::to_string(id)}});
    return {};
  }
  const bool is_news = known == refused_.end() || known->second.why.text != added.error().text;
  if (refused_.size() >= refusals_max) refused_.clear();
  const auto pause = added.error().code == errc::unreachable ? ask_again : try_again;
  if (is_news) log::warning("avro_schema_refused", {{"reason", added.error().text}});
  refused_[id] = {added.error(), monotonic_clock() + pause};
  return added;
}

} // namespace tocsin
