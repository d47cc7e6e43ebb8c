// What a client writes, and what it never does: parameters that were not offered, UTF-8 that nobody asked for, more after the end has begun.

#include "client_moves.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace test_client_writes {

namespace {

using namespace client_moves;
using ehlo::errc;
using ehlo::event;

}  // namespace

TEST_CASE(
    "RFC 5321 4.1.1.11: a parameter is written if its extension was offered, by whatever way it is given") {
    constexpr std::string_view certifier = "2jmj7l5rSw0yVb/vlWAYkK/YBwk";
    struct {
        std::string_view text;  // as text
        ehlo::mail_options typed;
        std::vector<std::string_view> offers;  // either will do, but for "A B"
    } const of_mail[] = {
        {"SIZE=5", {.size = 5}, {"SIZE"}},
        {"BODY=8BITMIME", {.body = ehlo::body::eight_bit_mime}, {"8BITMIME"}},
        {"BODY=7BIT", {.body = ehlo::body::seven_bit}, {"8BITMIME"}},
        {"BODY=BINARYMIME", {.body = ehlo::body::binary_mime}, {"BINARYMIME CHUNKING"}},
        {"SMTPUTF8", {.smtputf8 = true}, {"SMTPUTF8"}},
        {"RET=FULL", {.ret = ehlo::ret::full}, {"DSN"}},
        {"ENVID=x", {.envid = ehlo::xtext("x")}, {"DSN", "MTRK"}},
        {"AUTH=<>", {.auth = ehlo::xtext("<>")}, {"AUTH"}},
        {"BY=5;N", {.by = ehlo::deliver_by{5, ehlo::by_mode::notify, false}}, {"DELIVERBY"}},
        {"HOLDFOR=5", {.holdfor = 5}, {"FUTURERELEASE"}},
        {"HOLDUNTIL=2026-01-31T10:00:00Z",
         {.holduntil = *ehlo::parse_date_time("2026-01-31T10:00:00Z")},
         {"FUTURERELEASE"}},
        {"MT-PRIORITY=3", {.mt_priority = 3}, {"MT-PRIORITY"}},
        {"ENVID=x@y MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk",
         {.envid = ehlo::xtext("x@y"), .mtrk = ehlo::tracking{certifier, {}}},
         {"MTRK"}},
        {"SOLICIT=a", {.solicit = ehlo::solicitations("a")}, {"NO-SOLICITING"}},
        {"SUBMITTER=a@b", {.submitter = ehlo::xtext("a@b")}, {"SUBMITTER"}},
        {"REQUIRETLS", {.requiretls = true}, {"REQUIRETLS"}},
        {"CONPERM", {.conperm = true}, {"CONPERM"}},
        {"PRDR", {.prdr = true}, {"PRDR"}},
        {"TRANSID=<a@b>", {.transid = ehlo::transaction_id{"a", "b"}}, {"CHECKPOINT"}},
        {"ALT-ADDRESS=a@b", {.alt_address = ehlo::xtext("a@b")}, {"UTF8SMTP"}},
    };
    struct {
        std::string_view text;
        ehlo::rcpt_options typed;
        std::vector<std::string_view> offers;
    } const of_rcpt[] = {
        {"NOTIFY=NEVER", {.notify = ehlo::notify{}}, {"DSN"}},
        {"ORCPT=rfc822;a@b", {.orcpt = ehlo::original_recipient{"rfc822", "a@b"}}, {"DSN", "MTRK"}},
        {"RRVS=2026-01-31T10:00:00Z",
         {.rrvs = ehlo::valid_since{*ehlo::parse_date_time("2026-01-31T10:00:00Z")}},
         {"RRVS"}},
        {"CONNEG", {.conneg = true}, {"CONNEG"}},
        {"ALT-ADDRESS=a@b", {.alt_address = ehlo::xtext("a@b")}, {"UTF8SMTP"}},
    };
    // Every extension that has a parameter, alone; none; HELO; and those that go together.
    std::vector<std::string> servers = {
        "", "HELO", "BINARYMIME CHUNKING", "BINARYMIME", "8BITMIME CHUNKING", "PIPELINING"};
    for (auto const& row : ehlo::extension_table) servers.emplace_back(row.keyword);
    std::vector<bool> seen(ehlo::parameter_count);
    auto const note = [&](std::string_view text) {
        std::string_view const last = text.substr(text.rfind(' ') + 1);
        seen[static_cast<unsigned>(*ehlo::find_parameter(last.substr(0, last.find('='))))] = true;
    };
    for (auto const& p : of_mail) note(p.text);
    for (auto const& p : of_rcpt) note(p.text);
    for (unsigned i = 0; i < ehlo::parameter_count; ++i)
        if (auto const& row = ehlo::registered_parameters[i]; (row.mail || row.rcpt) && !seen[i])
            FAIL_CHECK(row.keyword << " is not tried");

    auto const split = [](std::string const& words) {
        std::vector<std::string> all;
        for (std::size_t at = 0; at < words.size();) {
            std::size_t const space = (std::min)(words.find(' ', at), words.size());
            all.push_back(words.substr(at, space - at));
            at = space + 1;
        }
        return all;
    };
    for (std::string const& server : servers) {
        CAPTURE(server);
        client ready;
        char buffer[2048];
        writer w(buffer);
        REQUIRE(ready.receive("220 mx\r\n").ready());
        std::string answer = "250-mx\r\n";
        std::vector<std::string> const offered = split(server);
        if (server == "HELO") {
            REQUIRE(ready.helo(w, "me.example"));
        } else {
            REQUIRE(ready.hello(w, "me.example"));
            for (auto const& word : offered)
                answer += "250-" + word +
                          (word == "SIZE"   ? " 1000"
                           : word == "AUTH" ? " PLAIN"
                                            : "") +
                          "\r\n";
        }
        answer += "250 OK\r\n";
        REQUIRE(ready.receive(answer).ready());
        auto const has = [&](std::vector<std::string_view> const& any) {
            if (server == "HELO") return false;
            for (std::string_view const together : any) {
                bool every = true;
                for (auto const& word : split(std::string(together)))
                    every = every && std::find(offered.begin(), offered.end(), word) != offered.end();
                if (every) return true;
                // RFC 3030 3: BODY with all its values is of BINARYMIME, too.
                if (together == "8BITMIME" &&
                    std::find(offered.begin(), offered.end(), "BINARYMIME") != offered.end())
                    return true;
            }
            return false;
        };
        auto const tried = [&](client c, auto&& call) {
            exact room(2048);
            writer out(room.data(), 2048);
            auto const r = call(c, out);
            return r                 ? std::string(out.text())
                   : out.size() != 0 ? std::string("wrote in spite of an error")
                                     : "!" + std::string(name(r.error().code));
        };
        std::string const not_offered = "!not_offered";
        for (auto const& p : of_mail) {
            std::string lower(p.text.substr(0, p.text.find('=')));
            for (char& letter : lower)
                letter = static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
            lower += p.text.substr((std::min)(p.text.find('='), p.text.size()));
            std::string const line = "MAIL FROM:<a@b.example> ";
            CAPTURE(p.text);
            CHECK(tried(ready, [&](client& c, writer& out) {
                      return c.mail(out, "<a@b.example>", p.typed);
                  }) == (has(p.offers) ? line + std::string(p.text) + "\r\n" : not_offered));
            CHECK(tried(ready, [&](client& c, writer& out) {
                      return c.mail(out, "<a@b.example>", {.others = p.text});
                  }) == (has(p.offers) ? line + std::string(p.text) + "\r\n" : not_offered));
            CHECK(tried(ready, [&](client& c, writer& out) {
                      return c.mail(out, "<a@b.example>", {.others = lower});
                  }) == (has(p.offers) ? line + lower + "\r\n" : not_offered));
        }
        client open = ready;
        REQUIRE(mail(open, w));
        REQUIRE(open.receive("250 OK\r\n").ready());
        for (auto const& p : of_rcpt) {
            std::string const expected =
                has(p.offers) ? "RCPT TO:<c@d.example> " + std::string(p.text) + "\r\n" : not_offered;
            CAPTURE(p.text);
            CHECK(tried(open, [&](client& c, writer& out) {
                      return c.rcpt(out, "<c@d.example>", p.typed);
                  }) == expected);
            CHECK(tried(open, [&](client& c, writer& out) { return c.rcpt(out, "<c@d.example>", p.text); }) ==
                  expected);
            CHECK(tried(open, [&](client& c, writer& out) {
                      return c.rcpt(out, "<c@d.example>", ehlo::rcpt_options{.others = p.text});
                  }) == expected);
        }
        // One that no RFC knows: nobody can tell, but after HELO there are none at all.
        bool const extended = server != "HELO";
        CHECK(tried(ready, [](client& c, writer& out) {
                  return c.mail(out, "<a@b>", {.others = "X-OWN=1"});
              }) == (extended ? "MAIL FROM:<a@b> X-OWN=1\r\n" : not_offered));
        CHECK(tried(open, [](client& c, writer& out) { return c.rcpt(out, "<a@b>", "X-OWN=1"); }) ==
              (extended ? "RCPT TO:<a@b> X-OWN=1\r\n" : not_offered));
        // RFC 6531 3.7.4.2, RFC 5336: VRFY and EXPN have parameters, too.
        for (bool const vrfy : {true, false}) {
            std::string const v = vrfy ? "VRFY " : "EXPN ";
            auto const look_up = [&](std::string_view text) {
                return tried(ready, [&](client& c, writer& out) {
                    return vrfy ? c.vrfy(out, text) : c.expn(out, text);
                });
            };
            CHECK(look_up("x") == v + "x\r\n");
            CHECK(look_up("x SMTPUTF8") == (has({"SMTPUTF8"}) ? v + "x SMTPUTF8\r\n" : not_offered));
            CHECK(look_up("\xC3\xBC SMTPUTF8") ==
                  (has({"SMTPUTF8"}) ? v + "\xC3\xBC SMTPUTF8\r\n" : not_offered));
            CHECK(look_up("x UTF8REPLY") == (has({"UTF8SMTP"}) ? v + "x UTF8REPLY\r\n" : not_offered));
            CHECK(look_up("\xC3\xBC") == "!non_ascii");
        }
    }
}

