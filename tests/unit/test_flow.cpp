// The typestate client: what compiles, and that what compiles does what the types say.
#include "catch.hpp"

#include <ehlo/flow.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace test_flow {

namespace {

using ehlo::event;
using ehlo::fact;
using ehlo::state;
namespace flow = ehlo::flow;
using namespace std::string_view_literals;

// ------------------------------------------------------------------------------------------------ what may be called

template <state In, fact... Known>
using in = flow::session<ehlo::client, flow::place<In, Known...>>;
using writer = ehlo::writer;

template <class S> concept hello = requires(S s, writer& w) { std::move(s).hello(w, ""); };
template <class S> concept helo = requires(S s, writer& w) { std::move(s).helo(w, ""); };
template <class S> concept mail = requires(S s, writer& w) { std::move(s).mail(w, ""); };
template <class S> concept rcpt = requires(S s, writer& w) { std::move(s).rcpt(w, ""); };
template <class S> concept rcpt_again = requires(S& s, writer& w) { s.rcpt(w, ""); };
template <class S> concept data = requires(S s, writer& w) { std::move(s).data(w); };
template <class S> concept bdat = requires(S s, writer& w) { std::move(s).bdat(w, 1); };
template <class S> concept burl = requires(S s, writer& w) { std::move(s).burl(w, ""); };
template <class S> concept rset = requires(S s, writer& w) { std::move(s).rset(w); };
template <class S> concept noop = requires(S& s, writer& w) { s.noop(w); };
template <class S> concept quit = requires(S s, writer& w) { std::move(s).quit(w); };
template <class S> concept starttls = requires(S s, writer& w) { std::move(s).starttls(w); };
template <class S> concept secured = requires(S s) { std::move(s).secured(); };
template <class S> concept auth = requires(S s, writer& w) { std::move(s).auth(w, ""sv); };
template <class S> concept respond = requires(S s, writer& w) { std::move(s).auth_response(w, ""sv); };
template <class S> concept xclient = requires(S s, writer& w) { std::move(s).xclient(w, ""); };
template <class S> concept etrn = requires(S& s, writer& w) { s.etrn(w, ehlo::etrn_option::node, ""); };
template <class S> concept atrn = requires(S s, writer& w) { std::move(s).atrn(w); };
template <class S> concept content = requires(S& s, writer& w) { s.content("", w); };
template <class S> concept end_content = requires(S s, writer& w) { std::move(s).end_content(w); };

template <class S>
constexpr bool nothing = !hello<S> && !helo<S> && !mail<S> && !rcpt<S> && !data<S> && !bdat<S> && !burl<S> && !rset<S> && !noop<S> && !quit<S> &&
                         !starttls<S> && !secured<S> && !auth<S> && !respond<S> && !xclient<S> && !etrn<S> && !atrn<S> && !content<S> &&
                         !end_content<S>;

// RFC 5321 4.1.4
using greeted = in<state::greeted>;
static_assert(hello<greeted> && helo<greeted> && rset<greeted> && noop<greeted> && quit<greeted>);
static_assert(!mail<greeted> && !rcpt<greeted> && !data<greeted> && !starttls<greeted> && !auth<greeted> && !content<greeted>);
using ready = in<state::ready, fact::extended>;
static_assert(mail<ready> && hello<ready> && rset<ready> && quit<ready> && noop<ready>);
static_assert(!rcpt<ready> && !data<ready> && !bdat<ready> && !content<ready> && !end_content<ready> && !secured<ready> && !respond<ready>);
using one_mail = in<state::mail, fact::extended>;
static_assert(rcpt<one_mail> && !rcpt_again<one_mail> && !data<one_mail> && !bdat<one_mail> && !mail<one_mail> && rset<one_mail>);
using one_rcpt = in<state::rcpt, fact::extended>;
static_assert(rcpt<one_rcpt> && rcpt_again<one_rcpt> && data<one_rcpt> && bdat<one_rcpt> && burl<one_rcpt> && !mail<one_rcpt>);
using in_content = in<state::content, fact::extended>;
static_assert(content<in_content> && end_content<in_content> && !noop<in_content> && !quit<in_content> && !rset<in_content>);
// RFC 5321 3.1, 3.8
static_assert(quit<in<state::refused>> && !hello<in<state::refused>> && !noop<in<state::refused>>);
static_assert(nothing<in<state::closed>> && nothing<in<state::connected>> && nothing<in<state::turned>>);
// RFC 3207 4, 4.2
static_assert(starttls<ready> && !starttls<in<state::ready, fact::extended, fact::tls>> && !starttls<in<state::ready>> && !starttls<one_rcpt>);
static_assert(secured<in<state::handshake, fact::extended>> && !hello<in<state::handshake, fact::extended>>);
// RFC 4954 4
static_assert(auth<ready> && !auth<in<state::ready, fact::extended, fact::authenticated>> && !auth<in<state::ready>> && !auth<one_mail>);
static_assert(respond<in<state::exchange, fact::extended>> && !quit<in<state::exchange, fact::extended>> && !mail<in<state::exchange, fact::extended>>);
// RFC 3030 2 and 3: after a chunk, after a refused one, and for a binary message
using chunks = in<state::chunks, fact::extended>;
static_assert(bdat<chunks> && burl<chunks> && !data<chunks> && !rcpt<chunks> && rset<chunks>);
using spoilt = in<state::spoilt, fact::extended>;
static_assert(rset<spoilt> && hello<spoilt> && quit<spoilt> && !bdat<spoilt> && !mail<spoilt> && !rcpt<spoilt> && !data<spoilt>);
using binary = in<state::rcpt, fact::extended, fact::binary>;
static_assert(bdat<binary> && !data<binary>);
static_assert(!bdat<in<state::rcpt>> && data<in<state::rcpt>>);   // after HELO
// RFC 1985 5, RFC 2645 5, Postfix
static_assert(etrn<ready> && xclient<ready> && !etrn<one_mail> && !xclient<one_mail> && !atrn<ready>);
static_assert(atrn<in<state::ready, fact::extended, fact::authenticated>>);

// What the answers lead to.
template <class S, class T> constexpr bool same = std::is_same_v<S, T>;
template <class W = writer> W& to();
template <class R = ehlo::progress<ehlo::client_reply>> R some();
template <class S> S made();
static_assert(same<decltype(made<greeted>().hello(to(), "").on(some()).accepted()), ready>);
static_assert(same<decltype(made<greeted>().hello(to(), "").on(some()).refused()), greeted>);
static_assert(same<decltype(made<ready>().helo(to(), "").on(some()).accepted()), in<state::ready>>);
static_assert(same<decltype(made<one_rcpt>().data(to()).on(some()).accepted()), in_content>);
static_assert(same<decltype(made<ready>().starttls(to()).on(some()).accepted().secured()), in<state::greeted, fact::tls>>);
static_assert(same<decltype(made<in<state::ready, fact::extended, fact::authenticated>>().starttls(to()).on(some()).accepted().secured()),
                   in<state::greeted, fact::tls>>);   // RFC 3207 4.2: nothing survives
static_assert(same<decltype(made<ready>().auth(to(), ""sv).on(some()).accepted()), in<state::ready, fact::extended, fact::authenticated>>);
static_assert(same<decltype(made<ready>().auth(to(), ""sv).on(some()).challenged()), in<state::exchange, fact::extended>>);
static_assert(same<decltype(made<ready>().mail<fact::binary>(to(), "", ehlo::mail_options{}).on(some()).accepted()), in<state::mail, fact::extended, fact::binary>>);
static_assert(same<decltype(made<ready>().mail<fact::binary>(to(), "", ehlo::mail_options{}).on(some()).refused()), ready>);
static_assert(same<decltype(made<one_rcpt>().bdat(to(), 1).on(some()).accepted()), chunks>);
static_assert(same<decltype(made<chunks>().bdat(to(), 1).on(some()).refused()), spoilt>);
static_assert(same<decltype(made<chunks>().bdat_last(to(), 1).on(some()).either_way()), ready>);
static_assert(same<decltype(made<one_mail>().rset(to()).on(some()).accepted()), ready>);
static_assert(same<decltype(made<ready>().xclient(to(), "").on(some()).accepted()), greeted>);
// A reply that was not looked at: nothing but what is right either way.
using asked = decltype(made<ready>().mail(to(), "").on(some()));
static_assert(!rcpt<asked> && !mail<asked> && !rset<asked>);
using either = decltype(made<asked>().either_way());
static_assert(same<either, flow::session<ehlo::client, flow::place<state::ready, fact::extended>, flow::place<state::mail, fact::extended>>>);
static_assert(rset<either> && quit<either> && noop<either> && !rcpt<either> && !mail<either> && !auth<either>);
template <class A> concept challenges = requires(A a) { std::move(a).challenged(); };
static_assert(!challenges<asked> && challenges<decltype(made<ready>().auth(to(), ""sv).on(some()))>);
static_assert(!challenges<decltype(made<one_rcpt>().data(to()).on(some()))>);
// An exchange of AUTH has one type, however long it is.
using exchange = decltype(made<ready>().auth(to(), ""sv).on(some()).challenged().auth_response(to(), ""sv).on(some()));
static_assert(same<exchange, decltype(made<exchange>().challenged().auth_response(to(), ""sv).on(some()))>);
// RFC 2920 3.1: only these are followed by others before their reply.
template <class A> concept goes_on = requires(A a) { std::move(a).rset(to()); };
static_assert(goes_on<decltype(made<ready>().mail(to(), ""))> && goes_on<decltype(made<one_mail>().rcpt(to(), ""))> && goes_on<decltype(made<one_mail>().rset(to()))>);
static_assert(!goes_on<decltype(made<ready>().hello(to(), ""))> && !goes_on<decltype(made<one_rcpt>().data(to()))> && !goes_on<decltype(made<ready>().noop(to()))> &&
              !goes_on<decltype(made<ready>().starttls(to()))> && !goes_on<decltype(made<ready>().auth(to(), ""sv))>);
using piped = decltype(made<ready>().mail(to(), "").rcpt(to(), ""));
static_assert(data<piped> && rcpt_again<piped> && !mail<piped> && !bdat<piped>);
// RFC 4468 3.2: a new transaction waits for the reply to BURL LAST. After a BURL that is not the last one others may follow.
static_assert(!mail<decltype(made<one_rcpt>().burl_last(to(), ""))> && !goes_on<decltype(made<one_rcpt>().burl_last(to(), ""))>);
static_assert(goes_on<decltype(made<one_rcpt>().burl(to(), ""))>);
static_assert(sizeof(ready) == sizeof(void*) && std::is_trivially_copyable_v<ready>);

// ------------------------------------------------------------------------------------------------ dialogues

// The other end: what a server says, a turn at a time; and what was sent to it.
struct line_io {
    ehlo::client& smtp;
    std::vector<std::string_view> turns;
    char buffer[4096]{};
    writer out{buffer};
    std::string received{};
    std::size_t used = 0, turn = 0, waits = 0;

