// What must not pass a relay: content that another reader takes for its end, commands in chunks, a message that is not whole. And
// what must not be told: a yes that the server has not said.
#include "relaying.hpp"

namespace test_relay_attacks {

namespace {

using namespace machine;
using ehlo::direction;

std::string const hello = "EHLO client.example\r\n", mail = "MAIL FROM:<ann@client.example>\r\n", rcpt = "RCPT TO:<bob@example.org>\r\n",
                  envelope = mail + rcpt, smuggled = "MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nx\r\n.\r\n";

// CR and LF come only as CRLF: then no reader finds a line that another does not.
bool is_clean(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        bool const after_cr = i > 0 && octets[i - 1] == '\r', before_lf = i + 1 < octets.size() && octets[i + 1] == '\n';
        if ((octets[i] == '\n' && !after_cr) || (octets[i] == '\r' && !before_lf)) return false;
    }
    return true;
}
// As what some readers take for the end of content, RFC 5321 aside: with NULs dropped.
std::size_t lax_ends(std::string_view octets) {
    std::string text;
    for (char const c : octets)
        if (c != '\0') text += c;
    std::size_t ends = 0;
    for (std::string_view const before : {"\r\n", "\n", "\r"})
        for (std::string_view const after : {"\r\n", "\n", "\r"}) {
            if (before == "\r\n" && after == "\r\n") continue;
            std::string const line = std::string(before) + "." + std::string(after);
            for (std::size_t at = text.find(line); at != text.npos; at = text.find(line, at + 1)) {
                bool const longer_before = before == "\n" && at > 0 && text[at - 1] == '\r';
                bool const longer_after = after == "\r" && text.substr(at + line.size(), 1) == "\n";
                ends += !longer_before && !longer_after;
            }
        }
    return ends;
}

std::string escaped(std::string_view octets) {
    std::string all;
    for (char const c : octets) all += c == '\r' ? "\\r" : c == '\n' ? "\\n" : c == '\0' ? "\\0" : std::string(1, c);
    return all;
}

template <class Check>
void attack(std::string const& script, ehlo::policy const& p, Check&& check) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        relayed_session<> s(upstream_rules(), p);
        if (seed == 0) {
            s.at_relay = script;
            s.settle();
        } else {
            generate::rng r(seed);
            s.play(script, r, 1 + r.below(40));
        }
        INFO(script);
        check(s);
        for (auto const& line : s.server.handler.log) REQUIRE(line.find("smuggled") == line.npos);
        for (auto const& m : s.server.handler.delivered) REQUIRE(m.from.find("smuggled") == m.from.npos);
    }
}

TEST_CASE("relay: content that others take for its end does not pass") {
    struct row {
        char const* id;
        std::string body;
    };
    for (row const& a : std::vector<row>{
             {"SMUG-lf-dot-lf", "\n.\n"}, {"SMUG-lf-dot-crlf", "\n.\r\n"}, {"SMUG-crlf-dot-lf", "\r\n.\n"}, {"SMUG-cr-dot-cr", "\r.\r"}, {"SMUG-cr-dot-crlf", "\r.\r\n"},
             {"SMUG-crlf-dot-cr", "\r\n.\r"}, {"SMUG-crlf-dot-cr-nul-lf", std::string("\r\n.\r\0\n", 6)}, {"SMUG-cr-nul-lf-dot-crlf", std::string("\r\0\n.\r\n", 6)},
             {"SMUG-crlf-dot-crcrlf", "\r\n.\r\r\n"}}) {
        INFO(a.id);
        attack(hello + envelope + "DATA\r\nSubject: a\r\n\r\nbody" + a.body + smuggled + "NOOP\r\n", passing_rules(), [](auto const& s) {
            CHECK(is_clean(s.all_sent));
            CHECK(s.server.handler.delivered.empty());
            CHECK(s.aborted);
            auto const said = codes(s.heard);
            REQUIRE(said.size() > 5);
            CHECK(said[5] == 554);
            CHECK(said.back() == 421);
        });
    }
    // A NUL beside the dot.
    for (std::string const& body : {std::string("\r\n\0.\r\n", 6), std::string("\r\n.\0\r\n", 6)})
        attack(hello + envelope + "DATA\r\nbody" + body + smuggled, passing_rules(), [](auto const& s) {
            CHECK(s.server.handler.delivered.empty());
            CHECK(lax_ends(s.all_sent) == 0);
        });
}