TEST_CASE("RFC 6531 3.4: RCPT takes UTF-8 if its MAIL said SMTPUTF8, by whatever way, and only then") {
    constexpr std::string_view jorg = "<j\xC3\xB6rg@d.example>";
    client ready = after_hello("250-mx\r\n250-PIPELINING\r\n250-DSN\r\n250 SMTPUTF8\r\n");
    char buffer[4096];
    writer w(buffer);
    auto const wrote = [](client& c, std::string_view to) {
        char room[512];
        writer out(room);
        auto const r = c.rcpt(out, to);
        return r ? std::string(out.text()) : "!" + std::string(name(r.error().code));
    };
    auto const utf8_orcpt = [](client& c) {
        char room[512];
        writer out(room);
        auto const r = c.rcpt(
            out, "<c@d>", ehlo::rcpt_options{.orcpt = ehlo::original_recipient{"utf-8", "j\xC3\xB6rg@d"}});
        return r ? std::string(out.text()) : "!" + std::string(name(r.error().code));
    };
    CHECK(ready.mail(w, jorg).error().code == errc::non_ascii);
    for (ehlo::mail_options const& how :
         {ehlo::mail_options{.smtputf8 = true}, ehlo::mail_options{.others = "SMTPUTF8"},
          ehlo::mail_options{.others = "smtputf8"}}) {
        for (bool const at_once : {true, false}) {
            client c = ready;
            REQUIRE(c.mail(w, jorg, how));
            if (!at_once) REQUIRE(c.receive("250 OK\r\n").ready());
            CHECK(wrote(c, jorg) == "RCPT TO:" + std::string(jorg) + "\r\n");
            // RFC 6533 3: in UTF-8 to those who take it.
            CHECK(utf8_orcpt(c) == "RCPT TO:<c@d> ORCPT=utf-8;j\xC3\xB6rg@d\r\n");
            // It ends with the transaction.
            REQUIRE(c.rset(w));
            REQUIRE(mail(c, w));
            CHECK(wrote(c, jorg) == "!non_ascii");
            CHECK(utf8_orcpt(c) == "RCPT TO:<c@d> ORCPT=utf-8;j\\x{F6}rg@d\r\n");
        }
    }
    // Nor can it be said by other means than MAIL; what can are TLS and authentication.
    for (unsigned f = 0; f < ehlo::fact_count; ++f) {
        auto const told = static_cast<ehlo::fact>(f);
        client c = ready;
        REQUIRE(mail(c, w));
        bool const from_outside = told == ehlo::fact::tls || told == ehlo::fact::authenticated;
        bool const before = c.knows(told);
        CHECK(c.know(told) == from_outside);
        CHECK(c.knows(told) == (from_outside || before));
        CHECK(wrote(c, jorg) == "!non_ascii");
    }
    // Nor is anything left of a MAIL that was refused.
    client c = ready;
    REQUIRE(c.mail(w, jorg, {.smtputf8 = true}));
    REQUIRE(c.receive("553 no\r\n").ready());
    REQUIRE(mail(c, w));
    CHECK(wrote(c, jorg) == "!non_ascii");
}