    ehlo::progress<ehlo::client_reply> reply() {
        received.erase(0, used);
        used = 0;
        for (;;) {
            auto const r = smtp.receive(received);
            if (r.need_more() && smtp.awaits() && turn < turns.size()) {
                ++waits;
                received += turns[turn++];
                continue;
            }
            used = r.consumed;
            return r;
        }
    }
};
constexpr auto hi = "220 mx.example ESMTP\r\n";
constexpr auto offers = "250-mx.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n";


auto begin(line_io& io) {
    return flow::connected(io.smtp).on(io.reply()).accepted().hello(io.out, "me.example").on(io.reply()).accepted();
}

}  // namespace

TEST_CASE("flow: two messages on one connection, recipients in a loop, RFC 5321 3.3") {
    ehlo::client smtp;
    line_io io{smtp, {hi, offers, "250 OK\r\n", "550 No\r\n", "250 OK\r\n", "251 OK\r\n", "354 Go\r\n", "250 Stored\r\n",
                      "250 OK\r\n", "550 No\r\n", "250 OK\r\n", "221 Bye\r\n"}};
    auto ready = begin(io);
    REQUIRE(ready);
    std::string verdicts;
    auto send = [&](auto from, std::vector<std::string_view> const& recipients) {
        auto mail = std::move(from).mail(io.out, "<ann@me.example>").on(io.reply());
        REQUIRE(mail);
        auto envelope = std::move(mail).accepted().envelope();
        for (auto const to : recipients) verdicts += envelope.rcpt(io.out, to).on(io.reply()) ? '+' : '-';
        if (!std::move(envelope).template as<state::rcpt>()) {
            auto again = std::move(envelope).rset(io.out).on(io.reply());
            REQUIRE(again);
            return std::move(again).accepted();
        }
        auto content = std::move(envelope).template as<state::rcpt>().data(io.out).on(io.reply()).accepted();
        REQUIRE(content);
        CHECK(content.content("Subject: a\r\n\r\n.dot\r\n", io.out).consumed == 20);
        auto done = std::move(content).end_content(io.out).on(io.reply());
        CHECK(done);
        CHECK(done.reply().code() == 250);
        return std::move(done).accepted();
    };
    ready = send(std::move(ready), {"<bob@a.example>", "<cid@a.example>", "<dee@a.example>"});
    CHECK(verdicts == "-++");
    ready = send(std::move(ready), {"<eve@a.example>"});
    CHECK(verdicts == "-++-");
    REQUIRE(ready);
    CHECK(std::move(ready).quit(io.out).on(io.reply()));
    CHECK(smtp.over());
    CHECK(io.out.text() == "EHLO me.example\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@a.example>\r\nRCPT TO:<cid@a.example>\r\n"
                           "RCPT TO:<dee@a.example>\r\nDATA\r\nSubject: a\r\n\r\n..dot\r\n.\r\nMAIL FROM:<ann@me.example>\r\n"
                           "RCPT TO:<eve@a.example>\r\nRSET\r\nQUIT\r\n");
}

