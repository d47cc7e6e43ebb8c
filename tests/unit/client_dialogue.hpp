// Dialogues of the client machine: each is played whole, octet by octet, split at every point and copied at every octet, and at
// each of its moments everything else that can happen is tried too.
#pragma once

#include "catch.hpp"
#include "machine.hpp"

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dialogue {

using namespace std::literals;

using ehlo::errc;
using ehlo::event;
using ehlo::state;
using ehlo::verdict;
using ehlo::writer;

// What a call did: the name of its error, or nothing.
inline std::string outcome(ehlo::result<std::size_t> const& r) { return r ? "" : std::string(name(r.error().code)); }

inline std::string outcome(ehlo::encoded_content const& r) { return r.failed() ? std::string(name(r.error().code)) : ""; }

// A call of the client and what it writes ("" means it must fail).
template <class Client>
struct call_of {
    std::string name;
    std::function<std::string(Client&, writer&)> run;
};

// One step: a reply of the server and what the client makes of it, or a call of the client and what it writes.
template <class Client>
struct step_of {
    std::string server{}, heard{};
    std::function<std::string(Client&, writer&)> run{};
    std::string wire{};      // or "!" and the name of an error
    std::string allowed{};   // before it: the calls that write something now, in the order of `every_call`; "": not looked at
    int ends = 0;            // it ends a message, which will have that many replies
};

inline std::string reply_of(std::string_view text) { return std::string(text) + "\r\n"; }

// --- all calls there are, each with arguments that are right

template <class Client>
std::vector<call_of<Client>> const& every_call() {
    using C = Client;
    static std::vector<call_of<C>> const all = {
        {"EHLO", [](C& c, writer& w) { return outcome(c.hello(w, "me.example")); }},
        {"HELO", [](C& c, writer& w) { return outcome(c.helo(w, "me.example")); }},
        {"STARTTLS", [](C& c, writer& w) { return outcome(c.starttls(w)); }},
        {"AUTH", [](C& c, writer& w) { return outcome(c.auth(w, ehlo::mechanism::scram_sha_256)); }},
        {"response", [](C& c, writer& w) { return outcome(c.auth_response(w, "x"sv)); }},
        {"cancel", [](C& c, writer& w) { return outcome(c.auth_cancel(w)); }},
        {"MAIL", [](C& c, writer& w) { return outcome(c.mail(w, "<a@b.example>")); }},
        {"SEND", [](C& c, writer& w) { return outcome(c.mail(w, "<a@b.example>", {}, ehlo::verb::send)); }},
        {"RCPT", [](C& c, writer& w) { return outcome(c.rcpt(w, "<c@d.example>")); }},
        {"DATA", [](C& c, writer& w) { return outcome(c.data(w)); }},
        {"content", [](C& c, writer& w) { return outcome(c.content("x", w)); }},
        {"end", [](C& c, writer& w) { return outcome(c.end_content(w)); }},
        {"BDAT", [](C& c, writer& w) { return outcome(c.bdat(w, 3, false)); }},
        {"LAST", [](C& c, writer& w) { return outcome(c.bdat(w, 0, true)); }},
        {"BURL", [](C& c, writer& w) { return outcome(c.burl(w, "imap://x.example/y", false)); }},
        {"RSET", [](C& c, writer& w) { return outcome(c.rset(w)); }},
        {"NOOP", [](C& c, writer& w) { return outcome(c.noop(w)); }},
        {"HELP", [](C& c, writer& w) { return outcome(c.help(w)); }},
        {"VRFY", [](C& c, writer& w) { return outcome(c.vrfy(w, "x")); }},
        {"EXPN", [](C& c, writer& w) { return outcome(c.expn(w, "x")); }},
        {"VERB", [](C& c, writer& w) { return outcome(c.verbose(w)); }},
        {"ONEX", [](C& c, writer& w) { return outcome(c.onex(w)); }},
        {"ETRN", [](C& c, writer& w) { return outcome(c.etrn(w, ehlo::etrn_option::node, "x.example")); }},
        {"TURN", [](C& c, writer& w) { return outcome(c.turn(w)); }},
        {"ATRN", [](C& c, writer& w) { return outcome(c.atrn(w)); }},
        {"XCLIENT", [](C& c, writer& w) { return outcome(c.xclient(w, "NAME=x.example")); }},
        {"XFORWARD", [](C& c, writer& w) { return outcome(c.xforward(w, "NAME=x.example")); }},
        {"QUIT", [](C& c, writer& w) { return outcome(c.quit(w)); }},
    };
    return all;
}

// The EHLO answer of a server that has everything.
inline std::string const everything =
    "250-mx.example.org\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
    "250-DSN\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN EXTERNAL SCRAM-SHA-256 CRAM-MD5 XOAUTH2 X-OTHER\r\n250-BURL\r\n250-ETRN\r\n"
    "250-ATRN\r\n250-SEND\r\n250-TURN\r\n250-VERB\r\n250-ONEX\r\n250-XCLIENT NAME ADDR\r\n250-XFORWARD NAME\r\n250 XQUEUE\r\n";

// What may be said in the states of a session with that server, in the order of `every_call`.
inline std::string const aside = " RSET NOOP HELP VRFY EXPN VERB ONEX";
// Before EHLO nothing is offered.
inline std::string const when_greeted = "EHLO HELO RSET NOOP HELP VRFY EXPN QUIT";
inline std::string const when_ready = "EHLO HELO STARTTLS AUTH MAIL SEND" + aside + " ETRN TURN XCLIENT XFORWARD QUIT";
inline std::string const when_mail = "EHLO HELO RCPT" + aside + " QUIT";
inline std::string const when_rcpt = "EHLO HELO RCPT DATA BDAT LAST BURL" + aside + " QUIT";
inline std::string const when_chunks = "EHLO HELO BDAT LAST BURL" + aside + " QUIT";
inline std::string const when_spoilt = "EHLO HELO" + aside + " QUIT";

template <class Client = ehlo::client>
class script {
  public:
    using step = step_of<Client>;

    explicit script(ehlo::client_settings const& s = {}) : settings_(s) {}

    script& hears(std::string server, std::string heard) {
        steps_.push_back({.server = std::move(server), .heard = std::move(heard)});
        return *this;
    }
    // Replies without the offers: "250 OK".
    script& reply(std::string_view text, std::string heard) { return hears(reply_of(text), std::move(heard)); }
    template <class F>
    script& does(F run, std::string wire, std::string allowed = "") {
        steps_.push_back({.run = [run](Client& c, writer& w) {
                              std::string const failed = outcome(run(c, w));
                              return failed.empty() ? failed : "!" + failed;
                          },
                          .wire = std::move(wire),
                          .allowed = std::move(allowed)});
        return *this;
    }
    // The last call ended a message that will have this many replies.
    script& ends(int replies = 1) {
        steps_.back().ends = replies;
        return *this;
    }
    script& secured() {
        steps_.push_back({.run = [](Client& c, writer&) { return c.secured() ? std::string() : std::string("!secured"); }});
        return *this;
    }
    script& greeted() { return reply("220 mx.example.org ESMTP", "greeting+"); }
    script& ready() {
        greeted();
        does([](auto& c, auto& w) { return c.hello(w, "me.example"); }, "EHLO me.example\r\n", when_greeted);
        return hears(everything, "EHLO+");
    }
    script& mail(ehlo::mail_options const& o = {}, std::string more = "") {
        return does([o](auto& c, auto& w) { return c.mail(w, "<a@b.example>", o); }, "MAIL FROM:<a@b.example>" + more + "\r\n");
    }
    script& rcpt() {
        return does([](auto& c, auto& w) { return c.rcpt(w, "<c@d.example>"); }, "RCPT TO:<c@d.example>\r\n");
    }
    script& quit() {
        does([](auto& c, auto& w) { return c.quit(w); }, "QUIT\r\n");
        return reply("221 Bye", "QUIT+");
    }

    // All that there is to try. `end`: where the session is then.
    void play(state end) const {
        CHECK(run(all(), [](Client&) {}) == end);
        split_everywhere(end);
        with_octets_after_it();
        every_reply_at_every_moment();
        lost_at_every_octet();
        out_of_order_at_every_moment();
    }

  private:
    ehlo::client_settings settings_;
    std::vector<step> steps_;

    std::size_t all() const { return steps_.size(); }

    // A client that is being played with: what it has not consumed, and all copies made of it.
    struct player {
        Client c;
        std::string pending{};
        explicit player(ehlo::client_settings const& s) : c(s) {}

        // Into storage that held something else.
        void copy() {
            Client other;
            other.disconnected();
            std::memcpy(static_cast<void*>(&other), static_cast<void const*>(&c), sizeof c);
            std::memset(static_cast<void*>(&c), 0x5A, sizeof c);
            std::memcpy(static_cast<void*>(&c), static_cast<void const*>(&other), sizeof c);
        }
        std::string hear(std::string_view more) {
            pending += more;
            std::string heard;
            for (;;) {
                machine::exact const in(pending);
                auto const r = c.receive(in.view());
                REQUIRE(r.consumed <= pending.size());
                if (r.need_more()) {
                    REQUIRE(r.consumed == 0);
                    return heard;
                }
                heard += heard.empty() ? "" : " ";
                if (r.failed()) return heard + "!" + std::string(name(r.error().code));
                heard += std::string(name(r->to)) + (r->accepted ? "+" : "-" + std::to_string(r->reply.code()));
                CHECK(r->accepted == (r->reply.code() < 400));
                pending.erase(0, r.consumed);
                if (pending.empty()) return heard;
            }
        }
        void call(step const& s) {
            char buffer[4096];
            writer w(buffer);
            std::string const failed = s.run(c, w);
            CHECK((failed.empty() ? std::string(w.text()) : failed) == s.wire);
            CHECK((failed.empty() || w.size() == 0));
        }
    };

    // The server's steps that come in one read: [from, end).
    std::size_t end_of_read(std::size_t from, std::size_t stop) const {
        while (from < stop && !steps_[from].run) ++from;
        return from;
    }
    // Plays the first `count` steps; what is said in one go comes in one read. `between` is called after each.
    template <class F>
    state run(std::size_t count, F between) const {
        player p(settings_);
        play_some(p, 0, count);
        between(p.c);
        return p.c.where();
    }
    void play_some(player& p, std::size_t from, std::size_t to) const {
        for (std::size_t i = from; i < to;) {
            CAPTURE(i);
            if (steps_[i].run) {
                p.call(steps_[i++]);
                continue;
            }
            std::size_t const end = end_of_read(i, to);
            std::string text, heard;
            for (; i < end; ++i) text += steps_[i].server, heard += (heard.empty() ? "" : " ") + steps_[i].heard;
            CHECK(p.hear(text) == heard);
        }
    }

    void split_everywhere(state end) const {
        // Octet by octet, with a copy at each.
        player whole(settings_);
        for (std::size_t i = 0; i < all(); ++i) {
            whole.copy();
            if (steps_[i].run) {
                whole.call(steps_[i]);
                continue;
            }
            std::string heard;
            for (char const c : steps_[i].server) {
                heard += whole.hear({&c, 1});
                whole.copy();
            }
            CHECK(heard == steps_[i].heard);
        }
        CHECK(whole.c.where() == end);
        // Every read in two, at every point.
        for (std::size_t i = 0; i < all();) {
            if (steps_[i].run) {
                ++i;
                continue;
            }
            std::size_t const stop = end_of_read(i, all());
            std::string text, heard;
            for (std::size_t k = i; k < stop; ++k) text += steps_[k].server, heard += (heard.empty() ? "" : " ") + steps_[k].heard;
            player before(settings_);
            play_some(before, 0, i);
            for (std::size_t cut = 0; cut <= text.size(); ++cut) {
                player p = before;
                std::string first = p.hear(std::string_view(text).substr(0, cut));
                std::string const rest = p.hear(std::string_view(text).substr(cut));
                if (!first.empty() && !rest.empty()) first += ' ';
                CHECK(first + rest == heard);
                if (cut == text.size() / 2) {
                    play_some(p, stop, all());
                    CHECK(p.c.where() == end);
                }
            }
            i = stop;
        }
    }

    // A reply more than was asked for: with what it follows, or before the next command is written, or in answer to nothing.
    void with_octets_after_it() const {
        for (std::size_t i = 0; i < all(); ++i) {
            if (steps_[i].run || (i + 1 < all() && !steps_[i + 1].run)) continue;
            player before(settings_);
            play_some(before, 0, i);
            for (std::string_view const more : {"250 ghost\r\n"sv, "334 \r\n"sv, "354 go\r\n"sv, "421 4.4.2 idle\r\n"sv, "554 5.7.1 no\r\n"sv, "2"sv}) {
                CAPTURE(i, more);
                player p = before;
                std::string const heard = p.hear(steps_[i].server + std::string(more));
                if (p.c.awaits() && more != "2") {
                    // Other commands are under way: they have these replies.
                    continue;
                }
                bool const done = p.c.where() == state::closed || p.c.where() == state::turned || p.c.where() == state::handshake;
                if (steps_[i].heard == "STARTTLS+") {
                    CHECK(heard == "!early_octets");
                    CHECK(p.c.over());
                } else if (more == "2") {
                    if (done || p.c.awaits()) continue;
                    CHECK(heard == steps_[i].heard);
                    // It lay there before the next command: whatever comes of it is no answer.
                    if (i + 1 < all() && steps_[i + 1].run && !steps_[i + 1].wire.empty()) {
                        p.call(steps_[i + 1]);
                        CHECK(p.hear("50 ghost\r\n") == "!unexpected_reply");
                        CHECK(p.c.over());
                    }
                } else if (!done) {
                    std::string const code(more.substr(0, 3));
                    bool const refusal = code[0] > '3';
                    std::string const to = p.c.over() && heard.find("end of content-") != std::string::npos ? "end of content" : "shutdown";
                    CHECK(heard == steps_[i].heard + (refusal ? " " + to + "-" + code : " !unexpected_reply"));
                    CHECK(p.c.over());
                    writes_nothing(p);
                }
            }
        }
    }

    static bool right(event e, state where, unsigned code) {
        if (code >= 400) return true;
        // A chunk for nobody, or after one that was refused, can only be refused (RFC 3030 2).
        bool const nobody = where == state::mail || where == state::ready || where == state::spoilt;
        if ((e == event::chunk_end || e == event::last_chunk_end) && nobody) return false;
        if (e == event::greeting || e == event::starttls) return code == 220;
        if (e == event::data) return code / 100 == 3;
        if (e == event::auth || e == event::response) return true;
        return code / 100 == 2;
    }
    void every_reply_at_every_moment() const {
        for (std::size_t i = 0; i < all(); ++i) {
            if (steps_[i].run) continue;
            player before(settings_);
            play_some(before, 0, i);
            REQUIRE(before.c.awaits());
            event const e = *before.c.awaits();
            for (unsigned const code : {200u, 211u, 220u, 221u, 235u, 250u, 259u, 298u, 334u, 354u, 370u, 421u, 432u, 450u, 454u, 499u, 500u, 535u, 550u, 571u, 599u}) {
                // What codes there can be is for the reply reader to say.
                std::string const said = std::to_string(code) + " x\r\n";
                if (ehlo::parse_reply(std::string_view(said)).failed()) continue;
                CAPTURE(i, name(e), code);
                player p = before;
                std::string const heard = p.hear(said);
                if (!right(e, before.c.where(), code)) {
                    CHECK(heard == "!bad_reply_class");
                    CHECK(p.c.over());
                } else {
                    CHECK(heard == std::string(name(e)) + (code < 400 ? "+" : "-" + std::to_string(code)));
                    CHECK(p.c.over() == (code == 421 || p.c.where() == state::closed || p.c.where() == state::turned));
                }
                if (p.c.over()) writes_nothing(p);
            }
        }
    }
    void lost_at_every_octet() const {
        int ends = 0;   // replies to ends of messages that are under way
        player p(settings_);
        auto const lose = [&] {
            player q = p;
            CHECK(q.c.disconnected() == (ends != 0 ? verdict::unknown : verdict::later));
            CHECK(q.c.where() == state::closed);
            CHECK(q.c.over());
            CHECK(!q.c.awaits());
            CHECK(q.c.receive("").need_more());
            writes_nothing(q);
            q = p;
            if (q.c.knows(ehlo::fact::tls)) {
                q.c.tls_lost();
                CHECK(q.c.over());
                writes_nothing(q);
            }
        };
        for (std::size_t i = 0; i < all(); ++i) {
            step const& s = steps_[i];
            if (s.run) {
                p.call(s);
                ends += s.ends;
                lose();
                continue;
            }
            for (std::size_t n = 0; n < s.server.size(); ++n) {
                p.hear({&s.server[n], 1});
                bool const of_end = s.heard.starts_with("end of content") || s.heard.starts_with("end of last") || s.heard.starts_with("BURL LAST");
                if (n + 1 == s.server.size() && of_end) --ends;
                lose();
            }
        }
    }
    // Every call at every moment: those that are not allowed write nothing and change nothing.
    void out_of_order_at_every_moment() const {
        for (std::size_t i = 0; i <= all(); ++i) {
            player before(settings_);
            play_some(before, 0, i);
            std::string allowed;
            for (auto const& call : every_call<Client>()) {
                Client c = before.c;
                Client untouched = c;
                char buffer[512];
                writer w(buffer);
                std::string const failed = call.run(c, w);
                CAPTURE(i, call.name, failed);
                if (failed.empty()) {
                    allowed += (allowed.empty() ? "" : " ") + call.name;
                    CHECK(c.where() == before.c.where());   // only replies move it
                } else {
                    CHECK(w.size() == 0);
                    CHECK(w.ok());
                    CHECK(std::memcmp(static_cast<void const*>(&c), static_cast<void const*>(&untouched), sizeof c) == 0);
                }
            }
            CAPTURE(i);
            if (i < all() && !steps_[i].allowed.empty()) CHECK(allowed == steps_[i].allowed);
            if (before.c.over()) CHECK(allowed.empty());
        }
    }
    static void writes_nothing(player const& p) {
        for (auto const& call : every_call<Client>()) {
            Client c = p.c;
            char buffer[512];
            writer w(buffer);
            CHECK(call.run(c, w) == "session_over");
            CHECK(w.size() == 0);
        }
        Client c = p.c;
        CHECK(!c.secured());
        CHECK(c.receive("250 OK\r\n").failed());
    }
};

}  // namespace dialogue
