// The proof over transition tables: a small table with each fault, and the session's own table against what RFC 5321 says.
#include "catch.hpp"

#include <ehlo/session.hpp>

#include <set>
#include <string>

namespace {

using ehlo::table_fault;

enum class light { red, green, off };
enum class push { button, timer, plug };
using row = ehlo::transition<light, push>;
template <std::size_t N>
constexpr auto table(row const (&rows)[N]) {
    return ehlo::transition_table<light, push, 3, 3>(rows);
}

constexpr row right[] = {
    {light::red, push::button, light::green, light::red},
    {light::green, push::timer, light::red, light::green},
    {light::red, push::plug, light::off, light::off},
    {light::green, push::plug, light::off, light::off},
};
constexpr auto right_table = table(right);
static_assert(right_table.fault() == table_fault::none);
static_assert(ehlo::prove<right_table>());

constexpr row twice[] = {
    {light::red, push::button, light::green, light::red},
    {light::green, push::timer, light::red, light::green},
    {light::green, push::plug, light::off, light::off},
    {light::green, push::timer, light::green, light::red},  // again
};
constexpr row no_way_to_green[] = {
    {light::red, push::button, light::red, light::red},
    {light::red, push::timer, light::red, light::red},
    {light::red, push::plug, light::off, light::off},
    {light::green, push::timer, light::red, light::green},
};
constexpr row stuck_in_green[] = {
    {light::red, push::button, light::green, light::red},
    {light::red, push::plug, light::off, light::off},
    {light::green, push::timer, light::green, light::green},
};
constexpr row timer_without_use[] = {
    {light::red, push::button, light::green, light::red},
    {light::green, push::plug, light::off, light::off},
};
constexpr row rises_from_the_dead[] = {
    {light::red, push::button, light::green, light::red},
    {light::green, push::timer, light::off, light::green},
    {light::off, push::plug, light::red, light::off},
};
constexpr row only_by_refusal[] = {
    {light::red, push::button, light::red, light::green},  // green is reached when the button is refused
    {light::green, push::timer, light::green, light::off},
    {light::red, push::plug, light::red, light::red},
};

struct expected {
    table_fault fault;
    light state;
    push event;
};
template <std::size_t N>
void faulty(row const (&rows)[N], expected const& e) {
    auto const t = table(rows);
    CHECK(t.fault() == e.fault);
    CHECK(t.fault_state() == e.state);
    CHECK(t.fault_event() == e.event);
}

}  // namespace

TEST_CASE("table: each fault is found, with its place") {
    faulty(twice, {table_fault::duplicate_cell, light::green, push::timer});
    faulty(no_way_to_green, {table_fault::unreachable_state, light::green, push::button});
    faulty(stuck_in_green, {table_fault::state_that_cannot_end, light::green, push::button});
    faulty(timer_without_use, {table_fault::unused_event, light::red, push::timer});
    faulty(rises_from_the_dead, {table_fault::way_out_of_the_end, light::off, push::plug});
    faulty(only_by_refusal, {table_fault::none, light::red, push::button});
}

TEST_CASE("table: the first fault is the one that is told") {
    // A duplicate hides whatever else is wrong, since what the rows mean is not clear then.
    constexpr row both[] = {
        {light::red, push::button, light::red, light::red},
        {light::red, push::button, light::red, light::red},
    };
    faulty(both, {table_fault::duplicate_cell, light::red, push::button});
    constexpr row nothing_leads_on[] = {{light::red, push::button, light::red, light::red}};
    faulty(nothing_leads_on, {table_fault::state_that_cannot_end, light::red, push::button});
}

TEST_CASE("table: a cell that is absent moves nothing") {
    CHECK(right_table.allows(light::red, push::button));
    CHECK_FALSE(right_table.allows(light::red, push::timer));
    CHECK(right_table.next(light::red, push::timer, true) == light::red);
    CHECK(right_table.next(light::green, push::button, false) == light::green);
    CHECK(right_table.next(light::red, push::button, true) == light::green);
    CHECK(right_table.next(light::red, push::button, false) == light::red);
    CHECK(right_table.next(light::off, push::plug, true) == light::off);
}

TEST_CASE("table: it is found at any size, in any order of rows") {
    // A chain 0 -> 1 -> ... -> 99, its rows from the last to the first: reaching its end takes many rounds.
    using chain = ehlo::transition_table<int, int, 100, 1>;
    ehlo::transition<int, int> rows[99];
    for (int i = 0; i < 99; ++i) rows[98 - i] = {i, 0, i + 1, i};
    CHECK(chain(rows).fault() == table_fault::none);
    rows[40].accepted = rows[40].state;  // the chain is cut at 58
    CHECK(chain(rows).fault() == table_fault::state_that_cannot_end);
    CHECK(chain(rows).fault_state() == 0);
    rows[40].accepted = 99;
    CHECK(chain(rows).fault() == table_fault::unreachable_state);
    CHECK(chain(rows).fault_state() == 59);
}