TEST_CASE("flow: a chain that met a refusal writes nothing more and waits for nothing") {
    ehlo::client smtp;
    line_io io{smtp, {hi, offers, "550 5.7.1 Not you\r\n", "250 never\r\n"}};
    auto mail = begin(io).mail(io.out, "<ann@me.example>").on(io.reply());
    CHECK_FALSE(mail);
    CHECK(mail.is_refused());
    CHECK(mail.reply().code() == 550);
    std::size_t const written = io.out.size(), waits = io.waits;
    auto data = std::move(mail).accepted().rcpt(io.out, "<bob@a.example>").on(io.reply()).accepted().data(io.out).on(io.reply());
    CHECK_FALSE(data);
    CHECK(data.error().code == ehlo::errc::bad_sequence);
    CHECK(data.reply().code() == 0);
    CHECK_FALSE(std::move(data).accepted());
    CHECK(io.out.size() == written);
    CHECK(io.waits == waits);
    // The session is where the refusal left it.
    CHECK(flow::resumed<state::ready, fact::extended>(smtp));
    CHECK_FALSE(flow::resumed<state::ready>(smtp));
    CHECK_FALSE(flow::resumed<state::mail, fact::extended>(smtp));
}

TEST_CASE("flow: a spent session is not there") {
    ehlo::client smtp;
    line_io io{smtp, {hi, offers, "250 OK\r\n", "250 OK\r\n"}};
    auto ready = begin(io);
    auto const copy = ready;
    auto mail = std::move(ready).mail(io.out, "<ann@me.example>");
    CHECK_FALSE(copy);   // its reply is under way
    CHECK(std::move(mail).on(io.reply()));
    CHECK_FALSE(copy);
    std::size_t const written = io.out.size();
    auto second = flow::resumed<state::ready, fact::extended>(smtp).mail(io.out, "<ann@me.example>");
    CHECK_FALSE(second);
    CHECK(second.error().code == ehlo::errc::bad_sequence);
    CHECK(io.out.size() == written);
}

