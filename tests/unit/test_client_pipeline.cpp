// Commands under way when something before them is refused: whatever a server says to each command of a group, content goes to
// the transaction that it was meant for, or nowhere. Every sequence of calls and replies up to a depth is tried.
#include "catch.hpp"

#include <ehlo/client.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace test_client_pipeline {

namespace {

using namespace std::literals;
using ehlo::client;
using ehlo::errc;
using ehlo::event;
using ehlo::state;
using ehlo::verdict;
using ehlo::writer;

// What the server has open, as its replies have it. It takes whatever it likes: MAIL accepted begins anew (RFC 5321 4.1.1.2),
// a refused RSET, MAIL or chunk leaves what is open (RFC 3030 2: "indeterminate").
struct server_side {
    int message = 0;       // whose MAIL was accepted or, without one, whose first RCPT; 0: nothing is open
    bool sender = false;
    bool mixed = false;    // a recipient was named for another message
    int recipients = 0;
    bool gap = false;      // a chunk of it was refused

    void clear() { *this = {}; }
    bool is_for(int m) const { return message == m && !mixed; }
};

struct sent {
    event what;
    int message;
    bool last = false;
};

template <class T, std::size_t Size>
struct few {
    T items[Size]{};
    int n = 0;
    void push(T const& t) { items[n++] = t; }
    T pop() {
        T const first = items[0];
        for (int i = 1; i < n; ++i) items[i - 1] = items[i];
        --n;
        return first;
    }
};

struct world {
    client c;
    server_side server{};
    few<sent, 16> under_way{};
    int messages = 0;
    bool in_content = false, content_written = false;
};

enum act : int { rset, mail, rcpt, data, part, last, burl, content, end, yes, no, act_count };
constexpr std::string_view names[] = {"RSET", "MAIL", "RCPT", "DATA", "BDAT", "LAST", "BURL", "content", "end", "yes", "no"};

class walk {
    std::string path_;

    void must(bool holds, std::string_view what) {
        if (holds) return;
        INFO(path_);
        FAIL(what);
    }

    // False: the call wrote nothing.
    bool call(world& w, act a) {
        char buffer[256];
        writer out(buffer);
        auto const sends = [&](auto const& r, event e, bool is_last = false) {
            if (!r) return false;
            w.under_way.push({e, w.messages, is_last});
            return true;
        };
        switch (a) {
            case rset: return sends(w.c.rset(out), event::rset);
            case mail: {
                if (!w.c.mail(out, "<a@b.example>")) return false;
                for (int i = 0; i < w.under_way.n; ++i) must(!w.under_way.items[i].last, "RFC 4468 3.2: MAIL waits for the reply to a last chunk");
                w.under_way.push({event::mail, ++w.messages});
                return true;
            }
            case rcpt: return sends(w.c.rcpt(out, "<c@d.example>"), event::rcpt);
            case data: return sends(w.c.data(out), event::data);
            case part:
                if (!w.c.bdat(out, 1, false)) return false;
                return sends(w.c.content("x", out).done() ? std::optional(0) : std::nullopt, event::chunk_end);
            case last: return sends(w.c.bdat(out, 0, true), event::last_chunk_end, true);
            case burl: return sends(w.c.burl(out, "imap://x.example/y", true), event::last_burl, true);
            case content:
                if (w.content_written || !w.c.content("x", out).done()) return false;
                must(w.in_content && w.server.is_for(w.messages), "content for another transaction");
                w.content_written = true;
                return true;
            case end:
                if (!w.c.end_content(out).done()) return false;
                must(w.in_content, "an end that is a command");
                must(w.server.is_for(w.messages) || w.server.recipients == 0, "an end that delivers to the recipients of another");
                w.under_way.push({event::content_end, w.messages});
                w.in_content = w.content_written = false;
                return true;
            default: return false;
        }
    }

