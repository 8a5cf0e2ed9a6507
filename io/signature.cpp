// Signatures of webhooks.
#include "io/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "io/curl.hpp"

namespace tocsin {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t key_bytes_min = 24, key_bytes_max = 64; ///< of the standard

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size))));
  return out;
}

/// Empty when it is none.
std::string from_base64(std::string text) {
  while (text.size() % 4 != 0) text += '='; // some leave the padding out
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

} // namespace

result<std::string> read_signing_key(const std::string& path) {
  const auto text = read_secret(path);
  if (!text) return fail(text.error().code, text.error().text);
  std::string_view encoded = *text;
  if (encoded.starts_with(prefix)) encoded.remove_prefix(prefix.size());
  std::string key = from_base64(std::string{encoded});
  if (key.size() < key_bytes_min || key.size() > key_bytes_max)
    return fail(errc::malformed, path + ": a secret is \"whsec_\" and 24 to 64 bytes in base64; "
                                        "make one with: echo whsec_$(openssl rand -base64 32)");
  return key;
}

std::string unix_seconds(timestamp t) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count());
}

std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id, timestamp at,
                              std::string_view body) {
  std::string content{id};
  content.append(".").append(unix_seconds(at)).append(".").append(body);
  std::string out;
  for (const std::string& key : keys) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum;
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(content.data()),
              content.size(), sum.data(), &size))
      throw std::runtime_error{"HMAC failed"};
    out += (out.empty() ? "v1," : " v1,") + base64(sum.data(), size);
  }
  return out;
}

} // namespace tocsin