TEST_CASE("flow: a command that cannot be written leaves the session where it was") {
    ehlo::client smtp;
    line_io io{smtp, {hi, offers, "250 OK\r\n"}};
    auto mail = begin(io).mail(io.out, "<a@b.example");
    CHECK_FALSE(mail);
    CHECK(mail.error().code == ehlo::errc::unclosed_path);
    auto ready = std::move(mail).back();
    REQUIRE(ready);
    // What the type does not say, the command may not ask for.
    ehlo::mail_options options;
    options.body = ehlo::body::binary_mime;
    auto binary = std::move(ready).mail(io.out, "<ann@me.example>", options);
    CHECK(binary.error().code == ehlo::errc::bad_value);
    auto not_binary = std::move(binary).back().mail<fact::binary>(io.out, "<ann@me.example>", ehlo::mail_options{});
    CHECK(not_binary.error().code == ehlo::errc::bad_value);
    CHECK(std::move(not_binary).back().mail<fact::binary>(io.out, "<ann@me.example>", options).on(io.reply()).accepted());
    CHECK(io.out.text() == "EHLO me.example\r\nMAIL FROM:<ann@me.example> BODY=BINARYMIME\r\n");
}

TEST_CASE("flow: STARTTLS, AUTH with an exchange, RFC 3207 4.2, RFC 4954 4") {
    ehlo::client smtp;
    line_io io{smtp, {hi, offers, "220 Go\r\n", offers, "334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 In\r\n", "250 OK\r\n"}};
    auto tls = begin(io).starttls(io.out).on(io.reply());
    REQUIRE(tls);
    auto secure = std::move(tls).accepted().secured();
    REQUIRE(secure);
    auto auth = std::move(secure).hello(io.out, "me.example").on(io.reply()).accepted().auth(io.out, ehlo::mechanism::login).on(io.reply());
    CHECK(auth.is_challenged());
    CHECK(*ehlo::parse_challenge(auth.reply()) == "VXNlcm5hbWU6");
    std::string_view const answers[] = {"ann", "secret"};
    auto next = std::move(auth).challenged().auth_response(io.out, answers[0]).on(io.reply());
    for (std::size_t i = 1; next.is_challenged(); ++i) {
        REQUIRE(i < 2);
        next = std::move(next).challenged().auth_response(io.out, answers[i]).on(io.reply());
    }
    CHECK(next.reply().code() == 235);
    auto in = std::move(next).accepted();
    CHECK(in);
    CHECK(std::move(in).mail(io.out, "<ann@me.example>").on(io.reply()).accepted());
    CHECK(io.out.text() == "EHLO me.example\r\nSTARTTLS\r\nEHLO me.example\r\nAUTH LOGIN\r\nYW5u\r\nc2VjcmV0\r\nMAIL FROM:<ann@me.example>\r\n");
}

