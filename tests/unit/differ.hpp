// What the comparisons with the oracle share: texts drawn, changed and put together; and what is compared of a result.
#pragma once

#include "support.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <ehlo/path.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace differ {

using namespace ehlo;
using support::escaped;
using support::say;

constexpr int rounds = generate::tries_few ? 2000 : generate::drawn(200000);

// The limits out of the way, as in the rules of the oracle.
constexpr syntax unlimited(bool utf8) {
    return {.tolerate = strict,
            .smtputf8 = utf8,
            .max_local_part = 0xFFFF,
            .max_domain = 0xFFFF,
            .max_path = 0xFFFF};
}
constexpr syntax limited(bool utf8) { return {.tolerate = strict, .smtputf8 = utf8}; }

// Every failure must be a place: what stands before it is not at fault alone, and it is not beyond the end.
inline bool placed(failure f, std::string_view text) { return f.at <= text.size(); }

// Draws `many` texts: sentences, their mutations, and halves of two sentences; `agree(text, utf8)` says whether oracle
// and library agree and sets `accepted`.
template <class Generate, class Agree>
inline void compare(unsigned seed, Generate&& make, Agree&& agree, int many = rounds) {
    generate::rng r(seed);
    std::size_t good = 0, bad = 0;
    std::string last;
    for (int i = 0; i < many; ++i) {
        // Sentences with UTF-8 are also read without, and the other way round.
        bool const wide = r.one_in(2), utf8 = r.one_in(8) ? !wide : wide;
        std::size_t const budget = r.one_in(1000) ? 200 : r.between(2, 8);
        std::string text = make(r, wide, budget);
        switch (r.below(4)) {
        case 0: break;
        case 1: {
            std::string const other = generate::splice(r, text, last);
            last = text;
            text = other;
            break;
        }
        default:
            last = text;
            generate::mutate(r, text);
            break;
        }
        bool accepted = false;
        std::string const what = agree(support::shared_fence().put(text), utf8, accepted);
        ++(accepted ? good : bad);
        if (!what.empty())
            FAIL_CHECK(escaped(text) << (utf8 ? " with" : " without") << " SMTPUTF8: " << what);
    }
    CHECK(good > static_cast<std::size_t>(many) / 10);
    CHECK(bad > static_cast<std::size_t>(many) / 10);
}

// A verdict of the oracle against a result of the library, and the failure's place.
template <class T>
inline std::string disagreement(bool oracle_accepts, result<T> const& r, std::string_view text) {
    if (oracle_accepts != r.has_value())
        return std::string("oracle ") + (oracle_accepts ? "accepts" : "refuses") + ", ehlo says " + say(r);
    if (!r && !placed(r.error(), text)) return "no place: " + say(r.error());
    return {};
}

// The smallest limit is 64 octets: the oracle need not be asked about less.
inline bool near_limits(std::string_view text) { return text.size() > 60; }

inline bool has_wide(std::string_view text) {
    for (char const c : text)
        if (static_cast<unsigned char>(c) > 127) return true;
    return false;
}

inline bool is_utf8(std::string_view text) {
    return oracle::matches(oracle::any(oracle::alt(oracle::range(0, 127), oracle::UTF8_non_ascii)), text);
}

// What ehlo looks at in the values of MAIL's parameters, beyond their grammar.
inline bool values_are_right(std::vector<oracle::parameter> const& all, bool mail) {
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (oracle::same_ignoring_case(all[i].keyword, all[k].keyword)) return false;
    if (!mail) return true;
    for (oracle::parameter const& p : all) {
        if (oracle::same_ignoring_case(p.keyword, "SIZE")) {
            if (!p.value || p.value->size() > 20 ||
                p.value->find_first_not_of("0123456789") != std::string::npos)
                return false;
            if (p.value->size() == 20 && *p.value > "18446744073709551615") return false;
        }
        if (oracle::same_ignoring_case(p.keyword, "BODY")) {
            if (!p.value || (!oracle::same_ignoring_case(*p.value, "7BIT") &&
                             !oracle::same_ignoring_case(*p.value, "8BITMIME") &&
                             !oracle::same_ignoring_case(*p.value, "BINARYMIME")))
                return false;
        }
        if (oracle::same_ignoring_case(p.keyword, "SMTPUTF8") && p.value) return false;
    }
    return true;
}

// Parameters with values of their own grammars, which are tested elsewhere: a refusal of one of them proves nothing here.
inline bool has_typed(std::vector<oracle::parameter> const& all, bool mail) {
    constexpr std::string_view of_mail[] = {"RET",        "ENVID",       "AUTH",    "BY",         "HOLDFOR",
                                            "HOLDUNTIL",  "MT-PRIORITY", "MTRK",    "SOLICIT",    "SUBMITTER",
                                            "REQUIRETLS", "CONPERM",     "TRANSID", "ALT-ADDRESS"};
    constexpr std::string_view of_rcpt[] = {"NOTIFY", "ORCPT", "RRVS", "CONNEG", "ALT-ADDRESS"};
    for (oracle::parameter const& p : all) {
        if (mail) {
            for (std::string_view const known : of_mail)
                if (oracle::same_ignoring_case(p.keyword, known)) return true;
        } else {
            for (std::string_view const known : of_rcpt)
                if (oracle::same_ignoring_case(p.keyword, known)) return true;
        }
    }
    return false;
}
inline bool is_value_fault(errc code) {
    return code == errc::bad_parameter_value || code == errc::bad_xtext || code == errc::bad_date_time ||
           code == errc::parameter_too_long || code == errc::conflicting_parameters ||
           code == errc::non_ascii || code == errc::bad_utf8;
}
template <class T>
inline bool excused(result<T> const& r, std::vector<oracle::parameter> const& all, bool mail) {
    return !r && is_value_fault(r.error().code) && has_typed(all, mail);
}

template <class Parameters>
inline bool same_parameters(Parameters const& ours, std::vector<oracle::parameter> const& theirs) {
    std::size_t i = 0;
    for (parameter const p : ours.all()) {
        if (i == theirs.size() || p.keyword != theirs[i].keyword) return false;
        if (p.value.has_value() != theirs[i].value.has_value() || (p.value && *p.value != *theirs[i].value))
            return false;
        ++i;
    }
    return i == theirs.size();
}

inline bool same_path(path const& ours, std::string_view text, bool utf8) {
    auto const theirs = oracle::split_path(text, utf8);
    if (!theirs || ours.text() != text || !ours.tolerated().empty()) return false;
    std::size_t i = 0;
    for (std::string_view const hop : ours.route())
        if (i == theirs->route.size() || hop != theirs->route[i++]) return false;
    if (i != theirs->route.size() || ours.address() != theirs->mailbox) return false;
    if (ours.is_null()) return text == "<>";
    if (ours.is_postmaster()) return oracle::same_ignoring_case(text, "<Postmaster>");
    auto const box = oracle::split_mailbox(theirs->mailbox, utf8);
    return box && ours.local_part() == box->local_part && ours.domain() == box->domain &&
           (ours.domain_kind() == host_kind::domain) == (box->domain[0] != '[');
}

}  // namespace differ
