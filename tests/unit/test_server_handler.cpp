// What a server does for its handler and its caller, beyond the order of commands: handlers that throw, designs of handlers that
// have to compile, parameters that were not negotiated, and calls that are wrong.
#include "catch.hpp"

#include "machine.hpp"

#include <optional>
#include <variant>

namespace test_server_handler {

namespace {

using namespace machine;
using ehlo::errc;
using ehlo::reply;
using ehlo::state;
using ehlo::want;

constexpr ehlo::policy policy_of(ehlo::service service, ehlo::extensions offers = ehlo::policy{}.offers) {
    ehlo::policy p;
    p.service = service;
    p.offers = offers;
    return p;
}
using lmtp_server = ehlo::basic_server<policy_of(ehlo::service::lmtp)>;
constexpr std::string_view to_rcpt = "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

// --- handlers that throw ---

#ifdef __cpp_exceptions

struct broken {};

// Throws at its n-th call; the functions are all that there can be.
struct thrower : full_recorder {
    int left = -1;
    bool later = false;
    void count() {
        if (left > 0 && --left == 0) throw broken();
    }
    reply maybe(reply const& r) const { return later ? reply::later : r; }
    reply on(ehlo::connected const&) { return count(), reply("220 hello"); }
    reply on(ehlo::cmd::hello const& c) { return count(), maybe(full_recorder::on(c)); }
    reply on(ehlo::cmd::mail const& c) { return count(), maybe(full_recorder::on(c)); }
    reply on(ehlo::cmd::rcpt const& c) { return count(), maybe(full_recorder::on(c)); }
    reply on(ehlo::cmd::vrfy const& c) { return count(), maybe(full_recorder::on(c)); }
    reply on(ehlo::cmd::noop const& c) { return count(), maybe(full_recorder::on(c)); }
    reply on(ehlo::cmd::data const& c) { return count(), maybe(full_recorder::on(c)); }
    void on(ehlo::content const& c) { count(), full_recorder::on(c); }
    reply on(ehlo::end_of_content const& c) { return count(), maybe(full_recorder::on(c)); }
    void on(ehlo::abandoned const& c) { full_recorder::on(c), count(); }
    void on(ehlo::answered const& c) { count(), full_recorder::on(c); }
};

struct quiet {
    reply on(ehlo::cmd::hello const&) noexcept { return ehlo::replies::ok; }
    reply on(ehlo::cmd::mail const&) noexcept { return ehlo::replies::ok; }
    reply on(ehlo::cmd::rcpt const&) noexcept { return ehlo::replies::ok; }
    void on(ehlo::content const&) noexcept {}
    reply on(ehlo::end_of_content const&) noexcept { return ehlo::replies::ok; }
};
struct loud : quiet {
    using quiet::on;
    void on(ehlo::answered const&) {}
};
template <class H>
constexpr bool all_noexcept =
    noexcept(std::declval<ehlo::server&>().advance("", std::declval<H&>(), std::declval<std::span<char>>())) &&
    noexcept(std::declval<ehlo::server&>().answer(reply(), std::declval<H&>(), std::declval<std::span<char>>())) &&
    noexcept(std::declval<ehlo::server&>().shut_down(std::declval<H&>(), std::declval<std::span<char>>())) &&
    noexcept(std::declval<ehlo::server&>().disconnected(std::declval<H&>()));
static_assert(all_noexcept<quiet>);
static_assert(!all_noexcept<loud>);

template <class Server>
void throw_everywhere(std::string_view session, bool later) {
    int throws = 0;
    for (int n = 1; n < 200; ++n) {
        for (std::size_t const piece : {std::size_t{1}, std::size_t{5}, session.size()}) {
            CAPTURE(n, piece, later);
            Server s("mx.example.org");
            thrower h;
            h.left = n;
            h.later = later;
            std::string pending, output;
            bool thrown = false, open = false;
            std::size_t delivered = 0, at = 0;
            int abandoned = 0;
            exact out(4096);
            want w = want::read;
            auto const call = [&](auto&& f) {
                open = in_transaction(s.where());
                delivered = h.delivered.size();
                abandoned = h.abandoned;
                ehlo::step const t = f();
                pending.erase(0, t.consumed);
                output += out.view().substr(0, t.produced);
                w = t.want;
            };
            try {
                for (int round = 0; round < 100000 && w != want::close; ++round) {
                    call([&] { return s.advance(pending, h, out.span()); });
                    if (w == want::reply) {
                        h.later = false;
                        call([&] { return s.answer(s.where() == state::rcpt && h.log.back() == "DATA" ? ehlo::replies::start_content : ehlo::replies::ok, h, out.span()); });
                        h.later = later;
                        continue;
                    }
                    if (w == want::read && at == session.size()) break;
                    if (w == want::read) {
                        std::size_t const size = (std::min)(piece, session.size() - at);
                        pending += session.substr(at, size);
                        at += size;
                    }
                }
            } catch (broken const&) {
                thrown = true;
            }
            if (!thrown) continue;
            ++throws;
            // Over, and nothing more is said or asked.
            std::size_t const calls = h.log.size();
            CHECK(s.where() == state::closed);
            ehlo::step const after = s.advance(pending + "NOOP\r\n", h, out.span());
            CHECK((after.consumed == 0 && after.produced == 0 && after.want == want::close));
            CHECK(s.answer(ehlo::replies::ok, h, out.span()).want == want::close);
            CHECK(h.log.size() == calls);
            // Each message that was acknowledged was delivered.
            std::size_t acknowledged = 0;
            for (std::size_t i = 0; (i = output.find("Message accepted", i)) != output.npos; ++i) ++acknowledged;
            CHECK(acknowledged <= delivered);
            // A copy is lost, the session itself says a last word; each drops what is open once.
            for (bool const lost : {true, false}) {
                Server end = s;
                thrower last = h;
                last.left = -1;
                last.abandoned = 0;
                if (lost) {
                    end.disconnected(last);
                } else {
                    ehlo::step const bye = end.shut_down(last, out.span());
                    CHECK(out.view().substr(0, bye.produced) == "421 4.3.2 Shutting down, closing the channel\r\n");
                    CHECK(bye.want == want::close);
                }
                CHECK(last.abandoned <= 1);
                // Told before the throw, or now; a message that may have been stored is dropped as well: it was not acknowledged.
                if (piece == 1 && !later && open && h.abandoned == abandoned && h.delivered.size() == delivered) CHECK(last.abandoned == 1);
                if (piece == 1 && h.abandoned != abandoned) CHECK(last.abandoned == 0);
                CHECK(end.where() == state::closed);
                CHECK(end.recipients() == 0);
                int const told = last.abandoned;
                CHECK(end.shut_down(last, out.span()).produced == 0);
                end.disconnected(last);
                CHECK(last.abandoned == told);
            }
        }
    }
    CHECK(throws > 30);
}

#endif  // __cpp_exceptions

}  // namespace

#ifdef __cpp_exceptions

TEST_CASE("RFC 5321 6.1: a handler that throws ends the session at once, without an acknowledgement") {
    std::string const body = "VRFY a\r\nHELP\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<refused@d>\r\nRCPT TO:<e@f>\r\nNOOP\r\nDATA\r\n"
                             "text\r\n..more\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n"
                             "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nQUIT\r\n";
    for (bool const later : {false, true}) {
        throw_everywhere<ehlo::server>("EHLO me\r\n" + body, later);
        throw_everywhere<lmtp_server>("LHLO me\r\n" + body, later);
    }
}

TEST_CASE("RFC 5321 6.1: shut_down and disconnected let through what a handler throws, and the session is over") {
    for (bool const shut : {true, false}) {
        ehlo::server s("mx.example.org");
        thrower h;
        exact out(4096);
        REQUIRE(s.advance(to_rcpt, h, out.span()).want == want::read);
        h.left = 1;  // `abandoned`
        CHECK_THROWS_AS(shut ? (void)s.shut_down(h, out.span()) : s.disconnected(h), broken);
        CHECK(s.where() == state::closed);
        CHECK(h.abandoned == 1);
        s.disconnected(h);
        CHECK(h.abandoned == 1);
        CHECK(s.advance("NOOP\r\n", h, out.span()).want == want::close);
    }
}

#endif  // __cpp_exceptions

// --- handlers that must compile ---

namespace {

// One function for all commands, with a result that is deduced.
struct generic {
    int commands = 0;
    auto on(auto const& command) {
        ++commands;
        if constexpr (requires { command.octets.size(); }) return;
        else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(command)>, ehlo::abandoned>) return;
        else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(command)>, ehlo::answered>) return;
        else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(command)>, ehlo::cmd::data>) return reply(ehlo::replies::start_content);
        else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(command)>, ehlo::connected>) return reply("220 hello");
        else return reply(ehlo::replies::ok);
    }
};
// By value, static, const, inherited, overridden, from an interface.
struct by_value {
    reply on(ehlo::cmd::hello) const { return ehlo::replies::ok; }
    static reply on(ehlo::cmd::mail const&) { return ehlo::replies::ok; }
    reply on(ehlo::cmd::rcpt const&) const noexcept { return ehlo::replies::ok; }
    void on(ehlo::content) {}
    reply on(ehlo::end_of_content) { return ehlo::replies::ok; }
    reply on(ehlo::cmd::vrfy) { return ehlo::replies::cannot_verify; }
    bool on(ehlo::answered) { return true; }
};
struct interface {
    virtual ~interface() = default;
    virtual reply on(ehlo::cmd::hello const&) = 0;
    virtual reply on(ehlo::cmd::mail const&) = 0;
    virtual reply on(ehlo::cmd::rcpt const&) = 0;
    virtual void on(ehlo::content const&) = 0;
    virtual reply on(ehlo::end_of_content const&) = 0;
};
struct implementation final : interface {
    reply on(ehlo::cmd::hello const&) override { return ehlo::replies::ok; }
    reply on(ehlo::cmd::mail const&) override { return ehlo::replies::ok; }
    reply on(ehlo::cmd::rcpt const&) override { return ehlo::replies::ok; }
    void on(ehlo::content const&) override {}
    reply on(ehlo::end_of_content const&) override { return ehlo::replies::ok; }
};
// Functions of that name for the caller's own events, and one for any of several commands.
struct with_others : by_value {
    using by_value::on;
    void on(int) {}
    reply on(std::variant<ehlo::cmd::data, ehlo::cmd::starttls, ehlo::cmd::rset>) { return ehlo::replies::start_content; }
};
// A template that is for some only.
struct constrained : by_value {
    using by_value::on;
    template <class C>
        requires requires(C const& c) { c.argument; }
    reply on(C const&) {
        return ehlo::replies::ok;
    }
};
// A view of the user's own may name a server, if it says that it is one.
struct name_view {
    std::string_view text;
    operator std::string_view() const { return text; }
};
}  // namespace
}  // namespace test_server_handler

