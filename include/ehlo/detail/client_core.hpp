// What a client session is, and what it hears: each reply is matched to its command by counting, and the session moved on by it.
// Writing is not done here.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/detail/client_reply.hpp>
#include <ehlo/content.hpp>
#include <ehlo/detail/event_queue.hpp>
#include <ehlo/detail/heard_offers.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/reply_reader.hpp>
#include <ehlo/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Whether a client goes without TLS.
enum class tls_use : std::uint8_t {
    optional,     ///< it is the caller's business
    if_offered,   ///< where STARTTLS is offered, no mail and no AUTH before it; go on without if it was refused
    required,     ///< no mail and no AUTH without it, whatever the server offers
};

/// How a client is to behave: a value, set at run time.
struct client_settings {
    tls_use tls = tls_use::optional;
    bool clear_text_passwords = false;               ///< PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER without TLS
    bare_octets bare = bare_octets::reject;          ///< what to do about a CR or LF alone in content after DATA
    bool lmtp = false;                               ///< hello() says LHLO (RFC 2033)
};

namespace detail {

/// The part of client_with that writes nothing.
template <class... Own>
class client_core {
    static_assert(proved<Own...>());

  protected:
    using protocol = protocol_with<Own...>;
    using session_type = basic_session<protocol>;

    // In this order there are no gaps: the bits lie in the padding of what is before them.
    [[no_unique_address]] heard_offers<Own...> offered_;
    bool broken_ : 1 = false;
    bool lmtp_ : 1 = false;                   // the latest accepted greeting was LHLO
    bool said_lhlo_ : 1 = false;
    bool chunk_last_ : 1 = false;
    bool stale_ : 1 = false;                  // octets lay there when nothing was under way: they answer nothing
    bool unsure_ : 1 = false;                 // the server may have a transaction open that session_ does not know of
    bool undecided_ : 1 = false;              // broken while the end of a message was under way
    bool each_ : 1 = false;                   // PRDR: 353 has come, and the reply to the message has not
    std::uint32_t heard_ = 0;                 // recipients whose reply to the message has come
    std::uint64_t chunk_left_ = 0;            // octets of the chunk under way that are still to be written
    event_queue under_way_;
    reply_reader reader_;
    session_type session_;                    // as the replies have it
    session_type ahead_;                      // if all that is under way is accepted
    content_encoder content_;
    client_settings settings_;

    constexpr explicit client_core(client_settings const& s) noexcept : content_(s.bare), settings_(s) {
        if (s.tls == tls_use::required) session_.require(fact::tls);
        ahead_ = session_;
        push(event::greeting, {});
    }

  public:
    constexpr state where() const noexcept { return session_.where(); }
    /// Whether something holds: TLS, authentication ...
    constexpr bool knows(fact f) const noexcept { return session_.knows(f); }
    constexpr fact_set known() const noexcept { return session_.known(); }
    /// Says of a fact that it holds by other means: a certificate that authenticates, TLS from the beginning (RFC 8314).
    /// False, and nothing happens, for what only the dialogue can tell: an EHLO, the SMTPUTF8 of a MAIL.
    constexpr bool know(fact f) noexcept {
        if (!protocol::from_outside.has(f)) return false;
        session_.know(f);
        ahead_.know(f);
        return true;
    }
    /// What the latest accepted EHLO offered; nothing after HELO, STARTTLS and XCLIENT.
    constexpr capabilities offers() const noexcept {
        return offered_.all();
    }
    /// The mechanisms of AUTH that it offered, as far as ehlo knows their names.
    constexpr mechanisms offered_mechanisms() const noexcept { return offered_.auth(); }
    /// Whether it offered a command of the user's own; one without a keyword always is.
    template <class One>
    constexpr bool offers_own() const noexcept {
        constexpr unsigned n = static_cast<unsigned>(protocol::template event_of<One>) - static_cast<unsigned>(event::own0);
        return One::keyword.empty() || offered_.has_own(n);
    }
    /// Recipients accepted in the open transaction, as far as replies have come.
    constexpr std::uint32_t recipients() const noexcept { return session_.recipients(); }
    /// The event whose reply comes next; nothing if none is under way.
    constexpr std::optional<event> awaits() const noexcept {
        return under_way_.empty() ? std::nullopt : std::optional(under_way_.first());
    }
    /// Octets of the chunk under way that content() is still to be given.
    constexpr std::uint64_t chunk_left() const noexcept { return chunk_left_; }
    /// Whether the session is over: closed, turned, or broken by the server.
    constexpr bool over() const noexcept { return broken_ || protocol::ends.has(session_.where()); }

