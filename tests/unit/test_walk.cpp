// Client and server together: a search over all that the two can do to each other, and a random walk that goes deeper.
//
// Both machines are values, and so is a pair of them with the octets under way: each way out of a pair is tried on a copy.
#include "catch.hpp"
#include "generate.hpp"
#include "walk_ways.hpp"

#include <ehlo/ehlo.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace test_walk {

namespace {

using namespace walking;

// What can be seen of a pair; `allowed`: which commands the client would write.
std::uint64_t key_of(pair const& p, std::uint32_t allowed) {
    std::uint64_t a = 0x9E3779B97F4A7C15U;
    auto const add = [&a](std::uint64_t x) {
        a = (a ^ x) * 0xBF58476D1CE4E5B9U;
        a ^= a >> 29;
    };
    ehlo::client const& c = p.client;
    auto const& s = p.server;
    add(static_cast<unsigned>(c.where()) | c.known().bits << 8 | std::uint64_t{c.recipients()} << 16 | (c.over() ? 1U << 24 : 0U) |
        (c.awaits() ? 1 + static_cast<std::uint64_t>(*c.awaits()) : 0) << 32 | c.chunk_left() << 40);
    add(c.offers().offered.bits);
    std::uint64_t known = 0;
    for (unsigned f = 0; f < ehlo::fact_count; ++f) known |= s.knows(static_cast<ehlo::fact>(f)) ? 1U << f : 0U;
    add(static_cast<unsigned>(s.where()) | known << 8 | std::uint64_t{s.recipients()} << 16 |
        (p.waits ? 1 + static_cast<std::uint64_t>(*p.waits) : 0) << 24 | std::uint64_t{p.to_server.size} << 32);
    add(allowed);
    add(p.rcpts_written | unsigned{p.rcpts} << 4 | unsigned{p.confirmed} << 8 | unsigned{p.open} << 12 | unsigned{p.stored} << 13 |
        unsigned{p.wrote_content} << 14 | unsigned{p.last_chunk && c.chunk_left() != 0} << 15 |
        unsigned{p.again} << 16 | unsigned{p.utf8} << 17 | unsigned{p.each} << 18 | unsigned{p.taken} << 19);
    for (std::size_t i = 0; i < p.asked.size; ++i)
        add(static_cast<unsigned>(p.asked.items[i].on) | unsigned{p.asked.items[i].other} << 8 | unsigned{p.asked.items[i].alone} << 9 |
            unsigned{p.asked.items[i].foreign} << 10 | 1U << 16);
    for (std::size_t i = 0; i < p.told.size; ++i)
        add(static_cast<unsigned>(p.told.items[i].on) | unsigned{p.told.items[i].code} << 8 | 1U << 20 | unsigned{p.told.items[i].more} << 21);
    return a;
}

struct walk {
    limits l;
    bool cuts = false;                  // every way of octets, cut at every place, too
    std::size_t most_pairs = 20000000;

    struct place {
        std::uint32_t from;
        way by;
    };
    std::vector<place> places{};
    std::vector<std::uint32_t> leads_to{};   // by the first way there is: what is under way is read, and then the session ended
    std::unordered_map<std::uint64_t, std::uint32_t> known{};
    std::deque<pair> next{};
    std::size_t ways = 0, cut_ways = 0, losses = 0, each = 0;   // `each`: pairs between the replies of PRDR

