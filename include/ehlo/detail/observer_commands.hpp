// The client's half of an observer: commands and AUTH responses, each read as what it is.
#pragma once

#include <ehlo/command_reader.hpp>
#include <ehlo/detail/observer_content.hpp>
#include <ehlo/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::detail {

class command_observer : protected content_observer {
    enum class reading : std::uint8_t { commands, responses, content, chunk, waiting, lost, opaque, over };

    // What a command means for the session.
    struct meaning {
        event on = event::noop;
        fact_set brings{};
        parameter_ids uses{};
        std::optional<cmd::bdat> chunk{};
        leniency tolerated{};
        std::optional<errc> odd_parameter{};      // the first that nobody knows, or one of the user's own that is wrong
        char const* odd_at = nullptr;
    };

    line_reader lines_{};
    std::uint64_t line_at_ = 0;   // where the line began that is being thrown away
    verb line_verb_{};        // with which it began
    std::optional<event> line_event_{};
    bdat_finder finder_{};        // in that line
    bool told_early_ = false;

  protected:
    using content_observer::content_observer;

    constexpr reading client_reading() const noexcept {
        if (opaque_ || over_ || in_chunk_ || in_content_ || lost_ || unpaired_) {
            if (opaque_) return reading::opaque;
            if (over_) return reading::over;
            if (in_chunk_) return reading::chunk;
            if (in_content_) return reading::content;
            if (lost_ || !alone()) return reading::lost;
        }
        if (waits()) return reading::waiting;
        return queue_.empty() && now_.where() == state::exchange ? reading::responses : reading::commands;
    }

    template <class H>
    constexpr awaits watch_client(io& t, H& h) noexcept(quiet<H>) {
        client_first_ = false;
        if (t.used < t.in.size()) candidate_ = {};
        for (;;) {
            bool more = false;
            reading const r = client_reading();
            if (skip_[index(client)] && (r == reading::commands || r == reading::responses || r == reading::lost)) {
                if (!skip_line(client, t)) return awaits::octets;
                continue;
            }
            switch (r) {
            case reading::opaque:
                forget_line();
                pass_opaque(h, client, t);
                return awaits::octets;
            case reading::over:
                forget_line();
                pass_over(h, client, t);
                return awaits::octets;
            case reading::waiting:
                if (t.used == t.in.size()) return awaits::octets;
                tell_impatience(h, t);
                if (t.in.size() - t.used <= settings_.max_waiting) return awaits::reply;
                lose(h);
                continue;
            case reading::lost: more = take_lost(t, h); break;
            case reading::chunk: more = take_chunk(t, h); break;
            case reading::content: more = take_content(t, h); break;
            case reading::responses: more = take_response(t, h); break;
            case reading::commands: more = take_command(t, h); break;
            }
            if (!more || (t.used == t.in.size() && !in_chunk_)) return awaits::octets;   // a chunk may be empty
        }
    }
    constexpr void forget_line() noexcept {
        lines_ = line_reader();
        finder_ = bdat_finder();
    }

  private:
    // A client that does not wait where it must.
    template <class H>
    constexpr void tell_impatience(H& h, io const& t) noexcept(quiet<H>) {
        if (told_wait_) return;
        told_wait_ = true;
        event const e = queue_.last().on;
        bool const clear = e == event::starttls && static_cast<unsigned char>(t.rest()[0]) != 0x16;
        departure const d = clear ? departure::after_starttls : e == event::quit ? departure::after_the_end : departure::did_not_wait;
        told_end_[index(client)] = d == departure::after_the_end;
        depart(h, d, client, here(client));
    }

