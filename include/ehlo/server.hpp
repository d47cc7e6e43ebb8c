// The server machine: octets in, calls to a handler, octets out. No I/O: the caller's event loop drives it.
//
// Calls, and their order:
//   advance        first with no input (it writes the greeting), then whenever octets have come; until it wants something else
//   answer         what the handler put off, when want::reply
//   secured        the TLS handshake is over, when want::tls; or before the greeting, if TLS was there from the beginning
//   tls_lost, disconnected, shut_down     at any time; then the session is over
// The order of commands is not decided here: session.hpp's table is asked (check, fits), and moves the session (settle).
// Where a state is looked at, it is to say which reader gets the octets (readers_of_states), or whether there is something to be
// abandoned.
#pragma once

#include <ehlo/chunk_content.hpp>
#include <ehlo/command_reader.hpp>
#include <ehlo/handler.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/policy.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// What a server wants next.
enum class want : std::uint8_t {
    read,   ///< more input
    write,  ///< send what was produced, and call again with the rest of the input
    room,   ///< an output of reply_space octets: this one was smaller, and sending would not help; then as `write`
    reply,  ///< the answer that a handler put off with reply::later
    tls,    ///< send what was produced, do the TLS handshake, call `secured` (RFC 3207 4); no octet may be left over
    turn,   ///< send what was produced; from now on the peer is the server (RFC 2645 5.3), and this session is over
    close,  ///< send what was produced, and close the connection
};

inline constexpr std::size_t want_count = 7;
inline constexpr std::string_view want_names[want_count] = {"read", "write", "room", "reply", "tls", "turn", "close"};
constexpr std::string_view name(want w) noexcept { return want_names[static_cast<unsigned>(w)]; }
static_assert(detail::names_all<want>(want_names), "a want has no name");

/// What a call did: discard `consumed` octets of the input, send `produced` octets of the output, then do what it wants.
struct [[nodiscard]] step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    v0::want want = want::read;
};

namespace detail {
// The octets of an output whose size is part of its type; all others are dynamic_extent.
template <class Out>
constexpr std::size_t known_size() noexcept {
    if constexpr (requires(Out& out) { std::span(out); }) return decltype(std::span(std::declval<Out&>()))::extent;
    else return std::dynamic_extent;
}

/// Who is given the octets.
enum class reader : std::uint8_t { nobody, commands, content, chunk, responses };
inline constexpr reader readers_of_states[state_count] = {
    reader::nobody,    // connected: it is the server's turn
    reader::commands,  // greeted
    reader::commands,  // ready
    reader::commands,  // mail
    reader::commands,  // rcpt
    reader::content,
    reader::chunk,
    reader::commands,  // chunks
    reader::commands,  // spoilt
    reader::responses, // exchange
    reader::nobody,    // handshake: until TLS is there
    reader::commands,  // refused
    reader::nobody,    // turned
    reader::nobody,    // closed
};

constexpr fact_set required_by(policy const& p) noexcept {
    fact_set required;
    if (p.require_tls) required |= fact::tls;
    if (p.require_authentication || p.service == service::submission) required |= fact::authenticated;
    return required;
}

/// The one code of a 2yz, where a command has only one: 220, 235. 0 where there is a choice.
constexpr unsigned only_code(event e) noexcept {
    return e == event::starttls || e == event::xclient ? 220 : e == event::auth || e == event::response ? 235 : 0;
}
}  // namespace detail

/// An SMTP server session (RFC 5321), with commands of the user's own, if any (own_commands.hpp). Trivially copyable: it may be
/// stored in bulk, moved between threads, and saved, in the middle of content, of a chunk or of an AUTH exchange, too.
///
/// The handler says yes or no; it must have these, and does not compile without:
///     reply on(cmd::hello const&)       EHLO or HELO; the text of an accepting reply is not used
///     reply on(cmd::mail const&)        the views of a command live until the call returns (or is answered)
///     reply on(cmd::rcpt const&)
///     void  on(content const&)          decoded content, a piece at a time; of content that is refused in the end (too large,
///                                       bare CR or LF) how much of it comes depends on how the octets arrived
///     reply on(end_of_content const&)
///     reply on(Own::type const&)        for each command of one's own
/// must have these where their extension is offered (a policy at run time does not offer what has no function):
///     reply on(cmd::starttls const&)    220 or 454
///     mechanisms mechanisms() const     AUTH: those that can be used. auth_answer on(cmd::auth const&), auth_answer
///                                       on(auth_response const&): a challenge, or a reply; both have `decode`
///     reply on(cmd::client_facts const&)  XCLIENT (220, whose text becomes that of a new greeting), XFORWARD (250)
///     reply on(cmd::etrn const&)        likewise cmd::onex; cmd::atrn and cmd::turn: after a 2yz the roles are changed
///     reply on(cmd::burl const&)        after LAST its 2yz makes the server responsible for the message
/// and may have these:
///     reply on(connected const&)        the greeting: 220 and a text after the server's name; 554 or 521 to hear nothing but
///                                       QUIT (RFC 5321 3.1, RFC 7504); 421 to close. Not reply::later.
///     void  on(ehlo_answer&)            the answer to EHLO, before it is sent: it may say more of what is offered, or offer less
///     reply on(cmd::lookup const&)      VRFY (otherwise 252), EXPN (otherwise 502)
///     reply on(cmd::remark const&)      HELP (otherwise 214), NOOP, VERB (otherwise 250)
///     reply on(cmd::data const&)        before the 354; a refusal leaves the transaction open
///     void  on(abandoned const&)        drop what was collected; on(cmd::mail) begins anew in any case
///     void  on(answered const&)         called for every reply
///     using own_mail_parameters = own_parameters<...>;    parameters of your own; own_rcpt_parameters likewise
/// A function that is nearly one of these does not compile: private, with another result, by a reference that is not constant, or
/// for a command that the handler is never asked. (Not seen: in a set of overloads with a template the last two, and in a final
/// class a function that is not public.)
///
/// A reply that cannot be sent (CR, LF or NUL in its text, too long, a status of another class) goes out with its code, and without
/// its text; one of a class that the command cannot have becomes 354 if it said yes to DATA, else 451. `answered` tells.
/// With ENHANCEDSTATUSCODES on offer a reply without a status gets X.0.0 (RFC 2034 4).
///
/// What a handler throws goes through to the caller of the session and ends it: what was written in that call is not to be
/// sent, and the handler is not called again but by shut_down, which says 421, or disconnected. Both tell it `abandoned` if
/// it was in a transaction. A call is noexcept if all functions of the handler are.
///
/// Fewer octets than a call left are a misuse, and end the session with 421.
template <class... Own>
class server_with {
    using protocol = protocol_with<Own...>;
    static_assert(detail::proved<Own...>());
    using reader = detail::reader;

    // The message of the open transaction.
    struct message {
        std::uint64_t octets = 0;       // of content so far
        content_decoder content;
        chunk_decoder chunks;
        bool stored = false;            // LMTP: it was accepted for a recipient at least
        std::uint32_t recipients = 0;   // that were accepted; those of a transaction that a chunk spoilt are owed replies still
        std::uint32_t answered = 0;     // of them those that have had their reply to the content (LMTP)
    };
    // The octets of a BDAT.
    struct chunk {
        std::uint64_t left = 0;
        bool under_way = false;
        v0::event ends = event::bdat;   // what its reply answers: the BDAT itself, if that was refused
        bool last = false;
        std::optional<errc> fault{};    // then its octets are thrown away
    };
    // The answer that a handler put off.
    struct awaited {
        std::uint32_t octets = 0;       // of input, which the answer consumes
        bool waiting = false;
        v0::event event = event::greeting;
        v0::verb verb = verb::unknown;
    };

