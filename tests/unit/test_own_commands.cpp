// Commands and parameters of the user's own on the server: in the table, in the answer to EHLO, asked of the handler.
#include "everything.hpp"
#include "own_handler.hpp"

#include "../examples/order_table.hpp"

namespace test_own_commands {

namespace {

using namespace machine;
using ehlo::errc;
using ehlo::extension;
using ehlo::state;
using ints = std::vector<int>;

using with_own = own::knows<everything>;
using Server = ehlo::server_with<own::xtake, own::xstat, own::xpiece>;
constexpr ehlo::policy settings = offering(extension::auth | extension::chunking);

std::string say(std::string const& octets, pieces const& next = whole(), std::size_t room = 4096) {
    loop<Server, with_own> l{Server(settings, "mx.example.org")};
    l.room = room;
    l.feed(octets, next);
    return l.output;
}
ints after_greeting(std::string const& output) {
    ints list = codes(output);
    list.erase(list.begin());
    return list;
}

}  // namespace

// The table with these is proved where server_with is instantiated; here that they stand in it as they were written.
static_assert(ehlo::protocol_with<own::xtake, own::xstat>::rules.at(state::ready, ehlo::event::own0).done == state::mail);
static_assert(ehlo::protocol_with<own::xtake, own::xstat>::name(ehlo::event::own1) == "XSTAT");
static_assert(std::is_trivially_copyable_v<Server> && sizeof(Server) <= 128);

TEST_CASE("own commands: one moves the session as its row says, and only where its row says") {
    struct {
        std::string_view id;
        std::string octets;
        ints codes;
    } const cases[] = {
        {"begins a transaction", "EHLO a\r\nXTAKE q1\r\nRCPT TO:<a@b>\r\nDATA\r\nhi\r\n.\r\n", {250, 250, 250, 354, 250}},
        {"in any case", "EHLO a\r\nxTake q1\r\nRCPT TO:<a@b>\r\n", {250, 250, 250}},
        {"chunks after it", "EHLO a\r\nXTAKE q1\r\nRCPT TO:<a@b>\r\nBDAT 2 LAST\r\nhi", {250, 250, 250, 250}},
        {"not in a transaction", "EHLO a\r\nMAIL FROM:<>\r\nXTAKE q1\r\nRCPT TO:<a@b>\r\n", {250, 250, 503, 250}},
        {"not before EHLO", "XTAKE q1\r\n", {503}},
        {"not after HELO", "HELO a\r\nXTAKE q1\r\n", {250, 503}},
        {"refused by the handler", "EHLO a\r\nXTAKE none\r\nRCPT TO:<a@b>\r\n", {250, 550, 503}},
        {"its arguments", "EHLO a\r\nXTAKE\r\nXTAKE a-b\r\nXTAKE a\r\n", {250, 501, 451, 250}},
        {"needs authentication", "EHLO a\r\nXSTAT\r\nAUTH PLAIN AGEAYg==\r\nXSTAT\r\nXSTAT all\r\nXTAKE q\r\nXSTAT\r\n", {250, 530, 235, 211, 258, 250, 211}},
        {"a class that it cannot have", "EHLO a\r\nAUTH PLAIN AGEAYg==\r\nXSTAT wrong class\r\nNOOP\r\n", {250, 235, 451, 250}},
        {"3yz of its own", "EHLO a\r\nXPIECE a\r\nNOOP\r\nXPIECE b\r\nXPIECE bad\r\nXPIECE c\r\nMAIL FROM:<>\r\n", {250, 350, 250, 350, 550, 250, 250}},
        {"no such command", "EHLO a\r\nXTAK q\r\nXTAKES q\r\n", {250, 500, 500}},
    };
    generate::rng r(5);
    for (auto const& c : cases) {
        INFO(c.id);
        std::string const plain = say(c.octets);
        CHECK(after_greeting(plain) == c.codes);
        CHECK(say(c.octets, octets(), 1024) == plain);
        for (std::size_t cut = 1; cut < c.octets.size(); ++cut) {
            bool first = true;
            CHECK(say(c.octets, [&] { return std::exchange(first, false) ? cut : static_cast<std::size_t>(-1); }) == plain);
        }
        for (int i = 0; i < 10; ++i) CHECK(say(c.octets, random(r, 9), 1024 + r.below(300)) == plain);
    }
}

TEST_CASE("own commands: the answer to EHLO names those that have a keyword") {
    std::string const said = say("EHLO a\r\n");
    CHECK(said.ends_with("250-XTAKE\r\n250 XPIECE\r\n"));
    CHECK(said.find("XSTAT") == std::string::npos);
    CHECK(codes(said) == ints{220, 250});
    std::size_t const begin = said.find("250");
    auto const r = ehlo::parse_reply(std::string_view(said).substr(begin));
    REQUIRE(r.ready());
    CHECK(r.consumed == said.size() - begin);
    CHECK(ehlo::parse_capabilities(*r)->has(extension::size));
}

TEST_CASE("own commands: what went wrong is told with its place, and put off they are answered later") {
    loop<Server, with_own> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\nXTAKE a-b\r\n");
    ehlo::answered const& told = l.handler.answers.back();
    CHECK(told.fault == std::optional(ehlo::fail(errc::bad_value, 7)));
    CHECK(told.event == ehlo::event::own0);
    struct slow : with_own {
        using with_own::on;
        ehlo::reply verdict{};
        ehlo::reply on(own::take_over const& t) {
            verdict = with_own::on(t);
            return ehlo::reply::later;
        }
    };
    loop<Server, slow> later{Server(settings, "mx.example.org")};
    CHECK(codes(later.say("EHLO a\r\nXTAKE q1\r\nRCPT TO:<a@b>\r\n")) == ints{250, 250, 250});
    CHECK(later.server.where() == state::rcpt);
}

TEST_CASE("own commands: a line that may be a BDAT ends the session, whatever it is taken for") {
    loop<Server, with_own> l{Server(settings, "mx.example.org")};
    l.feed("EHLO a\r\nXTAKE \tBDAT\r\nNOOP\r\n");
    CHECK_FALSE(l.closed);   // after another word it is an argument
    loop<Server, with_own> m{Server(settings, "mx.example.org")};
    m.feed("EHLO a\r\nXTAKE x\rBDAT 5\r\nNOOP\r\n");
    CHECK(m.closed);
}

TEST_CASE("a parameter of one's own, with settings at run time") {
    CHECK(after_greeting(say("EHLO a\r\nMAIL FROM:<a@b> X-TICKET=12\r\nRSET\r\nMAIL FROM:<a@b> X-TICKET=1x\r\nMAIL FROM:<a@b> X-OTHER=1\r\n")) ==
          ints{250, 250, 250, 501, 555});
    CHECK(after_greeting(say("HELO a\r\nMAIL FROM:<a@b> X-TICKET=12\r\n")) == ints{250, 555});
}

TEST_CASE("a static policy with commands of one's own") {
    struct handler : full_recorder {
        using full_recorder::on;
        ehlo::reply on(own::take_over const&) { return ehlo::replies::sender_ok; }
    };
    loop<ehlo::basic_server<ehlo::policy{}, own::xtake>, handler> l;
    CHECK(codes(l.say("EHLO a\r\nXTAKE q\r\nRCPT TO:<a@b>\r\n")) == ints{250, 250, 250});
}

// The same commands at the other end.
using Client = ehlo::client_with<own::xtake, own::xstat, own::xpiece>;
static_assert(std::is_trivially_copyable_v<Client> && sizeof(Client) == sizeof(ehlo::client));

namespace {
struct wire {
    Client c{};
    char buffer[500]{};
    ehlo::writer out{buffer};