    // What it is to the session: nothing comes of a verb that is unknown, as of NOOP.
    static constexpr event event_for(verb v) noexcept { return verb_table[static_cast<unsigned>(v)].on; }
    // A line begins; what it begins with is looked at only if it turns out to be malformed.
    template <class H>
    constexpr void note_verb(std::string_view line) noexcept {
        constexpr charset ends{std::string_view(" \r\n\0", 4)};
        std::string_view const word = sub(line, 0, find_first<ends>(line));
        line_verb_ = find_verb(word);
        line_event_ = line_verb_ == verb::unknown ? own_of<H>::list::find(word) : event_of(line_verb_);
    }
    template <class H>
    constexpr syntax grammar() noexcept {
        syntax g = settings_.grammar;
        if (lost_ || ahead<H>().knows(fact::smtputf8)) g.smtputf8 = true;
        return g;
    }

    template <class Own>
    static constexpr void learn_parameters(meaning& m, parameter_list const& p) noexcept {
        m.uses = p.present();
        if (!p.unknown_at()) [[likely]] return;
        auto const fault = Own::find_fault(p);
        if (!fault) return;
        m.odd_parameter = fault->code;
        m.odd_at = p.all().text().data() + fault->at;
    }
    template <class H, class C>
    static constexpr void learn(meaning& m, C const& c) noexcept {
        if constexpr (requires { c.tolerated; }) m.tolerated |= c.tolerated;
        if constexpr (requires { c.parameters.unknown_at(); })
            learn_parameters<std::conditional_t<std::is_same_v<C, cmd::mail>, typename own_parameters_of<H>::mail, typename own_parameters_of<H>::rcpt>>(m, c.parameters);
        learn_more(m, c);
    }
    static constexpr void learn_more(meaning&, auto const&) noexcept {}
    static constexpr void learn_more(meaning& m, cmd::hello const& c) noexcept { m.tolerated |= c.name.tolerated; }
    static constexpr void learn_more(meaning& m, cmd::mail const& c) noexcept {
        if (c.parameters.all().text().empty()) [[likely]] return;
        if (c.parameters.smtputf8()) m.brings |= fact::smtputf8;
        if (c.parameters.body() == body::binary_mime) m.brings |= fact::binary;
        if (c.parameters.prdr()) m.brings |= fact::prdr;
    }
    static constexpr void learn_more(meaning& m, cmd::burl const& c) noexcept { m.on = c.last ? event::last_burl : event::burl; }
    static constexpr void learn_more(meaning& m, cmd::bdat const& c) noexcept { m.chunk = c; }

    template <class H, class C>
    constexpr void tell_typed(H& h, seen::command const& base, C const& c) const noexcept(quiet<H>) { tell(h, seen::of<C>{base, c}); }

    // Reads a line and tells it. False: more input is needed.
    template <class H>
    constexpr bool take_command(io& t, H& h) noexcept(quiet<H>) {
        std::string_view const in = t.rest();
        if (in.empty()) return false;
        syntax const rules = grammar<H>();
        seen::command said{place(client, here(client), 0)};
        said.number = pushed_;
        meaning m;
        if (lines_.at_start() && in.size() >= 6) {
            verb v = find_verb4(in.data());
            if (v == verb::unknown) v = verb::starttls;   // the only longer one that is read in one step
            said.verb = v;
            m.on = event_for(v);
            said.event = m.on;
            bool const in_order = !ordered<H>(ahead<H>()).check(m.on);
            bool const rare = !in_order || v == verb::bdat;
            std::size_t const used = rare ? 0 : take_common_command(in, settings_.max_line, rules, [&](auto const& c) noexcept(quiet<H>) {
                learn<H>(m, c);
                // Its end is known when it was read: what comes before the CR.
                said.line = {in.data(), find_near<charset("\r")>(in)};
                said.size = said.line.size() + 2;
                said.secret = static_cast<std::uint32_t>(said.line.size());
                tell_typed(h, said, c);
            });
            if (used != 0) {
                auth_refused_ = false;
                note_command(h, said, m);
                use(client, t, used);
                return true;
            }
        }
        return take_rare(t, h, said, rules);
    }

