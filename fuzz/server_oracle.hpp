// What must hold of a server's replies: the stream is cut into commands, contents, chunks and responses by searching alone, and
// only the replies tell which comes next. Knows RFC 5321, 2033, 2920, 3030, 3207, 4468, 4954 and PRDR, and nothing of the machine.
#pragma once

#include "server.hpp"

#include <algorithm>

namespace fuzz {

inline bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; }
inline std::string in_capitals(std::string_view text) {
    std::string s(text);
    for (char& c : s)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return s;
}

// Whether a reader that cuts lines at any CR, LF or NUL and trims white space takes a line for a BDAT.
inline bool may_be_chunk(std::string_view line) {
    while (!line.empty()) {
        std::size_t const end = line.find_first_of(std::string_view("\r\n\0", 3));
        std::string_view part = line.substr(0, end);
        while (!part.empty() && is_blank(part.front())) part.remove_prefix(1);
        if (in_capitals(part.substr(0, 4)) == "BDAT" && (part.size() == 4 || is_blank(part[4]))) return true;
        line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    return false;
}
// Whether the most careless reader could.
inline bool looks_like_chunk(std::string_view line) {
    std::string letters;
    for (char const c : in_capitals(line))
        if (c > ' ' && c < 127) letters += c;
    return letters.find("BDAT") != letters.npos;
}
// Whether a line may have been meant as a BURL.
inline bool may_be_burl(std::string_view capitals) {
    while (!capitals.empty() && (is_blank(capitals.front()) || static_cast<unsigned char>(capitals.front()) > 127)) capitals.remove_prefix(1);
    return capitals.substr(0, 4) == "BURL" && (capitals.size() == 4 || capitals[4] < 'A' || capitals[4] > 'Z');
}
inline bool looks_like_base64(std::string_view text) {
    std::size_t const end = std::min(text.find('='), text.size());
    for (char const c : text.substr(0, end))
        if (std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c) ==
            std::string_view::npos)
            return false;
    return text.size() % 4 == 0 && text.size() - end <= 2 &&
           text.substr(end) == std::string_view("==").substr(0, text.size() - end);
}

class server_oracle {
    std::string_view const in_;
    std::vector<script::mark> const& marks_;
    policy const& rules_;
    transcript const& t_;
    bool const lmtp_;
    std::size_t at_ = 0, mark_ = 0, reply_ = 0;
    std::string_view rest_of_output_;
    // Of the session.
    bool extended_ = false, greeted_ = false, tls_, authenticated_ = false, refused_greeting_ = false;
    bool chunking_;
    std::string offers_;                // the keywords of the last EHLO, with LF around each line
    // Of the transaction.
    bool open_ = false, chunks_ = false, binary_ = false, spoilt_ = false, prdr_ = false;
    std::string_view mail_;
    std::vector<std::string_view> to_;
    std::string text_;
    std::vector<delivery> delivered_;   // with whole lines for addresses
    enum class next { command, content, response, tls, over } next_ = next::command;

  public:
    server_oracle(server_settings const& s, script const& in, transcript const& t)
        : in_(in.octets), marks_(in.marks), rules_(s.rules), t_(t), lmtp_(s.rules.service == service::lmtp),
          rest_of_output_(t.output), tls_(s.tls_from_the_beginning), chunking_(s.rules.offers.has(extension::chunking)) {
        greet();
        while (next_ != next::over && step()) {}
        if (next_ != next::over && mark_ < marks_.size()) pass_marks(in_.size() + 1);
        claim(reply_ == t_.answers.size(), "there is no reply but to a command, a content or a chunk");
        compare();
    }

  private:
    void claim(bool good, char const* what, std::string_view about = {}, int line = __builtin_LINE()) const {
        if (!good) check(false, what, std::string(about) + "\n---\n" + t_.output + "\n---" + t_.log, line);
    }

    // ---- replies
    unsigned peek() const { return reply_ < t_.answers.size() ? t_.answers[reply_].code : 0; }
    std::string_view text_of_reply_;
    unsigned take(char const* what, std::string_view about = {}) {
        unsigned const code = peek();
        claim(code != 0, what, about);
        auto const r = parse_reply(rest_of_output_);
        claim(r.ready() && r->code() == code, "what is told is what was said");
        text_of_reply_ = rest_of_output_.substr(0, r.consumed);
        rest_of_output_.remove_prefix(r.consumed);
        ++reply_;
        if (code == 421) next_ = next::over;
        return code;
    }
    static bool yes(unsigned code) { return code / 100 == 2; }
    bool last() const { return reply_ == t_.answers.size() && t_.where == state::closed; }