    /// Reads the first reply in `in`, which holds all octets received and not yet consumed. Octets that lie there before
    /// a command is written do not answer it, as far as they were shown to receive(): what was read ahead is to be shown first.
    /// None may follow the 220 to STARTTLS (RFC 3207 4.2).
    /// A refusal that nobody asked for (421, but also 451, 554 ...) ends the session: `to` is event::shutdown, or, if it came
    /// after 354 or in the middle of a chunk, the event of the end of that.
    /// After a MAIL with PRDR the end of the message may be answered 353, then for each recipient, then for the message (`more`
    /// says that others follow); or, by a server that decides for all alike, once.
    /// Errors: those of parse_reply; unexpected_reply, bad_reply_class (`at` 0); early_octets, after the 220 to STARTTLS: the session
    /// is broken then, except by missing_octets, which is the caller's fault: nothing has changed, and all octets are to be shown.
    constexpr progress<client_reply> receive(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = usual_reply_limits) noexcept {
        if (under_way_.empty() || stale_) [[unlikely]] return receive_unasked(in, limits);
        auto const parsed = reader_.next(in, limits);
        if (parsed.need_more()) return {std::size_t{0}};
        if (parsed.failed()) return unreadable(parsed.error());
        reply_view const& r = *parsed;
        event const to = under_way_.first();
        event const of = event_answered(session_, to);
        auto const& by = session_.move_by(of, answer_of(r.code()));
        if (!right_class(of, r.code(), by)) return broken(fail(errc::bad_reply_class, 0));
        std::uint32_t recipient = 0;
        if ((lmtp_ || session_.knows(fact::prdr)) && ends_message(to)) [[unlikely]] {
            if (r.code() == 353) {
                each_ = true;
                return {client_reply{to, r, true, 0, true}, parsed.consumed};
            }
            // In LMTP the last one is for a recipient, too.
            std::uint32_t const due = lmtp_ ? replies_due_now(to) : each_ ? recipients() + 1 : 1;
            recipient = heard_++;
            if (heard_ < due && r.code() != 421) return {client_reply{to, r, r.accepted(), recipient, !lmtp_}, parsed.consumed};
            heard_ = 0;
            each_ = false;
        }
        fact_set const brings = under_way_.first_brings();
        under_way_.pop();
        settle(of, r, by, brings, limits.tolerate);
        if (under_way_.empty() && parsed.consumed != in.size()) [[unlikely]] {
            if (awaits_handshake()) return broken(fail(errc::early_octets, parsed.consumed));
            stale_ = !is_blank(sub(in, parsed.consumed), limits);
        }
        return {client_reply{to, r, r.accepted(), recipient}, parsed.consumed};
    }

    /// The TLS handshake that starttls() asked for is over, or, before the greeting, TLS was there from the beginning
    /// (RFC 8314). All that was learnt before is forgotten. False, and nothing happens, at any other time.
    [[nodiscard]] constexpr bool secured() noexcept {
        if (over()) return false;
        if (awaits_handshake()) session_.settle(event::secured, answer::done);
        else if (!session_.check(event::greeting)) session_.know(fact::tls);
        else return false;
        reader_ = reply_reader();
        offered_.forget();
        ahead_ = session_;
        return true;
    }
    /// TLS ended and the connection did not: nothing that comes now can be trusted. As disconnected().
    constexpr verdict tls_lost() noexcept { return end(event::tls_lost); }
    /// The connection was lost: what is under way will not be answered. What to think of the messages whose reply is missing:
    /// `unknown` if the end of one was sent, `later` otherwise (RFC 5321 3.8: as if it were 451).
    constexpr verdict disconnected() noexcept { return end(event::lost); }

  protected:
    // What the server said breaks the session; what the caller forgot does not: the octets may still come.
    constexpr progress<client_reply> unreadable(failure f) noexcept {
        return f.code == errc::missing_octets ? progress<client_reply>(f, 0) : broken(f);
    }
    constexpr progress<client_reply> broken(failure f) noexcept {
        broken_ = true;
        undecided_ = undecided_ || ends_under_way();
        under_way_.clear();
        return {f, 0};
    }
    constexpr verdict end(event how) noexcept {
        verdict const v = undecided_ || ends_under_way() ? verdict::unknown : verdict::later;
        session_.settle(how, answer::refused);
        under_way_.clear();
        chunk_left_ = 0;
        return v;
    }

    constexpr bool ends_under_way() const noexcept {
        return under_way_.has(event::content_end) || under_way_.has(event::last_chunk_end) || under_way_.has(event::last_burl);
    }
    constexpr bool awaits_handshake() const noexcept { return !session_.check(event::secured); }
    // 354 came, and the end has not been sent.
    constexpr bool reads_content() const noexcept { return under_way_.empty() && !session_.check(event::content_end); }

