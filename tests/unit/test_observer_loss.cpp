// An observer that does not see all: whatever is lost, it tells of no command that was not sent, and of no message as delivered that
// was not.
#include "watching.hpp"

#include <map>
#include <set>

namespace test_observer_loss {

namespace {

using namespace watching;
using ehlo::event;

// What a server decides, and what it said to what.
struct judge : machine::recorder {
    generate::rng* r = nullptr;
    std::vector<std::pair<event, unsigned>> answers{};
    using machine::recorder::on;
    ehlo::reply on(ehlo::cmd::mail const& c) { return r->one_in(9) ? ehlo::reply("451 4.7.1 Come again") : machine::recorder::on(c); }
    ehlo::reply on(ehlo::cmd::rcpt const& c) { return r->one_in(4) ? ehlo::replies::no_such_user : machine::recorder::on(c); }
    ehlo::reply on(ehlo::end_of_content const& e) { return r->one_in(5) ? ehlo::reply("452 4.3.1 Full") : machine::recorder::on(e); }
    ehlo::mechanisms mechanisms() const { return ehlo::mechanism::login; }
    int asked = 0;
    ehlo::auth_answer on(ehlo::cmd::auth const&) { return ehlo::challenge{"Username:"}; }
    ehlo::auth_answer on(ehlo::auth_response const&) {
        if (asked++ == 0) return ehlo::challenge{"Password:"};
        return ehlo::replies::authenticated;
    }
    void on(ehlo::answered const& a) {
        if (a.sent.code != 0) answers.emplace_back(a.event, a.sent.code);
    }
};

constexpr ehlo::policy loss_policy(ehlo::service service) {
    ehlo::policy p;
    p.service = service;
    p.offers = p.offers | ehlo::extension::pipelining | ehlo::extension::chunking | ehlo::extension::binary_mime | ehlo::extension::auth;
    p.clear_text_passwords = true;
    p.max_errors = 1000000;
    return p;
}
constexpr ehlo::policy smtp = loss_policy(ehlo::service::smtp), lmtp = loss_policy(ehlo::service::lmtp);

// A dialogue of a client that waits where it must, and what is true of it.
struct truth {
    dialogue turns{};
    std::string said[2]{};
    std::map<std::uint64_t, std::string> commands{};    // by offset
    std::set<std::uint64_t> responses{}, ends{};
    std::map<std::uint64_t, std::uint64_t> contents{};  // ranges of the client's stream
    std::map<std::uint64_t, std::pair<event, unsigned>> replies{};   // by the offset of their end
};

class speaker {
    generate::rng& r_;
    ehlo::policy const& settings_;
    ehlo::server_with<> server_{settings_, "mx.example"};
    judge judge_{};
    std::string group_{};   // not sent yet
    std::string out_{};
    truth t_{};

