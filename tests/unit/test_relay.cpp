// The relay between a client and a server: what the client hears and what the server is told are those of a direct connection, but for
// what the relay refuses by itself.
#include "relaying.hpp"

namespace test_relay {

namespace {

using namespace machine;
using ehlo::state;

std::string const hello = "EHLO client.example\r\n", mail = "MAIL FROM:<ann@client.example>\r\n", rcpt = "RCPT TO:<bob@example.org>\r\n",
                  envelope = mail + rcpt, quit = "QUIT\r\n";

bool is_extended(std::string_view script) { return script.starts_with("EHLO c") && script.find("HELO ") == script.npos; }

// Plays a script in many ways. All must come to what a direct connection comes to.
void relay_everywhere(std::string const& script, ehlo::policy const& rules, std::uint64_t seed = 1) {
    INFO(script);
    auto const whole_one = without_relay<>(rules, script);
    auto const alike = [&](relayed_session<> const& s) { check_alike(s, whole_one, is_extended(script)); };
    {
        relayed_session<> s(rules, passing_rules());
        s.at_relay = script;
        s.settle();
        alike(s);
    }
    {
        relayed_session<> s(rules, passing_rules());
        for (char const c : script) {
            s.at_relay += c;
            s.settle();
        }
        alike(s);
    }
    std::size_t const step = script.size() / 100 + 1;
    for (std::size_t cut = 1; cut < script.size(); cut += step) {
        relayed_session<> s(rules, passing_rules());
        s.at_relay = script.substr(0, cut);
        s.settle();
        s.at_relay += script.substr(cut);
        s.settle();
        INFO("cut at " << cut);
        alike(s);
    }
    generate::rng r(seed);
    for (int i = 0; i < 20; ++i) {
        relayed_session<> s(rules, passing_rules());
        s.room = 1024 + 4096;
        s.play(script, r, 1 + r.below(60));
        alike(s);
    }
}

TEST_CASE("relay: a dialogue is what it would be without it") {
    std::string const content = "Subject: x\r\n\r\n..a dot\r\n.b\r\n\x80\xFF\r\n";
    for (std::string const& script : {
             hello + envelope + "DATA\r\n" + content + ".\r\n" + quit,
             "HELO client.example\r\n" + envelope + "DATA\r\n" + content + ".\r\nNOOP\r\n" + quit,
             hello + mail + "RCPT TO:<refused@example.org>\r\nDATA\r\nRSET\r\n" + quit,
             hello + "MAIL FROM:<refused@example.org>\r\n" + rcpt + "DATA\r\n" + envelope + "DATA\r\n.\r\n" + quit,
             hello + envelope + "DATA\r\nrefused\r\n.\r\n" + envelope + "DATA\r\nok\r\n.\r\n" + quit,
             hello + envelope + "BDAT 4\r\nab\r\nBDAT 3 LAST\r\n.\r\n" + envelope + "BDAT 0 LAST\r\n" + quit,
             hello + mail + "BDAT 6 LAST\r\nQUIT\r\nRCPT TO:<a@b>\r\nRSET\r\n" + envelope + "BDAT 6 LAST\r\nQUIT\r\n" + quit,
             hello + mail + "RCPT TO:<refused@example.org>\r\nBDAT 12 LAST\r\nMAIL FROM:<>RSET\r\n" + quit,
             hello + "BDAT 5 LAST\r\nabcde" + mail + "BDAT 3\r\nabc" + rcpt + "DATA\r\n" + hello + envelope + "BDAT 1\r\naDATA\r\nRSET\r\n" + quit,
             hello + "BDAT x\r\nNOOP\r\n", hello + " BDAT 5\r\nNOOP\r\n", hello + "BDAT\t5\r\nNOOP\r\n",
             hello + "MAIL FROM:<a@b> BODY=BINARYMIME\r\n" + rcpt + "DATA\r\nBDAT 3\r\n\r\nxBDAT 2 LAST\r\n\n\r" + quit,
             hello + "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<\xC3\xBC@example.org>\r\nVRFY \xC3\xBC SMTPUTF8\r\nRSET\r\n" + rcpt + quit,
             hello + "AUTH PLAIN AGEAYg==\r\nAUTH PLAIN AGEAYg==\r\n" + envelope + "DATA\r\n.\r\n" + quit,
             hello + "AUTH LOGIN\r\nYQ==\r\nYg==\r\nAUTH PLAIN\r\n" + quit,
             hello + "AUTH LOGIN\r\n*\r\nAUTH FOO\r\nAUTH PLAIN\r\nAGEAd3Jvbmc=\r\n" + quit,
             hello + "MAIL FROM:<a@b> FOO=1\r\nMAIL FROM:<a@b> SIZE=99999999999\r\nMAIL FROM:<a@b> SIZE=1 RET=HDRS\r\nRCPT TO:<a@b> NOTIFY=NEVER\r\n" + quit,
             hello + "ETRN example.org\r\nXCLIENT NAME=a\r\nFOO\r\n\r\nEXPN a\r\nVRFY a\r\nHELP\r\nNOOP x\r\nLHLO a\r\nSTARTTLS\r\n" + quit,
             hello + envelope + "BURL imap://a/b\r\nBURL imap://a/c LAST\r\n" + envelope + "BURL imap://a/none LAST\r\nBDAT 2 LAST\r\nab" + quit,
             mail + "NOOP\r\nRSET\r\n" + hello + hello + mail + mail + "HELO a\r\n" + "MAIL FROM:<a@b> SIZE=1\r\n" + quit,
             "EHLO refused.example\r\n" + mail + hello + quit, "NOOP\n" + hello + "NOOP\r\r\n" + std::string("NO\0P\r\n", 6) + quit,
             std::string(5000, 'x') + "\r\n" + hello + "NOOP " + std::string(4100, 'y') + "\r\n" + quit, hello + quit + "NOOP\r\n",
         })
        relay_everywhere(script, upstream_rules(ehlo::extension::auth));
}

TEST_CASE("relay: random dialogues are what they would be without it") {
    std::string const lines[] = {
        hello, mail, mail, mail, rcpt, rcpt, rcpt, envelope, envelope + "DATA\r\nabc\r\n..\r\n.\r\n", "DATA\r\n", "DATA\r\nx\r\n.\r\n", "RSET\r\n",
        "NOOP\r\n", "VRFY a\r\n", "EXPN a\r\n", "HELP\r\n", "MAIL FROM:<refused@a.example>\r\n", "RCPT TO:<refused@a.example>\r\n", "FOO\r\n", "\r\n",
        "MAIL FROM:<a@b> FOO\r\n", "MAIL FROM:<a@b> SIZE=77 BODY=8BITMIME\r\n", "BDAT 3\r\nabc", "BDAT 4 LAST\r\nNOOP", "BDAT 0\r\n", "BDAT 0 LAST\r\n",
        "BDAT 9 LAST\r\nrefused\r\n", "HELO a.example\r\n", "MAIL FROM:<a@b> BODY=BINARYMIME\r\n", "ETRN a.example\r\n", "BURL imap://a/b\r\n",
        "BURL imap://a/b LAST\r\n", "BURL imap://a/none LAST\r\n", ".\r\n", "RCPT TO:<a@b> NOTIFY=SUCCESS\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<>\r\n",
        "AUTH PLAIN AGEAYg==\r\n", "AUTH PLAIN AGEAd3Jvbmc=\r\n"};
    generate::rng r(13);
    auto const rules = upstream_rules(ehlo::extension::auth);
    int const times = 400;
    for (int i = 0; i < times; ++i) {
        // Without EHLO the server has extensions in mind of which the relay has not heard.
        bool const extended = r.below(8) != 0;
        std::string script = extended ? hello : "";
        for (std::size_t n = r.between(1, 25); n != 0; --n) {
            std::string const& line = lines[r.below(std::size(lines))];
            bool const needs_ehlo = line.starts_with("B") || line.starts_with("ETRN") || line.starts_with("AUTH");
            if (extended ? !line.starts_with("HELO") : !needs_ehlo && line != hello) script += line;
        }
        INFO(script);
        auto const whole_one = without_relay<>(rules, script);
        for (int k = 0; k < 3; ++k) {
            relayed_session<> s(rules, passing_rules());
            s.play(script, r, 1 + r.below(80));
            check_alike(s, whole_one, is_extended(script));
        }
    }
}

}  // namespace

}  // namespace test_relay
