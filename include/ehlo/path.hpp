// Reverse and forward paths: <>, <Postmaster>, source routes and relaying over them. RFC 5321 4.1.2, 4.1.1.3, RFC 821 3.6.
#pragma once

#include <ehlo/mailbox.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What a path leads to. "<>" and "<Postmaster>" are neither each other nor a mailbox without a domain.
enum class path_kind : std::uint8_t { null, postmaster, mailbox };

/// The hosts of a source route, in order, without their "@": `for (std::string_view host : path.route())`.
class source_route {
    std::string_view text_;  // "@a,@b", spaces allowed where rule::spaces_in_route let them in

    static constexpr std::string_view skip(std::string_view s) noexcept {
        while (!s.empty() && (s.front() == ' ' || s.front() == ',' || s.front() == '@')) s.remove_prefix(1);
        return s;
    }

  public:
    class iterator {
        std::string_view rest_;

      public:
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(skip(rest)) {}
        constexpr std::string_view operator*() const noexcept {
            std::size_t n = 0;
            while (n < rest_.size() && rest_[n] != ',' && rest_[n] != ' ') ++n;
            return detail::sub(rest_, 0, n);
        }
        constexpr iterator& operator++() noexcept {
            rest_ = skip(detail::sub(rest_, (**this).size()));
            return *this;
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return rest_.size() != other.rest_.size(); }
    };

    constexpr explicit source_route(std::string_view text) noexcept : text_(text) {}
    constexpr bool empty() const noexcept { return text_.empty(); }
    constexpr iterator begin() const noexcept { return iterator(text_); }
    constexpr iterator end() const noexcept { return iterator(detail::sub(text_, text_.size())); }
};

/// A path. All views borrow from the text that was parsed.
class path {
    char const* data_;
    // Offsets of 16 bits: a path is no longer than syntax::max_path, and 32 octets in all are two stores to copy.
    std::uint16_t size_;
    std::uint16_t route_at_, route_size_;
    std::uint16_t local_at_, local_size_;
    std::uint16_t domain_at_, domain_size_;
    path_kind kind_;
    host_kind host_;
    leniency tolerated_;

    constexpr std::string_view part(unsigned at, unsigned size) const noexcept { return {data_ + at, size}; }
    friend struct path_access;

  public:
    constexpr path() noexcept
        : data_(nullptr), size_(0), route_at_(0), route_size_(0), local_at_(0), local_size_(0), domain_at_(0), domain_size_(0),
          kind_(path_kind::null), host_(host_kind::domain), tolerated_() {}
    constexpr path_kind kind() const noexcept { return kind_; }
    constexpr bool is_null() const noexcept { return kind_ == path_kind::null; }
    constexpr bool is_postmaster() const noexcept { return kind_ == path_kind::postmaster; }
    /// The whole path as it stood there, with its brackets.
    constexpr std::string_view text() const noexcept { return part(0, size_); }
    /// The hosts to go through; servers must accept them and should pay no heed (RFC 5321 4.1.1.3, F.2).
    constexpr source_route route() const noexcept { return source_route(part(route_at_, route_size_)); }
    /// As it stood there, quotes and case kept; empty for "<>".
    constexpr std::string_view local_part() const noexcept { return part(local_at_, local_size_); }
    /// Domain or address literal with its brackets; empty for "<>", "<Postmaster>" and rule::missing_domain.
    constexpr std::string_view domain() const noexcept { return part(domain_at_, domain_size_); }
    constexpr host_kind domain_kind() const noexcept { return host_; }
    /// Local part, "@" and domain, without the route.
    constexpr std::string_view address() const noexcept {
        return part(local_at_, domain_size_ == 0 ? local_size_ : local_size_ + 1u + domain_size_);
    }
    constexpr leniency tolerated() const noexcept { return tolerated_; }
};

/// The three places where a path may stand: they differ in "<>" and "<Postmaster>".
enum class path_role : std::uint8_t {
    reverse,  ///< Reverse-path = Path / "<>"
    forward,  ///< "<Postmaster>" / Forward-path
    any,      ///< all of them
};

/// Builds paths for the parsers below.
struct path_access {
    using cursor = detail::cursor;