    std::uint64_t here() const { return t_.said[0].size() + group_.size(); }
    void line(std::string const& text, bool response = false) {
        if (response) t_.responses.insert(here());
        else t_.commands[here()] = text;
        group_ += text + "\r\n";
    }
    // Sends what was said, and hears all replies. The code of the last.
    unsigned wait() {
        if (!group_.empty()) t_.turns.push_back({"C", group_});
        t_.said[0] += group_;
        std::string in = group_;
        group_.clear();
        std::string heard;
        for (;;) {
            char out[4096];
            auto const s = server_.advance(in, judge_, out);
            in.erase(0, s.consumed);
            heard += std::string_view(out, s.produced);
            if (s.want != ehlo::want::write) break;
        }
        if (!heard.empty()) t_.turns.push_back({"S", heard});
        t_.said[1] += heard;
        return judge_.answers.empty() ? 0 : judge_.answers.back().second;
    }
    void maybe_wait() {
        if (r_.one_in(3)) wait();
    }
    std::string odd_lines() {
        constexpr std::string_view odd[] = {"QUIT", "RSET", "DATA", "EHLO x.example", "MAIL FROM:<evil@x>", "RCPT TO:<evil@x>", "NOOP", "STARTTLS",
                                            "AUTH PLAIN AGEAYg==", "BDAT 9 LAST", "354 go", "250 ok", "LHLO x.example", "a line", "", "."};
        std::string text;
        for (std::size_t n = r_.between(0, 9); n > 0; --n) text += std::string(odd[r_.below(std::size(odd))]) + "\r\n";
        return text;
    }
    void message() {
        std::string const n = std::to_string(r_.below(1000));
        line("MAIL FROM:<a" + n + "@b.example>");
        maybe_wait();
        for (std::size_t k = r_.between(1, 4); k > 0; --k) {
            line("RCPT TO:<c" + std::to_string(k) + "@d.example>");
            maybe_wait();
        }
        if (r_.one_in(3)) {
            for (std::size_t chunks = r_.between(1, 3); chunks > 0; --chunks) {
                std::string const text = odd_lines();
                line("BDAT " + std::to_string(text.size()) + (chunks == 1 ? " LAST" : ""));
                t_.contents[here()] = here() + text.size();
                group_ += text;
                if (chunks == 1) t_.ends.insert(here());
                maybe_wait();
            }
            if (r_.one_in(4)) line("RSET");
            return;
        }
        line("DATA");
        if (wait() != 354) {
            line("RSET");
            return;
        }
        std::string text = odd_lines();
        std::string stuffed;
        for (std::size_t at = 0; at < text.size(); at = text.find("\r\n", at) + 2)
            stuffed += (text[at] == '.' ? "." : "") + text.substr(at, text.find("\r\n", at) + 2 - at);
        t_.contents[here()] = here() + stuffed.size();
        group_ += stuffed;
        t_.ends.insert(here());
        group_ += ".\r\n";
    }

  public:
    speaker(generate::rng& r, ehlo::policy const& p) : r_(r), settings_(p) { judge_.r = &r; }
    truth speak() {
        bool const l = settings_.service == ehlo::service::lmtp;
        wait();
        line(l ? "LHLO me.example" : "EHLO me.example");
        wait();
        if (!l && r_.one_in(3)) {
            line("AUTH LOGIN");
            wait();
            line("UVVJVA==", true);
            wait();
            line("REFUQQ==", true);
            wait();
        }
        for (std::size_t n = r_.between(1, 6); n > 0; --n) {
            message();
            if (r_.one_in(4)) {
                line("NOOP");
                wait();
            }
            if (r_.one_in(8)) {
                wait();
                line(l ? "LHLO me.example" : "EHLO me.example");
                wait();
            }
            maybe_wait();
        }
        line("QUIT");
        wait();
        // Which reply stands where.
        std::size_t n = 0, at = 0;
        std::string_view const all = t_.said[1];
        while (at < all.size()) {
            std::size_t const end = all.find("\r\n", at) + 2;
            if (all[at + 3] == ' ') t_.replies[end] = judge_.answers.at(n++);
            at = end;
        }
        REQUIRE(n == judge_.answers.size());
        REQUIRE(server_.where() == ehlo::state::closed);
        return t_;
    }
};

// Is told what happens, and looks whether it is true.
struct critic {
    truth const& t;
    bool guesses = false;
    std::size_t commands = 0, delivered = 0, steps = 0, wrong_guesses = 0;
    std::uint64_t heard = 0;   // the end of the latest reply

