#include "codecs/decoder.hpp"
namespace tocsin { std::unique_ptr<decoder> make_tibrvlisten_decoder(decode_context c) { return make_jsonl_decoder(c, {}); } }