TEST_CASE("session table: cell by cell, as RFC 5321 and the table of states of the RFCs have it") {
    using ehlo::event;
    using ehlo::state;
    // accepted / refused, by state; "-" is out of order. Written down from RFC 5321 3.1-3.3, 3.8, 4.1.1, 4.1.4.
    struct line {
        event e;
        std::string_view connected, greeted, ready, mail, rcpt, data, refused;
    };
    constexpr line facts[] = {
        {event::greeting, "greeted/refused", "-", "-", "-", "-", "-", "-"},
        {event::hello, "-", "ready/greeted", "ready/ready", "ready/mail", "ready/rcpt", "-", "-"},
        {event::mail, "-", "-", "mail/ready", "-", "-", "-", "-"},
        {event::rcpt, "-", "-", "-", "rcpt/mail", "rcpt/rcpt", "-", "-"},
        {event::data, "-", "-", "-", "-", "data/rcpt", "-", "-"},
        {event::content_end, "-", "-", "-", "-", "-", "ready/ready", "-"},
        {event::rset, "-", "greeted/greeted", "ready/ready", "ready/mail", "ready/rcpt", "-", "-"},
        {event::noop, "-", "greeted/greeted", "ready/ready", "mail/mail", "rcpt/rcpt", "-", "-"},
        {event::vrfy, "-", "greeted/greeted", "ready/ready", "mail/mail", "rcpt/rcpt", "-", "-"},
        {event::expn, "-", "greeted/greeted", "ready/ready", "mail/mail", "rcpt/rcpt", "-", "-"},
        {event::help, "-", "greeted/greeted", "ready/ready", "mail/mail", "rcpt/rcpt", "-", "-"},
        {event::turn, "-", "-", "closed/ready", "-", "-", "-", "-"},
        {event::quit, "-", "closed/closed", "closed/closed", "closed/closed", "closed/closed", "-", "closed/closed"},
        {event::shutdown, "closed/closed", "closed/closed", "closed/closed", "closed/closed", "closed/closed",
         "closed/closed", "closed/closed"},
    };
    static_assert(std::size(facts) == ehlo::event_count);
    for (line const& f : facts) {
        std::string_view const cells[] = {f.connected, f.greeted, f.ready, f.mail, f.rcpt, f.data, f.refused, "-"};
        for (std::size_t s = 0; s < ehlo::state_count; ++s) {
            auto const where = static_cast<state>(s);
            CAPTURE(name(where), name(f.e));
            std::string const next = std::string(name(ehlo::smtp_table.next(where, f.e, true))) + "/" +
                                     std::string(name(ehlo::smtp_table.next(where, f.e, false)));
            if (cells[s] == "-") {
                CHECK_FALSE(ehlo::smtp_table.allows(where, f.e));
                CHECK(next == std::string(name(where)) + "/" + std::string(name(where)));
            } else {
                CHECK(ehlo::smtp_table.allows(where, f.e));
                CHECK(next == cells[s]);
            }
        }
    }
}

TEST_CASE("session: verbs, names and timeouts") {
    using ehlo::event;
    using ehlo::verb;
    CHECK(event_of(verb::helo) == event::hello);
    CHECK(event_of(verb::ehlo) == event::hello);
    for (verb const v : {verb::mail, verb::send, verb::soml, verb::saml}) CHECK(event_of(v) == event::mail);
    for (verb const v : {verb::rcpt, verb::data, verb::rset, verb::noop, verb::quit, verb::vrfy, verb::expn, verb::help, verb::turn})
        CHECK(name(event_of(v).value()) == name(v));
    for (verb const v : {verb::unknown, verb::starttls, verb::auth, verb::bdat, verb::burl, verb::etrn, verb::atrn, verb::xclient})
        CHECK_FALSE(event_of(v));
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < ehlo::state_count; ++i) names.insert(name(static_cast<ehlo::state>(i)));
    for (std::size_t i = 0; i < ehlo::event_count; ++i) names.insert(name(static_cast<event>(i)));
    CHECK(names.size() == ehlo::state_count + ehlo::event_count);
    CHECK(names.count("") == 0);
    // RFC 5321 4.5.3.2
    CHECK(ehlo::client_timeout(event::greeting) == 300);
    CHECK(ehlo::client_timeout(event::mail) == 300);
    CHECK(ehlo::client_timeout(event::rcpt) == 300);
    CHECK(ehlo::client_timeout(event::data) == 120);
    CHECK(ehlo::content_block_timeout == 180);
    CHECK(ehlo::client_timeout(event::content_end) == 600);
    CHECK(ehlo::server_timeout == 300);
}
