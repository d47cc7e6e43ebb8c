// The test oracle (oracle.hpp) checked against lists of good and bad texts
// taken from the RFCs, and against the generator (generate.hpp).
#include "catch.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace test_oracle {

namespace {

using namespace std::string_literals;

template <class Rule>
void accepts(Rule rule, const std::vector<std::string>& texts, bool utf8 = false) {
    for (const std::string& text : texts) {
        CAPTURE(text);
        CHECK(oracle::matches(rule, text, utf8));
    }
}

template <class Rule>
void rejects(Rule rule, const std::vector<std::string>& texts, bool utf8 = false) {
    for (const std::string& text : texts) {
        CAPTURE(text);
        CHECK_FALSE(oracle::matches(rule, text, utf8));
    }
}

// How many sentences of each production.
constexpr std::size_t sentence_count = generate::drawn(10000);

// Generated sentences, each accepted; of their mutations some are and some are not.
template <class Rule, class Generator>
void sentences(Rule rule, Generator generator, bool utf8 = false) {
    generate::rng r(20081001);
    std::size_t refused = 0, still_good = 0, now_bad = 0;
    std::string example;
    for (std::size_t i = 0; i < sentence_count; ++i) {
        const std::string sentence = generator(r);
        if (!oracle::matches(rule, sentence, utf8)) {
            ++refused;
            example = sentence;
        }
        if (i % 8 != 0) continue;
        std::string mutant = sentence;
        generate::mutate(r, mutant);
        if (mutant == sentence) continue;
        ++(oracle::matches(rule, mutant, utf8) ? still_good : now_bad);
    }
    CAPTURE(example);
    CHECK(refused == 0);
    CHECK(still_good > sentence_count / 1000);
    CHECK(now_bad > sentence_count / 1000);
}

const std::string u_umlaut = "\xC3\xBC";                // U+00FC
const std::string euro = "\xE2\x82\xAC";                // U+20AC
const std::string wave = "\xF0\x9F\x91\x8B";            // U+1F44B
const std::string overlong = "\xC0\xAF";                // "/" in two octets
const std::string surrogate = "\xED\xA0\x80";           // U+D800
const std::string too_high = "\xF4\x90\x80\x80";        // U+110000
const std::string overlong_3 = "\xE0\x9F\xBF";          // U+07FF in three octets
const std::string overlong_4 = "\xF0\x8F\xBF\xBF";      // U+FFFF in four octets

}  // namespace

TEST_CASE("oracle: Domain", "[oracle]") {
    // RFC 5321 4.1.2: sub-domain = Let-dig [Ldh-str]
    accepts(oracle::Domain, {"a", "1", "example.org", "EXAMPLE.Org", "a-b.c", "a--b.c", "x-1-2-3.y", "1.2.3.4",
                             "999", "xn--bcher-kva.example", "bar.d0main.com", std::string(70, 'a') + ".b"});
    rejects(oracle::Domain, {"", ".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a.-b", "a_b.c", "a b", "a,b", "#123",
                             "[1.2.3.4]", "a.b ", " a.b", "a\tb", "a\0b"s, "a.b\r\n", "b" + u_umlaut + "cher.de"});
    // RFC 6531 3.3: sub-domain =/ U-label
    accepts(oracle::Domain, {"b" + u_umlaut + "cher.de", u_umlaut, euro + "." + wave, "a-" + u_umlaut, "plain.example",
                             u_umlaut + "--" + u_umlaut}, true);
    rejects(oracle::Domain, {"-" + u_umlaut, u_umlaut + "-", u_umlaut + ".", overlong, surrogate, too_high,
                             "a\xC3", "\xBC", "a\xFF", "\xE2\x82", overlong_3, overlong_4}, true);
}

TEST_CASE("oracle: Ldh-str and Standardized-tag", "[oracle]") {
    // RFC 5321 4.1.2: Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
    accepts(oracle::Ldh_str, {"a", "-a", "--1", "a-b", "abc"});
    rejects(oracle::Ldh_str, {"", "-", "a-", "a.b"});
    // All the ends, not only the longest
    const auto ends = oracle::Ldh_str(oracle::input{"a-b-", false}, oracle::places{0});
    CHECK(ends == oracle::places{1, 3});
    // RFC 5321 4.1.3; "IPv6" has its own rule
    accepts(oracle::Standardized_tag, {"IPv4", "IPv66", "-IPv6", "x"});
    rejects(oracle::Standardized_tag, {"IPv6", "ipV6", "", "x-"});
}

