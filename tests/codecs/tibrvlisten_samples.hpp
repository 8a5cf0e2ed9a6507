// Decoding helpers and sample messages of the tibrvlisten tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codecs/decoder.hpp"

namespace tocsin::test {

using namespace std::string_literals;
struct outcome {
  record_batch batch;
  std::vector<decode_error> errors;
  std::uint64_t ignored = 0;

  /// "heartbeat@10.98.163.137/7500 up=990 2025-10-15T01:38:54Z"
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const record& r : batch.records) {
      std::string line{to_text(r.kind)};
      line.append("@").append(r.host).append("/").append(r.service);
      if (!r.peer.empty()) line.append(" peer=").append(r.peer);
      for (std::size_t i = 0; i < counter_count; ++i)
        if (const auto c = static_cast<counter>(i); r.has(c))
          line.append(" ").append(to_text(c)).append("=").append(std::to_string(r.get(c)));
      all.push_back(line.append(" ").append(to_rfc3339(r.at)));
    }
    for (const decode_error& e : errors) all.push_back("error " + e.text);
    return all;
  }
};

inline outcome decode(std::string_view text, std::size_t piece = std::string_view::npos,
                      timestamp arrived = unset) {
  outcome o;
  const auto d = make_tibrvlisten_decoder({});
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    d->feed(text.substr(at, piece), arrived, o.batch);
  d->finish(arrived, o.batch);
  o.errors = d->take_errors();
  o.ignored = d->ignored_count();
  return o;
}

inline const std::string heartbeat_text =
    R"({ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" ADV_NAME="HOST.STATUS.0A62A389" )"
    R"(hostaddr=10.98.163.137 os=2 ver="8.7.0" httpaddr=10.98.163.137 httpport=7580 )"
    R"(time=2025-10-15 01:38:54.797000000Z up=990 rli=60.000000 ms=1915 bs=241142 mr=1156 )"
    R"(br=129578 ps=1992 pr=0 rx=0 pm=0 idl=0 odl=0 irrs=0 orrs=0 cc=4 ipport=7500 )"
    R"(service="7500" network=""})";
inline const std::string heartbeat_values =
    "heartbeat@10.98.163.137/7500 up=990 cc=4 ms=1915 bs=241142 mr=1156 br=129578 ps=1992 pr=0 "
    "rx=0 pm=0 idl=0 odl=0 irrs=0 orrs=0 ";
inline const std::string old_text =
    R"([2007-05-16 09:05:14]: subject=_RV.INFO.SYSTEM.HOST.STATUS.AC1C4815, )"
    R"(message={{0}ADV_CLASS(0)="INFO", {0}ADV_SOURCE(0)="SYSTEM", )"
    R"({0}ADV_NAME(0)="HOST.STATUS.AC1C4815", {0}hostaddr(0)=172.28.72.21, {0}sn(0)=222638, )"
    R"({0}os(0)=2, {0}ver(0)="6.9.8", {0}up(0)=157590, {0}httpaddr(0)=172.28.72.21, )"
    R"({0}httpport(0)=7580, {0}ms(0)=84412, {0}bs(0)=29800824, {0}mr(0)=43272063, )"
    R"({0}br(0)=16275633306, {0}ps(0)=247138, {0}pr(0)=48428531, {0}rx(0)=8382, {0}pm(0)=1338})";
inline const std::string old_values =
    "heartbeat@172.28.72.21/7500 up=157590 ms=84412 bs=29800824 mr=43272063 br=16275633306 "
    "ps=247138 pr=48428531 rx=8382 pm=1338 2007-05-16T09:05:14Z";
inline const std::string too_large_text =
    R"({ADV_CLASS="ERROR" ADV_SOURCE="SYSTEM" ADV_NAME="DATALOSS.OUTBOUND.MSG_TOO_LARGE" )"
    R"(ADV_DESC="dataloss: message was too large for transmission." host="10.98.163.137" )"
    R"(lost=210339 scid=0})";

inline std::string line_of(int up, std::string_view local = "2025-10-15 03:38:54",
                           std::string_view gmt = "2025-10-15 01:38:54.800000000Z") {
  return std::string{local}.append(" (").append(gmt).append(
             "): subject=_RV.INFO.SYSTEM.HOST.STATUS.0A000001, message={ADV_CLASS=\"INFO\" "
             "hostaddr=10.0.0.1 up=") +
         std::to_string(up) + " service=\"7500\"}\n";
}

inline std::vector<std::string> ups(const outcome& o) {
  std::vector<std::string> all;
  for (const record& r : o.batch.records) all.push_back(std::to_string(r.get(counter::uptime)));
  return all;
}

} // namespace tocsin::test
