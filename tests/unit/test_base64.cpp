// base64.hpp
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/base64.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace test_base64 {

using namespace ehlo;
using support::bad_case;
using support::everywhere;
using support::say;
using namespace std::string_view_literals;

namespace {

// A codec that shares nothing with the library: bit by bit, through strings of '0' and '1'.
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string slow_encode(std::string_view octets) {
    std::string bits, out;
    for (char const c : octets)
        for (int i = 7; i >= 0; --i) bits += (static_cast<unsigned char>(c) >> i & 1) != 0 ? '1' : '0';
    while (bits.size() % 6 != 0) bits += '0';
    for (std::size_t i = 0; i < bits.size(); i += 6) out += letters[std::stoul(bits.substr(i, 6), nullptr, 2)];
    while (out.size() % 4 != 0) out += '=';
    return out;
}
// Says nothing about whether the text is right.
std::string slow_decode(std::string_view text) {
    std::string bits, out;
    for (char const c : text) {
        std::size_t const at = letters.find(c);
        if (at == std::string_view::npos) break;
        for (int i = 5; i >= 0; --i) bits += (at >> i & 1) != 0 ? '1' : '0';
    }
    for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) out += static_cast<char>(std::stoul(bits.substr(i, 8), nullptr, 2));
    return out;
}
bool is_right(std::string_view text) { return slow_encode(slow_decode(text)) == text; }
// Where the longest beginning ends that could go on to be right: with "A", whose bits are 0, and "=".
std::size_t first_wrong_octet(std::string_view text) {
    constexpr std::string_view ends[] = {"", "A", "=", "AA", "A=", "==", "AAA", "AA=", "A=="};
    for (std::size_t n = text.size();; --n) {
        // All but the last groups were looked at when n was larger: only what they end with counts.
        std::size_t const from = n < 8 ? 0 : (n - 4) / 4 * 4;
        std::string_view const last = text.substr(from, n - from);
        if (text.substr(0, from).find_first_not_of(letters) == std::string_view::npos)
            for (std::string_view const end : ends)
                if (is_right(std::string(last) + std::string(end))) return n;
    }
}

std::string encoded(std::string_view octets) {
    return support::written([octets](writer& w) { return encode_base64(w, octets); });
}
std::string decoded(std::string_view text) {
    return support::written([text](writer& w) { return decode_base64(w, text); });
}
std::string decoded_in_place(std::string_view text) {
    // At the fence, so that an octet too many is seen.
    std::string_view const at = support::shared_fence().put(text);
    auto const octets = decode_base64(const_cast<char*>(at.data()), at.size());
    if (!octets) {
        CHECK(at == text);
        return say(octets.error());
    }
    CHECK(octets->data() == at.data());
    CHECK(at.substr(octets->size()) == text.substr(octets->size()));
    return std::string(*octets);
}
std::string encoded_in_pieces(std::string_view octets, std::size_t size) {
    return support::written([&](writer& w) {
        return w.atomically([&](writer& out) {
            base64_encoder encoder(out);
            for (std::size_t i = 0; i < octets.size(); i += size) encoder.put(octets.substr(i, size)).put("");
            encoder.finish();
        });
    });
}

struct vector_case {
    std::string_view octets, text;
};
// RFC 4648 10, 9; RFC 4954 4.1; RFC 2195 2
constexpr vector_case vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\x14\xFB\x9C\x03\xD9\x7E", "FPucA9l+"},
    {"\x14\xFB\x9C\x03\xD9", "FPucA9k="},
    {"\x14\xFB\x9C\x03", "FPucAw=="},
    {"test\0test\0001234"sv, "dGVzdAB0ZXN0ADEyMzQ="},
    {"<1896.697170952@postoffice.reston.mci.net>", "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"},
};

