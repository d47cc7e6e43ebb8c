// What the tests of the two machines share: handlers that keep a record, and event loops that deliver octets in pieces of
// any size and give room for output of any size.
#pragma once

#include <ehlo/ehlo.hpp>

#include "catch.hpp"
#include "generate.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace machine {

using namespace std::string_literals;
using namespace std::string_view_literals;

// A handler that says yes, but for a few names, and writes down what it is asked.
struct recorder {
    struct message {
        std::string from;
        std::vector<std::string> to;
        std::string content;
        bool operator==(message const&) const = default;
    };
    std::vector<std::string> log;
    std::vector<message> delivered;
    message open;

    void note(std::string text) { log.push_back(std::move(text)); }

    ehlo::reply on(ehlo::cmd::hello const& c) {
        note(std::string(name(c.verb)) + " " + std::string(c.name.text));
        return c.name.text == "refused.example" ? ehlo::reply("550 5.7.1 Go away") : ehlo::replies::ok;
    }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        note(std::string(name(c.verb)) + " " + std::string(c.from.text()) + " " + std::string(c.parameters.all().text()));
        if (c.from.local_part() == "refused") return "550 5.7.1 Not you";
        open = {std::string(c.from.text()), {}, {}};
        return ehlo::replies::sender_ok;
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        note("RCPT " + std::string(c.to.text()));
        if (c.to.local_part() == "refused") return ehlo::replies::no_such_user;
        open.to.emplace_back(c.to.text());
        return ehlo::replies::recipient_ok;
    }
    void on(ehlo::content const& c) {
        open.content += c.octets;
        if (log.empty() || !log.back().starts_with("content ")) note("content ");
        log.back() += c.octets;
    }
    ehlo::reply on(ehlo::end_of_content const& e) {
        note("end " + std::to_string(e.octets) + " " + std::to_string(e.recipients));
        if (open.content.starts_with("refused")) return "550 5.7.1 Not this";
        delivered.push_back(open);
        return ehlo::replies::message_accepted;
    }
};

// The same with all that a handler may have besides.
struct full_recorder : recorder {
    int abandoned = 0;
    std::vector<ehlo::answered> answers;

    using recorder::on;
    ehlo::reply on(ehlo::cmd::vrfy const& c) {
        note(std::string(name(c.verb)) + " " + std::string(c.string));
        return "250 2.1.5 Somebody";
    }
    ehlo::reply on(ehlo::cmd::noop const& c) {
        note(std::string(name(c.verb)) + " " + std::string(c.argument));
        return c.verb == ehlo::verb::help ? ehlo::replies::help : ehlo::replies::ok;
    }
    ehlo::reply on(ehlo::cmd::data const&) {
        note("DATA");
        return ehlo::replies::start_content;
    }
    void on(ehlo::abandoned const&) {
        note("abandoned");
        ++abandoned;
    }
    void on(ehlo::answered const& a) {
        note("answered " + std::to_string(a.sent.code) + " " + std::string(name(a.verb)) + " " + std::string(name(a.event)) +
             (a.fault ? " " + std::string(name(a.fault->code)) + " " + std::to_string(a.fault->at) : ""));
        answers.push_back(a);
    }
};

// Puts off every answer that it can put off.
struct slow_recorder : full_recorder {
    ehlo::reply verdict;
    // Not by `using`: a function that is no template would be chosen before this one, and put off nothing.
    template <class C>
        requires requires(full_recorder& r, C const& c) { r.on(c); }
    auto on(C const& c) {
        if constexpr (std::is_void_v<decltype(full_recorder::on(c))>) {
            full_recorder::on(c);
        } else {
            verdict = full_recorder::on(c);
            return ehlo::reply::later;
        }
    }
};

// How many octets come at once.
using pieces = std::function<std::size_t()>;
inline pieces whole() {
    return [] { return static_cast<std::size_t>(-1); };
}
inline pieces octets() {
    return [] { return std::size_t{1}; };
}
inline pieces random(generate::rng& r, std::size_t most) {
    return [&r, most] { return r.between(1, most); };
}

// A buffer of exactly that many octets, so that a sanitizer sees every step beside it.
class exact {
    std::unique_ptr<char[]> data_;
    std::size_t size_;

  public:
    explicit exact(std::size_t size) : data_(new char[size]), size_(size) {}
    explicit exact(std::string_view text) : exact(text.size()) { text.copy(data_.get(), text.size()); }
    std::string_view view() const { return {data_.get(), size_}; }
    std::span<char> span() { return {data_.get(), size_}; }
    char* data() { return data_.get(); }
};

// An event loop around a server.
template <class Server, class Handler>
class loop {
  public:
    Server server;
    Handler handler{};
    std::string output{};       // all that was sent
    std::string pending{};      // received, not consumed
    std::size_t most_pending = 0;
    std::size_t room = 4096;    // of one output buffer
    bool closed = false;

    explicit loop(std::string_view name = "mx.example.org") : server(name) {}
    explicit loop(Server const& s) : server(s) {}

    // Calls the server until it wants input (or nothing more).
    ehlo::want run() {
        for (std::size_t rounds = 0;; ++rounds) {
            if (rounds > 200000) FAIL("the server makes no headway");
            if (closed) return ehlo::want::close;
            exact const in(pending);
            exact out(room);
            ehlo::step const s = server.advance(in.view(), handler, out.span());
            take(s, out.view());
            if (s.want == ehlo::want::reply) {
                if constexpr (requires { handler.verdict; }) {
                    exact more(room);
                    take(server.answer(handler.verdict, handler, more.span()), more.view());
                    continue;
                }
            }
            if (s.want == ehlo::want::tls || s.want == ehlo::want::turn) return s.want;
            if (s.want == ehlo::want::write && s.produced != 0) continue;
            if (s.want == ehlo::want::write) FAIL("wants to write, but gave nothing to send");
            if (s.want == ehlo::want::room) FAIL("the room is too small");
            return s.want;
        }
    }
    void take(ehlo::step const& s, std::string_view out) {
        if (s.consumed > pending.size() || s.produced > out.size()) FAIL("a step beyond the buffers");
        pending.erase(0, s.consumed);
        output += out.substr(0, s.produced);
        closed = s.want == ehlo::want::close;
    }
    ehlo::want feed(std::string_view input, pieces const& next = whole()) {
        ehlo::want w = run();
        while (!input.empty() && !closed) {
            std::size_t const n = (std::min)(next(), input.size());
            pending += input.substr(0, n);
            input.remove_prefix(n);
            w = run();
            most_pending = (std::max)(most_pending, pending.size());
        }
        return w;
    }
    // What the server says to this input.
    std::string say(std::string_view input) {
        run();
        std::size_t const before = output.size();
        feed(input);
        return output.substr(before);
    }
};

// The first four octets of the last line of each reply: "250 ", "354 " ... Not with ehlo's parser.
inline std::vector<int> codes(std::string_view output) {
    std::vector<int> list;
    while (!output.empty()) {
        std::size_t const end = output.find("\r\n");
        if (end == std::string_view::npos || end < 4) FAIL("a reply without its end");
        if (output[3] == ' ') list.push_back((output[0] - '0') * 100 + (output[1] - '0') * 10 + (output[2] - '0'));
        else if (output[3] != '-') FAIL("a reply without a separator");
        output.remove_prefix(end + 2);
    }
    return list;
}

}  // namespace machine
