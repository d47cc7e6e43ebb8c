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
#include <utility>

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
    v0::verb verb;                  ///< `unknown` for the greeting, unknown verbs and unreadable lines (`bdat` for what may be a BDAT)
    v0::event event;
    /// What was wrong. Refused by ehlo: `at` is an offset in the line. Blame `misuse`: the handler's reply could not be sent as it
    /// was, and `at` is an offset in its text; or the session was called wrongly.
    std::optional<failure> fault;
    reply sent;                     ///< as it went out; of an accepted EHLO or HELO only the code: the text is ehlo's own
    leniency tolerated;             ///< what strict RFC 5321 would have refused in the command
};

/// What a server wants next.
enum class want : std::uint8_t {
    read,   ///< more input
    write,  ///< send what was produced, and call again with the rest of the input
    room,   ///< an output of reply_space octets: this one was smaller, and sending would not help; then as `write`
    reply,  ///< the answer that a handler put off with reply::later
    close,  ///< send what was produced, and close the connection
};

/// What a call did: discard `consumed` octets of the input, send `produced` octets of the output, then do what it wants.
struct [[nodiscard]] step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    v0::want want = want::read;
};

namespace detail {
template <class H, class E>
concept handles = requires(H& h, E const& e) { h.on(e); };
template <class H, class E>
concept answers = requires(H& h, E const& e, reply r) { r = h.on(e); };

// What a handler is asked with, and which of it throws nothing.
template <class H, class E>
constexpr bool never_throws_at() noexcept {
    if constexpr (handles<H, E>) {
        using result = decltype(std::declval<H&>().on(std::declval<E const&>()));
        return noexcept(std::declval<H&>().on(std::declval<E const&>())) &&
               (std::is_void_v<result> || std::is_same_v<result, reply>);
    }
    return true;
}
template <class H>
inline constexpr bool never_throws =
    never_throws_at<H, connected>() && never_throws_at<H, cmd::hello>() && never_throws_at<H, cmd::mail>() &&
    never_throws_at<H, cmd::rcpt>() && never_throws_at<H, cmd::lookup>() && never_throws_at<H, cmd::remark>() &&
    never_throws_at<H, cmd::data>() && never_throws_at<H, content>() && never_throws_at<H, end_of_content>() &&
    never_throws_at<H, abandoned>() && never_throws_at<H, answered>();

// A member function `on` that takes exactly Argument: found by its address, which no conversion of an argument can feign. A set of
// overloads with a template in it has no such address: of that one nothing is said.
template <class Argument>
struct address_of_on {
    template <class R, class C>
    static void find(R (C::*)(Argument));
    template <class R, class C>
    static void find(R (C::*)(Argument) const);
    template <class R>
    static void find(R (*)(Argument));
};
template <class H, class Argument>
concept has_on = requires { address_of_on<Argument>::find(&H::on); };

// Names every `on` of a handler: one that is private is named by the compiler here, one that is protected becomes public.
template <class H>
struct every_on_must_be_public : H {
    using H::on;
};
template <class H, class E>
constexpr bool is_public() noexcept {
    if constexpr (std::is_final_v<H> || !std::is_class_v<H>) return true;
    else return handles<H, E> || !handles<every_on_must_be_public<H>, E>;
}

// A function for E that is nearly right would be passed over in silence.
template <class H, class E>
constexpr void check_on() noexcept {
    static_assert(is_public<H, E>(), "a handler's `on` is public");
    static_assert(!has_on<H, E&> && !has_on<H, E&&>,
                  "a handler's `on` takes what it is asked by constant reference: on(E const&), for the E of check_on<H, E>");
}
template <class H, class E>
constexpr void check_answer() noexcept {
    check_on<H, E>();
    static_assert(!handles<H, E> || answers<H, E>, "a handler's `on` returns ehlo::reply here: reply on(E const&), for the E of check_answer<H, E>");
}
template <class H, class... E>
constexpr void check_never_asked() noexcept {
    static_assert((... && (!has_on<H, E const&> && !has_on<H, E>)),
                  "the handler is never asked this: the server answers RSET and QUIT itself, and does not do TURN, STARTTLS, AUTH, BDAT, "
                  "BURL, ETRN, ATRN, XCLIENT and XFORWARD");
}

// The octets of an output whose size is part of its type; all others are dynamic_extent.
template <class Out>
constexpr std::size_t known_size() noexcept {
    if constexpr (requires(Out& out) { std::span(out); }) return decltype(std::span(std::declval<Out&>()))::extent;
    else return std::dynamic_extent;
}

// A string that owns its octets and is about to die, told from a view by what a copy of it costs.
template <class S>
concept dying_string = !std::is_lvalue_reference_v<S> && std::is_class_v<S> && !std::is_trivially_copyable_v<S> &&
                       std::is_convertible_v<S, std::string_view>;

// Looks, in a line that is refused, for what another reader may take for a BDAT: the verb where a line begins, or behind a
// control, after which some begin a new line; with white space in front of it, or octets over 127 (a byte order mark, a space
// that is none to us); with controls between its letters, which some drop. Whoever takes it so sends a chunk behind the line.
class bdat_finder {
    static constexpr unsigned char other = 5, found_it = 6;
    unsigned char matched_ = 0;  // letters of the verb
    bool fresh_ = true;          // nothing to be seen since a line may have begun

