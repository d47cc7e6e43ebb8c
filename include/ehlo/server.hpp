// The server machine: octets in, calls to a handler, octets out. No I/O: the caller's event loop drives it.
#pragma once

#include <ehlo/command_reader.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/session.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// The content has ended and awaits the server's word on it. An accepting reply makes the server responsible for the
/// message (RFC 5321 4.1.1.4, 6.1): give it only when the message is stored.
struct end_of_content {
    std::uint64_t octets;       ///< of decoded content
    std::uint32_t recipients;   ///< that were accepted
    std::uint32_t recipient;    ///< LMTP: which of them the reply is for, from 0 on; SMTP has one reply for all
};
/// The transaction is over and nothing was delivered: RSET, EHLO, QUIT, a lost connection, or content that was refused.
struct abandoned {
    std::uint64_t octets = 0;       ///< of decoded content that had come, handed on or not
    std::uint32_t recipients = 0;   ///< that were accepted
};
/// The connection is there and wants its greeting.
struct connected {};
/// A reply was written, for those who keep a log.
struct answered {
    v0::verb verb;                  ///< `unknown` for the greeting, unknown verbs and unreadable lines (`bdat` for an unreadable BDAT)
    v0::event event;
    std::optional<failure> fault;   ///< what was wrong, if ehlo refused it; `at` is an offset in the line
    reply sent;                     ///< of the greeting and an accepted EHLO or HELO only the code: their text is ehlo's own
    leniency tolerated;             ///< what strict RFC 5321 would have refused in the command
};

/// What a server wants next.
enum class want : std::uint8_t {
    read,   ///< more input
    write,  ///< room: send what was produced, and call again with the rest of the input
    reply,  ///< the answer that a handler put off with reply::later
    close,  ///< send what was produced, and close the connection
};

/// What a call did: discard `consumed` octets of the input, send `produced` octets of the output, then do what it wants.
struct step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    v0::want want = want::read;
};

namespace detail {
template <class H, class E>
concept handles = requires(H& h, E const& e) { h.on(e); };
template <class H, class E>
concept answers = requires(H& h, E const& e, reply r) { r = h.on(e); };

constexpr auto own_mail_of(auto const*) noexcept { return own_parameters<>(); }
template <class H>
    requires requires { typename H::own_mail_parameters; }
constexpr auto own_mail_of(H const*) noexcept { return typename H::own_mail_parameters(); }
constexpr auto own_rcpt_of(auto const*) noexcept { return own_parameters<>(); }
template <class H>
    requires requires { typename H::own_rcpt_parameters; }
constexpr auto own_rcpt_of(H const*) noexcept { return typename H::own_rcpt_parameters(); }
template <class H>
struct own_parameters_of {
    using mail = decltype(own_mail_of(static_cast<H const*>(nullptr)));
    using rcpt = decltype(own_rcpt_of(static_cast<H const*>(nullptr)));
};
}  // namespace detail