TEST_CASE("flow: chunks, and a refused one, RFC 3030 2") {
    ehlo::client smtp;
    line_io io{smtp, {hi, offers, "250 OK\r\n", "250 OK\r\n", "250 3 octets\r\n", "250 Stored\r\n", "250 OK\r\n", "250 OK\r\n", "452 Full\r\n", "250 OK\r\n"}};
    auto rcpt = [&](auto ready) {
        return std::move(ready).mail(io.out, "<ann@me.example>").on(io.reply()).accepted().rcpt(io.out, "<bob@a.example>").on(io.reply()).accepted();
    };
    auto chunk = rcpt(begin(io)).bdat(io.out, 3);
    REQUIRE(chunk);
    CHECK(chunk.content("a\r\n", io.out).consumed == 3);
    auto last = std::move(chunk).on(io.reply()).accepted().bdat_last(io.out, 0);
    auto done = std::move(last).on(io.reply());
    CHECK(done);
    auto second = rcpt(std::move(done).accepted()).bdat(io.out, 1);
    CHECK(second.content("b", io.out).consumed == 1);
    auto spoilt = std::move(second).on(io.reply());
    CHECK(spoilt.is_refused());
    CHECK(spoilt.reply().code() == 452);
    CHECK(std::move(spoilt).refused().rset(io.out).on(io.reply()).accepted());
    CHECK(io.out.text() == "EHLO me.example\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@a.example>\r\nBDAT 3\r\na\r\nBDAT 0 LAST\r\n"
                           "MAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@a.example>\r\nBDAT 1\r\nbRSET\r\n");
}

