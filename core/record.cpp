#include "core/record.hpp"

#include <cstring>

namespace tocsin {

namespace {
constexpr std::size_t chunk_bytes = 16 * 1024;

std::uint64_t mix(std::uint64_t h, std::uint64_t word) {
  h = (h ^ word) * 0xff51afd7ed558ccdull;
  return h ^ (h >> 32);
}

std::uint64_t mix(std::uint64_t h, std::string_view text) {
  std::uint64_t word;
  const char* p = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::memcpy(&word, p, 8);
    h = mix(h, word);
  }
  word = 0;
  for (std::size_t i = 0; i < left; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
  return mix(h, word ^ (std::uint64_t{text.size()} << 56));
}
} // namespace

std::string_view record_batch::keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > left_) {
    const std::size_t size = text.size() > chunk_bytes ? text.size() : chunk_bytes;
    std::shared_ptr<char[]> chunk{new char[size]};
    free_ = chunk.get();
    left_ = size;
    bytes.push_back(std::move(chunk));
  }
  std::memcpy(free_, text.data(), text.size());
  std::string_view kept{free_, text.size()};
  free_ += text.size();
  left_ -= text.size();
  return kept;
}

std::uint64_t hash_key(std::string_view host, std::string_view service) {
  // The host alone decides the upper half, so that all services of a host can share a shard.
  const std::uint64_t h = mix(0x9e3779b97f4a7c15ull, host);
  const std::uint64_t s = mix(h, service);
  return (h & 0xffffffff00000000ull) | (s & 0xffffffffull);
}

std::string_view to_text(record_kind kind) {
  constexpr std::string_view names[] = {"heartbeat", "host_start", "host_stop", "data_loss_inbound", "data_loss_outbound",
                                        "retransmission_sent", "retransmission_suppressed", "unreachable_transport",
                                        "sight_lost", "sight_regained", "time_mark", "operator_said", "equipment_said"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_text(counter c) {
  constexpr std::string_view names[counter_count] = {"up", "cc", "client_limit", "ms", "bs", "mr", "br", "ps",
                                                     "pr", "rx", "pm", "idl", "odl", "irrs", "orrs", "lost"};
  return names[static_cast<std::size_t>(c)];
}

std::string subject_of(std::string_view host, std::string_view service) {
  std::string out{"rvd/"};
  out.append(host).append("/").append(service);
  return out;
}

} // namespace tocsin
