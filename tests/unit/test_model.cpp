// The server session against a second one that was written from the RFCs alone (model.hpp): random streams, cut anywhere, with
// handlers that refuse with every class and put off their answers; and every public call made at the wrong time.
#include "catch.hpp"
#include "generate.hpp"
#include "machine.hpp"
#include "model_handler.hpp"

#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace test_model {

namespace {

using namespace std::string_literals;
using generate::rng;

using model::handler;
using model::password;
using model::policy_of;

// ---- streams
std::string address(rng& r, bool utf8) {
    switch (r.below(8)) {
        case 0: return "<" + generate::mailbox(r, utf8) + ">";
        case 1: return "<j\xC3\xB6rg@b.example>";
        case 2: return "<evil@x.example>";
        default: return "<a" + std::to_string(r.below(100)) + "@b.example>";
    }
}
std::string some_parameters(rng& r) {
    if (!r.one_in(3)) return "";
    static constexpr std::string_view some[] = {" SIZE=100", " SIZE=65536", " SIZE=65537", " SIZE=99999999999999999999", " SIZE=", " SIZE",
        " BODY=8BITMIME", " BODY=7BIT", " BODY=BINARYMIME", " BODY=binarymime", " BODY=X", " SMTPUTF8", " SMTPUTF8=1", " AUTH=<>",
        " AUTH=a@b.example", " X-FOO=1", " RET=HDRS", " PRDR", " PRDR=1", " prdr SIZE=1", " SIZE=1 SIZE=1", " SMTPUTF8 BODY=8BITMIME", "  SIZE=1", " =", " ", "\t"};
    return std::string(some[r.below(std::size(some))]);
}
std::string response(rng& r) {
    switch (r.below(8)) {
        case 0: return "*";
        case 1: return "";
        case 2: return "=";
        case 3: return "MAIL FROM:<evil@x.example>";
        case 4: return std::string(password) + "=" + (r.one_in(3) ? "x" : "");
        case 5: return std::string(r.one_in(2) ? 12284 : 12288, 'A');
        case 6: return "!!" + std::string(password);
        default: return generate::base64(r);
    }
}
std::string bad_bdat(rng& r) {
    static constexpr std::string_view some[] = {"BDAT", "BDAT ", "BDAT x", "BDAT\t5", " BDAT 5", "NOOP\nBDAT 5", "BDAT 5 LAS", "BDAT 5\rLAST", "BDAT -1",
        "BDAT 99999999999999999999", "BDAT  5", "\tBDAT 5 LAST", "BDAT 5 LAST x", "FOO\rBDAT 3"};
    return std::string(some[r.below(std::size(some))]);
}
std::string commands_in_content(rng& r) {
    std::string s;
    for (std::size_t i = r.below(4); i-- > 0;) {
        static constexpr std::string_view some[] = {"MAIL FROM:<evil@x.example>\r\n", "RSET\r\n", "QUIT\r\n", ".\n", "\r\n.\n", ".\r", "..\r\n", ".x\r\n",
            "\n", "\r", "BDAT 3\r\n", "text\r\n", "\r\n\r\n", "a\0b\r\n", "\n.\r\n", "\r.\r\n"};
        s += some[r.below(std::size(some))];
    }
    return s;
}
// What a client sends next. It knows the state, and mostly does right.
std::string next(rng& r, model::session const& m) {
    using model::place;
    std::string const hello = m.with.lmtp ? "LHLO" : "EHLO";
    if (m.at == place::exchange && !r.one_in(12)) return response(r) + "\r\n";
    if (m.at == place::content && !r.one_in(12)) {
        std::string text = r.one_in(60) ? std::string(65530 + r.below(12), 'x') + "\r\n" : "";
        return text + commands_in_content(r) + (r.one_in(3) ? "" : "\r\n.\r\n");
    }
    if (m.at == place::handshake) return "";
    std::size_t pick = r.below(30);
    if (!r.one_in(3)) {   // on the way
        if (m.at == place::greeted) pick = 0;
        if (m.at == place::ready) pick = m.extended && !m.authenticated && r.one_in(4) ? 14 : m.extended && !m.tls && r.one_in(4) ? 13 : 3;
        if (m.at == place::mail) pick = 5;
        if (m.at == place::rcpt) pick = r.one_in(3) ? 5 : m.extended && r.one_in(2) ? 16 : 7;
        if (m.at == place::chunks) pick = r.one_in(6) ? 26 : 16;
    }
    std::string line;
    switch (pick) {
        case 0: line = hello + " " + (r.one_in(6) ? "[192.0.2.1]" : r.one_in(9) ? "bad_name" : "client.example"); break;
        case 1: line = "HELO client.example"; break;
        case 2: line = (r.one_in(2) ? "LHLO" : "EHLO") + " client.example"s; break;
        case 3: case 4: line = "MAIL FROM:" + (r.one_in(8) ? "<>" : address(r, r.one_in(3))) + (m.with.prdr && r.one_in(3) ? " PRDR" : "") + some_parameters(r); break;
        case 5: case 6: line = "RCPT TO:" + (r.one_in(9) ? "<Postmaster>" : address(r, r.one_in(3))) + (r.one_in(3) ? some_parameters(r) : ""); break;
        case 7: case 8: line = "DATA"; break;
        case 9: line = "RSET"; break;
        case 10: line = r.one_in(3) ? "QUIT" : "NOOP"; break;
        case 11: line = r.one_in(2) ? "VRFY j\xC3\xB6rg" : "VRFY somebody"; break;
        case 12: line = r.one_in(2) ? "HELP" : "EXPN list"; break;
        case 13: line = "STARTTLS"; break;
        case 14: case 15: {
            static constexpr std::string_view some[] = {"AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH PLAIN =", "AUTH plain c2VjcmV0cGFzc3dvcmQ=",
                "AUTH X c2VjcmV0cGFzc3dvcmQ=", "AUTH PLAIN !!c2VjcmV0cGFzc3dvcmQ=", "AUTH", "AUTH EXTERNAL =", "AUTH CRAM-MD5 c2VjcmV0cGFzc3dvcmQ="};
            line = some[r.below(std::size(some))];
            break;
        }
        case 16: case 17: case 18: {
            std::string chunk = r.one_in(60) ? std::string(65530 + r.below(12), 'y') : commands_in_content(r);
            return generate::mixed_case(r, "BDAT") + " " + (r.one_in(9) ? "00" : "") + std::to_string(chunk.size()) + (r.one_in(2) ? " LAST" : "") + "\r\n" + chunk;
        }
        case 19: if (r.one_in(8)) line = bad_bdat(r); else line = "XYZZY"; break;
        case 20: line = r.one_in(2) ? "XCLIENT NAME=a.example" : "XCLIENT FOO=1"; break;
        case 21: line = generate::command(r, r.one_in(3)); break;
        case 22: line = std::string(r.between(2000, 2100), 'N'); break;
        case 23: line = "NOOP " + std::string(r.between(2030, 2052), 'n'); break;
        case 24: {
            std::string all;
            if (m.at == place::mail || m.at == place::rcpt)
                if (r.one_in(6)) for (std::size_t i = 0; i < 130; ++i) all += "RCPT TO:<many@b.example>\r\n";
            return all + "NOOP\r\n";
        }
        case 25: {
            static constexpr std::string_view some[] = {"XFORWARD NAME=a.example", "ETRN a.example", "ETRN @a.example", "ETRN", "ATRN", "ATRN a.example,b.example",
                "ATRN x", "XFORWARD SOURCE", "TURN", "TURN x"};
            line = some[r.below(std::size(some) - (r.one_in(4) ? 0 : 2))];
            break;
        }
        case 26: {
            static constexpr std::string_view some[] = {"BURL imap://a.example/b", "BURL imap://a.example/b LAST", "BURL imap://a.example/b last", "BURL x", "BURL imap:x LAS", "BURL\timap://a.example/b", " BURL imap://a.example/b LAST", "BURL=x", "BURLX y"};
            line = some[r.below(std::size(some))];
            break;
        }
        default: line = "MAIL FROM:<p@b.example>\r\nRCPT TO:<q@b.example>\r\nDATA"; break;
    }
    if (r.one_in(10)) generate::mutate(r, line);
    if (r.one_in(5)) line = generate::mixed_case(r, line);
    return line + (r.one_in(40) ? "\n" : r.one_in(40) ? " \r\n" : "\r\n");
}

model::place place_of(ehlo::state s) {
    using model::place;
    using enum ehlo::state;
    switch (s) {
        case connected: return place::connected;
        case greeted: return place::greeted;
        case ready: return place::ready;
        case mail: return place::mail;
        case rcpt: return place::rcpt;
        case content: return place::content;
        case chunk: return place::chunk;
        case chunks: return place::chunks;
        case spoilt: return place::spoilt;
        case exchange: return place::exchange;
        case handshake: return place::handshake;
        case refused: return place::refused;
        case turned: return place::turned;
        default: return place::closed;
    }
}

struct trial {
    std::uint64_t seed;
    rng r;
    model::session m{};
    ehlo::policy rules{};
    handler h{};
    std::string stream, pending, output;
    std::string wrong;
    std::vector<unsigned> said;
    std::size_t parsed = 0, calls_seen = 0;
    bool closed = false;