    // The reply's event and code; the name of the error if it failed.
    std::string hear(std::string_view text) {
        auto const r = c.receive(text);
        if (r.failed()) return std::string(name(r.error().code));
        return std::string(ehlo::protocol_with<own::xtake, own::xstat, own::xpiece>::name(r->to)) + " " + std::to_string(r->reply.code());
    }
    void ready(std::string_view offers = "250-mx\r\n250-PIPELINING\r\n250-XTAKE\r\n250-XPIECE\r\n250 CHUNKING\r\n") {
        REQUIRE(hear("220 mx\r\n") == "greeting 220");
        REQUIRE(c.hello(out, "a"));
        REQUIRE(hear(offers) == "EHLO 250");
    }
};
}  // namespace

TEST_CASE("own commands: a client sends them, in order, offered, and with the replies that they may have") {
    wire w;
    CHECK_FALSE(w.c.send<own::xtake>(w.out, {"q"}));
    w.ready();
    CHECK(w.c.offers_own<own::xtake>());
    CHECK(w.c.send<own::xstat>(w.out, {"all"}).error().code == errc::not_authenticated);
    CHECK(w.c.send<own::xtake>(w.out, {"a-b"}).error() == ehlo::fail(errc::bad_value, 1));
    CHECK(w.c.send<own::xpiece>(w.out, {"x"}));
    CHECK(w.hear("350 more\r\n") == "XPIECE 350");
    CHECK(w.c.where() == state::ready);
    CHECK(w.c.send<own::xpiece>(w.out, {"y"}));
    CHECK(w.hear("250 ok\r\n") == "XPIECE 250");
    CHECK(w.c.send<own::xtake>(w.out, {"q1"}));
    CHECK(w.hear("250 ok\r\n") == "XTAKE 250");
    CHECK(w.c.where() == state::mail);
    CHECK(w.c.send<own::xtake>(w.out, {"q2"}).error().code == errc::bad_sequence);
    CHECK(w.c.rcpt(w.out, "<a@b>"));
    CHECK(w.hear("250 ok\r\n") == "RCPT 250");
    CHECK(w.c.recipients() == 1);
    CHECK(w.out.text() == "EHLO a\r\nXPIECE x\r\nXPIECE y\r\nXTAKE q1\r\nRCPT TO:<a@b>\r\n");
    wire bare;
    bare.ready("250 mx\r\n");
    CHECK(bare.c.send<own::xtake>(bare.out, {"q"}).error().code == errc::not_offered);
    wire third;
    third.ready();
    CHECK(third.c.send<own::xtake>(third.out, {"q"}));
    CHECK(third.hear("354 go\r\n") == "bad_reply_class");   // not a class that it has
}

TEST_CASE("a parameter of one's own: a client writes it, and a server reads it") {
    wire w;
    w.ready();
    char text[40];
    ehlo::writer parameters(text);
    REQUIRE(ehlo::write_parameter(parameters, own::x_ticket{"12"}));
    CHECK(w.c.mail(w.out, "<a@b>", {.others = parameters.text()}));
    CHECK(w.out.text() == "EHLO a\r\nMAIL FROM:<a@b> X-TICKET=12\r\n");
    CHECK(after_greeting(say(std::string(w.out.text()))) == ints{250, 250});
}

namespace flow = ehlo::flow;
template <state In, ehlo::fact... Known>
using at = flow::session<Client, flow::place<In, Known...>>;
template <class S, class One> concept sends = requires(S s, ehlo::writer& w, typename One::type v) { std::move(s).template send<One>(w, v); };
static_assert(sends<at<state::ready, ehlo::fact::extended>, own::xtake> && !sends<at<state::ready>, own::xtake>);
static_assert(!sends<at<state::mail, ehlo::fact::extended>, own::xtake> && sends<at<state::mail, ehlo::fact::extended>, own::xpiece>);
static_assert(!sends<at<state::ready, ehlo::fact::extended>, own::xstat>);

TEST_CASE("own commands: flow knows where they lead, and that one may be asked for more") {
    wire w;
    std::string_view in = "220 mx\r\n";
    auto reply = [&] { return w.c.receive(in); };
    auto greeted = flow::connected(w.c).on(reply()).accepted();
    auto hello = std::move(greeted).hello(w.out, "a");
    in = "250-mx\r\n250-XTAKE\r\n250 XPIECE\r\n";
    auto ready = std::move(hello).on(reply()).accepted();
    auto sent = std::move(ready).send<own::xpiece>(w.out, {"1"});
    in = "350 more\r\n";
    auto first = std::move(sent).on(reply());
    CHECK(first.is_challenged());
    auto more = std::move(first).challenged();   // the same place: it moves nothing
    auto taken = std::move(more).send<own::xtake>(w.out, {"q"});
    in = "250 ok\r\n";
    auto mail = std::move(taken).on(reply()).accepted();
    auto rcpt = std::move(mail).rcpt(w.out, "<a@b>");
    in = "250 ok\r\n";
    CHECK(std::move(rcpt).on(reply()).accepted());
    CHECK(w.out.text() == "EHLO a\r\nXPIECE 1\r\nXTAKE q\r\nRCPT TO:<a@b>\r\n");
}

TEST_CASE("own commands: the printed order has them in it, and nothing else changes") {
    using order_table::paper;
    std::string const text = order_table::print<own::xtake, own::xstat, own::xpiece>(paper::text);
    CHECK(text.find(" XTAKE ") != std::string::npos);
    CHECK(text.find(" XSTAT ") != std::string::npos);
    CHECK(text.find("own command") == std::string::npos);
    std::string const plain = order_table::print(paper::text);
    std::string rest;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = text.find('\n', at) + 1;
        std::string const line = text.substr(at, end - at);
        if (line.find(" XTAKE ") == std::string::npos && line.find(" XSTAT ") == std::string::npos && line.find(" XPIECE ") == std::string::npos) rest += line;
        at = end;
    }
    CHECK(rest == plain);
    CHECK(order_table::print<own::xtake>(paper::mermaid).find("ready --> mail: MAIL, XTAKE") != std::string::npos);
    CHECK(order_table::print<own::xtake>(paper::json).find(R"("state":"ready","event":"XTAKE","accepted":"mail")") != std::string::npos);
    CHECK(order_table::print<own::xtake>(paper::json).find(R"("extension":"XTAKE")") != std::string::npos);
}