    template <class H>
    EHLO_NOINLINE constexpr bool take_rare(io& t, H& h, seen::command said, syntax const& rules) noexcept(quiet<H>) {
        bool const begins = !lines_.discarding();
        if (begins) line_at_ = here(client);
        auto const line = lines_.next(t.rest(), settings_.max_line, rules.tolerate);
        if (!line.ready()) {
            finder_.look(sub(t.rest(), 0, line.consumed));
            if (begins && line.consumed != 0) note_verb<H>(t.rest());
            if (line.need_more()) {
                use(client, t, line.consumed);
                return false;
            }
            bool const may_be_chunk = finder_.found();
            forget_line();
            refuse_line(t, h, said, line.error(), line.consumed, may_be_chunk);
            return true;
        }
        said.line = *line;
        said.size = line.consumed;
        said.secret = find_secret(*line);
        said.verb = verb::unknown;
        said.event = std::nullopt;
        meaning m;
        if (line.consumed == line->size() + 1) m.tolerated |= rule::bare_lf_line;
        auto const split = split_command(*line, rules);
        if (split) {
            said.verb = split->verb;
            m.tolerated |= split->tolerated;
        }
        said.event = event_of(said.verb);
        if (split && said.verb == verb::unknown) said.event = own_of<H>::list::find(split->name);
        m.on = said.event.value_or(event::noop);
        bool const is_own = m.on >= event::own0, is_known = said.event.has_value();
        if (!is_known && auth_refused_) said.secret = 0;
        std::optional<failure> fault;
        if (!split) fault = split.error();
        // `at` of an order is the verb's: the whole line is in question.
        auto const disorder = alone() ? std::nullopt : ordered<H>(ahead<H>()).check(m.on);
        bool typed = false;
        if (split && said.verb != verb::unknown) {
            // What follows a MAIL that asked for SMTPUTF8 may have crossed with its refusal.
            syntax wide = rules;
            wide.smtputf8 = wide.smtputf8 || disorder || latest_mail_is_wide_;
            auto const bad = visit_command(*split, wide, [&](auto const& c) noexcept(quiet<H>) {
                learn<H>(m, c);
                said.event = m.on;
                if (disorder) said.fault = fail(*disorder, 0);
                typed = true;
                tell_typed(h, said, c);
            });
            if (bad) fault = bad;
        } else if (is_own) {
            if (disorder) said.fault = fail(*disorder, 0);
            fault = tell_own(h, said, *split, rules);
            typed = !fault;
        } else if (split) {
            fault = fail(errc::unknown_verb, 0);
        }
        if (!typed) {
            said.fault = fault;
            tell(h, said);
        }
        if (is_known) auth_refused_ = false;
        if (fault) depart(h, departure::malformed, client, said.at + fault->at, fault->code);
        if (m.tolerated.has(rule::bare_lf_line)) depart(h, departure::bare_lf, client, said.at + said.size - 1);
        if (!m.tolerated.empty()) depart(h, departure::tolerated, client, said.at, {}, m.tolerated);
        if (disorder && !fault) depart(h, departure::out_of_order, client, said.at, *disorder);
        if (said.line.size() > 510 && !may_be_long(said.verb)) depart(h, departure::long_line, client, said.at);
        bdat_finder finder;
        if (fault) finder.look(*line);
        bool const may_be_chunk = fault && finder.found() && settings_.knows_bdat;
        if (fault && said.verb == verb::bdat) m.on = event::noop;   // its refusal answers no chunk
        note_command(h, said, m);
        use(client, t, static_cast<std::size_t>(said.size));
        // Who cannot read its size reads on, or closes.
        if (may_be_chunk) depart(h, departure::may_be_chunk, client, said.at);
        return true;
    }
    // A command of the user's own. Why it cannot be read, if it cannot.
    template <class H>
    constexpr std::optional<failure> tell_own(H& h, seen::command const& said, command_line const& split, syntax const& rules) const noexcept(quiet<H>) {
        std::optional<failure> fault;
        own_of<H>::list::any([&]<class One>() noexcept(quiet<H>) {
            if (own_of<H>::list::protocol::template event_of<One> != said.event) return false;
            auto const parsed = One::parse(split.arguments, rules);
            if (parsed) tell_typed(h, said, *parsed);
            else fault = fail(parsed.error().code, parsed.error().at + static_cast<std::size_t>(split.arguments.data() - said.line.data()));
            return true;
        });
        return fault;
    }
    // Lines that extensions make longer than 512 octets.
    static constexpr bool may_be_long(verb v) noexcept {
        return event_for(v) == event::mail || v == verb::rcpt || v == verb::auth || v == verb::burl || v == verb::xclient || v == verb::xforward;
    }
    template <class H>
    constexpr void refuse_line(io& t, H& h, seen::command said, failure f, std::size_t consumed, bool may_be_chunk) noexcept(quiet<H>) {
        use(client, t, consumed);
        said.at = line_at_;
        said.size = here(client) - line_at_;
        said.line = {};
        said.secret = 0;
        said.verb = line_verb_;
        said.event = line_event_;
        said.fault = f;
        tell(h, said);
        departure const d = f.code == errc::bare_cr   ? departure::bare_cr
                            : f.code == errc::bare_lf ? departure::bare_lf
                            : f.code == errc::nul_octet ? departure::nul : departure::long_line;
        depart(h, d, client, line_at_ + f.at, f.code);
        meaning m;
        if (line_event_ && said.verb != verb::bdat) m.on = *line_event_;
        note_command(h, said, m);
        if (may_be_chunk && settings_.knows_bdat) depart(h, departure::may_be_chunk, client, said.at);
    }