namespace {

// What a message is whose lines CRLF alone ends, and in which CR and LF alone are made CRLF: octet by octet.
std::string made_clean(std::string_view wire) {
    std::string text;
    bool begins = true;
    for (std::size_t i = 0; i < wire.size(); ++i) {
        bool const line_end = wire.substr(i, 2) == "\r\n";
        bool const dot = begins && wire[i] == '.';
        begins = line_end;
        if (dot) continue;
        if (line_end) ++i;
        if (wire[i] == '\r' || wire[i] == '\n') text += "\r\n";
        else text += wire[i];
    }
    return text;
}

}  // namespace

TEST_CASE("relay: no content of few octets passes that has two readings") {
    std::string_view const alphabet("\r\n.a", 4);
    for (auto const bare : {ehlo::bare_octets::reject, ehlo::bare_octets::normalize, ehlo::bare_octets::pass}) {
        ehlo::policy p = passing_rules();
        p.bare = bare;
        for (unsigned n = 0; n < 4 * 4 * 4 * 4 * 4 * 4; n += generate::every(7)) {
            std::string content;
            for (unsigned k = n, i = 0; i < 6; ++i, k /= 4) content += alphabet[k % 4];
            std::string const script = hello + envelope + "DATA\r\n" + content + "\r\n.\r\nRSET\r\n";
            for (bool const by_octet : {false, true}) {
                relayed_session<> s(upstream_rules(), p);
                s.hear(hello + envelope + "DATA\r\n");
                std::size_t const begin = s.all_sent.size();
                std::string_view const rest = std::string_view(script).substr(begin);
                if (by_octet)
                    for (char const c : rest) s.hear({&c, 1});
                else
                    s.hear(rest);
                INFO(escaped(script));
                INFO(escaped(s.all_sent));
                // The content and its end, as RFC 5321 has it.
                std::size_t const size = ("\r\n" + std::string(rest)).find("\r\n.\r\n") + 3;
                std::string const content_sent = bare == ehlo::bare_octets::normalize ? s.all_sent.substr(begin, s.all_sent.rfind("RSET") - begin) : s.all_sent.substr(begin, size);
                REQUIRE(lax_ends("\r\n" + content_sent) == 0);
                if (bare != ehlo::bare_octets::pass) REQUIRE(is_clean(s.all_sent));
                if (bare == ehlo::bare_octets::normalize) {
                    REQUIRE(!s.aborted);
                    REQUIRE(s.server.handler.delivered.size() == 1);
                    REQUIRE(s.server.handler.delivered[0].content == made_clean(rest.substr(0, size - 3)));
                    REQUIRE((s.relay.bare_cr() || s.relay.bare_lf()) == !is_clean(rest.substr(0, size - 3)));
                    REQUIRE(codes(s.heard).back() == 250);   // RSET, and no command that was none
                    continue;
                }
                REQUIRE((content_sent == rest.substr(0, content_sent.size())));
                REQUIRE((s.aborted || content_sent.size() == size));
                if (s.aborted) REQUIRE(s.server.handler.delivered.empty());
                if (is_clean(script)) REQUIRE(!s.aborted);
            }
        }
    }
}

