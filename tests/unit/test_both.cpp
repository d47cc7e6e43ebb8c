// The two machines against each other, through pipes that cut the octets anywhere.
#include "catch.hpp"

#include "machine.hpp"

#include <deque>

namespace test_both {

namespace {

using namespace machine;
using ehlo::event;
using ehlo::state;
using ehlo::verb;
using ehlo::want;

struct message : recorder::message {
    bool utf8 = false;
};

// An address that keeps RFC 5321's lengths; the generator does not always.
template <class Make>
std::string fitting(Make make) {
    for (;;) {
        std::string text = make();
        std::size_t const at = text.rfind('@');
        std::size_t const local = text.find_last_of("<:", at == std::string::npos ? 0 : at);
        if (text.size() <= 200 && (at == std::string::npos || at - local < 60)) return text;
    }
}

std::string random_content(generate::rng& r) {
    std::string s;
    for (std::size_t n = r.below(r.one_in(10) ? 200 : 12); n > 0; --n) {
        switch (r.below(7)) {
        case 0: s += "."; break;
        case 1: s += ".."; break;
        case 2: s += "." + generate::rest_of_line(r); break;
        case 3: break;
        case 4: s += std::string(r.below(1200), 'x'); break;
        case 5: s += "QUIT"; break;
        default: s += generate::rest_of_line(r); break;
        }
        if (n != 1 || !r.one_in(3)) s += "\r\n";
    }
    // No CR, LF or NUL but those above.
    std::string clean;
    for (std::size_t i = 0; i < s.size(); ++i) {
        bool const line_end = s[i] == '\r' && i + 1 < s.size() && s[i + 1] == '\n';
        if (line_end) clean += "\r\n", ++i;
        else if (s[i] != '\r' && s[i] != '\n' && s[i] != '\0') clean += s[i];
    }
    return clean;
}

// Octets under way in one direction; they come out in pieces of any size.
struct pipe {
    std::string octets;
    std::string take(generate::rng& r, std::size_t most) {
        std::string piece = octets.substr(0, r.between(1, most));
        octets.erase(0, piece.size());
        return piece;
    }
};

// Says no to some recipients and some messages, and puts off half of its answers.
struct choosy : recorder {
    generate::rng* r = nullptr;
    bool slow = false;
    ehlo::reply verdict;
    using recorder::on;
    ehlo::reply maybe_later(ehlo::reply const& answer) {
        verdict = answer;
        return slow && r->one_in(2) ? ehlo::reply::later : answer;
    }
    ehlo::reply on(ehlo::cmd::hello const& c) { return maybe_later(recorder::on(c)); }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        return maybe_later(r->one_in(12) ? ehlo::reply("451 4.7.1 Come again") : recorder::on(c));
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        return maybe_later(r->one_in(4) ? ehlo::replies::no_such_user : recorder::on(c));
    }
    ehlo::reply on(ehlo::end_of_content const& e) {
        return maybe_later(r->one_in(8) ? ehlo::reply("452 4.3.1 Full") : recorder::on(e));
    }
};

constexpr ehlo::policy patient_policy() {
    ehlo::policy p;
    p.max_errors = 1000000;
    return p;
}
constexpr ehlo::policy without_pipelining() {
    ehlo::policy p = patient_policy();
    p.offers = ehlo::extension::size | ehlo::extension::eight_bit_mime | ehlo::extension::smtputf8;
    return p;
}

// A client that sends its mail, as an event loop would have it.
struct sender {
    ehlo::client c{};
    generate::rng& r;
    bool pipelining;
    std::deque<message> todo;
    std::vector<recorder::message> accepted{};  // what the server took, as it should have it
    std::size_t mails = 0, refused = 0;

    bool mail_ok = false;
    std::vector<std::string> to{};       // accepted
    std::size_t next_rcpt = 0, answered_rcpt = 0, sent_octets = 0;
    bool mail_sent = false, data_sent = false, sending = false, content_sent = false, reset_sent = false, quit = false;
    bool hello_sent = false;
    bool done = false;