TEST_CASE("flow: a pipelined transaction, RFC 2920 3.1") {
    std::vector<std::string_view> const recipients{"<bob@a.example>", "<cid@a.example>"};
    auto run = [&](std::string_view replies) {
        ehlo::client smtp;
        line_io io{smtp, {hi, offers, replies, "250 Stored\r\n"}};
        auto all = begin(io).mail(io.out, "<ann@me.example>").rcpt_each(io.out, recipients).data(io.out);
        CHECK(all);
        CHECK(io.out.text() == "EHLO me.example\r\nMAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@a.example>\r\nRCPT TO:<cid@a.example>\r\nDATA\r\n");
        std::string told;
        while (all.awaits()) {
            auto const r = all.on(io.reply());
            if (r.ready()) told += r->accepted ? '+' : '-';
        }
        auto content = std::move(all).as<state::content>();
        if (content) told += std::move(content).end_content(io.out).on(io.reply()) ? "." : "!";
        return told;
    };
    CHECK(run("250 OK\r\n250 OK\r\n550 No\r\n354 Go\r\n") == "++-+.");
    CHECK(run("250 OK\r\n550 No\r\n550 No\r\n554 No\r\n") == "+---");
    CHECK(run("250 OK\r\n550 No\r\n550 No\r\n354 Go\r\n") == "+--+.");   // a lone dot is due
    CHECK(run("552 No\r\n503 No\r\n503 No\r\n503 No\r\n") == "----");
    CHECK(run("250 OK\r\n421 Bye\r\n") == "+-");
    CHECK(run("250 OK\r\n250 OK\r\n") == "+++");   // one more, and the connection is lost
    // Without a recipient DATA is not written.
    ehlo::client smtp;
    line_io io{smtp, {hi, offers}};
    CHECK(begin(io).mail(io.out, "<ann@me.example>").rcpt_each(io.out, std::vector<std::string_view>()).data(io.out).error().code ==
          ehlo::errc::bad_sequence);
    // And without PIPELINING nothing after the first command.
    ehlo::client plain;
    line_io one{plain, {hi, "250 mx.example\r\n"}};
    CHECK(begin(one).mail(one.out, "<ann@me.example>").rcpt_each(one.out, recipients).error().code == ehlo::errc::not_offered);
}

TEST_CASE("flow: LMTP, a reply for each recipient, RFC 2033 4.2") {
    ehlo::client smtp(ehlo::client_settings{.lmtp = true});
    line_io io{smtp, {hi, offers, "250 OK\r\n", "250 OK\r\n", "250 OK\r\n", "354 Go\r\n", "250 OK\r\n452 Full\r\n"}};
    auto envelope = begin(io).mail(io.out, "<ann@me.example>").on(io.reply()).accepted().envelope();
    for (auto const to : {"<bob@a.example>", "<cid@a.example>"}) CHECK(envelope.rcpt(io.out, to).on(io.reply()));
    auto end = std::move(envelope).as<state::rcpt>().data(io.out).on(io.reply()).accepted().end_content(io.out).each();
    std::string told;
    while (end.awaits()) told += end.on(io.reply())->accepted ? '+' : '-';
    CHECK(told == "+-");
    CHECK(std::move(end).as<state::ready>());
}

TEST_CASE("flow: 421, a lost connection, and a reply that is none") {
    for (auto const& [said, code] : {std::pair{"421 Bye\r\n"sv, 421u}, std::pair{""sv, 0u}, std::pair{"hello\r\n"sv, 0u}, std::pair{"354 Go\r\n"sv, 0u}}) {
        CAPTURE(std::string(said));
        ehlo::client smtp;
        line_io io{smtp, {hi, offers, said}};
        auto ready = begin(io);
        auto noop = ready.noop(io.out).on(io.reply());
        CHECK_FALSE(noop);
        CHECK_FALSE(noop.is_refused());
        CHECK(noop.reply().code() == code);
        CHECK(smtp.over());
        CHECK_FALSE(ready);
        CHECK_FALSE(std::move(noop).either_way());
    }
}

TEST_CASE("flow: a refused greeting takes QUIT only, RFC 5321 3.1") {
    ehlo::client smtp;
    line_io io{smtp, {"554 No SMTP service here\r\n", "221 Bye\r\n"}};
    auto greeting = flow::connected(smtp).on(io.reply());
    CHECK(greeting.is_refused());
    CHECK(std::move(greeting).refused().quit(io.out).on(io.reply()));
    CHECK(io.out.text() == "QUIT\r\n");
}

