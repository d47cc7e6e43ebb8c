// The queue of events whose replies are due, against one that keeps each of them.
#include "catch.hpp"

#include "generate.hpp"

#include <ehlo/detail/event_queue.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace test_event_queue {

namespace {

using ehlo::event;
using ehlo::fact;
using ehlo::fact_set;
using queue = ehlo::detail::event_queue;
using all = std::deque<std::pair<event, fact_set>>;

std::size_t runs_of(all const& a) {
    std::size_t runs = 0, same = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        same = i != 0 && a[i].first == a[i - 1].first && a[i].first != event::mail && same < 0xFFFF ? same + 1 : 1;
        runs += same == 1;
    }
    return runs;
}

void compare(queue const& q, all const& a) {
    REQUIRE(q.empty() == a.empty());
    std::size_t at = 0;
    q.each([&](event e, fact_set, unsigned times) {
        for (unsigned i = 0; i < times; ++i, ++at) {
            REQUIRE(at < a.size());
            REQUIRE(a[at].first == e);
        }
    });
    REQUIRE(at == a.size());
    for (event const e : {event::greeting, event::mail, event::rcpt, event::data})
        REQUIRE(q.has(e) == (std::find_if(a.begin(), a.end(), [e](auto const& x) { return x.first == e; }) != a.end()));
    if (a.empty()) return;
    REQUIRE(q.first() == a.front().first);
    REQUIRE(q.last() == a.back().first);
    REQUIRE(q.first_brings() == a.front().second);
}

}  // namespace

TEST_CASE("event_queue: what goes in comes out, in its order, with what it brings") {
    generate::rng r(7);
    constexpr event kinds[] = {event::greeting, event::mail, event::rcpt, event::rcpt, event::rcpt, event::data};
    queue q;
    all a;
    compare(q, a);
    for (int n = 0; n < 5000; ++n) {
        event const e = kinds[r.between(0, 5)];
        bool const fits = runs_of(a) < 16 || (!a.empty() && a.back().first == e && e != event::mail);   // a MAIL is a run by itself
        REQUIRE(q.has_room(e) == fits);
        if (r.between(0, 2) != 0 && fits) {
            // Only MAIL brings something, and a MAIL after a MAIL is never under way.
            bool const brings = e == event::mail && (a.empty() || a.back().first != e);
            fact_set const facts = !brings ? fact_set() : r.between(0, 1) != 0 ? fact_set(fact::binary) : fact::smtputf8 | fact::binary;
            if (e == event::mail && !brings) continue;
            q.push(e, facts);
            a.emplace_back(e, facts);
        } else if (!a.empty()) {
            q.pop();
            a.pop_front();
        }
        compare(q, a);
    }
    q.clear();
    CHECK(q.empty());
}

TEST_CASE("event_queue: a run longer than 16 bits is two") {
    queue q;
    for (std::size_t n = 0; n < 0x10000; ++n) q.push(event::rcpt, {});
    std::size_t runs = 0, times = 0;
    q.each([&](event, fact_set, unsigned n) {
        ++runs;
        times += n;
    });
    CHECK((runs == 2 && times == 0x10000));
    for (std::size_t n = 0; n < 0x10000; ++n) q.pop();
    CHECK(q.empty());
}

}  // namespace test_event_queue