    policy const* settings_;
    char const* name_;
    extensions offered_;            // what this session may use: less than the settings have, by the handler and by EHLO
    message message_{};
    chunk chunk_{};
    line_reader lines_;
    basic_session<protocol> session_;
    awaited awaited_{};
    std::uint32_t errors_ = 0;
    std::uint32_t left_ = 0;        // octets of the input that were there and not consumed
    leniency tolerate_;
    leniency tolerated_{};          // in the latest command
    std::uint16_t name_size_;
    detail::bdat_finder finder_;    // in a line that is being thrown away
    std::uint8_t brings_ = 0;       // facts that the MAIL which is being answered brings
    bool pipelined_ = false;        // a command was refused, others may have been sent before its reply was seen (RFC 2920 3.1)
    bool last_word_ = false;        // a handler threw: shut_down may still say 421
    bool dangling_ = false;         // and was in a transaction

    struct io {
        std::string_view in;
        writer out;
        std::size_t used = 0;
        bool more = false;   // there are octets that `in` does not show
    };
    // What is being answered.
    struct asked {
        v0::event event = event::noop;
        v0::verb verb = verb::unknown;
        std::string_view line{};
        std::uint32_t secret = 0;
    };

  public:
    /// Settings and name (the server's domain or address literal) are borrowed as long as the session lives. With a name that is
    /// neither, or settings that are wrong (see check(policy)), the greeting is a 421 that says so, and the session is over: a
    /// constructor cannot refuse.
    constexpr server_with(policy const& settings EHLO_LIFETIMEBOUND, std::string_view name EHLO_LIFETIMEBOUND) noexcept
        : settings_(&settings),
          name_(name.data()),
          offered_(settings.offers),
          session_(detail::required_by(settings)),
          tolerate_(settings.grammar.tolerate),
          name_size_(static_cast<std::uint16_t>(name.size() < 0xFFFF ? name.size() : 0xFFFF)) {}
    /// They would be gone before they are used.
    template <detail::temporary S>
    server_with(policy const&, S&&) = delete;
    template <class S>
    server_with(policy&&, S&&) = delete;

    constexpr state where() const noexcept { return session_.where(); }
    constexpr bool knows(fact f) const noexcept { return session_.knows(f); }
    constexpr std::uint32_t recipients() const noexcept { return session_.recipients(); }
    constexpr policy const& settings() const noexcept { return *settings_; }
    constexpr std::string_view server_name() const noexcept { return {name_, name_size_}; }
    /// Says that the client is authenticated by other means than AUTH: its certificate, its address.
    constexpr void authenticated(bool yes = true) noexcept { session_.know(fact::authenticated, yes); }
    /// Tolerates other departures from RFC 5321 than the policy's, from the next command on.
    constexpr void tolerate(leniency departures) noexcept { tolerate_ = departures; }

    /// The TLS handshake is over: what was said before it is forgotten (RFC 3207 4.2). Before the greeting: TLS was there from the
    /// beginning (RFC 8314 3). Anywhere else it means nothing.
    constexpr void secured() noexcept {
        if (!session_.check(event::greeting)) session_.know(fact::tls);
        else if (!session_.check(event::secured)) session_.settle(event::secured, answer::done);
        else return;
        lines_ = line_reader();
        errors_ = left_ = 0;
    }

    /// Takes all octets received and not yet consumed, and room for replies (policy::reply_space or more; in the middle of content
    /// none is needed); goes on as far as it can.
    /// When it wants a reply, leave the octets that were not consumed where they are: the views of the command that
    /// waits point into them until answer() has been called.
    template <class Handler>
    [[nodiscard]] constexpr step advance(std::string_view in, Handler& handler, std::span<char> out) noexcept(never_throws<Handler>()) {
        require<Handler>();
        return guarded<Handler>([&] { return run(in, handler, out); });
    }

    /// Answers the command that was put off. Call `advance` again with the same input, less what this consumed.
    template <class Handler>
    [[nodiscard]] constexpr step answer(reply const& r, Handler& handler, std::span<char> out) noexcept(never_throws<Handler>()) {
        return answer_with(r, handler, out);
    }
    /// Likewise AUTH, or a response of the client.
    template <class Handler, class Answer>
        requires(std::is_same_v<Answer, auth_answer> || std::is_same_v<Answer, challenge>)
    [[nodiscard]] constexpr step answer(Answer const& a, Handler& handler, std::span<char> out) noexcept(never_throws<Handler>()) {
        return answer_with(auth_answer(a), handler, out);
    }

    /// Says 421 (or another 4yz or 5yz) and closes (RFC 5321 3.8): idle too long, shutting down, short of something. What
    /// cannot be said, or has no room, becomes the usual 421; if that has none, nothing is said.
    template <class Handler>
    [[nodiscard]] constexpr step shut_down(Handler& handler, std::span<char> out,
                                           reply const& r = replies::shutting_down) noexcept(never_throws<Handler>()) {
        require<Handler>();
        io t{{}, writer(out.data(), out.size())};
        awaited_.waiting = false;
        if (session_.over() && !last_word_) return done(t, want::close);
        return guarded<Handler>([&] {
            last_word_ = false;
            tolerated_ = strict;
            bool const usable = r.code / 100 >= 4 && r.code < 600 && !check(r);
            // In a handshake nothing can be heard, and after TURN it is not this end that replies.
            bool const heard = session_.check(event::secured) && session_.where() != state::turned;
            if (heard) conclude(t, handler, {event::shutdown}, usable ? r : replies::shutting_down, std::nullopt);
            else settle(handler, event::lost, 0);
            return done(t, want::close);
        });
    }

    /// The connection was lost: an open transaction is dropped (RFC 5321 4.1.1.5).
    template <class Handler>
    constexpr void disconnected(Handler& handler) noexcept(never_throws<Handler>()) {
        lose(handler, event::lost);
    }
    /// TLS has ended and the connection has not, or its handshake failed: what comes now comes from anybody. The session is over,
    /// an open transaction is dropped, and no more octets are taken. Close the connection.
    template <class Handler>
    constexpr void tls_lost(Handler& handler) noexcept(never_throws<Handler>()) {
        lose(handler, session_.knows(fact::tls) ? event::tls_lost : event::lost);
    }

  protected:
    template <class H>
    static constexpr bool never_throws() noexcept {
        return detail::never_throws<H, Own...>;
    }
    template <class H>
    static constexpr void require() noexcept {
        static_assert(detail::answers<H, cmd::hello>, "the handler lacks: reply on(ehlo::cmd::hello const&)");
        static_assert(detail::answers<H, cmd::mail>, "the handler lacks: reply on(ehlo::cmd::mail const&)");
        static_assert(detail::answers<H, cmd::rcpt>, "the handler lacks: reply on(ehlo::cmd::rcpt const&)");
        static_assert(detail::handles<H, content>, "the handler lacks: void on(ehlo::content const&)");
        static_assert(detail::answers<H, end_of_content>, "the handler lacks: reply on(ehlo::end_of_content const&)");
        static_assert((... && detail::answers<H, typename Own::type>), "the handler lacks: reply on(Own::type const&), for a command of one's own");
        detail::check_answers<H, connected, cmd::lookup, cmd::remark, cmd::data, cmd::starttls, cmd::burl, cmd::etrn, cmd::atrn, cmd::turn,
                              cmd::onex, cmd::client_facts, typename Own::type...>();
        detail::check_on<H, abandoned>();
        detail::check_on<H, answered>();
        detail::check_auth<H>();
        detail::check_never_asked<H, cmd::rset, cmd::quit, cmd::bdat>();
    }