    // Path = "<" [ A-d-l ":" ] Mailbox ">";  A-d-l = At-domain *( "," At-domain );  At-domain = "@" Domain
    // The whole grammar, octet by octet, with the place of every error. `take` tries the common form first.
    static constexpr bool scan(cursor& c, path_role role, path& p) noexcept {
        std::size_t const start = c.at;
        auto offset = [&c, start]() noexcept { return static_cast<std::uint16_t>(c.at - start); };
        p.data_ = c.text.data() + start;
        bool const brackets = c.skip('<');
        // Without brackets the mailbox must at least begin like one: no rule makes a path out of nothing.
        if (!brackets && (c.end() || c.next_in(chars::wsp) || !c.tolerate(rule::missing_brackets)))
            return c.stop(errc::expected_path);
        if (brackets && c.next_is('>')) {
            if (role == path_role::forward) return c.stop(errc::null_path);
            ++c.at;
            p.kind_ = path_kind::null;
            return finish(c, start, p, brackets);
        }
        if (c.next_is('@')) {
            p.route_at_ = offset();
            if (!scan_route(c)) return false;
            p.route_size_ = static_cast<std::uint16_t>(offset() - p.route_at_);
            ++c.at;  // the colon
            while (c.next_is(' ') && c.tolerate(rule::spaces_in_route)) ++c.at;
        }
        // Bare, it ends where a bare mailbox without a domain would: what is written of it is "<Postmaster>" either way.
        constexpr std::string_view postmaster = "Postmaster";
        std::string_view const rest = detail::sub(c.text, c.at);
        bool const named = role != path_role::reverse && p.route_size_ == 0 && istarts_with(rest, postmaster);
        std::string_view const behind = detail::sub(rest, named ? postmaster.size() : 0);
        if (named && ((!brackets && (behind.empty() || chars::wsp.contains(behind[0]))) || behind.starts_with('>'))) {
            p.kind_ = path_kind::postmaster;
            p.local_at_ = offset();
            p.local_size_ = static_cast<std::uint16_t>(postmaster.size());
            c.at += postmaster.size();
        } else {
            p.kind_ = path_kind::mailbox;
            p.local_at_ = offset();
            mailbox box{};
            if (!detail::scan_mailbox(c, box)) return false;
            p.local_size_ = static_cast<std::uint16_t>(box.local_part.size());
            p.domain_size_ = static_cast<std::uint16_t>(box.domain.text.size());
            p.domain_at_ = static_cast<std::uint16_t>(offset() - p.domain_size_);
            p.host_ = box.domain.kind;
        }
        if (brackets && !c.skip('>')) {
            bool const cut = c.end() || c.next_in(chars::wsp);
            return c.stop(cut ? errc::unclosed_path
                              : p.host_ == host_kind::domain ? errc::bad_domain : errc::bad_address_literal);
        }
        return finish(c, start, p, brackets);
    }

    static constexpr bool scan_route(cursor& c) noexcept {
        for (;;) {
            while (c.next_is(' ') && c.tolerate(rule::spaces_in_route)) ++c.at;
            if (!c.skip('@')) return c.stop(errc::bad_route);
            if (!detail::scan_domain(c)) return false;
            if (c.next_is(':')) return true;
            if (!c.skip(',')) return c.stop(errc::bad_route);
        }
    }

    static constexpr bool finish(cursor& c, std::size_t start, path& p, bool brackets) noexcept {
        // Those that are not there count: it is written with them.
        std::size_t const most = brackets ? c.rules.max_path : c.rules.max_path < 2 ? 0 : c.rules.max_path - 2u;
        if (c.at - start > most) return c.stop(errc::path_too_long, start + most);
        p.size_ = static_cast<std::uint16_t>(c.at - start);
        p.tolerated_ = c.tolerated;
        return true;
    }

