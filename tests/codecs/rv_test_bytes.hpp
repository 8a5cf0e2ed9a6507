// Bytes for the tests of the Rendezvous codec: hex text and the recorded sessions.
#pragma once

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::test {

/// Digits in pairs; anything else between them is skipped.
inline std::string from_hex(std::string_view text) {
  std::string bytes, pair;
  for (const char c : text) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) continue;
    pair += c;
    if (pair.size() == 2) {
      bytes += static_cast<char>(std::stoi(pair, nullptr, 16));
      pair.clear();
    }
  }
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 0xf];
  }
  return text;
}

inline std::string shared_file(const std::string& name) {
  const char* root = std::getenv("TOCSIN_SHARED");
  return (root ? std::string{root} : std::string{TOCSIN_SOURCE_DIR "/../shared"}) + "/data/rv/" +
         name;
}

inline std::optional<std::string> read_shared(const std::string& name) {
  std::ifstream file{shared_file(name), std::ios::binary};
  if (!file) return {};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline const std::vector<std::string>& recorded_sessions() {
  static const std::vector<std::string> names{"01-subscriber-session.hex",
                                              "02-publisher-session.hex",
                                              "03-monitor-sees-host-start-stop.hex",
                                              "04-gob-session-client.hex",
                                              "05-init-refused.hex",
                                              "06-synthetic-rv87-host-status.hex",
                                              "08-unmodified-90s-interval.hex"};
  return names;
}

struct recorded_frame {
  char direction;
  double seconds;
  std::string bytes;
};

inline std::vector<recorded_frame> parse_session(const std::string& text) {
  std::vector<recorded_frame> frames;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    recorded_frame f;
    std::string hex;
    if (line.starts_with('#') || !(words >> f.direction >> f.seconds >> hex)) continue;
    f.bytes = from_hex(hex);
    frames.push_back(std::move(f));
  }
  return frames;
}

/// HOST.STATUS of RV 8.7.0 as our own writer would not have to make it: the bytes of the recorded
/// text sample.
inline const std::string& rv87_status() {
  static const std::string frame = from_hex("000001eb9955eeaa04737562000279002e06055f52560006494e46"
                                            "4f000853595354454d0006484f53540008535441545553000a"
                                            "304136324133383900066d74797065000802410005646174610001"
                                            "7a0000019b9955eeaa0a4144565f434c415353000805494e464f"
                                            "000b4144565f534f5552434500080753595354454d00094144565f"
                                            "4e414d45000815484f53542e5354415455532e30413632413338"
                                            "390009686f737461646472000a040a62a389036f73000c01020476"
                                            "6572000806382e372e3000096874747061646472000a040a62a3"
                                            "890968747470706f7274000a021d9c0574696d650003080068eefb"
                                            "2e0c2948037570000c04000003de04726c69000d08404e000000"
                                            "000000036d73000c08000000000000077b036273000c0800000000"
                                            "0003adf6036d72000c080000000000000484036272000c080000"
                                            "00000001fa2a037073000c0800000000000007c8037072000c0800"
                                            "00000000000000037278000c08000000000000000003706d000c"
                                            "0800000000000000000469646c000c080000000000000000046f64"
                                            "6c000c0800000000000000000569727273000c08000000000000"
                                            "0000056f727273000c080000000000000000036363000c04000000"
                                            "04076970706f7274000a021d4c08736572766963650008053735"
                                            "303000086e6574776f726b00080100");
  return frame;
}

} // namespace tocsin::test