  private:
    // Runs what calls the handler. If it throws, the session is over, and nothing of the call may be sent.
    template <class H, class F>
    constexpr step guarded(F&& call) noexcept(never_throws<H>()) {
#ifdef __cpp_exceptions
        if constexpr (!never_throws<H>()) {
            try {
                return call();
            } catch (...) {
                bool const open = session_.settle(event::lost, answer::refused) == change::dropped;
                dangling_ |= open && !message_.stored;
                last_word_ = true;
                awaited_.waiting = false;
                chunk_ = chunk();
                throw;
            }
        } else
#endif
            return call();
    }

    template <class H>
    constexpr step run(std::string_view in, H& handler, std::span<char> out) {
        io t{in, writer(out.data(), out.size())};
        if (in.size() < left_ || awaited_.waiting) [[unlikely]] {
            // Whatever was given, it is looked at when the answer has come: but what came is known then.
            if (awaited_.waiting) return in.size() < left_ ? done(t, want::reply) : leave(t, want::reply);
            if (!smtp_protocol::ends.has(session_.where())) misused(t, handler);
        }
        for (;;) {
            if (awaited_.waiting) return leave(t, want::reply);
            reader const r = chunk_.under_way ? reader::chunk : detail::readers_of_states[static_cast<unsigned>(session_.where())];
            // Content needs no room until its end; a whole reply must fit before anybody is asked for one.
            bool const room = t.out.room() >= settings_->reply_space;
            if (r == reader::commands) [[likely]] {
                if (!room) return leave(t, more_room(t));
                if (t.used == t.in.size() || !take_command(t, handler)) return leave(t, want::read);
            } else if (r == reader::content) {
                if (!take_content(t, handler)) return leave(t, !room && more_content(t) ? more_room(t) : want::read);
            } else if (r == reader::chunk) {
                if (!take_chunk(t, handler)) return leave(t, chunk_.left == 0 ? more_room(t) : want::read);
            } else if (session_.over()) {
                return leave(t, want::close);
            } else if (!session_.check(event::secured)) {
                // What comes in the clear after STARTTLS could be anybody's (RFC 3207 4.2).
                if (t.in.empty() || t.used != 0) return leave(t, want::tls);
                hang_up(t, handler, {event::starttls, verb::starttls});
            } else if (smtp_protocol::ends.has(session_.where())) {
                return leave(t, want::turn);
            } else if (!room) {
                return leave(t, more_room(t));
            } else if (r == reader::nobody) {
                greet(t, handler);
            } else if (!take_response(t, handler)) {
                return leave(t, want::read);
            }
        }
    }
    constexpr step leave(io const& t, v0::want w) noexcept {
        std::size_t const left = t.in.size() - t.used;
        left_ = left < 0xFFFFFFFF ? static_cast<std::uint32_t>(left) : 0xFFFFFFFF;
        return done(t, w);
    }
    // If nothing was produced, to send it makes no room.
    static constexpr v0::want more_room(io const& t) noexcept { return t.out.size() == 0 ? want::room : want::write; }
    static constexpr step done(io const& t, v0::want w) noexcept { return {t.used, t.out.size(), w}; }
    // Whether the content could go on if only there were room for the reply at its end.
    static constexpr bool more_content(io const& t) noexcept { return t.in.size() - t.used >= 3; }
    constexpr v0::want wanted() const noexcept {
        return session_.over() ? want::close : !session_.check(event::secured) ? want::tls : smtp_protocol::ends.has(session_.where()) ? want::turn : want::read;
    }

    template <class H, class Answer>
    constexpr step answer_with(Answer const& a, H& handler, std::span<char> out) noexcept(never_throws<H>()) {
        require<H>();
        io t{{}, writer(out.data(), out.size())};
        if (!awaited_.waiting) return done(t, wanted());
        if (t.out.room() < settings_->reply_space) return done(t, want::room);
        return guarded<H>([&] {
            awaited const was = awaited_;
            awaited_ = awaited();
            t.used = was.octets;
            left_ -= was.octets < left_ ? was.octets : left_;
            t.more = left_ != 0;
            conclude_with(t, handler, {was.event, was.verb}, a);
            return done(t, wanted());
        });
    }
    template <class H>
    constexpr void lose(H& handler, v0::event e) noexcept(never_throws<H>()) {
        require<H>();
        awaited_.waiting = false;
        last_word_ = false;
        chunk_ = chunk();
        settle(handler, e, 0);
    }

    // Octets are missing that this session has seen and not consumed: there is no going on.
    template <class H>
    EHLO_NOINLINE constexpr void misused(io& t, H& handler) {
        tolerated_ = strict;
        if (!session_.check(event::secured)) return hang_up(t, handler, {});
        conclude(t, handler, {event::shutdown}, reply(421, status{4, 3, 0}, replies::try_later.text), fail(errc::missing_octets, t.in.size()));
    }
    // Ends the session without a word.
    template <class H>
    EHLO_NOINLINE constexpr void hang_up(io& t, H& handler, asked const& a) {
        settle(handler, event::lost, 0);
        tell(handler, a, event::lost, fail(errc::bad_sequence, a.line.size()), reply());
        if (t.used < t.in.size()) t.used = t.in.size();
    }

    template <class H>
    constexpr void greet(io& t, H& handler) {
        offered_ = offers<H>();
        std::string_view const usual = settings_->service == service::lmtp ? "LMTP ready" : "ESMTP ready";
        reply r(220, usual);
        std::optional<failure> fault;
        if constexpr (detail::answers<H, connected>) r = handler.on(connected{});
        r.enhanced = {};  // RFC 2034 4: none in the greeting
        if (!parse_host(server_name())) {  // once, and to be seen
            r = reply(421, "The name of this server is not a domain");
            fault = fail(errc::bad_value, 0);
        } else if (auto const wrong = check(*settings_)) {
            r = reply(421, "The settings of this server are wrong");
            fault = *wrong;
        } else if (r.code != 220 && (r.code / 100 < 4 || r.code > 599)) {
            r = reply(421, replies::try_later.text);
            fault = fail(errc::bad_value, 0);
        }
        if (r.code == 220) fault = write_greeting(t.out, r, usual);
        else if (!write(t.out, r)) fault = write_without_text(t.out, true, r);
        event const e = r.code == 421 ? event::shutdown : event::greeting;
        settle(handler, e, r.code);
        tell(handler, {}, e, fault, r);
    }
    // "220 SP name SP text": the greeting, and what XCLIENT is answered. A text that cannot be sent gives way to the usual one.
    constexpr std::optional<failure> write_greeting(writer& out, reply& r, std::string_view usual) const noexcept {
        std::optional<failure> fault = check(r);
        if (!fault && server_name().size() + r.text.size() + 7 > max_reply_line) fault = fail(errc::output_full, 0);
        if (fault) r.text = usual;
        out.raw("220 ").raw(server_name()).raw(r.text.empty() ? "" : " ").raw(r.text).crlf();
        return fault;
    }

    template <class H>
    constexpr void tell(H& handler, asked const& a, v0::event e, std::optional<failure> const& fault, reply const& r) const {
        if constexpr (detail::handles<H, answered>) handler.on(answered{a.verb, e, fault, r, tolerated_, a.line, a.secret});
    }