    std::string way_to(std::uint32_t n) const {
        std::string text;
        for (; n != 0; n = places[n].from) text = " > " + std::string(way_names[static_cast<unsigned>(places[n].by)]) + text;
        return text;
    }
    std::uint32_t allowed(pair const& p) const {
        std::uint32_t all = 0;
        for (unsigned w = 0; w < way_count; ++w) {
            if (!is_call(static_cast<way>(w))) continue;
            pair q = p;
            q.to_server.size = 0;   // room
            q.asked.size = q.told.size = 0;
            limits wide = l;
            wide.recipients = 255;
            if (call(q, static_cast<way>(w), wide)) all |= 1U << w;
            else must(q.client.where() == p.client.where() && q.client.awaits() == p.client.awaits(), "refused, and moved");
        }
        return all;
    }
    std::uint32_t find(pair const& p, std::uint32_t from, way by) {
        auto const [at, is_new] = known.emplace(key_of(p, allowed(p)), static_cast<std::uint32_t>(places.size()));
        if (is_new) {
            places.push_back({from, by});
            leads_to.push_back(0);
            next.push_back(p);
            each += p.each ? 1 : 0;
        }
        return at->second;
    }
    // The same way with the octets cut everywhere must come to the same.
    void cut(pair const& p, way w, std::uint64_t whole) {
        std::size_t const size = w == way::hear ? p.to_client.size : p.to_server.size;
        for (std::size_t n = 1; n < size; ++n) {
            pair q = p;
            if (w == way::hear) {
                if (!hear(q, n)) must(hear(q), "a reply in two pieces is none");
            } else {
                q.again = false;
                bool const chosen = read(q, w, n);
                if (!q.server_closed()) read(q, w, static_cast<std::size_t>(-1), chosen);
            }
            ++cut_ways;
            if (key_of(q, allowed(q)) != whole) wrong("cut after ", std::to_string(n), " octets it comes to something else");
        }
    }
    void run() {
        pair const first(l.settings);
        find(first, 0, way::hear);
        std::uint32_t at = 0, way_now = 0;
        WALK_TRY {
            for (; !next.empty() && places.size() < most_pairs; ++at) {
                pair const p = next.front();
                next.pop_front();
                way_now = way_count;
                look(p);
                if (p.done()) {
                    leads_to[at] = at;
                    continue;
                }
                lose(p, false);
                lose(p, true);
                losses += 2;
                bool some = false;
                for (unsigned w = 0; w < way_count; ++w) {
                    way_now = w;
                    pair q = p;
                    if (!go(q, static_cast<way>(w), l)) continue;
                    ++ways;
                    std::uint32_t const to = find(q, at, static_cast<way>(w));
                    if (!some) leads_to[at] = to;
                    some = true;
                    if (cuts && (w == 0 || (is_answer(static_cast<way>(w)) && !p.waits))) cut(p, static_cast<way>(w), key_of(q, allowed(q)));
                }
                way_now = way_count;
                must(some, "there is nothing to do");
            }
            if (next.empty()) ends(at);
        } WALK_CATCH(f) {
            FAIL(f.what() << ": " << way_to(at) << " > " << (way_now < way_count ? way_names[way_now] : "(there)"));
        }
    }
    // From each pair the first ways lead to the end.
    void ends(std::uint32_t& at) const {
        std::vector<std::uint8_t> good(places.size());
        for (std::uint32_t i = 0; i < places.size(); ++i) {
            std::vector<std::uint32_t> trail;
            for (at = i; good[at] == 0; at = leads_to[at]) {
                good[at] = 1;
                if (leads_to[at] == at) good[at] = 2;
                trail.push_back(at);
            }
            must(good[at] == 2, "it goes round and round");
            for (std::uint32_t const t : trail) good[t] = 2;
        }
    }
};

constexpr ehlo::policy walked(ehlo::service service) {
    ehlo::policy p;
    p.service = service;
    p.offers = p.offers | ehlo::extension::pipelining | ehlo::extension::enhanced_status_codes | ehlo::extension::chunking |
               ehlo::extension::binary_mime | ehlo::extension::starttls | ehlo::extension::auth;
    p.max_errors = 0xFFFFFFFF;
    return p;
}

void take_walk(std::string_view title, walk& w) {
    auto const begin = std::chrono::steady_clock::now();
    w.run();
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - begin;
    std::printf("walk, %s: %zu pairs, %zu ways, %zu cut, %.1f s\n", std::string(title).c_str(), w.places.size(), w.ways, w.cut_ways, seconds.count());
    CHECK(w.next.empty() == (w.most_pairs > w.places.size()));
}

// Goes on until the end, many messages later; octets come in pieces of any size. What follows a way is looked at as in the walk.
struct wanderer {
    generate::rng& r;
    limits l;
    pair p;
    std::size_t shown_server = 0, shown_client = 0;   // octets that were seen and not consumed
    std::string trail{};
    std::size_t steps = 0, messages = 0;   // delivered