    // Octets that came when nothing was under way, or when all was over.
    EHLO_NOINLINE constexpr progress<client_reply> receive_unasked(std::string_view in, reply_limits const& limits) noexcept {
        if (over()) return in.empty() && !broken_ ? progress<client_reply>(std::size_t{0}) : broken(fail(errc::session_over, 0));
        if (in.empty() && stale_) return unreadable(fail(errc::missing_octets, 0));  // one was left there
        if (!in.empty() && awaits_handshake()) return broken(fail(errc::early_octets, 0));
        stale_ = stale_ || (!in.empty() && !is_blank(in, limits));
        auto const parsed = reader_.next(in, limits);
        if (parsed.need_more()) return {std::size_t{0}};
        if (parsed.failed()) return unreadable(parsed.error());
        if (parsed->accepted()) return broken(fail(errc::unexpected_reply, 0));
        // In content it is about that, even if the end was written before it was heard.
        event const to = chunk_left_ != 0                      ? (chunk_last_ ? event::last_chunk_end : event::chunk_end)
                         : !session_.check(event::content_end) ? event::content_end
                                                               : event::shutdown;
        end(event::shutdown);
        return {client_reply{to, *parsed, false}, parsed.consumed};
    }

    // Nothing but the empty lines that the rule tolerates.
    static constexpr bool is_blank(std::string_view octets, reply_limits const& limits) noexcept {
        constexpr charset line_ends("\r\n");
        return limits.tolerate.has(rule::empty_line_between_replies) && find_first<~line_ends>(octets) == octets.size();
    }
    // RFC 5321 4.2: by the first digit. But the greeting is 220 and nothing else (3.1), and so is the go-ahead to TLS; and a reply for
    // each recipient is announced by 353.
    // A yes to what is out of order, because something before it was refused, shows that the two do not agree on what is open.
    // To MAIL and RCPT it does no harm yet (see unsure_); to whatever carries content, or moves on, it does.
    EHLO_INLINE constexpr bool right_class(event e, unsigned code, move<state> const& by) const noexcept {
        if (!session_.fits(e, answer_of(code), by)) return false;
        if (code < 400 && e != event::mail && e != event::rcpt) {
            if (!session_.has_row(e) || (unsure_ && session_.check(e))) [[unlikely]] return false;
        }
        if (code / 100 == 3 && ends_message(e)) return code == 353 && !each_ && recipients() != 0;
        return (e != event::greeting && e != event::starttls) || code == 220 || code >= 400;
    }
    // RFC 2033 4.2, 4.3: one for each recipient that was accepted, and so none if none was, whether the transaction is spoilt or
    // was not begun.
    constexpr std::uint32_t replies_due_now(event e) const noexcept {
        if (!lmtp_ || !ends_message(e)) return 1;
        return session_.recipients_owed();
    }

    constexpr void push(event e, fact_set brings) noexcept {
        under_way_.push(e, brings);
        accept(ahead_, e, brings);
        skip_unanswered();
    }
    // What has no reply is over as soon as it is the first under way.
    constexpr void skip_unanswered() noexcept {
        while (!under_way_.empty() && replies_due_now(under_way_.first()) == 0) [[unlikely]] {
            session_.settle(event_answered(session_, under_way_.first()), answer::refused);
            under_way_.pop();
            if (under_way_.empty()) ahead_ = session_;
        }
    }

    EHLO_INLINE constexpr void settle(event e, reply_view const& r, move<state> const& by, fact_set brings, leniency tolerate) noexcept {
        // 421 is the end of the session, whatever it answers.
        change const what = r.code() == 421 ? session_.settle(event::shutdown, answer::refused, brings) : session_.settle(by, brings);
        if (session_.over()) [[unlikely]] {
            end(event::shutdown);
            return;
        }
        be_sure(e, r.accepted(), what);
        if (!session_.knows(fact::extended)) offered_.forget();
        if (e == event::hello || e == event::helo) [[unlikely]] hear_hello(e, r, tolerate);
        if (e == event::starttls && !r.accepted() && settings_.tls == tls_use::if_offered) session_.require({});
        if (under_way_.empty()) ahead_ = session_;
        // A chunk that is refused takes with it what was sent after it.
        else if (what == change::dropped && !r.accepted()) ahead_ = look_ahead(session_, under_way_);
        skip_unanswered();
    }
    EHLO_INLINE constexpr void be_sure(event e, bool accepted, change what) noexcept {
        constexpr event_set anew = event::rset | event::hello | event::helo, last = event::last_chunk_end | event::last_burl;
        if (accepted) {
            if (e == event::mail || e == event::rcpt) unsure_ = what == change::none;
            else if (anew.has(e)) unsure_ = false;
        } else if (last.has(e)) {
            unsure_ = true;   // RFC 3030 2: "The resulting state from a failed BDAT command is indeterminate."
        } else if (e == event::rset && session_.check(event::mail) && under_way_.has(event::mail)) {
            end(event::shutdown);   // RCPT and DATA after that MAIL would be taken for the transaction that is still open
        }
    }
    constexpr void hear_hello(event e, reply_view const& r, leniency tolerate) noexcept {
        if (!r.accepted()) return;
        lmtp_ = said_lhlo_;
        if (e == event::helo) return offered_.forget();
        offered_.hear(r, tolerate);
        bool const wanted = settings_.tls == tls_use::required || (settings_.tls == tls_use::if_offered && offered_.has(extension::starttls));
        session_.require(wanted ? fact_set(fact::tls) : fact_set());
    }
};

}  // namespace detail

}  // namespace ehlo