    void begin() {
        mail_ok = mail_sent = data_sent = sending = content_sent = reset_sent = false;
        to.clear();
        next_rcpt = answered_rcpt = sent_octets = 0;
    }
    // Writes what can be written now. `room` octets of output, some of it too small for a command.
    void write(pipe& out, std::size_t room) {
        exact buffer(room);
        ehlo::writer w(buffer.data(), room);
        auto const tell = [&](auto const& result) {
            if (result || result.error().code == ehlo::errc::output_full) return result.has_value();
            FAIL("a command was refused: " + std::string(name(result.error().code)));
            return false;
        };
        for (int i = 0; i < 500; ++i) {
            bool const idle = !c.awaits();
            if (c.over() || c.where() == state::connected) break;
            if (c.where() == state::greeted) {
                if (hello_sent || !tell(c.hello(w, "client.example"))) break;
                hello_sent = true;
                break;
            }
            if (sending) {
                message const& m = todo.front();
                if (c.recipients() != 0 && sent_octets < m.content.size()) {
                    std::string_view const piece = std::string_view(m.content).substr(sent_octets, r.between(1, 3000));
                    auto const n = c.content(piece, w);
                    if (n.failed()) FAIL("content refused: " + std::string(name(n.error().code)));
                    sent_octets += n.consumed;
                    if (n.consumed == 0) break;
                    continue;
                }
                auto const ended = c.end_content(w);
                if (ended.failed()) FAIL("end refused");
                if (!ended.done()) break;
                sending = false;
                content_sent = true;
                break;
            }
            if (content_sent || quit || (!idle && !pipelining)) break;
            if (todo.empty()) {
                if (!idle || !tell(c.quit(w))) break;
                quit = true;
                break;
            }
            message const& m = todo.front();
            if (!mail_sent) {
                ehlo::mail_options o;
                if (r.one_in(2)) o.size = m.content.size();
                o.smtputf8 = m.utf8;
                if (!tell(c.mail(w, m.from, o))) break;
                mail_sent = true;
                ++mails;
            } else if (reset_sent) {
                break;
            } else if (idle && !mail_ok) {  // MAIL was refused
                todo.pop_front();
                ++refused;
                begin();
            } else if (next_rcpt < m.to.size()) {
                if (!tell(c.rcpt(w, m.to[next_rcpt]))) break;
                ++next_rcpt;
            } else if (!data_sent) {
                if (idle && c.recipients() == 0) {
                    if (!tell(c.rset(w))) break;
                    reset_sent = true;
                    break;
                }
                if (!tell(c.data(w))) break;
                data_sent = true;
                break;
            } else if (idle) {  // DATA was refused, and the transaction may be open
                if (!tell(c.rset(w))) break;
                reset_sent = true;
                break;
            } else {
                break;
            }
        }
        out.octets += w.text();
    }
    void read(std::string& pending) {
        for (;;) {
            exact const in(pending);
            auto const got = c.receive(in.view());
            if (got.failed()) FAIL("the client broke: " + std::string(name(got.error().code)));
            if (got.need_more()) return;
            switch (got->to) {
            case event::mail: mail_ok = got->accepted; break;
            case event::rcpt:
                if (got->accepted) to.push_back(todo.front().to[answered_rcpt]);
                ++answered_rcpt;
                break;
            case event::data: sending = got->accepted; break;
            case event::content_end:
                if (got->accepted) {
                    message const& m = todo.front();
                    bool const whole = m.content.empty() || m.content.ends_with("\r\n");
                    accepted.push_back({m.from, to, m.content + (whole ? "" : "\r\n")});
                } else {
                    ++refused;
                }
                todo.pop_front();
                begin();
                break;
            case event::rset:
                ++refused;
                todo.pop_front();
                begin();
                break;
            case event::quit: done = true; break;
            default: break;
            }
            pending.erase(0, got.consumed);
            if (pending.empty()) return;
        }
    }
};

template <class Server>
void converse(std::uint64_t seed, std::size_t& delivered, std::size_t& refused) {
    generate::rng r(seed);
    sender client{.r = r, .pipelining = Server::rules.offers.has(ehlo::extension::pipelining), .todo = {}};
    for (std::size_t n = r.between(1, 4); n > 0; --n) {
        message m;
        m.utf8 = r.one_in(4);
        m.from = fitting([&] { return generate::reverse_path(r, m.utf8); });
        for (std::size_t k = r.between(1, r.one_in(10) ? 120 : 5); k > 0; --k)
            m.to.push_back(fitting([&] { return generate::forward_path(r, m.utf8); }));
        m.content = random_content(r);
        client.todo.push_back(m);
    }
    Server server("mx.example.org");
    choosy handler;
    handler.r = &r;
    handler.slow = r.one_in(2);
    pipe up, down;
    std::string server_in, client_in;
    std::size_t const most = r.one_in(3) ? 3 : r.one_in(2) ? 40 : 5000;
    bool closed = false;
    for (int round = 0; !closed || !down.octets.empty(); ++round) {
        REQUIRE(round < 200000);
        client.write(up, r.between(1, 3000));
        server_in += up.take(r, most);
        if (!closed) {
            exact const in(server_in);
            exact out(r.between(Server::reply_space, 4000));
            ehlo::step s = server.advance(in.view(), handler, out.span());
            server_in.erase(0, s.consumed);
            down.octets += out.view().substr(0, s.produced);
            if (s.want == want::reply && r.one_in(2)) {
                s = server.answer(handler.verdict, handler, out.span());
                server_in.erase(0, s.consumed);
                down.octets += out.view().substr(0, s.produced);
            }
            closed = s.want == want::close;
        }
        client_in += down.take(r, most);
        client.read(client_in);
    }
    CHECK(client.done);
    CHECK(client.c.where() == state::closed);
    CHECK(server.where() == state::closed);
    CHECK(server_in.empty());
    CHECK(client_in.empty());
    CHECK(client.todo.empty());
    REQUIRE(handler.delivered.size() == client.accepted.size());
    for (std::size_t i = 0; i < client.accepted.size(); ++i) {
        CHECK(handler.delivered[i].from == client.accepted[i].from);
        CHECK(handler.delivered[i].to == client.accepted[i].to);
        CHECK(handler.delivered[i].content == client.accepted[i].content);
    }
    delivered += client.accepted.size();
    refused += client.refused;
}

}  // namespace

