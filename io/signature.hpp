// Signatures of webhooks after Standard Webhooks 1.0: HMAC-SHA256 over "<id>.<seconds>.<body>".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

/// The key in a file: base64 with or without "whsec_" before it, 24 to 64 bytes. The error names the file, never
/// what is in it.
result<std::string> read_signing_key(const std::string& path);
/// "v1,<base64>", one for each key with a space between: receivers take any that fits.
std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id, timestamp at,
                              std::string_view body);
std::string unix_seconds(timestamp t);

} // namespace tocsin
