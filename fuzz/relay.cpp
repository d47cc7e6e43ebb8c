// The relay between any client and the server machine, with commands of the user's own. An input is what the client says; how its octets,
// and the server's, arrive is drawn from it, and where one side is lost. What comes of it is compared with a direct connection, and with
// itself in other pieces.
#include "fuzz.hpp"

#include <vector>

using namespace ehlo;
using fuzz::check;

namespace {

// XTAKE begins a transaction, as MAIL does; XSAY moves nothing, and may be asked for more.
struct words {
    std::string_view text;
};
template <bool Begins>
struct own_command {
    struct type : words {};
    static constexpr std::string_view verb = Begins ? "XTAKE" : "XSAY", keyword = verb;
    static constexpr own_order order = Begins ? own_order{.from = state::ready, .done = state::mail, .does = effect::begins, .needs = fact::extended}
                                              : own_order{.more = stay_in<state>, .needs = fact::extended};
    static constexpr result<type> parse(std::string_view arguments, syntax const&) noexcept {
        if (arguments.empty()) return fail(errc::missing_argument, 0);
        return type{{arguments}};
    }
    static constexpr void write(writer& out, type const& t) noexcept { out.text(t.text); }
};
using xtake = own_command<true>;
using xsay = own_command<false>;

// Says yes, but for recipients "no", and keeps what it gets.
struct handler {
    std::vector<std::string> delivered;
    std::string open;
    reply on(cmd::hello const&) { return replies::ok; }
    reply on(cmd::mail const& c) {
        open = std::string(c.from.text()) + ":";
        return c.from.local_part() == "no" ? replies::no_such_user : replies::sender_ok;
    }
    reply on(cmd::rcpt const& c) {
        if (c.to.local_part() == "no") return replies::no_such_user;
        open += std::string(c.to.text()) + ":";
        return replies::recipient_ok;
    }
    reply on(xtake::type const& c) {
        if (c.text == "no") return replies::no_such_user;
        open = std::string(c.text) + ":";
        return replies::sender_ok;
    }
    reply on(xsay::type const& c) { return c.text == "more" ? reply(350, "Go on") : c.text == "no" ? replies::no_such_user : replies::ok; }
    void on(content const& c) { open += c.octets; }
    reply on(end_of_content const&) {
        delivered.push_back(open);
        return "250 2.6.0 taken";
    }
    ehlo::mechanisms mechanisms() const { return mechanism::plain | mechanism::login; }
    auth_answer on(cmd::auth const& c) { return c.initial_response ? auth_answer(replies::authenticated) : auth_answer(challenge{"x"}); }
    auth_answer on(auth_response const&) { return replies::authenticated; }
};
struct nobody {};
using some_server = server_with<xtake, xsay>;
using some_relay = relay_with<xtake, xsay>;

policy server_rules() {
    policy p;
    p.offers = p.offers | extension::chunking | extension::binary_mime | extension::dsn | extension::auth;
    p.max_errors = 100000;
    p.max_line = 4096;
    p.clear_text_passwords = true;
    return p;
}
policy relay_rules(bare_octets bare) {
    policy p = relay_policy();
    p.bare = bare;
    p.max_errors = 100000;
    p.clear_text_passwords = true;
    return p;
}

struct ending {
    std::string heard, sent;
    std::vector<std::string> delivered;
    bool aborted = false;
};

ending direct(std::string_view in, bare_octets bare = bare_octets::reject) {
    policy rules = server_rules();
    rules.bare = bare;
    some_server s(rules, "mx.example");
    handler h;
    ending o;
    for (;;) {
        fuzz::block const octets(in);
        fuzz::block out(4096);
        step const done = s.advance(octets.view(), h, {out.data(), out.size()});
        o.heard += out.view().substr(0, done.produced);
        in.remove_prefix(done.consumed);
        if (done.want != want::write) break;
    }
    o.delivered = h.delivered;
    return o;
}

class between {
    policy server_rules_ = server_rules(), relay_rules_;
    some_server server_{server_rules_, "mx.example"};
    some_relay relay_{relay_rules_, "relay.example"};
    handler handler_;
    nobody say_;
    std::string at_relay_, at_server_, answers_;
    bool closed_ = false, server_closed_ = false;
    std::size_t to_say_ = ~std::size_t{0};   // by the server, before it is lost
    ending o_;