TEST_CASE("oracle: address-literal", "[oracle]") {
    // RFC 5321 4.1.3: IPv4, Snum 0..255 of one to three digits
    accepts(oracle::address_literal, {"[123.255.37.2]", "[0.0.0.0]", "[255.255.255.255]", "[001.02.000.099]"});
    rejects(oracle::address_literal, {"[256.1.1.1]", "[1.1.1.256]", "[999.1.1.1]", "[1.2.3]", "[1.2.3.4.5]", "[1.2.3.]",
                                      "[0001.2.3.4]", "[.1.2.3]", "[1..2.3]", "[-1.2.3.4]", "[1.2.3.4", "1.2.3.4]",
                                      "1.2.3.4", "[]", "[[1.2.3.4]]", "[ 1.2.3.4]", "[1.2.3.4 ]"});
    // RFC 5321 4.1.3: IPv6-full
    accepts(oracle::address_literal, {"[IPv6:1:2:3:4:5:6:7:8]", "[ipv6:ABCD:ef01:2345:6789:abcd:EF01:2345:6789]",
                                      "[IPV6:0000:0:00:000:0:0:0:0]"});
    rejects(oracle::address_literal, {"[IPv6:1:2:3:4:5:6:7]", "[IPv6:1:2:3:4:5:6:7:8:9]", "[IPv6:1:2:3:4:5:6:7:g]",
                                      "[IPv6:12345:2:3:4:5:6:7:8]", "[IPv6:1:2:3:4:5:6:7:]",
                                      "[IPv6 :1:2:3:4:5:6:7:8]", "[IPv6]", "[IPv6:]"});
    // RFC 5321 4.1.3: IPv6-comp, at most six groups beside "::"
    accepts(oracle::address_literal, {"[IPv6:::]", "[IPv6:::1]", "[IPv6:1::]", "[IPv6:2001:db8::1]",
                                      "[IPv6:1:2:3::4:5:6]", "[IPv6:1:2:3:4:5:6::]", "[IPv6:::1:2:3:4:5:6]"});
    rejects(oracle::address_literal, {"[IPv6:1:2:3:4:5:6:7::]", "[IPv6:::1:2:3:4:5:6:7]", "[IPv6:1:2:3:4::5:6:7]",
                                      "[IPv6:1::2::3]", "[IPv6::::]", "[IPv6::1]", "[IPv6:1:]", "[IPv6:1:::2]"});
    // RFC 5321 4.1.3: IPv6v4-full
    accepts(oracle::address_literal, {"[IPv6:1:2:3:4:5:6:1.2.3.4]"});
    rejects(oracle::address_literal, {"[IPv6:1:2:3:4:5:1.2.3.4]", "[IPv6:1:2:3:4:5:6:7:1.2.3.4]", "[IPv6:1.2.3.4]",
                                      "[IPv6:1:2:3:4:5:6:1.2.3.256]"});
    // RFC 5321 4.1.3: IPv6v4-comp, at most four groups beside "::" and the IPv4 part
    accepts(oracle::address_literal, {"[IPv6:::1.2.3.4]", "[IPv6:::ffff:192.0.2.1]", "[IPv6:1:2::3:4:1.2.3.4]",
                                      "[IPv6:1:2:3:4::1.2.3.4]", "[IPv6:::1:2:3:4:1.2.3.4]"});
    rejects(oracle::address_literal, {"[IPv6:1:2:3:4:5::1.2.3.4]", "[IPv6:::1:2:3:4:5:1.2.3.4]",
                                      "[IPv6:1:2:3::4:5:1.2.3.4]", "[IPv6:::1.2.3.4:1]", "[IPv6:::1.2.3]"});
    // RFC 5321 4.1.3: General-address-literal
    accepts(oracle::address_literal, {"[x:y]", "[-x:!]", "[x:a:b@c.^~]", "[IPv4:1.2.3.4]", "[IPv6-x:z]"});
    rejects(oracle::address_literal, {"[1:2:3:4:5:6:7:8]", "[2001:db8::1]", "[a:y]", "[x:]", "[:y]", "[x-:y]", "[x:y[]", "[x:y\\]", "[x:y]]", "[x:a b]", "[IPv6:z]",
                                      "[x:\x7F]", "[x:" + u_umlaut + "]"});
    rejects(oracle::address_literal, {"[x:" + u_umlaut + "]", "[" + u_umlaut + ":x]"}, true);
}

