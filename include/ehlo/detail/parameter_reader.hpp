// Reads the parameters of MAIL and RCPT. RFC 5321 4.1.2 and 4.1.1.11.
#pragma once

#include <ehlo/detail/parameter_list.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

namespace detail {
/// Whether the 8 octets begin with the word: letters of either case, and other octets as they are.
template <std::size_t N>
EHLO_INLINE constexpr bool spells_head(std::uint64_t head, char const (&word)[N]) noexcept {
    static_assert(N <= 9);
    std::uint64_t octets = 0, mask = 0;
    EHLO_UNROLL for (unsigned i = 0; i < N - 1; ++i) {
        octets |= std::uint64_t{static_cast<unsigned char>(word[i])} << (8 * i);
        mask |= std::uint64_t{word[i] >= 'A' && word[i] <= 'Z' ? 0xDFu : 0xFFu} << (8 * i);
    }
    return (head & mask) == octets;
}
}  // namespace detail

/// Builds parameter sets for the parsers of parameters.hpp.
struct parameter_access {
    using cursor = detail::cursor;
    using every = detail::known_parameters<>;
    template <class Parameters>
    static constexpr parameter_ids belonging = std::is_same_v<Parameters, mail_parameters> ? detail::mail_ids : detail::rcpt_ids;

    static EHLO_INLINE constexpr void set_text(parameter_list& set, std::string_view text) noexcept {
        set.data_ = text.data();
        set.length_ = static_cast<std::uint32_t>(text.size());
    }

    // One parameter at the cursor, which stops at the SP or end after it.
    static constexpr bool scan_one(cursor& c, parameter& p) noexcept {
        std::size_t const start = c.at;
        // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
        if (!c.next_in(chars::let_dig)) return c.stop(errc::bad_parameter);
        c.at = detail::find_first<~chars::esmtp_keyword>(c.text, c.at + 1);
        p.keyword = detail::sub(c.text, start, c.at - start);
        p.value = std::nullopt;
        if (c.skip('=')) {
            // esmtp-value = 1*(%d33-60 / %d62-126);  RFC 6531: esmtp-value =/ UTF8-non-ascii
            std::size_t const value = c.at;
            for (;;) {
                c.at = detail::find_first<~chars::esmtp_value>(c.text, c.at);
                if (!c.next_is_wide()) break;
                if (!c.skip_wide()) return false;
            }
            if (c.at == value) return c.stop(errc::bad_parameter);
            p.value = detail::sub(c.text, value, c.at - value);
        }
        if (!c.end() && !c.next_is(' ')) return c.stop(errc::bad_parameter);
        return true;
    }