    bool turn(direction d) {
        if (closed_) return false;
        std::string& in = d == direction::from_client ? at_relay_ : answers_;
        fuzz::block const octets{std::string_view(in)};
        fuzz::block out(5200);
        relayed const r = relay_.advance(d, octets.view(), say_, {out.data(), out.size()});
        check(r.consumed <= in.size() && r.passed <= r.consumed && r.produced <= out.size(), "a call stays in its buffers");
        std::string_view const passed = octets.view().substr(0, r.passed), made = out.view().substr(0, r.produced);
        std::string up(d == direction::from_client ? passed : std::string_view());
        if (d == direction::from_server) o_.heard += passed;
        if (r.to_server) up += made;
        else o_.heard += made;
        check(up.empty() || !o_.aborted, "nothing goes to a server whose connection was broken");
        o_.sent += up;
        at_server_ += up;
        in.erase(0, r.consumed);
        check(r.want != relay_want::room && r.want != relay_want::later && r.want != relay_want::tls, "it wants nothing that nobody offered");
        if (r.want == relay_want::abort) {
            check(!o_.aborted, "a connection is broken once");
            o_.aborted = true;
            at_server_.clear();
            answers_.clear();
            server_.disconnected(handler_);
        }
        closed_ = r.want == relay_want::close;
        return r.consumed != 0 || r.produced != 0 || r.want == relay_want::again || r.want == relay_want::abort;
    }
    // The server reads what is on its way to it, if it is the client that is lost.
    void lose(direction d) {
        if (closed_) return;
        fuzz::block out(5200);
        relayed const r = relay_.lost(d, say_, {out.data(), out.size()});
        check(r.consumed == 0 && r.passed == 0 && !r.to_server, "a loss passes nothing on");
        o_.heard += out.view().substr(0, r.produced);
        if (r.want == relay_want::abort) at_server_.clear();
        check(r.want == relay_want::close || (d == direction::from_client && r.want == relay_want::abort) || o_.aborted, "and it is over");
        if (d == direction::from_client) serve(~std::size_t{0});
        if (!o_.aborted) server_.disconnected(handler_);
        closed_ = true;
    }
    bool serve(std::size_t most) {
        if (o_.aborted || server_closed_ || to_say_ == 0) return false;
        std::size_t const before = at_server_.size();
        std::string_view in = std::string_view(at_server_).substr(0, most);
        std::size_t used = 0, produced = 0;
        for (;;) {
            fuzz::block const octets(in.substr(used));
            fuzz::block out(4096);
            step const s = server_.advance(octets.view(), handler_, {out.data(), out.size()});
            std::size_t const said = s.produced < to_say_ ? s.produced : to_say_;
            answers_ += out.view().substr(0, said);
            to_say_ -= said;
            used += s.consumed;
            produced += s.produced;
            server_closed_ = s.want == want::close;
            if (s.want != want::write) break;
        }
        at_server_.erase(0, used);
        return produced != 0 || at_server_.size() != before;
    }

  public:
    // Until the server has said `to_say` octets: then it is lost. Or the client is, where the script ends.
    enum class lost : std::uint8_t { nobody, client, server };
    between(std::string_view script, fuzz::arrival how, bare_octets bare = bare_octets::reject, lost who = lost::nobody,
            std::size_t to_say = ~std::size_t{0})
        : relay_rules_(relay_rules(bare)), to_say_(to_say) {
        fuzz::sizes draw(script);
        while (!script.empty() && !closed_) {
            std::size_t const n = how == fuzz::arrival::whole ? script.size() : how == fuzz::arrival::octets ? 1 : draw.next(1, 40);
            at_relay_ += script.substr(0, n);
            script.remove_prefix(n < script.size() ? n : script.size());
            if (how != fuzz::arrival::pieces || draw.next(0, 2) == 0) turn(direction::from_client);
            // What it has not read it is shown again; less than that would be octets that are missing.
            if (draw.next(0, 1) == 0) serve(~std::size_t{0});
            if (draw.next(0, 1) == 0) turn(direction::from_server);
        }
        for (bool more = who != lost::client; more;) {
            more = turn(direction::from_client);
            more = serve(~std::size_t{0}) || more;
            more = turn(direction::from_server) || more;
        }
        if (who != lost::nobody) lose(who == lost::client ? direction::from_client : direction::from_server);
        o_.delivered = handler_.delivered;
    }
    ending const& result() const { return o_; }
};

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
    return n;
}

