// The proof proves: each entry of each row of the table, changed to every other value it could have, is refused. What is not
// refused means the same, and says why. (tests/mutate_table.py does the like to the text of session.hpp, with the compiler.)
#include "catch.hpp"

#include <ehlo/proof.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace test_proof {

namespace {

using namespace ehlo;
using rows_of_smtp = detail::session_rows;
using row = detail::session_row;

// SMTP with a table that can be changed.
struct mutant : smtp_protocol {
    using table = transition_table<state, event, fact, state_count, event_count, detail::session_row_count>;
    static inline table rules{rows_of_smtp::rows};
    static void take(row const (&rows)[detail::session_row_count]);
};
}  // namespace
}  // namespace test_proof

template <>
ehlo::detail::worked_out<test_proof::mutant::table> ehlo::detail::order_of<test_proof::mutant>{test_proof::mutant::rules,
                                                                                               ehlo::smtp_protocol::of_transaction};

namespace test_proof {
namespace {
void mutant::take(row const (&rows)[detail::session_row_count]) {
    rules = table(rows);
    detail::order_of<mutant> = detail::worked_out<table>(rules, of_transaction);
}

std::string name_of(state s) {
    return s == rows_of_smtp::stay ? "stay" : s == rows_of_smtp::never ? "never" : std::string(name(s));
}
template <class Enum, std::size_t N>
std::string names_of(set_of<Enum> set, std::integral_constant<std::size_t, N>) {
    std::string all;
    for (std::size_t i = 0; i < N; ++i)
        if (set.has(static_cast<Enum>(i))) (all += all.empty() ? "" : "|") += name(static_cast<Enum>(i));
    return all;
}

bool is_refused() {
    walk<mutant, fact_count> const all;
    if (all.prove().fault != table_fault::none) return true;
    return detail::find_order_fault<mutant>(all).broken != rule_of_order::none;
}

// What a table does in all situations that can be reached: tables that do the same mean the same.
std::vector<unsigned> behaviour(walk<mutant, fact_count> const& reached) {
    std::vector<unsigned> all;
    for (std::size_t i = 0; i < reached.count; ++i)
        for (std::size_t n = 0; n < event_count - own_event_count; ++n) {
            auto const x = reached.at(i);
            auto const on = static_cast<event>(n);
            auto const& r = mutant::rules.at(x.where, on);
            auto const why = detail::find_disorder(r, x.known);
            all.push_back(why ? static_cast<unsigned>(*why) + 1 : 0);
            for (answer const a : {answer::done, answer::more, answer::refused}) {
                all.push_back(detail::order_of<mutant>.has_answer(on, a) && detail::target_of(r, a, x.known) != rows_of_smtp::never);
                for (fact_set const brought : {fact_set(), fact_set::first(fact_count)}) {
                    auto const to = detail::settle(r, x, a, brought, mutant::of_transaction);
                    all.push_back(static_cast<unsigned>(to.where) << 16 | static_cast<unsigned>(to.known.bits) << 8 | static_cast<unsigned>(to.open));
                    // What becomes of a message: delivered or dropped.
                    all.push_back(r.does == effect::delivers && a == answer::done);
                }
            }
        }
    return all;
}

// All mutants, by name: "row: column value".
void each_mutant(std::function<void(std::string const& what)> const& f) {
    constexpr std::string_view effects[] = {"none", "begins", "adds", "part", "delivers", "drops", "ends"};
    for (std::size_t n = 0; n < detail::session_row_count; ++n) {
        row const original = rows_of_smtp::rows[n];
        std::string const head = names_of(original.from, std::integral_constant<std::size_t, state_count>()) + " " +
                                 names_of(original.on, std::integral_constant<std::size_t, event_count>()) + (original.in_order ? ": " : " misplaced: ");
        auto changed = [&](std::string const& what, auto&& change) {
            row rows[detail::session_row_count];
            for (std::size_t i = 0; i < detail::session_row_count; ++i) rows[i] = rows_of_smtp::rows[i];
            change(rows[n]);
            mutant::take(rows);
            f(head + what);
        };
        changed("dropped", [](row& r) { r.on = {}; });
        for (std::size_t i = 0; i < state_count; ++i) {
            state const s = static_cast<state>(i);
            bool const there = original.from.has(s);
            changed(std::string(there ? "from - " : "from + ") + name_of(s), [&](row& r) { r.from = there ? r.from - s : r.from | s; });
        }
        for (std::size_t i = 0; i < event_count - own_event_count; ++i) {
            event const e = static_cast<event>(i);
            bool const there = original.on.has(e);
            changed(std::string(there ? "on - " : "on + ") + std::string(name(e)), [&](row& r) { r.on = there ? r.on - e : r.on | e; });
        }
        std::vector<state> to{rows_of_smtp::stay, rows_of_smtp::never};
        for (std::size_t i = 0; i < state_count; ++i) to.push_back(static_cast<state>(i));
        for (state const s : to) {
            if (s != original.done) changed("done " + name_of(s), [&](row& r) { r.done = s; });
            if (s != original.more) changed("more " + name_of(s), [&](row& r) { r.more = s; });
            if (s != original.refused) changed("refused " + name_of(s), [&](row& r) { r.refused = s; });
        }
        for (std::size_t i = 0; i < std::size(effects); ++i)
            if (static_cast<effect>(i) != original.does)
                changed("does " + std::string(effects[i]), [&](row& r) { r.does = static_cast<effect>(i); });
        for (std::size_t i = 0; i < fact_count; ++i) {
            fact const one = static_cast<fact>(i);
            auto toggled = [&](char const* column, fact_set row::*facts) {
                bool const there = (original.*facts).has(one);
                changed(std::string(column) + (there ? " - " : " + ") + std::string(name(one)),
                        [&](row& r) { r.*facts = there ? r.*facts - one : r.*facts | one; });
            };
            toggled("needs", &row::needs);
            toggled("barred", &row::barred);
            toggled("sets", &row::sets);
            toggled("clears", &row::clears);
            toggled("brings", &row::brings);
            toggled("asked", &row::asked);
        }
        changed("in order", [](row& r) { r.in_order = !r.in_order; });
    }
    mutant::take(rows_of_smtp::rows);
}

}  // namespace

TEST_CASE("proof: no change of the table survives it, unless it changes nothing that can be seen") {
    REQUIRE_FALSE(is_refused());
    walk<mutant, fact_count> const reached;
    std::vector<unsigned> const right = behaviour(reached);
    std::size_t count = 0, refused = 0, same = 0;
    std::string survivors;
    each_mutant([&](std::string const& what) {
        ++count;
        if (is_refused()) ++refused;
        else if (behaviour(reached) == right) ++same;
        else (survivors += what) += '\n';
    });
    INFO(count << " mutants, " << refused << " refused, " << same << " mean the same");
    CHECK(count > 3000);
    CHECK(refused > 2500);
    CHECK(survivors == "");
}

}  // namespace test_proof