    bool hear(world& w, bool accepts) {
        if (w.under_way.n == 0) return false;
        sent const s = w.under_way.pop();
        std::string_view const said = !accepts ? "550 no\r\n" : s.what == event::data ? "354 go\r\n" : "250 ok\r\n";
        server_side& t = w.server;
        bool whole = true;
        if (!accepts) {
            if (s.what == event::chunk_end) t.gap = true;
            if (s.what == event::content_end) t.clear();   // RFC 5321 4.1.1.4
        } else {
            switch (s.what) {
                case event::rset: t.clear(); break;
                case event::mail: t = {s.message, true}; break;
                case event::rcpt:
                    if (t.message == 0) t.message = s.message;
                    t.mixed = t.mixed || t.message != s.message;
                    ++t.recipients;
                    break;
                case event::data: w.in_content = true; break;
                case event::content_end: t.clear(); break;
                default:
                    // If nothing is open the server takes octets for nobody.
                    must(t.message == 0 || t.is_for(s.message), "a chunk for another transaction");
                    whole = t.is_for(s.message) && t.sender && !t.gap;
                    if (s.last) t.clear();
            }
        }
        auto const r = w.c.receive(said);
        if (r.failed()) {
            must(w.c.over(), "a failure, and the session goes on");
            bool const ends = s.last || s.what == event::content_end || [&] {
                for (int i = 0; i < w.under_way.n; ++i)
                    if (w.under_way.items[i].last) return true;
                return false;
            }();
            must(w.c.disconnected() == (ends ? verdict::unknown : verdict::later), "what is not known is told as known");
            ++broken;
            return true;
        }
        must(r.ready() && r->to == s.what && r->accepted == accepts, "the reply to another command");
        if (verdict_of(*r) == verdict::delivered) {
            must(whole, "delivered, though a part was refused, or to nobody");
            ++delivered;
        }
        return true;
    }

    // While 354 is being answered no command may be written: it would be content.
    void check_content(world const& w) {
        if (!w.in_content || w.c.over()) return;
        for (act const a : {rset, mail, rcpt, data, part, last, burl}) {
            world copy = w;
            must(!call(copy, a), "a command in content");
        }
        char buffer[64];
        writer out(buffer);
        client c = w.c;
        must(!c.quit(out) && !c.noop(out), "a command in content");
    }

    void go(world const& w, int depth) {
        ++steps;
        check_content(w);
        if (depth == 0 || w.c.over()) return;
        std::size_t const length = path_.size();
        for (int a = 0; a < act_count; ++a) {
            world next = w;
            path_ += " ";
            path_ += names[a];
            if (a >= yes ? hear(next, a == yes) : call(next, static_cast<act>(a))) go(next, depth - 1);
            path_.resize(length);
        }
    }

  public:
    long steps = 0, broken = 0, delivered = 0;

    static world ready() {
        world w;
        char buffer[256];
        writer out(buffer);
        REQUIRE(w.c.receive("220 mx\r\n").ready());
        REQUIRE(w.c.hello(out, "me.example"));
        REQUIRE(w.c.receive("250-mx\r\n250-PIPELINING\r\n250-BURL\r\n250 CHUNKING\r\n").ready());
        return w;
    }
    void from(std::initializer_list<act> prefix, int depth) {
        world w = ready();
        path_.clear();
        for (act const a : prefix) {
            path_ += " ";
            path_ += names[a];
            REQUIRE((a >= yes ? hear(w, a == yes) : call(w, a)));
        }
        go(w, depth);
    }
};

}  // namespace

TEST_CASE("RFC 2920 3.1: every class of reply at every position of a group, and content goes to its own transaction or nowhere") {
    walk w;
    w.from({}, 8);
    w.from({mail, rcpt, yes, yes}, 8);                       // an old transaction
    w.from({mail, rcpt, yes, yes, rset, mail, rcpt}, 7);
    w.from({mail, rcpt, part, last}, 8);
    w.from({mail, rcpt, yes, yes, last, no, mail, rcpt}, 7);
    w.from({mail, rcpt, yes, yes, burl, no, mail, rcpt}, 7);
    w.from({mail, rcpt, data, yes, yes, yes, content, end, mail, rcpt, data}, 7);
    CHECK(w.steps > 100000);
    CHECK(w.delivered > 1000);
    CHECK(w.broken > 1000);
}

}  // namespace test_client_pipeline