TEST_CASE("client: the place of a fault is told, and nothing is written") {
    client c = after_hello();
    char buffer[512];
    writer w(buffer);
    REQUIRE(mail(c, w));
    client const open = c;
    client ready = c;
    REQUIRE(ready.receive("550 no\r\n").ready());
    w.rewind(0);
    auto const at = [&](ehlo::result<std::size_t> const& r, errc code) {
        CHECK_FALSE(r);
        CHECK(r.error().code == code);
        CHECK(w.size() == 0);
        CHECK(w.ok());
        return r.error().at;
    };
    // In the path, or in the parameters, as they were given.
    CHECK(at(ready.mail(w, "<a@b>\r\nRSET"), errc::unsafe_octet) == 5);
    CHECK(at(ready.mail(w, "<a@b>", {.others = "X=1\r"}), errc::unsafe_octet) == 3);
    CHECK(at(ready.hello(w, "a b"), errc::bad_domain) == 1);
    CHECK(at(ready.vrfy(w, "a\nb"), errc::unsafe_octet) == 1);
    CHECK(at(c.rcpt(w, "<a@b>\0"sv), errc::unsafe_octet) == 5);
    CHECK(at(c.rcpt(w, "<a@b->"), errc::bad_domain) == 5);
    CHECK(at(c.rcpt(w, "<a@b>", "X=1 =2"), errc::bad_parameter) == 4);
    CHECK(at(c.rcpt(w, "<a@b>", ehlo::rcpt_options{.others = "X=1 =2"}), errc::bad_parameter) == 4);
    CHECK(at(c.rcpt(w, "<a@b>", ehlo::rcpt_options{.others = "X=\r"}), errc::unsafe_octet) == 2);
    CHECK(same(c, open));
    // In what the server said, from the first octet that was not consumed.
    CHECK(c.receive("250-a\r\n25x b\r\n").error() == ehlo::fail(errc::bad_reply_code, 9));
    CHECK(ready.receive("451-a\r\n451\rb\r\n").error() == ehlo::fail(errc::bare_cr, 10));
}