    bool step(way w) {
        if (w == way::hear) {
            if (p.to_client.empty() || p.told.empty()) return false;
            std::size_t const n = r.between(shown_client < 1 ? 1 : shown_client, p.to_client.size), size = p.to_client.size;
            bool const delivers = p.told.first().delivers;
            shown_client = hear(p, n) ? n - (size - p.to_client.size) : n;
            if (p.to_client.size < size && delivers) ++messages;
            return true;
        }
        if (is_answer(w) && !p.waits) {
            if (p.server_closed() || (w == way::challenge && !may_challenge(p))) return false;
            if (p.to_server.size < shown_server) wrong("consumed what it was not shown");
            if (p.to_server.size == shown_server && p.server.where() != state::connected && !p.again) return false;
            p.again = false;
            std::size_t const n = r.between(shown_server, p.to_server.size), size = p.to_server.size;
            read(p, w, n);
            shown_server = p.server_closed() ? 0 : n - (size - p.to_server.size);
            return true;
        }
        std::size_t const size = p.to_server.size;
        if (!go(p, w, l)) return false;
        if (is_answer(w)) shown_server = p.server_closed() ? 0 : shown_server - (size - p.to_server.size);
        if (w == way::shut_down || w == way::secure) shown_server = 0;
        return true;
    }
    void run(std::size_t most) {
        WALK_TRY {
            for (std::size_t idle = 0; !p.done() && steps < most;) {
                look(p);
                if (r.one_in(50)) lose(p, r.one_in(2));
                way w = static_cast<way>(r.below(way_count));
                if (w == way::no || w == way::no_for_now) w = r.one_in(3) ? w : way::yes;
                if ((w == way::bye || w == way::quit || w == way::shut_down) && !r.one_in(60)) continue;
                if ((w == way::rset || w == way::hello || w == way::helo || w == way::lhlo) && p.client.where() != state::greeted && !r.one_in(20)) continue;
                pair const before = p;
                if (!step(w)) {
                    p = before;
                    must(++idle < 20000, "there is nothing to do");
                    continue;
                }
                idle = 0;
                ++steps;
                trail += " > " + std::string(way_names[static_cast<unsigned>(w)]);
            }
        } WALK_CATCH(f) {
            FAIL(f.what() << ": " << trail.substr(trail.size() > 3000 ? trail.size() - 3000 : 0));
        }
    }
};

void wander(ehlo::policy const& settings, std::uint64_t seed) {
    generate::rng r(seed);
    std::size_t steps = 0, messages = 0;
    for (int i = 0; i < generate::drawn(4000); ++i) {
        limits const l{.settings = settings, .under_way = 6, .recipients = 3, .utf8 = true, .xclient = true, .prdr = true};
        wanderer w{.r = r, .l = l, .p = pair(settings)};
        w.run(600);
        steps += w.steps;
        messages += w.messages;
    }
    std::printf("random walk: %zu steps, %zu messages\n", steps, messages);
    CHECK(messages > 0);
}

constexpr ehlo::policy smtp_walked = walked(ehlo::service::smtp), lmtp_walked = walked(ehlo::service::lmtp);
constexpr ehlo::policy requiring(bool tls, bool authentication) {
    ehlo::policy p = smtp_walked;
    p.require_tls = tls;
    p.require_authentication = authentication;
    return p;
}
constexpr ehlo::policy requires_tls = requiring(true, false), requires_authentication = requiring(false, true), requires_both = requiring(true, true);
constexpr ehlo::policy with_xclient = [] {
    ehlo::policy p = requires_authentication;
    p.offers = p.offers | ehlo::extension::xclient;
    return p;
}();
constexpr ehlo::policy with_prdr = [] {
    ehlo::policy p = smtp_walked;
    p.offers = p.offers | ehlo::extension::prdr;
    return p;
}();
constexpr ehlo::policy without_pipelining = [] {
    ehlo::policy p = smtp_walked;
    p.offers = p.offers - ehlo::extension::pipelining;
    return p;
}();

}  // namespace

