#include "../peer.h"

#include <openssl/evp.h>

namespace {
unsigned char const* unsigned_of(char const* octets) { return reinterpret_cast<unsigned char const*>(octets); }
size_t encode(char const* in, size_t size, char* out) {
    int const n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out), unsigned_of(in), static_cast<int>(size));
    return static_cast<size_t>(n);
}
size_t decode(char const* in, size_t size, char* out) {
    int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out), unsigned_of(in), static_cast<int>(size));
    for (size_t i = size; n > 0 && i > 0 && in[i - 1] == '='; --i) --n;
    return static_cast<size_t>(n > 0 ? n : 0);
}
constexpr ehlo_peer openssl = {
    .name = "OpenSSL", .omits = "where an error is", .commands = nullptr, .paths = nullptr, .replies = nullptr, .capabilities = nullptr,
    .decode_content = nullptr, .encode_content = nullptr, .encode_base64 = encode, .decode_base64 = decode, .check_utf8 = nullptr};
EHLO_PEER(openssl)
}  // namespace