    // On a machine without vectors, which is likely to be a small one, all are read the way that reads any.
    static constexpr bool quick = EHLO_VECTOR != 0;
    // Registered parameters that are right under strict rules, an SP between each two: all of them, as a rule. Returns the offset of
    // the first octet that was not taken: what stands after them, or an SP and something else.
    template <class Parameters, class Known = every>
    EHLO_INLINE static constexpr std::size_t take_registered(std::string_view text, std::size_t at, syntax const& rules, Parameters& set,
                                                             Known known = {}) noexcept {
        if constexpr (std::is_same_v<Parameters, mail_parameters>) {
            while (std::size_t const used = take_common(text.data() + at, text.size() - at, set)) {
                at += used;
                if (at == text.size() || text[at] != ' ') return at;
                ++at;
            }
        }
        return take_others(text, at, rules, set, known);
    }
    // The two that most lines have, in either case. Returns the octets of one; 0 if it is something else, or something is wrong.
    EHLO_INLINE static constexpr std::size_t take_common(char const* p, std::size_t size, mail_parameters& m) noexcept {
        if (size < 8) return 0;
        std::uint64_t const head = detail::load8(p);
        parameter_ids id = parameter_id::size;   // as a set: then nothing is shifted by a number that is not known here
        std::size_t used = 13;
        if (detail::spells_head(head, "SIZE=")) {
            unsigned const n = detail::take_digits(p + 5, size - 5, m.size_);
            if (n == 0) return 0;
            used = 5 + n;
        } else {
            if (size < 13 || !detail::spells_head(head, "BODY=8BI") || !detail::spells_head(detail::load8(p + 5), "8BITMIME")) return 0;
            id = parameter_id::body;
            m.body_ = body::eight_bit_mime;
        }
        return finish(p, size, used, id, m) ? used : 0;
    }
    static EHLO_INLINE constexpr bool finish(char const* p, std::size_t size, std::size_t used, parameter_ids id, parameter_list& set) noexcept {
        if (set.present_.has_any(id) || (used != size && p[used] != ' ' && p[used] != '\r')) return false;
        set.present_ |= id;
        return true;
    }
    // Those that come next in number, told by their first 8 octets, and read where they stand. Octets as above.
    template <parameter_ids Linked>
    static EHLO_INLINE constexpr std::size_t take_known(std::string_view text, std::uint64_t head, parameter_id& id, mail_parameters& m) noexcept {
        if (detail::spells_head(head, "SMTPUTF8")) return id = parameter_id::smtputf8, 8;
        if constexpr (Linked.has(parameter_id::ret))
            if (detail::spells_head(head, "RET=HDRS") || detail::spells_head(head, "RET=FULL")) return id = parameter_id::ret, 8;
        if constexpr (Linked.has(parameter_id::auth))
            if (detail::spells_head(head, "AUTH=<>")) return id = parameter_id::auth, 7;
        if constexpr (Linked.has(parameter_id::envid))
            if (detail::spells_head(head, "ENVID=")) return id = parameter_id::envid, take_xtext(text, 6, detail::max_length(id));
        if (!detail::spells_head(head, "BODY=7BI") || text.size() < 9 || to_upper(text[8]) != 'T') return 0;
        m.body_ = body::seven_bit;
        return id = parameter_id::body, 9;
    }
    template <parameter_ids Linked>
    static EHLO_INLINE constexpr std::size_t take_known(std::string_view text, std::uint64_t head, parameter_id& id, rcpt_parameters&) noexcept {
        if constexpr (Linked.has(parameter_id::notify)) {
            if (detail::spells_head(head, "NOTIFY=")) {
                std::size_t at = 7;
                notify n;
                detail::scan_notify(text, at, n);
                id = parameter_id::notify;
                return at != 7 && text[at - 1] != ',' && at - 7 <= detail::max_length(id) ? at : 0;
            }
        }
        if constexpr (Linked.has(parameter_id::orcpt))
            if (detail::spells_head(head, "ORCPT=RF") && text.size() >= 13 && detail::spells_head(detail::load8(text.data() + 5), "=RFC822;"))
                return id = parameter_id::orcpt, take_xtext(text, 13, detail::max_length(id) - 7u);
        return 0;
    }
    // The end of the xtext that begins at `at`, whose octets are `most` at most; 0 if there is none, or it has hexchars.
    static EHLO_INLINE constexpr std::size_t take_xtext(std::string_view text, std::size_t at, std::size_t most) noexcept {
        std::size_t const end = detail::find_first<~chars::xchar>(text, at);
        return end != at && end - at <= most && (end == text.size() || text[end] != '+') ? end : 0;
    }
    template <class Parameters, class Known>
    EHLO_NOINLINE static constexpr std::size_t take_others(std::string_view text, std::size_t at, syntax const& rules, Parameters& set, Known known) noexcept {
        parameter_ids const ids = known.ids();
        for (;; ++at) {
            std::string_view const rest{text.data() + at, text.size() - at};
            parameter_id id{};
            std::size_t end = rest.size() < 8 ? 0 : take_known<Known::linked>(rest, detail::load8(rest.data()), id, set);
            if (end == 0) end = take_any<Known::linked>(rest, rules, id, set);
            if (end == 0 || !ids.has(id) || !finish(rest.data(), rest.size(), end, id, set)) return at;
            at += end;
            if (at == text.size() || text[at] != ' ') return at;
        }
    }
    template <parameter_ids Linked, class Parameters>
    EHLO_NOINLINE static constexpr std::size_t take_any(std::string_view text, syntax const& rules, parameter_id& id, Parameters& set) noexcept {
        unsigned const row = detail::find_row_at<detail::parameter_column::keywords>(text);
        id = static_cast<parameter_id>(row);
        if (row == parameter_count || !belonging<Parameters>.has(id)) return 0;
        std::size_t const size = name(id).size();
        if (!detail::ids_with_value.has(id)) return size;
        if (size == text.size() || text[size] != '=') return 0;
        std::size_t const end = detail::find_first<~charset(33, 126)>(text, size + 1);
        if (end == size + 1) return 0;
        syntax strictly = rules;
        strictly.tolerate = strict;
        return keep<Linked>(id, {text.data() + size + 1, end - size - 1}, strictly, set) ? 0 : end;
    }