  public:
    constexpr void look(std::string_view octets) noexcept {
        for (char const c : octets) {
            auto const u = static_cast<unsigned char>(c);
            if (matched_ == 4 && !chars::alpha.contains(c)) matched_ = found_it;
            if (matched_ == found_it) return;
            if ((u < ' ' && c != '\t') || u == 127) {
                fresh_ = true;
                if (matched_ == other) matched_ = 0;
            } else if (u <= ' ' || u > 127) {
                matched_ = fresh_ ? 0 : other;
            } else {
                if (matched_ < 4 && to_upper(c) == "BDAT"[matched_]) ++matched_;
                else matched_ = fresh_ && to_upper(c) == 'B' ? 1 : other;
                fresh_ = false;
            }
        }
    }
    /// To be asked at the end of the line.
    constexpr bool found() const noexcept { return matched_ == 4 || matched_ == found_it; }
};

/// Octets of the longest command line with the parameters of the extensions on offer: 512 (RFC 5321 4.5.3.1.4) and what each
/// adds to it. RFC 6152, 4141 and 4405 give no number: by arithmetic " BODY=8BITMIME", " CONPERM", " CONNEG"; none for SUBMITTER.
constexpr std::uint32_t least_line(extensions offers) noexcept {
    struct row {
        extension code;
        std::uint32_t mail, rcpt;
    };
    constexpr row rows[] = {
        {extension::size, 26, 0},            // RFC 1870 3
        {extension::eight_bit_mime, 14, 0},
        {extension::smtputf8, 10, 0},        // RFC 6531 3.1
        {extension::dsn, 107 + 9, 524},      // RFC 3461 4.3, 4.4, 5.4: " RET=HDRS", ENVID; RCPT lines of 1,036 octets
        {extension::deliver_by, 17, 0},      // RFC 2852 2
        {extension::mt_priority, 15, 0},     // RFC 6710 3
        {extension::rrvs, 0, 33},            // RFC 7293 5.1
        {extension::mtrk, 40, 0},            // RFC 3885 2
        {extension::no_soliciting, 1007, 0}, // RFC 3865 4.1
        {extension::conperm, 8, 0},
        {extension::conneg, 0, 7},
    };
    std::uint32_t mail = 512, rcpt = 512;
    for (row const& r : rows) {
        if (!offers.has(r.code)) continue;
        mail += r.mail;
        rcpt += r.rcpt;
    }
    return mail > rcpt ? mail : rcpt;
}

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
/// First call `advance` with no input: it writes the greeting. Then whenever octets have come, with all that were not consumed.
/// Fewer than it left are a misuse, and end the session with 421.
template <policy Policy = policy{}>
class basic_server {
    static_assert(Policy.max_recipients >= 100, "RFC 5321 4.5.3.1.8: at least 100 recipients");
    static_assert(Policy.max_line >= 512, "RFC 5321 4.5.3.1.4: command lines of at least 512 octets");
    static_assert(Policy.max_line >= detail::least_line(Policy.offers),
                  "RFC 5321 4.5.3.1.4: command lines of 512 octets and what the parameters of the extensions on offer add");
    static_assert(Policy.max_message >= 65536, "RFC 5321 4.5.3.1.7: messages of at least 64 KiB");
    static_assert(Policy.reply_space >= 1024, "the answer to EHLO needs up to 1,024 octets");
    static_assert((Policy.offers | server_extensions) == server_extensions, "an extension is offered that the server does not do");
    static_assert(!Policy.offers.has(extension::smtputf8) || Policy.offers.has(extension::eight_bit_mime),
                  "RFC 6531 3.1: a server that offers SMTPUTF8 offers 8BITMIME");
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
    std::uint32_t left_ = 0;        // octets of the input that were there and not consumed
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
    bool extended_ = false;         // EHLO or LHLO was the latest hello that was accepted, not HELO
    bool pipelined_ = false;        // a command was refused, others may have been sent before its reply was seen (RFC 2920 3.1)
    bool smtputf8_ = false;         // the transaction asked for it
    bool asks_smtputf8_ = false;    // the MAIL that awaits its answer does
    bool last_word_ = false;        // a handler threw: shut_down may still say 421
    bool dangling_ = false;         // and was in a transaction
    detail::bdat_finder finder_;    // in a line that is being thrown away