namespace {

// A keyword of 400 octets.
template <char Letter>
struct long_keyword {
    struct type {};
    static constexpr char verb_octets[] = {'X', Letter, 'L', 'O', 'N', 'G'};
    static constexpr std::string_view verb{verb_octets, sizeof verb_octets};
    struct octets {
        char all[400];
        constexpr octets() noexcept : all() {
            for (char& c : all) c = Letter;
        }
    };
    static constexpr octets spelled{};
    static constexpr std::string_view keyword{spelled.all, sizeof spelled.all};
    static constexpr ehlo::own_order order{.needs = ehlo::fact::extended};
    static constexpr ehlo::result<type> parse(std::string_view, ehlo::syntax const&) noexcept { return type{}; }
    static constexpr void write(ehlo::writer&, type const&) noexcept {}
};
template <class One>
struct takes {
    ehlo::reply on(typename One::type const&) { return ehlo::replies::ok; }
};
template <class... Own>
struct knows_long : full_recorder, takes<Own>... {
    using full_recorder::on;
    using takes<Own>::on...;
};
template <class... Own>
std::string hello_with(std::vector<std::optional<ehlo::failure>>& faults) {
    constexpr static ehlo::policy p{};
    loop<ehlo::server_with<Own...>, knows_long<Own...>> l{ehlo::server_with<Own...>(p, "mx.example.org")};
    l.feed("EHLO a\r\nMAIL FROM:<a@b> SIZE=1\r\nXALONG\r\n");
    for (auto const& a : l.handler.answers) faults.push_back(a.fault);
    return l.output;
}

}  // namespace

TEST_CASE("own commands: RFC 5321 4.1.1.1: an answer to EHLO that their keywords overfill offers nothing, and says so") {
    std::vector<std::optional<ehlo::failure>> faults;
    // Two fit: 1,024 octets are all that a reply may need.
    std::string const two = hello_with<long_keyword<'A'>, long_keyword<'B'>>(faults);
    CHECK(codes(two) == ints{220, 250, 250, 250});
    CHECK(two.find("250 " + std::string(400, 'B') + "\r\n") != std::string::npos);
    CHECK(std::none_of(faults.begin(), faults.end(), [](auto const& f) { return f.has_value(); }));
    faults.clear();
    std::string const three = hello_with<long_keyword<'A'>, long_keyword<'B'>, long_keyword<'C'>>(faults);
    CHECK(three.find("\r\n250 mx.example.org\r\n555 ") != std::string::npos);   // and nothing is taken for offered
    REQUIRE(faults.size() == 4);
    CHECK((faults[1] && faults[1]->code == errc::output_full));
    CHECK(codes(three) == ints{220, 250, 555, 250});   // a private command need not be named
}

}  // namespace test_own_commands