/// An SMTP server session (RFC 5321). Trivially copyable: it may be stored in bulk, moved between threads, and saved.
///
/// The handler says yes or no; it must have these, and does not compile without:
///     reply on(cmd::hello const&)       EHLO or HELO; the text of an accepting reply is not used
///     reply on(cmd::mail const&)        the views of a command live until the call returns (or is answered)
///     reply on(cmd::rcpt const&)
///     void  on(content const&)          decoded content, a piece at a time; of content that is refused in the end (too large,
///                                       bare CR or LF) how much of it comes depends on how the octets arrived
///     reply on(end_of_content const&)
/// and may have these:
///     reply on(connected const&)        the greeting: 220 and a text behind the server's name; 554 or 521 to hear nothing but
///                                       QUIT (RFC 5321 3.1, RFC 7504); 421 to close. Not reply::later.
///     reply on(cmd::lookup const&)      VRFY (otherwise 252), EXPN (otherwise 502)
///     reply on(cmd::remark const&)      HELP (otherwise 214), NOOP (otherwise 250)
///     reply on(cmd::data const&)        before the 354; a refusal leaves the transaction open
///     void  on(abandoned const&)        drop what was collected; on(cmd::mail) begins anew in any case
///     void  on(answered const&)         called for every reply
///     using own_mail_parameters = own_parameters<...>;    parameters of your own; own_rcpt_parameters likewise
///
/// First call `advance` with no input: it writes the greeting.
template <policy Policy = policy{}>
class basic_server {
    static_assert(Policy.max_recipients >= 100, "RFC 5321 4.5.3.1.8: at least 100 recipients");
    static_assert(Policy.max_line >= 512, "RFC 5321 4.5.3.1.4: command lines of at least 512 octets");
    static_assert(Policy.max_message >= 65536, "RFC 5321 4.5.3.1.7: messages of at least 64 KiB");
    static_assert(Policy.reply_space >= 1024, "the answer to EHLO needs up to 1,024 octets");
    static_assert((Policy.offers | server_extensions) == server_extensions, "an extension is offered that the server does not do");
    static_assert(Policy.service != service::lmtp || (Policy.offers.has(extension::pipelining) &&
                                                      Policy.offers.has(extension::enhanced_status_codes)),
                  "RFC 2033 5: an LMTP server offers PIPELINING and ENHANCEDSTATUSCODES");

    char const* name_;
    std::uint64_t octets_ = 0;      // of content so far
    line_reader lines_;
    std::uint32_t recipients_ = 0;  // accepted
    std::uint32_t errors_ = 0;
    std::uint32_t put_off_ = 0;     // input octets of the command that awaits its answer
    std::uint32_t answered_ = 0;    // recipients that have had their reply to the content (LMTP: more than one)
    std::uint64_t skip_ = 0;        // octets of a chunk that was refused, still to come
    content_decoder content_;
    std::uint16_t name_size_;
    state where_ = state::connected;
    v0::verb verb_ = verb::unknown; // of the command that awaits its answer
    v0::event event_ = event::greeting;
    leniency tolerate_ = rules.grammar.tolerate;
    leniency tolerated_{};          // in the latest command
    bool waiting_ = false;          // for the answer
    bool stored_ = false;           // LMTP: the content was accepted for a recipient at least
    bool authenticated_ = false;
    bool mail_refused_ = false;     // and nothing but RCPT and DATA came since
    bool smtputf8_ = false;         // the transaction asked for it
    bool asks_smtputf8_ = false;    // the MAIL that awaits its answer does
    bool chunk_line_ = false;       // the line that is being read is that of a BDAT

    struct io {
        std::string_view in;
        writer out;
        std::size_t used = 0;
    };

  public:
    /// The policy as an object: Clang 14 dies of references into template arguments, and Clang 19 miscompiles them.
    static constexpr policy rules = Policy;
    /// Free octets of output that `advance` needs before it goes on to another command. A handler's reply may take as
    /// much; one that needs more is replaced by 451.
    static constexpr std::size_t reply_space = rules.reply_space;

    /// `name` is the server's domain or address literal; it is borrowed as long as the session lives. With a name that is
    /// neither, the greeting is a 421 that says so, and the session is over: a constructor cannot refuse.
    constexpr explicit basic_server(std::string_view name EHLO_LIFETIMEBOUND) noexcept
        : name_(name.data()), name_size_(static_cast<std::uint16_t>(name.size() < 0xFFFF ? name.size() : 0xFFFF)) {}

    constexpr state where() const noexcept { return where_; }
    constexpr std::uint32_t recipients() const noexcept { return recipients_; }
    /// For service::submission: says that the client is authenticated (by AUTH, its certificate, its address).
    constexpr void authenticated(bool yes = true) noexcept { authenticated_ = yes; }
    /// Tolerates other departures from RFC 5321 than the policy's, from the next command on.
    constexpr void tolerate(leniency departures) noexcept { tolerate_ = departures; }
    constexpr std::string_view server_name() const noexcept { return {name_, name_size_}; }

