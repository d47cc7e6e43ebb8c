// explain's watch mode: captures and two-sided transcripts, shown as conversations with what was meant.
#pragma once

#include "capture.hpp"
#include "envelope.hpp"

#include <ehlo/observer.hpp>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
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

// A connection: the observer, what it was not yet able to read, and what is told of it.
class connection {
    struct recipient {
        std::string to;
        unsigned code = 0;
    };
    unsigned id_;
    bool json_;
    std::string out_{};
    ehlo::observer observer_{};
    std::string pending_[2]{};
    // The latest octets of each side, to show what stands around a departure when enough of it has come.
    std::string raw_[2]{};
    std::uint64_t raw_at_[2] = {};
    struct mark {
        seen::departed d;
        std::string what;
    };
    std::vector<mark> marks_{};
    std::size_t unshown_ = 0;   // marks of one message that are too many
    std::map<std::uint64_t, std::string> asked_{};   // commands by number, until they are answered
    std::map<std::uint64_t, std::string> mails_{}, rcpts_{};   // by number, until they are answered
    std::string from_{};
    std::vector<recipient> recipients_{};
    std::string table_{}, line_{};     // the latest line shown, for carets
    std::uint64_t line_at_ = 0, line_end_ = 0, commands_ = 0, replies_ = 0, transactions_ = 0, content_ = 0;
    std::string mechanism_{};
    bool ended_ = false, ever_unsure_ = false;

  public:
    connection(unsigned id, bool json, std::string_view client, std::string_view server) : id_(id), json_(json) {
        if (json_) event("connection", {{"client", quoted(client)}, {"server", quoted(server)}});
        else out_ += "connection " + std::to_string(id_) + (client.empty() ? "" : ": " + std::string(client) + " to " + std::string(server)) + "\n";
    }

    std::string const& output() const { return out_; }