    // Decodes content. False: more input (or room) is needed.
    template <class H>
    constexpr bool take_content(io& t, H& handler) {
        for (;;) {
            std::string_view const rest = detail::sub(t.in, t.used);
            // The end needs a reply: it is left where it is until there is room for one.
            if (t.out.room() < settings_->reply_space && rest.size() >= 3 && detail::sub(rest, 0, 3) == ".\r\n") return false;
            content_piece const piece = message_.content.next(rest, settings_->bare);
            if (piece.consumed == 0) return false;
            if (piece.end) {
                end_content(t, handler, piece.consumed);
                return true;
            }
            // LMTP: some have had their reply, so the end was there.
            if (message_.answered != 0) [[unlikely]] {
                misused(t, handler);
                return true;
            }
            t.used += piece.consumed;
            hand_on(handler, piece.octets);
        }
    }
    template <class H>
    constexpr void hand_on(H& handler, std::string_view octets) {
        message_.octets += octets.size();
        if (message_.octets <= settings_->max_message && !spoilt() && !octets.empty()) handler.on(content{octets});
    }
    constexpr bool has_bare_cr() const noexcept { return message_.content.bare_cr() || message_.chunks.bare_cr(); }
    constexpr bool has_bare_lf() const noexcept { return message_.content.bare_lf() || message_.chunks.bare_lf(); }
    constexpr bool spoilt() const noexcept { return settings_->bare == bare_octets::reject && (has_bare_cr() || has_bare_lf()); }
    // Why the content cannot be taken, so far.
    constexpr std::optional<failure> find_content_fault() const noexcept {
        if (message_.octets > settings_->max_message) return fail(errc::message_too_large, 0);
        if (spoilt()) return fail(has_bare_cr() ? errc::bare_cr : errc::bare_lf, 0);
        return std::nullopt;
    }

    // One reply, or in LMTP one for each recipient (RFC 2033 4.2). The end of the content is consumed with the last: until
    // then it is found again, when there is room for the next reply, or when the answer to a reply put off has come.
    template <class H>
    constexpr void end_content(io& t, H& handler, std::size_t consumed) {
        std::optional<failure> const fault = find_content_fault();
        tolerated_ = strict;  // DATA's was told
        asked const a{event::content_end, verb::data};
        reply const r = fault ? reply_for(*fault, verb::data) : handler.on(end_of_content{message_.octets, message_.recipients, message_.answered});
        std::size_t const used = is_last_answer() ? consumed : 0;
        if (r.is_later()) return put_off(used, a);
        t.used += used;
        conclude(t, handler, a, r, fault);
    }
    constexpr bool is_last_answer() const noexcept {
        return settings_->service != service::lmtp || message_.answered + 1 >= message_.recipients;
    }

    constexpr void put_off(std::size_t consumed, asked const& a) noexcept {
        awaited_ = {static_cast<std::uint32_t>(consumed), true, a.event, a.verb};
    }

    // The octets of a chunk, and the reply when all have come. False: more input (or room) is needed.
    template <class H>
    constexpr bool take_chunk(io& t, H& handler) {
        while (chunk_.left != 0) {
            std::string_view const rest = detail::sub(t.in, t.used, chunk_.left < t.in.size() ? static_cast<std::size_t>(chunk_.left) : t.in.size());
            if (rest.empty()) return false;
            bool const as_it_is = chunk_.fault || session_.knows(fact::binary);
            content_piece const piece = as_it_is ? content_piece{rest, rest.size(), false} : message_.chunks.next(rest, settings_->bare);
            t.used += piece.consumed;
            chunk_.left -= piece.consumed;
            if (!chunk_.fault) hand_on(handler, piece.octets);
            else if (chunk_.ends != event::bdat) message_.octets += piece.consumed;
        }
        if (t.out.room() < settings_->reply_space) return false;
        end_chunk(t, handler);
        return true;
    }
    template <class H>
    constexpr void end_chunk(io& t, H& handler) {
        asked const a{chunk_.ends, verb::bdat};
        tolerated_ = strict;
        std::optional<failure> fault;
        if (chunk_.fault) fault = fail(*chunk_.fault, 0);
        if (chunk_.ends == event::bdat) {
            // RFC 2033 4.3: a last chunk has as many replies as there are recipients, which may be none.
            if (answers_each_recipient(a.event) && message_.recipients == 0) {
                settle(handler, a.event, 503);
                chunk_ = chunk();
                return tell(handler, a, a.event, fault, reply());
            }
            return refuse(t, handler, a, *fault, fault->code != errc::not_implemented);
        }
        if (a.event == event::last_chunk_end && message_.answered == 0) hand_on(handler, message_.chunks.finish(settings_->bare));
        if (!fault) fault = find_content_fault();
        reply r = replies::chunk_received;
        if (fault) r = reply_for(*fault, verb::data);
        else if (a.event == event::last_chunk_end) r = handler.on(end_of_content{message_.octets, message_.recipients, message_.answered});
        if (r.is_later()) return put_off(0, a);
        conclude(t, handler, a, r, fault);
    }
    constexpr bool answers_each_recipient(v0::event e) const noexcept {
        if (settings_->service != service::lmtp) return false;
        return facts_of(e).replies == replies_due::one_per_recipient ||
               (e == event::bdat && chunk_.last && offered_.has(extension::chunking));
    }

    // Reads a line and answers it. False: more input is needed.
    template <class H>
    constexpr bool take_command(io& t, H& handler) {
        std::string_view const in = detail::sub(t.in, t.used);
        syntax grammar = settings_->grammar;
        grammar.smtputf8 = session_.knows(fact::smtputf8);
        grammar.tolerate = tolerate_;
        // Most commands are read in one step; one that is out of order, rare or wrong is left to the long way.
        if (!std::is_constant_evaluated() && lines_.at_start() && in.size() >= 6) {
            v0::verb const v = detail::find_verb4(in.data());
            if (v != verb::bdat && !find_disorder(v)) {
                std::optional<failure> fault;
                reply r;
                tolerated_ = strict;
                asked a{verb_table[static_cast<unsigned>(v)].on, v, {in.data(), 0}, 0};
                std::size_t const used = detail::take_common_command(
                    in, settings_->max_line, grammar, [&](auto const& command) noexcept(never_throws<H>()) {
                        using answer = decltype(ask(handler, command, fault, a));
                        if constexpr (std::is_same_v<answer, reply>) r = ask(handler, command, fault, a);   // AUTH is never read so
                    });
                if (used != 0) {
                    a.line = {in.data(), used - 2};
                    a.secret = static_cast<std::uint32_t>(used - 2);
                    if (!fault && r.is_later()) {
                        put_off(used, a);
                        return true;
                    }
                    t.used += used;
                    if (fault) refuse(t, handler, a, *fault, false);
                    else conclude(t, handler, a, r, std::nullopt);
                    return true;
                }
            }
        }
        return take_rare_command(t, handler, grammar);
    }

