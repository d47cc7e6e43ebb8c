// capabilities.hpp: the EHLO answer
#include "support.hpp"

#include "generate.hpp"

#include <ehlo/capabilities.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_capabilities {

using namespace ehlo;
using support::escaped;
using support::say;
using namespace std::string_view_literals;

namespace {

std::string say_offer(std::string_view text) {
    auto const r = parse_reply(text);
    if (!r.ready()) return "no reply";
    auto const c = parse_capabilities(*r);
    if (!c) return say(c.error());
    std::string out;
    for (unsigned i = 0; i < extension_count; ++i)
        if (c->has(static_cast<extension>(i))) (out += out.empty() ? "" : " ") += name(static_cast<extension>(i));
    if (c->size) out += " max " + std::to_string(*c->size);
    return out;
}
std::string offer(std::string_view text) { return support::everywhere(text, say_offer); }

}  // namespace

TEST_CASE("answers of real servers", "[capabilities]") {
    // Postfix
    CHECK(offer("250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n250-STARTTLS\r\n"
                "250-AUTH PLAIN LOGIN\r\n250-AUTH=PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"
                "250-SMTPUTF8\r\n250 CHUNKING\r\n") ==
          "SIZE 8BITMIME PIPELINING ENHANCEDSTATUSCODES SMTPUTF8 VRFY CHUNKING DSN STARTTLS AUTH ETRN max 10240000");
    // Postfix smtp-sink: the last line has an empty keyword
    CHECK(offer("250-smtp-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 \r\n") == "8BITMIME PIPELINING");
    CHECK(offer("250-smtp-sink\r\n250\r\n") == "");
    // Exim
    CHECK(offer("250-mx.example.org Hello client [192.0.2.1]\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-PIPELINING\r\n"
                "250-PIPECONNECT\r\n250-CHUNKING\r\n250-STARTTLS\r\n250 HELP\r\n") == "SIZE 8BITMIME PIPELINING HELP CHUNKING STARTTLS max 52428800");
    // Exchange, Sendmail
    CHECK(offer("250-MX.example.org Hello [192.0.2.1]\r\n250-SIZE\r\n250-XEXCH50\r\n250-X-ANONYMOUSTLS\r\n250 OK\r\n") == "SIZE");
    CHECK(offer("250-a.example Hello b, pleased to meet you\r\n250-EXPN\r\n250-VERB\r\n250-ONEX\r\n250 XUSR\r\n") == "EXPN VERB ONEX");
    // RFC 5321 4.1.1.1: one line only
    CHECK(offer("250 relay\r\n") == "");
    CHECK(offer("250 SIZE 1000\r\n") == "");
    CHECK(offer("250-PIPELINING\r\n250 SIZE\r\n") == "SIZE");
}

TEST_CASE("forms of SIZE", "[capabilities]") {
    auto size = [](std::string_view line) { return offer("250-a\r\n250 " + std::string(line) + "\r\n"); };
    CHECK(size("SIZE") == "SIZE");
    CHECK(size("SIZE 0") == "SIZE max 0");   // no fixed limit, which is not the same as no number (RFC 1870 4)
    CHECK(size("size 1") == "SIZE max 1");
    CHECK(size("SIZE 000") == "SIZE max 0");
    CHECK(size("SIZE 18446744073709551615") == "SIZE max 18446744073709551615");
    CHECK(size("SIZE 18446744073709551616") == "SIZE");
    CHECK(size("SIZE x") == "SIZE");
    CHECK(size("SIZE 10 20") == "SIZE");
    CHECK(size("SIZE  10") == "SIZE");
    CHECK(size("SIZE -1") == "SIZE");
    CHECK(size("SIZE=10") == "");
    CHECK(size("SIZES 10") == "");
    CHECK(size("XSIZE 10") == "");
    // The last one counts.
    CHECK(offer("250-a\r\n250-SIZE 5\r\n250 SIZE 7\r\n") == "SIZE max 7");
    CHECK(offer("250-a\r\n250-SIZE 5\r\n250 SIZE\r\n") == "SIZE");
}

TEST_CASE("lines that are no capabilities are passed over", "[capabilities]") {
    CHECK(offer("250-a\r\n250- PIPELINING\r\n250-\tVRFY\r\n250-8bitmime junk\r\n250-\xFF\r\n250 pipelining\r\n") == "8BITMIME PIPELINING");
    CHECK(offer("250-a\r\n250-8BITMIME\r\n250-2.0.0 x\r\n250 -\r\n") == "8BITMIME");
    CHECK(offer("251-a\r\n251 PIPELINING\r\n") == "bad_reply_class@0");
    CHECK(offer("550 no\r\n") == "bad_reply_class@0");
    CHECK(offer("354 no\r\n") == "bad_reply_class@0");
}