    void show(direction d, std::string_view octets, std::size_t chunk) {
        auto const side = static_cast<std::size_t>(d);
        for (; !octets.empty(); octets.remove_prefix((std::min)(chunk, octets.size()))) {
            pending_[side] += octets.substr(0, chunk);
            remember(side, octets.substr(0, chunk));
            auto const done = observer_.advance(pending_[0], pending_[1], *this);
            pending_[0].erase(0, done.client);
            pending_[1].erase(0, done.server);
        }
    }
    void gap(direction d, std::uint64_t octets) {
        before_line();
        if (json_) event("gap", {{"from", quoted(name(d))}, {"octets", std::to_string(octets)}});
        else out_ += "   (" + (octets == 0 ? std::string("some") : std::to_string(octets)) + " octets of the " + std::string(name(d)) + " are missing)\n";
        auto const side = static_cast<std::size_t>(d);
        pending_[side].clear();
        observer_.gap(d, octets, *this);
        raw_[side].clear();
        raw_at_[side] = observer_.offset(d);
    }
    void end() {
        if (ended_) return;
        ended_ = true;
        observer_.end(*this);
        before_line();
        if (json_)
            return event("end", {{"commands", std::to_string(commands_)}, {"replies", std::to_string(replies_)},
                                 {"transactions", std::to_string(transactions_)}, {"sure", ever_unsure_ ? "false" : "true"}});
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
        before_line();
        line_end_ = r.at + r.size;
        if (json_) event("response", {{"at", std::to_string(r.at)}});
        else out_ += "C: ***\n";
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
                out_ += "S: " + shown(text) + (is_last ? what_it_answers(r) : "") + "\n";
                for (mark const& m : odd)
                    if (m.d.at >= r.at + at && m.d.at < r.at + next)
                        caret(shown(rest.substr(at, static_cast<std::size_t>(m.d.at - r.at) - at)).size(), m.what);
                at = next;
            }
            for (mark const& m : odd)
                if (m.d.at >= r.at + r.said.octets().size()) plain(m);
        }
        asked_.erase(asked_.begin(), asked_.upper_bound(r.to ? r.number : 0));
        line_.clear();
        if (r.to == ehlo::event::mail && r.said.accepted()) {
            from_ = mails_[r.number];
            recipients_.clear();
        }
        if (r.to == ehlo::event::rcpt) recipients_.push_back({rcpts_[r.number], code});
        mails_.erase(mails_.begin(), mails_.upper_bound(r.to ? r.number : 0));
        rcpts_.erase(rcpts_.begin(), rcpts_.upper_bound(r.to ? r.number : 0));
        bool const authentication = r.to == ehlo::event::auth || r.to == ehlo::event::response;
        if (json_ && authentication && code != 334) event("auth", {{"mechanism", quoted(mechanism_)}, {"outcome", std::to_string(code)}});
    }
    void on(seen::content const& c) { content_ += c.size; }
    void on(seen::end_of_content const& e) {
        before_line(e.at + e.size);
        if (json_) event("content", {{"octets", std::to_string(e.octets)}, {"at", std::to_string(e.at)}});
        line_.clear();
    }
    void on(seen::unanswered const& u) {
        before_line(~std::uint64_t{0}, true);
        std::string const times = u.count > 1 ? " (" + std::to_string(u.count) + " times)" : "";
        if (json_) event("unanswered", {{"to", quoted(name(u.event))}, {"count", std::to_string(u.count)}});
        else out_ += "   (no reply to " + std::string(name(u.event)) + times + " was seen)\n";
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
            table_ += "  " + std::string(name(t.outcome)) + (decided ? " " + std::to_string(t.code) : "") + ", " +
                      (t.octets ? counted(*t.octets, "octet") : std::string("? octets")) + ", from " + (t.whole ? from_ : "?") + "\n";
            for (recipient const& r : recipients_) table_ += "    " + std::to_string(r.code) + " " + r.to + "\n";
        }
        recipients_.clear();
    }
    void on(seen::tls const&) {
        if (json_) event("starttls", {});
        else out_ += "   (TLS: the rest cannot be read)\n";
    }
    void on(seen::in_step const& s) {
        before_line(~std::uint64_t{0}, true);
        ever_unsure_ = ever_unsure_ || !s.sure;
        if (json_) event("in_step", {{"sure", s.sure ? "true" : "false"}});
        else out_ += s.sure ? "   (in step again)\n" : "   (out of step)\n";
    }
    void on(seen::departed const& d) {
        std::string what = std::string(name(d.what)) + (d.why ? ": " + std::string(message(*d.why)) : "") +
                                 (d.what == ehlo::departure::smuggled_end || d.what == ehlo::departure::other_end ? ": " + std::string(name(d.line)) : "");
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
        bool const is_content = observer_.where() == ehlo::state::content || observer_.where() == ehlo::state::chunk;
        // Nothing of content, or of what a server says, is a secret of AUTH.
        if (d.from == direction::from_client && !is_content) return plain({d, what});
        if (marks_.size() < 10) marks_.push_back({d, what});
        else ++unshown_;
    }

  private:
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
    void caret(std::size_t column, std::string const& what) { out_ += "   " + std::string(column, ' ') + "^ " + what + "\n"; }
    void plain(mark const& m) {
        out_ += "   ! " + m.what + " (octet " + std::to_string(m.d.at) + " of the " + std::string(name(m.d.from)) + ")\n";
    }
    void remember(std::size_t side, std::string_view octets) {
        constexpr std::size_t enough = 64 * 1024;
        raw_[side] += octets;
        if (raw_[side].size() < 3 * enough) return;
        raw_at_[side] += raw_[side].size() - enough;
        raw_[side].erase(0, raw_[side].size() - enough);
    }
    // What stands around an octet, up to `end`: in a line of a reply, or a little of content.
    void show_around(mark const& m, std::uint64_t end) {
        auto const side = static_cast<std::size_t>(m.d.from);
        if (m.d.at < raw_at_[side] || m.d.at >= raw_at_[side] + raw_[side].size()) return plain(m);
        std::size_t const at = static_cast<std::size_t>(m.d.at - raw_at_[side]);
        std::string_view text = raw_[side];
        if (end < raw_at_[side] + text.size()) text = text.substr(0, static_cast<std::size_t>(end - raw_at_[side]));
        bool const is_reply = m.d.from == direction::from_server;
        // Before content stand commands, of which some hold secrets.
        std::size_t begin = at < 24 ? 0 : at - 24, stop = (std::min)(at + 24, text.size());
        if (!is_reply && line_end_ > raw_at_[side]) begin = (std::max)(begin, (std::min)(at, static_cast<std::size_t>(line_end_ - raw_at_[side])));
        if (is_reply) {
            if (std::size_t const lf = at == 0 ? text.npos : text.rfind('\n', at - 1); lf != text.npos && lf >= begin) begin = lf + 1;
            if (std::size_t const lf = text.find('\n', at); lf < stop) stop = lf != at && text[lf - 1] == '\r' ? lf - 1 : lf;
        }
        bool const is_whole = is_reply ? begin == 0 || text[begin - 1] == '\n' : raw_at_[side] + begin == line_end_;
        std::string const cut = is_whole ? "" : "...";
        std::string const before = cut + shown(text.substr(begin, at - begin));
        out_ += (is_reply ? "S: " : "C: ") + before + shown(text.substr(at, stop - at)) + (stop < text.size() && !is_reply ? "..." : "") + "\n";
        caret(before.size(), m.what);
    }
    // What was put off, before something else is shown. `end`: of the content.
    void before_line(std::uint64_t end = ~std::uint64_t{0}, bool is_remark = false) {
        for (mark const& m : marks_)
            if (!is_remark || m.d.from == direction::from_client) show_around(m, end);
        // A remark may come while the server's line is not whole.
        std::erase_if(marks_, [is_remark](mark const& m) { return !is_remark || m.d.from == direction::from_client; });
        if (std::size_t const more = std::exchange(unshown_, 0); more != 0) out_ += "   (and " + std::to_string(more) + " departures more in this content)\n";
        if (content_ != 0 && !json_) out_ += "C: (" + counted(content_, "octet") + " of content)\n";
        content_ = 0;
    }
    // Where it is not the command just before it.
    std::string what_it_answers(seen::reply const& r) const {
        if (!r.to) return "   (to something that was not seen)";
        if (!r.sure) return "   (perhaps to " + std::string(name(*r.to)) + ")";
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
        if (c.number) asked_[*c.number] = line_ + (secret ? " ***" : "");
        bool const cut = c.line.empty() && c.size > 2;
        out_ += "C: " + (cut ? "(a line of " + std::to_string(c.size) + " octets)" : line_ + (secret ? " ***" : "")) + "\n";
    }
};