    // What is wrong with the value of a registered parameter that the set does not hold itself.
    template <parameter_ids Linked>
    static constexpr std::optional<failure> find_fault(parameter_id id, [[maybe_unused]] std::string_view value, [[maybe_unused]] syntax const& rules) noexcept {
        [[maybe_unused]] auto const of = [](auto const& got) noexcept { return got ? std::nullopt : std::optional(got.error()); };
        switch (id) {
        case parameter_id::ret:
            if constexpr (Linked.has(parameter_id::ret)) return of(parse_ret(value));
            break;
        case parameter_id::envid:
            if constexpr (Linked.has(parameter_id::envid)) return of(parse_envid(value, rules));
            break;
        case parameter_id::auth:
            if constexpr (Linked.has(parameter_id::auth)) return of(parse_auth_identity(value, rules));
            break;
        case parameter_id::holduntil:
            if constexpr (Linked.has(parameter_id::holduntil)) return of(parse_holduntil(value));
            break;
        case parameter_id::mt_priority:
            if constexpr (Linked.has(parameter_id::mt_priority)) return of(parse_mt_priority(value));
            break;
        case parameter_id::mtrk:
            if constexpr (Linked.has(parameter_id::mtrk)) return of(parse_mtrk(value));
            break;
        case parameter_id::solicit:
            if constexpr (Linked.has(parameter_id::solicit)) return of(parse_solicit(value));
            break;
        case parameter_id::submitter:
            if constexpr (Linked.has(parameter_id::submitter)) return of(parse_submitter(value, rules));
            break;
        case parameter_id::transid:
            if constexpr (Linked.has(parameter_id::transid)) return of(parse_transid(value));
            break;
        case parameter_id::notify:
            if constexpr (Linked.has(parameter_id::notify)) return of(parse_notify(value));
            break;
        case parameter_id::orcpt:
            if constexpr (Linked.has(parameter_id::orcpt)) {
                syntax wide = rules;
                wide.smtputf8 = true;
                return of(parse_orcpt(value, wide));
            }
            break;
        case parameter_id::rrvs:
            if constexpr (Linked.has(parameter_id::rrvs)) return of(parse_rrvs(value));
            break;
        case parameter_id::alt_address:
            if constexpr (Linked.has(parameter_id::alt_address)) return of(parse_alt_address(value, rules));
            break;
        case parameter_id::size:
        case parameter_id::body:
        case parameter_id::by:
        case parameter_id::holdfor:
        case parameter_id::smtputf8:
        case parameter_id::requiretls:
        case parameter_id::conperm:
        case parameter_id::prdr:
        case parameter_id::conneg:
        case parameter_id::utf8reply: break;
        }
        return std::nullopt;
    }