    /// Takes all octets received and not yet consumed, and room for replies (reply_space or more); goes on as far as it can.
    /// When it wants a reply, leave the octets that were not consumed where they are: the views of the command that
    /// waits point into them until answer() has been called.
    template <class Handler>
    constexpr step advance(std::string_view in, Handler& handler, std::span<char> out) noexcept {
        require<Handler>();
        io t{in, writer(out.data(), out.size())};
        for (;;) {
            if (where_ == state::closed) return done(t, want::close);
            if (waiting_) return done(t, want::reply);
            // Content needs no room until its end; a whole reply must fit before anybody is asked for one.
            if (t.out.room() < reply_space && where_ != state::content) return done(t, want::write);
            if (where_ == state::connected) greet(t, handler);
            else if (where_ == state::content ? !take_content(t, handler) : !take_command(t, handler))
                return done(t, where_ == state::content && t.out.room() < reply_space && more_content(t) ? want::write : want::read);
        }
    }

    /// Answers the command that was put off. Call `advance` again with the same input, less what this consumed.
    template <class Handler>
    constexpr step answer(reply const& r, Handler& handler, std::span<char> out) noexcept {
        io t{{}, writer(out.data(), out.size())};
        if (!waiting_) return done(t, where_ == state::closed ? want::close : want::read);
        if (t.out.room() < reply_space) return done(t, want::write);
        waiting_ = false;
        t.used = put_off_;
        conclude(t, handler, event_, verb_, r.is_later() ? replies::try_later : r, std::nullopt);
        return done(t, where_ == state::closed ? want::close : want::read);
    }

    /// Says 421 (or another 4yz or 5yz) and closes (RFC 5321 3.8): idle too long, shutting down, short of something.
    template <class Handler>
    constexpr step shut_down(Handler& handler, std::span<char> out, reply const& r = replies::shutting_down) noexcept {
        io t{{}, writer(out.data(), out.size())};
        // Whatever it is told to say, it may not sound like success.
        reply const last = r.code / 100 >= 4 && !check(r) ? r : replies::shutting_down;
        if (where_ != state::closed) conclude(t, handler, event::shutdown, verb::unknown, last, std::nullopt);
        waiting_ = false;
        return done(t, want::close);
    }

    /// The connection was lost: an open transaction is dropped (RFC 5321 4.1.1.5).
    template <class Handler>
    constexpr void disconnected(Handler& handler) noexcept {
        drop(handler);
        where_ = state::closed;
        waiting_ = false;
    }

  private:
    template <class H>
    static constexpr void require() noexcept {
        static_assert(detail::answers<H, cmd::hello>, "the handler lacks: reply on(ehlo::cmd::hello const&)");
        static_assert(detail::answers<H, cmd::mail>, "the handler lacks: reply on(ehlo::cmd::mail const&)");
        static_assert(detail::answers<H, cmd::rcpt>, "the handler lacks: reply on(ehlo::cmd::rcpt const&)");
        static_assert(detail::handles<H, content>, "the handler lacks: void on(ehlo::content const&)");
        static_assert(detail::answers<H, end_of_content>, "the handler lacks: reply on(ehlo::end_of_content const&)");
    }

    static constexpr step done(io const& t, v0::want w) noexcept { return {t.used, t.out.size(), w}; }
    // Whether the content could go on if only there were room for the reply at its end.
    constexpr bool more_content(io const& t) const noexcept { return t.in.size() - t.used >= 3; }

    template <class H>
    constexpr void drop(H& handler) noexcept {
        // LMTP: what was stored for one recipient was delivered, whatever becomes of the others.
        bool const open = in_transaction(where_) && !stored_;
        abandoned const what{octets_, recipients_};
        forget();
        if constexpr (detail::handles<H, abandoned>)
            if (open) handler.on(what);
    }
    constexpr void forget() noexcept {
        recipients_ = 0;
        answered_ = 0;
        stored_ = false;
        octets_ = 0;
        smtputf8_ = false;
        content_ = content_decoder();
    }