TEST_CASE("relay: chunks with CR or LF alone go no further, and what came before them is answered") {
    for (std::string const chunks : {"BDAT 3 LAST\r\na\nb", "BDAT 3 LAST\r\nab\r", "BDAT 2\r\na\rBDAT 1 LAST\r\nb", "BDAT 2\r\na\rBDAT 0 LAST\r\n", "BDAT 2\r\na\rBDAT 3\r\n\rbcBDAT 0 LAST\r\n"})
        attack(hello + envelope + chunks + "NOOP\r\n", passing_rules(), [](auto const& s) {
            CHECK(s.server.handler.delivered.empty());
            CHECK(s.aborted);
            auto const said = codes(s.heard);
            REQUIRE(said.size() >= 6);
            CHECK(said[3] == 250);
            bool const refused = said[4] == 554 || said[5] == 554 || said[6] == 554;
            CHECK(refused);
            CHECK(said.back() == 421);
        });
    // Where they pass, nothing in a chunk is an end: its octets are counted.
    ehlo::policy p = passing_rules(), of_server = upstream_rules();
    p.bare = of_server.bare = ehlo::bare_octets::pass;
    for (std::string const content : {"a\n.\nb\nc\n", "a\n.\r\nb\r", "\r\n.\nabcd"}) {
        relayed_session<> s(of_server, p);
        s.hear(hello + envelope);
        CHECK(codes(s.hear("BDAT " + std::to_string(content.size()) + " LAST\r\n" + content)) == std::vector{250});
        REQUIRE(s.server.handler.delivered.size() == 1);
        CHECK(s.server.handler.delivered[0].content == content);
    }
    // Cut anywhere, a line end is one.
    attack(hello + envelope + "BDAT 2\r\na\rBDAT 2\r\n\nbBDAT 0 LAST\r\n", passing_rules(),
           [](auto const& s) { CHECK((s.server.handler.delivered.size() == 1 && s.server.handler.delivered[0].content == "a\r\nb")); });
}

TEST_CASE("relay: a message over the limit goes no further") {
    ehlo::policy p = passing_rules();
    p.max_message = 65536;
    std::string const line(78, 'x'), big = [&] {
        std::string all;
        while (all.size() <= 65536) all += line + "\r\n";
        return all;
    }();
    for (std::string const& content : {"DATA\r\n" + big + ".\r\n", "BDAT 30000\r\n" + big.substr(0, 30000) + "BDAT 40000 LAST\r\n" + big.substr(0, 40000)}) {
        relayed_session<> s(upstream_rules(), p);
        s.hear(hello);
        auto const said = codes(s.hear(envelope + content + "NOOP\r\n"));
        CHECK(s.server.handler.delivered.empty());
        CHECK(std::count(said.begin(), said.end(), 552) == 1);
        CHECK(said.back() == (content.starts_with("DATA") ? 421 : 250));   // a chunk announces itself: it need not be begun
    }
}

TEST_CASE("relay: a message of just the limit goes on, and what else is wrong with it is told") {
    ehlo::policy p = passing_rules();
    p.max_message = 10;
    struct row {
        std::string content;
        int code;
    };
    for (row const& r : {row{"12345678\r\n", 250}, {"123456789\r\n", 552}, {"1234567\n\r\n", 554}, {"12345678\n\r\n", 552}}) {
        for (bool const chunk : {false, true}) {
            if (chunk && r.content.size() > 10) continue;   // it announces itself
            relayed_session<> s(upstream_rules(), p);
            s.hear(hello + envelope);
            std::string const size = std::to_string(r.content.size());
            auto const said = codes(s.hear(chunk ? "BDAT " + size + " LAST\r\n" + r.content : "DATA\r\n" + r.content + ".\r\n"));
            REQUIRE(said.size() >= (chunk ? 1u : 2u));
            CHECK(said[chunk ? 0 : 1] == r.code);
            CHECK(s.server.handler.delivered.size() == (r.code == 250 ? 1u : 0u));
        }
    }
}

// Where a client is lost: at each octet.
TEST_CASE("relay: a client that dies delivers nothing that it did not end") {
    for (std::string const content : {"DATA\r\nab\r\n..\r\ncd\r\n.\r\n", "BDAT 4\r\nab\r\nBDAT 4 LAST\r\ncd\r\n", "BDAT 4 LAST\r\nab\r\n", "BDAT 2\r\nabBDAT 0 LAST\r\n"}) {
        std::string const script = hello + envelope + content;
        for (std::size_t n = 0; n < script.size(); ++n) {
            relayed_session<> s(upstream_rules(), passing_rules());
            generate::rng r(n);
            s.play(script.substr(0, n), r, 1 + r.below(30));
            bool const aborts = s.relay.takes_content();
            exact out(2048);
            auto const end = s.relay.lost(direction::from_client, s.say, out.span());
            REQUIRE((end.produced == 0 && end.want == (aborts ? ehlo::relay_want::abort : ehlo::relay_want::close)));
            s.server.server.disconnected(s.server.handler);
            INFO(script.substr(0, n));
            REQUIRE(s.server.handler.delivered.empty());
            REQUIRE((s.all_sent == script.substr(0, s.all_sent.size())));
            bool const in_content = s.all_sent.size() > (hello + envelope).size() + 6 && content[0] == 'D';
            if (in_content) REQUIRE(aborts);
        }
    }
}