// A part of each walk where nothing is optimised or a sanitizer runs; all of it elsewhere.
constexpr std::size_t most(std::size_t pairs) { return generate::draws_few ? 8000 : pairs; }

TEST_CASE("client and server, all there is, two commands under way: SMTP") {
    walk w{.l = {.settings = smtp_walked, .under_way = 2}, .most_pairs = most(20000000)};
    take_walk("SMTP", w);
}
TEST_CASE("client and server, all there is, two commands under way: LMTP") {
    walk w{.l = {.settings = lmtp_walked, .under_way = 2}, .most_pairs = most(20000000)};
    take_walk("LMTP", w);
}
TEST_CASE("client and server, all there is, without PIPELINING") {
    walk w{.l = {.settings = without_pipelining, .under_way = 2}};
    take_walk("without PIPELINING", w);
}
TEST_CASE("client and server, all there is: TLS, authentication and both of them required (RFC 3207 4, RFC 4954 4)") {
    for (ehlo::policy const* p : {&requires_tls, &requires_authentication, &requires_both}) {
        walk w{.l = {.settings = *p, .under_way = 2, .binary = false}, .most_pairs = most(200000)};
        take_walk("required", w);
    }
}
TEST_CASE("client and server, all there is: SMTPUTF8 (RFC 6531), and XCLIENT where authentication is required") {
    walk utf8{.l = {.settings = smtp_walked, .under_way = 2, .security = false, .utf8 = true}, .most_pairs = most(200000)};
    take_walk("SMTPUTF8", utf8);
    walk again{.l = {.settings = with_xclient, .under_way = 2, .binary = false, .utf8 = true, .xclient = true}, .most_pairs = most(200000)};
    take_walk("XCLIENT", again);
}
TEST_CASE("client and server, all there is: a reply for each recipient (draft-hall-prdr-00)") {
    walk w{.l = {.settings = with_prdr, .under_way = 2, .binary = false, .security = false, .prdr = true}, .most_pairs = most(400000)};
    take_walk("PRDR", w);
    CHECK((w.each > 0 || generate::draws_few));
    walk cut{.l = {.settings = with_prdr, .under_way = 2, .binary = false, .security = false, .prdr = true}, .cuts = true, .most_pairs = generate::draws_few ? 500u : 6000u};
    take_walk("PRDR, cut", cut);
}
TEST_CASE("client and server, four commands under way: SMTP") {
    walk w{.l = {.settings = smtp_walked, .under_way = 4, .security = false}, .most_pairs = most(400000)};
    take_walk("SMTP, 4", w);
}
TEST_CASE("client and server, four commands under way: LMTP") {
    walk w{.l = {.settings = lmtp_walked, .under_way = 4, .security = false}, .most_pairs = most(400000)};
    take_walk("LMTP, 4", w);
}
TEST_CASE("client and server, every way of octets cut at every octet") {
    for (ehlo::policy const* p : {&smtp_walked, &lmtp_walked}) {
        walk w{.l = {.settings = *p, .under_way = 3}, .cuts = true, .most_pairs = generate::draws_few ? 500u : 6000u};
        take_walk("cut", w);
    }
}
TEST_CASE("client and server, a random walk") {
    wander(smtp_walked, 5321);
    wander(lmtp_walked, 2033);
    wander(with_xclient, 4954);
    wander(with_prdr, 353);
}

}  // namespace test_walk
