// Hashes and HMAC, as a program would bring them to <ehlo/scram.hpp>: plain, and quick enough for a test or a tool.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hashes {

// RFC 1321, RFC 3174, RFC 6234.
constexpr std::uint32_t rotl(std::uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
inline std::string padded(std::string_view text, bool big) {
    std::string m(text);
    m += '\x80';
    while (m.size() % 64 != 56) m += '\0';
    std::uint64_t const bits = std::uint64_t{text.size()} * 8;
    for (unsigned i = 0; i < 8; ++i) m += static_cast<char>(bits >> (big ? 56 - 8 * i : 8 * i) & 255);
    return m;
}
inline std::uint32_t word(std::string_view m, std::size_t at, bool big) {
    std::uint32_t w = 0;
    for (unsigned i = 0; i < 4; ++i) w |= std::uint32_t{static_cast<unsigned char>(m[at + i])} << (big ? 24 - 8 * i : 8 * i);
    return w;
}
template <std::size_t N>
std::string digest_of(std::array<std::uint32_t, N> const& h, bool big) {
    std::string out;
    for (std::uint32_t const w : h)
        for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(w >> (big ? 24 - 8 * i : 8 * i) & 255);
    return out;
}
inline std::string md5(std::string_view text) {
    constexpr unsigned shifts[] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
    constexpr std::uint32_t k[] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
        0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
        0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
        0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
        0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
        0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
    std::string const m = padded(text, false);
    std::array<std::uint32_t, 4> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    for (std::size_t at = 0; at < m.size(); at += 64) {
        auto [a, b, c, d] = h;
        for (unsigned i = 0; i < 64; ++i) {
            unsigned const round = i / 16;
            std::uint32_t const f = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
            unsigned const g = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : 7 * i % 16;
            std::uint32_t const next = b + rotl(a + f + k[i] + word(m, at + 4 * g, false), shifts[round * 4 + i % 4]);
            a = d, d = c, c = b, b = next;
        }
        h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d};
    }
    return digest_of(h, false);
}
inline std::string sha1(std::string_view text) {
    std::string const m = padded(text, true);
    std::array<std::uint32_t, 5> h = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    for (std::size_t at = 0; at < m.size(); at += 64) {
        std::uint32_t w[80];
        for (unsigned i = 0; i < 80; ++i) w[i] = i < 16 ? word(m, at + 4 * i, true) : rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = h;
        for (unsigned i = 0; i < 80; ++i) {
            std::uint32_t const f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
            std::uint32_t const k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            std::uint32_t const next = rotl(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rotl(b, 30), b = a, a = next;
        }
        h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
    }
    return digest_of(h, true);
}
inline std::string sha256(std::string_view text) {
    constexpr std::uint32_t k[] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
        0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
        0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
        0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
        0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
        0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    std::string const m = padded(text, true);
    std::array<std::uint32_t, 8> h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    auto rotr = [](std::uint32_t x, unsigned n) { return rotl(x, 32 - n); };
    for (std::size_t at = 0; at < m.size(); at += 64) {
        std::uint32_t w[64];
        for (unsigned i = 0; i < 64; ++i)
            w[i] = i < 16 ? word(m, at + 4 * i, true)
                          : (rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10) + w[i - 7] +
                                (rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 16];
        auto s = h;
        for (unsigned i = 0; i < 64; ++i) {
            std::uint32_t const t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
            std::uint32_t const t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s = {t1 + t2, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]};
        }
        for (unsigned i = 0; i < 8; ++i) h[i] += s[i];
    }
    return digest_of(h, true);
}

template <class H>
std::string hmac_of(H h, std::string_view key, std::string_view text) {
    std::string inner(key.size() > 64 ? h(key) : std::string(key));
    inner.resize(64, '\0');
    std::string outer = inner;
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : outer) c = static_cast<char>(c ^ 0x5C);
    return h(outer + h(inner + std::string(text)));
}
// Hi() of RFC 5802 2.2: PBKDF2 with one block.
template <class H>
std::string salted(H h, std::string_view password, std::string_view salt, unsigned iterations) {
    std::string u = hmac_of(h, password, std::string(salt) + std::string("\0\0\0\1", 4)), all = u;
    for (unsigned i = 1; i < iterations; ++i) {
        u = hmac_of(h, password, u);
        for (std::size_t k = 0; k < all.size(); ++k) all[k] = static_cast<char>(all[k] ^ u[k]);
    }
    return all;
}
// The library's hooks.
template <class H>
auto hmac_hook(H h) {
    return [h](std::string_view key, std::initializer_list<std::string_view> pieces, char* digest) {
        std::string text;
        for (std::string_view const piece : pieces) text += piece;
        std::string const d = hmac_of(h, key, text);
        d.copy(digest, d.size());
    };
}
template <class H>
auto hash_hook(H h) {
    return [h](std::string_view octets, char* digest) {
        std::string const d = h(octets);
        d.copy(digest, d.size());
    };
}

}  // namespace hashes
