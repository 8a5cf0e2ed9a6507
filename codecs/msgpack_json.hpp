// MessagePack to the JSON it stands for, so that one mapping of fields serves both.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tocsin {

/// Appends one value as JSON on one line. Map keys that are numbers become texts, binary becomes text, what is not finite becomes
/// null; extension types are refused. errc::malformed: broken bytes, something behind the value, or nested more than 16 deep.
result<void> msgpack_to_json(std::string_view bytes, std::string& out);

} // namespace tocsin
