// tap.hpp: what a server and a client say and hear is told as an observer on the wire tells it, and agrees with what they know
#include "everything.hpp"
#include "watching.hpp"

#include <ehlo/tap.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace test_tap {

using namespace ehlo;
using namespace std::literals;
namespace seen = ehlo::seen;

namespace {

// A reply: of which machine, or of the observer.
struct answer_told {
    std::string to;
    verb said;
    unsigned code;
    std::string line;   // what may be logged of the command, "..." for the rest
    bool operator==(answer_told const&) const = default;
};

std::string marked(std::string_view line, std::uint32_t secret) {
    return std::string(line.substr(0, secret)) + (secret < line.size() ? "..." : "");
}

template <class Base>
struct audited : Base {
    std::vector<answer_told> told;
    using Base::on;
    void on(answered const& a) {
        Base::on(a);
        if (a.sent.code != 0) told.push_back({std::string(name(a.event)), a.verb, a.sent.code, marked(a.line, a.secret)});
    }
};

struct tap_log : watching::log {
    std::vector<answer_told> told;
    std::vector<std::string> commands;   // by number
    using log::on;
    void on(seen::command const& c) {
        log::on(c);
        if (!c.number) return;
        commands.resize(static_cast<std::size_t>(*c.number) + 1);
        commands.back() = marked(c.line, c.secret);
    }
    void on(seen::of<cmd::mail> const& c) {
        on(static_cast<seen::command const&>(c));
        lines.back() += " = " + std::string(c.typed.from.text());
    }
    void on(seen::reply const& r) {
        log::on(r);
        bool const line = (r.to || r.to_no_command()) && r.to != event::content_end && r.to != event::response && r.number < commands.size();
        told.push_back({r.to ? std::string(name(*r.to)) : r.to_no_command() ? "no command" : "nothing", r.verb, r.said.code(), line ? commands[static_cast<std::size_t>(r.number)] : ""});
    }
};

struct told_of {
    std::vector<std::string> by_tap, by_wire;   // an observer that sees the octets as they come and go
    std::vector<answer_told> tap, machine;
};

// As machine::play, with a tap.
template <class Handler>
told_of play(policy const& settings, std::vector<std::string> const& reads, machine::pieces const& next, std::size_t room) {
    server_with<> smtp(settings, "mx.example.org");
    audited<Handler> handler;
    tap t(direction::from_client, observing(settings));
    tap_log log;
    watching::watcher wire{observer(observing(settings))};
    std::string pending;
    want last = want::read;
    auto const wired = [&](direction d, std::string_view octets) {
        wire.h.said[static_cast<unsigned>(d)] += octets;
        log.said[static_cast<unsigned>(d)] += octets;
    };
    auto const turn = [&] {
        for (std::size_t rounds = 0; last != want::close; ++rounds) {
            REQUIRE(rounds < 100000);
            machine::exact const in(pending);
            machine::exact out(room);
            auto const sent = [&](step const& s) {
                pending.erase(0, s.consumed);
                wire.show(direction::from_server, out.view().substr(0, s.produced));
                last = s.want;
            };
            // Before the tap sees them, so that their places can be looked up.
            auto const spoken = [&](step s) {
                wired(direction::from_server, out.view().substr(0, s.produced));
                return s;
            };
            sent(t.run(in.view(), out.view(), log, [&](std::string_view rest) { return spoken(smtp.advance(rest, handler, out.span())); }));
            if (last == want::reply) {
                if constexpr (requires { handler.verdict; }) {
                    machine::exact const again(pending);
                    sent(t.run(again.view(), out.view(), log, [&](std::string_view) {
                        if constexpr (std::is_same_v<decltype(handler.verdict), auth_answer>) {
                            if (handler.verdict.asks) return spoken(smtp.answer(*handler.verdict.asks, handler, out.span()));
                            return spoken(smtp.answer(handler.verdict.said, handler, out.span()));
                        } else {
                            return spoken(smtp.answer(handler.verdict, handler, out.span()));
                        }
                    }));
                    continue;
                }
            }
            if (last != want::write) return;
        }
    };
    turn();
    for (std::string const& read : reads) {
        if (last == want::close) break;
        if (read == "<TLS>") {
            REQUIRE(last == want::tls);
            smtp.secured();
            t.secured();
            wire.o.secured();
            for (auto* const l : {static_cast<watching::log*>(&log), &wire.h}) l->said[0].clear(), l->said[1].clear();
            last = want::read;
            turn();
            continue;
        }
        for (std::string_view rest = read; !rest.empty() && last != want::close;) {
            std::size_t const n = (std::min)(next(), rest.size());
            pending += rest.substr(0, n);
            wired(direction::from_client, rest.substr(0, n));
            wire.show(direction::from_client, rest.substr(0, n));
            rest.remove_prefix(n);
            turn();
        }
    }
    smtp.disconnected(handler);
    t.end(log);
    wire.o.end(wire.h);
    log.flush();
    wire.h.flush();
    return {log.lines, wire.h.lines, log.told, handler.told};
}

// Whatever the cuts, the room and the answers put off: the tap tells what an observer on the wire tells, and what the server knows of
// its replies is told alike.
told_of play_everywhere(policy const& settings, std::vector<std::string> const& reads) {
    told_of const whole = play<machine::everything>(settings, reads, machine::whole(), 65536);
    generate::rng r(5321);
    auto const look = [&](std::string_view how, told_of const& t) {
        INFO(how);
        CHECK(t.by_tap == t.by_wire);
        REQUIRE(t.tap.size() == t.machine.size());
        for (std::size_t i = 0; i < t.tap.size(); ++i) {
            answer_told tap = t.tap[i], machine = t.machine[i];
            INFO(i << " " << tap.to << " and " << machine.to << ", " << machine.line);
            // A refusal that ends the session answers a command all the same, for who only sees octets.
            if (machine.to == "shutdown") tap.to = "shutdown";
            // To a server a line that it cannot read, or does not know, is as NOOP is.
            if (machine.to == "NOOP" && machine.said != verb::noop) machine.to = tap.to == "no command" || machine.said == verb::unknown ? tap.to : std::string(name(machine.said));
            // That of a chunk which was refused before it came answers the chunk, too.
            if (machine.to == "BDAT" && tap.to.starts_with("end of ")) machine.to = tap.to;
            // Of a line that it cannot read, or that is gone, the server tells no more than that; of a chunk it knows the reply alone.
            if (machine.line.empty()) machine.said = tap.said, tap.line.clear();
            if (tap.line.empty()) machine.line.clear();
            if (machine.to == "shutdown" || tap.said == verb::unknown) machine.said = tap.said;
            INFO(tap.line << " " << tap.code << ", " << machine.code);
            REQUIRE(tap == machine);
        }
    };
    look("whole", whole);
    look("octet by octet", play<machine::everything>(settings, reads, machine::octets(), 65536));
    look("little room", play<machine::everything>(settings, reads, machine::whole(), settings.reply_space));
    look("put off", play<machine::slow_everything>(settings, reads, machine::whole(), 65536));
    look("put off, octet by octet, little room", play<machine::slow_everything>(settings, reads, machine::octets(), settings.reply_space));
    for (int i = 0; i < 20; ++i) look("in pieces", play<machine::everything>(settings, reads, machine::random(r, 40), settings.reply_space + r.below(600)));
    return whole;
}

const policy all = machine::offering(server_extensions);

bool tells(told_of const& t, std::string_view text) {
    for (std::string const& line : t.by_tap)
        if (line.find(text) != line.npos) return true;
    return false;
}

}  // namespace

