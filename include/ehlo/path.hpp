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
    /// The hosts to go through; servers must accept them and should ignore them (RFC 5321 4.1.1.3, F.2).
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
    // The whole grammar, with the place of every error, at the cursor, which passes over the path and has tolerated nothing yet. `p` is a new one.
    EHLO_NOINLINE static constexpr bool read(cursor& c, path_role role, path& p) noexcept {
        std::size_t const start = c.at;
        auto offset = [&c, start]() noexcept { return static_cast<std::uint16_t>(c.at - start); };
        p.data_ = c.text.data() + start;
        bool const brackets = c.skip('<');
        // Without brackets the mailbox must at least begin like one: no rule makes a path out of nothing.
        if (!brackets && (c.end() || c.next_in(chars::wsp) || !c.tolerate(rule::missing_brackets)))
            return c.stop(errc::expected_path);
        char const next = c.peek();
        if (next == '>' && brackets) {
            if (role == path_role::forward) return c.stop(errc::null_path);
            ++c.at;
            p.kind_ = path_kind::null;
            return finish(c, start, p, brackets);
        }
        if (next == '@') {
            p.route_at_ = offset();
            if (!scan_route(c)) return false;
            p.route_size_ = static_cast<std::uint16_t>(offset() - p.route_at_);
            ++c.at;  // the colon
            while (c.next_is(' ') && c.tolerate(rule::spaces_in_route)) ++c.at;
        }
        // Bare, it ends where a bare mailbox without a domain would: what is written of it is "<Postmaster>" either way.
        constexpr std::string_view postmaster = "POSTMASTER";
        auto named = [&]() noexcept {
            if (role == path_role::reverse || c.text.size() - c.at < postmaster.size()) return false;
            std::string_view const behind = detail::sub(c.text, c.at + postmaster.size());
            bool const ends = behind.starts_with('>') || (!brackets && (behind.empty() || chars::wsp.contains(behind[0])));
            return ends && detail::spells(postmaster, detail::sub(c.text, c.at, postmaster.size()));
        };
        if ((next == 'P' || next == 'p') && named()) {
            p.kind_ = path_kind::postmaster;
            p.local_at_ = offset();
            p.local_size_ = static_cast<std::uint16_t>(postmaster.size());
            c.at += postmaster.size();
        } else {
            p.kind_ = path_kind::mailbox;
            p.local_at_ = offset();
            std::size_t local_end = 0;
            if (!detail::scan_mailbox(c, local_end, p.host_)) return false;
            p.local_size_ = static_cast<std::uint16_t>(local_end - start - p.local_at_);
            p.domain_at_ = static_cast<std::uint16_t>(local_end - start + (c.at > local_end ? 1 : 0));
            p.domain_size_ = static_cast<std::uint16_t>(offset() - p.domain_at_);
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

    // Of a whole text. On its own, so that the fast attempt before it needs neither cursor nor stack.
    EHLO_NOINLINE static constexpr result<path> read_all(std::string_view text, path_role role, syntax const& rules) noexcept {
        cursor c{text, rules};
        path p;
        bool const rarer = text.size() >= 2 && text[0] == '<' && (text[1] == '"' || text.ends_with("]>"));
        if (EHLO_VECTOR && rarer && try_rarer(text, rules, p) && p.size_ == text.size()) return p;
        if (!read(c, role, p)) return c.error;
        if (!c.end()) return fail(errc::unexpected_argument, c.at);
        return p;
    }
    static EHLO_INLINE constexpr void set_null(path& p, std::string_view text) noexcept {
        p = path();
        p.data_ = text.data();
        p.size_ = static_cast<std::uint16_t>(text.size());
    }
    static EHLO_INLINE constexpr void set_mailbox(path& p, std::string_view text, std::size_t at, std::size_t end, host_kind host) noexcept {
        p.data_ = text.data();
        p.size_ = static_cast<std::uint16_t>(end + 1);
        p.route_at_ = p.route_size_ = 0;
        p.local_at_ = 1;
        p.local_size_ = static_cast<std::uint16_t>(at - 1);
        p.domain_at_ = static_cast<std::uint16_t>(at + 1);
        p.domain_size_ = static_cast<std::uint16_t>(end - at - 1);
        p.kind_ = path_kind::mailbox;
        p.host_ = host;
        p.tolerated_ = strict;
    }
    // The same with a quoted local part, or at an address literal: the grammar reads these.
    EHLO_NOINLINE static constexpr bool try_quoted(std::string_view text, syntax const& rules, path& p) noexcept {
        cursor c{text, rules, 1};
        if (!detail::scan_quoted_string(c) || !c.tolerated.empty() || !c.next_is('@')) return false;
        std::size_t const domain = c.at + 1, end = domain + detail::fast::domain(detail::sub(text, domain), rules);
        return end != domain && end < text.size() && text[end] == '>' && accept(text, rules, p, c.at, end, host_kind::domain);
    }
    EHLO_NOINLINE static constexpr bool try_literal(std::string_view text, syntax const& rules, path& p) noexcept {
        unsigned const at = detail::fast::path::read_local_part(text);
        if (at == 0) return false;
        cursor c{text, rules, at + std::size_t{1}};
        std::uint8_t octets[16] = {};
        host_kind kind{};
        if (!detail::scan_literal(c, kind, octets) || !c.tolerated.empty() || !c.next_is('>')) return false;
        return accept(text, rules, p, at, c.at, kind);
    }
    static EHLO_INLINE constexpr bool accept(std::string_view text, syntax const& rules, path& p, std::size_t at, std::size_t end, host_kind host) noexcept {
        if (at > rules.max_local_part + 1u || end - at > rules.max_domain + 1u || end >= rules.max_path) return false;
        set_mailbox(p, text, at, end, host);
        if constexpr (detail::fast::checked) detail::fast::expect(reads_alike(text, rules, p));
        return true;
    }
    static EHLO_INLINE constexpr bool try_rarer(std::string_view text, syntax const& rules, path& p) noexcept {
        return text[1] == '"' ? try_quoted(text, rules, p) : try_literal(text, rules, p);
    }
    // Of "<" and another octet at least. Without `rarer` it needs no stack.
    static EHLO_INLINE constexpr bool try_fast(std::string_view text, syntax const& rules, path& p, bool rarer = true) noexcept {
        detail::fast::path found;
        if (!found.read(text, rules)) {
            if (!rarer || !found.rarer) return false;
            // Into another one: so nobody has the address of `p`, and it may stay in registers.
            path other;
            if (!try_rarer(text, rules, other)) return false;
            p = other;
            return true;
        }
        set_mailbox(p, text, found.at, found.end, host_kind::domain);
        if constexpr (detail::fast::checked) detail::fast::expect(reads_alike(text, rules, p));
        return true;
    }
    static constexpr bool same(path const& a, path const& b) noexcept {
        return a.data_ == b.data_ && a.size_ == b.size_ && a.route_at_ == b.route_at_ && a.route_size_ == b.route_size_ && a.local_at_ == b.local_at_ &&
               a.local_size_ == b.local_size_ && a.domain_at_ == b.domain_at_ && a.domain_size_ == b.domain_size_ && a.kind_ == b.kind_ &&
               a.host_ == b.host_ && a.tolerated_ == b.tolerated_;
    }
    static constexpr bool reads_alike(std::string_view text, syntax const& rules, path const& p) noexcept {
        for (path_role const role : {path_role::reverse, path_role::forward, path_role::any}) {
            cursor c{text, rules};
            path other;
            if (!read(c, role, other) || !same(other, p)) return false;
        }
        return true;
    }
    // The path at the cursor, which passes over it.
    static EHLO_INLINE constexpr bool take(cursor& c, path_role role, path& p) noexcept {
        if (EHLO_VECTOR && c.text.size() - c.at >= 2 && c.text[c.at] == '<' && try_fast({c.text.data() + c.at, c.text.size() - c.at}, c.rules, p)) {
            c.at += p.size_;
            return true;
        }
        return read(c, role, p);
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
/// parse_mailbox, each at the first octet that cannot be right; unexpected_argument for octets after the ">".
constexpr result<path> parse_path(std::string_view text EHLO_LIFETIMEBOUND, path_role role = path_role::any,
                                  syntax const& rules = strict_syntax) noexcept {
    result<path> p{detail::to_be_filled()};
    if (!EHLO_VECTOR || text.size() < 2 || text[0] != '<' || !path_access::try_fast(text, rules, *p, false) || p->text().size() != text.size())
        p = path_access::read_all(text, role, rules);
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