    void on(seen::command const& c) {
        auto const found = t.commands.find(c.at);
        bool const sent = found != t.commands.end() && found->second == c.line;
        if (!c.sure && guesses) {
            wrong_guesses += sent ? 0 : 1;
            return;
        }
        CAPTURE(c.at, std::string(c.line));
        REQUIRE(sent);
        ++commands;
    }
    void on(seen::response const& x) { REQUIRE(t.responses.count(x.at) == 1); }
    void on(seen::content const& c) {
        auto after = t.contents.upper_bound(c.at);
        REQUIRE(after != t.contents.begin());
        --after;
        REQUIRE(c.at >= after->first);
        REQUIRE(c.at + c.size <= after->second);
        REQUIRE(t.said[0].substr(static_cast<std::size_t>(c.at), static_cast<std::size_t>(c.size)) == c.octets);
    }
    void on(seen::end_of_content const& e) { REQUIRE(t.ends.count(e.at) == 1); }
    void on(seen::reply const& x) {
        heard = x.at + x.size;
        if (!x.to) return;
        auto const found = t.replies.find(heard);
        REQUIRE(found != t.replies.end());
        auto const& [e, code] = found->second;
        REQUIRE(x.said.code() == code);
        // A chunk that is refused as a BDAT has one reply to both.
        bool const same = *x.to == e || (e == event::bdat && (*x.to == event::chunk_end || *x.to == event::last_chunk_end));
        if (x.sure) REQUIRE(same);
    }
    void on(seen::transaction const& x) {
        if (x.outcome != ehlo::outcome::delivered) return;
        ++delivered;
        auto const found = t.replies.find(heard);
        REQUIRE(found != t.replies.end());
        auto const& [e, code] = found->second;
        REQUIRE((e == event::content_end || e == event::last_chunk_end));
        if (t.said[1].find("LMTP") == std::string::npos) REQUIRE(code == 250);
    }
    void on(seen::in_step const& s) { steps += s.sure ? 1u : 0u; }
};

// Shows a dialogue in segments, of which some are lost.
void show(truth const& t, critic& h, generate::rng& r, unsigned lost_of_thousand, bool from_middle, bool guesses) {
    ehlo::observer_settings s;
    s.guesses = guesses;
    s.lmtp = t.said[1].find("LMTP") != std::string::npos;
    ehlo::observer o(s);
    std::string pending[2];
    std::size_t skipped = from_middle ? r.below(t.turns.size()) : 0;
    for (turn const& x : t.turns) {
        direction const d = x.who == "C" ? client : server;
        std::string& in = pending[static_cast<unsigned>(d)];
        bool const skip = skipped > 0;
        if (skip) --skipped;
        for (std::size_t at = 0, n; at < x.text.size(); at += n) {
            n = (std::min)(r.between(1, 60), x.text.size() - at);
            if (skip || r.below(1000) < lost_of_thousand) {
                o.gap(d, n, h);
                in.clear();
                continue;
            }
            in += x.text.substr(at, n);
            auto const done = o.advance(pending[0], pending[1], h);
            pending[0].erase(0, done.client);
            pending[1].erase(0, done.server);
        }
    }
    REQUIRE(o.offset(client) + pending[0].size() == t.said[0].size());
    REQUIRE(o.offset(server) + pending[1].size() == t.said[1].size());
    o.end(h);
}

}  // namespace

TEST_CASE("observer: random loss makes it tell nothing that is not so") {
    for (ehlo::policy const* p : {&smtp, &lmtp}) {
        std::size_t commands = 0, delivered = 0, steps = 0, wrong_guesses = 0;
        for (int i = 0; i < generate::drawn(6000); ++i) {
            CAPTURE(i, p == &lmtp);
            generate::rng r(static_cast<std::uint64_t>(i));
            truth const t = speaker(r, *p).speak();
            bool const guesses = i % 3 == 0, from_middle = i % 5 == 0;
            unsigned const lost = i % 2 == 0 ? 20 : 150;
            critic h{.t = t, .guesses = guesses};
            show(t, h, r, lost, from_middle, guesses);
            commands += h.commands;
            delivered += h.delivered;
            steps += h.steps;
            wrong_guesses += h.wrong_guesses;
        }
        CHECK(commands > 1000u);
        CHECK(delivered > 100u);
        CHECK(steps > 100u);         // it finds its step again
        CHECK(wrong_guesses > 100u); // and the content is such that a guess goes wrong
        std::printf("loss: %zu commands, %zu messages delivered, %zu times in step again, %zu guesses wrong\n", commands, delivered, steps, wrong_guesses);
    }
}
TEST_CASE("observer: without loss all is told") {
    for (ehlo::policy const* p : {&smtp, &lmtp}) {
        for (int i = 0; i < generate::drawn(1000); ++i) {
            CAPTURE(i, p == &lmtp);
            generate::rng r(static_cast<std::uint64_t>(i) + 70000);
            truth const t = speaker(r, *p).speak();
            critic h{.t = t};
            show(t, h, r, 0, false, false);
            CHECK(h.commands == t.commands.size());
            std::size_t delivered = 0;
            for (auto const& [at, x] : t.replies) delivered += (x.first == event::content_end || x.first == event::last_chunk_end) && x.second == 250 ? 1u : 0u;
            if (p == &smtp) CHECK(h.delivered == delivered);
            CHECK(h.steps == 0);
        }
    }
}

}  // namespace test_observer_loss