constexpr bad_case refused[] = {
    // Cut short.
    {"A", errc::bad_base64, 1},
    {"AA", errc::bad_base64, 2},
    {"AAA", errc::bad_base64, 3},  // CVE-2018-6789: 4n+3
    {"AA=", errc::bad_base64, 3},
    {"AAAAA", errc::bad_base64, 5},
    {"AAAAAAA", errc::bad_base64, 7},
    {"dGVzdAB0ZXN0ADEyMzQ", errc::bad_base64, 19},
    // "=" anywhere but at the end: RFC 4954 4.
    {"=", errc::bad_base64, 0},
    {"=AAA", errc::bad_base64, 0},
    {"A=AA", errc::bad_base64, 1},
    {"A===", errc::bad_base64, 1},
    {"AA=A", errc::bad_base64, 3},
    {"AAA=BBB", errc::bad_base64, 4},
    {"AAA=BBBB", errc::bad_base64, 4},
    {"AA==AAAA", errc::bad_base64, 4},
    {"====", errc::bad_base64, 0},
    {"AAAA=", errc::bad_base64, 4},
    {"AAAA====", errc::bad_base64, 4},
    {"AAA==", errc::bad_base64, 4},
    {"AA===", errc::bad_base64, 4},
    // Bits that the padding cuts off.
    {"AB==", errc::bad_base64, 2},
    {"AAB=", errc::bad_base64, 3},
    {"Zh==", errc::bad_base64, 2},
    {"Zm9=", errc::bad_base64, 3},
    {"FPucAw//FPucAx==", errc::bad_base64, 14},
    // Octets that are not in the alphabet: the URL alphabet, white space, controls, octets over 127.
    {"AA-A", errc::bad_base64, 2},
    {"AA_A", errc::bad_base64, 2},
    {" AAAA", errc::bad_base64, 0},
    {"AAAA ", errc::bad_base64, 4},
    {"AA AA", errc::bad_base64, 2},
    {"AAAA\r\nAAAA", errc::bad_base64, 4},
    {"AAAA\n", errc::bad_base64, 4},
    {"AAAA\t", errc::bad_base64, 4},
    {"AAAA\0"sv, errc::bad_base64, 4},
    {"\0AAA"sv, errc::bad_base64, 0},
    {"AA\x80\x80", errc::bad_base64, 2},
    {"*", errc::bad_base64, 0},
    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.", errc::bad_base64, 35},
    {"AAAAAAAAAAAAAAAAAAAA\xC1" "AAAAAAAAAAAAAAA", errc::bad_base64, 20},
};
constexpr auto check_text = [](std::string_view t) { return check_base64(t); };
static_assert(support::first_wrong(refused, check_text) == std::size(refused));

constexpr bool vectors_at_compile_time() {
    for (vector_case const& v : vectors) {
        char buffer[64] = {}, text[64] = {}, back[64] = {};
        writer out(buffer), pieces(text), again(back);
        if (!encode_base64(out, v.octets) || out.text() != v.text) return false;
        base64_encoder encoder(pieces);
        for (char const c : v.octets) encoder.put({&c, 1});
        encoder.finish();
        if (pieces.text() != v.text) return false;
        if (!decode_base64(again, v.text) || again.text() != v.octets) return false;
        if (*decode_base64(buffer, out.size()) != v.octets) return false;
    }
    return true;
}
static_assert(vectors_at_compile_time());
static_assert(base64_size(0) == 0 && base64_size(1) == 4 && base64_size(3) == 4 && base64_size(4) == 8);

}  // namespace

TEST_CASE("base64: the vectors of the RFCs", "[base64]") {
    for (vector_case const& v : vectors) {
        CAPTURE(support::escaped(v.text));
        CHECK(encoded(v.octets) == v.text);
        CHECK(decoded(v.text) == v.octets);
        CHECK(decoded_in_place(v.text) == v.octets);
        CHECK(everywhere(v.text, [](std::string_view t) { return say(check_base64(t)); }) == std::to_string(v.octets.size()));
    }
}

TEST_CASE("base64: what is refused, and where", "[base64]") {
    support::check_all(refused, check_text);
    for (bad_case const& c : refused) {
        CAPTURE(support::escaped(c.text));
        std::string const said = say(fail(c.code, c.at));
        CHECK(decoded(c.text) == said);
        CHECK(decoded_in_place(c.text) == said);
        CHECK(first_wrong_octet(c.text) == c.at);
    }
}