template <>
inline constexpr bool std::ranges::enable_borrowed_range<test_server_handler::name_view> = true;

namespace test_server_handler {
namespace {

template <class Handler>
void send_mail(Handler& h) {
    ehlo::server s("mx.example.org");
    exact out(4096);
    ehlo::step const t = s.advance(std::string(to_rcpt) + "NOOP\r\nVRFY a\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", h, out.span());
    CHECK(codes(out.view().substr(0, t.produced)).size() == 9);
    CHECK(s.where() == state::closed);
    s.disconnected(h);
}

}  // namespace

TEST_CASE("server: handlers of many designs are handlers") {
    generic a;
    send_mail(a);
    CHECK(a.commands > 10);
    by_value b;
    send_mail(b);
    implementation c;
    send_mail(c);
    send_mail(static_cast<interface&>(c));
    with_others d;
    send_mail(d);
    constrained e;
    send_mail(e);
    std::string const name = "mx.example.org";
    CHECK(ehlo::server(name).server_name() == name);
    CHECK(ehlo::server(std::string_view(name)).server_name() == name);
    CHECK(ehlo::server(name_view{name}).server_name() == name);
    static_assert(!std::is_constructible_v<ehlo::server, std::string>);
    static_assert(!std::is_constructible_v<ehlo::server, std::string const>);
    static_assert(std::is_constructible_v<ehlo::server, std::string&>);
    static_assert(std::is_constructible_v<ehlo::server, char const*>);
}

// --- what is told ---

TEST_CASE("server: the end of a content is told with what was tolerated in it, not in DATA") {
    constexpr ehlo::policy lenient = [] {
        ehlo::policy p;
        p.grammar.tolerate = ehlo::leniency::all();
        return p;
    }();
    for (auto const& pieces : {whole(), octets()}) {
        loop<ehlo::basic_server<lenient>, full_recorder> l;
        l.feed(std::string(to_rcpt) + "DATA\nx\r\n.\r\nQUIT\n", pieces);
        REQUIRE(l.handler.answers.size() == 7);
        CHECK(l.handler.answers.at(4).event == ehlo::event::data);
        CHECK(l.handler.answers.at(4).tolerated == ehlo::rule::bare_lf_line);
        CHECK(l.handler.answers.at(5).event == ehlo::event::content_end);
        CHECK(l.handler.answers.at(5).tolerated == ehlo::strict);
        CHECK(l.handler.answers.at(6).tolerated == ehlo::rule::bare_lf_line);
    }
    loop<ehlo::basic_server<lenient>, full_recorder> l;
    l.feed("RSET\n");
    exact out(1024);
    (void)l.server.shut_down(l.handler, out.span());
    CHECK(l.handler.answers.back().tolerated == ehlo::strict);
}

TEST_CASE("server: RFC 5321 4.1.1.4: the fault of a content is told at its end, whatever it was") {
    for (auto const& [text, fault] : {std::pair{"a\rb\r\n.\r\n"sv, errc::bare_cr}, std::pair{"a\nb\r\n.\r\n"sv, errc::bare_lf}}) {
        loop<ehlo::server, full_recorder> l;
        l.feed(std::string(to_rcpt) + "DATA\r\n" + std::string(text));
        CHECK(l.handler.answers.back().fault == std::optional(ehlo::fail(fault, 0)));
        CHECK(l.handler.answers.back().sent.code == 554);
    }
    constexpr ehlo::policy small = [] {
        ehlo::policy p;
        p.max_message = 65536;
        return p;
    }();
    loop<ehlo::basic_server<small>, full_recorder> l;
    l.feed(std::string(to_rcpt) + "DATA\r\n" + std::string(65537, 'x') + "\r\n.\r\n");
    CHECK(l.handler.answers.back().fault == std::optional(ehlo::fail(errc::message_too_large, 0)));
}

TEST_CASE("server: states, events and wants have names") {
    for (std::size_t i = 0; i < ehlo::want_count; ++i) CHECK_FALSE(name(static_cast<want>(i)).empty());
    CHECK(name(want::room) == "room");
}

namespace {
struct terse_recorder : recorder {
    static constexpr bool terse = true;
};
}  // namespace
TEST_CASE("server: RFC 5321 4.2: a terse handler's refusals have code and status, and no text") {
    loop<ehlo::server, recorder> wordy;
    loop<ehlo::server, terse_recorder> terse;
    for (std::string_view const line : {"XYZZY\r\n"sv, "RCPT TO:<a@b.example>\r\n"sv, "EHLO a.example\r\n"sv, "MAIL FROM:<a..b@c.example>\r\n"sv,
                                        "MAIL FROM:<a@b.example> X=1\r\n"sv}) {
        std::string const full = wordy.say(line), bare = terse.say(line);
        INFO(line);
        if (full.starts_with("250")) {
            CHECK(bare == full);
            continue;
        }
        CHECK(full.size() > 11);
        CHECK(bare == full.substr(0, 9) + "\r\n");
    }
}

}  // namespace test_server_handler
