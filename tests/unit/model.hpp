// A second server session, slow and plain, written from the RFCs without a look at server.hpp: what a server must answer and do
// for the octets that came. It takes one octet at a time and shares no code with include/.
#ifndef EHLO_TESTS_UNIT_MODEL_HPP
#define EHLO_TESTS_UNIT_MODEL_HPP

#include "model_parts.hpp"
#include "oracle.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace model {

using namespace std::string_literals;

class session {
  public:
    settings with;
    oracle_of_handler handler;
    place at = place::connected;
    bool extended = false, tls = false, authenticated = false;
    std::vector<due> replies;          // all that are due so far
    std::vector<std::string> calls;    // what the handler was asked
    std::string line;                  // not complete yet
    std::string raw;                   // of content, since DATA
    std::uint64_t left = 0;            // of a chunk
    bool last_may_lack = false;        // of the replies
    unsigned commands = 0, stored = 0, begun = 0;

    void greet() {
        unsigned const said = handler.greeting();
        call("CONNECTED");
        say(said);
        at = said == 220 ? place::greeted : said == 421 ? place::closed : place::refused;
    }
    void secured() {
        if (at != place::handshake) return;
        at = place::greeted;
        extended = authenticated = false;
        tls = true;
        line.clear();
    }
    void lost() {
        abandon(at == place::chunk ? came(text_) : 0);
        at = place::closed;
    }
    void take(char c) {
        switch (at) {
            case place::closed:
            case place::turned: return;
            case place::handshake:   // RFC 3207 4.2: what came in the clear is never heard, and the 220 may be withheld
                at = place::closed;
                last_may_lack = true;
                return;
            case place::content: return take_content(c);
            case place::chunk: return take_chunk(c);
            default: break;
        }
        line += c;
        if (!line.ends_with("\r\n")) return;
        std::string const whole = std::exchange(line, {});
        if (at == place::exchange) take_response(whole.substr(0, whole.size() - 2));
        else take_command(whole.substr(0, whole.size() - 2));
    }
    bool draining() const { return at == place::chunk && !chunk_refused_.codes.empty(); }
    bool transaction() const {
        return at == place::mail || at == place::rcpt || at == place::chunks || at == place::content || (at == place::chunk && open_);
    }

  private:
    bool open_ = false;                // MAIL was accepted, and the message is neither stored nor abandoned
    bool smtputf8_ = false, binary_ = false, prdr_ = false;
    std::uint32_t recipients_ = 0;     // of the transaction that is open, or that a chunk spoilt
    std::string text_;                 // decoded content of chunks, before CR and LF alone are looked at
    bool last_ = false;
    due chunk_refused_;                // no codes: it is taken

    void call(std::string what) { calls.push_back(std::move(what)); }
    void say(unsigned code) {
        // 571 is no Reply-code (RFC 5321 4.2): the class is all that can be kept.
        replies.push_back({{code == 571 ? 5 : code}});
        if (code == 421) lost();
    }
    void refuse(std::vector<unsigned> codes) { replies.push_back({std::move(codes)}); }
    void abandon(std::uint64_t octets = 0) {
        if (!open_) return;
        if (at == place::chunks) octets = came(text_);
        if (at == place::content) octets = came(oracle::decode(raw).text);
        // A CR that may yet become a CRLF: how it is counted is nobody's business.
        call("ABANDONED " + (with.bare == 1 ? "some" : std::to_string(octets)) + " " + std::to_string(recipients_));
        open_ = false;
    }
    void forget() {
        recipients_ = 0;
        smtputf8_ = binary_ = prdr_ = false;
        text_.clear();
        raw.clear();
    }