    // The same of any; the values that the set holds itself are put there.
    template <parameter_ids Linked>
    static constexpr std::optional<failure> keep(parameter_id id, std::string_view value, syntax const& rules, mail_parameters& m) noexcept {
        auto read = [](auto const& got, auto& kept) noexcept -> std::optional<failure> {
            if (!got) return got.error();
            kept = *got;
            return std::nullopt;
        };
        switch (id) {
        case parameter_id::size: return read(parse_size(value), m.size_);
        case parameter_id::body: return read(parse_body(value), m.body_);
        case parameter_id::holdfor:
            if constexpr (Linked.has(parameter_id::holdfor)) return read(parse_holdfor(value), m.holdfor_);
            break;
        case parameter_id::by:
            if constexpr (Linked.has(parameter_id::by)) {
                auto const by = parse_by(value);
                if (!by) return by.error();
                m.by_seconds_ = by->seconds;
            }
            break;
        default: return find_fault<Linked>(id, value, rules);
        }
        return std::nullopt;
    }
    template <parameter_ids Linked>
    static constexpr std::optional<failure> keep(parameter_id id, std::string_view value, syntax const& rules, rcpt_parameters&) noexcept {
        return find_fault<Linked>(id, value, rules);
    }
    template <parameter_ids Linked, class Parameters>
    static constexpr bool take_value(cursor& c, parameter_id id, std::string_view value, std::size_t value_at, Parameters& set) noexcept {
        syntax rules = c.rules;
        rules.tolerate = strict;
        auto const bad = keep<Linked>(id, value, rules, set);
        if (!bad) return true;
        // As few of them as it takes.
        for (leniency const few : {leniency(rule::lower_case_hexchar), leniency(rule::auth_not_a_mailbox), leniency(rule::wide_orcpt),
                                   rule::lower_case_hexchar | rule::wide_orcpt}) {
            rules.tolerate = few;
            if (!(few - c.rules.tolerate).empty() || keep<Linked>(id, value, rules, set)) continue;
            c.tolerated |= few;
            return true;
        }
        return c.stop(bad->code, value_at + bad->at);
    }


    // One parameter, whatever it is. `unknown` counts those that nobody knows.
    template <class Parameters, class Known = every>
    static constexpr bool take_rare(cursor& c, Parameters& set, std::size_t first, std::size_t& unknown, Known known = {}) noexcept {
        std::size_t const start = c.at;
        parameter p{};
        if (!scan_one(c, p)) return false;
        constexpr parameter_ids linked = Known::linked & belonging<Parameters>;
        auto const id = detail::find_linked<linked>(p.keyword);
        if (!id || !linked.has(*id) || !known.ids().has(*id)) {
            if (++unknown == 1) {
                set.has_unknown_ = true;
                set.unknown_at_ = static_cast<std::uint32_t>(start - first);
            }
            return true;
        }
        // No base rule on repetition: every extension that speaks of it says 501 (RFC 1869, 3461, 6531 ...).
        if (set.has(*id)) return c.stop(errc::duplicate_parameter, start);
        std::size_t const behind = start + p.keyword.size();
        if (p.value.has_value() != detail::ids_with_value.has(*id)) return c.stop(errc::bad_parameter_value, behind);
        if (p.value && !take_value<linked>(c, *id, *p.value, behind + 1, set)) return false;
        set.present_ |= *id;
        return true;
    }

