// An observer between the client and the server of a walk: it sees the octets alone, and must tell what both of them know.
#pragma once

#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace witness {

using ehlo::direction;
namespace seen = ehlo::seen;

constexpr std::uint32_t stir(std::uint32_t h, std::string_view text) {
    for (char const c : text) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
    return h;
}

// What it told in one call.
struct story {
    struct answer {
        std::optional<ehlo::event> to;
        unsigned code;
        bool sure;
    };
    answer answers[16]{};
    std::size_t answered = 0;
    unsigned commands = 0, ends = 0, delivered = 0, transactions = 0;
    std::optional<ehlo::event> event{};    // of the latest command
    std::uint32_t line = 0;                // likewise
    std::optional<ehlo::departure> odd{};  // something that neither of the two does
    std::uint32_t* content;                // of this message
    std::uint32_t all = 2166136261U;       // of all that was told but pieces of content
    bool unsure = false;

    void add(std::uint64_t n) { all = (all ^ static_cast<std::uint32_t>(n ^ n >> 32)) * 16777619U; }
    void add(seen::place const& p) {
        add(p.at);
        add(p.size);
        unsure = unsure || !p.sure;
    }
    void on(seen::command const& c) {
        add(c);
        all = stir(all, c.line);
        ++commands;
        event = c.event;
        line = stir(2166136261U, c.line);
        if (c.event == ehlo::event::mail) *content = 2166136261U;
    }
    void on(seen::response const& r) {
        add(r);
        ++commands;
        event = ehlo::event::response;
        line = stir(2166136261U, r.line);
    }
    void on(seen::reply const& r) {
        add(r);
        all = stir(all, r.said.octets());
        if (answered < 16) answers[answered] = {r.to, r.said.code(), r.sure};
        ++answered;
    }
    void on(seen::content const& c) {
        *content = stir(*content, c.octets);
        unsure = unsure || !c.sure;
    }
    void on(seen::end_of_content const& e) {
        add(e);
        ++ends;
    }
    void on(seen::transaction const& t) {
        add(static_cast<unsigned>(t.outcome) + 16 * t.code + 65536 * t.accepted);
        ++transactions;
        delivered += t.outcome == ehlo::outcome::delivered ? 1u : 0u;
    }
    void on(seen::unanswered const& u) { add(u); }
    void on(seen::in_step const& s) { add(s.sure ? 3 : 5); }
    void on(seen::tls const& t) { add(t.client_at * 3 + t.server_at); }
    void on(seen::departed const& d) {
        add(static_cast<unsigned>(d.what));
        add(d.at);
        using enum ehlo::departure;
        // Commands that cross with replies, and a server that closes.
        if (d.what != out_of_order && d.what != after_the_end && d.what != unexpected_reply && d.what != early_reply)
            odd = d.what;
    }
};

struct between {
    ehlo::observer o{};
    std::uint32_t content = 2166136261U;
    unsigned yes = 0;    // replies of the handler that take the message
    bool over = false;   // QUIT or 421 was answered

    // Shows octets whole, and to a copy one by one: both must be told the same, and nothing may be left.
    template <class Must>
    story show(direction d, std::string_view octets, Must&& must) {
        ehlo::observer by_octets = o;
        std::uint32_t other_content = content;
        story told{.content = &content}, other{.content = &other_content};
        auto const step = o.advance(d, octets, told);
        must(step.consumed == octets.size(), "the observer leaves octets of whole lines");
        char pending[1500];
        std::size_t left = 0;
        must(octets.size() <= sizeof pending, "the test's own room is too small");
        for (char const c : octets) {
            pending[left++] = c;
            auto const one = by_octets.advance(d, {pending, left}, other);
            left -= one.consumed;
            std::memmove(pending, pending + one.consumed, left);
        }
        must(left == 0 && told.all == other.all && content == other_content, "octet by octet the observer tells something else");
        must(o.offset(d) == by_octets.offset(d) && o.where() == by_octets.where(), "octet by octet the observer is somewhere else");
        return told;
    }
};
static_assert(std::is_trivially_copyable_v<between>);

}  // namespace witness