TEST_CASE("oracle: local parts", "[oracle]") {
    // RFC 5321 4.1.2, RFC 5322 3.2.3: Atom and Dot-string
    accepts(oracle::Atom, {"a", "!#$%&'*+-/=?^_`{|}~", "09AZaz"});
    rejects(oracle::Atom, {"", "a.b", "a b", "a@", "\"", "(", ")", ",", ":", ";", "<", ">", "[", "]", "\\", "\x7F",
                           u_umlaut});
    accepts(oracle::Dot_string, {"a", "a.b", "a.b.c", "+.-", "john+smtp"});
    rejects(oracle::Dot_string, {"", ".", "a.", ".a", "a..b", "\"a\"", "a.\"b\""});
    // RFC 5321 4.1.2: Quoted-string, empty as printed
    accepts(oracle::Quoted_string, {"\"\"", "\" \"", "\"a b\"", "\"Joe\\,Smith\"", "\"\\\\\"", "\"\\\"\"", "\"@\"",
                                    "\"..\"", "\"<>\"", "\"\\ \"", "\"[]{}~!\""});
    rejects(oracle::Quoted_string, {"", "\"", "\"\"\"", "\"\\\"", "\"a", "a\"", "\"\t\"", "\"\r\n \"", "\"\\\t\"",
                                    "\"a\0\""s, "\"\\\x7F\"", "\"\x7F\"", "\"" + u_umlaut + "\""});
    accepts(oracle::String, {"a", "\"a b\""});
    rejects(oracle::String, {"a.b", "a@b", "a b", ""});
    accepts(oracle::Local_part, {"a.b", "\"\""});
    rejects(oracle::Local_part, {"\"a\".b", "a\"b\"", "\"a\"\"b\"", ""});
    // RFC 6531 3.3: atext and qtextSMTP are extended, quoted-pairSMTP is not
    accepts(oracle::Local_part, {u_umlaut, "a." + euro, "\"" + wave + " x\"", "\"\\a" + u_umlaut + "\""}, true);
    rejects(oracle::Local_part, {"\"\\" + u_umlaut + "\"", overlong, surrogate, too_high, "a\x80", "\"\xC3\"",
                                 overlong_3, overlong_4, u_umlaut + "."}, true);
}

TEST_CASE("oracle: Mailbox", "[oracle]") {
    // RFC 5321 4.1.2
    accepts(oracle::Mailbox, {"joe@example.org", "a@b", "a.b@c.d", "\"a@b\"@c", "\"\"@d", "a@[1.2.3.4]", "a@[IPv6:::1]",
                              "a@[x:y@z]", "a=b+c@d", "1@1.2.3.4", "john+smtp@jck.com"});
    rejects(oracle::Mailbox, {"", "@", "a", "a@", "@b", "a@b@c", "a b@c", "a@b.", ".a@b", "a@[1.2.3.4]x", "<a@b>",
                              "a@b_c", "a@[IPv6:::1", "a@(b)", "Joe\\,Smith@b", "a@b,c@d"});
    rejects(oracle::Mailbox, {u_umlaut + "@d", "a@" + u_umlaut});
    accepts(oracle::Mailbox, {u_umlaut + "@d", "a@" + u_umlaut, euro + "@" + wave + ".x", "a@b"}, true);
    // Parts
    const auto parts = oracle::split_mailbox("\"a@b\"@[x:y@z]");
    REQUIRE(parts);
    CHECK(parts->local_part == "\"a@b\"");
    CHECK(parts->domain == "[x:y@z]");
    CHECK_FALSE(oracle::split_mailbox("a@b@c"));
    // Quoting, 4.1.2
    CHECK(oracle::unquote("\"Joe\\,Smith\"") == "Joe,Smith");
    CHECK(oracle::unquote("\"\\\\\\\"\"") == "\\\"");
    CHECK(oracle::unquote("a.b") == "a.b");
    CHECK(oracle::least_quoted("\"\\a\\.b\"") == "a.b");
    CHECK(oracle::least_quoted("\"\\a..\\b\"") == "\"a..b\"");
    CHECK(oracle::least_quoted("\"\\\\ \\\"\"") == "\"\\\\ \\\"\"");
    CHECK(oracle::least_quoted("\"\"") == "\"\"");
}