    template <class H>
    constexpr void greet(io& t, H& handler) noexcept {
        reply r(220, rules.service == service::lmtp ? "LMTP ready" : "ESMTP ready");
        if constexpr (detail::answers<H, connected>) r = handler.on(connected{});
        r.enhanced = {};  // RFC 2034 4: none in the greeting
        bool const fits = server_name().size() + r.text.size() + 7 <= max_reply_line;
        if (check(r) || !fits || (r.code != 220 && r.code / 100 < 4)) r = reply(421, replies::try_later.text);
        if (!parse_host(server_name())) r = reply(421, "The name of this server is not a domain");  // once, and to be seen
        if (r.code != 220) write_reply(t.out, r).has_value();
        else t.out.raw("220 ").raw(server_name()).raw(r.text.empty() ? "" : " ").raw(r.text).crlf();
        event const e = r.code == 421 ? event::shutdown : event::greeting;
        move(e, r.accepted());
        tell(handler, verb::unknown, e, std::nullopt, r);
    }

    constexpr void move(event e, bool accepted) noexcept { where_ = smtp_table.next(where_, e, accepted); }

    template <class H>
    constexpr void tell(H& handler, v0::verb v, v0::event e, std::optional<failure> fault, reply const& r) const noexcept {
        if constexpr (detail::handles<H, answered>) handler.on(answered{v, e, fault, r, tolerated_});
    }

    // Decodes content. False: more input (or room) is needed.
    template <class H>
    constexpr bool take_content(io& t, H& handler) noexcept {
        for (;;) {
            std::string_view const rest = detail::sub(t.in, t.used);
            // The end needs a reply: it is left where it is until there is room for one.
            if (t.out.room() < reply_space && rest.size() >= 3 && detail::sub(rest, 0, 3) == ".\r\n") return false;
            content_piece const piece = content_.next(rest, rules.bare);
            if (piece.consumed == 0) return false;
            if (piece.end) {
                end_content(t, handler, piece.consumed);
                return true;
            }
            t.used += piece.consumed;
            octets_ += piece.octets.size();
            if (octets_ <= rules.max_message && !spoilt() && !piece.octets.empty()) handler.on(content{piece.octets});
        }
    }
    constexpr bool spoilt() const noexcept {
        return rules.bare == bare_octets::reject && (content_.bare_cr() || content_.bare_lf());
    }

    // One reply, or in LMTP one for each recipient (RFC 2033 4.2). The end of the content is consumed with the last: until
    // then it is found again, when there is room for the next reply, or when the answer to a reply put off has come.
    template <class H>
    constexpr void end_content(io& t, H& handler, std::size_t consumed) noexcept {
        std::optional<failure> fault;
        if (octets_ > rules.max_message) fault = fail(errc::message_too_large, 0);
        else if (spoilt()) fault = fail(content_.bare_cr() ? errc::bare_cr : errc::bare_lf, 0);
        reply const r = fault ? reply_for(*fault, verb::data) : handler.on(end_of_content{octets_, recipients_, answered_});
        std::size_t const used = is_last_answer() ? consumed : 0;
        if (r.is_later()) return put_off(used, event::content_end, verb::data);
        t.used += used;
        conclude(t, handler, event::content_end, verb::data, r, fault);
    }
    constexpr bool is_last_answer() const noexcept {
        return rules.service != service::lmtp || answered_ + 1 >= recipients_;
    }

    constexpr void put_off(std::size_t consumed, v0::event e, v0::verb v) noexcept {
        waiting_ = true;
        put_off_ = static_cast<std::uint32_t>(consumed);
        event_ = e;
        verb_ = v;
    }