    explicit trial(std::uint64_t s) : seed(s), r(s) {
        model::settings& w = m.with;
        w.lmtp = r.one_in(3);
        w.submission = !w.lmtp && r.one_in(8);
        w.chunking = !r.one_in(5);
        w.binary = w.chunking && r.one_in(2);
        w.starttls = !r.one_in(4);
        w.xclient = r.one_in(2);
        w.prdr = r.one_in(2);
        w.rare = r.one_in(2);
        w.require_tls = r.one_in(10);
        w.require_authentication = r.one_in(10);
        w.clear_text_passwords = r.one_in(2);
        w.bare = static_cast<int>(r.below(3));
        rules = policy_of(w);
        m.handler.seed = h.answers.seed = r.next();
        m.handler.yes = h.answers.yes = r.one_in(3) ? 3 : 12;
        h.puts_off = r.one_in(2);
        h.uncounted = w.bare == 1;
        h.when = rng(r.next());
    }
    bool fail(std::string what) {
        if (wrong.empty()) wrong = std::move(what);
        return false;
    }
    bool parse() {
        while (parsed < output.size()) {
            std::size_t const end = output.find("\r\n", parsed);
            if (end == output.npos) return true;   // the rest of it has yet to come
            std::string_view const line(output.data() + parsed, end - parsed);
            parsed = end + 2;
            if (line.size() < 4 || line.find_first_of("\r\n") != line.npos) return fail("output is no reply line: " + std::string(line));
            if (line.find(password) != line.npos) return fail("a secret in the output: " + std::string(line));
            if (line[3] == '-') continue;
            if (line[3] != ' ') return fail("no separator: " + std::string(line));
            said.push_back(static_cast<unsigned>(std::atoi(std::string(line.substr(0, 3)).c_str())));
        }
        return true;
    }
    template <class Server>
    bool compare(Server const& s) {
        if (!parse()) return false;
        for (std::size_t i = 0; i < said.size() && i < m.replies.size(); ++i)
            if (!m.replies[i].allows(said[i])) return fail("reply " + std::to_string(i) + " is " + std::to_string(said[i]) + ", due " + m.replies[i].text());
        for (; calls_seen < h.calls.size() && calls_seen < m.calls.size(); ++calls_seen)
            if (h.calls[calls_seen] != m.calls[calls_seen]) return fail("asked <" + h.calls[calls_seen].substr(0, 300) + ">, should be <" + m.calls[calls_seen].substr(0, 300) + ">");
        if (h.calls.size() != m.calls.size())
            return fail(std::to_string(h.calls.size()) + " calls, should be " + std::to_string(m.calls.size()) + "; last " + (h.calls.size() > m.calls.size() ? h.calls.back() : m.calls.back()).substr(0, 200));
        // An overlong line may be answered before its end.
        bool const overlong = m.line.size() >= 512;
        if (!overlong && said.size() != m.replies.size() && !(m.last_may_lack && said.size() + 1 == m.replies.size()))
            return fail(std::to_string(said.size()) + " replies, due " + std::to_string(m.replies.size()) + (m.replies.size() > said.size() ? ": " + m.replies[said.size()].text() : ""));
        if (said != h.answered) return fail("`answered` tells other codes than those that went out");
        if (!h.leaks.empty()) return fail("secret unmarked: " + h.leaks[0]);
        model::place const where = place_of(s.where());
        if (where != m.at && !overlong && !m.draining()) return fail("state is " + std::string(name(s.where())) + ", should be " + std::to_string(static_cast<int>(m.at)));
        if (closed != (m.at == model::place::closed)) return fail("closed, or not");
        if (!closed && s.knows(ehlo::fact::tls) != m.tls) return fail("tls");
        if (!closed && s.knows(ehlo::fact::authenticated) != m.authenticated) return fail("authenticated");
        std::size_t const kept = m.at == model::place::content || m.at == model::place::chunk ? 5 : m.line.size();
        if (!closed && m.at != model::place::turned && pending.size() > kept) return fail("octets not consumed: " + std::to_string(pending.size()));
        return true;
    }
    bool run() {
        ehlo::server_with<> s(rules, "mx.example.org");
        if (r.one_in(8)) {   // TLS from the beginning (RFC 8314)
            s.secured();
            m.tls = true;
        }
        m.greet();
        std::size_t const room = r.one_in(2) ? 1024 : 4096;
        bool const small = r.one_in(3);
        std::size_t commands = r.between(4, 40);
        std::string sent;
        std::size_t const most = r.one_in(4) ? 1 : r.one_in(3) ? 7 : 100000;
        for (bool first = true;; first = false) {
            if (!first) {
                if (sent.empty()) {
                    if (m.at == model::place::handshake && pending.empty()) {
                        if (r.one_in(10)) sent = "EHLO evil.example\r\n";
                        else {
                            s.secured();
                            m.secured();
                            continue;
                        }
                    } else if (closed || commands == 0 || m.at == model::place::turned) {
                        break;
                    } else if (r.one_in(60)) {   // by its certificate, its address
                        s.authenticated();
                        m.authenticated = true;
                        continue;
                    } else {
                        // Groups: the client does not wait, and the model has not seen what it sends yet.
                        std::size_t const group = r.one_in(3) ? r.between(2, 6) : 1;
                        for (std::size_t i = 0; i < group && commands != 0; ++i, --commands) sent += next(r, m);
                        if (sent.empty()) continue;
                    }
                }
                std::size_t const n = (std::min)(sent.size() > 4000 ? (std::max<std::size_t>)(most, 3000) : r.between(1, most), sent.size());
                pending += sent.substr(0, n);
                for (std::size_t i = 0; i < n; ++i) m.take(sent[i]);
                stream += sent.substr(0, n);
                sent.erase(0, n);
            }
            for (std::size_t rounds = 0;; ++rounds) {
                if (rounds > 100000) return fail("no headway");
                machine::exact const in(pending);
                machine::exact out(small && r.one_in(2) ? r.below(1500) : room);
                ehlo::step st = s.advance(in.view(), h, out.span());
                if (!take(st, out.view())) return false;
                if (st.want == ehlo::want::reply) {
                    for (int tries = 0;; ++tries) {
                        if (r.one_in(8)) {   // advance before the answer is there says the same again
                            machine::exact const again(pending);
                            machine::exact o(room);
                            ehlo::step const t = s.advance(again.view(), h, o.span());
                            if (t.want != ehlo::want::reply || t.produced != 0 || t.consumed != 0) return fail("advance while an answer is awaited");
                        }
                        machine::exact o(room);
                        st = h.auth_waits ? s.answer(h.auth_verdict, h, o.span()) : s.answer(h.verdict, h, o.span());
                        if (!take(st, o.view())) return false;
                        if (st.want != ehlo::want::reply || tries > 1000) break;
                    }
                    if (st.want != ehlo::want::close && st.want != ehlo::want::tls) continue;
                }
                if (st.want == ehlo::want::close) closed = true;
                if (st.want == ehlo::want::write || st.want == ehlo::want::room) continue;
                break;
            }
            if (!compare(s)) return false;
        }
        // The end of the connection: an open transaction is dropped, once.
        if (!closed) {
            m.lost();
            switch (r.below(3)) {
                case 0: s.disconnected(h); s.disconnected(h); break;
                case 1: s.tls_lost(h); s.disconnected(h); break;
                default: {
                    machine::exact o(room);
                    ehlo::step const st = s.shut_down(h, o.span());
                    if (st.want != ehlo::want::close) return fail("shut_down does not close");
                    s.disconnected(h);
                }
            }
            if (h.calls != m.calls) return fail("lost: " + (h.calls.empty() ? "" : h.calls.back().substr(0, 100)) + " / " + m.calls.back().substr(0, 100));
        }
        if (m.stored + h.dropped != m.begun) return fail("transactions begun are not all stored or dropped");
        return true;
    }
    bool take(ehlo::step const& st, std::string_view out) {
        if (st.consumed > pending.size() || st.produced > out.size()) return fail("a step beyond the buffers");
        pending.erase(0, st.consumed);
        output += out.substr(0, st.produced);
        return true;
    }
};

std::string shown(std::string_view text) {
    std::string s;
    for (char c : text) {
        char hex[8];
        if (c == '\n') s += "\\n\n";
        else if (c == '\r') s += "\\r";
        else if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned>(static_cast<unsigned char>(c))), s += hex;
        else s += c;
    }
    return s.size() > 3000 ? "..." + s.substr(s.size() - 3000) : s;
}