TEST_CASE("oracle: paths", "[oracle]") {
    // RFC 5321 4.1.2, and the example of 4.1.1.3
    accepts(oracle::A_d_l, {"@a", "@hosta.int,@jkl.org"});
    rejects(oracle::A_d_l, {"", "a", "@", "@a,", "@a,b", "@a, @b", ",@a", "@[1.2.3.4]"});
    accepts(oracle::Path, {"<a@b>", "<@hosta.int,@jkl.org:userc@d.bar.org>", "<@a:b@[1.2.3.4]>", "<Postmaster@b>"});
    rejects(oracle::Path, {"<>", "", "a@b", "<a@b", "a@b>", "<<a@b>>", "< a@b>", "<a@b >", "<:a@b>", "<@a:>",
                           "<@a,b@c>", "<@a:@b:c@d>", "<@[1.2.3.4]:a@b>", "<a>", "<Postmaster>"});
    accepts(oracle::Reverse_path, {"<>", "<a@b>", "<@a:b@c>"});
    rejects(oracle::Reverse_path, {"", "< >", "<<>>", "<Postmaster>", "<", ">"});
    // RFC 5321 4.1.1.3
    accepts(oracle::Forward_path, {"<Postmaster>", "<postmaster>", "<POSTMASTER>", "<pOstMaster@x.y>", "<a@b>"});
    rejects(oracle::Forward_path, {"<>", "<Postmaste>", "<Postmaster@>", "<\"Postmaster\">", "<@a:Postmaster>",
                                   "Postmaster", "<Postmaster >"});
    const auto parts = oracle::split_path("<@hosta.int,@jkl.org:userc@d.bar.org>");
    REQUIRE(parts);
    CHECK(parts->route == std::vector<std::string>{"hosta.int", "jkl.org"});
    CHECK(parts->mailbox == "userc@d.bar.org");
    CHECK(oracle::split_path("<>")->mailbox.empty());
    CHECK(oracle::split_path("<postmaster>")->mailbox == "postmaster");
    CHECK(oracle::split_path("<\"@a:b\"@c>")->mailbox == "\"@a:b\"@c");
    CHECK_FALSE(oracle::split_path("<"));
    CHECK_FALSE(oracle::split_path("<a>"));
}

TEST_CASE("oracle: parameters", "[oracle]") {
    // RFC 5321 4.1.2
    accepts(oracle::esmtp_keyword, {"SIZE", "a", "1", "8BITMIME", "MT-PRIORITY", "a-", "a--"});
    rejects(oracle::esmtp_keyword, {"", "-a", "a_b", "a=b", "a b", "a.b", u_umlaut});
    accepts(oracle::esmtp_value, {"1", "<>", "a+3Db", "!~", "rfc822;Bob@d", "\"", "\\"});
    rejects(oracle::esmtp_value, {"", "a=b", "=", "a b", "\t", "\x7F", "a\0"s, u_umlaut});
    accepts(oracle::Mail_parameters, {"SIZE=1", "SMTPUTF8", "BODY=8BITMIME SIZE=100 X", "A=b A=b"});
    rejects(oracle::Mail_parameters, {"", " SIZE=1", "SIZE=1 ", "SIZE=", "=1", "A=B=C", "A  B", "A\tB", "AUTH=dGVzdA=="});
    accepts(oracle::Rcpt_parameters, {"NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@Example.COM"});
    // RFC 6531 3.3
    accepts(oracle::esmtp_value, {u_umlaut, "a" + euro + "b", wave}, true);
    rejects(oracle::esmtp_value, {overlong, surrogate, "\xFF", "a=" + u_umlaut}, true);
    rejects(oracle::esmtp_keyword, {u_umlaut, "a" + u_umlaut}, true);
    const auto parts = oracle::split_parameters("SIZE=10 X");
    REQUIRE(parts);
    CHECK(*parts == std::vector<oracle::parameter>{{"SIZE", "10"}, {"X", std::nullopt}});
}