// All connections of a file.
class watcher {
    struct tcp {
        std::string client, server;
        capture::stream streams[2]{};
        std::unique_ptr<connection> shown{};
        bool is_smtp = false, decided = false, ended = false;
    };
    bool json_;
    std::size_t chunk_;
    std::string out_{};
    unsigned count_ = 0;
    bool good_ = true;
    std::map<std::string, std::size_t> known_{};
    std::vector<std::unique_ptr<tcp>> all_{};

  public:
    watcher(bool json, std::size_t chunk) : json_(json), chunk_(chunk) {}
    std::string const& output() const { return out_; }
    // Whether all that it was given could be read, and there was something in it.
    bool good() const { return good_; }

    void watch(std::string_view file, std::string const& name) {
        if (file.empty()) return unreadable(name, "is empty");
        if (!capture::is_capture(file)) {
            if (!transcript(file)) unreadable(name, "is no capture (pcap, pcapng), and no transcript: no line begins with \"C:\" or \"S:\"");
            return;
        }
        unsigned const before = count_;
        std::size_t segments = 0;
        std::string const wrong = capture::read(file, [&](capture::segment const& s) {
            ++segments;
            take(s);
        });
        for (auto const& c : all_) {
            finish(*c);
            if (c->shown) out_ += c->shown->output();
        }
        std::size_t const connections = all_.size();
        all_.clear();
        known_.clear();
        if (!wrong.empty()) return unreadable(name, wrong);
        if (count_ == before) unreadable(name, "has no SMTP in it: " + counted(segments, "TCP segment") + ", " + counted(connections, "connection"));
    }
    void unreadable(std::string const& name, std::string_view why) {
        good_ = false;
        if (json_) {
            append_json(out_ += "{\"event\":\"unreadable\",\"file\":", name);
            append_json(out_ += ",\"error\":", why);
            out_ += "}\n";
        } else {
            out_ += "! " + name + " " + std::string(why) + "\n";
        }
    }