    // ---- what comes from outside before octet `until`. False: the session is over
    bool pass_marks(std::size_t until) {
        for (; mark_ < marks_.size() && marks_[mark_].at < until; ++mark_) {
            switch (marks_[mark_].what) {
            case 'T':
                if (next_ != next::tls) break;
                next_ = next::command;
                tls_ = true;
                extended_ = authenticated_ = greeted_ = false;
                break;
            case 'A': authenticated_ = true; break;
            case 'M': break;
            case 'S':
                if (next_ != next::tls) claim(take("a server that is shut down says so") == 421, "with 421");
                [[fallthrough]];
            default: next_ = next::over; return false;
            }
        }
        return true;
    }

    void greet() {
        unsigned const code = take("first comes the greeting");
        claim(code == 220 || code / 100 >= 4, "the greeting is 220 or a refusal");
        refused_greeting_ = code != 220;
    }

    // One command, content or response. False: no more is whole.
    bool step() {
        if (next_ == next::tls) {
            if (at_ == in_.size() && mark_ == marks_.size()) return false;
            pass_marks(at_ + 1);
            claim(next_ != next::tls, "octets in the clear after STARTTLS end the session");
            return next_ != next::over;
        }
        bool const in_content = next_ == next::content;
        bool const lf = !in_content && rules_.grammar.tolerate.has(rule::bare_lf_line);
        std::string_view const mark = in_content ? "\r\n.\r\n" : lf ? "\n" : "\r\n";
        std::string_view const rest = in_.substr(at_);
        std::size_t begin = at_, end;
        if (in_content && rest.substr(0, 3) == ".\r\n") {
            end = at_ + 3;
        } else {
            std::size_t const found = rest.find(mark);
            if (found == rest.npos) return false;
            end = at_ + found + mark.size();
        }
        if (!pass_marks(end)) return false;
        at_ = end;
        std::string_view line = in_.substr(begin, end - begin);
        if (in_content) return end_content(line), true;
        bool const crlf = line.size() >= 2 && line[line.size() - 2] == '\r';
        line.remove_suffix(crlf ? 2 : 1);
        if (next_ == next::response) respond(line, end - begin);
        else command(line, end - begin, crlf);
        return next_ != next::over;
    }