    // Why a verb cannot be answered here, whatever stands after it.
    constexpr std::optional<failure> find_disorder(v0::verb v) const noexcept {
        if (v != verb::unknown && speaks(v) && does(v)) [[likely]] {
            if (auto const why = session_.check(verb_table[static_cast<unsigned>(v)].on)) return fail(*why, 0);
            return std::nullopt;
        }
        // RFC 5321 3.1: after a greeting that refuses all is 503 but QUIT, unknown or not. NOOP is in order wherever another is.
        if (session_.check(event::noop)) return fail(errc::bad_sequence, 0);
        return fail(v == verb::unknown || !speaks(v) ? errc::unknown_verb : errc::not_implemented, 0);
    }
    // LHLO is LMTP's, HELO and EHLO are not (RFC 2033 4.1): to the other service they are no commands at all.
    constexpr bool speaks(v0::verb v) const noexcept {
        bool const lmtp = settings_->service == service::lmtp;
        return v == verb::lhlo ? lmtp : (v != verb::helo && v != verb::ehlo) || !lmtp;
    }
    constexpr bool does(v0::verb v) const noexcept {
        auto const of = extension_of(v);
        if (!of || offered_.has(*of)) return true;
        return settings_->mail_modes && verb_table[static_cast<unsigned>(v)].on == event::mail;
    }

    // By way of its line: for all that can be wrong with it.
    template <class H>
    EHLO_NOINLINE constexpr bool take_rare_command(io& t, H& handler, syntax const& grammar) {
        std::string_view const in = detail::sub(t.in, t.used);
        auto const line = lines_.next(in, settings_->max_line, tolerate_);
        tolerated_ = strict;
        if (!line.ready()) {
            finder_.look(detail::sub(in, 0, line.consumed));
            t.used += line.consumed;
            if (line.need_more()) return false;
            bool const may_be_chunk = finder_.found();
            finder_ = detail::bdat_finder();
            refuse(t, handler, {event::noop, may_be_chunk ? verb::bdat : verb::unknown}, line.error(), false, may_be_chunk);
            return true;
        }
        bool const bare_lf = line.consumed == line->size() + 1;
        if (bare_lf) tolerated_ |= rule::bare_lf_line;
        auto const split = split_command(*line, grammar);
        asked a{event::noop, split ? split->verb : verb::unknown, *line, find_secret(*line)};
        if (split) tolerated_ |= split->tolerated;
        if (a.verb == verb::bdat) return take_bdat(t, handler, a, *split, line.consumed, bare_lf), true;
        std::optional<failure> fault;
        // One that is out of order may lead on by the table, one that is malformed does not; but without a BURL the message lacks a
        // part (RFC 4468 3.2), as the table knows.
        bool moves = false;
        auth_answer said{reply()};
        auto take = [&](auto const& command) noexcept(never_throws<H>()) {
            if constexpr (requires { command.tolerated; }) tolerated_ |= command.tolerated;
            if constexpr (requires { command.name.tolerated; }) tolerated_ |= command.name.tolerated;
            said = ask(handler, command, fault, a);
        };
        if (!split) {
            fault = session_.check(event::noop) && split.error().code != errc::http_request ? fail(errc::bad_sequence, 0) : split.error();
        } else if (a.verb != verb::unknown) {
            a.event = verb_table[static_cast<unsigned>(a.verb)].on;
            fault = find_disorder(a.verb);
            moves = fault && fault->code == errc::bad_sequence;
            if (!fault) {
                if (auto const bad = visit_command(*split, grammar, take)) {
                    fault = bad;
                    moves = a.event == event::burl;
                }
            }
        } else if (!(... || take_own<Own>(*split, grammar, a, fault, moves, take))) {
            fault = find_disorder(verb::unknown);
        }
        if (fault) {
            detail::bdat_finder finder;
            finder.look(*line);
            t.used += line.consumed;
            if (finder.found()) refuse(t, handler, {event::noop, verb::bdat, a.line, a.secret}, *fault, false, true);
            else refuse(t, handler, a, *fault, moves);
        } else if (said.said.is_later()) {
            put_off(line.consumed, a);
        } else {
            t.used += line.consumed;
            conclude_with(t, handler, a, said);
        }
        return true;
    }
    // A command of the user's own, if the line is one.
    template <class One, class Take>
    constexpr bool take_own(command_line const& split, syntax const& grammar, asked& a, std::optional<failure>& fault, bool& moves, Take& take) {
        if (!iequals(split.name, One::verb)) return false;
        a.event = protocol::template event_of<One>;
        if (auto const why = session_.check(a.event)) {
            fault = fail(*why, 0);
            moves = *why == errc::bad_sequence;
        } else if (auto const parsed = One::parse(split.arguments, grammar)) {
            take(*parsed);
        } else {
            fault = fail(parsed.error().code, parsed.error().at + static_cast<std::size_t>(split.arguments.data() - split.name.data()));
        }
        return true;
    }

    // Whoever sends BDAT sends its chunk too, which must never be read as commands: its octets are taken before it is refused (RFC 3030
    // 2). Without its size there is no way to tell where commands begin again, and the session ends. So it does after any line that
    // is refused and that somebody may take for a BDAT, see bdat_finder; and where a bare LF ended the line, the chunk does not
    // begin at the same place for everybody.
    template <class H>
    constexpr void take_bdat(io& t, H& handler, asked& a, command_line const& split, std::size_t consumed, bool bare_lf) {
        t.used += consumed;
        auto const parsed = parse_bdat(split.arguments);
        if (!parsed || bare_lf) {
            failure const fault = bare_lf ? fail(errc::bare_lf, a.line.size())
                                          : fail(parsed.error().code, parsed.error().at + static_cast<std::size_t>(split.arguments.data() - split.name.data()));
            return refuse(t, handler, a, fault, false, true);
        }
        std::optional<errc> fault = session_.check(event::bdat);
        if (!offered_.has(extension::chunking)) fault = in_transaction(session_.where()) ? errc::not_implemented : errc::bad_sequence;
        chunk_ = {parsed->size, true, fault ? event::bdat : parsed->last ? event::last_chunk_end : event::chunk_end, parsed->last, fault};
        if (fault) return;
        session_.settle(event::bdat, answer::done);
        if (message_.octets > settings_->max_message || parsed->size > settings_->max_message - message_.octets) chunk_.fault = errc::message_too_large;
    }

    // A line of the client in an AUTH exchange. False: more input is needed.
    template <class H>
    EHLO_NOINLINE constexpr bool take_response(io& t, H& handler) {
        auto const line = lines_.next(detail::sub(t.in, t.used), max_auth_line, tolerate_);
        tolerated_ = strict;
        if (line.need_more()) {
            t.used += line.consumed;
            return false;
        }
        asked a{event::response, verb::auth};
        if (line.ready()) a.line = *line;
        if (line.ready() && line.consumed == line->size() + 1) tolerated_ |= rule::bare_lf_line;
        std::optional<failure> fault;
        if (line.failed()) fault = line.error().code == errc::line_too_long ? fail(errc::auth_line_too_long, line.error().at) : line.error();
        auth_answer said{reply()};
        if (!fault) {
            auto const response = parse_auth_response(*line);
            if (!response) fault = response.error();
            else if (response->cancelled) fault = fail(errc::auth_cancelled, 0);
            else if constexpr (detail::names_mechanisms<H>) said = handler.on(*response);
            else fault = fail(errc::not_implemented, 0);   // a session that began with another handler
        }
        if (!fault && said.said.is_later()) {
            put_off(line.consumed, a);
            return true;
        }
        t.used += line.consumed;
        if (fault) refuse(t, handler, a, *fault, true);
        else conclude_with(t, handler, a, said);
        return true;
    }
    // From where a line may hold a secret: after the name of the mechanism of an AUTH, or what looks like one.
    static constexpr std::uint32_t find_secret(std::string_view line) noexcept {
        std::size_t const verb = detail::find_first<chars::alpha>(line);
        std::size_t at = line.size();
        if (istarts_with(detail::sub(line, verb), "AUTH")) {
            at = verb + 4;
            if (at < line.size() && line[at] == ' ') at += 1 + detail::mechanism_length(detail::sub(line, at + 1));
        }
        return static_cast<std::uint32_t>(at);
    }

