#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>
#include <string_view>

// XQUEUE id: a command of one's own. Its octets are read and written here; where it may come is said in `order`, and
// is proved with the rest.
struct queue {
    std::string_view id;
};
struct xqueue {
    using type = queue;
    static constexpr std::string_view verb = "XQUEUE";
    static constexpr std::string_view keyword = "XQUEUE";   // its line in the answer to EHLO; "": none
    static constexpr ehlo::own_order order{.from = ehlo::state::ready | ehlo::state::mail, .needs = ehlo::fact::extended};

    // What the line holds after "XQUEUE ". It borrows from it. `at`: the first octet that cannot be right.
    static constexpr ehlo::result<queue> parse(std::string_view arguments, ehlo::syntax const&) noexcept {
        if (arguments.empty()) return ehlo::fail(ehlo::errc::missing_argument, 0);
        for (std::size_t i = 0; i < arguments.size(); ++i)
            if (!ehlo::chars::let_dig.contains(arguments[i])) return ehlo::fail(ehlo::errc::bad_value, i);
        return queue{arguments};
    }
    // `text` refuses CR, LF and NUL; and what `parse` would not take is not sent.
    static constexpr void write(ehlo::writer& out, queue const& q) noexcept { out.text(q.id); }
};

// A server asks its handler, a client has `send`, an observer tells seen::of<queue>, a relay passes it on.
using server = ehlo::server_with<xqueue>;
using client = ehlo::client_with<xqueue>;
using observer = ehlo::observer_with<xqueue>;
using relay = ehlo::relay_with<xqueue>;

// What a relay has to say of it; without this function it goes on, if the server offers it.
struct gateway {
    ehlo::relay_say on(queue const& q) const { return q.id == "secret" ? "550 5.7.1 Not through here" : ehlo::relay_say(); }
};

struct handler {
    std::string last, message;
    ehlo::reply on(queue const& q) {   // without it, it does not compile
        last = q.id;
        return "250 2.0.0 Queued";
    }
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { message += c.octets; }
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
};
struct journal {
    std::string told;
    void on(ehlo::seen::of<queue> const& q) { told += q.typed.id; }
};

int main() {
    static constexpr ehlo::policy rules, passing = ehlo::relay_policy();
    server s(rules, "mx.example.org");
    relay between(passing, "relay.example");
    gateway g;
    client c;
    observer o;
    handler h;
    journal j;
    char written[1024], replies[4096], made[4096];
    ehlo::writer out(written);
    // The client's octets through the relay to the server, and its reply back. Here whole lines go on as they are, or are answered.
    auto round = [&] {
        std::string heard;
        auto const up = between.advance(ehlo::direction::from_client, out.text(), g, made);
        heard.append(made, up.produced);
        if (up.produced == 0) {
            auto const step = s.advance(out.text(), h, replies);
            auto const down = between.advance(ehlo::direction::from_server, {replies, step.produced}, g, made);
            heard.append(replies, down.passed).append(made, down.produced);
        }
        static_cast<void>(o.advance(out.text(), heard, j));
        out = ehlo::writer(written);
        auto const r = c.receive(heard);
        return r.ready() && r->accepted && r.consumed == heard.size();
    };
    bool ok = round() && c.hello(out, "me.example") && round() && c.offers_own<xqueue>();
    ok = ok && !c.send<xqueue>(out, {"a b"}) && !c.send<xqueue>(out, {"a\r\nQUIT"}) && out.size() == 0;   // nothing was written
    ok = ok && c.send<xqueue>(out, {"secret"}) && !round();   // refused by the relay
    ok = ok && c.send<xqueue>(out, {"a7"}) && round() && c.mail(out, "<ann@me.example>") && round() && c.send<xqueue>(out, {"b8"}) && round();
    ok = ok && c.rcpt(out, "<bob@example.org>") && round() && !c.send<xqueue>(out, {"c9"});   // out of order in state::rcpt
    std::printf("%s, then %s\n", j.told.c_str(), h.last.c_str());
    return ok && h.last == "b8" && j.told == "secreta7b8" ? 0 : 1;
}