TEST_CASE("a tap at a server tells what an observer on the wire tells", "[tap]") {
    auto const t = play_everywhere(all, {"EHLO a.example\r\n", "MAIL FROM:<a@b.example> SIZE=10\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<refused@d.example>\r\nDATA\r\n",
                                         "Subject: x\r\n\r\n..a dot\r\n.\r\n", "NOOP\r\n", "VRFY c\r\n", "HELLO\r\n", "RCPT TO:<c>\r\n", "DATA\r\n", "RSET\r\n",
                                         "MAIL FROM:<a@b.example>\r\n", "EHLO again.example\r\n", "QUIT\r\n"});
    CHECK(tells(t, "transaction delivered 250 1/2 22"));
    CHECK(tells(t, "transaction abandoned"));
    CHECK(tells(t, "! out_of_order C\"DATA"));
}

TEST_CASE("a tap tells of content that others read otherwise, of chunks and of early talkers", "[tap]") {
    // All at once, from a client that waits for nothing.
    auto t = play_everywhere(all, {"EHLO a.example\r\nAUTH LOGIN\r\ndXNlcg==\r\ncHc=\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"});
    CHECK(tells(t, "transaction delivered 250 1/1 3"));
    CHECK_FALSE(tells(t, "out of step"));
    std::string const mail = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    t = play_everywhere(all, {"EHLO a.example\r\n", mail + "DATA\r\n", "a\n.\nb\r\r\n.\rc\0\r\n.\r\n"s, "QUIT\r\n"});
    CHECK(tells(t, "! smuggled_end"));
    CHECK(tells(t, "transaction refused 554"));
    t = play_everywhere(all, {"EHLO a.example\r\n", mail + "BDAT 5\r\nabcdeBDAT 3 LAST\r\nRSE", "BDAT 4\r\nabcd", mail + "BDAT 2\r\nxy", "RSET\r\n", "QUIT\r\n"});
    CHECK(tells(t, "transaction delivered 250 1/1 8"));
    t = play_everywhere(all, {"EHLO a.example\r\n", mail + "BDAT\t5 LAST\r\nRSET\r\n"});
    CHECK(tells(t, "! may_be_chunk"));
    t = play_everywhere(all, {"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n", "NOOP\nQUIT\r\n", "QUIT\r\nMAIL FROM:<a@b.example>\r\n"});
    CHECK(tells(t, "! did_not_wait"));
    CHECK(tells(t, "! bare_lf"));
    // Too long for the server, which throws the line away as it comes; and for both.
    t = play_everywhere(all, {"EHLO a.example\r\n", "NOOP " + std::string(5000, 'x') + "\r\nNOOP\r\n"});
    CHECK(t.machine.back().code == 250);
    t = play_everywhere(all, {"EHLO a.example\r\n", "NOOP " + std::string(14000, 'x') + "\r\nNOOP\r\n"});
    CHECK(tells(t, "! long_line"));
    policy impatient = all;
    impatient.max_errors = 2;
    t = play_everywhere(impatient, {"FOO\r\nBAR\r\n"});
    CHECK(t.machine.back().to == "shutdown");
    t = play_everywhere(machine::offering(extension::chunking, service::lmtp),
                        {"LHLO a.example\r\n", mail + "RCPT TO:<e@f.example>\r\nDATA\r\n", "x\r\n.\r\n", mail + "BDAT 1 LAST\r\nx", "QUIT\r\n"});
    CHECK(tells(t, "S 250 to end of content for 1"));
}