    // What may be used in this session.
    template <class H>
    constexpr extensions offers() const noexcept {
        extensions const all = settings_->offers & detail::answerable<H>();
        return session_.knows(fact::tls) ? all : all - extension::require_tls;  // RFC 8689 2
    }
    template <class H>
    constexpr mechanisms usable_mechanisms(H const& handler) const {
        mechanisms all;
        if constexpr (detail::names_mechanisms<H>) all = handler.mechanisms();
        all = all - mechanism::unknown;
        return session_.knows(fact::tls) || settings_->clear_text_passwords ? all : all - clear_text_mechanisms;
    }

    // What the policy has against well-formed parameters: any, after HELO; one that is not on offer, as good as unknown (RFC 5321
    // 4.1.1.11); or one of the handler's that its `parse` refuses. `List` are the latter.
    template <class List>
    constexpr std::optional<failure> find_fault(parameter_list const& p, bool binary, char const* line) const noexcept {
        if (p.all().text().empty()) [[likely]] return std::nullopt;
        if (auto const why = session_.check(event::parameter)) [[unlikely]]
            return fail(*why, place_of(line, p.all(), [](parameter const&) { return true; }));
        parameter_ids refused = p.present() - parameters_of(offered_);
        if (binary && !offered_.has(extension::binary_mime)) refused |= parameter_id::body;
        if (refused.empty() && !p.unknown_at()) return std::nullopt;
        std::optional<failure> fault = List::find_fault(p);
        if (fault) fault->at += static_cast<std::uint32_t>(p.all().text().data() - line);
        std::size_t const at = place_of(line, p.all(), [refused](parameter const& q) {
            auto const id = find_parameter(q.keyword);
            return id && refused.has(*id);
        });
        if (!refused.empty() && (!fault || at < fault->at)) fault = fail(errc::unknown_parameter, at);
        return fault;
    }
    // The offset in the line of the first parameter of which `is` says true.
    template <class Is>
    static constexpr std::size_t place_of(char const* line, parameter_range const& all, Is&& is) noexcept {
        for (parameter const p : all)
            if (is(p)) return static_cast<std::size_t>(p.keyword.data() - line);
        return 0;
    }

    // What the handler says to a command that is well formed and in order. Faults are those the policy finds.
    template <class H>
    constexpr reply ask(H& handler, cmd::hello const& c, std::optional<failure>&, asked&) {
        return handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::mail const& c, std::optional<failure>& fault, asked& a) {
        mail_parameters const& p = c.parameters;
        bool const binary = p.body() == body::binary_mime;
        fault = find_fault<typename detail::own_parameters_of<H>::mail>(p, binary, a.line.data());
        if (fault) return {};
        if (p.size() && *p.size() > settings_->max_message) {
            fault = fail(errc::message_too_large, place_of(a.line.data(), p.all(), [](parameter const& q) { return iequals(q.keyword, "SIZE"); }));
            return {};
        }
        fact_set brings;
        if (p.smtputf8()) brings |= fact::smtputf8;
        if (binary) brings |= fact::binary;
        brings_ = static_cast<std::uint8_t>(brings.bits);
        return handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::rcpt const& c, std::optional<failure>& fault, asked& a) {
        fault = find_fault<typename detail::own_parameters_of<H>::rcpt>(c.parameters, false, a.line.data());
        if (!fault && session_.recipients() == settings_->max_recipients) fault = fail(errc::too_many_recipients, 0);
        return fault ? reply() : handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::lookup const& c, std::optional<failure>& fault, asked& a) {
        // Their tokens, which stand after the string, are parameters like those of MAIL.
        bool const token_offered = offered_.has(c.utf8reply ? extension::utf8smtp : extension::smtputf8);
        if ((c.smtputf8 || c.utf8reply) && (!token_offered || session_.check(event::parameter))) {
            fault = fail(errc::unknown_parameter, static_cast<std::size_t>(c.string.data() + c.string.size() + 1 - a.line.data()));
            return {};
        }
        if constexpr (detail::answers<H, cmd::lookup>) return handler.on(c);
        if (c.verb == verb::vrfy) return replies::cannot_verify;
        fault = fail(errc::not_implemented, 0);
        return {};
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::remark const& c, std::optional<failure>&, asked&) {
        if constexpr (detail::answers<H, cmd::remark>) return handler.on(c);
        return c.verb == verb::help ? replies::help : replies::ok;
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::data const& c, std::optional<failure>&, asked&) {
        if constexpr (detail::answers<H, cmd::data>) return handler.on(c);
        return replies::start_content;
    }
    template <class H>
    constexpr reply ask(H&, cmd::rset const&, std::optional<failure>&, asked&) {
        return replies::ok;
    }
    template <class H>
    constexpr reply ask(H&, cmd::quit const&, std::optional<failure>&, asked&) {
        return replies::bye;
    }
    template <class H>
    constexpr auth_answer ask(H& handler, cmd::auth const& c, std::optional<failure>& fault, asked&) {
        auto const at = static_cast<std::uint32_t>(5);
        if constexpr (detail::names_mechanisms<H>) {
            if (usable_mechanisms(handler).has(c.mechanism)) return handler.on(c);
            // RFC 4954 6: one that needs TLS is 538, any other 504.
            bool const needs_tls = clear_text_mechanisms.has(c.mechanism) && handler.mechanisms().has(c.mechanism);
            fault = fail(needs_tls ? errc::tls_required : errc::unknown_mechanism, at);
        } else {
            fault = fail(errc::not_implemented, at);   // never asked
        }
        return reply();
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::burl const& c, std::optional<failure>&, asked& a) {
        if (c.last) a.event = event::last_burl;
        return ask_if_answered(handler, c);
    }
    // All others are asked where they are offered, which they are where the handler has the function.
    template <class H, class Command>
    constexpr reply ask(H& handler, Command const& c, std::optional<failure>&, asked&) {
        return ask_if_answered(handler, c);
    }
    template <class H, class Command>
    static constexpr reply ask_if_answered(H& handler, Command const& c) {
        if constexpr (detail::answers<H, Command>) return handler.on(c);
        else return replies::try_later;
    }

    // `moves`: the table is told of the refusal. `may_be_chunk`: what follows may be a chunk of unknown size, so the next command
    // cannot be found.
    template <class H>
    constexpr void refuse(io& t, H& handler, asked a, failure f, bool moves, bool may_be_chunk = false) {
        bool const counts = !is_innocent(a, f.code) && message_.answered == 0;
        if (counts && ++errors_ >= settings_->max_errors) f = fail(errc::too_many_errors, 0);
        bool const fatal = f.code == errc::too_many_errors || f.code == errc::http_request || may_be_chunk;
        if (fatal) a.event = event::shutdown;
        reply r = reply_for(f, a.verb);
        if (f.code == errc::tls_required && f.at != 0) r = replies::encryption_required;   // the mechanism is to blame
        conclude(t, handler, a, r, f, moves || fatal);
        // All but these have to be the last of what is sent together.
        if (counts || f.code != errc::bad_sequence)
            pipelined_ = f.code != errc::bad_sequence && (a.verb == verb::unknown || a.verb == verb::bdat || a.event == event::mail || a.event == event::rcpt);
    }
    // Whether a refusal is no error of the client's: it asked for what this server does not grant (RFC 5321 4.5.3.1.10 of a
    // recipient too many: 452), or it could not know yet, when it sent the command, that one before it would be refused
    // (RFC 2920 3.1).
    constexpr bool is_innocent(asked const& a, errc code) const noexcept {
        if (code == errc::too_many_recipients || code == errc::message_too_large || code == errc::unknown_parameter) return true;
        bool const follows = a.event == event::rcpt || a.event == event::data || a.verb == verb::bdat;
        return pipelined_ && follows && (code == errc::bad_sequence || code == errc::not_implemented);
    }