TEST_CASE("oracle: commands", "[oracle]") {
    // RFC 5321 4.1.1.1
    accepts(oracle::ehlo, {"EHLO a.b", "ehlo a", "EhLo [1.2.3.4]", "EHLO [IPv6:::1]", "EHLO a.b \t "});
    rejects(oracle::ehlo, {"EHLO", "EHLO ", "EHLO  a", "EHLO\ta", "EHLO a b", " EHLO a", "HELO a", "EHLOa", "EHLO a_b",
                           "EHLO a\r\n"});
    accepts(oracle::helo, {"HELO a.b", "helo A "});
    rejects(oracle::helo, {"HELO [1.2.3.4]", "HELO", "HELO a."});
    // RFC 6531 3.7.1: only ASCII in EHLO
    rejects(oracle::command, {"EHLO " + u_umlaut + ".de", "HELO " + u_umlaut}, true);
    // RFC 5321 4.1.1.2 and 3.3
    accepts(oracle::mail, {"MAIL FROM:<userx@y.foo.org>", "mail from:<>", "MAIL FROM:<a@b> SIZE=1 BODY=7BIT",
                           "MAIL FROM:<a@b> \t", "MAIL FROM:<a@b> X  ", "Mail From:<@a:b@c>"});
    rejects(oracle::mail, {"MAIL FROM: <a@b>", "MAIL FROM :<a@b>", "MAIL  FROM:<a@b>", "MAIL FROM:a@b", "MAIL FROM:",
                           "MAIL", "MAIL FROM:<a@b>SIZE=1", "MAIL FROM:<a@b>  SIZE=1", "MAIL FROM:<a@b>\tSIZE=1",
                           "MAIL FROM:<Postmaster>", "MAIL TO:<a@b>", "MAIL FROM:<a@b> =", "MAIL FROM:<a@b>,<c@d>",
                           "MAIL FROM:<" + u_umlaut + "@b>", "MAIL\tFROM:<a@b>"});
    accepts(oracle::mail, {"MAIL FROM:<" + u_umlaut + "@b> SMTPUTF8", "MAIL FROM:<a@b> X=" + euro}, true);
    // RFC 5321 4.1.1.3
    accepts(oracle::rcpt, {"RCPT TO:<a@b>", "RCPT TO:<@hosta.int,@jkl.org:userc@d.bar.org>", "rcpt to:<postmaster>",
                           "RCPT TO:<Postmaster@a.b> NOTIFY=NEVER", "RCPT TO:<a@b> "});
    rejects(oracle::rcpt, {"RCPT TO:<>", "RCPT TO: <a@b>", "RCPT FROM:<a@b>", "RCPT TO:a@b", "RCPT TO:Postmaster",
                           "RCPT TO:<a@b>  X", "RCPT TO:"});
    // RFC 821 4.1.1
    accepts(oracle::command, {"SEND FROM:<a@b>", "soml from:<>", "SAML FROM:<a@b> X=1", "TURN", "turn "});
    rejects(oracle::command, {"SEND TO:<a@b>", "SOML", "SAML FROM:<postmaster>", "TURN x"});
    // RFC 5321 4.1.1.4, 4.1.1.5, 4.1.1.10: no parameters
    accepts(oracle::command, {"DATA", "data", "DATA ", "RSET\t", "RSET", "QUIT", "quit \t "});
    rejects(oracle::command, {"DATA x", "RSET x", "QUIT now", "DAT", "DATAA", " DATA", "", " ", "DATA\r\n", "DATA\0"s});
    // RFC 5321 4.1.1.6 to 4.1.1.9, argument as the rest of the line (3.5.1)
    accepts(oracle::command, {"VRFY joe", "VRFY joe@x.y", "vrfy  joe", "EXPN Example-People", "EXPN \"a b\"", "HELP",
                              "HELP ", "HELP MAIL", "NOOP", "noop\t", "NOOP a b c", "VRFY \xFF\x01", "HELP  x"});
    rejects(oracle::command, {"VRFY", "VRFY ", "VRFY  ", "VRFY \t", "EXPN", "EXPN ", "VRFYjoe", "HELPx", "NOOP\tx", "NOOPx",
                              "VRFY a\rb", "VRFY a\nb", "HELP a\0b"s, "VRFY\tjoe"});
    // ... and by the letter
    accepts(oracle::vrfy_strict, {"VRFY joe", "VRFY \"joe@x\"", "VRFY joe "});
    rejects(oracle::vrfy_strict, {"VRFY joe@x", "VRFY a.b", "VRFY  joe", "VRFY joe SMTPUTF8"});
    // RFC 6531 3.7.4.2
    accepts(oracle::vrfy_strict, {"VRFY " + u_umlaut + " smtputf8", "VRFY joe SMTPUTF8"}, true);
    accepts(oracle::expn_strict, {"EXPN list"});
    accepts(oracle::help_strict, {"HELP", "HELP x"});
    accepts(oracle::noop_strict, {"NOOP", "NOOP \"\""});
    rejects(oracle::command, {"STARTTLS", "XYZZY", "MAILFROM:<>"});
    // Parts
    auto parts = oracle::split_command("rcpt to:<\"a> b\"@c> X=1 Y \t");
    REQUIRE(parts);
    CHECK(parts->verb == "RCPT");
    CHECK(parts->argument == "<\"a> b\"@c>");
    CHECK(parts->parameters == std::vector<oracle::parameter>{{"X", "1"}, {"Y", std::nullopt}});
    parts = oracle::split_command("VRFY  a b ");
    REQUIRE(parts);
    CHECK(parts->argument == " a b");
    parts = oracle::split_command("NOOP ");
    REQUIRE(parts);
    CHECK(parts->argument.empty());
}

