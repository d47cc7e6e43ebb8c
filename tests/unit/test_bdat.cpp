// BDAT on the server: chunks counted, refused, cut anywhere; CHUNKING and BINARYMIME (RFC 3030), and LMTP (RFC 2033 4.3).
#include "everything.hpp"

namespace test_bdat {

namespace {

using namespace machine;
using ehlo::extension;
using ehlo::state;
using ints = std::vector<int>;

constexpr ehlo::policy settings = offering(extension::chunking | extension::binary_mime);
constexpr ehlo::policy lmtp = offering(extension::chunking | extension::binary_mime, ehlo::service::lmtp);
constexpr ehlo::policy with(ehlo::bare_octets b) {
    ehlo::policy p = settings;
    p.bare = b;
    return p;
}
constexpr ehlo::policy small_messages() {
    ehlo::policy p = settings;
    p.max_message = 65536;
    return p;
}

std::string const start = "EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
std::string const binary = "EHLO a.example\r\nMAIL FROM:<a@b.example> BODY=BINARYMIME\r\nRCPT TO:<c@d.example>\r\n";

// The codes after the greeting and those of `start`.
ints after_start(played const& p) {
    ints list = codes_of(p);
    REQUIRE(list.size() >= 3);
    REQUIRE(ints(list.begin(), list.begin() + 3) == ints{250, 250, 250});
    return {list.begin() + 3, list.end()};
}

}  // namespace

TEST_CASE("RFC 3030 2: chunks are counted, and nothing in them is looked for") {
    struct {
        std::string_view id;
        std::string octets;
        ints codes;
        std::vector<std::string> contents;
        state where;
    } const cases[] = {
        {"one", "BDAT 5 LAST\r\nhello", {250}, {"hello"}, state::ready},
        {"lower case", "bdat 5 last\r\nhello", {250}, {"hello"}, state::ready},
        {"BDAT-zero-last", "BDAT 0 LAST\r\n", {250}, {""}, state::ready},
        {"zero in between", "BDAT 0\r\nBDAT 2 LAST\r\nhi", {250, 250}, {"hi"}, state::ready},
        {"three", "BDAT 3\r\nabcBDAT 2\r\ndeBDAT 1 LAST\r\nf", {250, 250, 250}, {"abcdef"}, state::ready},
        {"ends in nothing", "BDAT 3\r\nabcBDAT 0 LAST\r\n", {250, 250}, {"abc"}, state::ready},
        {"BDAT-dot-is-data", "BDAT 8 LAST\r\n.\r\nabcQUIT\r\n", {250, 500}, {".\r\nabcQU"}, state::ready},
        {"an end of DATA", "BDAT 9 LAST\r\na\r\n.\r\nb\r\nNOOP\r\n", {250, 250}, {"a\r\n.\r\nb\r\n"}, state::ready},
        {"a line that begins with dots", "BDAT 9 LAST\r\n..\r\n...\r\n", {250}, {"..\r\n...\r\n"}, state::ready},
        {"BDAT-public-16944", "BDAT 100000000\r\n.MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n", {}, {}, state::chunk},
        {"commands in a chunk", "BDAT 36 LAST\r\nRSET\r\nMAIL FROM:<evil@x>\r\nDATA\r\nQUIT\r\nNOOP\r\n", {250, 500, 250}, {"RSET\r\nMAIL FROM:<evil@x>\r\nDATA\r\nQUIT"}, state::ready},
        {"another message", "BDAT 1 LAST\r\naMAIL FROM:<>\r\nRCPT TO:<x@y.example>\r\nBDAT 1 LAST\r\nb", {250, 250, 250, 250}, {"a", "b"}, state::ready},
        {"in between", "BDAT 1\r\naNOOP\r\nBDAT 1 LAST\r\nb", {250, 250, 250}, {"ab"}, state::ready},
        {"BDAT-rset-mid", "BDAT 8\r\nHey <3\r\nRSET\r\n", {250, 250}, {}, state::ready},
        {"EHLO in between", "BDAT 2\r\nabEHLO a\r\n", {250, 250}, {}, state::ready},
        {"BDAT-eof-mid", "BDAT 8\r\nHey <", {}, {}, state::chunk},
    };
    for (auto const& c : cases) {
        INFO(c.id);
        played const p = play_everywhere(settings, {start, c.octets});
        CHECK(after_start(p) == c.codes);
        std::vector<std::string> contents;
        for (auto const& m : p.delivered) contents.push_back(m.content);
        CHECK(contents == c.contents);
        CHECK(p.where == c.where);
        CHECK(play_everywhere(settings, {start + c.octets}) == p);
    }
}

TEST_CASE("RFC 3030 2: octets of a chunk that is refused are thrown away, then it is refused; then only RSET, EHLO, QUIT lead on") {
    struct {
        std::string_view id;
        std::string octets;
        ints codes;
        state where;
    } const cases[] = {
        {"BDAT-before-rcpt", "EHLO a\r\nMAIL FROM:<a@b>\r\nBDAT 5\r\nhelloNOOP\r\n", {250, 250, 503, 250}, state::spoilt},
        {"without MAIL", "EHLO a\r\nBDAT 5\r\nhelloNOOP\r\n", {250, 503, 250}, state::ready},
        {"before EHLO", "BDAT 5\r\nhelloNOOP\r\n", {503, 250}, state::greeted},
        {"after HELO", "HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nhiNOOP\r\n", {250, 250, 250, 503, 250}, state::spoilt},
        {"BDAT-bad-then-smuggle", "EHLO a\r\nBDAT 32 LAST\r\nMAIL FROM:<smuggled@e.example>\r\nNOOP\r\n", {250, 503, 250}, state::ready},
        {"BDAT-after-last", "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1 LAST\r\nABDAT 1\r\nBNOOP\r\n", {250, 250, 250, 250, 503, 250}, state::ready},
        {"BDAT-mixed-data", start + "BDAT 1\r\nADATA\r\n", {250, 250, 250, 250, 503}, state::spoilt},
        {"spoilt: all but RSET", start + "BDAT 1\r\nADATA\r\nMAIL FROM:<>\r\nRCPT TO:<x@y>\r\nDATA\r\nBDAT 2\r\nxyBDAT 1 LAST\r\nzVRFY a\r\nRSET\r\nMAIL FROM:<>\r\n",
         {250, 250, 250, 250, 503, 503, 503, 503, 503, 503, 250, 250, 250}, state::mail},
        {"spoilt: EHLO", start + "BDAT 1\r\nADATA\r\nEHLO a\r\nMAIL FROM:<>\r\n", {250, 250, 250, 250, 503, 250, 250}, state::mail},
        {"spoilt: QUIT", start + "BDAT 1\r\nADATA\r\nQUIT\r\n", {250, 250, 250, 250, 503, 221}, state::closed},
        {"RCPT after a chunk", start + "BDAT 1\r\nARCPT TO:<x@y>\r\nBDAT 1 LAST\r\nB", {250, 250, 250, 250, 503, 250}, state::ready},
        {"the largest size", "EHLO a\r\nBDAT 18446744073709551615\r\nQUIT\r\n", {250}, state::ready},
    };
    for (auto const& c : cases) {
        INFO(c.id);
        played const p = play_everywhere(settings, {c.octets});
        CHECK(codes_of(p) == c.codes);
        CHECK(p.where == c.where);
        for (auto const& m : p.delivered) CHECK(m.content.find("smuggled") == std::string::npos);
    }
}

TEST_CASE("RFC 3030 2: a line that may be a BDAT and cannot be taken ends the session") {
    for (std::string_view const line : {"BDAT\t92 LAST", "BDAT\r 92", " BDAT 28", "NOOP\nBDAT 28 LAST", "BDAT", "BDAT x", "BDAT -1 LAST", "BDAT 5 LOST", "BDAT 5  LAST",
                                        "BDAT 18446744073709551616 LAST", "BDAT 1 LAST x", "BDAT +1", "BDAT 0x5", "BDAT \x7f"}) {
        INFO(line);
        played const p = play_everywhere(settings, {start + std::string(line) + "\r\nRSET\r\nMAIL FROM:<evil@x>\r\n"});
        CHECK(codes_of(p).size() == 4);
        CHECK(p.where == state::closed);
        CHECK(p.last == ehlo::want::close);
        CHECK(p.delivered.empty());
        CHECK(std::count(p.log.begin(), p.log.end(), "abandoned") == 1);
        for (auto const& l : p.log) CHECK(l.find("evil") == std::string::npos);
    }
    // CVE-2017-16943: one octet of content, then a line that is none.
    CHECK(codes_of(play_everywhere(settings, {start + "BDAT 1\r\nBDAT \x7F\r\nBDAT 10 LAST\r\n"})) == ints{250, 250, 250, 250, 500});
}

TEST_CASE("RFC 3030 3: BINARYMIME goes by BDAT alone, and its octets are any") {
    std::string const any = std::string("\0\r\r\n\n\r.\r\n\xFF", 10);
    played const p = play_everywhere(settings, {binary, "BDAT 10 LAST\r\n" + any});
    CHECK(codes_of(p) == ints{250, 250, 250, 250});
    REQUIRE(p.delivered.size() == 1);
    CHECK(p.delivered[0].content == any);
    CHECK(codes_of(play_everywhere(settings, {binary + "DATA\r\nRSET\r\n"})) == ints{250, 250, 250, 503, 250});
    CHECK(codes_of(play_everywhere(settings, {binary + "BDAT 1\r\n\rBDAT 2 LAST\r\n\n\n"})) == ints{250, 250, 250, 250, 250});
    // It ends with its transaction.
    CHECK(codes_of(play_everywhere(settings, {binary + "RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"})) == ints{250, 250, 250, 250, 250, 250, 354});
    // Not offered, it is a parameter like any other that is not (RFC 5321 4.1.1.11).
    constexpr ehlo::policy no_binary = offering(extension::chunking);
    CHECK(codes_of(play_everywhere(no_binary, {"EHLO a\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\n"})) == ints{250, 555});
    CHECK(play_everywhere(settings, {"EHLO a\r\n"}).output.find("250 BINARYMIME\r\n") != std::string::npos);
    CHECK(play_everywhere(no_binary, {"EHLO a\r\n"}).output.find("BINARYMIME") == std::string::npos);
}

TEST_CASE("RFC 5321 2.3.8: bare CR and LF in chunks as after DATA, cut between CR and LF, and between chunks") {
    struct {
        std::string_view id;
        std::string octets;
        bool bare;
        std::string normal;
    } const cases[] = {
        {"clean", "BDAT 6\r\na\r\nb\r\nBDAT 3 LAST\r\nc\r\n", false, "a\r\nb\r\nc\r\n"},
        {"a line end cut between chunks", "BDAT 2\r\na\rBDAT 2 LAST\r\n\nb", false, "a\r\nb"},
        {"CR at the very end", "BDAT 2 LAST\r\na\r", true, "a\r\n"},
        {"CR alone between chunks", "BDAT 2\r\na\rBDAT 1 LAST\r\nb", true, "a\r\nb"},
        {"CR alone, then a chunk of nothing", "BDAT 2\r\na\rBDAT 0 LAST\r\n", true, "a\r\n"},
        {"BDAT-lf-in-chunk", "BDAT 5 LAST\r\na\n.\nb", true, "a\r\n.\r\nb"},
        {"LF first", "BDAT 2 LAST\r\n\na", true, "\r\na"},
        {"CR CR LF", "BDAT 4 LAST\r\na\r\r\n", true, "a\r\n\r\n"},
        {"LF CR", "BDAT 3 LAST\r\n\n\ra", true, "\r\n\r\na"},
        {"CR CR", "BDAT 2 LAST\r\n\r\r", true, "\r\n\r\n"},
    };
    for (auto const& c : cases) {
        INFO(c.id);
        std::size_t const chunks = c.octets.find("BDAT", 1) == std::string::npos ? 1 : 2;
        std::string raw;   // as the chunks hold it
        for (std::size_t at = 0; at < c.octets.size();) {
            std::size_t const end = c.octets.find("\r\n", at) + 2;
            auto const size = static_cast<std::size_t>(std::stoul(c.octets.substr(at + 5)));
            raw += c.octets.substr(end, size);
            at = end + size;
        }
        played const refused = play_everywhere(with(ehlo::bare_octets::reject), {start, c.octets});
        ints const said = after_start(refused);
        CHECK(said.size() == chunks);
        CHECK(said.back() == (c.bare ? 554 : 250));
        CHECK(refused.delivered.empty() == c.bare);
        CHECK(refused.where == state::ready);
        played const passed = play_everywhere(with(ehlo::bare_octets::pass), {start, c.octets});
        CHECK(after_start(passed).back() == 250);
        REQUIRE(passed.delivered.size() == 1);
        CHECK(passed.delivered[0].content == raw);
        played const normal = play_everywhere(with(ehlo::bare_octets::normalize), {start, c.octets});
        REQUIRE(normal.delivered.size() == 1);
        CHECK(normal.delivered[0].content == c.normal);
    }
    // A chunk that is not the last is refused when it ends, and those sent with it are no errors of the client.
    played const early = play_everywhere(with(ehlo::bare_octets::reject), {start, "BDAT 3\r\na\nbBDAT 1\r\ncBDAT 1 LAST\r\ndRSET\r\n"});
    CHECK(after_start(early) == ints{554, 503, 503, 250});
}

TEST_CASE("RFC 1870 6.3: a message beyond the limit is refused, its chunks are thrown away") {
    ehlo::policy const p = small_messages();
    std::string const large(65537, 'x'), most(65536, 'y');
    CHECK(after_start(play_everywhere(p, {start, "BDAT 65537 LAST\r\n" + large + "NOOP\r\n"})) == ints{552, 250});
    played const fits = play_everywhere(p, {start, "BDAT 65536 LAST\r\n" + most});
    CHECK(after_start(fits) == ints{250});
    CHECK(fits.delivered.at(0).content == most);
    // BDAT-total-limit: the second one is too much.
    played const second = play_everywhere(p, {start, "BDAT 65536\r\n" + most + "BDAT 1\r\nzBDAT 0 LAST\r\nNOOP\r\n"});
    CHECK(after_start(second) == ints{250, 552, 503, 250});
    CHECK(second.where == state::spoilt);
    CHECK(second.delivered.empty());
    CHECK(after_start(play_everywhere(p, {start, "BDAT 18446744073709551615\r\nNOOP\r\n"})).empty());
}

TEST_CASE("RFC 2033 4.3: BDAT LAST has a reply for each recipient, none if there are none, in LMTP") {
    std::string const three = "LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<refused@d>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n";
    ints const begun = {250, 250, 250, 550, 250, 250};
    auto const rest = [&](played const& p) {
        ints const all = codes_of(p);
        REQUIRE(all.size() >= begun.size());
        REQUIRE(ints(all.begin(), all.begin() + 6) == begun);
        return ints(all.begin() + 6, all.end());
    };
    CHECK(rest(play_everywhere(lmtp, {three + "BDAT 2\r\nabBDAT 1 LAST\r\ncNOOP\r\n"})) == ints{250, 250, 250, 250, 250});
    CHECK(rest(play_everywhere(lmtp, {three + "BDAT 2 LAST\r\na\nNOOP\r\n"})) == ints{554, 554, 554, 250});
    CHECK(rest(play_everywhere(lmtp, {three + "BDAT 7 LAST\r\nrefusedNOOP\r\n"})) == ints{550, 550, 550, 250});
    // A spoilt one: a chunk that is not the last has one reply, the last still one for each recipient that was accepted.
    CHECK(rest(play_everywhere(lmtp, {three + "BDAT 2\r\na\nBDAT 1\r\nxBDAT 1 LAST\r\ncNOOP\r\n"})) == ints{554, 503, 503, 503, 503, 250});
    // After RSET there are none left.
    CHECK(rest(play_everywhere(lmtp, {three + "BDAT 2\r\na\nRSET\r\nBDAT 1 LAST\r\ncNOOP\r\n"})) == ints{554, 250, 250});
    CHECK(codes_of(play_everywhere(lmtp, {"LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nBDAT 5 LAST\r\nhelloNOOP\r\n"})) == ints{250, 250, 550, 250});
    CHECK(codes_of(play_everywhere(lmtp, {"LHLO a\r\nBDAT 5 LAST\r\nhelloNOOP\r\n"})) == ints{250, 250});
    CHECK(codes_of(play_everywhere(lmtp, {"LHLO a\r\nBDAT 5\r\nhelloNOOP\r\n"})) == ints{250, 503, 250});
}

TEST_CASE("RFC 2920 3.1: chunks sent together with what was refused are no errors of the client") {
    std::string many;
    for (int i = 0; i < 60; ++i) many += "MAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nBDAT 3\r\nabcBDAT 1 LAST\r\ndRSET\r\n";
    loop<ehlo::server_with<>, everything> l{ehlo::server_with<>(settings, "mx.example.org")};
    l.feed("EHLO a\r\n" + many);
    CHECK_FALSE(l.closed);
    CHECK(codes(l.output).back() == 250);
}

TEST_CASE("CHUNKING: lost connections and lost TLS in the middle of a chunk deliver nothing (CVE-2026-45185)") {
    for (bool const tls : {false, true}) {
        loop<ehlo::server_with<>, everything> l{ehlo::server_with<>(settings, "mx.example.org")};
        if (tls) l.server.secured();
        l.feed(start + "BDAT 100 LAST\r\nabc");
        REQUIRE(l.server.where() == state::chunk);
        l.server.tls_lost(l.handler);
        CHECK(l.server.where() == state::closed);
        CHECK(l.handler.abandoned == 1);
        exact out(2048);
        ehlo::step const s = l.server.advance("x", l.handler, out.span());
        CHECK((s.want == ehlo::want::close && s.consumed == 0 && s.produced == 0));
        l.server.disconnected(l.handler);
        CHECK(l.handler.abandoned == 1);
        CHECK(l.handler.delivered.empty());
    }
}

TEST_CASE("a session is its octets in the middle of chunks, too") {
    using Server = ehlo::server_with<>;
    std::string const all = start + "BDAT 4\r\na\r\nbBDAT 3\r\nc\r\nBDAT 2 LAST\r\nefMAIL FROM:<>\r\nBDAT 3\r\nxyzRSET\r\n";
    loop<Server, everything> plain{Server(settings, "mx.example.org")};
    plain.feed(all);
    loop<Server, everything> moving{Server(settings, "mx.example.org")};
    feed_moving(moving, all, Server(settings, "another.example"));
    CHECK(moving.output == plain.output);
    CHECK(moving.handler.delivered == plain.handler.delivered);
}

TEST_CASE("chunk_decoder: what is made of line ends does not depend on where the octets are cut") {
    generate::rng r(8);
    for (int i = 0; i < generate::drawn(20000); ++i) {
        std::string text;
        for (std::size_t n = r.below(12); n != 0; --n) text += "ab\r\r\n\n."[r.below(7)];
        // Octet by octet, as a person would.
        std::string normal;
        bool cr = false, lf = false;
        for (std::size_t k = 0; k < text.size(); ++k) {
            if (text[k] == '\r' && k + 1 < text.size() && text[k + 1] == '\n') normal += "\r\n", ++k;
            else if (text[k] == '\r') normal += "\r\n", cr = true;
            else if (text[k] == '\n') normal += "\r\n", lf = true;
            else normal += text[k];
        }
        for (auto const bare : {ehlo::bare_octets::pass, ehlo::bare_octets::normalize}) {
            ehlo::chunk_decoder d;
            std::string out;
            for (std::size_t at = 0; at < text.size();) {
                std::size_t const n = r.between(1, text.size() - at);
                exact const part(std::string_view(text).substr(at, n));
                std::string_view rest = part.view();
                for (;;) {
                    auto const piece = d.next(rest, bare);
                    if (piece.octets.empty() && piece.consumed == 0) break;
                    out += piece.octets;
                    rest.remove_prefix(piece.consumed);
                }
                REQUIRE(rest.empty());
                at += n;
            }
            out += d.finish(bare);
            REQUIRE(out == (bare == ehlo::bare_octets::pass ? text : normal));
            REQUIRE(d.bare_cr() == cr);
            REQUIRE(d.bare_lf() == lf);
        }
    }
}

// --- BDAT where it is not offered ---

namespace {

constexpr ehlo::policy lmtp_without_chunks{.service = ehlo::service::lmtp};

struct chunk_case {
    std::string_view id, bytes;
    ints codes;  // after the greeting
    bool closed = false;
};

template <class Server>
void check_chunks(std::vector<chunk_case> const& cases) {
    generate::rng r(3030);
    for (chunk_case const& c : cases) {
        CAPTURE(c.id);
        std::optional<std::vector<std::string>> log;
        for (int i = 0; i < 12; ++i) {
            pieces const next = i == 0 ? whole() : i == 1 ? octets() : random(r, 9);
            loop<Server, full_recorder> l;
            l.room = Server::reply_space;
            l.feed(c.bytes, next);
            ints expected{220};
            expected.insert(expected.end(), c.codes.begin(), c.codes.end());
            CHECK(codes(l.output) == expected);
            CHECK(l.closed == c.closed);
            CHECK(l.handler.delivered.empty());
            for (std::string const& s : l.handler.log) CHECK(s.find("smuggled") == std::string::npos);
            if (!log) log = l.handler.log;
            CHECK(l.handler.log == *log);
        }
    }
}

}  // namespace

TEST_CASE("RFC 3030 2: the octets of a chunk are never commands, where BDAT is not offered") {
    std::string const too_long = "EHLO a\r\nBDAT " + std::string(3000, '0') + "32 LAST\r\nMAIL FROM:<smuggled@e.example>\r\n";
    std::vector<chunk_case> const cases = {
        // A line that cannot be read hides the size as well.
        {"NUL", "EHLO a\r\nBDAT 32 LAST\0\r\nMAIL FROM:<smuggled@e.example>\r\n"sv, {250, 500}, true},
        {"bare LF", "EHLO a\r\nbdat 32\n\r\nMAIL FROM:<smuggled@e.example>\r\n", {250, 500}, true},
        {"bare CR", "EHLO a\r\nBDAT 32 LAST\rX\r\nMAIL FROM:<smuggled@e.example>\r\n", {250, 500}, true},
        {"too long", too_long, {250, 500}, true},
        {"BDAT-before-rcpt", "BDAT 5\r\nhelloNOOP\r\n", {503, 250}},
        {"BDAT-before-rcpt, greeted", "EHLO a\r\nBDAT 5\r\nhelloNOOP\r\n", {250, 503, 250}},
        {"BDAT-bad-then-smuggle, two more", "EHLO a\r\nBDAT 34 LAST\r\nMAIL FROM:<smuggled@e.example>\r\nNOOP\r\nNOOP\r\n", {250, 503, 500, 250}},
        {"BDAT-bad-then-smuggle", "EHLO a\r\nBDAT 32 LAST\r\nMAIL FROM:<smuggled@e.example>\r\nNOOP\r\n", {250, 503, 250}},
        {"in a transaction", "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 24\r\nRCPT TO:<smuggled@e>\r\n\r\nBDAT 6 LAST\r\nDATA\r\nRSET\r\n",
         {250, 250, 250, 502, 502, 250}},
        {"BDAT-zero-last", "EHLO a\r\nBDAT 0 LAST\r\nNOOP\r\n", {250, 503, 250}},
        {"BDAT-dot-is-data", "EHLO a\r\nBDAT 8 LAST\r\n.\r\nabcQUIT\r\nNOOP\r\n", {250, 503, 500, 250}},
        {"BDAT-public-16944", "EHLO a\r\nBDAT 100000000\r\n.MAIL FROM:<smuggled@a>\r\nRCPT TO:<a@b.example>\r\n", {250}},
        {"BDAT-uaf-16943", "BDAT 1\r\nBDAT \x7F\r\nBDAT 10 LAST\r\nsmuggled\r\nxx\r\n", {503, 500, 503, 500}},
        {"BDAT-mixed-data", "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 1\r\nARSET\r\n", {250, 250, 250, 502, 250}},
        {"BDAT-lf-in-chunk", "EHLO a\r\nBDAT 5 LAST\r\na\n.\nbNOOP\r\n", {250, 503, 250}},
        {"the largest", "EHLO a\r\nBDAT 18446744073709551615\r\nQUIT\r\nMAIL FROM:<smuggled@e>\r\n", {250}},
        {"refused greeting and QUIT", "BDAT 6\r\nQUIT\r\nQUIT\r\n", {503, 221}, true},
        {"BDAT-overflow-64", "EHLO a\r\nBDAT 18446744073709551616 LAST\r\nMAIL FROM:<smuggled@e>\r\n", {250, 501}, true},
        {"BDAT-negative", "EHLO a\r\nBDAT -1 LAST\r\nMAIL FROM:<smuggled@e>\r\n", {250, 501}, true},
        {"no size", "EHLO a\r\nBDAT\r\nMAIL FROM:<smuggled@e>\r\n", {250, 501}, true},
        {"no LAST", "EHLO a\r\nBDAT 5 LOST\r\nMAIL FROM:<smuggled@e>\r\n", {250, 501}, true},
        {"no digits", "EHLO a\r\nbdat 0x5\r\nMAIL FROM:<smuggled@e>\r\n", {250, 501}, true},
    };
    check_chunks<ehlo::server>(cases);
    // LMTP alike.
    std::vector<std::string> texts;
    for (chunk_case const& c : cases) texts.push_back(c.bytes.starts_with("EHLO") ? "LHLO" + std::string(c.bytes.substr(4)) : std::string(c.bytes));
    std::vector<chunk_case> alike = cases;
    for (std::size_t i = 0; i < alike.size(); ++i) alike[i].bytes = texts[i];
    check_chunks<ehlo::basic_server<lmtp_without_chunks>>(alike);
}

}  // namespace test_bdat