TEST_CASE("one line of it", "[capabilities]") {
    static_assert(split_capability("SIZE 10 20").keyword == "SIZE" && split_capability("SIZE 10 20").parameters == "10 20");
    static_assert(split_capability("HELP").keyword == "HELP" && split_capability("HELP").parameters.empty());
    static_assert(split_capability("").keyword.empty() && split_capability("").parameters.empty());
    CHECK(split_capability(" x").keyword.empty());
    CHECK(split_capability(" x").parameters == "x");
    CHECK(split_capability("X ").parameters.empty());
}

TEST_CASE("sets of extensions", "[capabilities]") {
    static_assert((extension::size | extension::help).has(extension::help) && !(extension::size | extension::help).has(extension::vrfy));
    static_assert(extensions(extension::size) != extensions() && (extensions() | extension::expn) == extensions(extension::expn));
    for (unsigned i = 0; i < extension_count; ++i) {
        auto const e = static_cast<extension>(i);
        CHECK(name(e) == name(static_cast<extension>(i)));
        CHECK(extensions(e).has(e));
        CHECK(extensions(e).bits == std::uint64_t{1} << i);
    }
}

TEST_CASE("what is written is read again", "[capabilities]") {
    generate::rng r(1652);
    for (int i = 0; i < 3000; ++i) {
        capabilities c;
        for (unsigned k = 0; k < extension_count; ++k)
            if (r.one_in(2)) c.offered = c.offered | static_cast<extension>(k);
        if (c.has(extension::size) && r.one_in(2)) c.size = r.next() >> r.below(64);
        std::string const domain = r.one_in(4) ? generate::address_literal(r, 20) : generate::domain(r, false, 40);
        std::string const greet = r.one_in(2) ? "" : "greets you";
        char buffer[1024];
        writer w(buffer);
        auto const n = write_capabilities(w, domain, greet, c);
        auto const back = parse_reply(w.text(), {.line = 512});
        bool good = n && *n == w.size() && back.ready() && back.consumed == w.size() && back->code() == 250;
        auto const offered = good ? parse_capabilities(*back) : result<capabilities>(fail(errc::bad_value, 0));
        good = good && offered && offered->offered == c.offered && offered->size == c.size;
        good = good && *back->lines().begin() == domain + (greet.empty() ? "" : " " + greet);
        if (!good) FAIL_CHECK(escaped(domain) << ": " << escaped(w.text()));
    }
    capabilities c;
    c.offered = extension::size | extension::pipelining;
    auto write = [&](std::string_view domain, std::string_view greet) {
        return support::written([&](writer& w) { return write_capabilities(w, domain, greet, c); });
    };
    CHECK(write("mx.example", "") == "250-mx.example\r\n250-SIZE\r\n250 PIPELINING\r\n");
    c.size = 0;
    CHECK(write("mx.example", "hi there") == "250-mx.example hi there\r\n250-SIZE 0\r\n250 PIPELINING\r\n");
    c = {};
    CHECK(write("mx.example", "") == "250 mx.example\r\n");
    CHECK(write("mx.example", "hi") == "250 mx.example hi\r\n");
}

TEST_CASE("what cannot be written as an answer", "[capabilities]") {
    capabilities c;
    c.offered = extension::size;
    auto write = [&](std::string_view domain, std::string_view greet) {
        return support::written([&](writer& w) { return write_capabilities(w, domain, greet, c); });
    };
    CHECK(write("", "") == "bad_domain@0");
    CHECK(write("a b", "") == "bad_domain@1");
    CHECK(write("a\r\n250 PIPELINING", "") == "bad_domain@1");
    CHECK(write("[1.2.3]", "") == "bad_address_literal@6");
    CHECK(write("a", "x\ry") == "unsafe_octet@1");
    CHECK(write("a", "hi\n250 STARTTLS") == "unsafe_octet@2");
    CHECK(write("a", "\0"sv) == "unsafe_octet@0");
    // 512 octets, and one more.
    std::string const greet(512 - 8, 'g');
    CHECK(write("a", greet).substr(0, 6) == "250-a ");
    CHECK(write("a", greet).find("\r\n") == 510);
    CHECK(write("a", greet + "g") == "reply_too_long@512");
    CHECK(write(std::string(256, 'd'), "") == "domain_too_long@255");
}