std::uint64_t setting(char const* name, std::uint64_t usual) {
    char const* const value = std::getenv(name);
    return value ? std::strtoull(value, nullptr, 10) : usual;
}

}  // namespace

TEST_CASE("Model: a second session, written from the RFCs alone, says and does the same") {
    std::uint64_t const from = setting("EHLO_MODEL_SEED", 1);
    auto const many = setting("EHLO_MODEL_MANY", static_cast<std::uint64_t>(generate::drawn(20000)));
    std::size_t replies = 0, stored = 0, failures = 0, each = 0;
    for (std::uint64_t seed = from; seed < from + many && failures < setting("EHLO_MODEL_FAILURES", 1); ++seed) {
        trial t(seed);
        bool const right = t.run();
        replies += t.said.size();
        stored += t.m.stored;
        for (unsigned const code : t.said) each += code == 353 ? 1 : 0;
        if (right) continue;
        ++failures;
        if (std::getenv("EHLO_MODEL_FAILURES")) {
            std::printf("seed %llu %s%s%s%s%s bare %d %s: %s\n", static_cast<unsigned long long>(seed), t.m.with.lmtp ? "lmtp" : "smtp", t.m.with.chunking ? "" : " no-chunking", t.m.with.require_tls ? " require-tls" : "", t.m.with.require_authentication ? " require-auth" : "", t.m.with.submission ? " submission" : "", t.m.with.bare,shown(t.stream.size() > 110 ? t.stream.substr(t.stream.size() - 110) : t.stream).c_str(), t.wrong.c_str());
            continue;
        }
        auto const& w = t.m.with;
        FAIL_CHECK("seed " << seed << ": " << t.wrong << "\nlmtp " << w.lmtp << " submission " << w.submission << " chunking " << w.chunking << " binary " << w.binary
             << " starttls " << w.starttls << " require_tls " << w.require_tls << " require_auth " << w.require_authentication << " bare " << w.bare
             << "\nstream: " << shown(t.stream) << "\noutput: " << shown(t.output));
    }
    if (std::getenv("EHLO_MODEL_MANY")) std::printf("%llu streams from %llu: %zu replies, %zu stored\n", static_cast<unsigned long long>(many), static_cast<unsigned long long>(from), replies, stored);
    CHECK(replies > many);
    CHECK(stored > many / 20);
    CHECK(each > many / 200);   // PRDR
}