    struct io {
        std::string_view in;
        writer out;
        std::size_t used = 0;
    };

  public:
    /// The policy as an object: Clang 14 dies of references into template arguments, and Clang 19 miscompiles them.
    static constexpr policy rules = Policy;
    /// Free octets of output that `advance` needs before it goes on to another command. A handler's reply may take as
    /// much; one that needs more loses its text.
    static constexpr std::size_t reply_space = rules.reply_space;

    /// `name` is the server's domain or address literal; it is borrowed as long as the session lives. With a name that is
    /// neither, the greeting is a 421 that says so, and the session is over: a constructor cannot refuse.
    constexpr explicit basic_server(std::string_view name EHLO_LIFETIMEBOUND) noexcept
        : name_(name.data()), name_size_(static_cast<std::uint16_t>(name.size() < 0xFFFF ? name.size() : 0xFFFF)) {}
    /// The name would be gone before it is used.
    template <detail::dying_string S>
    explicit basic_server(S&& name) = delete;

    constexpr state where() const noexcept { return where_; }
    constexpr std::uint32_t recipients() const noexcept { return recipients_; }
    /// For service::submission: says that the client is authenticated (by AUTH, its certificate, its address).
    constexpr void authenticated(bool yes = true) noexcept { authenticated_ = yes; }
    /// Tolerates other departures from RFC 5321 than the policy's, from the next command on.
    constexpr void tolerate(leniency departures) noexcept { tolerate_ = departures; }
    constexpr std::string_view server_name() const noexcept { return {name_, name_size_}; }

    /// Takes all octets received and not yet consumed, and room for replies (reply_space or more; in the middle of content none is
    /// needed); goes on as far as it can.
    /// When it wants a reply, leave the octets that were not consumed where they are: the views of the command that
    /// waits point into them until answer() has been called.
    template <class Handler>
    [[nodiscard]] constexpr step advance(std::string_view in, Handler& handler, std::span<char> out) noexcept(detail::never_throws<Handler>) {
        require<Handler>();
        return guarded<Handler>([&] { return run(in, handler, out); });
    }