TEST_CASE("secrets are marked in what a tap tells (RFC 4954, RFC 4468)", "[tap]") {
    std::vector<told_of> const all_told = {
        play_everywhere(all, {"EHLO a.example\r\n", "AUTH PLAIN AHUAc2VjcmV0\r\n", "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n",
                              "BURL imap://u@x/y;urlauth=c2VjcmV0 LAST\r\n", "QUIT\r\n"}),
        play_everywhere(all, {"EHLO a.example\r\n", "AUTH LOGIN\r\n", "dXNlcg==\r\n", "c2VjcmV0\r\n", "QUIT\r\n"}),
        play_everywhere(all, {"EHLO a.example\r\n", "AUTH LOGIN\r\n", "dXNlcg==\r\n", "d3Jvbmc=\r\n", "c2VjcmV0\r\n", "NOOP\r\n", "HELLO\r\n", "QUIT\r\n"}),
        play_everywhere(all, {"EHLO a.example\r\n", "AUTH PLAIN\r\n", "c2VjcmV0!\r\n", "AUTH PLAIN\r\n", "*\r\n", "c2VjcmV0\r\n", "QUIT\r\n"}),
        play_everywhere(all, {"EHLO a.example\r\n", "AUTH NONE c2VjcmV0\r\n", "auth\tc2VjcmV0\r\n", "BURL x c2VjcmV0\r\n", "QUIT\r\n"}),
        play_everywhere(all, {"EHLO a.example\r\n", "MAIL FROM:<a@b.example>\r\nAUTH PLAIN c2VjcmV0\r\n", "QUIT\r\n"}),
    };
    for (told_of const& t : all_told) {
        CHECK(tells(t, "S 221"));
        for (std::string const& line : t.by_tap)   // what the log of these tests looks up in the stream is not told
            if (!line.starts_with("! ")) CHECK((line.find("c2Vj") == line.npos && line.find("dXNl") == line.npos));
        for (answer_told const& a : t.machine) CHECK(a.line.find("c2Vj") == std::string::npos);
    }
    CHECK(tells(all_told[0], "C AUTH PLAIN..."));
    CHECK(tells(all_told[0], "C BURL..."));
    CHECK(tells(all_told[2], "C HELLO unknown_verb"));   // a command was understood since
}

TEST_CASE("a tap goes on with what TLS protects, and XCLIENT", "[tap]") {
    auto t = play_everywhere(all, {"EHLO a.example\r\n", "STARTTLS\r\n", "<TLS>", "EHLO a.example\r\n", "MAIL FROM:<a@b.example>\r\n", "QUIT\r\n"});
    CHECK(tells(t, "tls"));
    CHECK(tells(t, "C MAIL"));
    t = play_everywhere(all, {"EHLO a.example\r\n", "STARTTLS\r\nEHLO evil.example\r\n"});
    CHECK(tells(t, "! after_starttls"));
    t = play_everywhere(all, {"EHLO a.example\r\n", "XCLIENT ADDR=192.0.2.1\r\n", "EHLO b.example\r\n", "QUIT\r\n"});
    CHECK(tells(t, "S 220 to"));
}