TEST_CASE("client: once a part of the end is written nothing but the end is, whatever the room") {
    for (std::size_t room = 0; room < 5; ++room) {
        for (std::string_view const more : {"\r\nRSET\r\n"sv, "\r"sv, "\n"sv, "x"sv, ""sv, "."sv}) {
            CAPTURE(room, more);
            client c = after_hello();
            char buffer[512];
            writer w(buffer);
            REQUIRE((mail(c, w) && rcpt(c, w) && data(c, w)));
            for (int i = 0; i < 2; ++i) REQUIRE(c.receive("250 OK\r\n").ready());
            REQUIRE(c.receive("354 go\r\n").ready());
            std::size_t const before = w.size();
            REQUIRE(c.content("ab", w).done());
            char small[5] = {};
            writer out(small, room);
            auto const part = c.end_content(out);
            REQUIRE_FALSE(part.failed());
            REQUIRE_FALSE(part.done());
            CHECK_FALSE(c.awaits());
            w.raw(out.text());
            std::size_t const begun = w.size();
            if (room != 0) {
                CHECK(c.content(more, w).error() == ehlo::fail(errc::end_has_begun, 0));
                CHECK(w.size() == begun);
                CHECK(c.noop(w).error().code == errc::bad_sequence);
            }
            REQUIRE(c.end_content(w).done());
            CHECK(w.text().substr(before) == "ab\r\n.\r\n");
            CHECK(c.awaits() == event::content_end);
        }
    }
}

TEST_CASE("client: content with LF or CR for its line ends is made right, if the settings say so") {
    struct {
        std::string_view in, out;
    } const cases[] = {
        {"a\nb\n", "a\r\nb\r\n"},      {"a\rb", "a\r\nb"},
        {"a\n.\nb", "a\r\n..\r\nb"},   {"\n.\n", "\r\n..\r\n"},
        {"a\r\n.\r\n", "a\r\n..\r\n"}, {"a\n\r\n", "a\r\n\r\n"},
    };
    for (auto const& k : cases) {
        for (std::size_t cut = 0; cut <= k.in.size(); ++cut) {
            CAPTURE(k.in, cut);
            client c = after_hello(offers, client_settings{.bare = ehlo::bare_octets::normalize});
            char buffer[512];
            writer w(buffer);
            for (int message = 0; message < 2; ++message) {  // the setting lasts
                REQUIRE((mail(c, w) && rcpt(c, w) && data(c, w)));
                for (int i = 0; i < 2; ++i) REQUIRE(c.receive("250 OK\r\n").ready());
                REQUIRE(c.receive("354 go\r\n").ready());
                std::size_t const before = w.size();
                REQUIRE(c.content(k.in.substr(0, cut), w).done());
                REQUIRE(c.content(k.in.substr(cut), w).done());
                REQUIRE(end_content(c, w).done());
                std::string const out(w.text().substr(before));
                CHECK(out == std::string(k.out) + (k.out.ends_with("\n") ? ".\r\n" : "\r\n.\r\n"));
                REQUIRE(c.receive("250 OK\r\n").ready());
                w.rewind(0);
            }
        }
    }
}

}  // namespace test_client_writes