    /// Answers the command that was put off. Call `advance` again with the same input, less what this consumed.
    template <class Handler>
    [[nodiscard]] constexpr step answer(reply const& r, Handler& handler, std::span<char> out) noexcept(detail::never_throws<Handler>) {
        require<Handler>();
        io t{{}, writer(out.data(), out.size())};
        if (!waiting_) return done(t, where_ == state::closed ? want::close : want::read);
        if (t.out.room() < reply_space) return done(t, want::room);
        return guarded<Handler>([&] {
            waiting_ = false;
            t.used = put_off_;
            left_ -= put_off_ < left_ ? put_off_ : left_;
            conclude(t, handler, event_, verb_, r, std::nullopt);
            return done(t, where_ == state::closed ? want::close : want::read);
        });
    }

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

    /// Says 421 (or another 4yz or 5yz) and closes (RFC 5321 3.8): idle too long, shutting down, short of something. What
    /// cannot be said, or has no room, becomes the usual 421; if that has none, nothing is said.
    template <class Handler>
    [[nodiscard]] constexpr step shut_down(Handler& handler, std::span<char> out,
                                           reply const& r = replies::shutting_down) noexcept(detail::never_throws<Handler>) {
        require<Handler>();
        io t{{}, writer(out.data(), out.size())};
        waiting_ = false;
        if (where_ == state::closed && !last_word_) return done(t, want::close);
        return guarded<Handler>([&] {
            last_word_ = false;
            tolerated_ = strict;
            bool const usable = r.code / 100 >= 4 && r.code < 600 && !check(r);
            conclude(t, handler, event::shutdown, verb::unknown, usable ? r : replies::shutting_down, std::nullopt);
            return done(t, want::close);
        });
    }

    /// The connection was lost: an open transaction is dropped (RFC 5321 4.1.1.5).
    template <class Handler>
    constexpr void disconnected(Handler& handler) noexcept(detail::never_throws<Handler>) {
        require<Handler>();
        waiting_ = false;
        last_word_ = false;
        drop(handler, state::closed);
    }

  private:
    template <class H>
    static constexpr void require() noexcept {
        static_assert(detail::answers<H, cmd::hello>, "the handler lacks: reply on(ehlo::cmd::hello const&)");
        static_assert(detail::answers<H, cmd::mail>, "the handler lacks: reply on(ehlo::cmd::mail const&)");
        static_assert(detail::answers<H, cmd::rcpt>, "the handler lacks: reply on(ehlo::cmd::rcpt const&)");
        static_assert(detail::handles<H, content>, "the handler lacks: void on(ehlo::content const&)");
        static_assert(detail::answers<H, end_of_content>, "the handler lacks: reply on(ehlo::end_of_content const&)");
        detail::check_answer<H, connected>();
        detail::check_answer<H, cmd::lookup>();
        detail::check_answer<H, cmd::remark>();
        detail::check_answer<H, cmd::data>();
        detail::check_on<H, abandoned>();
        detail::check_on<H, answered>();
        detail::check_never_asked<H, cmd::rset, cmd::quit, cmd::turn, cmd::starttls, cmd::onex, cmd::auth, cmd::bdat, cmd::burl,
                                  cmd::etrn, cmd::atrn, cmd::client_facts>();
        static_assert(!rules.offers.has(extension::expn) || detail::answers<H, cmd::lookup>,
                      "EXPN is offered, and the handler lacks: reply on(ehlo::cmd::lookup const&)");
    }

    // Runs what calls the handler. If it throws, the session is over, and nothing of the call may be sent.
    template <class H, class F>
    constexpr step guarded(F&& call) noexcept(detail::never_throws<H>) {
#ifdef __cpp_exceptions
        if constexpr (!detail::never_throws<H>) {
            try {
                return call();
            } catch (...) {
                dangling_ |= in_transaction(where_) && !stored_;
                last_word_ = true;
                waiting_ = false;
                where_ = state::closed;
                throw;
            }
        } else
#endif
            return call();
    }

