#include "../peer.h"

#include <unistr.h>

namespace {
size_t check(char const* in, size_t size) { return u8_check(reinterpret_cast<uint8_t const*>(in), size) == nullptr; }
constexpr ehlo_peer unistring = {
    .name = "libunistring", .omits = "", .commands = nullptr, .paths = nullptr, .replies = nullptr, .capabilities = nullptr,
    .decode_content = nullptr, .encode_content = nullptr, .encode_base64 = nullptr, .decode_base64 = nullptr, .check_utf8 = check};
EHLO_PEER(unistring)
}  // namespace