    static EHLO_INLINE constexpr void set_null(path& p, std::string_view text) noexcept {
        p = path();
        p.data_ = text.data();
        p.size_ = static_cast<std::uint16_t>(text.size());
    }
    // "<" Dot-string "@" Domain ">" within 64 octets, which is 97 paths of 100: one classification, then bit masks. The rest
    // is left to `scan`, and so is the place of every error.
    // `text` is not empty.
    static EHLO_INLINE bool take_common(std::string_view text, syntax const& rules, path& p) noexcept {
        if (text.size() >= 64) return take_common_in(detail::window(detail::window::whole(), text.data()), text, rules, p);
        return take_common_in(detail::window(text), text, rules, p);
    }
    static EHLO_INLINE bool take_common_in(detail::window const& w, std::string_view text, syntax const& rules, path& p) noexcept {
        char const* const data = text.data();
        unsigned at, end;
        std::uint64_t const marks = w.mask_marks();
        if (data[0] != '<' || !find_bounds(w, marks, data, at, end)) return false;
        // "<", "@" and ">" bound labels just as dots do. Where no two of these and of the hyphens touch, nothing is wrong.
        std::uint64_t const edges = std::uint64_t{1} | std::uint64_t{1} << at | std::uint64_t{1} << end;
        std::uint64_t const bounds = (marks & ((std::uint64_t{1} << end) - 1)) | edges;
        if ((bounds & bounds << 1) != 0 && !hyphens_are_well_placed(text, bounds, at)) return false;
        if (at > rules.max_local_part + 1u || end - at > rules.max_domain + 1u || end >= rules.max_path) return false;
        p.data_ = data;
        p.size_ = static_cast<std::uint16_t>(end + 1);
        p.route_at_ = p.route_size_ = 0;
        p.local_at_ = 1;
        p.local_size_ = static_cast<std::uint16_t>(at - 1);
        p.domain_at_ = static_cast<std::uint16_t>(at + 1);
        p.domain_size_ = static_cast<std::uint16_t>(end - at - 1);
        p.kind_ = path_kind::mailbox;
        p.host_ = host_kind::domain;
        p.tolerated_ = strict;
        return true;
    }
    // Where "@" and ">" are; all octets before "@" are atext or dots, and those behind it letters, digits, dots and hyphens.
    static EHLO_INLINE bool find_bounds(detail::window const& w, std::uint64_t marks, char const* data, unsigned& at, unsigned& end) noexcept {
        if constexpr (detail::window::quick_atext) {
            std::uint64_t const text = w.mask_atext();
            std::uint64_t const others = (text | 1) ^ detail::low_bits_of_some(w.size()), behind_at = others & (others - 1);
            if (behind_at == 0) return false;
            at = detail::trailing_zeros(others);
            end = detail::trailing_zeros(behind_at);
            return data[at] == '@' && data[end] == '>' && ((text ^ w.mask_names(marks)) & ((std::uint64_t{1} << end) - 1)) >> at == 0;
        } else {
            // To look up the rarer atext one by one takes less here than to classify all octets for it. Between the brackets, all but
            // letters, digits, dots and hyphens: the last of these is "@". Two more are looked up at any rate, the octet behind "@" in
            // place of those that are not there: how many are, no branch predictor can know.
            std::uint64_t const closing = w.mask<">">();
            if (closing == 0) return false;
            end = detail::trailing_zeros(closing);
            std::uint64_t const others = ~w.mask_names(marks) & ((std::uint64_t{1} << end) - 2);
            if (others == 0) return false;
            at = detail::highest_bit(others);
            if (data[at] != '@') return false;
            std::uint64_t const behind_at = std::uint64_t{2} << at;
            std::uint64_t const signs = others ^ behind_at >> 1, more_signs = signs & (signs - 1);
            if (!atext.contains(data[detail::trailing_zeros(signs | behind_at)]) ||
                !atext.contains(data[detail::trailing_zeros(more_signs | behind_at)]))
                return false;
            for (std::uint64_t rest = more_signs & (more_signs - 1); rest != 0; rest &= rest - 1)
                if (!atext.contains(data[detail::trailing_zeros(rest)])) return false;
            return true;
        }
    }
    static constexpr octet_table atext{chars::atext};
    // Hyphens may touch each other, and anything in a local part; but no bound of a domain's label, and no two bounds may touch.
    static EHLO_NOINLINE bool hyphens_are_well_placed(std::string_view text, std::uint64_t bounds, unsigned at) noexcept {
        std::uint64_t const hyphens = detail::window(text).mask<"-">() & bounds;
        std::uint64_t const labels = bounds & ~hyphens;
        std::uint64_t const inner = hyphens & (~std::uint64_t{0} << at);
        return ((labels & labels << 1) | (inner & (labels << 1 | labels >> 1))) == 0;
    }

    // Strict first: leniency costs nothing to those who do not need it.
    EHLO_NOINLINE static constexpr bool take_rare(cursor& c, path_role role, path& p) noexcept {
        p = path();
        // What was tolerated in front of the path is not the path's.
        leniency const before = c.tolerated;
        c.tolerated = strict;
        bool const read = scan(c, role, p);
        c.tolerated |= before;
        return read;
    }
    // All of a text. On its own, so that the common way needs neither cursor nor stack.
    EHLO_NOINLINE static constexpr result<path> parse_rare(std::string_view text, path_role role, syntax const& rules) noexcept {
        cursor c{text, rules};
        path p;
        if (!scan(c, role, p)) return c.error;
        if (!c.end()) return fail(errc::unexpected_argument, c.at);
        return p;
    }
    // The path at the cursor, which it passes over.
    static EHLO_INLINE constexpr bool take(cursor& c, path_role role, path& p) noexcept {
        if (!std::is_constant_evaluated() && !c.end() && take_common({c.text.data() + c.at, c.text.size() - c.at}, c.rules, p)) {
            c.at += p.size_;
            return true;
        }
        return take_rare(c, role, p);
    }
};