namespace {
constexpr bool at_compile_time() {
    char buffer[128] = {};
    writer w(buffer);
    capabilities c;
    c.offered = extension::size | extension::smtputf8;
    c.size = 1000;
    if (!write_capabilities(w, "mx.example", "", c)) return false;
    auto const r = parse_reply(w.text());
    auto const back = parse_capabilities(*r);
    return r.ready() && back && back->offered == c.offered && back->size == c.size;
}
static_assert(at_compile_time());
}  // namespace

namespace {

// What visit_ehlo_lines should call, from the lines of the reply: each but the first, cut at its first SP.
std::string plain_visit(reply_view const& r) {
    std::string out;
    bool first = true;
    for (std::string_view const line : r.lines()) {
        if (!first) {
            std::size_t const end = std::min(line.find(' '), line.size());
            std::string_view const keyword = line.substr(0, end);
            std::string_view known;
            for (auto const& row : extension_table)
                if (iequals(row.keyword, keyword)) known = row.keyword;
            if (!known.empty()) (out += known) += end == line.size() ? "; " : " " + say(line.substr(end + 1)) + "; ";
            else if (!line.empty()) out += "other " + say(line) + "; ";
        }
        first = false;
    }
    return out;
}
std::string quick_visit(reply_view const& r) {
    std::string out;
    detail::visit_ehlo_lines<true>(
        r, strict, [](std::string_view) noexcept {}, [&out](extension e, std::string_view text, std::uint64_t) { (out += name(e)) += text.data() == nullptr ? "; " : " " + say(text) + "; "; },
        [&out](std::string_view line) {
            if (!line.empty()) out += "other " + say(line) + "; ";  // a line without octets is nothing either way
        });
    return out;
}

}  // namespace

TEST_CASE("the lines of an answer are those that a plain split finds", "[capabilities]") {
    generate::rng r(1869);
    std::string wrong;
    std::size_t known = 0, others = 0, replies = 0;
    auto compare = [&](std::string const& text) {
        auto const reply = parse_reply(support::shared_fence().put(text), {.tolerate = of_replies});
        if (!reply.ready()) return;
        std::string const plain = plain_visit(*reply), quick = quick_visit(*reply);
        if (plain != quick && wrong.empty()) wrong = escaped(text) + ": " + quick + " instead of " + plain;
        known += !plain.empty() && !plain.starts_with("other"), others += plain.find("other") != plain.npos, ++replies;
    };
    for (unsigned i = 0; i < 60000; i += generate::every(6)) {
        std::string text = r.one_in(3) ? "250-mx.example Hello\r\n" : "250-" + generate::domain(r, false, 12) + "\r\n";
        for (std::size_t n = r.below(6); n > 0; --n) {
            std::string line = generate::ehlo_line(r, 12);
            if (r.one_in(4)) generate::mutate(r, line);
            if (r.one_in(16)) line.clear();
            if (r.one_in(16)) line.resize(r.below(4));
            text += (n == 1 ? "250 " : "250-") + line + (r.one_in(20) ? "\n" : "\r\n");
        }
        if (r.one_in(16)) text += "250\r\n";
        compare(text);
    }
    // Each keyword as the last line and not as the last, with every octet after it and in place of each of its own.
    for (auto const& row : extension_table)
        for (unsigned octet = 0; octet < 256; octet += generate::every(3))
            for (std::size_t at = 0; at <= row.keyword.size(); ++at) {
                std::string line(row.keyword);
                if (at == line.size()) line += static_cast<char>(octet);
                else line[at] = static_cast<char>(octet);
                compare("250-a\r\n250 " + line + "\r\n");
                compare("250-a\r\n250-" + line + " 1\r\n250-" + line + "\r\n250\r\n");
            }
    CHECK(wrong == "");
    CHECK(known > 20000 / generate::every(6));
    CHECK(others > 20000 / generate::every(6));
    CHECK(replies > 60000 / generate::every(6));
}

TEST_CASE("words are told from what is none, wherever 64 octets end", "[capabilities]") {
    auto plain = [](std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            bool const space = text[i] == ' ';
            if (!space && (text[i] < 33 || text[i] > 126)) return false;
            if (space && (i == 0 || i + 1 == text.size() || text[i - 1] == ' ')) return false;
        }
        return true;
    };
    for (std::size_t size = 0; size < 200; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (std::string_view const put : {"x", " ", "  ", "\t", "\x7F"}) {
                std::string text(size, 'w');
                text.replace(at, put.size(), put);
                std::uint64_t blanks = 0;
                CHECK(detail::is_made_of_words(text, blanks) == plain(text));
            }
}

}  // namespace test_capabilities
