// Fuzz target: any bytes as what a daemon says to our client, from its first byte on, cut anywhere.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "codecs/rv_session.hpp"
#include "core/limits.hpp"

namespace {

using namespace tocsin;

struct heard {
  std::vector<std::string> frames;
  std::string said, failure;
  rv_session::phase_t phase;
  bool operator==(const heard&) const = default;
};

void require(bool holds) {
  if (!holds) std::abort();
}

heard talk(std::string_view input, std::size_t piece) {
  heard h;
  rv_session session{{"fuzz", "7500", "", {"_RV.*.SYSTEM.>"}, 7}};
  while (!input.empty() && h.failure.empty()) {
    const std::string_view part = input.substr(0, piece);
    input.remove_prefix(part.size());
    std::memcpy(session.prepare(part.size()), part.data(), part.size());
    session.commit(part.size());
    for (;;) {
      const auto frame = session.next_frame();
      if (!frame) h.failure = frame.error().text;
      if (!frame || !*frame) break;
      h.frames.emplace_back(**frame);
    }
    require(session.buffered() <= limits::rv_message_bytes_max + piece);
  }
  h.said = session.output();
  require(h.said.size() < 64 * 1024);
  h.phase = session.phase();
  return h;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const heard whole = talk(input, size + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}})
    require(talk(input, piece) == whole);
  return 0;
}