TEST_CASE("oracle: replies", "[oracle]") {
    // RFC 5321 4.2
    accepts(oracle::Reply_line, {"250 OK\r\n", "250\r\n", "250 \r\n", "220 a.b ESMTP\r\n", "354 go\r\n", "559 x\r\n",
                                 "250-a\r\n250 b\r\n", "250-\r\n250\r\n", "250-a\r\n250-b\r\n250 \r\n",
                                 "250 \xFF\x7F\x01\t\r\n", "553- Ambiguous\r\n553 <a@b>\r\n", "200 x\r\n", "250  -x\r\n"});
    rejects(oracle::Reply_line, {"", "250", "250 OK", "250 OK\n", "250 OK\r", "25 OK\r\n", "2500 OK\r\n", "250OK\r\n",
                                 "250-a\r\n", "250-a\r\n251 b\r\n", "150 x\r\n", "650 x\r\n", "260 x\r\n", "25a x\r\n",
                                 "250 a\r\n250 b\r\n", "250 a\rb\r\n", "250 a\nb\r\n", "250 a\0b\r\n"s, " 250 x\r\n",
                                 "250-a\r\n 250 b\r\n", "250-a\r\n\r\n250 b\r\n", "250\tx\r\n", "250-a\n250 b\r\n"});
    // The enhanced codes, RFC 3463 2
    accepts(oracle::status_code, {"2.0.0", "4.1.23", "5.999.999", "2.1.0", "5.7.30"});
    rejects(oracle::status_code, {"", "3.0.0", "1.0.0", "2.0", "2.0.0.0", "2.00.0", "2.0.01", "2.1000.0", "2..0", "20.0.0",
                                  "2.0.0 ", "2. 0.0", "x.1.1", "2.1.x", "02.1.1"});
    // RFC 5321 4.2: Greeting
    accepts(oracle::Greeting, {"220 a.b\r\n", "220 a.b ESMTP ready\r\n", "220 [1.2.3.4] x\r\n",
                               "220-a.b hi\r\n220-\r\n220 x\r\n", "220-a\r\n220\r\n"});
    rejects(oracle::Greeting, {"220\r\n", "220 \r\n", "220 a_b\r\n", "250 a.b\r\n", "220-a\r\n", "220 a \r\n"});
    // RFC 5321 4.1.1.1: ehlo-ok-rsp
    accepts(oracle::ehlo_ok_rsp, {"250 a.b\r\n", "250-a.b greets you\r\n250-SIZE 100\r\n250 8BITMIME\r\n",
                                  "250 a.b hi\r\n", "250-a\r\n250 AUTH PLAIN LOGIN\r\n"});
    rejects(oracle::ehlo_ok_rsp, {"250 [1.2.3.4]\r\n", "250-a.b\r\n250-SIZE\r\n", "250-a.b\r\n250 -X\r\n",
                                  "250-a.b\r\n250 A  B\r\n", "220 a.b\r\n", "250-a.b\r\n250 A \r\n", "250\r\n"});
    accepts(oracle::ehlo_line, {"SIZE", "SIZE 0", "AUTH LOGIN", "X-1 a=b ~"});
    rejects(oracle::ehlo_line, {"", " SIZE", "AUTH=LOGIN", "A_B", "A\tB", "A \x7F"});
}

TEST_CASE("oracle: limits are separate", "[oracle]") {
    // RFC 5321 4.5.3.1.1 to 4.5.3.1.3
    const std::string l64(64, 'l'), l65(65, 'l'), d255(255, 'd'), d256(256, 'd');
    accepts(oracle::Mailbox, {l64 + "@" + d255, l65 + "@" + d256});
    CHECK(oracle::limits::mailbox_fits(l64 + "@" + d255));
    CHECK_FALSE(oracle::limits::mailbox_fits(l65 + "@d"));
    CHECK_FALSE(oracle::limits::mailbox_fits("l@" + d256));
    CHECK(oracle::limits::path_fits("<l@" + std::string(252, 'd') + ">"));
    CHECK_FALSE(oracle::limits::path_fits("<l@" + std::string(253, 'd') + ">"));
    CHECK(oracle::limits::path_fits("<>"));
    CHECK(oracle::limits::path_fits("<Postmaster>"));
    CHECK_FALSE(oracle::limits::path_fits("<" + l65 + "@d>"));
}

namespace {

void decodes(const std::string& in, const std::string& text, bool ended, std::size_t consumed) {
    CAPTURE(in);
    const oracle::decoded d = oracle::decode(in);
    CHECK(d.text == text);
    CHECK(d.ended == ended);
    CHECK(d.consumed == consumed);
}

}  // namespace