TEMPLATE_TEST_CASE("both: random mail arrives octet for octet", "", ehlo::basic_server<patient_policy()>,
                   ehlo::basic_server<without_pipelining()>) {
    std::size_t delivered = 0, refused = 0;
    for (std::uint64_t seed = 0; seed < 600; seed += generate::every(4)) {
        CAPTURE(seed);
        converse<TestType>(seed, delivered, refused);
    }
    CHECK(delivered > 500 / generate::every(4));
    CHECK(refused > 100 / generate::every(4));
}

TEST_CASE("both: a server that goes away in the middle leaves a client that knows what it does not know") {
    generate::rng r(9);
    for (int round = 0; round < 200; ++round) {
        ehlo::server server("mx.example.org");
        ehlo::client client;
        recorder handler;
        std::string in, out;
        exact room(4000);
        auto const pump = [&] {
            ehlo::step const s = server.advance(in, handler, room.span());
            in.erase(0, s.consumed);
            out += room.view().substr(0, s.produced);
            std::size_t replies = 0;
            while (!out.empty()) {
                auto const got = client.receive(out);
                if (!got.ready()) break;
                out.erase(0, got.consumed);
                ++replies;
            }
            return replies;
        };
        char buffer[2048];
        auto const write = [&](auto&& f) {
            ehlo::writer w(buffer);
            REQUIRE(f(w));
            in += w.text();
        };
        std::size_t const stop = r.below(4);
        CHECK(pump() == 1);
        if (stop > 0) {
            write([&](auto& w) { return client.hello(w, "me.example").has_value(); });
            CHECK(pump() == 1);
        }
        if (stop > 1) {
            write([&](auto& w) { return client.mail(w, "<a@b>").has_value() && client.rcpt(w, "<c@d>").has_value() &&
                                        client.data(w).has_value(); });
            if (stop > 2) CHECK(pump() == 3);
        }
        bool const open = in_transaction(server.where());
        ehlo::step const s = server.shut_down(handler, room.span());
        out += room.view().substr(0, s.produced);
        auto const got = client.receive(out);
        REQUIRE(got.ready());
        CHECK(got->reply.code() == 421);
        CHECK(client.over());
        CHECK(open == (stop > 2));
        CHECK(handler.delivered.empty());
    }
}

TEST_CASE("both: many mails, each begun in the packet that ends the one before") {
    // RFC 2920 3.1: content may open a group. A mail costs one round trip then.
    generate::rng r(11);
    for (int round = 0; round < 20; ++round) {
        loop<ehlo::basic_server<patient_policy()>, recorder> server;
        ehlo::client client;
        std::vector<recorder::message> expected;
        int trips = 0;
        exact buffer(20000);
        auto const send = [&](auto&& write) {
            ehlo::writer w(buffer.data(), 20000);
            write(w);
            std::string replies = server.say(w.text());
            ++trips;
            while (!replies.empty()) {
                auto const got = client.receive(replies);
                REQUIRE(got.ready());
                CHECK(got->accepted);
                replies.erase(0, got.consumed);
            }
            CHECK(!client.awaits());
        };
        server.run();
        REQUIRE(client.receive(server.output).ready());
        auto const envelope = [&](ehlo::writer& w) {
            recorder::message m{"<a@b.example>", {}, {}};
            REQUIRE(client.mail(w, m.from));
            for (std::size_t n = r.between(1, 50); n > 0; --n) {
                m.to.push_back("<user" + std::to_string(n) + "@d.example>");
                REQUIRE(client.rcpt(w, m.to.back()));
            }
            REQUIRE(client.data(w));
            expected.push_back(m);
        };
        send([&](ehlo::writer& w) { REQUIRE(client.hello(w, "me.example")); });
        send(envelope);
        std::size_t const mails = r.between(1, 30);
        for (std::size_t n = 0; n < mails; ++n) {
            send([&](ehlo::writer& w) {
                std::string const content = random_content(r).substr(0, 5000);
                std::string_view rest = content.ends_with('\r') ? std::string_view(content).substr(0, content.size() - 1) : content;
                bool const whole = rest.empty() || rest.ends_with("\r\n");
                expected.back().content = std::string(rest) + (whole ? "" : "\r\n");
                auto const used = client.content(rest, w);
                REQUIRE((used.done() && used.consumed == rest.size()));
                REQUIRE(client.end_content(w).done());
                if (n + 1 < mails) envelope(w);
                else REQUIRE(client.quit(w));
            });
        }
        CHECK(server.handler.delivered == expected);
        CHECK(static_cast<std::size_t>(trips) == mails + 2);
        CHECK(server.closed);
        CHECK(client.where() == state::closed);
    }
}

}  // namespace test_both