// In any case.
std::size_t find_first_of_word(std::string_view text, std::string_view word) {
    std::size_t at = 0;
    while (at < text.size() && !istarts_with(text.substr(at), word)) ++at;
    return at;
}
void check_delivered(ending const& o, ending const& alone) {
    check(count(o.heard, "250 2.6.0 taken\r\n") == o.delivered.size(), "what the server took, and nothing else, is acknowledged", o.heard);
    check(o.aborted ? o.delivered.size() <= alone.delivered.size() : o.delivered.size() == alone.delivered.size(), "the messages of a direct connection", o.sent);
    for (std::size_t i = 0; i < o.delivered.size(); ++i) check(o.delivered[i] == alone.delivered[i], "the same messages", o.delivered[i]);
}
// One side was lost: nothing is acknowledged that the server has not taken, and nothing is taken that is not whole.
void check_lost(ending const& o, ending const& alone, ending const& whole) {
    check(count(o.heard, "250 2.6.0 taken\r\n") <= o.delivered.size(), "what the server did not take is not acknowledged", o.heard);
    check(o.delivered.size() <= alone.delivered.size(), "no message that was not sent", o.sent);
    for (std::size_t i = 0; i < o.delivered.size(); ++i) check(o.delivered[i] == alone.delivered[i], "whole messages", o.delivered[i]);
    if (o.aborted || whole.aborted) return;
    std::string_view heard = o.heard;
    std::size_t const last = heard.rfind("421 4.4.2 ") != heard.npos ? heard.rfind("421 4.4.2 ") : heard.rfind("421 Lost the connection");
    if (last != heard.npos) heard = heard.substr(0, last);
    check(whole.heard.starts_with(heard), "up to the loss all is as without it", heard);
}
std::string difference(std::string_view a, std::string_view b) {
    std::size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
    return std::string(a.substr(at < 100 ? 0 : at - 100, 200)) + " <> " + std::string(b.substr(at < 100 ? 0 : at - 100, 200));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const in = fuzz::current = fuzz::as_text(data, size);
    if (size > 4096) return 0;
    ending const alone = direct(in);
    ending const whole = between(in, fuzz::arrival::whole).result();
    for (fuzz::arrival const how : fuzz::arrivals) {
        ending const o = between(in, how).result();
        // A chunk that was sent together with its envelope may be on its way when its recipients are refused: whether it was looked at
        // before that depends on the time.
        if (!o.aborted && !whole.aborted) check(o.heard == whole.heard, "what the client hears does not depend on how octets arrive", difference(o.heard, whole.heard));
        check_delivered(o, alone);
    }
    fuzz::sizes draw(in);
    for (int i = 0; i < 2; ++i) {
        for (fuzz::arrival const how : fuzz::arrivals) {
            std::size_t const of_server = draw.next(0, whole.heard.size()), of_client = draw.next(0, in.size());
            check_lost(between(in, how, bare_octets::reject, between::lost::server, of_server).result(), alone, whole);
            check_lost(between(in.substr(0, of_client), how, bare_octets::reject, between::lost::client).result(), alone, whole);
        }
    }
    // What the relay makes clean, a server that takes nothing else has as one that makes it clean by itself. Chunks it refuses.
    if (find_first_of_word(in, "BDAT") == in.size()) {
        ending const clean = direct(in, bare_octets::normalize);
        for (fuzz::arrival const how : fuzz::arrivals) check_delivered(between(in, how, bare_octets::normalize).result(), clean);
    }
    // CR and LF come only as CRLF, or in chunks.
    if (count(whole.sent, "BDAT") + count(whole.sent, "bdat") == 0 && !whole.aborted) {
        bool clean = true;
        for (std::size_t i = 0; i < whole.sent.size(); ++i) {
            clean = clean && (whole.sent[i] != '\n' || (i > 0 && whole.sent[i - 1] == '\r'));
            clean = clean && (whole.sent[i] != '\r' || (i + 1 < whole.sent.size() && whole.sent[i + 1] == '\n'));
        }
        bool const chunks = [&] {
            for (std::size_t i = 0; i + 4 <= whole.sent.size(); ++i)
                if (iequals(std::string_view(whole.sent).substr(i, 4), "BDAT")) return true;
            return false;
        }();
        check(clean || chunks, "no line end that is none to others", whole.sent);
    }
    return 0;
}