    // Parameters that do not go together: the place is that of the later one, or the end if one is missing.
    EHLO_NOINLINE static constexpr std::optional<std::size_t> find_conflict(mail_parameters const& m) noexcept {
        std::optional<std::size_t> at;
        auto note = [&at](std::size_t place) noexcept {
            if (!at || place < *at) at = place;
        };
        // RFC 4865 4.2: only one of them.
        if (m.has(parameter_id::holdfor) && m.has(parameter_id::holduntil)) note(m.later_of(parameter_id::holdfor, parameter_id::holduntil));
        // RFC 4865 5.2.2: not to be released after the time to deliver in. With HOLDUNTIL it takes a clock to tell.
        if (m.has(parameter_id::holdfor) && m.has(parameter_id::by) && std::int64_t{m.holdfor_} > m.by_seconds_)
            note(m.later_of(parameter_id::holdfor, parameter_id::by));
        // RFC 3885 3.2: MTRK needs ENVID, and an "@" in it.
        if (m.has(parameter_id::mtrk)) {
            if (!m.has(parameter_id::envid)) {
                note(m.length_);
            } else if (std::string_view const envid = m.envid()->text(); detail::find_first<charset("@")>(envid) == envid.size()) {
                std::size_t const end = static_cast<std::size_t>(envid.data() - m.data_) + envid.size();
                std::size_t const mtrk = m.place_of(parameter_id::mtrk);
                note(end < mtrk ? mtrk : end);
            }
        }
        return at;
    }
    template <parameter_ids Linked>
    static EHLO_INLINE constexpr std::optional<std::size_t> conflict(mail_parameters const& m) noexcept {
        constexpr parameter_ids may_conflict = Linked & (parameter_id::holdfor | parameter_ids(parameter_id::mtrk));
        if constexpr (!may_conflict.empty())
            if (m.present_.has_any(may_conflict)) return find_conflict(m);
        return std::nullopt;
    }
    template <parameter_ids>
    static constexpr std::optional<std::size_t> conflict(rcpt_parameters const&) noexcept { return std::nullopt; }
    /// Without a search: what may be one by MTRK is for `conflict` to say.
    static EHLO_INLINE constexpr bool may_conflict(mail_parameters const& m) noexcept {
        if (!m.present_.has_any(parameter_id::holdfor | parameter_ids(parameter_id::mtrk))) return false;
        return m.has(parameter_id::mtrk) || m.has(parameter_id::holduntil) || (m.has(parameter_id::by) && std::int64_t{m.holdfor_} > m.by_seconds_);
    }
    static constexpr bool may_conflict(rcpt_parameters const&) noexcept { return false; }

    // Keywords in some order, without their case; of equal ones the first comes first. Below 0, 0, or above.
    static constexpr int compare(std::string_view text, std::size_t a, std::size_t b) noexcept {
        auto octet = [text](std::size_t at) noexcept {
            return at == text.size() || text[at] == ' ' || text[at] == '=' ? '\0' : to_upper(text[at]);
        };
        for (;; ++a, ++b) {
            char const x = octet(a), y = octet(b);
            if (x != y) return x < y ? -1 : 1;
            if (x == '\0') return 0;
        }
    }

    // The offset of the first parameter whose keyword stood before; the size if there is none. Well-formed parameters only.
    // Keeps the 1,024 that come first in order, then the next 1,024, and so on: N parameters cost N log N steps up to there
    // and N * N / 1,024 * log beyond, with 4 KiB of stack, and no hash that somebody could aim at. (64, with 256 octets of stack, on a
    // small machine, whose lines are short.)
    EHLO_NOINLINE static constexpr std::size_t find_repeated(std::string_view text) noexcept {
        constexpr std::size_t room = quick ? 1024 : 64;
        std::uint32_t kept[room];  // offsets; a heap with the last in order on top, then sorted
        auto before = [text](std::size_t a, std::size_t b) noexcept {
            int const order = compare(text, a, b);
            return order < 0 || (order == 0 && a < b);
        };
        auto sink = [&](std::size_t i, std::size_t size) noexcept {
            std::uint32_t const moved = kept[i];
            for (std::size_t child; (child = 2 * i + 1) < size; i = child) {
                if (child + 1 < size && before(kept[child], kept[child + 1])) ++child;
                if (!before(moved, kept[child])) break;
                kept[i] = kept[child];
            }
            kept[i] = moved;
        };
        std::size_t first = text.size(), last = text.size();  // the first repeated one; the last one of the round before
        for (bool more = true; more;) {
            std::size_t size = 0;
            more = false;
            for (std::size_t at = 0; at < text.size(); at = detail::find_first<~charset(" ")>(text, detail::find_first<charset(" ")>(text, at))) {
                if (last != text.size() && !before(last, at)) continue;
                if (size < room) {
                    kept[size++] = static_cast<std::uint32_t>(at);
                    if (size == room)
                        for (std::size_t i = room / 2; i-- > 0;) sink(i, room);
                    continue;
                }
                more = true;
                if (!before(at, kept[0])) continue;
                kept[0] = static_cast<std::uint32_t>(at);
                sink(0, room);
            }
            if (size < room)
                for (std::size_t i = size / 2; i-- > 0;) sink(i, size);
            for (std::size_t n = size; n > 1;) {
                std::uint32_t const top = kept[0];
                kept[0] = kept[--n];
                kept[n] = top;
                sink(0, n);
            }
            for (std::size_t i = 0; i < size; ++i) {
                if (last != text.size() && kept[i] < first && compare(text, last, kept[i]) == 0) first = kept[i];
                last = kept[i];
            }
        }
        return first;
    }

