// What an observer tells, for people and as JSON, an event a line: explain's watch mode, and the logs of mailsink and post.
#pragma once

#include "envelope.hpp"

#include <ehlo/observed.hpp>

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

// The events of one connection. Secrets are never among them.
class teller {
    struct recipient {
        std::string to;
        unsigned code = 0;
    };
    static constexpr std::size_t most_listed = 100;   // recipients of a transaction, in a log: a client could go on for ever
    unsigned long long id_;
    bool json_, at_machine_;
    std::string head_;                                        // of each line
    std::string& out_;
    std::map<std::uint64_t, std::string> mails_{}, rcpts_{};   // by number, until they are answered
    std::string from_{};
    std::vector<recipient> recipients_{};
    std::size_t unlisted_ = 0;
    std::string table_{}, line_{};     // the latest line shown, for carets
    std::uint64_t line_at_ = 0, commands_ = 0, replies_ = 0, transactions_ = 0, content_ = 0;
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
        flush_content();
        if (json_) event("gap", {{"from", quoted(name(d))}, {"octets", std::to_string(octets)}});
        else say("   (" + (octets == 0 ? std::string("some") : std::to_string(octets)) + " octets of the " + std::string(name(d)) + " are missing)");
    }
    void end() {
        flush_content();
        if (json_)
            return event("end", {{"commands", std::to_string(commands_)}, {"replies", std::to_string(replies_)},
                                 {"transactions", std::to_string(transactions_)}, {"sure", ever_unsure_ ? "false" : "true"}});
        if (at_machine_) return say("   (closed)");
        if (!table_.empty()) out_ += "transactions of connection " + std::to_string(id_) + ":\n" + table_;
        out_ += "\n";
    }

    void on(seen::command const& c) { say_command(c, {}); }
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
        flush_content();
        if (json_) event("response", {{"at", std::to_string(r.at)}});
        else say("C: ***");
        line_.clear();
    }
    void on(seen::reply const& r) {
        flush_content();
        ++replies_;
        unsigned const code = r.said.code();
        line_at_ = r.at;
        if (json_) {
            fields f{{"to", r.to ? quoted(name(*r.to)) : "null"}, {"code", std::to_string(code)}, {"at", std::to_string(r.at)}};
            if (r.command_at && r.to != ehlo::event::greeting) f.push_back({"command_at", std::to_string(*r.command_at)});
            if (!r.sure) f.push_back({"sure", "false"});
            event("reply", f);
        } else {
            for (std::string_view rest = r.said.octets(); !rest.empty();) {
                std::size_t const end = rest.find("\r\n");
                say("S: " + (line_ = shown(rest.substr(0, end))));
                rest.remove_prefix(end + 2);
            }
            bool const odd = !r.to || !r.sure;
            if (odd) say(r.to ? "   (perhaps the reply to " + std::string(name(*r.to)) + ")" : "   (to something that was not seen)");
        }
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
        mails_.erase(mails_.begin(), mails_.upper_bound(r.to ? r.number : 0));
        rcpts_.erase(rcpts_.begin(), rcpts_.upper_bound(r.to ? r.number : 0));
        bool const authentication = r.to == ehlo::event::auth || r.to == ehlo::event::response;
        if (json_ && authentication && code != 334) event("auth", {{"mechanism", quoted(mechanism_)}, {"outcome", std::to_string(code)}});
    }
    void on(seen::content const& c) { content_ += c.size; }
    void on(seen::end_of_content const& e) {
        flush_content();
        if (json_) event("content", {{"octets", std::to_string(e.octets)}, {"at", std::to_string(e.at)}});
        line_.clear();
    }
    void on(seen::unanswered const& u) {
        flush_content();
        std::string const times = u.count > 1 ? " (" + std::to_string(u.count) + " times)" : "";
        if (json_) event("unanswered", {{"to", quoted(name(u.event))}, {"count", std::to_string(u.count)}});
        else say("   (no reply to " + std::string(name(u.event)) + times + " was seen)");
    }
    void on(seen::transaction const& t) {
        ++transactions_;
        bool const decided = t.outcome == ehlo::outcome::delivered || t.outcome == ehlo::outcome::refused;
        if (json_) {
            std::string list;
            for (recipient const& r : recipients_) {
                list += list.empty() ? "{\"to\":" : ",{\"to\":";
                append_json(list, r.to);
                list += ",\"code\":" + std::to_string(r.code) + "}";
            }
            event("transaction", {{"from", t.whole ? quoted(from_) : "null"}, {"recipients", "[" + list + "]"},
                                  {"octets", t.octets ? std::to_string(*t.octets) : "null"}, {"what", quoted(name(t.outcome))},
                                  {"outcome", decided ? std::to_string(t.code) : "null"}});
        } else {
            std::string const octets = t.octets ? std::to_string(*t.octets) : "?";
            std::string const what = std::string(name(t.outcome)) + (decided ? " " + std::to_string(t.code) : "") + ", " + octets + " octets, from " +
                                     (t.whole ? from_ : "?");
            if (at_machine_) {
                std::string line = "   = " + what + ", to";
                for (recipient const& r : recipients_) line += " " + (r.to.empty() ? "?" : r.to) + " " + std::to_string(r.code);
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
        else say(at_machine_ ? "   (TLS)" : "   (TLS: the rest cannot be read)");
    }
    void on(seen::in_step const& s) {
        flush_content();
        ever_unsure_ = ever_unsure_ || !s.sure;
        if (json_) event("in_step", {{"sure", s.sure ? "true" : "false"}});
        else say(s.sure ? "   (in step again)" : "   (out of step)");
    }
    void on(seen::departed const& d) {
        std::string const what = std::string(name(d.what)) + (d.why ? ": " + std::string(message(*d.why)) : "") +
                                 (d.what == ehlo::departure::smuggled_end || d.what == ehlo::departure::other_end ? ": " + std::string(name(d.line)) : "");
        if (json_) {
            fields f{{"name", quoted(name(d.what))}, {"from", quoted(name(d.from))}, {"at", std::to_string(d.at)}};
            if (d.why) f.push_back({"error", quoted(name(*d.why))});
            if (d.line != ehlo::dot_line{}) f.push_back({"line", quoted(name(d.line))});
            return event("departure", f);
        }
        using enum ehlo::departure;
        std::size_t at = 0;
        std::string_view const octets = content_around(d, at);
        if (d.from == direction::from_client && !line_.empty() && d.at >= line_at_ && d.at - line_at_ <= line_.size()) {
            caret(static_cast<std::size_t>(d.at - line_at_), what);
        } else if (at < octets.size() && (d.what == smuggled_end || d.what == other_end || d.what == bare_cr || d.what == bare_lf || d.what == nul)) {
            // Nothing of content is a secret of AUTH.
            std::size_t const begin = at < 24 ? 0 : at - 24;
            std::string const before = shown(octets.substr(begin, at - begin));
            say("C: ..." + before + shown(octets.substr(at, 24)) + "...");
            caret(3 + before.size(), what);
        } else {
            say("   ! " + what + " (octet " + std::to_string(d.at) + " of the " + std::string(name(d.from)) + ")");
        }
    }

  protected:
    // The client's octets around a departure, which stands at `at` in them; none if they are not those of content.
    virtual std::string_view content_around(seen::departed const&, std::size_t&) const { return {}; }

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
    void event(std::string_view what, fields const& all) {
        out_ += "{\"event\":\"" + std::string(what) + "\",\"id\":" + std::to_string(id_);
        for (field const& f : all) out_ += ",\"" + std::string(f.key) + "\":" + f.value;
        out_ += "}\n";
    }
    void caret(std::size_t column, std::string const& what) { say("   " + std::string(column, ' ') + "^ " + what); }
    void flush_content() {
        if (content_ != 0 && !json_) say("C: (" + std::to_string(content_) + " octets of content)");
        content_ = 0;
    }
    void say_command(seen::command const& c, std::string_view path) {
        flush_content();
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
        say("C: " + (cut ? "(a line of " + std::to_string(c.size) + " octets)" : line_ + (secret ? " ***" : "")));
    }
};

}  // namespace watching