    // Content as the handler is given it.
    std::string seen(std::string const& text) const {
        if (with.bare != 1) return text;
        std::string clean;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') clean += "\r\n", ++i;
            else if (text[i] == '\r' || text[i] == '\n') clean += "\r\n";
            else clean += text[i];
        }
        return clean;
    }
    // Octets of it that are certain: what a CR at the end will be is not known.
    std::uint64_t came(std::string text) const {
        if (with.bare == 1 && !text.empty() && text.back() == '\r') text.pop_back();
        return (binary_ ? text : seen(text)).size();
    }
    bool dirty(std::string const& text) const {
        return with.bare == 0 && !binary_ && oracle::count_bare_cr(text) + oracle::count_bare_lf(text) != 0;
    }

    // ---- RFC 5321 4.1.1.4, RFC 2033 4.2: the end of a message
    void end_message(std::string const& text) {
        std::vector<unsigned> refusal;
        std::string const clean = binary_ ? text : seen(text);
        if (dirty(text)) refusal = {5};
        if (clean.size() > with.max_message) refusal = {552};
        if (dirty(text) && clean.size() > with.max_message) refusal = {5};
        std::uint32_t const many = with.lmtp ? recipients_ : 1;
        if (!refusal.empty()) {
            for (std::uint32_t i = 0; i < many; ++i) refuse(refusal);
            finish(false, clean.size());
            return;
        }
        auto ask = [&](std::uint32_t i) {
            call("END " + std::to_string(clean.size()) + " " + std::to_string(recipients_) + " " + std::to_string(i) + " " + clean);
        };
        auto hear = [&](unsigned said) {
            refuse({said == 571 ? 5 : said});
            return yes(said);
        };
        // draft-hall-prdr-00 4.4, 4.5: for more recipients than one there may be a reply for each, and one for the message.
        if (prdr_ && recipients_ > 1) {
            ask(0);
            unsigned const first = handler.end_or_each();
            if (first != 353) return finish(hear(fit(first)), clean.size());
            refuse({353});
            bool some = false;
            for (std::uint32_t i = 0; i < recipients_; ++i) {
                ask(i);
                some = hear(fit(handler.end())) || some;
            }
            ask(recipients_);
            return finish(hear(fit(handler.end())) && some, clean.size());
        }
        bool any = false;
        for (std::uint32_t i = 0; i < many; ++i) {
            ask(i);
            any = hear(fit(handler.end())) || any;
        }
        finish(any, clean.size());
    }
    void finish(bool delivered, std::uint64_t octets) {
        at = place::ready;
        if (delivered) ++stored, open_ = false;
        else abandon(octets);
        forget();
    }
    void take_content(char c) {
        raw += c;
        if (c != '\n' || !(raw == ".\r\n" || raw.ends_with("\r\n.\r\n"))) return;
        end_message(oracle::decode(raw).text);
    }

    // ---- RFC 3030
    void begin_chunk(std::string const& arguments) {
        std::size_t digits = 0;
        left = 0;
        while (digits < arguments.size() && arguments[digits] >= '0' && arguments[digits] <= '9')
            left = left * 10 + static_cast<std::uint64_t>(arguments[digits++] - '0');
        last_ = digits < arguments.size();
        chunk_refused_ = {};
        counts_ = false;
        before_ = at;
        if (gate(false)) chunk_refused_ = {{530, 503, 502, 500}};
        else if (!with.chunking || !extended) chunk_refused_ = {{500, 502, 503, 504}};
        else if (at == place::mail) chunk_refused_ = {{503, 554}};
        else if (at != place::rcpt && at != place::chunks) chunk_refused_ = {{503}};
        else if (came(text_) > with.max_message || left > with.max_message - came(text_)) chunk_refused_ = {{552}}, counts_ = true;
        at = place::chunk;
        if (left == 0) end_chunk();
    }
    void take_chunk(char c) {
        if (chunk_refused_.codes.empty() || counts_) text_ += c;
        if (--left == 0) end_chunk();
    }
    void end_chunk() {
        bool const mine = before_ == place::rcpt || before_ == place::chunks || before_ == place::mail;
        if (chunk_refused_.codes.empty() && last_) {
            end_message(text_);
            return;
        }
        std::string certain = text_;
        if (!certain.empty() && certain.back() == '\r') certain.pop_back();
        if (chunk_refused_.codes.empty() && dirty(certain)) chunk_refused_ = {{5}};
        if (chunk_refused_.codes.empty() && came(text_) > with.max_message) chunk_refused_ = {{552}};
        if (chunk_refused_.codes.empty()) {
            say(250);
            at = place::chunks;
            return;
        }
        // RFC 2033 4.3: after the last chunk as many replies as there were recipients, and none if there were none.
        // (A client that saw MAIL refused counts none, too.)
        bool const each = with.lmtp && last_ && with.chunking;
        for (std::uint32_t i = 0, many = each ? recipients_ : 1; i < many; ++i) replies.push_back(chunk_refused_);
        std::uint64_t const octets = came(text_);
        at = before_;
        if (mine && with.chunking) {
            abandon(octets);
            // After the last chunk no other can be under way (RFC 3030 2): where it might have been taken, all is over with it.
            at = counts_ && last_ ? place::ready : place::spoilt;
            text_.clear();
        }
        if (each && at != place::spoilt) recipients_ = 0;
    }
    bool counts_ = false;   // what is refused for its size has come all the same
    place before_ = place::ready;

    // ---- RFC 4954
    void take_response(std::string const& text) {
        at = place::ready;
        if (text.size() + 2 > 12288) return refuse({500, 501});
        if (text == "*") {
            return say(501);   // the exchange is over, whatever the mechanism: nobody is asked
        }
        if (!text.empty() && !oracle::matches(oracle::base64, text)) {
            // What holds a CR or LF is not even a line.
            return text.find_first_of("\r\n\0"s) == std::string::npos ? refuse({501}) : refuse({500, 501});
        }
        call("RESPONSE " + text);
        answer_auth();
    }
    void answer_auth() {
        unsigned const said = handler.auth();
        say(said);
        if (said == 235) authenticated = true;
        at = said == 334 ? place::exchange : place::ready;
    }

    // 530: TLS or authentication is needed first. RFC 3207 4, RFC 4954 4 (and RFC 6409 4.3).
    bool gate(bool passes_tls, bool passes_auth = false) const {
        if (with.require_tls && !tls && !passes_tls) return true;
        return (with.require_authentication || with.submission) && !authenticated && !passes_auth;
    }

    void take_command(std::string const& text) {
        ++commands;
        std::string const verb = upper(text.substr(0, text.find_first_of(" \t")));
        if (verb == "BDAT" && oracle::matches(oracle::bdat, text)) {
            std::string const arguments = text.substr(5, text.find_last_not_of(" \t") - 4);
            std::string const digits = arguments.substr(0, arguments.find(' '));
            std::string const number = digits.find_first_not_of('0') == std::string::npos ? "0" : digits.substr(digits.find_first_not_of('0'));
            if (number.size() < 20 || (number.size() == 20 && number <= "18446744073709551615")) return begin_chunk(arguments);
        }
        if (may_be_bdat(text)) {
            refuse({5, 421});
            return lost();
        }
        bool const broken = text.find_first_of("\r\n\0"s) != std::string::npos;
        if (text.size() + 2 > with.max_line || broken) {
            refuse({500, 501, at == place::refused ? 503u : 500u});
            if (may_be_burl(text) && with.rare && !with.lmtp && !gate(false) && (at == place::rcpt || at == place::chunks)) lose_part();
            return;
        }
        if (at == place::refused) {
            // RFC 5321 3.1: 503 to all but QUIT. (What is not well formed may be told so.)
            if (verb == "QUIT" && oracle::matches(oracle::quit, text)) {
                say(221);
                return lost();
            }
            return oracle::matches(oracle::quit, text) ? refuse({503}) : refuse({503, 500, 501, 502, 504, 553, 555});
        }
        if (verb == "EHLO" || verb == "HELO" || verb == "LHLO") return hello(verb, text);
        if (verb == "MAIL") return mail(text);
        if (verb == "RCPT") return rcpt(text);
        if (verb == "DATA") return data(text);
        if (verb == "RSET") {
            if (!oracle::matches(oracle::rset, text)) return refuse({501, 500, gated(false, true)});
            if (gate(false, true)) return refuse({530});
            say(250);
            reset();
            return;
        }
        if (verb == "QUIT") {
            if (!oracle::matches(oracle::quit, text)) return refuse({501, 500});
            say(221);
            return lost();
        }
        if (verb == "NOOP" || verb == "HELP" || verb == "VRFY" || verb == "EXPN") return ask(verb, text);
        if (verb == "STARTTLS") return starttls(text);
        if (verb == "AUTH") return auth(text);
        if (verb == "XCLIENT" || verb == "XFORWARD") return client_facts(verb, text);
        if (verb == "ETRN" || verb == "ATRN" || verb == "TURN") return queue(verb, text);
        if (verb == "BURL") return burl(text);
        refuse({500, 502, gated(false)});
        if (may_be_burl(text) && with.rare && !with.lmtp && !gate(false) && (at == place::rcpt || at == place::chunks)) lose_part();
    }
    unsigned gated(bool passes_tls, bool passes_auth = false) const { return gate(passes_tls, passes_auth) ? 530 : 501; }

    void reset() {
        abandon();
        forget();
        if (at != place::greeted) at = place::ready;
    }
    void hello(std::string const& verb, std::string const& text) {
        if ((verb == "LHLO") != with.lmtp) return refuse({500, 502, 501, gated(false)});
        bool const good = verb == "HELO" ? oracle::matches(oracle::helo, text) || oracle::matches(oracle::ehlo, "E" "HLO" + text.substr(4))
                                         : oracle::matches(oracle::ehlo, "EHLO" + text.substr(4));
        bool const barred = verb == "HELO" && gate(false, true);
        std::string name = text.size() > 5 ? text.substr(5) : "";
        while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.pop_back();
        if (!good || name.size() > 255) return refuse({501, 500, barred ? 530u : 501u});
        if (barred) return refuse({530});
        call(verb + " " + name);
        unsigned const said = fit(handler.hello());
        say(said);
        if (!yes(said)) return;
        abandon();
        forget();
        extended = verb != "HELO";
        at = place::ready;
    }
    void mail(std::string const& text) {
        std::vector<oracle::parameter> parameters;
        bool utf8 = false;
        // Whether the line asks for SMTPUTF8 decides how it is read (RFC 6531 3.4).
        auto parts = oracle::split_command(text, true);
        if (parts)
            for (auto const& p : parts->parameters) utf8 = utf8 || upper(p.keyword) == "SMTPUTF8";
        if (!utf8) parts = oracle::split_command(text, false);
        bool good = parts && oracle::limits::path_fits(parts->argument, utf8);
        bool binary = false, prdr = false;
        bool const order = at == place::ready;
        unsigned const g = gated(false), o = order ? g : 503;
        if (!good) return refuse({500, 501, 552, 553, 555, g, o});
        std::vector<std::string> seen_ones;
        for (auto const& p : parts->parameters) {
            std::string const key = upper(p.keyword), value = p.value ? upper(*p.value) : "";
            for (auto const& s : seen_ones)
                if (s == key) return refuse({501, 555, 552, g, o});
            seen_ones.push_back(key);
            if (!extended) return refuse({555, 501, 504, 552, g, o});
            if (key == "SIZE") {
                if (value.empty() || value.size() > 20 || value.find_first_not_of("0123456789") != std::string::npos) return refuse({501, 552, 555, 504, g, o});
                std::string const n = value.find_first_not_of('0') == std::string::npos ? "" : value.substr(value.find_first_not_of('0'));
                if (n.size() > 9 || (!n.empty() && std::stoull(n) > with.max_message)) good = false;
            } else if (key == "BODY") {
                if (value == "BINARYMIME" && with.binary && with.chunking) binary = true;
                else if (value != "7BIT" && value != "8BITMIME") return refuse({501, 504, 555, 552, g, o});
            } else if (key == "SMTPUTF8") {
                if (p.value) return refuse({501, 504, 555, 552, g, o});
            } else if (key == "PRDR" && with.prdr && !with.lmtp) {
                if (p.value) return refuse({501, 504, 555, 552, g, o});
                prdr = true;
            } else if (key == "AUTH") {
                if (value != "<>" && !oracle::matches(oracle::Mailbox, from_xtext(value))) return refuse({501, 504, 555, 552, g, o});
            } else {
                return refuse({555, 501, 504, 552, g, o});
            }
        }
        if (g == 530) return refuse({530, o, 552, 555, 501});
        if (!order) return good ? refuse({503}) : refuse({503, 552});
        if (!good) return refuse({552});
        call("MAIL " + parts->argument);
        unsigned const said = fit(handler.mail());
        say(said);
        if (!yes(said)) return;
        ++begun;
        open_ = true;
        forget();
        smtputf8_ = utf8;
        binary_ = binary;
        prdr_ = prdr;
        at = place::mail;
    }
    void rcpt(std::string const& text) {
        bool const order = at == place::mail || at == place::rcpt;
        auto const parts = oracle::split_command(text, smtputf8_ && order);
        unsigned const g = gated(false), o = order ? g : 503;
        if (!parts || !oracle::limits::path_fits(parts->argument, smtputf8_)) return refuse({500, 501, 553, 555, g, o});
        if (!parts->parameters.empty()) return refuse({555, 501, 504, g, o});
        if (g == 530) return refuse({530, o});
        if (!order) return refuse({503});
        if (recipients_ >= with.max_recipients) return refuse({452});
        call("RCPT " + parts->argument);
        unsigned const said = fit(handler.rcpt());
        say(said);
        if (!yes(said)) return;
        ++recipients_;
        at = place::rcpt;
    }
    void data(std::string const& text) {
        unsigned const g = gated(false);
        if (!oracle::matches(oracle::data, text)) return refuse({501, 500, 503, g});
        if (g == 530) return refuse({530, 503});
        if (at == place::mail && !with.lmtp) return refuse({503, 554});
        if (at == place::chunks) {   // RFC 3030 2: DATA and BDAT cannot be used in one transaction
            refuse({503});
            abandon();
            at = place::spoilt;
            text_.clear();
            return;
        }
        if (at != place::rcpt || binary_) return refuse({503});
        call("DATA");
        unsigned const said = handler.data();
        say(said == 250 ? 354 : said);
        if (said / 100 > 3) return;
        at = place::content;
        raw.clear();
    }
    void ask(std::string const& verb, std::string const& text) {
        bool const lookup = verb == "VRFY" || verb == "EXPN";
        bool const barred = verb == "NOOP" ? gate(true, true) : gate(false);
        bool const wide = [&] {
            for (char c : text)
                if (static_cast<unsigned char>(c) > 127) return true;
            return false;
        }();
        std::string argument = text.size() > 5 ? text.substr(5) : "";
        while (!argument.empty() && (argument.back() == ' ' || argument.back() == '\t')) argument.pop_back();
        auto const& rule = verb == "NOOP" ? oracle::noop : verb == "HELP" ? oracle::help : verb == "VRFY" ? oracle::vrfy : oracle::expn;
        // RFC 6531 3.1: a transaction that asked for SMTPUTF8 may hold UTF-8 elsewhere, too; VRFY and EXPN ask for themselves.
        if (!oracle::matches(rule, text) || (wide && (lookup || !is_utf8(text) || !(smtputf8_ && transaction())))) return refuse({501, 504, 553, 555, 500, 550, barred ? 530u : 501u});
        if (barred) return refuse({530});
        call(verb + " " + argument);
        unsigned const said = lookup ? handler.lookup() : handler.remark();
        say(said);
    }
    void starttls(std::string const& text) {
        unsigned const g = gate(true, true) ? 530 : 501;
        if (!oracle::matches(oracle::starttls, text)) return refuse({501, 502, 503, 500, g});
        if (!with.starttls) return refuse({500, 502, 503, 504});
        if (tls || !extended || at != place::ready) return refuse({503, 502, 500, 554});
        call("STARTTLS");
        unsigned const said = handler.starttls();
        say(said);
        if (said == 220) at = place::handshake;
    }
    void auth(std::string const& text) {
        bool const barred = with.require_tls && !tls;
        std::vector<unsigned> const any{501, 503, 504, 500, 502, 530, 534, 538};
        if (!oracle::matches(oracle::auth, text)) return refuse(any);
        std::string arguments = text.substr(5);
        while (arguments.back() == ' ' || arguments.back() == '\t') arguments.pop_back();
        std::string const mechanism = upper(arguments.substr(0, arguments.find(' ')));
        if (mechanism != "PLAIN" && mechanism != "LOGIN" && mechanism != "CRAM-MD5")
            return barred || authenticated || !extended || at != place::ready ? refuse(any) : refuse({504, 501, 503, 502});
        if (mechanism == "CRAM-MD5" && arguments.find(' ') != std::string::npos) return refuse(any);
        if (barred) return refuse({530, 503, 538});
        if (authenticated || !extended || at != place::ready) return refuse({503});
        if (mechanism != "CRAM-MD5" && !tls && !with.clear_text_passwords) return refuse({538, 534, 504});
        call("AUTH " + arguments);
        answer_auth();
    }
    void client_facts(std::string const& verb, std::string const& text) {
        unsigned const g = gated(false);
        bool const xclient = verb == "XCLIENT";
        if (!(xclient ? with.xclient : with.rare)) return refuse({500, 501, 502, 503, g});
        if (!oracle::matches(xclient ? oracle::xclient : oracle::xforward, text) || !upper(text).starts_with(verb + " NAME=") || text.find('=') != text.rfind('='))
            return refuse({500, 501, 503, 555, 504, g});
        if (g == 530) return refuse({530, 503});
        if (!extended || at != place::ready) return refuse({503});
        call(verb);
        unsigned const said = fit(xclient ? handler.xclient() : handler.xforward());
        say(said);
        if (!xclient || !yes(said)) return;
        extended = authenticated = false;
        forget();
        at = place::greeted;
    }
    // RFC 1985 5; RFC 2645 5; RFC 821 3.8: TURN and ATRN change the roles, and the session is over.
    void queue(std::string const& verb, std::string const& text) {
        unsigned const g = gated(false);
        if (!with.rare) return refuse({500, 501, 502, 503, g});
        if (!oracle::matches(verb == "ETRN" ? oracle::etrn : verb == "ATRN" ? oracle::atrn : oracle::turn, text)) return refuse({500, 501, 503, 530, g});
        if (g == 530) return refuse({530, 503});
        if (at != place::ready || (verb == "ETRN" && !extended)) return refuse({503, 530});
        if (verb == "ATRN" && !authenticated) return refuse({530});
        call(verb);
        unsigned const said = fit(handler.queue());
        say(said);
        if (yes(said) && verb != "ETRN") at = place::turned;
    }
    // As BDAT: what was refused may have been a part of the message.
    void lose_part() {
        abandon();
        at = place::spoilt;
        text_.clear();
    }
    // RFC 4468 3: a chunk whose octets the server fetches.
    void burl(std::string const& text) {
        unsigned const g = gated(false);
        if (!with.rare || with.lmtp) return refuse({500, 501, 502, 503, g});
        bool const good = oracle::matches(oracle::burl, text);
        auto const refused = [&](unsigned code) { return good ? std::vector<unsigned>{code} : std::vector<unsigned>{code, 500, 501}; };
        if (g == 530) return refuse({530, 503, 500, 501});
        if (at != place::rcpt && at != place::chunks) return refuse(refused(503));
        if (!extended || !good) {
            refuse(refused(503));
            return lose_part();
        }
        std::string arguments = upper(text);
        while (arguments.back() == ' ' || arguments.back() == '\t') arguments.pop_back();
        bool const last = arguments.ends_with(" LAST");
        call(last ? "BURL LAST" : "BURL");
        unsigned const said = fit(handler.burl());
        say(said);
        if (last && yes(said)) ++stored, open_ = false;
        if (!yes(said)) abandon();
        at = last ? place::ready : yes(said) ? place::chunks : place::spoilt;
        if (last) forget();
        else if (!yes(said)) text_.clear();
    }
};

}  // namespace model

#endif
