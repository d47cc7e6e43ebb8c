// Attacks on sessions that were seen in the wild, or published: TLS that is begun with octets in the clear, or is taken away,
// chunks that hold commands, AUTH that is broken off, pipelines whose beginning was refused. One row each, and one runner for
// each of the two machines.
#include "everything.hpp"

namespace test_attacks {

namespace {

using namespace machine;
using ehlo::extension;
using ehlo::state;

// Whether what happened is what a row says: words; one in brackets may be missing, and "250*3" stands for three.
bool fits(std::string_view pattern, std::vector<std::string> const& happened) {
    std::size_t n = 0;
    auto const is = [&](std::string_view word) { return n < happened.size() && happened[n] == word; };
    while (!pattern.empty()) {
        std::size_t const end = std::min(pattern.find(' '), pattern.size());
        std::string_view word = pattern.substr(0, end);
        pattern.remove_prefix(std::min(end + 1, pattern.size()));
        if (word.starts_with('[')) {
            if (is(word.substr(1, word.size() - 2))) ++n;
            continue;
        }
        std::size_t const star = word.find('*');
        for (int many = star == word.npos ? 1 : std::stoi(std::string(word.substr(star + 1))); many > 0; --many, ++n)
            if (!is(word.substr(0, star))) return false;
    }
    return n == happened.size();
}
std::string listed(std::vector<std::string> const& all) {
    std::string text;
    for (auto const& word : all) text += word + ' ';
    return text;
}

// --- the server ---

struct attacked : everything {
    using everything::on;
    attacked() { can = can | ehlo::mechanism::digest_md5; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        return c.to.local_part() == "bad" ? ehlo::replies::no_such_user : everything::on(c);
    }
};

// Between reads: <TLS> is there, is closed while the connection stays, or the connection is lost.
constexpr std::string_view tls = "<TLS>", tls_close = "<TLS-CLOSE>", lost = "<LOST>";

struct server_attack {
    std::string id;
    std::vector<std::string> reads;
    std::string codes;                     // after the greeting
    state where;
    std::vector<std::string> delivered{};  // contents
};

std::string repeated(std::string_view text, int times) {
    std::string all;
    while (times-- > 0) all += text;
    return all;
}

std::vector<server_attack> attacks_on_servers() {
    std::string const hello = "EHLO a.example\r\n", mail = "MAIL FROM:<a@b.example>\r\n", rcpt = "RCPT TO:<c@d.example>\r\n";
    std::string const on = std::string(tls), envelope = hello + mail + rcpt;
    std::string const x = std::string(30000, 'x'), y = std::string(40000, 'y');
    return {
        // RFC 3207 4.2. Whether the 220 is sent before the octets in the clear come is a matter of time.
        {"TLS-inj-rset", {hello + "STARTTLS\r\nRSET\r\n", on, "NOOP\r\n"}, "250 [220]", state::closed},
        {"TLS-inj-ehlo", {hello + "STARTTLS\r\nEHLO commandinjectiontester\r\n", on, "NOOP\r\n"}, "250 [220]", state::closed},
        {"TLS-inj-mail-auth",
         {hello + "STARTTLS\r\nEHLO x\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<a@a.example>\r\nDATA\r\n", on,
          "x\r\n.\r\n"},
         "250 [220]",
         state::closed},
        {"TLS-inj-half-command", {hello + "STARTTLS\r\nNOO", on, "P\r\n"}, "250 [220]", state::closed},
        {"TLS-inj-james", {hello + "STARTTLS\r\nMAIL FROM:<a@b.example>\r\n", on, rcpt}, "250 [220]", state::closed},
        {"TLS-args", {hello + "STARTTLS foo\r\n", on}, "250 501", state::ready},
        // In a transaction STARTTLS is refused, so there is no handshake after which anything were to be forgotten ...
        {"TLS-state-reset", {hello + mail + "STARTTLS\r\n", on, rcpt}, "250 250 503 250", state::rcpt},
        // ... outside one it is forgotten.
        {"TLS-state-reset, RSET first",
         {hello + mail + "RSET\r\nSTARTTLS\r\n", on, rcpt + mail},
         "250 250 250 220 503 503",
         state::greeted},
        {"TLS-twice", {hello + "STARTTLS\r\n", on, hello + "STARTTLS\r\n"}, "250 220 250 503", state::ready},
        {"TLS-in-transaction", {envelope + "STARTTLS\r\n", on}, "250 250 250 503", state::rcpt},
        {"TLS-bdat-close-notify", {hello + "STARTTLS\r\n", on, envelope + "BDAT 100 LAST\r\nabc", std::string(tls_close), "x"},
         "250 220 250 250 250", state::closed},
        // RFC 3030 2
        {"BDAT-overflow-64", {envelope + "BDAT 18446744073709551616 LAST\r\nNOOP\r\n"}, "250 250 250 501", state::closed},
        {"BDAT-negative", {envelope + "BDAT -1 LAST\r\nNOOP\r\n"}, "250 250 250 501", state::closed},
        {"BDAT-zero-last", {envelope + "BDAT 0 LAST\r\n"}, "250 250 250 250", state::ready, {""}},
        {"BDAT-dot-is-data", {envelope + "BDAT 8 LAST\r\n.\r\nabcQUIT\r\n"}, "250 250 250 250 500", state::ready, {".\r\nabcQU"}},
        {"BDAT-public-16944",
         {envelope + "BDAT 100000000\r\n.MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n"},
         "250 250 250",
         state::chunk},
        {"BDAT-uaf-16943",
         {envelope + "BDAT 1\r\nBDAT \x7F\r\nBDAT 10 LAST\r\n0123456789"},
         "250 250 250 250 500 250",
         state::ready,
         {"B0123456789"}},
        {"BDAT-before-rcpt", {hello + "BDAT 5\r\nhelloNOOP\r\n"}, "250 503 250", state::ready},
        {"BDAT-before-rcpt, after MAIL", {hello + mail + "BDAT 5\r\nhelloNOOP\r\n"}, "250 250 503 250", state::spoilt},
        {"BDAT-bad-then-smuggle",
         {hello + "BDAT 32 LAST\r\nMAIL FROM:<smuggled@e.example>\r\nNOOP\r\n"},
         "250 503 250",
         state::ready},
        {"BDAT-mixed-data", {envelope + "BDAT 1\r\nADATA\r\n"}, "250 250 250 250 503", state::spoilt},
        {"BDAT-after-last", {envelope + "BDAT 1 LAST\r\nABDAT 1\r\nB"}, "250 250 250 250 503", state::ready, {"A"}},
        {"BDAT-binarymime-data",
         {hello + "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n" + rcpt + "DATA\r\n"},
         "250 250 250 503",
         state::rcpt},
        {"BDAT-lf-in-chunk", {envelope + "BDAT 5 LAST\r\na\n.\nb"}, "250 250 250 554", state::ready},
        {"BDAT-rset-mid", {envelope + "BDAT 8\r\nHey <3\r\nRSET\r\n"}, "250 250 250 250 250", state::ready},
        {"BDAT-eof-mid", {envelope + "BDAT 8\r\nHey <", std::string(lost)}, "250 250 250", state::closed},
        {"BDAT-total-limit",
         {envelope + "BDAT 30000\r\n" + x + "BDAT 40000 LAST\r\n" + y + "NOOP\r\n"},
         "250 250 250 250 552 250",
         state::ready},
        // RFC 4954 4
        {"AUTH-b64-len3", {hello + "AUTH PLAIN AAA\r\n"}, "250 501", state::ready},
        {"AUTH-cancel", {hello + "AUTH PLAIN\r\n*\r\n"}, "250 334 501", state::ready},
        {"AUTH-cancel-then-other", {hello + "AUTH CRAM-MD5\r\n*\r\nAUTH DIGEST-MD5\r\n"}, "250 334 501 334", state::exchange},
        {"AUTH-disconnect-mid", {hello + "AUTH PLAIN\r\nAAA", std::string(lost)}, "250 334", state::closed},
        // Pipelines, and limits
        {"LEN-rcpt-101", {hello + mail + repeated(rcpt, 101)}, "250*102 452", state::rcpt},
        {"STA-postfix-vrfy-utf8",
         {envelope + "VRFY \xC3\xBC@d.example\r\nDATA\r\nx\r\n.\r\n"},
         "250 250 250 553 354 250",
         state::ready,
         {"x\r\n"}},
        {"STA-ehlo-pipelined", {"EHLO abcd\r\nMAIL FROM:<userx@test.ex>\r\n"}, "250 250", state::mail},
        {"STA-data-after-all-rcpt-failed",
         {hello + mail + "RCPT TO:<bad@b.example>\r\nDATA\r\nNOOP\r\n"},
         "250 250 550 503 250",
         state::mail},
        {"CMD-many-empty", {"NOOP\r\n" + repeated("\r\n", 60)}, "250 500*49 421", state::closed},
        {"CMD-http-get", {"GET / HTTP/1.1\r\nNOOP\r\n"}, "421", state::closed},
        {"CMD-http-get, POST", {"POST / HTTP/1.1\r\nNOOP\r\n"}, "421", state::closed},
        {"CMD-http-get, Host", {"Host: x\r\nNOOP\r\n"}, "421", state::closed},
    };
}

constexpr ehlo::policy rules = [] {
    ehlo::policy p =
        offering(extension::starttls | extension::auth | extension::chunking | extension::binary_mime | extension::vrfy);
    p.max_recipients = 100;
    p.max_message = 65536;
    return p;
}();

void attack(server_attack const& a, pieces const& next) {
    using Server = ehlo::server_with<>;
    loop<Server, attacked> l{Server(rules, "mx.example.org")};
    l.run();
    for (std::string const& read : a.reads) {
        if (read == tls) {
            bool const wanted = l.server.where() == state::handshake;
            l.server.secured();
            CHECK(l.server.knows(ehlo::fact::tls) == wanted);
        } else if (read == tls_close) {
            l.server.tls_lost(l.handler);
        } else if (read == lost) {
            l.server.disconnected(l.handler);
        } else {
            l.feed(read, next);
        }
    }
    std::vector<std::string> said, delivered;
    for (int const code : codes(l.output)) said.push_back(std::to_string(code));
    said.erase(said.begin());
    for (auto const& m : l.handler.delivered) delivered.push_back(m.content);
    INFO(listed(said));
    CHECK(fits(a.codes, said));
    CHECK(l.server.where() == a.where);
    CHECK(delivered == a.delivered);
    for (std::string const& asked : l.handler.log) CHECK(asked.find("smuggled") == std::string::npos);
}

// --- the client ---

struct client_attack {
    std::string id;
    ehlo::tls_use use;
    std::string acts;     // see `act`
    std::string server;
    std::string happens;  // what is written and what is heard; "!": refused, and why
};

// What the server says before it is attacked.
std::string const greeted = "220 mx.example\r\n", offers_tls = "250-mx.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n";

std::vector<client_attack> attacks_on_clients() {
    using enum ehlo::tls_use;
    std::string const before = greeted + offers_tls, begun = "greeting+ EHLO EHLO+ STARTTLS ";
    std::vector<client_attack> all = {
        // RFC 3207 4.2: what came with the 220 is no answer to the EHLO after it. Octet by octet the 220 is heard first.
        {"TLS-resp-inj-full", optional, "<h<T&Sh", before + "220 ready\r\n250-evil.example\r\n250 AUTH PLAIN\r\n",
         begun + "[STARTTLS+] !early_octets !secured !session_over"},
        {"TLS-resp-multi-220", optional, "<h<T&Sh", before + "220 go\r\n250 ok\r\n250 ok\r\n235 ok\r\n",
         begun + "[STARTTLS+] !early_octets !secured !session_over"},
        {"TLS-resp-multiline-220", optional, "<h<T&Sh", before + "220-go\r\n220 ahead\r\n", begun + "STARTTLS+ secured EHLO"},
        // RFC 3207 4.1: who needs TLS says nothing without it.
        {"TLS-strip-ehlo", required, "<h<Tam", greeted + "250-example.org\r\n250 AUTH PLAIN LOGIN\r\n",
         "greeting+ EHLO EHLO+ !not_offered !tls_required !tls_required"},
        {"TLS-greeting-preauth-like", optional, "<h", "250 already greeted\r\n", "!bad_reply_class !session_over"},
        {"TLS-ehlo-cap-cache", optional, "<h<T<Sh<au?",
         greeted + "250-a\r\n250-STARTTLS\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n220 go\r\n250-a\r\n250 HELP\r\n",
         begun + "STARTTLS+ secured EHLO EHLO+ !not_offered !not_offered HELP"},
    };
    for (std::string const code : {"502", "454", "501", "530"})
        all.push_back({"TLS-strip-" + code, required, "<h<T<Sam", before + code + " no\r\n",
                       begun + "STARTTLS-" + code + " !secured !tls_required !tls_required"});
    for (std::string const code : {"354", "221", "250"})
        all.push_back({"TLS-strip-" + code, required, "<h<T<Sam", before + code + " yes\r\n",
                       begun + "!bad_reply_class !secured !session_over !session_over"});
    return all;
}

void attack(client_attack const& a, pieces const& next) {
    ehlo::client_settings settings;
    settings.tls = a.use;
    ehlo::client c(settings);
    std::string coming = a.server, pending;
    std::vector<std::string> happened;
    auto const hear = [&](std::string part) {
        while (!part.empty()) {
            std::size_t const n = (std::min)(next(), part.size());
            pending += part.substr(0, n);
            part.erase(0, n);
            for (bool more = true; more;) {
                exact const in(pending);
                auto const r = c.receive(in.view());
                pending.erase(0, r.consumed);
                more = r.ready() && !pending.empty();
                if (r.ready())
                    happened.push_back(std::string(name(r->to)) + (r->accepted ? "+" : "-" + std::to_string(r->reply.code())));
                if (r.failed()) {
                    happened.push_back("!" + std::string(name(r.error().code)));
                    return;
                }
            }
        }
    };
    auto const write = [&](std::string_view what, auto&& call) {
        char buffer[512];
        ehlo::writer w(buffer);
        auto const written = call(w);
        happened.push_back(written ? std::string(what) : "!" + std::string(name(written.error().code)));
        CHECK((written || w.size() == 0));
    };
    // '<': the next reply comes; '&': all that is left comes at once.
    auto const act = [&](char letter) {
        switch (letter) {
        case '<': {
            std::size_t end = 0;
            bool last = false;
            while (!last && end < coming.size()) last = coming[end + 3] == ' ', end = coming.find('\n', end) + 1;
            std::string const reply = coming.substr(0, end);
            coming.erase(0, end);
            return hear(reply);
        }
        case '&': return hear(std::exchange(coming, {}));
        case 'S': happened.emplace_back(c.secured() ? "secured" : "!secured"); return;
        case 'h': return write("EHLO", [&](auto& w) { return c.hello(w, "me.example"); });
        case 'T': return write("STARTTLS", [&](auto& w) { return c.starttls(w); });
        case 'a': return write("AUTH", [&](auto& w) { return c.auth(w, ehlo::sasl::plain{"", "ann", "secret"}); });
        case 'm': return write("MAIL", [&](auto& w) { return c.mail(w, "<a@b.example>"); });
        case '?': return write("HELP", [&](auto& w) { return c.help(w); });
        case 'u': {
            ehlo::mail_options options;
            options.smtputf8 = true;
            return write("MAIL", [&](auto& w) { return c.mail(w, "<a@b.example>", options); });
        }
        default: FAIL("no such act");
        }
    };
    for (char const letter : a.acts) act(letter);
    INFO(listed(happened));
    CHECK(fits(a.happens, happened));
}

// Whole, octet by octet, and in pieces of many sizes.
template <class Attack>
void attack_everywhere(Attack const& a) {
    CAPTURE(a.id);
    attack(a, whole());
    attack(a, octets());
    generate::rng r(3207);
    for (int i = 0; i < 100; ++i) attack(a, random(r, 1 + r.below(60)));
}

}  // namespace

TEST_CASE("attacks on servers", "[attacks]") {
    for (server_attack const& a : attacks_on_servers()) attack_everywhere(a);
}

TEST_CASE("attacks on clients", "[attacks]") {
    for (client_attack const& a : attacks_on_clients()) attack_everywhere(a);
}

TEST_CASE("attacks: the comparison finds what is missing and what is too much", "[attacks]") {
    CHECK(fits("250 [220]", {"250"}));
    CHECK(fits("250 [220]", {"250", "220"}));
    CHECK_FALSE(fits("250 [220]", {"250", "221"}));
    CHECK_FALSE(fits("250 [220]", {"250", "220", "220"}));
    CHECK(fits("250*3 452", {"250", "250", "250", "452"}));
    CHECK_FALSE(fits("250*3 452", {"250", "250", "452"}));
    CHECK_FALSE(fits("250 452", {"250"}));
    CHECK_FALSE(fits("", {"250"}));
}

}  // namespace test_attacks