    // What a handler has said: a reply, or in an AUTH exchange a challenge.
    template <class H>
    constexpr void conclude_with(io& t, H& handler, asked const& a, reply const& r) {
        conclude(t, handler, a, r, std::nullopt);
    }
    template <class H>
    constexpr void conclude_with(io& t, H& handler, asked const& a, auth_answer const& said) {
        if (!said.asks) return conclude(t, handler, a, said.said, std::nullopt);
        if (a.event != event::auth && a.event != event::response) return conclude(t, handler, a, replies::try_later, fail(errc::bad_value, 0));
        std::size_t const before = t.out.size();
        auto const written = write_challenge(t.out, said.asks->octets);
        if (!written || *written > settings_->reply_space) {
            t.out.rewind(before);
            return conclude(t, handler, a, replies::authentication_fails_now, fail(errc::output_full, 0));
        }
        settle(handler, a.event, 334);
        tell(handler, a, a.event, std::nullopt, said.said);
    }

    // Writes a reply and moves on.
    template <class H>
    constexpr void conclude(io& t, H& handler, asked const& a, reply r, std::optional<failure> const& fault, bool moves = true) {
        v0::event e = a.event;
        std::optional<failure> told = fault;
        unsigned const first = r.code / 100;
        // RFC 4954 4: the 3yz of AUTH is 334 with base64.
        bool const bad_challenge = first == 3 && (e == event::auth || e == event::response) && (r.code != 334 || !check_base64(r.text));
        if (first < 2 || first > 5 || bad_challenge || !session_.fits(e, answer_of(r.code))) [[unlikely]] {
            if (!fault) {
                told = fail(errc::bad_value, 0);
                r = first == 2 ? replies::start_content : replies::try_later;
                if (!session_.fits(e, answer_of(r.code))) r = replies::try_later;
            }
        } else if (unsigned const only = detail::only_code(e); only != 0 && first == 2 && r.code != only) {
            told = fail(errc::bad_value, 0);
            r.code = static_cast<std::uint16_t>(only);
        }
        bool const hello = e == event::hello || e == event::helo;
        if (r.accepted() && e == event::starttls && (t.more || t.used < t.in.size())) return hang_up(t, handler, a);
        // RFC 2034 4: none in the answers to EHLO and HELO, in a greeting, nor in a 3yz.
        bool const plain = hello || !offered_.has(extension::enhanced_status_codes);
        if (plain) r.enhanced = {};
        else if (!r.enhanced && r.code / 100 != 3) add_status(r);
        if (hello && r.accepted()) {
            if (auto const bad = write_hello(t, handler, e)) told = bad;
            r = reply(250, {});
        } else if (e == event::xclient && r.accepted()) {
            r.enhanced = {};
            if (auto const bad = write_greeting(t.out, r, "ESMTP ready")) told = bad;
        } else if (!write(t.out, r)) [[unlikely]] {
            told = write_without_text(t.out, plain, r);
        }
        bool accepted = r.accepted();
        unsigned code = r.code;
        if (code == 421) e = event::shutdown;
        bool const each = answers_each_recipient(e);
        if (each) {
            bool const last = is_last_answer();
            ++message_.answered;
            message_.stored |= accepted;
            if (!last) return tell(handler, a, e, told, r);
            accepted = message_.stored;
            if (accepted) code = 250;
        }
        if (chunk_.under_way) chunk_ = chunk();
        if (!fault) pipelined_ = !accepted && (facts_of(e).pipelined || (pipelined_ && e == event::data));
        if (moves || e == event::shutdown) settle(handler, e, code);
        if (each && session_.where() == state::spoilt) message_ = message();   // nothing is owed twice
        if (r.code != 0) tell(handler, a, e, told, r);
    }

    // The one place where the session moves, but for BDAT, which has no reply. Moves on first: whatever the handler does, it is told
    // once.
    template <class H>
    constexpr void settle(H& handler, v0::event e, unsigned code) {
        change const what = session_.settle(e, code, fact_set::with_bits(brings_));
        if (what == change::added) ++message_.recipients;
        if (what == change::begun) message_ = message();
        if (what == change::none && !dangling_) [[likely]] {
            // What a spoilt transaction is owed still ends with RSET and EHLO, too; NOOP and its like end nothing.
            if (code / 100 == 2 && message_.recipients != 0 && session_.where() != state::spoilt && !in_transaction(session_.where()))
                message_ = message();
            return;
        }
        if (what != change::dropped && what != change::delivered && !dangling_) return;
        abandoned const lost{message_.octets, message_.recipients};
        // LMTP: what was stored for one recipient was delivered, whatever becomes of the others.
        bool const open = dangling_ || (what == change::dropped && !message_.stored);
        // RFC 2033 4.3: the last chunk of a spoilt transaction still has a reply for each recipient.
        std::uint32_t const owed = session_.where() == state::spoilt ? message_.recipients : 0;
        message_ = message();
        message_.recipients = owed;
        dangling_ = false;
        if constexpr (detail::handles<H, abandoned>)
            if (open) handler.on(lost);
    }

    // X.0.0, or the status that the text begins with.
    static constexpr void add_status(reply& r) noexcept {
        status s;
        std::size_t const size = detail::scan_status(r.text, s);
        if (size != 0 && s.klass == r.code / 100) {
            r.text = detail::sub(r.text, size < r.text.size() ? size + 1 : size);
            r.enhanced = s;
        } else {
            r.enhanced = status{static_cast<std::uint8_t>(r.code / 100), 0, 0};
        }
    }

    // A reply that cannot be sent, of a code that can: what is left of it. Returns what was wrong. If there is no room for
    // that either, as a shut_down may have it, nothing is written, and the code is 0.
    EHLO_NOINLINE constexpr failure write_without_text(writer& out, bool plain, reply& r) const noexcept {
        std::optional<failure> const bad = check(r);
        failure const fault = !bad ? fail(errc::output_full, 0) : bad->code == errc::unsafe_octet ? *bad : fail(errc::bad_value, 0);
        unsigned const first = r.code / 100;
        bool const right_status = r.enhanced && r.enhanced.valid() && r.enhanced.klass == first;
        status const s = plain || first == 3 ? status{} : right_status ? r.enhanced : status{static_cast<std::uint8_t>(first), 0, 0};
        r = reply(r.code, s, {});
        if (r.code == 421) r.text = replies::shutting_down.text;
        if (write_reply(out, r)) return fault;
        r = replies::shutting_down;
        if (plain) r.enhanced = {};
        if (!write_reply(out, r)) r = reply();
        return fault;
    }

    constexpr bool write(writer& out, reply const& r) const noexcept {
        // At most reply_space octets, whatever room there is: what is refused must not depend on the buffer.
        std::size_t const before = out.size();
        auto const written = write_reply(out, r);
        if (written && *written <= settings_->reply_space) [[likely]] return true;
        out.rewind(before);
        return false;
    }

