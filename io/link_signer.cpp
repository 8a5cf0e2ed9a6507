// Signed links: HMAC-SHA256 over incident, receiver and end, with a key of our own.
#include "io/link_signer.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include "io/file_descriptor.hpp"

namespace tocsin {

namespace {

constexpr std::size_t key_bytes = 32;

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < count; ++i) (out += digits[bytes[i] >> 4]) += digits[bytes[i] & 15];
  return out;
}

std::string percent(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto b = static_cast<unsigned char>(c);
    if ((b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '-' || b == '_' || b == '.') out += c;
    else ((out += '%') += digits[b >> 4]) += digits[b & 15];
  }
  return out;
}

} // namespace

result<link_signer> link_signer::open(const std::string& directory) {
  const std::string path = directory + "/link.key";
  const auto failed = [&path](const char* what) {
    return fail(errc::io, path + ": cannot " + what + ": " + std::generic_category().message(errno) +
                              "; allow this user to read and write it");
  };
  std::string key(key_bytes, '\0');
  if (const file_descriptor in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)}; in.is_open()) {
    if (::read(in.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size())) return link_signer{std::move(key)};
    return fail(errc::truncated, path + ": is not a key of " + std::to_string(key_bytes) + " bytes; remove it, a new one is made");
  }
  if (errno != ENOENT) return failed("read");
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
    return fail(errc::io, "no random bytes for " + path);
  const file_descriptor out{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!out.is_open()) return failed("create");
  if (::write(out.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size())) return failed("write");
  return link_signer{std::move(key)};
}

std::string link_signer::sign(const std::string& incident, const std::string& receiver, const std::string& expires) const {
  // With its length, so that no part can be shifted into the next.
  const std::string content = std::to_string(incident.size()) + '\n' + incident + std::to_string(receiver.size()) + '\n' + receiver + expires;
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(content.data()),
            content.size(), out, &size))
    throw std::runtime_error{"HMAC failed"};
  return hex(out, size);
}

std::string link_signer::url(const std::string& external_url, const std::string& incident, const std::string& receiver,
                             timestamp end) const {
  const std::string expires = std::to_string(to_nanoseconds(end) / 1'000'000'000);
  std::string base = external_url;
  while (base.ends_with('/')) base.pop_back();
  return base + "/acknowledge?incident=" + percent(incident) + "&receiver=" + percent(receiver) + "&expires=" + expires +
         "&signature=" + sign(incident, receiver, expires);
}

result<void> link_signer::check(const std::string& incident, const std::string& receiver, const std::string& expires,
                                const std::string& signature, timestamp now) const {
  const std::string ours = sign(incident, receiver, expires);
  if (signature.size() != ours.size() || CRYPTO_memcmp(signature.data(), ours.data(), ours.size()) != 0)
    return fail(errc::invalid, "This link was not made here, or it was changed. Use the one of the mail as it is, or the command line.");
  std::int64_t seconds = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (seconds < to_nanoseconds(now) / 1'000'000'000)
    return fail(errc::timeout, "This link is no longer good. Use: tocsin incidents acknowledge " + incident);
  return {};
}

} // namespace tocsin