// Where a server is lost: at each octet of what it says, whatever it has read.
TEST_CASE("relay: of a server that dies nothing is told that it did not say") {
    std::string const script = hello + envelope + "DATA\r\nab\r\n.\r\n" + envelope + "BDAT 4\r\nab\r\nBDAT 4 LAST\r\ncd\r\n" + mail + rcpt + "RCPT TO:<refused@a.b>\r\nRSET\r\nQUIT\r\n";
    std::string const all = without_relay<>(upstream_rules(), script).heard;
    for (std::size_t n = 0; n < all.size(); ++n) {
        generate::rng r(n);
        relayed_session<> s(upstream_rules(), passing_rules());
        s.lose_server_after(n, script, r);
        REQUIRE(s.closed);
        INFO(s.heard);
        std::string_view heard = s.heard;
        std::string_view const last = "421 ";
        std::size_t const at = heard.rfind(last);
        REQUIRE((at != heard.npos && heard.find("\r\n", at) + 2 == heard.size()));
        REQUIRE((all.substr(0, at) == heard.substr(0, at)));
        REQUIRE(at <= n);
        // Whole replies.
        REQUIRE((at == 0 || heard[at - 1] == '\n'));
    }
}

TEST_CASE("relay: a server that breaks the protocol is believed no more") {
    struct row {
        char const* name;
        std::string before, says;
        bool passes;   // it is a refusal, and the client is told
    };
    for (row const& a : std::vector<row>{
             {"greeting", "", "250 mx\r\n", false}, {"unreadable", hello, "2x0 mx\r\n", false}, {"bare LF", hello, "250 mx\n", false},
             {"a yes that nobody asked for", hello, "250 mx\r\n250 more\r\n", false}, {"421", hello, "250 mx\r\n421 4.3.2 bye\r\n", true},
             {"a no that nobody asked for", hello, "250 mx\r\n554 no\r\n", true}, {"354 to MAIL", hello + mail, "250 mx\r\n354 go\r\n", false},
             {"250 to DATA", hello + envelope + "DATA\r\n", "250-mx\r\n250 PIPELINING\r\n250 a\r\n250 b\r\n250 c\r\n", false},
             {"354 without MAIL", hello + envelope + "DATA\r\n", "250-mx\r\n250 PIPELINING\r\n550 a\r\n503 b\r\n354 c\r\n", false},
             {"421 to QUIT", hello + "QUIT\r\n", "250 mx\r\n421 mx\r\n", true}, {"354 to QUIT", hello + "QUIT\r\n", "250 mx\r\n354 mx\r\n", false}}) {
        INFO(a.name);
        ehlo::policy const p = ehlo::relay_policy();
        ehlo::relay relay(p, "relay.example");
        as_it_is say;
        std::string in = a.before, out_of_server = std::string(a.name) == "greeting" ? a.says : "220 mx\r\n" + a.says, heard;
        bool closed = false;
        for (int i = 0; i < 20 && !closed; ++i) {
            for (direction const d : {direction::from_server, direction::from_client}) {
                std::string& from = d == direction::from_client ? in : out_of_server;
                char out[5000];
                auto const r = relay.advance(d, from, say, out);
                if (d == direction::from_server) heard += from.substr(0, r.passed);
                if (!r.to_server) heard.append(out, r.produced);
                from.erase(0, r.consumed);
                closed = closed || r.want == ehlo::relay_want::close;
            }
        }
        CHECK(closed);
        auto const said = codes(heard);
        CHECK(said.back() / 100 >= 4);
        if (!a.passes) CHECK(said.back() == 421);
    }
}