namespace {
// Commands of the user's own: one that moves nothing, and one that ends EHLO's word.
struct token { std::string_view text; };
struct xtoken {
    using type = token;
    static constexpr std::string_view verb = "XTOKEN", keyword = "XTOKEN";
    static constexpr ehlo::own_order order{.from = state::ready | state::rcpt, .needs = fact::extended, .barred = fact::authenticated};
    static constexpr ehlo::result<token> parse(std::string_view text, ehlo::syntax const&) noexcept { return token{text}; }
    static constexpr void write(writer& out, token const& t) noexcept { out.raw(t.text); }
};
struct xanew : xtoken {
    static constexpr std::string_view verb = "XANEW", keyword = "";
    static constexpr ehlo::own_order order{.from = state::ready, .done = state::greeted, .clears = fact::extended};
};
using own_client = ehlo::client_with<xtoken, xanew>;
template <state In, fact... Known>
using own_in = flow::session<own_client, flow::place<In, Known...>>;
template <class S, class One> concept sends = requires(S s, writer& w) { std::move(s).template send<One>(w, token{}); };
template <class S, class One> concept sends_again = requires(S& s, writer& w) { s.template send<One>(w, token{}); };
using own_ready = own_in<state::ready, fact::extended>;
static_assert(sends_again<own_ready, xtoken> && sends<own_ready, xanew> && !sends_again<own_ready, xanew>);
static_assert(!sends<own_in<state::ready>, xtoken> && !sends<own_in<state::ready, fact::extended, fact::authenticated>, xtoken>);
static_assert(!sends<own_in<state::mail, fact::extended>, xtoken> && sends<own_in<state::rcpt, fact::extended>, xtoken>);
static_assert(same<decltype(made<own_ready>().send<xanew>(to(), token{}).on(some()).accepted()), own_in<state::greeted>>);
}  // namespace

TEST_CASE("flow: commands of one's own are in it because they are in the table") {
    own_client smtp;
    std::string in = "220 mx.example\r\n";
    char buffer[200];
    writer out(buffer);
    auto reply = [&] {
        auto const r = smtp.receive(in);
        in.erase(0, r.consumed);
        return r;
    };
    auto greeted = flow::connected(smtp).on(reply()).accepted();
    auto hello = std::move(greeted).hello(out, "me.example");
    in = "250-mx.example\r\n250 XTOKEN\r\n";
    auto ready = std::move(hello).on(reply()).accepted();
    auto sent = ready.send<xtoken>(out, {"7"});
    in = "250 OK\r\n";
    CHECK(std::move(sent).on(reply()));
    auto anew = std::move(ready).send<xanew>(out, {"8"});
    in = "250 OK\r\n";
    auto again = std::move(anew).on(reply()).accepted();
    static_assert(helo<decltype(again)> && !mail<decltype(again)>);
    CHECK(again);
    CHECK(out.text() == "EHLO me.example\r\nXTOKEN 7\r\nXANEW 8\r\n");
}

TEST_CASE("flow: the end of content is written whole or not at all") {
    for (std::size_t room = 0; room < 7; ++room) {
        for (std::string_view const text : {"a\r\n"sv, "a"sv}) {
            CAPTURE(room, text);
            ehlo::client smtp;
            line_io io{smtp, {hi, offers, "250 OK\r\n", "250 OK\r\n", "354 Go\r\n", "250 Stored\r\n"}};
            auto mail = begin(io).mail(io.out, "<ann@me.example>").on(io.reply()).accepted();
            auto rcpt = std::move(mail).rcpt(io.out, "<bob@a.example>").on(io.reply()).accepted();
            auto content = std::move(rcpt).data(io.out).on(io.reply()).accepted();
            REQUIRE(content.content(text, io.out).done());
            char small[8];
            writer out(small, room);
            auto end = std::move(content).end_content(out);
            bool const fits = room >= 5;
            CHECK(bool(end) == fits);
            CHECK(out.text() == (!fits ? "" : text == "a" ? "\r\n.\r\n" : ".\r\n"));
            CHECK(out.ok());
            if (fits) {
                CHECK(std::move(end).on(io.reply()));
                continue;
            }
            CHECK(end.error().code == ehlo::errc::output_full);
            // As it was: even content may go on.
            auto again = std::move(end).back();
            CHECK(again.content("b", io.out).done());
            CHECK(std::move(again).end_content(io.out).on(io.reply()));
            CHECK(io.out.text().ends_with("b\r\n.\r\n"));
        }
    }
}

}  // namespace test_flow