    template <class H>
    constexpr step run(std::string_view in, H& handler, std::span<char> out) {
        io t{in, writer(out.data(), out.size())};
        if (in.size() < left_ && !waiting_ && where_ != state::closed) [[unlikely]] misused(t, handler);
        for (;;) {
            if (where_ == state::closed) return done(t, want::close);
            if (waiting_) return leave(t, want::reply);
            // Content needs no room until its end; a whole reply must fit before anybody is asked for one.
            if (t.out.room() < reply_space && where_ != state::content) return leave(t, more_room(t));
            if (where_ == state::connected) greet(t, handler);
            else if (where_ == state::content ? !take_content(t, handler) : !take_command(t, handler))
                return leave(t, where_ == state::content && t.out.room() < reply_space && more_content(t) ? more_room(t) : want::read);
        }
    }
    constexpr step leave(io const& t, v0::want w) noexcept {
        std::size_t const left = t.in.size() - t.used;
        left_ = left < 0xFFFFFFFF ? static_cast<std::uint32_t>(left) : 0xFFFFFFFF;
        return done(t, w);
    }
    // If nothing was produced, to send it makes no room.
    static constexpr v0::want more_room(io const& t) noexcept { return t.out.size() == 0 ? want::room : want::write; }
    // Octets are missing that this session has seen and not consumed: there is no going on.
    template <class H>
    EHLO_NOINLINE constexpr void misused(io& t, H& handler) {
        tolerated_ = strict;
        conclude(t, handler, event::shutdown, verb::unknown, reply(421, status{4, 3, 0}, replies::try_later.text),
                 fail(errc::bad_value, t.in.size()));
    }

    static constexpr step done(io const& t, v0::want w) noexcept { return {t.used, t.out.size(), w}; }
    // Whether the content could go on if only there were room for the reply at its end.
    constexpr bool more_content(io const& t) const noexcept { return t.in.size() - t.used >= 3; }