  private:
    // "C: " and "S: " before each line; all others are remarks. False: there is none.
    bool transcript(std::string_view file) {
        bool const is_one = file.starts_with("C:") || file.starts_with("S:") || file.find("\nC:") != file.npos || file.find("\nS:") != file.npos;
        if (!is_one) return false;
        connection c(++count_, json_, {}, {});
        while (!file.empty()) {
            std::size_t const end = (std::min)(file.find('\n'), file.size());
            std::string_view line = file.substr(0, end);
            file.remove_prefix((std::min)(end + 1, file.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            bool const from_client = line.starts_with("C:"), from_server = line.starts_with("S:");
            if (!from_client && !from_server) continue;
            line.remove_prefix(line.size() > 2 && line[2] == ' ' ? 3 : 2);
            c.show(from_client ? direction::from_client : direction::from_server, std::string(line) + "\r\n", chunk_);
        }
        c.end();
        out_ += c.output();
        return true;
    }

    static bool is_known_port(unsigned port) { return port == 25 || port == 587 || port == 2525 || port == 24 || port == 10024 || port == 10025; }
    tcp& find(capture::segment const& s, bool& from_client) {
        bool const begins = s.syn && !s.ack;
        auto found = known_.find(s.from + " " + s.to);
        if (found == known_.end()) found = known_.find(s.to + " " + s.from);
        // A port that is used again.
        if (found != known_.end() && begins) {
            tcp& old = *all_[found->second];
            capture::stream const& client = old.streams[0];
            bool const again = old.client != s.from || (client.begun() && client.first() != s.sequence + 1);
            if (old.ended || again) {
                finish(old);
                known_.erase(found);
                found = known_.end();
            }
        }
        if (found == known_.end()) {
            auto c = std::make_unique<tcp>();
            bool const client = begins || (!(s.syn && s.ack) && (is_known_port(s.to_port) || (!is_known_port(s.from_port) && s.to_port < s.from_port)));
            c->client = client ? s.from : s.to;
            c->server = client ? s.to : s.from;
            c->is_smtp = is_known_port(client ? s.to_port : s.from_port);
            c->decided = c->is_smtp;
            found = known_.emplace(c->client + " " + c->server, all_.size()).first;
            all_.push_back(std::move(c));
        }
        tcp& c = *all_[found->second];
        from_client = c.client == s.from;
        return c;
    }
    void take(capture::segment const& s) {
        bool from_client = false;
        tcp& c = find(s, from_client);
        if (c.ended) return;
        direction const d = from_client ? direction::from_client : direction::from_server;
        direction const other = from_client ? direction::from_server : direction::from_client;
        capture::stream& mine = c.streams[static_cast<unsigned>(d)];
        capture::stream& theirs = c.streams[static_cast<unsigned>(other)];
        if (s.syn && !mine.begun()) mine.begin(s.sequence + 1);
        std::uint32_t const sequence = s.sequence + (s.syn ? 1 : 0);   // data may come with it
        if (s.syn && s.payload.empty()) return;
        if (!c.decided && !s.payload.empty()) {
            c.decided = true;
            c.is_smtp = !from_client && s.payload.starts_with("220");
        }
        if (!c.is_smtp) return;
        if (!c.shown) {
            c.shown = std::make_unique<connection>(++count_, json_, c.client, c.server);
            // No beginning was seen: this is the middle.
            if (!mine.begun() && !theirs.begun() && !s.payload.empty()) {
                c.shown->gap(direction::from_client, 0);
                c.shown->gap(direction::from_server, 0);
            }
        }
        connection& shown = *c.shown;
        auto const octets = [&](direction of) { return [&shown, of, this](std::string_view text) { shown.show(of, text, chunk_); }; };
        auto const gap = [&](direction of) { return [&shown, of](std::uint64_t n) { shown.gap(of, n); }; };
        if (s.ack) theirs.acknowledged(s.acknowledged, octets(other), gap(other));
        if (!s.payload.empty()) mine.take(sequence, s.payload, octets(d), gap(d));
        auto const end = static_cast<std::uint32_t>(sequence + s.payload.size());
        if (s.missing != 0 && mine.next() == end) mine.acknowledged(static_cast<std::uint32_t>(end + s.missing), octets(d), gap(d));   // cut off by the capture
        if (s.rst && mine.next() == sequence) finish(c);   // another RST would not be believed
    }
    void finish(tcp& c) {
        if (c.ended) return;
        c.ended = true;
        if (!c.shown) return;
        for (direction const d : {direction::from_client, direction::from_server})
            c.streams[static_cast<unsigned>(d)].flush([&](std::string_view text) { c.shown->show(d, text, chunk_); },
                                                      [&](std::uint64_t n) { c.shown->gap(d, n); });
        c.shown->end();
    }
};

}  // namespace watching