    // Reads a line and answers it. False: more input is needed.
    template <class H>
    constexpr bool take_command(io& t, H& handler) noexcept {
        if (skip_ != 0) {
            chunk_reader chunk(skip_);
            t.used += chunk.next(detail::sub(t.in, t.used)).size();
            skip_ = chunk.left();
            if (skip_ != 0) return false;
        }
        std::string_view const in = detail::sub(t.in, t.used);
        syntax grammar = rules.grammar;
        grammar.smtputf8 = smtputf8_;
        grammar.tolerate = tolerate_;
        // Most commands are read in one step; one that is out of order, rare or wrong is left to the long way.
        if (!std::is_constant_evaluated() && lines_.at_start() && in.size() >= 6) {
            v0::verb const v = detail::find_verb4(in.data());
            if (v != verb::bdat && !find_disorder(v)) {
                std::optional<failure> fault;
                reply r;
                tolerated_ = strict;
                std::size_t const used = detail::take_common_command(
                    in, rules.max_line, grammar, [&](auto const& command) noexcept { r = ask(handler, command, fault, in.data()); });
                if (used != 0) return finish_command(t, handler, used, v, fault, r);
            }
        }
        return take_rare_command(t, handler, grammar);
    }

    // Why a verb cannot be answered here, whatever stands behind it.
    constexpr std::optional<failure> find_disorder(v0::verb v) const noexcept {
        std::optional<v0::event> const e = event_of(v);
        if (!speaks(v)) return fail(errc::unknown_verb, 0);
        if (where_ == state::refused && e != event::quit) return fail(errc::bad_sequence, 0);
        if (!e || !does(v)) return fail(errc::not_implemented, 0);
        if (!smtp_table.allows(where_, *e)) return fail(errc::bad_sequence, 0);
        if (e == event::mail && rules.service == service::submission && !authenticated_) return fail(errc::not_authenticated, 0);
        return std::nullopt;
    }

    template <class H>
    constexpr bool finish_command(io& t, H& handler, std::size_t consumed, v0::verb v, std::optional<failure> const& fault, reply const& r) noexcept {
        v0::event const e = event_of(v).value_or(event::noop);
        if (!fault && r.is_later()) {
            put_off(consumed, e, v);
            return true;
        }
        t.used += consumed;
        if (fault) refuse(t, handler, e, v, *fault);
        else conclude(t, handler, e, v, r, std::nullopt);
        return true;
    }

    // By way of its line: for all that can be wrong with it.
    template <class H>
    EHLO_NOINLINE constexpr bool take_rare_command(io& t, H& handler, syntax const& grammar) noexcept {
        bool const from_start = !lines_.discarding();
        auto const line = lines_.next(detail::sub(t.in, t.used), rules.max_line, tolerate_);
        // One that cannot be read hides the size of its chunk.
        if (!line.ready() && from_start) chunk_line_ = istarts_with(detail::sub(t.in, t.used), "BDAT ");
        tolerated_ = strict;
        if (line.need_more()) {
            t.used += line.consumed;
            return false;
        }
        if (line.failed()) {
            t.used += line.consumed;
            refuse(t, handler, event::noop, chunk_line_ ? verb::bdat : verb::unknown, line.error());
            return true;
        }
        if (line.consumed == line->size() + 1) tolerated_ |= rule::bare_lf_line;
        auto const split = split_command(*line, grammar);
        if (!split || split->verb == verb::unknown) {
            t.used += line.consumed;
            refuse(t, handler, event::noop, verb::unknown, split ? fail(errc::unknown_verb, 0) : split.error());
            return true;
        }
        v0::verb const v = split->verb;
        std::optional<failure> fault = v == verb::bdat ? refuse_chunk(*split) : find_disorder(v);
        reply r;
        if (!fault) {
            tolerated_ |= split->tolerated;
            auto const bad = visit_command(*split, grammar, [&](auto const& command) {
                if constexpr (requires { command.tolerated; }) tolerated_ |= command.tolerated;
                if constexpr (requires { command.name.tolerated; }) tolerated_ |= command.name.tolerated;
                r = ask(handler, command, fault, split->name.data());
            });
            if (bad) fault = bad;
        }
        return finish_command(t, handler, line.consumed, v, fault, r);
    }