    template <class H>
    EHLO_INLINE constexpr void note_command(H& h, seen::command const& said, meaning const& m) noexcept(quiet<H>) {
        if (!queue_.empty()) note_group(h, said);
        bool missing = false;
        if (offers_known_) {
            auto const of = extension_of(said.verb);
            missing = (of && !offered_.has(*of)) || (!m.uses.empty() && !(m.uses - parameters_of(offered_)).empty());
            if constexpr (own_of<H>::list::size != 0) missing = missing || (m.on >= event::own0 && own_of<H>::list::lacks(m.on, own_offered_));
            if (missing) [[unlikely]] depart(h, departure::not_offered, client, said.at);
        }
        if (m.odd_parameter) [[unlikely]] {
            std::uint64_t const at = said.at + static_cast<std::size_t>(m.odd_at - said.line.data());
            if (*m.odd_parameter != errc::unknown_parameter) depart(h, departure::malformed, client, at, *m.odd_parameter);
            else if (offers_known_ && !missing) depart(h, departure::not_offered, client, at, errc::unknown_parameter);
        }
        told_wait_ = false;
        event e = m.on;
        if (e == event::mail) latest_mail_is_wide_ = m.brings.has(fact::smtputf8);
        if (m.chunk) {
            if (!settings_.knows_bdat) {
                e = event::noop;
            } else {
                e = m.chunk->last ? event::last_chunk_end : event::chunk_end;
                chunk_binary_ = ahead<H>().knows(fact::binary);
                if (!alone()) ahead<H>().settle(event::bdat, answer::done);
                chunk_left_ = m.chunk->size;
                chunk_last_ = m.chunk->last;
                chunk_number_ = pushed_;
                in_chunk_ = true;
                chunk_begun_ = m.chunk->size == 0;
            }
        }
        bool const part = m.chunk || e == event::burl;
        if (e == event::mail || (part && !in_parts_)) content_ = content_watch(said.at + said.size);
        if (e == event::burl) content_.spoil();   // what the server fetches is not seen
        in_parts_ = in_parts_ ? e != event::mail : part;
        if (e == event::last_burl) sizes_.push(std::nullopt);
        push(h, e, said.verb, said.at, m.brings);
        if (alone()) suppose(e);
    }