TEST_CASE("Model: a call at the wrong time is told or harmless, and nothing is stored or abandoned twice") {
    for (int run = 0; run < generate::drawn(20000); ++run) {
        trial t(static_cast<std::uint64_t>(run) + 1000000);
        rng& r = t.r;
        ehlo::server_with<> s(t.rules, "mx.example.org");
        model::session guess;   // only where the next octets are drawn from
        guess.with = t.m.with;
        std::string input;
        bool closed = false;
        for (int i = 0; i < 60; ++i) {
            guess.at = place_of(s.where());
            guess.extended = s.knows(ehlo::fact::extended);
            std::size_t const asked = t.h.calls.size();
            machine::exact out(r.one_in(4) ? r.below(1100) : 2048);
            machine::exact const in(input);
            ehlo::step st;
            bool stepped = true, answers = false;
            switch (r.below(40)) {
                case 0: s.secured(); stepped = false; break;
                case 1: s.authenticated(r.one_in(2)); stepped = false; break;
                case 2: if (r.one_in(6)) s.tls_lost(t.h); stepped = false; break;
                case 3: if (r.one_in(6)) s.disconnected(t.h); stepped = false; break;
                case 4: if (r.one_in(6)) st = s.shut_down(t.h, out.span()); else stepped = false; break;
                case 5: case 6: answers = true; st = s.answer(ehlo::reply(250, "yes"), t.h, out.span()); break;
                case 7: answers = true; st = s.answer(ehlo::challenge{"x"}, t.h, out.span()); break;
                case 8: answers = true; st = s.answer(ehlo::reply::later, t.h, out.span()); break;
                case 9: input.resize(r.below(input.size() + 1)); stepped = false; break;
                case 10: input.clear(); stepped = false; break;
                case 11: s.tolerate(ehlo::leniency::all()); stepped = false; break;
                default: if (r.one_in(2)) input += next(r, guess);
                         {
                             machine::exact const all(input);
                             st = s.advance(all.view(), t.h, out.span());
                         }
            }
            if (stepped) {
                if (!answers) REQUIRE(st.consumed <= input.size());   // an answer consumes what advance was shown, though it be gone
                REQUIRE(st.produced <= out.span().size());
                input.erase(0, (std::min)(st.consumed, input.size()));
            }
            if (closed) {
                REQUIRE(t.h.calls.size() == asked);
                REQUIRE(s.where() == ehlo::state::closed);
                if (stepped) REQUIRE((st.want == ehlo::want::close && st.produced == 0));
            }
            closed = closed || s.where() == ehlo::state::closed;
        }
        unsigned mails = 0u;
        for (auto const& c : t.h.calls) mails += c.starts_with("MAIL ") ? 1u : 0u;
        REQUIRE(t.h.dropped <= mails);
        s.disconnected(t.h);
        unsigned const dropped = t.h.dropped;
        s.disconnected(t.h);
        s.tls_lost(t.h);
        REQUIRE(t.h.dropped == dropped);
    }
}

}  // namespace test_model