    // The parameters of the extensions on offer. A parameter of another one is as good as unknown (RFC 5321 4.1.1.11).
    static constexpr parameter_ids offered = parameters_of(rules.offers);
    // What the policy has against well-formed parameters: one that is not on offer, or an own one of the handler's that its
    // `parse` refuses. `Own` are the latter; `binary` says that BODY is BINARYMIME.
    template <class Own>
    static constexpr std::optional<failure> find_fault(parameter_list const& p, bool binary, char const* line) noexcept {
        parameter_ids refused = p.present() - offered;
        if (binary) refused |= parameter_id::body;
        if (refused.empty() && !p.unknown_at()) return std::nullopt;
        std::optional<failure> fault = Own::find_fault(p);
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

    // LHLO is LMTP's, HELO and EHLO are not (RFC 2033 4.1): to the other service they are no commands at all.
    static constexpr bool speaks(v0::verb v) noexcept {
        bool const lmtp = rules.service == service::lmtp;
        return v == verb::lhlo ? lmtp : (v != verb::helo && v != verb::ehlo) || !lmtp;
    }
    // TURN would hand the client other people's mail (RFC 5321 F.1).
    static constexpr bool does(v0::verb v) noexcept {
        return v != verb::turn && (rules.mail_modes || (v != verb::send && v != verb::soml && v != verb::saml));
    }
    // CHUNKING is not offered; but whoever sends BDAT sends its chunk too, which must never be read as commands. Without
    // its size there is no way to tell where they begin again (RFC 3030 2 has no answer to that): the session ends.
    constexpr failure refuse_chunk(command_line const& line) noexcept {
        auto const chunk = parse_bdat(line.arguments);
        if (!chunk) return fail(chunk.error().code, chunk.error().at + static_cast<std::size_t>(line.arguments.data() - line.name.data()));
        skip_ = chunk->size;
        return fail(where_ == state::ready || where_ == state::greeted ? errc::bad_sequence : errc::not_implemented, 0);
    }

    // What the handler says to a command that is well formed and in order. Faults are those the policy finds; `line` is
    // where the command begins.
    template <class H>
    constexpr reply ask(H& handler, cmd::hello const& c, std::optional<failure>&, char const*) noexcept {
        return handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::mail const& c, std::optional<failure>& fault, char const* line) noexcept {
        mail_parameters const& p = c.parameters;
        fault = find_fault<typename detail::own_parameters_of<H>::mail>(p, p.body() == body::binary_mime, line);
        if (fault) return {};
        if (p.size() && *p.size() > rules.max_message) {
            fault = fail(errc::message_too_large, place_of(line, p.all(), [](parameter const& q) { return iequals(q.keyword, "SIZE"); }));
            return {};
        }
        asks_smtputf8_ = p.smtputf8();
        return handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::rcpt const& c, std::optional<failure>& fault, char const* line) noexcept {
        fault = find_fault<typename detail::own_parameters_of<H>::rcpt>(c.parameters, false, line);
        if (!fault && recipients_ == rules.max_recipients) fault = fail(errc::too_many_recipients, 0);
        return fault ? reply() : handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::lookup const& c, std::optional<failure>& fault, char const*) noexcept {
        if constexpr (detail::answers<H, cmd::lookup>) return handler.on(c);
        if (c.verb == verb::vrfy) return replies::cannot_verify;
        fault = fail(errc::not_implemented, 0);
        return {};
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::remark const& c, std::optional<failure>&, char const*) noexcept {
        if constexpr (detail::answers<H, cmd::remark>) return handler.on(c);
        return c.verb == verb::help ? replies::help : replies::ok;
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::data const& c, std::optional<failure>&, char const*) noexcept {
        if constexpr (detail::answers<H, cmd::data>) return handler.on(c);
        return replies::start_content;
    }
    template <class H>
    constexpr reply ask(H&, cmd::rset const&, std::optional<failure>&, char const*) noexcept {
        return replies::ok;
    }
    template <class H>
    constexpr reply ask(H&, cmd::quit const&, std::optional<failure>&, char const*) noexcept {
        return replies::bye;
    }
    template <class H, class Command>
    constexpr reply ask(H&, Command const&, std::optional<failure>&, char const*) noexcept {
        return {};  // never asked: the rest are refused before
    }

    template <class H>
    constexpr void refuse(io& t, H& handler, v0::event e, v0::verb v, failure f) noexcept {
        // RFC 5321 4.5.3.1.10: a recipient too many is answered 452, and is no error of the client.
        // RFC 2920: what was sent together with a MAIL that is refused is out of order through no fault of the client.
        bool const innocent = f.code == errc::too_many_recipients ||
                              (mail_refused_ && f.code == errc::bad_sequence && (e == event::rcpt || e == event::data));
        if (!innocent && ++errors_ >= rules.max_errors) f = fail(errc::too_many_errors, 0);
        bool const lost = v == verb::bdat && blame(f.code) != blame_t::sequence;  // no size: the next command cannot be found
        bool const fatal = f.code == errc::too_many_errors || f.code == errc::http_request || lost;
        conclude(t, handler, fatal ? event::shutdown : e, v, reply_for(f, v), f);
    }

    static constexpr reply right_or_451(v0::event e, reply r) noexcept {
        bool const right_class = e == event::data ? r.code / 100 != 2 : r.code / 100 != 3;
        if (!right_class || check(r)) return replies::try_later;
        return r;
    }

    // Writes a reply and moves on: the one place where the state changes.
    template <class H>
    constexpr void conclude(io& t, H& handler, v0::event e, v0::verb v, reply r, std::optional<failure> fault) noexcept {
        // RFC 2034 4: none in the answers to EHLO and HELO.
        bool const plain = e == event::hello || !rules.offers.has(extension::enhanced_status_codes);
        r = right_or_451(e, r);
        if (plain) r.enhanced = {};
        if (!write(t.out, e, v, r)) {
            r = replies::try_later;
            if (plain) r.enhanced = {};
            write_reply(t.out, r).has_value();
        }
        bool accepted = r.accepted();
        if (e == event::quit && !accepted && !fault) e = event::shutdown;
        if (r.code == 421) e = event::shutdown;
        if (e == event::content_end && rules.service == service::lmtp) {
            bool const last = is_last_answer();
            ++answered_;
            stored_ |= accepted;
            if (!last) return tell(handler, v, e, fault, r);
            accepted = stored_;
        }
        // A command refused by ehlo itself moves nothing; but content that has ended, has ended.
        if (!fault || e == event::content_end || e == event::shutdown) settle(handler, e, accepted);
        if (e != event::rcpt && e != event::data) mail_refused_ = e == event::mail && !accepted;
        tell(handler, v, e, fault, r);
    }

    template <class H>
    constexpr void settle(H& handler, v0::event e, bool accepted) noexcept {
        bool const ends = e == event::quit || e == event::shutdown ||
                          (accepted ? e == event::rset || e == event::hello : e == event::content_end);
        if (ends) drop(handler);
        if (accepted && e == event::mail) {
            forget();
            smtputf8_ = asks_smtputf8_;
        }
        if (accepted && e == event::rcpt) ++recipients_;
        if (accepted && e == event::content_end) forget();
        move(e, accepted);
    }

    constexpr bool write(writer& out, v0::event e, v0::verb v, reply const& r) const noexcept {
        if (e != event::hello || !r.accepted()) {
            // At most reply_space octets, whatever room there is: what is refused must not depend on the buffer.
            std::size_t const before = out.size();
            auto const written = write_reply(out, r);
            if (written && *written <= reply_space) return true;
            out.rewind(before);
            return false;
        }
        if (v == verb::helo) return write_reply(out, reply(250, server_name())).has_value();
        capabilities offer{rules.offers, rules.max_message};
        return write_capabilities(out, server_name(), {}, offer).has_value();
    }
};

/// A server session with the default policy.
using server = basic_server<>;
static_assert(std::is_trivially_copyable_v<server> && sizeof(server) <= 128);

}  // namespace ehlo