TEST_CASE("relay: part of a reply that lay there answers nothing") {
    ehlo::policy const p = ehlo::relay_policy();
    ehlo::relay relay(p, "relay.example");
    as_it_is say;
    char out[8192];
    CHECK(relay.advance(direction::from_server, "220 mx\r\n25", say, out).consumed == 8);
    CHECK(relay.advance(direction::from_client, hello, say, out).passed == hello.size());
    auto const r = relay.advance(direction::from_server, "250 mx\r\n", say, out);
    CHECK(r.passed == 0);
    CHECK(r.want == ehlo::relay_want::close);
    CHECK(std::string_view(out, r.produced).starts_with("421 "));
}
TEST_CASE("relay: octets that are missing end the session") {
    ehlo::policy const p = ehlo::relay_policy();
    as_it_is say;
    char out[8192];
    ehlo::relay relay(p, "relay.example");
    CHECK(relay.advance(direction::from_server, "220 mx\r\n", say, out).consumed == 8);
    CHECK(relay.advance(direction::from_client, "EHLO clie", say, out).consumed == 0);
    CHECK(relay.advance(direction::from_client, "EH", say, out).want == ehlo::relay_want::close);
    ehlo::relay other(p, "relay.example");
    CHECK(other.advance(direction::from_server, "220 m", say, out).consumed == 0);
    CHECK(other.advance(direction::from_server, "", say, out).want == ehlo::relay_want::octets);   // nothing to be read, and nothing lost yet
    CHECK(other.advance(direction::from_server, "22", say, out).want == ehlo::relay_want::close);
}
TEST_CASE("relay: it ends with 421 wherever a client can hear it") {
    relayed_session<> s(upstream_rules(), passing_rules());
    char out[8192];
    auto const r = s.relay.shut_down(s.say, out);
    CHECK(std::string_view(out, r.produced) == "421 Shutting down, closing the channel\r\n");
    CHECK(r.want == ehlo::relay_want::close);
    CHECK(s.relay.shut_down(s.say, out).produced == 0);
}

// LMTP: a reply for each recipient.
TEST_CASE("relay: LMTP is what it would be without it") {
    ehlo::policy rules = upstream_rules(), passing = passing_rules();
    rules.offers = rules.offers - ehlo::extension::burl;
    rules.service = passing.service = ehlo::service::lmtp;
    std::string const lhlo = "LHLO client.example\r\n";
    std::string const lines[] = {lhlo, mail, mail, mail, rcpt, rcpt, rcpt, envelope, envelope + rcpt + "DATA\r\nabc\r\n.\r\n", "DATA\r\nx\r\n.\r\n", "RSET\r\n", "NOOP\r\n",
                                 "RCPT TO:<refused@a.example>\r\n", "BDAT 3\r\nabc", "BDAT 4 LAST\r\nNOOP", "BDAT 0 LAST\r\n", "BDAT 9 LAST\r\nrefused\r\n", "EHLO a.example\r\n",
                                 "MAIL FROM:<refused@a.example>\r\n", "VRFY a\r\n"};
    generate::rng r(2033);
    for (int i = 0; i < 300; ++i) {
        std::string script = lhlo;
        for (std::size_t n = r.between(1, 25); n != 0; --n) script += lines[r.below(std::size(lines))];
        INFO(script);
        auto const whole_one = without_relay<>(rules, script);
        for (int k = 0; k < 3; ++k) {
            relayed_session<> s(rules, passing);
            s.play(script, r, 1 + r.below(80));
            INFO(s.heard);
            INFO(whole_one.heard);
            REQUIRE((s.heard == whole_one.heard));
            REQUIRE((s.server.handler.delivered == whole_one.delivered));
            REQUIRE(s.relay.where() == whole_one.where);
        }
    }
    relayed_session<> s(rules, passing);
    CHECK(codes(s.hear(lhlo + envelope + rcpt + "DATA\r\na\nb\r\n.\r\nNOOP\r\n")) == std::vector{250, 250, 250, 250, 354, 554, 554, 421});
    CHECK(s.aborted);
}

}  // namespace

}  // namespace test_relay_attacks