    // Moves on first: whatever the handler does, it is told once.
    template <class H>
    constexpr void drop(H& handler, state next) {
        // LMTP: what was stored for one recipient was delivered, whatever becomes of the others.
        bool const open = dangling_ || (in_transaction(where_) && !stored_);
        abandoned const what{octets_, recipients_};
        forget();
        dangling_ = false;
        where_ = next;
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
    constexpr void greet(io& t, H& handler) {
        constexpr std::string_view usual = rules.service == service::lmtp ? "LMTP ready" : "ESMTP ready";
        reply r(220, usual);
        std::optional<failure> fault;
        if constexpr (detail::answers<H, connected>) r = handler.on(connected{});
        r.enhanced = {};  // RFC 2034 4: none in the greeting
        if (!parse_host(server_name())) {  // once, and to be seen
            r = reply(421, "The name of this server is not a domain");
            fault = fail(errc::bad_value, 0);
        } else if (r.code != 220 && (r.code / 100 < 4 || r.code > 599)) {
            r = reply(421, replies::try_later.text);
            fault = fail(errc::bad_value, 0);
        }
        if (r.code == 220) {
            fault = check(r);
            if (!fault && server_name().size() + r.text.size() + 7 > max_reply_line) fault = fail(errc::output_full, 0);
            if (fault) r.text = usual;
            t.out.raw("220 ").raw(server_name()).raw(r.text.empty() ? "" : " ").raw(r.text).crlf();
        } else if (!write(t.out, event::greeting, verb::unknown, r)) {
            fault = write_without_text(t.out, true, r);
        }
        event const e = r.code == 421 ? event::shutdown : event::greeting;
        move(e, r.accepted());
        tell(handler, verb::unknown, e, fault, r);
    }

    constexpr void move(event e, bool accepted) noexcept { where_ = smtp_table.next(where_, e, accepted); }

    template <class H>
    constexpr void tell(H& handler, v0::verb v, v0::event e, std::optional<failure> fault, reply const& r) const {
        if constexpr (detail::handles<H, answered>) handler.on(answered{v, e, fault, r, tolerated_});
    }

    // Decodes content. False: more input (or room) is needed.
    template <class H>
    constexpr bool take_content(io& t, H& handler) {
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
            // LMTP: some have had their reply, so the end was there.
            if (answered_ != 0) [[unlikely]] {
                misused(t, handler);
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
    constexpr void end_content(io& t, H& handler, std::size_t consumed) {
        std::optional<failure> fault;
        tolerated_ = strict;  // DATA's was told
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
    constexpr bool take_command(io& t, H& handler) {
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
                    in, rules.max_line, grammar, [&](auto const& command) noexcept(detail::never_throws<H>) {
                        r = ask(handler, command, fault, in.data());
                    });
                if (used != 0) return finish_command(t, handler, used, v, fault, r);
            }
        }
        return take_rare_command(t, handler, grammar);
    }

    // Why a verb cannot be answered here, whatever stands behind it.
    constexpr std::optional<failure> find_disorder(v0::verb v) const noexcept {
        std::optional<v0::event> const e = event_of(v);
        if (where_ == state::refused && e != event::quit) return fail(errc::bad_sequence, 0);
        if (!speaks(v)) return fail(errc::unknown_verb, 0);
        if (!e || !does(v)) return fail(errc::not_implemented, 0);
        if (!smtp_table.allows(where_, *e)) return fail(errc::bad_sequence, 0);
        if (e == event::mail && rules.service == service::submission && !authenticated_) return fail(errc::not_authenticated, 0);
        return std::nullopt;
    }

    template <class H>
    constexpr bool finish_command(io& t, H& handler, std::size_t consumed, v0::verb v, std::optional<failure> const& fault, reply const& r) {
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
    EHLO_NOINLINE constexpr bool take_rare_command(io& t, H& handler, syntax const& grammar) {
        std::string_view const in = detail::sub(t.in, t.used);
        auto const line = lines_.next(in, rules.max_line, tolerate_);
        tolerated_ = strict;
        if (!line.ready()) {
            finder_.look(detail::sub(in, 0, line.consumed));
            t.used += line.consumed;
            if (line.need_more()) return false;
            bool const chunk = finder_.found();
            finder_ = detail::bdat_finder();
            refuse(t, handler, event::noop, chunk ? verb::bdat : verb::unknown, line.error(), chunk);
            return true;
        }
        bool const bare_lf = line.consumed == line->size() + 1;
        if (bare_lf) tolerated_ |= rule::bare_lf_line;
        auto const split = split_command(*line, grammar);
        v0::verb const v = split ? split->verb : verb::unknown;
        std::optional<failure> fault;
        reply r;
        bool chunk = false;  // one that cannot be passed over
        if (v == verb::bdat) {
            fault = refuse_chunk(*split);
            // Where the chunk of a BDAT that ends in a bare LF begins is not the same to everybody.
            if (bare_lf) fault = fail(errc::bare_lf, line->size());
            chunk = blame(fault->code) != blame_t::sequence;
        } else if (v == verb::unknown) {
            fault = split ? fail(errc::unknown_verb, 0) : split.error();
            if (where_ == state::refused && fault->code != errc::http_request) fault = fail(errc::bad_sequence, 0);
        } else {
            fault = find_disorder(v);
        }
        if (!fault) {
            tolerated_ |= split->tolerated;
            auto const bad = visit_command(*split, grammar, [&](auto const& command) noexcept(detail::never_throws<H>) {
                if constexpr (requires { command.tolerated; }) tolerated_ |= command.tolerated;
                if constexpr (requires { command.name.tolerated; }) tolerated_ |= command.name.tolerated;
                r = ask(handler, command, fault, split->name.data());
            });
            if (bad) fault = bad;
        }
        if (fault && v != verb::bdat) {
            detail::bdat_finder finder;
            finder.look(*line);
            chunk = finder.found();
        }
        if (!chunk) return finish_command(t, handler, line.consumed, v, fault, r);
        t.used += line.consumed;
        refuse(t, handler, event::noop, verb::bdat, *fault, true);
        return true;
    }

    // The parameters of the extensions on offer. A parameter of another one is as good as unknown (RFC 5321 4.1.1.11).
    static constexpr parameter_ids offered = parameters_of(rules.offers);
    // What the policy has against well-formed parameters: one that is not on offer, or an own one of the handler's that its
    // `parse` refuses. `Own` are the latter; `binary` says that BODY is BINARYMIME.
    template <class Own>
    constexpr std::optional<failure> find_fault(parameter_list const& p, bool binary, char const* line) const noexcept {
        // RFC 5321 4.1.1.2, 4.1.1.3: only if service extensions were negotiated, which HELO does not do.
        if (!extended_ && !p.all().text().empty()) [[unlikely]]
            return fail(errc::unknown_parameter, place_of(line, p.all(), [](parameter const&) { return true; }));
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
    // So it does after any line that is refused and that somebody may take for a BDAT, see bdat_finder.
    constexpr failure refuse_chunk(command_line const& line) noexcept {
        auto const chunk = parse_bdat(line.arguments);
        if (!chunk) return fail(chunk.error().code, chunk.error().at + static_cast<std::size_t>(line.arguments.data() - line.name.data()));
        skip_ = chunk->size;
        return fail(in_transaction(where_) ? errc::not_implemented : errc::bad_sequence, 0);
    }

    // What the handler says to a command that is well formed and in order. Faults are those the policy finds; `line` is
    // where the command begins.
    template <class H>
    constexpr reply ask(H& handler, cmd::hello const& c, std::optional<failure>&, char const*) {
        return handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::mail const& c, std::optional<failure>& fault, char const* line) {
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
    constexpr reply ask(H& handler, cmd::rcpt const& c, std::optional<failure>& fault, char const* line) {
        fault = find_fault<typename detail::own_parameters_of<H>::rcpt>(c.parameters, false, line);
        if (!fault && recipients_ == rules.max_recipients) fault = fail(errc::too_many_recipients, 0);
        return fault ? reply() : handler.on(c);
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::lookup const& c, std::optional<failure>& fault, char const* line) {
        // Their tokens, which stand behind the string, are parameters like those of MAIL.
        bool const offered_token = c.utf8reply ? rules.offers.has(extension::utf8smtp) : rules.offers.has(extension::smtputf8);
        if ((c.smtputf8 || c.utf8reply) && !(offered_token && extended_)) {
            fault = fail(errc::unknown_parameter, static_cast<std::size_t>(c.string.data() + c.string.size() + 1 - line));
            return {};
        }
        if constexpr (detail::answers<H, cmd::lookup>) return handler.on(c);
        if (c.verb == verb::vrfy) return replies::cannot_verify;
        fault = fail(errc::not_implemented, 0);
        return {};
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::remark const& c, std::optional<failure>&, char const*) {
        if constexpr (detail::answers<H, cmd::remark>) return handler.on(c);
        return c.verb == verb::help ? replies::help : replies::ok;
    }
    template <class H>
    constexpr reply ask(H& handler, cmd::data const& c, std::optional<failure>&, char const*) {
        if constexpr (detail::answers<H, cmd::data>) return handler.on(c);
        return replies::start_content;
    }
    template <class H>
    constexpr reply ask(H&, cmd::rset const&, std::optional<failure>&, char const*) {
        return replies::ok;
    }
    template <class H>
    constexpr reply ask(H&, cmd::quit const&, std::optional<failure>&, char const*) {
        return replies::bye;
    }
    template <class H, class Command>
    constexpr reply ask(H&, Command const&, std::optional<failure>&, char const*) {
        return {};  // never asked: the rest are refused before
    }

    // `chunk`: what follows may be a chunk of unknown size, so the next command cannot be found.
    template <class H>
    constexpr void refuse(io& t, H& handler, v0::event e, v0::verb v, failure f, bool chunk = false) {
        bool const counts = !is_innocent(e, v, f.code);
        if (counts && ++errors_ >= rules.max_errors) f = fail(errc::too_many_errors, 0);
        bool const fatal = f.code == errc::too_many_errors || f.code == errc::http_request || chunk;
        conclude(t, handler, fatal ? event::shutdown : e, v, reply_for(f, v), f);
        // All but these have to be the last of what is sent together.
        if (counts || f.code != errc::bad_sequence)
            pipelined_ = f.code != errc::bad_sequence && (v == verb::unknown || v == verb::bdat || e == event::mail || e == event::rcpt);
    }
    // Whether a refusal is no error of the client's: it asked for what this server does not grant (RFC 5321 4.5.3.1.10 of a
    // recipient too many: 452), or it could not know yet, when it sent the command, that one before it would be refused
    // (RFC 2920 3.1).
    constexpr bool is_innocent(v0::event e, v0::verb v, errc code) const noexcept {
        if (code == errc::too_many_recipients || code == errc::message_too_large || code == errc::unknown_parameter) return true;
        bool const follows = e == event::rcpt || e == event::data || v == verb::bdat;
        return pipelined_ && follows && (code == errc::bad_sequence || code == errc::not_implemented);
    }

    // Whether an event can have a reply of this class.
    static constexpr bool is_answer(v0::event e, unsigned code) noexcept {
        unsigned const first = code / 100;
        return first >= 2 && first <= 5 && (e == event::data ? first != 2 : first != 3);
    }

    // Writes a reply and moves on.
    template <class H>
    constexpr void conclude(io& t, H& handler, v0::event e, v0::verb v, reply r, std::optional<failure> fault) {
        // RFC 2034 4: none in the answers to EHLO and HELO, nor in a 3yz.
        bool const plain = e == event::hello || !rules.offers.has(extension::enhanced_status_codes);
        std::optional<failure> told = fault;
        if (!is_answer(e, r.code)) [[unlikely]] {
            told = fail(errc::bad_value, 0);
            r = e == event::data && r.code / 100 == 2 ? replies::start_content : replies::try_later;
        }
        if (plain) r.enhanced = {};
        else if (!r.enhanced && r.code / 100 != 3) add_status(r);
        if (!write(t.out, e, v, r)) [[unlikely]] told = write_without_text(t.out, plain, r);
        if (e == event::hello && r.accepted()) r = reply(250, {});
        bool accepted = r.accepted();
        if (r.code == 421) e = event::shutdown;
        if (e == event::content_end && rules.service == service::lmtp) {
            bool const last = is_last_answer();
            ++answered_;
            stored_ |= accepted;
            if (!last) return tell(handler, v, e, told, r);
            accepted = stored_;
        }
        if (!fault) pipelined_ = !accepted && (e == event::mail || e == event::rcpt || (pipelined_ && e == event::data));
        // A command refused by ehlo itself moves nothing; but content that has ended, has ended.
        if (!fault || e == event::content_end || e == event::shutdown) settle(handler, e, v, accepted);
        if (r.code != 0) tell(handler, v, e, told, r);
    }

    template <class H>
    constexpr void settle(H& handler, v0::event e, v0::verb v, bool accepted) {
        bool const ends = e == event::quit || e == event::shutdown ||
                          (accepted ? e == event::rset || e == event::hello : e == event::content_end);
        if (accepted && e == event::hello) extended_ = v != verb::helo;
        if (ends) return drop(handler, smtp_table.next(where_, e, accepted));
        if (accepted && e == event::mail) {
            forget();
            smtputf8_ = asks_smtputf8_;
        }
        if (accepted && e == event::rcpt) ++recipients_;
        if (accepted && e == event::content_end) forget();
        move(e, accepted);
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

    // A reply that cannot be sent: what can be, by its code or else its class. Returns what was wrong. If there is no room for
    // that either, as a shut_down may have it, nothing is written, and the code is 0.
    EHLO_NOINLINE constexpr failure write_without_text(writer& out, bool plain, reply& r) const noexcept {
        std::optional<failure> const bad = check(r);
        failure const fault = !bad ? fail(errc::output_full, 0) : bad->code == errc::unsafe_octet ? *bad : fail(errc::bad_value, 0);
        unsigned const first = r.code / 100;
        constexpr std::uint16_t of_class[] = {0, 0, 250, 354, 451, 554};
        if (!is_reply_code(r.code)) r.code = of_class[first];
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