/// The path that `text` begins with; `path.text().size()` octets of it. What follows is not looked at.
/// Errors: as parse_path.
constexpr result<path> take_path(std::string_view text EHLO_LIFETIMEBOUND, path_role role = path_role::any,
                                 syntax const& rules = strict_syntax) noexcept {
    result<path> p{detail::to_be_filled()};
    detail::cursor c{text, rules};
    if (!path_access::take(c, role, *p)) p = c.error;
    return p;
}
template <detail::temporary Text>
result<path> take_path(Text&&, path_role = path_role::any, syntax const& = strict_syntax) = delete;

/// A path, the whole of `text`: Path / "<>" / "<Postmaster>" as the role allows. RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2.
/// Borrows from `text`. Errors: expected_path, unclosed_path, null_path, bad_route, path_too_long, and those of
/// parse_mailbox, each at the first octet that cannot be right; unexpected_argument for octets behind the ">".
constexpr result<path> parse_path(std::string_view text EHLO_LIFETIMEBOUND, path_role role = path_role::any,
                                  syntax const& rules = strict_syntax) noexcept {
    result<path> p{detail::to_be_filled()};
    if (std::is_constant_evaluated() || text.empty() || !path_access::take_common(text, rules, *p) || p->text().size() != text.size())
        p = path_access::parse_rare(text, role, rules);
    return p;
}
template <detail::temporary Text>
result<path> parse_path(Text&&, path_role = path_role::any, syntax const& = strict_syntax) = delete;
constexpr result<path> parse_reverse_path(std::string_view text EHLO_LIFETIMEBOUND,
                                          syntax const& rules = strict_syntax) noexcept {
    return parse_path(text, path_role::reverse, rules);
}
template <detail::temporary Text>
result<path> parse_reverse_path(Text&&, syntax const& = strict_syntax) = delete;
constexpr result<path> parse_forward_path(std::string_view text EHLO_LIFETIMEBOUND,
                                          syntax const& rules = strict_syntax) noexcept {
    return parse_path(text, path_role::forward, rules);
}
template <detail::temporary Text>
result<path> parse_forward_path(Text&&, syntax const& = strict_syntax) = delete;

/// Writes a path with its brackets, and without spaces in the route: what is written can be read under the rules that the path was
/// read under, less missing_brackets and spaces_in_route, and means the same. Errors: output_full.
constexpr result<std::size_t> write_path(writer& out, path const& p) noexcept {
    return out.atomically([&](writer& w) {
        w.raw('<');
        bool first = true;
        for (std::string_view hop : p.route()) {
            w.raw(first ? "@" : ",@").raw(hop);
            first = false;
        }
        if (!first) w.raw(':');
        w.raw(p.address()).raw('>');
    });
}

/// Relaying over a source route (RFC 821 3.6): the forward path for the next hop, that is without its first host.
/// Errors: bad_value if the path has no route; output_full.
constexpr result<std::size_t> write_relayed_forward_path(writer& out, path const& forward) noexcept {
    if (forward.route().empty()) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        w.raw('<');
        auto hop = forward.route().begin();
        bool first = true;
        for (++hop; hop != forward.route().end(); ++hop) {
            w.raw(first ? "@" : ",@").raw(*hop);
            first = false;
        }
        if (!first) w.raw(':');
        w.raw(forward.address()).raw('>');
    });
}

/// Relaying over a source route (RFC 821 3.6): the reverse path with the relay's own name put in front. "<>" stays "<>":
/// nothing is ever sent back along it. Errors: bad_value if `relay` is no domain, or for "<Postmaster>", which is no reverse path;
/// path_too_long beyond 256 octets (RFC 5321 4.5.3.1.3); output_full.
constexpr result<std::size_t> write_relayed_reverse_path(writer& out, path const& reverse, std::string_view relay) noexcept {
    if (!parse_domain(relay) || reverse.is_postmaster()) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        std::size_t const start = w.size();
        if (reverse.is_null()) {
            w.raw("<>");
            return;
        }
        w.raw("<@").raw(relay);
        for (std::string_view hop : reverse.route()) w.raw(",@").raw(hop);
        w.raw(':').raw(reverse.address()).raw('>');
        if (w.ok() && w.size() - start > strict_syntax.max_path) w.refuse(fail(errc::path_too_long, strict_syntax.max_path));
    });
}

}  // namespace ehlo
