// Our canonical durable form of records (MessagePack, versioned): one blob per batch.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/record.hpp"

namespace tocsin {

/// Appends the batch's records [begin, end) as one blob.
std::string encode_records(const record_batch& batch, std::size_t begin, std::size_t end);
/// Texts of the result are kept alive by the batch. Refuses other versions (errc::version) and bad bytes.
result<record_batch> decode_records(std::string_view blob);

} // namespace tocsin