    // The answer to HELO or EHLO, and what this session may use from now on. What cannot be written is offered without the handler's
    // changes, and if that has no room, not at all; then it returns what was wrong.
    template <class H>
    constexpr std::optional<failure> write_hello(io& t, H& handler, v0::event e) {
        offered_ = offers<H>();
        if (e == event::helo) {
            write_reply(t.out, reply(250, server_name())).has_value();
            return std::nullopt;
        }
        // What will be in order when this is accepted.
        auto then = session_;
        then.settle(e, answer::done);
        ehlo_answer a{};
        a.domain = server_name();
        a.offered = offered_;
        a.size = settings_->max_message;
        if (offered_.has(extension::auth)) a.auth = usable_mechanisms(handler);
        if (a.auth == mechanisms() || then.check(event::auth)) a.offered = a.offered - extension::auth;
        if (then.check(event::starttls)) a.offered = a.offered - extension::starttls;
        if (settings_->max_recipients <= 999999) a.limits.rcpt_max = settings_->max_recipients;
        for (unsigned i = 0; i < client_attribute_count; ++i) {
            auto const attribute = static_cast<client_attribute>(i);
            if (is_dovecot(attribute) && !tolerate_.has(rule::dovecot_xclient)) continue;
            if (has_attribute(verb::xclient, attribute)) a.xclient.add(attribute);
            if (has_attribute(verb::xforward, attribute)) a.xforward.add(attribute);
        }
        std::optional<failure> fault;
        if constexpr (detail::edits_ehlo_answer<H>) {
            ehlo_answer edited = a;
            handler.on(edited);
            edited.offered = edited.offered & a.offered;
            if (!(fault = write_answer(t.out, edited))) {
                offered_ = offered_ - (a.offered - edited.offered);
                return std::nullopt;
            }
        }
        if (auto const full = write_answer(t.out, a)) {
            fault = full;
            offered_ = extensions();
            write_reply(t.out, reply(250, server_name())).has_value();
        }
        return fault;
    }
    constexpr std::optional<failure> write_answer(writer& out, ehlo_answer const& a) const noexcept {
        std::size_t const before = out.size();
        auto written = out.atomically([&](writer& w) {
            if (auto const n = write_ehlo_answer(w, a); !n) w.refuse(n.error());
            (..., write_own_keyword(w, before, Own::keyword));
            if (w.ok() && w.size() - before > settings_->reply_space) w.refuse(fail(errc::output_full, 0));
        });
        return written ? std::nullopt : std::optional(written.error());
    }
    // One line more, after the last.
    static constexpr void write_own_keyword(writer& w, std::size_t before, std::string_view keyword) noexcept {
        if (keyword.empty() || !w.ok()) return;
        std::string_view const lines = detail::sub(w.text(), before, w.size() - before - 2);
        std::size_t const end = detail::find_last<charset("\n")>(lines, 0, lines.size());
        std::size_t const last = before + (end == lines.size() ? 0 : end + 1);
        w.overwrite(last + 3, '-').raw("250 ").raw(keyword).crlf();
    }
};

/// A server session whose policy is part of its type: what is wrong with it, and what the handler lacks for it, does not compile.
template <policy Policy = policy{}, class... Own>
class basic_server : public server_with<Own...> {
    static_assert(detail::policy_is_right<detail::find_policy_fault(Policy)>());
    using base = server_with<Own...>;

  public:
    /// The policy as an object: Clang 14 dies of references into template arguments, and Clang 19 miscompiles them.
    static constexpr policy rules = Policy;
    /// Free octets of output that `advance` needs before it goes on to another command. A handler's reply may take as
    /// much; one that needs more loses its text.
    static constexpr std::size_t reply_space = rules.reply_space;

    constexpr explicit basic_server(std::string_view name EHLO_LIFETIMEBOUND) noexcept : base(rules, name) {}
    /// The name would be gone before it is used.
    template <detail::temporary S>
    explicit basic_server(S&& name) = delete;

    template <class Handler>
    [[nodiscard]] constexpr step advance(std::string_view in, Handler& handler, std::span<char> out) noexcept(base::template never_throws<Handler>()) {
        require<Handler>();
        return base::advance(in, handler, out);
    }
    using base::answer;

    /// Outputs of a size that is known, and too small.
    template <class Handler, class Out>
        requires(detail::known_size<Out>() < reply_space)
    [[nodiscard]] constexpr step advance(std::string_view, Handler&, Out&&) noexcept {
        static_assert(detail::known_size<Out>() >= reply_space, "the output of advance needs reply_space octets (1,024 or more)");
        return {};
    }
    template <class Handler, class Out>
        requires(detail::known_size<Out>() < reply_space)
    [[nodiscard]] constexpr step answer(reply const&, Handler&, Out&&) noexcept {
        static_assert(detail::known_size<Out>() >= reply_space, "the output of answer needs reply_space octets (1,024 or more)");
        return {};
    }

  private:
    template <class H>
    static constexpr void require() noexcept {
        constexpr extensions offers = rules.offers, lacking = offers - detail::answerable<H>();
        static_assert(!lacking.has(extension::starttls), "STARTTLS is offered, and the handler lacks: reply on(ehlo::cmd::starttls const&)");
        static_assert(!lacking.has(extension::auth),
                      "AUTH is offered, and the handler lacks: mechanisms mechanisms() const, auth_answer on(ehlo::cmd::auth const&), "
                      "auth_answer on(ehlo::auth_response const&)");
        static_assert(!lacking.has(extension::burl), "BURL is offered, and the handler lacks: reply on(ehlo::cmd::burl const&)");
        static_assert(!lacking.has(extension::etrn), "ETRN is offered, and the handler lacks: reply on(ehlo::cmd::etrn const&)");
        static_assert(!lacking.has(extension::atrn), "ATRN is offered, and the handler lacks: reply on(ehlo::cmd::atrn const&)");
        static_assert(!lacking.has(extension::turn), "TURN is offered, and the handler lacks: reply on(ehlo::cmd::turn const&)");
        static_assert(!lacking.has(extension::onex), "ONEX is offered, and the handler lacks: reply on(ehlo::cmd::onex const&)");
        static_assert(!lacking.has(extension::xclient) && !lacking.has(extension::xforward),
                      "XCLIENT or XFORWARD is offered, and the handler lacks: reply on(ehlo::cmd::client_facts const&)");
        static_assert(!lacking.has(extension::expn), "EXPN is offered, and the handler lacks: reply on(ehlo::cmd::lookup const&)");
        // A function that is never called is passed over in silence.
        detail::check_offer<H, cmd::starttls, offers.has(extension::starttls)>();
        detail::check_offer<H, cmd::auth, offers.has(extension::auth)>();
        detail::check_offer<H, cmd::burl, offers.has(extension::burl)>();
        detail::check_offer<H, cmd::etrn, offers.has(extension::etrn)>();
        detail::check_offer<H, cmd::atrn, offers.has(extension::atrn)>();
        detail::check_offer<H, cmd::turn, offers.has(extension::turn)>();
        detail::check_offer<H, cmd::onex, offers.has(extension::onex)>();
        detail::check_offer<H, cmd::client_facts, offers.has(extension::xclient) || offers.has(extension::xforward)>();
    }
};

/// A server session with the default policy.
using server = basic_server<>;
static_assert(std::is_trivially_copyable_v<server> && sizeof(server) <= 128);

}  // namespace ehlo
