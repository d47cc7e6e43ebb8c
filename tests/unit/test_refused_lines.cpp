// Lines that their parameters make wrong. One that is there whole is read in one step, and refused by what that step found; one whose octets
// come one by one, by the grammar: what is said, told and counted is the same.
#include "relaying.hpp"

#include <ehlo/command_reader.hpp>

#include <string>
#include <vector>

namespace test_refused_lines {

namespace {

using namespace machine;

// Writes down all that is told of a reply.
std::string told(ehlo::answered const& a) {
    std::string all = "told " + std::to_string(a.sent.code) + " " + std::string(a.sent.text) + " of '" + std::string(a.line) + "' " + std::to_string(a.secret) + " " +
                      std::string(name(a.verb)) + " " + std::string(name(a.event));
    if (a.fault) all += " " + std::string(name(a.fault->code)) + " " + std::to_string(a.fault->at);
    for (unsigned i = 0; i < ehlo::rule_count; ++i)
        if (a.tolerated.has(static_cast<ehlo::rule>(i))) all += " " + std::string(ehlo::rule_names[i]);
    return all;
}
struct talkative : reachable {
    using reachable::on;
    void on(ehlo::answered const& a) {
        reachable::on(a);
        note(told(a));
    }
};
struct listening {
    std::vector<std::string> log{};
    void on(ehlo::answered const& a) { log.push_back(told(a)); }
};

constexpr std::string_view parameters[] = {
    "FOO=bar",      "foo=1",         "FOO",          "SIZE=1",       "SIZE=x",          "size=2",        "SIZE=99999999999999999999", "SIZE",     "SIZE=",
    "BODY=8BITMIME", "BODY=7BIT",    "BODY=9BIT",    "SMTPUTF8",     "SMTPUTF8=1",      "RET=FULL",      "RET=X",                     "ENVID=a",  "ENVID=+0",
    "AUTH=<>",      "AUTH=+3cb",     "HOLDFOR=5",    "BY=1;R",       "NOTIFY=NEVER",    "NOTIFY=x",      "ORCPT=rfc822;a",            "ORCPT=a",  "=",
    "-X=1",         "X=\xC3\xBC",    "X=\xFF",       "x==",          "\x1F" "BDAT 5",   "\x7F" "BDAT 5 LAST", "BDAT 5",                "BURL x:y", "AUTH PLAIN",
    "\t",           "",              "X=\x01",       "Y Y",
};

// Some of them after a MAIL or a RCPT; and what leads to it, and what is said after it: what may be a password if AUTH was refused just
// before, and what is no error after a refusal.
std::vector<std::string> dialogue(generate::rng& r) {
    bool const mail = r.one_in(2);
    std::string refused = mail ? r.one_in(4) ? "MAIL FROM:<>" : "MAIL FROM:<ann@example.net>" : "rcpt to:<bob@example.org>";
    for (std::size_t n = r.between(1, 3); n != 0; --n) (refused += " ") += parameters[r.below(std::size(parameters))];
    refused += "\r\n";
    std::vector<std::string> reads{"EHLO client.example\r\n"};
    if (r.one_in(2)) reads.push_back("AUTH PLAIN AGEAd3Jvbmc=\r\n");   // 535
    if (!mail) reads.push_back(r.one_in(2) ? "MAIL FROM:<a@b.example>\r\n" : "MAIL FROM:<a@b.example> SMTPUTF8\r\n");
    reads.push_back(refused);
    if (r.one_in(2)) reads.push_back("c2VjcmV0\r\n");
    reads.push_back("RCPT TO:<bert@example.org>\r\n");
    reads.push_back("DATA\r\n");
    for (int i = 0; i < 3; ++i) reads.push_back(refused);
    return reads;
}
bool is_told_at_once(std::string const& line, ehlo::syntax const& rules) {
    ehlo::detail::refused_line refused;
    static_cast<void>(ehlo::detail::take_common_command(line, 2048, rules, [](auto const&) {}, refused, ehlo::detail::known_parameters<>()));
    return refused.size != 0;
}

}  // namespace

TEST_CASE("server: a line that its parameters make wrong is refused alike, however it comes") {
    ehlo::policy all = offering(ehlo::server_extensions - ehlo::extension::prdr), few;
    few.clear_text_passwords = true;
    few.offers = few.offers | ehlo::extension::auth;
    all.max_errors = few.max_errors = 6;
    ehlo::policy lenient = all;
    lenient.grammar.tolerate = ehlo::leniency::all();
    for (ehlo::policy* p : {&all, &few, &lenient}) p->max_line = 4096;
    generate::rng r(5321);
    std::size_t at_once = 0;
    for (int i = 0; i < 600; ++i) {
        std::vector<std::string> const reads = dialogue(r);
        ehlo::policy const& settings = i % 3 == 0 ? all : i % 3 == 1 ? few : lenient;
        at_once += is_told_at_once(reads.back(), settings.grammar);
        INFO(reads.back());
        played const slow = play<talkative>(settings, reads, octets(), 65536), quick = play<talkative>(settings, reads, whole(), 65536);
        REQUIRE(quick.output == slow.output);
        REQUIRE(quick.log == slow.log);
        REQUIRE(quick == slow);
    }
    CHECK(at_once > 200);
}

TEST_CASE("relay: a line that its parameters make wrong is refused alike, however it comes", "[relay]") {
    ehlo::policy p = passing_rules();
    p.max_errors = 6;
    p.max_line = 4096;
    generate::rng r(5321);
    std::size_t at_once = 0;
    for (int i = 0; i < 200; ++i) {
        std::vector<std::string> const reads = dialogue(r);
        at_once += is_told_at_once(reads.back(), p.grammar);
        INFO(reads.back());
        relayed_session<listening, talkative> quick(upstream_rules(), p), slow(upstream_rules(), p);
        for (std::string const& read : reads) {
            quick.hear(read);
            for (char const& c : read) slow.hear({&c, 1});
        }
        REQUIRE(quick.heard == slow.heard);
        REQUIRE(quick.all_sent == slow.all_sent);
        REQUIRE(quick.say.log == slow.say.log);
        REQUIRE(quick.relay.where() == slow.relay.where());
    }
    CHECK(at_once > 60);
}

}  // namespace test_refused_lines