    // *(SP esmtp-param) after the SP, to the end of the text. RCPT has none as a rule.
    template <class Parameters, class Known = every>
    static EHLO_INLINE constexpr bool scan(cursor& c, Parameters& set, Known known = {}) noexcept {
        if (!c.end()) return scan_some(c, set, known);
        set.data_ = c.text.data() + c.at;
        return true;
    }
    static constexpr void skip_spaces(cursor& c) noexcept {
        while (c.next_is(' ') && c.tolerate(rule::spaces_between_parameters)) ++c.at;
    }
    /// The SP before a parameter: there is one more.
    static constexpr bool skip_space(cursor& c) noexcept {
        if (!c.skip(' ')) return c.stop(errc::bad_parameter);
        skip_spaces(c);
        return !c.end() || c.stop(errc::bad_parameter);
    }
    template <class Parameters, class Known>
    EHLO_NOINLINE static constexpr bool scan_some(cursor& c, Parameters& set, Known known) noexcept {
        // Offsets of 32 bits are kept.
        if (c.text.size() > 0xFFFFFFFF) return c.stop(errc::line_too_long, 0xFFFFFFFF);
        skip_spaces(c);
        std::size_t const first = c.at;
        if constexpr (quick) c.at = take_registered(c.text, first, c.rules, set, known);
        return scan_rest(c, set, first, known);
    }
    /// From where take_registered came to, which began at `first`.
    template <class Parameters, class Known = every>
    static EHLO_INLINE constexpr bool scan_rest(cursor& c, Parameters& set, std::size_t first, Known known = {}) noexcept {
        // Most lines have nothing but common parameters, and are done here.
        if (!c.end() || c.text[c.at - 1] == ' ') return scan_rare(c, set, first, known);
        set_text(set, detail::sub(c.text, first));
        return go_together<Known::linked>(c, set, first);
    }

    template <parameter_ids Linked, class Parameters>
    static EHLO_INLINE constexpr bool go_together(cursor& c, Parameters const& set, std::size_t first) noexcept {
        auto const at = conflict<Linked>(set);
        return !at || c.stop(errc::conflicting_parameters, first + *at);
    }

    // The rest of them, and what can be said of all.
    template <class Parameters, class Known>
    EHLO_NOINLINE static constexpr bool scan_rare(cursor& c, Parameters& set, std::size_t first, Known known) noexcept {
        std::size_t unknown = 0, whole = c.at;  // `whole`: where the well-formed ones end
        bool good = !c.end() || c.stop(errc::bad_parameter);
        while (good && !c.end()) {
            skip_spaces(c);
            // What take_registered did not take is not tried by it again.
            good = take_rare(c, set, first, unknown, known);
            if (!good) break;
            whole = c.at;
            if (c.end()) break;
            good = skip_space(c);
            std::size_t const before = c.at;
            if constexpr (quick)
                if (good) c.at = take_registered(c.text, before, c.rules, set, known);
            if (c.at == before) continue;
            bool const more = c.text[c.at - 1] == ' ';
            whole = more ? c.at - 1 : c.at;
            good = c.end() != more || c.stop(errc::bad_parameter);
        }
        set.data_ = c.text.data() + first;
        set.length_ = static_cast<std::uint32_t>(whole - first);
        if (unknown > 1) {
            // Registered keywords were told apart by their bits. What is found here stands before any other fault.
            std::string_view const text = detail::sub(c.text, first, whole - first);
            std::size_t const again = find_repeated(text);
            if (again != text.size()) return c.stop(errc::duplicate_parameter, first + again);
        }
        return good && go_together<Known::linked>(c, set, first);
    }
};

}  // namespace ehlo