TEST_CASE("a tap at a client tells what the server's tells", "[tap]") {
    for (std::size_t const room : {std::size_t{1}, std::size_t{3}, std::size_t{64}, std::size_t{4096}}) {
        server_with<> smtp(all, "mx.example.org");
        machine::everything handler;
        tap at_server(direction::from_client, observing(all)), at_client(direction::from_server);
        tap_log server_log, client_log;
        server_log.places = client_log.places = false;
        client_with<> me(client_settings{.clear_text_passwords = true});
        std::string to_server, to_client;
        auto const serve = [&] {
            for (want w = want::write; w == want::write;) {
                char out[4096];
                step const s = at_server.run(to_server, out, server_log, [&](std::string_view rest) { return smtp.advance(rest, handler, out); });
                to_server.erase(0, s.consumed);
                to_client.append(out, s.produced);
                w = s.want;
            }
        };
        // Content may be cut anywhere.
        auto const say = [&](auto&& write, std::size_t most) {
            char buffer[4096];
            writer out(buffer);
            write(out);
            for (std::string_view rest = out.text(); !rest.empty(); rest.remove_prefix((std::min)(most, rest.size()))) {
                at_client.said(rest.substr(0, most), client_log);
                at_client.said({}, client_log);
            }
            to_server += out.text();
        };
        auto const hear = [&] {
            for (;;) {
                auto const r = at_client.receive(me, to_client, client_log);
                REQUIRE_FALSE(r.failed());
                if (!r.ready()) return;
                to_client.erase(0, r.consumed);
            }
        };
        auto const both = [&](auto&& write, std::size_t most = 4096) {
            say(write, most);
            serve();
            hear();
        };
        both([](writer&) {});
        both([&](writer& w) { REQUIRE(me.hello(w, "me.example")); });
        both([&](writer& w) { REQUIRE(me.auth(w, sasl::plain{"", "user", "secret"})); });
        both([&](writer& w) {
            REQUIRE(me.mail(w, "<a@b.example>"));
            REQUIRE(me.rcpt(w, "<c@d.example>"));
            REQUIRE(me.rcpt(w, "<refused@d.example>"));
            REQUIRE(me.data(w));
        });
        both([&](writer& w) {
            REQUIRE(me.content("Subject: x\r\n\r\n.a dot", w).done());
            REQUIRE(me.end_content(w).done());
        }, room);
        both([&](writer& w) {
            REQUIRE(me.mail(w, "<a@b.example>"));
            REQUIRE(me.rcpt(w, "<c@d.example>"));
        });
        both([&](writer& w) {
            REQUIRE(me.bdat(w, 5, true));
        });
        both([&](writer& w) { REQUIRE(me.content("a.\r\n.", w).done()); }, room);
        both([&](writer& w) { REQUIRE(me.quit(w)); });
        at_server.end(server_log);
        at_client.end(client_log);
        server_log.flush();
        client_log.flush();
        CHECK(client_log.lines == server_log.lines);
        CHECK(client_log.told == server_log.told);
        CHECK(me.where() == state::closed);
        CHECK(handler.delivered.size() == 2);
        CHECK_FALSE(tells({client_log.lines, {}, {}, {}}, "! "));
        CHECK(tells({client_log.lines, {}, {}, {}}, "C AUTH PLAIN..."));
    }
}

TEST_CASE("what a machine does not say is told as a loss, and no more", "[tap]") {
    tap t(direction::from_server);
    tap_log log;
    log.places = false;
    t.said("EHLO a\r\nDATA\r\nwithout waiting for 354\r\n", log);
    log.flush();
    CHECK(log.lines.back() == "out of step");
    CHECK_FALSE(t.watching().sure());
}

TEST_CASE("what a client said early, and is not all there when it is its turn, is told as a loss", "[tap]") {
    // A client of somebody else's, which does not wait for 354.
    struct deaf {
        progress<client_reply> receive(std::string_view in, reply_limits const&) noexcept { return progress<client_reply>(in.size()); }
    } smtp;
    tap t(direction::from_server);
    tap_log log;
    log.places = false;
    CHECK(t.receive(smtp, "220 mx.example\r\n", log).need_more());
    t.said("HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", log);
    t.said("early\r\n", log);
    std::string_view const replies = "250 a\r\n250 b\r\n250 c\r\n354 d\r\n250 e\r\n";
    CHECK(t.receive(smtp, replies, log).consumed == replies.size());
    log.flush();
    CHECK(tells({log.lines, {}, {}, {}}, "out of step"));
    CHECK_FALSE(t.watching().sure());
}

// In a constant expression, and in the middle of everything.
static_assert([] {
    struct counter {
        int commands = 0;
        constexpr void on(seen::command const&) noexcept { ++commands; }
    } log;
    tap t(direction::from_server);
    t.said("EHLO a\r\n", log);
    tap copy = t;
    copy.said("NOOP\r\n", log);
    return log.commands;
}() == 2);

}  // namespace test_tap