    // ---- content
    std::string clean(std::string_view text) const {
        std::string s;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') s += "\r\n", ++i;
            else if (text[i] == '\r' || text[i] == '\n') s += "\r\n";
            else s += text[i];
        }
        return s;
    }
    static std::string without_dots(std::string_view raw) {
        std::string s;
        for (std::size_t i = 0; i < raw.size(); ++i)
            if (raw[i] != '.' || !(i == 0 || (i >= 2 && raw.substr(i - 2, 2) == "\r\n"))) s += raw[i];
        return s;
    }
    void end_content(std::string_view raw) {
        raw.remove_suffix(3);
        next_ = next::command;
        text_ = without_dots(raw);
        end_message("each content has as many replies as it is due");
    }
    // RFC 5321 4.1.1.4; RFC 2033 4.2 and 4.3: a reply for each recipient.
    void end_message(char const* what) {
        std::string const good = clean(text_);
        std::string const& text = rules_.bare == bare_octets::normalize && !binary_ ? good : text_;
        bool const can = (binary_ || rules_.bare != bare_octets::reject || good == text_) && text.size() <= rules_.max_message;
        if (peek() == 353) return end_each(can);
        for (std::size_t i = 0, due = lmtp_ ? to_.size() : 1; i < due && next_ != next::over; ++i) {
            unsigned const code = take(what);
            claim(code / 100 != 3, "the end of a content is no beginning");
            if (!yes(code)) continue;
            claim(can, "content that cannot be taken is refused", text);
            delivery d{std::string(mail_), {}, text};
            if (lmtp_) d.to.emplace_back(to_[i]);
            else d.to.assign(to_.begin(), to_.end());
            delivered_.push_back(std::move(d));
        }
        forget();
    }
    // draft-hall-prdr-00: 353, a reply for each recipient, and one for the message.
    void end_each(bool can) {
        claim(prdr_ && !lmtp_ && to_.size() > 1 && can, "353 is for those who asked, and for many");
        take("353 comes first");
        delivery d{std::string(mail_), {}, text_};
        if (rules_.bare == bare_octets::normalize && !binary_) d.text = clean(text_);
        for (std::size_t i = 0; i <= to_.size() && next_ != next::over; ++i) {
            unsigned const code = take("then come as many as there are recipients, and one");
            claim(code / 100 != 3, "353 comes once");
            if (yes(code) && i < to_.size()) d.to.emplace_back(to_[i]);
            if (yes(code) && i == to_.size() && !d.to.empty()) delivered_.push_back(d);
        }
        forget();
    }
    void forget() {
        open_ = chunks_ = binary_ = spoilt_ = prdr_ = false;
        to_.clear();
        text_.clear();
    }

    // ---- RFC 4954
    void respond(std::string_view line, std::size_t size) {
        unsigned const code = take("each response has its reply");
        claim(code == 235 || code == 334 || code / 100 > 3, "no other reply belongs to an exchange");
        if (code == 334 || code == 235) claim(looks_like_base64(line) && size <= 12288, "what is no response is refused", line);
        if (line == "*" && next_ != next::over) claim(code == 501, "an exchange is given up with 501");
        told const& a = t_.answers[reply_ - 1];
        claim(a.shown.empty(), "a response is a secret", line);
        if (code == 235) authenticated_ = true;
        if (code != 334 && next_ != next::over) next_ = next::command;
    }

    // ---- commands
    bool offers(std::string_view keyword) const {
        return offers_.find('\n' + std::string(keyword) + '\n') != offers_.npos ||
               offers_.find('\n' + std::string(keyword) + ' ') != offers_.npos;
    }
    bool offers_mechanism(std::string_view name) const {
        std::size_t const begin = offers_.find("\nAUTH ");
        if (begin == offers_.npos) return false;
        std::string const line = offers_.substr(begin + 5, offers_.find('\n', begin + 1) - begin - 5) + ' ';
        return line.find(' ' + in_capitals(name) + ' ') != line.npos;
    }
    void read_offers() {
        offers_ = "\n";
        std::string_view rest = text_of_reply_;
        bool first = true;
        while (!rest.empty()) {
            std::size_t const end = rest.find("\r\n");
            if (!first) (offers_ += in_capitals(rest.substr(4, end - 4))) += '\n';
            first = false;
            rest.remove_prefix(end + 2);
        }
        chunking_ = offers("CHUNKING");
    }
    // The words of a MAIL or RCPT; a quoted local part is of one word.
    static bool has_word(std::string_view line, std::string_view word) {
        std::size_t i = std::min(line.find(':'), line.size());
        bool quoted = false, address = true;
        std::string all = "\n";
        for (++i; i < line.size(); ++i) {
            if (address && line[i] == '\\' && quoted) ++i;
            else if (address && line[i] == '"') quoted = !quoted;
            else if (line[i] == ' ' && !quoted) {
                if (all.size() > 1) address = false;
                all += '\n';
                continue;
            }
            if (i < line.size()) all += address ? 'a' : line[i];
        }
        return in_capitals(all + '\n').find('\n' + std::string(word) + '\n') != std::string::npos;
    }
    static bool is(std::string_view word, std::initializer_list<std::string_view> words) {
        return std::find(words.begin(), words.end(), word) != words.end();
    }

    // The size of a well-formed BDAT. RFC 3030 2.
    bool read_chunk(std::string_view line, bool crlf, std::size_t size, std::uint64_t& octets, bool& last_chunk) const {
        std::string text = in_capitals(line);
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
        if (!crlf || size > rules_.max_line || text.substr(0, 5) != "BDAT ") return false;
        std::size_t i = 5, digits = 0;
        if (rules_.grammar.tolerate.has(rule::spaces_after_verb))
            while (i < text.size() && text[i] == ' ') ++i;
        octets = 0;
        for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, ++digits) {
            auto const digit = static_cast<std::uint64_t>(text[i] - '0');
            if (octets > (~std::uint64_t{0} - digit) / 10) return false;
            octets = octets * 10 + digit;
        }
        last_chunk = text.substr(i) == " LAST";
        return digits != 0 && (last_chunk || i == text.size());
    }

    void command(std::string_view line, std::size_t size, bool crlf) {
        std::uint64_t octets = 0;
        bool last_chunk = false;
        if (read_chunk(line, crlf, size, octets, last_chunk)) return chunk(octets, last_chunk);
        std::string const capitals = in_capitals(line);
        std::string const verb = capitals.substr(0, std::min(capitals.find_first_of(" \t"), capitals.size()));
        if (verb == "STARTTLS" && may_start_tls() && t_.clear_after_starttls && reply_ == t_.answers.size()) {
            claim(at_ < in_.size(), "only octets after STARTTLS end a session without a word");
            next_ = next::over;
            return;
        }
        unsigned const code = take("each command has its reply", line);
        check_secret(line, capitals);
        if (next_ == next::over) return;
        bool const readable = line.find_first_of(std::string_view("\r\n\0", 3)) == line.npos && size <= rules_.max_line;
        if (code / 100 > 3) {
            claim(!may_be_chunk(line) || last(), "after what may be a chunk nothing is a command", line);
            if (last() && looks_like_chunk(line)) next_ = next::over;
            if (verb == "DATA" && chunks_) spoilt_ = true;
            // RFC 4468 3.2: without a part that was refused there is no message.
            bool const part = may_be_burl(capitals) && offers("BURL") && passes(false, false);
            if (part && extended_ && open_ && !to_.empty()) spoil(is_last(capitals));
            return;
        }
        claim(readable, "what is not a line is refused", line);
        accept(verb, line, capitals, code);
    }
    void check_secret(std::string_view line, std::string const& capitals) const {
        told const& a = t_.answers[reply_ - 1];
        claim(a.line_size == 0 || a.line_size == line.size(), "the line that is told is the line that came", line);
        claim(line.substr(0, a.shown.size()) == a.shown, "what is told of a line is its beginning", line);
        std::size_t const letter = capitals.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (letter == capitals.npos || capitals.substr(letter, 4) != "AUTH") return;
        std::string_view const shown = std::string_view(a.shown).substr(std::min(letter + 4, a.shown.size()));
        claim(shown.size() <= 21 && (shown.empty() || shown[0] == ' ') && shown.find(' ', 1) == shown.npos,
              "after the mechanism all is a secret", line);
    }

    bool may_start_tls() const {
        return extended_ && !tls_ && !open_ && !spoilt_ && passes(true, true) && rules_.offers.has(extension::starttls);
    }
    // RFC 3207 4, RFC 4954 6: what goes without TLS, and without authentication.
    bool passes(bool without_tls, bool without_auth) const {
        bool const auth = rules_.require_authentication || rules_.service == service::submission;
        return (!rules_.require_tls || tls_ || without_tls) && (!auth || authenticated_ || without_auth);
    }

    // A command was answered with 2yz or 3yz: that must be right, and changes what comes next.
    void accept(std::string const& verb, std::string_view line, std::string const& capitals, unsigned code) {
        bool const idle = greeted_ && !open_ && !spoilt_;
        bool const quit = verb == "QUIT";
        claim(quit || !refused_greeting_, "after a greeting that refuses nothing is accepted but QUIT", line);
        claim(passes(is(verb, {"EHLO", "LHLO", "NOOP", "QUIT", "STARTTLS"}),
                     is(verb, {"EHLO", "LHLO", "HELO", "NOOP", "QUIT", "RSET", "STARTTLS", "AUTH"})),
              "530 comes first", line);
        claim((code / 100 == 3) == ((verb == "DATA" && code == 354) || (verb == "AUTH" && code == 334)),
              "3yz is of DATA and AUTH", line);
        if (quit) {
            claim(code == 221, "QUIT is answered with 221");
            next_ = next::over;
        } else if (is(verb, {"EHLO", "LHLO", "HELO"})) {
            claim(lmtp_ == (verb == "LHLO"), "each service has its greeting", line);
            forget();
            greeted_ = true;
            extended_ = verb != "HELO";
            if (extended_) read_offers();
            else offers_.clear(), chunking_ = rules_.offers.has(extension::chunking);
            claim(!(tls_ && offers("STARTTLS")) && !(authenticated_ && offers("AUTH")), "nothing is offered twice");
        } else if (is(verb, {"MAIL", "SEND", "SOML", "SAML"})) {
            claim(idle, "MAIL follows EHLO, and no MAIL", line);
            forget();
            open_ = true;
            mail_ = line;
            binary_ = has_word(line, "BODY=BINARYMIME");
            claim(!binary_ || (extended_ && offers("BINARYMIME")), "what was not offered is not taken", line);
            prdr_ = has_word(line, "PRDR");
            claim(!prdr_ || (extended_ && offers("PRDR")), "what was not offered is not taken", line);
        } else if (verb == "RCPT") {
            claim(open_ && !spoilt_ && !chunks_ && to_.size() < rules_.max_recipients, "RCPT follows MAIL, and no content", line);
            to_.push_back(line);
        } else if (verb == "DATA") {
            claim(open_ && !spoilt_ && !chunks_ && !binary_ && !to_.empty() && code == 354, "DATA follows RCPT, and no chunk",
                  line);
            next_ = next::content;
        } else if (verb == "RSET") {
            forget();
        } else if (verb == "STARTTLS") {
            claim(code == 220 && may_start_tls(), "STARTTLS comes once, after EHLO, and not in a transaction", line);
            claim(offers("STARTTLS"), "what was not offered is not taken", line);
            next_ = next::tls;
        } else if (verb == "AUTH") {
            std::string const mechanism = capitals.substr(5, capitals.find(' ', 5) - 5);
            claim(code == 334 || code == 235, "AUTH is answered with 334 or 235", line);
            claim(idle && extended_ && !authenticated_ && offers_mechanism(mechanism),
                  "AUTH comes once, after EHLO, and with a mechanism on offer", line);
            claim(tls_ || rules_.clear_text_passwords || !is(mechanism, {"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"}),
                  "no password goes in the clear", line);
            if (std::size_t const space = capitals.find(' ', 5); space != capitals.npos)
                claim(looks_like_base64(line.substr(space + 1)) || line.substr(space + 1) == "=",
                      "what is no response is refused", line);
            if (code == 334)
                next_ = next::response;
            else
                authenticated_ = true;
        } else if (verb == "XCLIENT") {
            claim(code == 220 && idle && extended_ && offers("XCLIENT"), "XCLIENT follows EHLO, and no MAIL", line);
            extended_ = greeted_ = authenticated_ = false;
        } else if (verb == "XFORWARD" || verb == "ETRN") {
            claim(idle && extended_ && offers(verb), "it follows EHLO, and no MAIL", line);
        } else if (verb == "TURN" || verb == "ATRN") {
            claim(idle && offers_in_policy(verb) && (verb == "TURN" || authenticated_),
                  "the roles change after EHLO, and not in a transaction", line);
            next_ = next::over;
        } else if (verb == "BURL") {
            claim(extended_ && open_ && !spoilt_ && !to_.empty() && offers("BURL") && !lmtp_, "BURL follows RCPT", line);
            chunks_ = true;
            if (!is_last(capitals)) return;
            delivered_.push_back({std::string(mail_), {to_.begin(), to_.end()}, text_});
            forget();
        } else {
            claim(is(verb, {"NOOP", "VRFY", "EXPN", "HELP", "VERB", "ONEX"}), "what is no command is refused", line);
        }
    }
    static bool is_last(std::string_view line) { return line.substr(0, line.find_last_not_of(" \t") + 1).ends_with(" LAST"); }
    bool offers_in_policy(std::string_view verb) const {
        return rules_.offers.has(verb == "TURN" ? extension::turn : extension::atrn);
    }

    // RFC 3030 2: whatever the reply, the octets of a chunk come first, and are no commands.
    void chunk(std::uint64_t octets, bool last_chunk) {
        std::uint64_t const rest = in_.size() - at_;
        std::size_t const end = octets > rest ? in_.size() + 1 : at_ + static_cast<std::size_t>(octets);
        if (octets != 0 && !pass_marks(end)) return;
        if (octets > rest) {
            next_ = next::over;
            return;
        }
        std::string_view const piece = in_.substr(at_, static_cast<std::size_t>(octets));
        at_ = end;
        bool const can =
            extended_ && chunking_ && open_ && !spoilt_ && !to_.empty() && passes(false, false) && !refused_greeting_;
        if (can) text_ += piece;
        if (can && last_chunk && (lmtp_ || yes(peek()) || peek() == 353)) return end_message("each last chunk has as many replies as it is due");
        // RFC 2033 4.3: and so has one that is refused.
        bool const each = lmtp_ && last_chunk && chunking_;
        for (std::size_t i = 0, due = each ? to_.size() : 1; i < due && next_ != next::over; ++i) {
            unsigned const code = take("each chunk has its reply");
            claim(code / 100 != 3 && (can || !yes(code)), "a chunk follows RCPT");
            claim(!yes(code) || text_.size() <= rules_.max_message || rules_.bare == bare_octets::normalize,
                  "what is too large is refused");
            if (yes(code))
                chunks_ = true;
            else if (chunking_ && open_ && !spoilt_)
                spoil(last_chunk);
        }
        if (each && to_.empty() && open_ && chunking_ && !spoilt_) spoil(last_chunk);
        if (each && !spoilt_) to_.clear();
    }
    // A last chunk that was refused may have ended the transaction: then nothing but MAIL is in order, else nothing but RSET.
    void spoil(bool last_chunk) {
        open_ = false;
        chunks_ = chunks_ && !last_chunk;
        spoilt_ = !last_chunk;
        text_.clear();
    }

    // ---- at the end
    static bool is_of(std::string_view path, std::string_view line) {
        std::size_t const colon = line.find(':');
        return colon != line.npos && line.find(path, colon) != line.npos;
    }
    void compare() const {
        claim(delivered_.size() == t_.delivered.size(), "each message that was accepted was delivered once, and no other");
        for (std::size_t i = 0; i < delivered_.size(); ++i) {
            delivery const &mine = delivered_[i], &its = t_.delivered[i];
            bool same = is_of(its.from, mine.from) && mine.to.size() == its.to.size();
            for (std::size_t r = 0; same && r < mine.to.size(); ++r) same = is_of(its.to[r], mine.to[r]);
            claim(same, "a message is delivered from whom and to whom it was accepted");
            claim(mine.text == its.text, "what is delivered is what was sent", mine.text);
        }
        if (next_ == next::over || t_.where == state::closed) return;
        auto knows = [&](fact f) { return t_.knows[static_cast<unsigned>(f)]; };
        claim(knows(fact::tls) == tls_ && knows(fact::authenticated) == authenticated_ &&
                  (!greeted_ || knows(fact::extended) == extended_),
              "what is known follows from what was said");
        if (!spoilt_ && t_.where != state::spoilt)
            claim(t_.recipients == (open_ ? to_.size() : 0), "the recipients are those that were accepted");
    }
};