TEST_CASE("oracle: mail data", "[oracle]") {
    // RFC 5321 4.1.1.4: the end of data
    decodes(".\r\n", "", true, 3);
    decodes("\r\n.\r\n", "\r\n", true, 5);
    decodes("a\r\n.\r\nQUIT\r\n", "a\r\n", true, 6);
    decodes("a\r\nb\r\n.\r\n.\r\n", "a\r\nb\r\n", true, 9);
    decodes(".\r\n\r\n.\r\n", "", true, 3);
    // ... and what is none
    decodes("a\n.\n", "a\n.\n", false, 4);
    decodes("a\n.\r\n", "a\n.\r\n", false, 5);
    decodes("a\r\n.\n", "a\r\n\n", false, 5);
    decodes("a\r.\r\n", "a\r.\r\n", false, 5);
    decodes("a\r\n.\r\r\n", "a\r\n\r\r\n", false, 7);
    decodes("a\n\r.\r\n", "a\n\r.\r\n", false, 6);
    decodes("a.\r\n", "a.\r\n", false, 4);
    decodes("a\r\n.\0\r\n"s, "a\r\n\0\r\n"s, false, 7);
    decodes("", "", false, 0);
    // RFC 5321 4.5.2: one leading dot is removed
    decodes("..\r\n.\r\n", ".\r\n", true, 7);
    decodes("...\r\n.a\r\nb.\r\n.\r\n", "..\r\na\r\nb.\r\n", true, 16);
    decodes("a\n..b\r\n.\r\n", "a\n..b\r\n", true, 10);
    // What is not decided yet
    CHECK(oracle::decode("a\r\n.").undecided == 1);
    CHECK(oracle::decode("a\r\n.\r").undecided == 2);
    CHECK(oracle::decode(".").undecided == 1);
    CHECK(oracle::decode("a\r").undecided == 1);
    CHECK(oracle::decode("a\r\n").undecided == 0);
    CHECK(oracle::decode("a\r\n.b").undecided == 0);
    CHECK(oracle::decode("a\r\n.\r").text == "a\r\n");
    // RFC 5321 2.3.8: bare CR and LF
    const auto d = oracle::decode("a\rb\nc\r\r\nd\n\r\n\0\r\n.\r\n\n\r\0"s);
    CHECK(d.ended);
    CHECK(d.bare_cr == 2);
    CHECK(d.bare_lf == 2);
    CHECK(d.nul == 1);
    // RFC 5321 4.5.3.1.6: 1000 octets with CRLF, without the added dot
    const std::string x998(998, 'x'), x999(999, 'x');
    CHECK(oracle::decode(x998 + "\r\n.\r\n").long_lines == 0);
    CHECK(oracle::decode(x999 + "\r\n.\r\n").long_lines == 1);
    CHECK(oracle::decode("." + x998 + "\r\n.\r\n").long_lines == 0);
    CHECK(oracle::decode("." + x999 + "\r\n.\r\n").long_lines == 1);
    CHECK(oracle::decode(x998 + "\r").long_lines == 0);
    CHECK(oracle::decode(x999).long_lines == 1);
}

TEST_CASE("oracle: encoding", "[oracle]") {
    // RFC 5321 4.5.2 and 4.1.1.4
    CHECK(oracle::encode("a\r\n") == "a\r\n");
    CHECK(oracle::encode("a") == "a\r\n");
    CHECK(oracle::encode("") == "");
    CHECK(oracle::encode("\r\n") == "\r\n");
    CHECK(oracle::encode(".") == "..\r\n");
    CHECK(oracle::encode(".\r\n..\r\na.b\r\n") == "..\r\n...\r\na.b\r\n");
    CHECK(oracle::encode_with_end("a") == "a\r\n.\r\n");
    CHECK(oracle::encode_with_end("") == ".\r\n");
    // RFC 5321 2.3.8
    CHECK_FALSE(oracle::encode("a\rb"));
    CHECK_FALSE(oracle::encode("a\nb"));
    CHECK_FALSE(oracle::encode("a\r"));
    CHECK_FALSE(oracle::encode("a\r\n\n"));

    generate::rng r(4);
    std::size_t encoded = 0, ended = 0, open = 0;
    for (int i = 0; i < 4000; ++i) {
        std::string text = generate::content(r);
        const oracle::decoded d = oracle::decode(text);
        ++(d.ended ? ended : open);
        CHECK(d.consumed <= text.size());
        // A decoded text that has no bare CR or LF can be sent again, and
        // arrives as it was.
        if (!d.ended || d.bare_cr != 0 || d.bare_lf != 0) continue;
        const auto again = oracle::encode_with_end(d.text);
        REQUIRE(again);
        const oracle::decoded back = oracle::decode(*again + "MORE");
        CHECK(back.ended);
        CHECK(back.text == d.text);
        CHECK(back.consumed == again->size());
        ++encoded;
    }
    CHECK(encoded > 200);
    CHECK(ended > 200);
    CHECK(open > 200);
}