    template <class H>
    constexpr void note_group(H& h, seen::command const& said) noexcept(quiet<H>) {
        event const before = queue_.last().on;
        if (before == event::greeting) {
            if (!told_early_) depart(h, departure::early_talker, client, said.at);
            told_early_ = true;
        } else if (!is_pipelined(before)) {
            depart(h, departure::did_not_wait, client, said.at);
        } else if (offers_known_ && !offered_.has(extension::pipelining)) {
            depart(h, departure::pipelining_not_offered, client, said.at);
        }
    }
    // A line of an AUTH exchange. False: more input is needed.
    template <class H>
    EHLO_NOINLINE constexpr bool take_response(io& t, H& h) noexcept(quiet<H>) {
        if (t.rest().empty()) return false;
        if (!lines_.discarding()) line_at_ = here(client);
        auto const line = lines_.next(t.rest(), settings_.max_line, settings_.grammar.tolerate);
        if (line.need_more()) {
            use(client, t, line.consumed);
            return false;
        }
        if (alone() && line.ready()) {
            auto const split = split_command(*line);
            if (split && split->verb != verb::unknown) {
                now_.settle(event::response, answer::done);
                go_ahead_from_now();
                return true;   // the line is read again, as a command
            }
        }
        std::uint64_t const at = line_at_;
        seen::response said{place(client, at, here(client) + line.consumed - at), pushed_};
        use(client, t, line.consumed);
        if (line.failed()) {
            said.fault = line.error().code == errc::line_too_long ? fail(errc::auth_line_too_long, line.error().at) : line.error();
        } else {
            said.line = *line;
            auto const parsed = parse_auth_response(*line);
            if (!parsed) said.fault = parsed.error();
            else if (parsed->cancelled) said.fault = fail(errc::auth_cancelled, 0);
        }
        tell(h, said);
        told_wait_ = false;
        if (said.fault && said.fault->code != errc::auth_cancelled) depart(h, departure::malformed, client, at + said.fault->at, said.fault->code);
        if (!alone()) push(h, event::response, verb::auth, at, {});
        return true;
    }

    // Out of step: lines are looked at for one that a reply may prove to be a command. False: more input is needed.
    template <class H>
    EHLO_NOINLINE constexpr bool take_lost(io& t, H& h) noexcept(quiet<H>) {
        std::string_view const in = t.rest();
        if (in.empty()) return false;
        candidate_ = {};
        if (!lines_.discarding()) line_at_ = here(client);
        auto const line = lines_.next(in, settings_.max_line, settings_.grammar.tolerate);
        std::uint64_t const at = line_at_;
        use(client, t, line.consumed);
        if (line.need_more()) return false;
        if (line.failed()) return true;
        auto const split = split_command(*line, grammar<H>());
        seen::command said{seen::place{client, at, line.consumed, false}};
        said.line = *line;
        said.secret = find_secret(*line);
        if (split) said.verb = split->verb, said.event = event_of(split->verb);
        if (split && !said.event) said.event = own_of<H>::list::find(split->name);
        if (!said.event) said.secret = 0;   // a response, perhaps
        bool good = false;
        if (said.verb != verb::unknown) {
            good = !visit_command(*split, grammar<H>(), [&](auto const& c) noexcept(quiet<H>) {
                if (settings_.guesses) tell_typed(h, said, c);
            });
        } else if (said.event && settings_.guesses) {
            good = !tell_own(h, said, *split, grammar<H>());
        }
        EHLO_ASSUME(!said.number);   // out of step
        if (!good && settings_.guesses) tell(h, said);
        // No reply proves a command of the user's own.
        if (good && said.verb != verb::unknown && t.used == t.in.size()) candidate_ = {at, said.verb};
        return true;
    }
};

}  // namespace ehlo::detail