inline void check_server(std::string_view octets, std::string_view letters, std::initializer_list<arrival> other_ways) {
    server_settings const settings = settings_of(letters);
    script const in(octets);
    transcript const whole = server_run(settings, in, arrival::whole).result();
    for (auto const how : other_ways) {
        if (!worth(how, in.octets) || (how == arrival::octets && in.octets.size() > 8192)) continue;
        transcript const parts = server_run(settings, in, how).result();
        check(parts.output == whole.output, "pieces and room do not change the replies", whole.output + "\n---\n" + parts.output);
        check(parts.log == whole.log, "pieces and room do not change the calls", whole.log + "\n---" + parts.log);
        check(parts.where == whole.where, "pieces and room do not change the state");
        check(parts.consumed == whole.consumed, "pieces and room do not change what is consumed");
        check(parts.delivered == whole.delivered, "pieces and room do not change what is delivered");
    }
    server_oracle(settings, in, whole);
}

/// With the settings that an input asks for, or with those of a set, of which each is tried in two ways: all ways with all of them
/// took half of the runs. `service` are letters that all have.
inline void check_servers(std::string_view in, std::string_view service, std::initializer_list<std::string_view> set) {
    std::size_t const end = in.substr(0, 20).find('\n');
    if (in.starts_with('%') && end != in.npos)
        return check_server(in.substr(end + 1), std::string(in.substr(1, end - 1)) + std::string(service),
                            {arrival::octets, arrival::pieces});
    std::size_t turn = in.size();
    for (std::string_view const letters : set)
        check_server(in, std::string(letters) + std::string(service), {turn++ % 2 == 0 ? arrival::octets : arrival::pieces});
}

}  // namespace fuzz