TEST_CASE("oracle: generated sentences", "[oracle]") {
    using generate::rng;
    for (const bool utf8 : {false, true}) {
        CAPTURE(utf8);
        sentences(oracle::Domain, [=](rng& r) { return generate::domain(r, utf8); }, utf8);
        sentences(oracle::Local_part, [=](rng& r) { return generate::local_part(r, utf8); }, utf8);
        sentences(oracle::Mailbox, [=](rng& r) { return generate::mailbox(r, utf8); }, utf8);
        sentences(oracle::Reverse_path, [=](rng& r) { return generate::reverse_path(r, utf8); }, utf8);
        sentences(oracle::Mail_parameters, [=](rng& r) { return generate::parameters(r, utf8); }, utf8);
        sentences(oracle::command, [=](rng& r) { return generate::command(r, utf8); }, utf8);
    }
    sentences(oracle::Atom, [](rng& r) { return generate::atom(r); });
    sentences(oracle::Dot_string, [](rng& r) { return generate::dot_string(r); });
    sentences(oracle::Quoted_string, [](rng& r) { return generate::quoted_string(r, true); }, true);
    sentences(oracle::String, [](rng& r) { return generate::string(r); });
    sentences(oracle::Forward_path, [](rng& r) { return generate::forward_path(r, true); }, true);
    sentences(oracle::Path, [](rng& r) { return generate::path(r); });
    sentences(oracle::A_d_l, [](rng& r) { return generate::source_route(r); });
    sentences(oracle::address_literal, [](rng& r) { return generate::address_literal(r); });
    sentences(oracle::IPv6_addr, [](rng& r) { return generate::ipv6(r); });
    sentences(oracle::IPv4_address_literal, [](rng& r) { return generate::ipv4(r); });
    sentences(oracle::General_address_literal, [](rng& r) { return generate::general_literal(r); });
    sentences(oracle::esmtp_keyword, [](rng& r) { return generate::esmtp_keyword(r); });
    sentences(oracle::esmtp_value, [](rng& r) { return generate::esmtp_value(r, true); }, true);
    sentences(oracle::status_code, [](rng& r) { return generate::status_code(r); });
    sentences(oracle::Reply_line, [](rng& r) { return generate::reply(r); });
    sentences(oracle::UTF8_non_ascii, [](rng& r) { return generate::utf8_non_ascii(r); });
}

TEST_CASE("oracle: parts of generated sentences", "[oracle]") {
    generate::rng r(7);
    for (int i = 0; i < 300; ++i) {
        const std::string local = generate::local_part(r, true), domain = generate::domain(r, true);
        const auto mailbox = oracle::split_mailbox(local + "@" + domain, true);
        REQUIRE(mailbox);
        CHECK(mailbox->local_part == local);
        CHECK(mailbox->domain == domain);
        CHECK(oracle::unquote(oracle::least_quoted(local, true)) == oracle::unquote(local));
        const std::string path = generate::reverse_path(r, true), parameters = generate::parameters(r, true);
        const auto command = oracle::split_command("Mail FROM:" + path + " " + parameters + "\t ", true);
        REQUIRE(command);
        CHECK(command->verb == "MAIL");
        CHECK(command->argument == path);
        std::string joined;
        for (const auto& p : command->parameters) {
            joined += (joined.empty() ? "" : " ") + p.keyword + (p.value ? "=" + *p.value : std::string());
        }
        CHECK(joined == parameters);
    }
}

TEST_CASE("oracle: the generator is the same everywhere", "[oracle]") {
    // The first numbers of splitmix64 with seed 1234567
    generate::rng r(1234567);
    CHECK(r.next() == 6457827717110365317U);
    CHECK(r.next() == 3203168211198807973U);
    CHECK(r.next() == 9817491932198370423U);
    CHECK(r.next() == 4593380528125082431U);
    CHECK(r.next() == 16408922859458223821U);
    CHECK(generate::interesting.size() == 23);
    CHECK(generate::interesting.find('\0') != std::string_view::npos);
    CHECK(generate::interesting.back() == '\xFF');
}

}  // namespace test_oracle