TEST_CASE("base64: every length against a slow codec", "[base64]") {
    generate::rng r(4648);
    for (std::size_t size = 0; size <= 200; size += generate::every(3)) {
        std::string octets;
        for (std::size_t i = 0; i < size; ++i) octets += static_cast<char>(r.below(256));
        std::string const text = slow_encode(octets);
        CAPTURE(size, text);
        CHECK(text.size() == base64_size(size));
        CHECK(encoded(octets) == text);
        CHECK(encoded(support::shared_fence().put(octets)) == text);
        CHECK(decoded(text) == octets);
        CHECK(decoded(support::shared_fence().put(text)) == octets);
        CHECK(decoded_in_place(text) == octets);
        for (std::size_t const piece : {1u, 2u, 3u, 4u, 5u, 7u, 16u, 50u}) CHECK(encoded_in_pieces(octets, piece) == text);
    }
}

TEST_CASE("base64: every octet at every place of a group and of a vector", "[base64]") {
    std::size_t faults = 0;
    for (std::size_t const size : {3u, 17u, 40u})
        for (std::size_t at = 0; at < size; ++at)
            for (unsigned octet = 0; octet < 256; octet += generate::every(5)) {
                std::string octets(size, 'U');
                octets[at] = static_cast<char>(octet);
                char buffer[64];
                writer w(buffer);
                if (!encode_base64(w, octets) || w.text() != slow_encode(octets)) ++faults;
                else if (*decode_base64(buffer, w.size()) != octets) ++faults;
            }
    CHECK(faults == 0);
}

TEST_CASE("base64: every corruption of one octet", "[base64]") {
    std::string const octets = "The quick brown fox jumps over the lazy dog, twice: \xFF\xFE\x80";
    std::size_t faults = 0, still_right = 0;
    for (std::size_t const size : {1u, 2u, 3u, 4u, 11u, 12u, 13u, 24u, 25u, 36u, 54u, 55u}) {
        std::string const text = slow_encode(octets.substr(0, size));
        for (std::size_t at = 0; at < text.size(); ++at)
            for (std::size_t octet = at % generate::every(15); octet < 256; octet += generate::every(15)) {
                std::string broken = text;
                broken[at] = static_cast<char>(octet);
                auto const said = check_base64(broken);
                if (is_right(broken)) {
                    ++still_right;
                    if (!said || decoded_in_place(broken) != slow_decode(broken)) ++faults;
                } else if (said || said.error() != fail(errc::bad_base64, first_wrong_octet(broken))) {
                    ++faults;
                    UNSCOPED_INFO(support::escaped(broken));
                }
            }
    }
    CHECK(faults == 0);
    CHECK(still_right > 10000 / generate::every(15));
}

TEST_CASE("base64: all ends of a text", "[base64]") {
    // All texts of up to four octets of a few that matter, after none, one and ten whole groups.
    constexpr std::string_view some{"AQgBw/=-\0 ", 10};
    std::size_t faults = 0, right = 0;
    for (std::string const& before : {std::string(), std::string("Zm9v"), slow_encode(std::string(30, '~'))})
        for (std::size_t n = 0; n < 11111; n += generate::every(7)) {
            std::string text = before;
            // A digit more than the number has marks its length.
            std::size_t rest = n, length = 0, count = 1;
            while (rest >= count) rest -= count, count *= 10, ++length;
            for (std::size_t i = 0; i < length; ++i, rest /= 10) text += some[rest % 10];
            auto const said = check_base64(text);
            bool const expected = is_right(text);
            right += expected;
            if (said.has_value() != expected) ++faults;
            else if (expected ? *said != slow_decode(text).size() : said.error().at != first_wrong_octet(text)) ++faults;
        }
    CHECK(faults == 0);
    CHECK(right > 1000 / generate::every(7));
}

TEST_CASE("base64: pieces keep nothing but what stands in the output", "[base64]") {
    char buffer[8];
    writer out(buffer);
    base64_encoder encoder(out);
    encoder.put("f");
    CHECK(out.text() == "Zg");
    encoder.put("o");
    CHECK(out.text() == "Zm8");
    encoder.put("o").put("b");
    CHECK(out.text() == "Zm9vYg");
    encoder.finish();
    CHECK(out.text() == "Zm9vYg==");
    encoder.put("x");
    CHECK(out.error() == fail(errc::output_full, 8));
    encoder.put("yz").finish();
    CHECK(out.text() == "Zm9vYg==");
}

}  // namespace test_base64
