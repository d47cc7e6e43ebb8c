// What an observer tells, for people and as JSON, an event a line: explain's watch mode, and the logs of mailsink and post.
#pragma once

#include "envelope.hpp"

#include <ehlo/detail/observed.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace watching {

namespace seen = ehlo::seen;
using ehlo::direction;

// Octets for people, on one line.
inline std::string shown(std::string_view octets) {
    std::string text;
    char escape[8];
    for (char const c : octets) {
        auto const u = static_cast<unsigned char>(c);
        if (c == '\r') text += "\\r";
        else if (c == '\n') text += "\\n";
        else if (u >= ' ' && u < 127) text += c;
        else if (std::snprintf(escape, sizeof escape, "\\x%02X", u) > 0) text += escape;
    }
    return text;
}

inline std::string counted(std::uint64_t n, std::string_view what) {
    return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

// A departure for people. JSON has its name.
constexpr std::string_view departures_in_words[] = {
    "malformed", "taken all the same", "out of order", "not offered", "sent before the last reply, and PIPELINING is not offered",
    "sent before the reply that it had to wait for", "sent before the greeting", "in the clear after STARTTLS", "after the end of the session",
    "CR without LF", "LF without CR", "NUL", "the line is too long", "others take this for the end of content", "this ends content for the server",
    "what comes next may be taken for a chunk", "content, and no recipient was accepted", "nobody asked for this reply",
    "a reply before the end of what it answers", "the command cannot have such a reply", "more commands without a reply than can be kept"};
static_assert(ehlo::detail::names_all<ehlo::departure>(departures_in_words), "a departure has no words");
inline std::string in_words(seen::departed const& d) {
    std::string const words(departures_in_words[static_cast<unsigned>(d.what)]);
    if (d.what == ehlo::departure::malformed) return std::string(d.why ? message(*d.why) : words);
    if (d.what == ehlo::departure::smuggled_end || d.what == ehlo::departure::other_end) return words + " (" + std::string(name(d.line)) + ")";
    // Why, where the words do not say it.
    bool const more = (d.what == ehlo::departure::out_of_order && d.why != ehlo::errc::bad_sequence) || d.what == ehlo::departure::not_offered;
    return words + (more && d.why ? ": " + std::string(message(*d.why)) : "");
}

// The events of one connection. Secrets are never among them.
class teller {
    struct recipient {
        std::string to;
        unsigned code = 0;
    };
    // A departure that waits until enough has come to show what stands around it.
    struct mark {
        seen::departed d;
        std::string what;
    };
    static constexpr std::size_t most_listed = 100;   // recipients of a transaction, in a log: a client could go on for ever
    unsigned long long id_;
    bool json_, at_machine_;
    bool reads_tls_ = at_machine_, shows_content_ = true;
    std::string head_;                                        // of each line
    std::string& out_;
    std::vector<mark> marks_{};
    std::size_t unshown_ = 0;   // marks of one message that are too many
    std::map<std::uint64_t, std::string> asked_{}, mails_{}, rcpts_{};   // commands and their paths by number, until they are answered
    std::string from_{};
    std::vector<recipient> recipients_{};
    std::size_t unlisted_ = 0;
    std::string table_{}, line_{};     // the latest line shown, for carets
    std::uint64_t line_at_ = 0, line_end_ = 0, commands_ = 0, replies_ = 0, transactions_ = 0, content_ = 0;
    std::uint64_t reply_at_ = 0;
    std::size_t reply_end_ = 0;        // of the output, after the latest reply
    std::string mechanism_{};
    bool ever_unsure_ = false;

  public:
    // For a capture, which ends with a table of its transactions.
    teller(unsigned long long id, bool json, std::string& out) : id_(id), json_(json), at_machine_(false), out_(out) {}
    // For a log of many connections at once: each line begins with `head`, and a transaction is told when it ends.
    teller(unsigned long long id, bool json, std::string& out, std::string head)
        : id_(id), json_(json), at_machine_(true), head_(std::move(head)), out_(out) {}

    teller(teller const&) = delete;
    virtual ~teller() = default;

    void begin(std::string_view client, std::string_view server) {
        if (json_) event("connection", {{"client", quoted(client)}, {"server", quoted(server)}});
        else if (!at_machine_) out_ += "connection " + std::to_string(id_) + (client.empty() ? "" : ": " + std::string(client) + " to " + std::string(server)) + "\n";
        else say("   (connected)");
    }
    void gap(direction d, std::uint64_t octets) {
        before_line();
        if (json_) event("gap", {{"from", quoted(name(d))}, {"octets", std::to_string(octets)}});
        else say("   (" + (octets == 0 ? std::string("some") : std::to_string(octets)) + " octets of the " + std::string(name(d)) + " are missing)");
    }
    // What comes after STARTTLS will be told, too.
    void reads_tls() { reads_tls_ = true; }
    // Content of no octets was left out: nobody knows how much it was.
    void hides_content() { shows_content_ = false; }
    // Offsets begin at 0 again.
    void secured() {
        before_line();
        line_.clear();
        line_at_ = line_end_ = reply_at_ = 0;
    }
    void state(ehlo::state now) {
        if (json_) event("state", {{"state", quoted(name(now))}});
        else say("   (state: " + std::string(name(now)) + ")");
    }
    void end() {
        before_line();
        if (json_)
            return event("end", {{"commands", std::to_string(commands_)}, {"replies", std::to_string(replies_)},
                                 {"transactions", std::to_string(transactions_)}, {"sure", ever_unsure_ ? "false" : "true"}});
        if (at_machine_) return say("   (closed)");
        if (!table_.empty()) out_ += "transactions of connection " + std::to_string(id_) + ":\n" + table_;
        out_ += "\n";
    }

    void on(seen::command const& c) {
        // Malformed; but the server may take it. It is no path, and JSON has none.
        if (c.number && c.event == ehlo::event::mail) mails_[*c.number] = shown(c.line);
        if (c.number && c.event == ehlo::event::rcpt) rcpts_[*c.number] = shown(c.line);
        say_command(c, {});
    }
    void on(seen::of<ehlo::cmd::mail> const& c) {
        if (c.number) mails_[*c.number] = c.typed.from.text();
        say_command(c, c.typed.from.text());
    }
    void on(seen::of<ehlo::cmd::rcpt> const& c) {
        if (c.number) rcpts_[*c.number] = c.typed.to.text();
        say_command(c, c.typed.to.text());
    }
    void on(seen::of<ehlo::cmd::auth> const& c) {
        mechanism_ = c.typed.name;
        say_command(c, {});
    }
    void on(seen::response const& r) {
        before_line();
        line_end_ = r.at + r.size;
        if (json_) event("response", {{"at", std::to_string(r.at)}});
        else say("C: ***");
        line_.clear();
    }
    void on(seen::reply const& r) {
        // What is odd in it is shown under it.
        std::vector<mark> odd;
        for (mark const& m : marks_)
            if (m.d.from == direction::from_server && m.d.at >= r.at) odd.push_back(m);
        std::erase_if(marks_, [&r](mark const& m) { return m.d.from == direction::from_server && m.d.at >= r.at; });
        before_line();
        ++replies_;
        unsigned const code = r.said.code();
        line_at_ = r.at;
        if (json_) {
            fields f{{"to", r.to ? quoted(name(*r.to)) : "null"}, {"code", std::to_string(code)}, {"at", std::to_string(r.at)}};
            if (r.command_at && r.to != ehlo::event::greeting) f.push_back({"command_at", std::to_string(*r.command_at)});
            if (!r.sure) f.push_back({"sure", "false"});
            event("reply", f);
        } else {
            std::size_t at = 0;
            for (std::string_view rest = r.said.octets(); at < rest.size();) {
                std::size_t const end = rest.find('\n', at), next = end == rest.npos ? rest.size() : end + 1;
                std::string_view text = rest.substr(at, (std::min)(end, rest.size()) - at);
                if (text.ends_with('\r')) text.remove_suffix(1);
                bool const is_last = next == rest.size();
                say("S: " + shown(text) + (is_last ? what_it_answers(r) : ""));
                for (mark const& m : odd)
                    if (m.d.at >= r.at + at && m.d.at < r.at + next)
                        caret(shown(rest.substr(at, static_cast<std::size_t>(m.d.at - r.at) - at)).size(), m.what);
                at = next;
            }
            for (mark const& m : odd)
                if (m.d.at >= r.at + r.said.octets().size()) plain(m);
            reply_at_ = r.at;
            reply_end_ = out_.size();
        }
        std::uint64_t const done = r.to || r.to_no_command() ? r.number : 0;
        asked_.erase(asked_.begin(), asked_.upper_bound(done));
        line_.clear();
        if (r.to == ehlo::event::mail && r.said.accepted()) {
            from_ = mails_[r.number];
            recipients_.clear();
            unlisted_ = 0;
        }
        if (r.to == ehlo::event::rcpt) {
            if (!at_machine_ || recipients_.size() < most_listed) recipients_.push_back({rcpts_[r.number], code});
            else ++unlisted_;
        }
        mails_.erase(mails_.begin(), mails_.upper_bound(done));
        rcpts_.erase(rcpts_.begin(), rcpts_.upper_bound(done));
        bool const authentication = r.to == ehlo::event::auth || r.to == ehlo::event::response;
        if (json_ && authentication && code != 334) event("auth", {{"mechanism", quoted(mechanism_)}, {"outcome", std::to_string(code)}});
    }
    void on(seen::content const& c) { content_ += c.size; }
    void on(seen::end_of_content const& e) {
        before_line(e.at + e.size);
        if (json_) event("content", {{"octets", is_shown(e.octets) ? std::to_string(e.octets) : "null"}, {"at", std::to_string(e.at)}});
        else if (!is_shown(e.octets)) say("   (content, which is not shown)");
        line_.clear();
    }
    void on(seen::unanswered const& u) {
        before_line(~std::uint64_t{0}, true);
        std::string const what = u.event ? std::string(name(*u.event)) : "a line that is no command";
        std::string const times = u.count > 1 ? " (" + std::to_string(u.count) + " times)" : "";
        if (json_) event("unanswered", {{"to", u.event ? quoted(what) : "null"}, {"count", std::to_string(u.count)}});
        else say("   (no reply to " + what + times + " was seen)");
    }
    void on(seen::transaction const& t) {
        ++transactions_;
        bool const decided = t.outcome == ehlo::outcome::delivered || t.outcome == ehlo::outcome::refused;
        if (json_) {
            std::string list;
            for (recipient const& r : recipients_) {
                list += list.empty() ? "{\"to\":" : ",{\"to\":";
                list += path_in_json(r.to);
                list += ",\"code\":" + std::to_string(r.code) + "}";
            }
            event("transaction", {{"from", t.whole ? path_in_json(from_) : "null"}, {"recipients", "[" + list + "]"},
                                  {"octets", t.octets && is_shown(*t.octets) ? std::to_string(*t.octets) : "null"}, {"what", quoted(name(t.outcome))},
                                  {"outcome", decided ? std::to_string(t.code) : "null"}});
        } else {
            std::string const what = std::string(name(t.outcome)) + (decided ? " " + std::to_string(t.code) : "") + ", " +
                                     (t.octets && is_shown(*t.octets) ? counted(*t.octets, "octet") : std::string("? octets")) + ", from " + (t.whole ? from_ : "?");
            if (at_machine_) {
                std::string line = "   = " + what + ", to";
                for (recipient const& r : recipients_) line += " " + (r.to.starts_with('<') ? r.to : "?") + " " + std::to_string(r.code);
                say(line + (unlisted_ != 0 ? " and " + std::to_string(unlisted_) + " more" : ""));
            } else {
                table_ += "  " + what + "\n";
                for (recipient const& r : recipients_) table_ += "    " + std::to_string(r.code) + " " + r.to + "\n";
            }
        }
        recipients_.clear();
        unlisted_ = 0;
    }
    void on(seen::tls const&) {
        if (json_) event("starttls", {});
        else say(reads_tls_ ? "   (TLS)" : "   (TLS: the rest cannot be read)");
    }
    void on(seen::in_step const& s) {
        before_line(~std::uint64_t{0}, true);
        ever_unsure_ = ever_unsure_ || !s.sure;
        if (json_) event("in_step", {{"sure", s.sure ? "true" : "false"}});
        else say(s.sure ? "   (in step again)" : "   (out of step)");
    }
    void on(seen::departed const& d) {
        std::string what = in_words(d);
        if (json_) {
            fields f{{"name", quoted(name(d.what))}, {"from", quoted(name(d.from))}, {"at", std::to_string(d.at)}};
            if (d.why) f.push_back({"error", quoted(name(*d.why))});
            if (d.line != ehlo::dot_line{}) f.push_back({"line", quoted(name(d.line))});
            return event("departure", f);
        }
        if (d.what == ehlo::departure::tolerated) {
            // Most of these are told by a name of their own, too.
            constexpr ehlo::leniency named = ehlo::rule::bare_lf_line | ehlo::rule::bare_lf_reply | ehlo::rule::controls_in_reply | ehlo::rule::odd_reply_code |
                                             ehlo::rule::odd_reply_separator;
            std::string rules;
            for (unsigned i = 0; i < ehlo::rule_count; ++i)
                if ((d.rules - named).has(static_cast<ehlo::rule>(i))) rules += (rules.empty() ? "" : ", ") + std::string(name(static_cast<ehlo::rule>(i)));
            if (rules.empty()) return;
            what += ": " + rules;
        }
        if (d.from == direction::from_client && !line_.empty() && d.at >= line_at_ && d.at - line_at_ <= line_.size())
            return caret(static_cast<std::size_t>(d.at - line_at_), what);
        // The reply was shown just now.
        if (d.from == direction::from_server && reply_end_ == out_.size() && d.at == reply_at_) return caret(0, what), void(reply_end_ = out_.size());
        // Nothing of content, or of what a server says, is a secret of AUTH.
        if (d.from == direction::from_client && !is_content()) return plain({d, what});
        if (marks_.size() < 10) marks_.push_back({d, what});
        else ++unshown_;
    }

  protected:
    // Whether the client's octets are content now. A log shows nothing around a departure, and so no secret.
    virtual bool is_content() const { return true; }
    // The latest octets of a side, and where they begin; none in a log.
    virtual std::string_view latest(direction, std::uint64_t&) const { return {}; }

  private:
    void say(std::string const& line) { out_ += head_ + line + "\n"; }
    struct field {
        std::string_view key;
        std::string value;
    };
    using fields = std::vector<field>;
    static std::string quoted(std::string_view text) {
        std::string s;
        append_json(s, text);
        return s;
    }
    bool is_shown(std::uint64_t octets_of_content) const { return shows_content_ || octets_of_content != 0; }
    static std::string path_in_json(std::string const& path) { return path.starts_with('<') ? quoted(path) : "null"; }
    void event(std::string_view what, fields const& all) {
        out_ += "{\"event\":\"" + std::string(what) + "\",\"id\":" + std::to_string(id_);
        for (field const& f : all) out_ += ",\"" + std::string(f.key) + "\":" + f.value;
        out_ += "}\n";
    }
    void caret(std::size_t column, std::string const& what) { say("   " + std::string(column, ' ') + "^ " + what); }
    void plain(mark const& m) {
        say("   ! " + m.what + " (octet " + std::to_string(m.d.at) + " of the " + std::string(name(m.d.from)) + ")");
    }
    // What stands around an octet, up to `end`: in a line of a reply, or a little of content.
    void show_around(mark const& m, std::uint64_t end) {
        std::uint64_t from = 0;
        std::string_view text = latest(m.d.from, from);
        if (m.d.at < from || m.d.at >= from + text.size()) return plain(m);
        std::size_t const at = static_cast<std::size_t>(m.d.at - from);
        if (end < from + text.size()) text = text.substr(0, static_cast<std::size_t>(end - from));
        bool const is_reply = m.d.from == direction::from_server;
        // Before content stand commands, of which some hold secrets.
        std::size_t begin = at < 24 ? 0 : at - 24, stop = (std::min)(at + 24, text.size());
        if (!is_reply && line_end_ > from) begin = (std::max)(begin, (std::min)(at, static_cast<std::size_t>(line_end_ - from)));
        if (is_reply) {
            if (std::size_t const lf = at == 0 ? text.npos : text.rfind('\n', at - 1); lf != text.npos && lf >= begin) begin = lf + 1;
            if (std::size_t const lf = text.find('\n', at); lf < stop) stop = lf != at && text[lf - 1] == '\r' ? lf - 1 : lf;
        }
        bool const is_whole = is_reply ? begin == 0 || text[begin - 1] == '\n' : from + begin == line_end_;
        std::string const cut = is_whole ? "" : "...";
        std::string const before = cut + shown(text.substr(begin, at - begin));
        say((is_reply ? "S: " : "C: ") + before + shown(text.substr(at, stop - at)) + (stop < text.size() && !is_reply ? "..." : ""));
        caret(before.size(), m.what);
    }
    // What was put off, before something else is shown. `end`: of the content.
    void before_line(std::uint64_t end = ~std::uint64_t{0}, bool is_remark = false) {
        for (mark const& m : marks_)
            if (!is_remark || m.d.from == direction::from_client) show_around(m, end);
        // A remark may come while the server's line is not whole.
        std::erase_if(marks_, [is_remark](mark const& m) { return !is_remark || m.d.from == direction::from_client; });
        if (std::size_t const more = std::exchange(unshown_, 0); more != 0) say("   (and " + std::to_string(more) + " departures more in this content)");
        if (content_ != 0 && !json_) say("C: (" + counted(content_, "octet") + " of content)");
        content_ = 0;
    }
    // Where it is not the command just before it.
    std::string what_it_answers(seen::reply const& r) const {
        if (!r.to && !r.command_at) return "   (to something that was not seen)";
        if (!r.sure) return "   (perhaps to " + (r.to ? std::string(name(*r.to)) : "a line that is no command") + ")";
        auto const asked = asked_.find(r.number);
        return asked == asked_.end() || asked_.size() == 1 ? "" : "   <- " + asked->second;
    }
    void say_command(seen::command const& c, std::string_view path) {
        before_line();
        line_end_ = c.at + c.size;
        ++commands_;
        bool const secret = c.secret < c.line.size();
        if (json_) {
            fields f{{"verb", quoted(name(c.verb))}, {"at", std::to_string(c.at)}};
            if (!path.empty()) f.push_back({"path", quoted(path)});
            if (c.verb == ehlo::verb::unknown) f.push_back({"line", quoted(std::string(c.loggable()) + (secret ? "***" : ""))});
            if (c.fault) f.push_back({"error", quoted(name(c.fault->code))});
            if (!c.sure) f.push_back({"sure", "false"});
            return event("command", f);
        }
        line_ = shown(c.loggable());
        line_at_ = c.at;
        bool const cut = c.line.empty() && c.size > 2;
        std::string const line = cut ? "(a line of " + std::to_string(c.size) + " octets" + (c.verb != ehlo::verb::unknown ? ", " + std::string(name(c.verb)) : "") + ")"
                                     : line_ + (secret ? line_.empty() ? "***" : " ***" : "");
        if (c.number) asked_[*c.number] = line;
        say("C: " + line);
    }
};

}  // namespace watching
