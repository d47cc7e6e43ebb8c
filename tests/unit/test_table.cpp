// The table of the session against the RFCs, cell by cell; and the proof over tables: a small one with each fault.
#include "catch.hpp"

#include <ehlo/proof.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

namespace test_table {

namespace {

using namespace ehlo;

// ------------------------------------------------------------------------------------------------ what the RFCs say

// Written down from RFC 5321 3.1 to 3.3, 3.8, 4.1.1, 4.1.4; 2920 3.1; 3030 2 and 3; 3207 4; 4468 3; 4954 4; 1985 5; 2645 5; Postfix's
// XCLIENT_README; draft-hall-prdr-00. A cell: where a 2yz, a 3yz and a 4yz or 5yz lead; "=" nowhere, "-" is no answer, "." out of order. "!" before
// it: out of order, but whoever takes it all the same is followed.
//   c connected  g greeted  r ready  m mail  p rcpt  D content  K chunk  k chunks  s spoilt  x exchange  h handshake  f refused
//   t turned  z closed
struct line {
    event on;
    std::string_view cells;   // connected, greeted, ready, mail, rcpt, content, chunk, chunks, spoilt, exchange, handshake, refused, turned
    fact_set needs{}, barred{};
    errc otherwise = errc::bad_sequence;
    fact_set asked{};   // without it a 3yz is no answer
};
constexpr std::string_view letters = "cgrmpDKksxhftz";
constexpr std::string_view aside = ".   =-= =-= =-= =-= .   .   =-= =-= .   .   .   .";
constexpr line lines[] = {
    {event::greeting,       "g-f .   .   .   .   .   .   .   .   .   .   .   ."},
    {event::hello,          ".   r-= r-= r-= r-= .   .   r-= r-= .   .   .   ."},
    {event::helo,           ".   r-= r-= r-= r-= .   .   r-= r-= .   .   .   ."},
    {event::mail,           ".   .   m-= .   .   .   .   .   .   .   .   .   ."},
    {event::rcpt,           ".   .   .   p-= p-= .   .   .   .   .   .   .   ."},
    {event::data,           ".   .  !-D=!-D= -D= .   .  !--s .   .   .   .   .", {}, fact::binary},
    {event::content_end,    ".   .   .   .   .   r=r .   .   .   .   .   .   .", {}, {}, {}, fact::prdr},
    {event::rset,           ".   =-= r-= r-= r-= .   .   r-= r-= .   .   .   ."},
    {event::noop, aside}, {event::vrfy, aside}, {event::expn, aside}, {event::help, aside}, {event::verbose, aside}, {event::onex, aside},
    {event::quit,           ".   z-z z-z z-z z-z .   .   z-z z-z .   .   z-z ."},
    {event::starttls,       ".   .   h-= .   .   .   .   .   .   .   .   .   .", fact::extended, fact::tls},
    {event::secured,        ".   .   .   .   .   .   .   .   .   .   g-z .   ."},
    {event::auth,           ".   .   rx= .   .   .   .   .   .   .   .   .   .", fact::extended, fact::authenticated},
    {event::response,       ".   .   .   .   .   .   .   .   .   r=r .   .   ."},
    {event::bdat,           ".   .   .  !--s K-s .   .   K-s .   .   .   .   .", fact::extended},
    {event::chunk_end,      ".   .   .   .   .   .   k-s .   .   .   .   .   ."},
    {event::last_chunk_end, ".   .   .   .   .   .   r=r .   .   .   .   .   .", {}, {}, {}, fact::prdr},
    {event::burl,           ".   .   .   .   k-s .   .   k-s .   .   .   .   .", fact::extended},
    {event::last_burl,      ".   .   .   .   r-r .   .   r-r .   .   .   .   .", fact::extended},
    {event::etrn,           ".   .   =-= .   .   .   .   .   .   .   .   .   .", fact::extended},
    {event::xforward,       ".   .   =-= .   .   .   .   .   .   .   .   .   .", fact::extended},
    {event::xclient,        ".   .   g-= .   .   .   .   .   .   .   .   .   .", fact::extended},
    {event::turn,           ".   .   t-= .   .   .   .   .   .   .   .   .   ."},
    {event::atrn,           ".   .   t-= .   .   .   .   .   .   .   .   .   .", fact::authenticated, {}, errc::not_authenticated},
    {event::parameter,      aside, fact::extended, {}, errc::unknown_parameter},
    {event::shutdown,       "zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz"},
    {event::lost,           "zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz"},
    {event::tls_lost,       "zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz zzz", fact::tls},
};
static_assert(std::size(lines) == event_count - own_event_count);

std::string_view cell_of(line const& l, state s) {
    auto const n = static_cast<std::size_t>(s);
    if (s == state::closed) return ".";
    // "!" stands in the place of the space before its cell.
    std::string_view const cell = l.cells.substr(n == 0 ? 0 : 4 * n - 1, n == 0 ? 3 : 4);
    return cell.find('.') != cell.npos ? "." : cell[0] == ' ' ? cell.substr(1) : cell;
}

// A session in a state, by the way that leads there; with `recipients` accepted where a transaction has any.
session in(state s) {
    session x;
    auto go = [&x](std::initializer_list<std::pair<event, answer>> way) {
        for (auto const& [e, a] : way) x.settle(e, a);
    };
    constexpr auto yes = answer::done, more = answer::more, no = answer::refused;
    if (s == state::connected) return x;
    if (s == state::refused) {
        go({{event::greeting, no}});
        return x;
    }
    go({{event::greeting, yes}});
    if (s == state::greeted) return x;
    go({{event::hello, yes}});
    switch (s) {
    case state::handshake: go({{event::starttls, yes}}); break;
    case state::exchange: go({{event::auth, more}}); break;
    case state::turned: go({{event::turn, yes}}); break;
    case state::closed: go({{event::quit, yes}}); break;
    default: break;
    }
    if (s == state::ready || x.where() == s) return x;
    go({{event::mail, yes}});
    if (s == state::mail) return x;
    go({{event::rcpt, yes}, {event::rcpt, no}, {event::rcpt, yes}});
    if (s == state::rcpt) return x;
    if (s == state::content) go({{event::data, more}});
    if (s == state::chunk || s == state::chunks || s == state::spoilt) go({{event::bdat, yes}});
    if (s == state::chunks) go({{event::chunk_end, yes}});
    if (s == state::spoilt) go({{event::chunk_end, no}});
    return x;
}

constexpr fact_set of_mail = fact::smtputf8 | fact::binary | fact::prdr;

}  // namespace

TEST_CASE("session table: each event in each state with all that may be known, as the RFCs have it") {
    std::size_t count = 0;
    for (line const& l : lines)
        for (std::size_t n = 0; n < state_count; ++n) {
            auto const s = static_cast<state>(n);
            session const bare = in(s);
            REQUIRE(bare.where() == s);
            for (unsigned bits = 0; bits < 1u << fact_count; ++bits) {
                auto const known = fact_set::with_bits(bits);
                if (!in_transaction(s) && known.has_any(of_mail)) continue;
                session x = bare;
                for (unsigned f = 0; f < fact_count; ++f) x.know(static_cast<fact>(f), known.has(static_cast<fact>(f)));
                CAPTURE(name(s), name(l.on), bits);
                std::string_view cell = cell_of(l, s);
                bool const misplaced = cell[0] == '!', none = cell == ".";
                if (misplaced) cell.remove_prefix(1);
                bool const guarded = !known.has_all(l.needs) || known.has_any(l.barred);

                std::optional<errc> why;
                if (none || misplaced) why = errc::bad_sequence;
                else if (guarded) why = l.otherwise;
                CHECK(x.check(l.on) == why);

                for (answer const a : {answer::done, answer::more, answer::refused}) {
                    char to = none ? '=' : cell[static_cast<std::size_t>(a)];
                    if (a == answer::more && !known.has_all(l.asked)) to = '-';
                    session y = x;
                    change const what = y.settle(l.on, a, fact_set::first(fact_count));
                    if (!none) CHECK(x.fits(l.on, a) == (to != '-'));
                    state const expected = to == '=' || to == '-' ? s : static_cast<state>(letters.find(to));
                    CHECK(y.where() == expected);
                    if (to == '-' || none) CHECK(y == x);
                    bool const moved = to != '-' && !none;
                    bool const over = moved && in_transaction(s) && !in_transaction(expected);
                    bool const accepted = moved && a == answer::done;
                    // Recipients are counted by RCPT, and go with the transaction.
                    CHECK(y.recipients() == (over ? 0 : x.recipients() + (accepted && l.on == event::rcpt)));
                    // Facts of the message go with it; others change by these events and by no other.
                    fact_set facts = over ? known - of_mail : known;
                    if (accepted) {
                        if (l.on == event::hello) facts |= fact::extended;
                        if (l.on == event::helo) facts = facts - fact::extended;
                        if (l.on == event::mail) facts |= of_mail;
                        if (l.on == event::secured) facts = fact::tls | (facts - fact::extended - fact::authenticated);
                        if (l.on == event::auth || l.on == event::response) facts |= fact::authenticated;
                        if (l.on == event::xclient) facts = facts - fact::extended - fact::authenticated;
                    }
                    CHECK(y.known() == facts);
                    bool const delivers = l.on == event::content_end || l.on == event::last_chunk_end || l.on == event::last_burl;
                    bool const begun = moved && !in_transaction(s) && in_transaction(expected);
                    CHECK(what == (over && delivers && accepted ? change::delivered : over ? change::dropped : begun ? change::begun
                                   : accepted && l.on == event::rcpt ? change::added : change::none));
                    ++count;
                }
            }
        }
    CHECK(count > 15'000);
}

TEST_CASE("session table: no answer to what is out of order is one of a class that the event never has, RFC 5321 4.3.2") {
    constexpr event_set asks = event::data | event::auth | event::response | event::content_end | event::last_chunk_end | event::shutdown |
                               event::lost | event::tls_lost;
    for (line const& l : lines)
        for (std::size_t n = 0; n < state_count; ++n) {
            session const x = in(static_cast<state>(n));
            CAPTURE(name(x.where()), name(l.on));
            if (cell_of(l, x.where()) != ".") continue;
            CHECK(x.fits(l.on, answer::done) == (l.on != event::data));
            CHECK(x.fits(l.on, answer::more) == asks.has(l.on));
            CHECK(x.fits(l.on, answer::refused));
        }
}

TEST_CASE("session: 421 ends it whatever it answers, RFC 5321 3.8") {
    for (std::size_t n = 0; n < state_count - 1; ++n)
        for (std::size_t e = 0; e < event_count; ++e) {
            session x = in(static_cast<state>(n));
            bool const open = in_transaction(x.where());
            CHECK(x.settle(static_cast<event>(e), 421u) == (open ? change::dropped : change::none));
            CHECK(x.over());
            CHECK(x.recipients() == 0);
        }
}

TEST_CASE("session: what a service requires, RFC 3207 4, RFC 4954 6") {
    // "530 Must issue a STARTTLS command first to every command other than NOOP, EHLO, STARTTLS, or QUIT"
    constexpr event_set without_tls = event::hello | event::noop | event::starttls | event::quit;
    // "any command other than AUTH, EHLO, HELO, NOOP, RSET, or QUIT"; STARTTLS must go before AUTH.
    constexpr event_set without_auth = without_tls | event::helo | event::rset | event::auth;
    constexpr event_set commands = event::hello | event::helo | event::mail | event::rset | event::noop | event::vrfy | event::expn | event::help |
                                   event::verbose | event::onex | event::quit | event::starttls | event::auth | event::etrn | event::xforward |
                                   event::xclient | event::turn;
    auto ready = [](fact_set required) {
        session x(required);
        x.settle(event::greeting, 220u);
        x.settle(event::hello, 250u);
        return x;
    };
    for (line const& l : lines) {
        if (!commands.has(l.on)) continue;
        CAPTURE(name(l.on));
        CHECK(ready(fact::tls).check(l.on) == (without_tls.has(l.on) ? std::nullopt : std::optional(errc::tls_required)));
        CHECK(ready(fact::authenticated).check(l.on) == (without_auth.has(l.on) ? std::nullopt : std::optional(errc::not_authenticated)));
        CHECK(ready(fact::tls | fact::authenticated).check(l.on) ==
              (without_tls.has(l.on) ? std::nullopt : std::optional(errc::tls_required)));
        CHECK(ready({}).check(l.on) == std::nullopt);
    }
}

TEST_CASE("session: pipelining, replies and timeouts of each event, RFC 2920 3.1, RFC 3030 4.2, RFC 2033 4.2, RFC 5321 4.5.3.2") {
    constexpr event_set followed = event::mail | event::rcpt | event::rset | event::content_end | event::bdat | event::chunk_end |
                                   event::last_chunk_end | event::burl | event::last_burl;
    constexpr event_set or_prdr = event::content_end | event::last_chunk_end;
    constexpr event_set silent = event::secured | event::bdat | event::parameter | event::shutdown | event::lost | event::tls_lost;
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < event_count; ++i) {
        auto const e = static_cast<event>(i);
        CAPTURE(name(e));
        CHECK(facts_of(e).code == e);
        CHECK(facts_of(e).pipelined == followed.has(e));
        CHECK(facts_of(e).replies == (silent.has(e) ? replies_due::none : or_prdr.has(e) ? replies_due::or_prdr
                                      : e == event::last_burl ? replies_due::one_per_recipient : replies_due::one));
        names.insert(name(e));
    }
    CHECK(names.size() == event_count);
    CHECK(client_timeout(event::greeting) == 300);
    CHECK(client_timeout(event::mail) == 300);
    CHECK(client_timeout(event::rcpt) == 300);
    CHECK(client_timeout(event::data) == 120);
    CHECK(content_block_timeout == 180);
    CHECK(client_timeout(event::content_end) == 600);
    CHECK(server_timeout == 300);
}

TEST_CASE("the number of recipients does not wrap") {
    session x;
    x.settle(event::greeting, 220);
    x.settle(event::hello, 250);
    x.settle(event::mail, 250);
    x.settle(event::rcpt, 250);
    // 2^32 of them take too long: a session is its octets, and among them is this number.
    std::uint32_t const one = 1, almost = 0xFFFFFFFE;
    unsigned char octets[sizeof x];
    std::memcpy(octets, &x, sizeof x);
    std::size_t at = 0;
    while (at + 4 <= sizeof x && std::memcmp(octets + at, &one, 4) != 0) at += 4;
    REQUIRE(at + 4 <= sizeof x);
    std::memcpy(octets + at, &almost, 4);
    std::memcpy(&x, octets, sizeof x);
    REQUIRE(x.recipients() == 0xFFFFFFFE);
    for (int i = 0; i < 3; ++i) {
        CHECK(x.settle(event::rcpt, 250) == change::added);
        CHECK(x.recipients() == 0xFFFFFFFF);
    }
    CHECK_FALSE(x.check(event::data));
    CHECK(x.settle(event::rset, 250) == change::dropped);
    CHECK(x.recipients() == 0);
}

TEST_CASE("vocabulary: the event and the extension of each verb") {
    CHECK_FALSE(event_of(verb::unknown));
    for (unsigned i = 1; i < verb_count; ++i) {
        auto const v = static_cast<verb>(i);
        CAPTURE(name(v));
        constexpr verb core[] = {verb::helo, verb::ehlo, verb::lhlo, verb::mail, verb::rcpt, verb::data, verb::rset,
                                 verb::noop, verb::quit, verb::vrfy, verb::expn, verb::help};
        bool is_core = false;
        for (verb const c : core) is_core = is_core || c == v;
        CHECK(extension_of(v).has_value() == !is_core);
        bool const like_mail = v == verb::send || v == verb::soml || v == verb::saml;
        CHECK(name(*event_of(v)) == (like_mail ? "MAIL" : v == verb::lhlo ? "EHLO" : name(v)));
    }
}

// ------------------------------------------------------------------------------------------------ faults of tables

namespace {

enum class light { red, green, off };
enum class push { button, timer, plug, cut };
enum class lamp { warm };
using toy_row = transition<light, push, lamp>;
constexpr light stay = stay_in<light>, never = never_to<light>;

// A table that has all that a proof wants, and the rows that are in question.
template <auto const& Rows>
struct toy {
    static constexpr transition_table<light, push, lamp, 3, 4, std::size(Rows)> rules{Rows};
    static constexpr set_of<lamp> of_transaction{}, from_outside{};
    static constexpr push brings_by = push::timer;
    static constexpr set_of<light> ends = light::off;
    static constexpr set_of<push> cuts = push::cut, spoken = set_of<push>::first(4);
    static constexpr std::size_t proved_rows = 0;
};
template <auto const& Rows>
constexpr auto found = walk<toy<Rows>, 1>().prove();

constexpr toy_row switch_off{light::red, push::plug, light::off, never, light::off, effect::ends};
constexpr toy_row green_off{light::green, push::plug, light::off, never, light::off, effect::ends};
constexpr toy_row tick{light::green, push::timer, light::red, never, stay};
constexpr toy_row cut_red{set_of<light>(light::red) | light::green, push::cut, light::off, never, light::off, effect::ends};
constexpr toy_row warm{light::red, push::button, light::green, never, stay, effect::none, {}, {}, lamp::warm};

constexpr toy_row right[] = {warm, tick, switch_off, green_off, cut_red};
static_assert(found<right>.fault == table_fault::none);

constexpr toy_row twice[] = {warm, tick, switch_off, green_off, cut_red, {light::green, push::timer, light::green, never, stay}};
static_assert(found<twice>.fault == table_fault::two_rows_for_one_cell && found<twice>.where == light::green && found<twice>.on == push::timer);

constexpr toy_row no_way[] = {{light::red, push::button, stay, never, stay, effect::none, {}, {}, lamp::warm},
                              {light::red, push::timer, stay, never, stay}, switch_off, green_off, cut_red};
static_assert(found<no_way>.fault == table_fault::a_state_that_cannot_be_reached && found<no_way>.where == light::green);

constexpr toy_row unused[] = {warm, switch_off, green_off, cut_red};
static_assert(found<unused>.fault == table_fault::an_event_that_is_never_in_order && found<unused>.on == push::timer);

constexpr toy_row cold[] = {{light::red, push::button, light::green, never, stay}, tick, switch_off, green_off, cut_red};
static_assert(found<cold>.fault == table_fault::a_fact_that_never_holds && found<cold>.facts == 1);

// Green is left if all goes well, or if the connection is cut; not if all is refused.
constexpr toy_row stuck[] = {warm, tick, switch_off, cut_red};
static_assert(found<stuck>.fault == table_fault::a_situation_that_cannot_end_if_all_is_refused && found<stuck>.where == light::green);
constexpr toy_row stuck_if_warm[] = {warm, tick, switch_off, cut_red, {light::green, push::plug, light::off, never, light::off, effect::ends, {}, lamp::warm}};
static_assert(found<stuck_if_warm>.fault == table_fault::a_situation_that_cannot_end_if_all_is_refused);

constexpr toy_row risen[] = {warm, tick, switch_off, green_off, cut_red, {light::off, push::button, light::red, never, stay}};
static_assert(found<risen>.fault == table_fault::a_way_out_of_the_end && found<risen>.where == light::off && found<risen>.on == push::button);

constexpr toy_row both[] = {{light::red, push::button, light::green, never, stay, effect::begins, {}, {}, lamp::warm},
                            {light::green, push::timer, light::red, never, stay}, switch_off, green_off, cut_red};
static_assert(found<both>.fault == table_fault::a_state_with_and_without_a_transaction && found<both>.where == light::red);

// A fact that should end with the transaction, and does not.
template <auto const& Rows>
struct toy_with_fact : toy<Rows> {
    static constexpr set_of<lamp> of_transaction = lamp::warm;
};
constexpr auto outlives = walk<toy_with_fact<right>, 1>().prove();
static_assert(outlives.fault == table_fault::a_fact_of_the_transaction_that_outlives_it && outlives.where == light::green && outlives.facts == 1);

}  // namespace

TEST_CASE("table: a cell that no row names moves nothing") {
    constexpr auto const& rules = toy<right>::rules;
    CHECK(rules.has(light::red, push::button));
    CHECK_FALSE(rules.has(light::red, push::timer));
    situation<light, lamp> const x{light::red, {}, transaction::none};
    for (answer const a : {answer::done, answer::more, answer::refused})
        CHECK(detail::settle(rules.at(light::red, push::timer), x, a, set_of<lamp>(lamp::warm), {}) == x);
}

}  // namespace test_table
