// explain: what SMTP octets mean, and where they are wrong. See `explain --help`.
// All it knows of SMTP it asks of the library; here is only reading, feeding and printing.

#include "watch.hpp"

#include <ehlo/ehlo.hpp>
#include <ehlo/scram.hpp>

#include "order_table.hpp"
#include "scram_client.hpp"

#ifndef EXPLAIN_WITHOUT_MAIN  // a page has no files and no terminal (playground/)
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif
#endif

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using std::string;
using std::string_view;
using std::size_t;

constexpr string_view client_name = "client.example", server_name = "server.example";
constexpr string_view sender = "<ann@client.example>";
constexpr string_view recipient = "<bob@server.example>", second_recipient = "<carol@server.example>";
constexpr string_view letter =
    "From: Ann <ann@client.example>\r\n"
    "To: Bob <bob@server.example>\r\n"
    "Subject: A line with a dot\r\n"
    "\r\n"
    "Dear Bob, the next line begins with a dot.\r\n"
    ".profile is a file of mine.\r\n";

constexpr string_view help = R"(usage: explain [OPTION...] MODE [FILE]

Says what SMTP octets mean, and puts a caret under the first one that is wrong
(its number is counted from 0).

Modes that read items, one a line; in an item \r \n \t \0 \\ \xHH are escapes:
  command   a command line, with or without its CRLF
  path      a path with its <>
  mailbox   local@domain
  reply     what a server sent: one reply or several
  ehlo      the answer to EHLO
  content   what follows DATA, up to the line "." (--bare=reject|normalize|pass)
  encode    a message, to be sent after DATA      (--bare=reject|normalize)
  proxy     a PROXY header, version 1 or 2, which a proxy sends before the session
  write     VERB TAB field TAB field..., to be made a command, or
            REPLY TAB code TAB enhanced status TAB text
Modes that read raw octets:
  session   what a client sent; explain plays server.example, which takes all mail (--lmtp)
  client    what a server sent; explain plays client.example, which sends a short
            letter from <ann@client.example> to <bob@server.example>, with --lmtp
            to <carol@server.example> too (and --pipeline, --chunking, --tls, --auth)
Modes that read files, any number of them:
  watch     conversations of others, what was meant in them and what was odd: captures (pcap,
            pcapng), and transcripts with "C: " or "S: " before each line, or as swaks,
            sendmail -v (">>> "), curl -v ("> ", "< ") and Postfix ("In: ", "Out: ") have them
Modes that read nothing:
  table     the order of commands, as a state machine (--dot, --mermaid)
  reference all that ehlo knows by name, as Markdown: verbs, parameters, EHLO
            keywords, reply codes, statuses, errors, rules of leniency

Options:
  --json              a JSON object for each item or event, a line each
  --lenient[=RULE,..] tolerate departures from RFC 5321: all, or these
  --smtputf8          addresses may hold UTF-8, as if MAIL had asked for SMTPUTF8
  --lmtp              LMTP instead of SMTP: LHLO, a reply for each recipient
  --max-local-part=N, --max-domain=N, --max-path=N
                      limits of addresses, in octets (command, path, mailbox)
  --max-line=N        octets of a command line with its CRLF (command)
  --max-reply-line=N, --max-reply=N, --max-reply-lines=N
                      octets of a line of a reply with its CRLF, octets and lines
                      of a reply (reply, ehlo, client)
  --pipeline          send commands in groups, if the server has PIPELINING (client)
  --chunking          send the letter with BDAT, if it has CHUNKING (client)
  --tls=none|may|must STARTTLS: not at all, if it is offered, or no mail without it; the
                      handshake is taken as done, unless octets came with the 220 (client)
  --auth=USER:SECRET  AUTH, with SCRAM-SHA-256, PLAIN, LOGIN or XOAUTH2; no password in the
                      clear if --tls is may or must. Secrets are never shown (client)
  --nonce=TEXT        the client's nonce in SCRAM, so that a dialogue can be repeated (client)
  --early=N           the Nth reply, counted from 0, is said before it is asked for (client)
  --at-once           what is read at once came at once: tells where the client did not wait
                      for a reply that it had to wait for (session)
  --states            tell the state after each step (session, client, watch)
  --chunk=N           feed the parsers N octets at a time; the output is the same
  --help, --version

The limits of a session (lines, message, recipients, errors) cannot be set here.

A reply code that no standard names is read by its first digit; "class" (completion,
intermediate, transient, permanent) is then what is known of it.

Values in JSON: a number is a number, a flag is true, a list is an array, anything
else the text as it stands. What is xtext or base64 and does not mean what it says
is also in "decoded", which has the same keys.

Input is FILE or standard input. Exit status: 0; 1: watch cannot read a file; 2: called wrongly.

Examples:
  echo 'RCPT TO:<bob@exa_mple.org>' | explain command
  printf '%s\n' '250-mx.example\r\n250 SIZE 1000\r\n' | explain --json ehlo
  printf 'EHLO me.example\r\nMAIL FROM: <me@me.example>\r\n' | explain session
)";

enum class mode { command, path, mailbox, reply, ehlo, content, encode, proxy, write, session, client, watch, table, reference };
constexpr std::pair<string_view, mode> mode_names[] = {
    {"command", mode::command}, {"path", mode::path},       {"mailbox", mode::mailbox}, {"reply", mode::reply},
    {"ehlo", mode::ehlo},       {"content", mode::content}, {"encode", mode::encode},   {"write", mode::write},
    {"session", mode::session}, {"client", mode::client},   {"watch", mode::watch},   {"table", mode::table},
    {"reference", mode::reference}, {"proxy", mode::proxy}};

struct options {
    mode what = mode::command;
    bool json = false;
    ehlo::syntax grammar{};
    std::optional<ehlo::bare_octets> bare;
    std::uint32_t max_line = ehlo::policy{}.max_line;
    ehlo::reply_limits replies{};
    size_t chunk = 0;  // 0: all at once
    string_view nonce{};   // of SCRAM
    bool pipeline = false, chunking = false, lmtp = false, at_once = false, states = false, dot = false, mermaid = false;
    ehlo::tls_use tls = ehlo::tls_use::optional;
    std::optional<std::pair<string, string>> auth;  // user and secret
    std::optional<size_t> early;                    // the reply that comes before it is asked for
    string file = "-";
    std::vector<string> files{};                    // of watch mode
};

[[noreturn]] void misused(string const& why) {
    std::cerr << "explain: " << why << "\nTry 'explain --help'.\n";
    std::exit(2);
}

// ------------------------------------------------------------------------------------------------ printing octets

bool colours = false;
size_t screen_columns = 100;

string paint(string_view colour, string_view text) {
    if (!colours || colour.empty() || text.empty()) return string(text);
    return "\x1B[" + string(colour) + "m" + string(text) + "\x1B[0m";
}
constexpr string_view bold = "1", dim = "2", red = "1;31", green = "32", yellow = "33", blue = "36";

string hex_escape(string_view octets) {
    constexpr string_view digits = "0123456789ABCDEF";
    string s;
    for (char const c : octets) {
        auto const octet = static_cast<unsigned char>(c);
        s += {'\\', 'x', digits[octet >> 4], digits[octet & 15]};
    }
    return s;
}

// The columns that a character takes on a terminal; nothing for one that must not get there (C1 controls, writing
// direction), which is shown as an escape.
std::optional<size_t> columns_of(char32_t c) {
    if (c < 0xA0 || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) ||
        c == 0xAD || c == 0xFEFF || c >= 0xE0000)
        return std::nullopt;
    if ((c >= 0x300 && c <= 0x36F) || (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F)) return 0;
    bool const wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                      (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                      (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || c >= 0x20000;
    return wide ? 2 : 1;
}

// What is shown for one octet, or for one character of UTF-8.
struct cell {
    size_t at;
    string shown;
    size_t columns;
};

std::vector<cell> cells_of(string_view octets) {
    std::vector<cell> cells;
    for (size_t at = 0; at < octets.size();) {
        char const c = octets[at];
        auto const octet = static_cast<unsigned char>(c);
        size_t length = 1;
        string shown;
        std::optional<size_t> columns;
        if (c == '\r') shown = "\\r";
        else if (c == '\n') shown = "\\n";
        else if (c == '\t') shown = "\\t";
        else if (c == '\0') shown = "\\0";
        else if (c == '\\') shown = "\\\\";
        else if (octet >= 32 && octet < 127) shown = c;
        else if (size_t const n = ehlo::utf8_length(octets.substr(at)); n != 0) {
            length = n;
            char32_t code = octet & (0x7Fu >> n);
            for (size_t i = 1; i < n; ++i) code = code << 6 | (static_cast<unsigned char>(octets[at + i]) & 0x3Fu);
            columns = columns_of(code);
            string_view const character = octets.substr(at, n);
            shown = columns ? string(character) : hex_escape(character);
        } else {
            shown = hex_escape(octets.substr(at, 1));
        }
        cells.push_back({at, shown, columns ? *columns : shown.size()});
        at += length;
    }
    return cells;
}

string escape(string_view octets) {
    string s;
    for (cell const& c : cells_of(octets)) s += c.shown;
    return s;
}

// The columns of a text that is escaped already.
size_t width_of(string_view text) {
    size_t n = 0;
    for (cell const& c : cells_of(text)) n += c.shown == "\\\\" ? 1 : c.columns;
    return n;
}

// An unknown escape stands for itself, so that <"a\"b"@c.example> can be typed as it is.
string unescape(string_view line) {
    string s;
    for (size_t i = 0; i < line.size(); ++i) {
        char const next = line[i] == '\\' && i + 1 < line.size() ? line[i + 1] : '?';
        constexpr string_view letters = "rnt0\\";
        constexpr string_view octets{"\r\n\t\0\\", 5};
        if (size_t const which = letters.find(next); line[i] == '\\' && which != string_view::npos) {
            s += octets[which];
            ++i;
        } else if (line[i] == '\\' && next == 'x' && i + 3 < line.size() && ehlo::chars::hexdig.contains(line[i + 2]) &&
                   ehlo::chars::hexdig.contains(line[i + 3])) {
            s += static_cast<char>(std::stoi(string(line.substr(i + 2, 2)), nullptr, 16));
            i += 3;
        } else {
            s += line[i];
        }
    }
    return s;
}

string json_string(string_view octets) {
    constexpr string_view digits = "0123456789abcdef";
    string s = "\"";
    for (size_t i = 0; i < octets.size();) {
        auto const octet = static_cast<unsigned char>(octets[i]);
        size_t const n = octet < 128 ? 1 : ehlo::utf8_length(octets.substr(i));
        if (n == 0) s += '\\' + hex_escape(octets.substr(i, 1));  // what is not UTF-8 stands there as \xHH
        else if (octet == '"' || octet == '\\') s += {'\\', static_cast<char>(octet)};
        else if (octet == '\r') s += "\\r";
        else if (octet == '\n') s += "\\n";
        else if (octet == '\t') s += "\\t";
        else if (octet < 32 || octet == 127) s += {'\\', 'u', '0', '0', digits[octet >> 4], digits[octet & 15]};
        else s += octets.substr(i, n);
        i += n == 0 ? 1 : n;
    }
    return s + '"';
}

// A line for people, after a prefix of so many columns, and under it, if `at` is given, a caret with a note. What is too
// long for the screen is cut off: at its end, or on both sides of the caret.
string show(string_view prefix, size_t prefix_columns, string_view octets, std::optional<size_t> at, string_view note,
            string_view colour) {
    std::vector<cell> const cells = cells_of(octets);
    size_t const room = screen_columns > prefix_columns + 20 ? screen_columns - prefix_columns - 2 : 20;
    size_t total = 0;
    for (cell const& c : cells) total += c.columns;
    size_t caret = cells.size(), first = 0, last = cells.size();
    auto end_of = [&](size_t i) { return i + 1 < cells.size() ? cells[i + 1].at : octets.size(); };
    if (at)
        for (caret = 0; caret < cells.size() && end_of(caret) <= *at;) ++caret;
    if (total > room) {
        size_t before = 0;
        if (at) {
            first = caret;
            while (first > 0 && before + cells[first - 1].columns <= room / 2) before += cells[--first].columns;
        }
        size_t shown = before;
        for (last = at ? caret : 0; last < cells.size() && shown + cells[last].columns <= room; ++last)
            shown += cells[last].columns;
    }
    string before, fault, after;
    if (first > 0) before += "\u2026";
    size_t column = prefix_columns + (first > 0 ? 1 : 0);
    for (size_t i = first; i < last; ++i) {
        (i < caret || !at ? before : i == caret ? fault : after) += cells[i].shown;
        if (i < caret) column += cells[i].columns;
    }
    if (last < cells.size()) (at ? after : before) += "\u2026";
    string lines = string(prefix) + paint(colour, before) + paint(red, fault) + paint(colour, after) + '\n';
    if (at) lines += string(column, ' ') + paint(red, string("^ ") + string(note)) + '\n';
    return lines;
}

// ------------------------------------------------------------------------------------------------ records

std::vector<string_view> names_of(ehlo::leniency rules) {
    std::vector<string_view> names;
    for (unsigned i = 0; i < ehlo::rule_count; ++i)
        if (rules.has(static_cast<ehlo::rule>(i))) names.push_back(ehlo::rule_names[i]);
    return names;
}

string json_list(std::vector<string_view> const& words) {
    string s;
    for (string_view const word : words) (s += s.empty() ? "" : ",") += json_string(word);
    return '[' + s + ']';
}

string join(std::vector<string_view> const& words, string_view separator) {
    string s;
    for (string_view const word : words) (s += s.empty() ? string_view{} : separator) += word;
    return s;
}

string reply_text(ehlo::reply const& r) {
    char buffer[1024];
    ehlo::writer out(buffer);
    if (!ehlo::write_reply(out, r)) return {};
    string_view text = out.text();
    return string(text.substr(0, text.size() - 2));
}

// What is to be said of an item, for programs and for people at once.
class record {
    string json_;
    struct field {
        string label, value, colour;
    };
    std::vector<field> fields_;
    std::optional<size_t> caret_;
    string note_;

  public:
    ehlo::leniency used{};  // what was tolerated

    record& json(string_view key, string const& value) {
        json_ += (json_.empty() ? "" : ",") + json_string(key) + ':' + value;
        return *this;
    }
    record& human(string_view label, string_view value, string_view colour = "") {
        fields_.push_back({string(label), string(value), string(colour)});
        return *this;
    }
    record& text(string_view key, string_view octets) {
        return json(key, json_string(octets)).human(key, escape(octets));
    }
    // Lines with a note after each, the notes in one column.
    struct noted {
        string text, note;
    };
    record& lines(string_view label, std::vector<noted> const& all) {
        size_t width = 0;
        for (noted const& l : all) width = width_of(l.text) > width && width_of(l.text) <= 40 ? width_of(l.text) : width;
        for (noted const& l : all) {
            size_t const taken = width_of(l.text);
            string const gap(taken < width ? width - taken + 3 : 3, ' ');
            human(&l == &all[0] ? label : "", l.text + (l.note.empty() ? "" : gap + paint(dim, l.note)));
        }
        return *this;
    }
    record& wire(string_view key, string_view octets) {
        json(key, json_string(escape(octets)));
        bool first = true;
        do {
            size_t const end = octets.find('\n');
            size_t const line = end == string_view::npos ? octets.size() : end + 1;
            human(first ? key : "", escape(octets.substr(0, line)));
            octets.remove_prefix(line);
            first = false;
        } while (!octets.empty());
        return *this;
    }
    record& number(string_view key, std::uint64_t n) {
        return json(key, std::to_string(n)).human(key, std::to_string(n));
    }
    record& flag(string_view key, bool value) {
        json(key, value ? "true" : "false");
        return value ? human(key, "yes") : *this;
    }
    record& list(string_view key, std::vector<string_view> const& words) {
        return json(key, json_list(words)).human(key, escape(join(words, ", ")));
    }
    // To be called once, at the end: a key stands once in an object.
    record& tolerated(ehlo::leniency rules) {
        used |= rules;
        if (used.empty()) return *this;
        list("tolerated", names_of(used));
        fields_.back().colour = string(yellow);
        return *this;
    }
    record& caret(std::optional<size_t> at, string_view note) {
        caret_ = at;
        note_ = string(note);
        return *this;
    }
    // "error", "at", "blame" of an item that is wrong; `between` adds what stands after "error".
    record& failed(ehlo::failure f, std::function<void(record&)> const& between = {}) {
        json("error", json_string(ehlo::name(f.code)));
        string where = string(ehlo::name(f.code)) + " at octet " + std::to_string(f.at);
        human("error", where + " (" + string(ehlo::name(ehlo::blame_of(f.code))) + ')', red);
        if (between) between(*this);
        json("at", std::to_string(f.at)).json("blame", json_string(ehlo::name(ehlo::blame_of(f.code))));
        return caret(f.at, ehlo::message(f.code));
    }
    record& reply(ehlo::reply const& r) { return text("reply", reply_text(r)); }

    bool is_failure() const { return caret_.has_value(); }
    string json_line() const { return '{' + json_ + "}\n"; }
    string for_people(string_view item) const {
        string s = item.empty() && !caret_ ? paint(dim, "(nothing)") + '\n' : show("", 0, item, caret_, note_, bold);
        size_t width = 0;
        for (field const& f : fields_) width = f.label.size() > width ? f.label.size() : width;
        for (field const& f : fields_) {
            string const label = f.label + string(width - f.label.size(), ' ');
            s += "  " + paint(dim, label) + "  " + paint(f.colour, f.value) + '\n';
        }
        return s + '\n';
    }
};

record success() {
    record r;
    r.json("ok", "true");
    return r;
}
record fault(ehlo::failure f, ehlo::verb v = ehlo::verb::unknown) {
    record r;
    r.json("ok", "false").failed(f).reply(ehlo::reply_for(f, v));
    return r;
}

string* kept = nullptr;  // the place of standard output, in a page

void put(string const& text) {
    if (kept != nullptr) {
        *kept += text;
        return;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

// Gives `next` the octets, so many more each time (at first none), until it has something to say or has all of them.
// `consumed` of the answer counts from the first octet.
template <class Next>
auto feed(string_view octets, size_t chunk, Next next) {
    size_t given = 0, used = 0;
    for (;;) {
        auto progress = next(octets.substr(used, given - used));
        used += progress.consumed;
        progress.consumed = used;
        if (!progress.need_more() || given == octets.size()) return progress;
        given = chunk == 0 || octets.size() - given < chunk ? octets.size() : given + chunk;
    }
}

// ------------------------------------------------------------------------------------------------ addresses and commands

void add_path(record& r, ehlo::path const& p) {
    string buffer(p.text().size() + 2, '\0');
    ehlo::writer out(buffer.data(), buffer.size());
    r.text("path", ehlo::write_path(out, p) ? out.text() : p.text());
    if (std::vector<string_view> hops; !p.route().empty()) {
        for (string_view const hop : p.route()) hops.push_back(hop);
        r.list("route", hops);
    }
    if (p.is_null()) r.flag("null", true);
    if (p.is_postmaster()) r.flag("postmaster", true);
    if (!p.local_part().empty()) r.text("local", p.local_part());
    if (!p.domain().empty()) r.text("host", p.domain());
    if (p.domain_kind() != ehlo::host_kind::domain) r.flag("literal", true);
}

string in_capitals(string_view word) {
    string s;
    for (char const c : word) s += ehlo::to_upper(c);
    return s;
}

// JSON objects: "A":1,"B":true without the braces.
struct members {
    string json;
    void add(string_view key, string const& value) {
        json += (json.empty() ? "" : ",") + json_string(key) + ':' + value;
    }
    string object() const { return '{' + json + '}'; }
};

std::vector<string_view> cut(string_view text, char separator) {
    std::vector<string_view> words;
    for (bool more = true; more;) {
        size_t const end = text.find(separator);
        more = end != string_view::npos;
        if (string_view const word = text.substr(0, end); !word.empty()) words.push_back(word);
        if (more) text.remove_prefix(end + 1);
    }
    return words;
}

// What a function of the library writes.
template <class Write>
string written(Write write) {
    char buffer[2048];
    ehlo::writer out(buffer);
    return write(out) ? string(out.text()) : string();
}

string decoded(ehlo::xtext const& x) {
    return written([&](ehlo::writer& w) { return ehlo::write_decoded(w, x, true); });
}

string plural(std::uint64_t n, string_view what) { return std::to_string(n) + ' ' + string(what) + (n == 1 ? "" : "s"); }

// 93784 seconds: 1 day 2 hours 3 minutes 4 seconds.
string duration(std::uint64_t seconds) {
    string s;
    for (auto const& [unit, name] : {std::pair{86400u, "day"}, {3600u, "hour"}, {60u, "minute"}, {1u, "second"}}) {
        if (std::uint64_t const n = seconds / unit; n != 0) s += (s.empty() ? "" : " ") + plural(n, name);
        seconds %= unit;
    }
    return s.empty() ? "no time" : s;
}

// What is to be said of a parameter: its value as JSON, and for people a note.
struct meaning_of_parameter {
    std::optional<string> json, decoded;
    string note;

    void plain(ehlo::xtext const& x) { plain(::decoded(x), x.text()); }
    void plain(string const& octets, string_view text) {
        if (octets == text) return;
        decoded = octets;
        note = escape(octets);
    }
};

meaning_of_parameter meaning_of(ehlo::mail_parameters const& p, ehlo::parameter_id id) {
    using enum ehlo::parameter_id;
    meaning_of_parameter m;
    switch (id) {
    case size: m.json = std::to_string(*p.size()); break;
    case body: m.json = json_string(ehlo::name(*p.body())); break;
    case ret:
        m.json = json_string(ehlo::name(*p.ret()));
        m.note = string("a report of failure returns the ") + (*p.ret() == ehlo::ret::full ? "message" : "header");
        break;
    case envid: m.plain(*p.envid()); break;
    case auth:
        m.plain(*p.auth());
        if (*p.auth() == "<>") m.note = "nobody is known to have submitted it";
        break;
    case by: {
        ehlo::deliver_by const by = *p.by();
        bool const give_back = by.mode == ehlo::by_mode::give_back;
        m.note = "the time is over: say so";
        if (by.seconds > 0)
            m.note = "within " + duration(static_cast<std::uint64_t>(by.seconds)) + (give_back ? ", or return it" : ", or say so");
        if (by.trace) m.note += "; tell of relays";
        break;
    }
    case holdfor:
        m.json = std::to_string(*p.holdfor());
        m.note = "hold it for " + duration(*p.holdfor());
        break;
    case holduntil: m.note = "hold it until then"; break;
    case mt_priority: m.json = std::to_string(*p.mt_priority()); break;
    case mtrk:
        if (auto const timeout = p.mtrk()->timeout) m.note = "tracked for " + duration(*timeout);
        break;
    case solicit: m.json = json_list(cut(p.solicit()->text(), ',')); break;
    case submitter: m.plain(*p.submitter()); break;
    case alt_address: m.plain(*p.alt_address()); break;
    default: break;
    }
    return m;
}

meaning_of_parameter meaning_of(ehlo::rcpt_parameters const& p, ehlo::parameter_id id) {
    using enum ehlo::parameter_id;
    meaning_of_parameter m;
    switch (id) {
    case notify: m.json = json_list(cut(written([&](auto& w) { return ehlo::write_notify(w, *p.notify()); }), ',')); break;
    case orcpt: {
        ehlo::original_recipient const o = *p.orcpt();
        string const address = written([&](auto& w) { return ehlo::write_decoded(w, o); });
        m.plain(string(o.addr_type) + ';' + address, string(o.addr_type) + ';' + string(o.address));
        break;
    }
    case rrvs:
        m.note = p.rrvs()->action == ehlo::no_support_action::proceed ? "the same owner since then; if nobody can tell, go on"
                                                                      : "the same owner since then; if nobody can tell, reject";
        break;
    case alt_address: m.plain(*p.alt_address()); break;
    default: break;
    }
    return m;
}

// `meaning` says what it can of each parameter.
template <class Meaning>
void add_parameters(record& r, ehlo::parameter_range all, Meaning meaning) {
    if (all.empty()) return;
    members values, decoded;
    std::vector<record::noted> lines;
    for (auto it = all.begin(); it != all.end(); ++it) {
        ehlo::parameter const p = *it;
        string const keyword = in_capitals(p.keyword);
        // Of an attribute that was given twice the last one counts.
        bool again = false;
        for (auto next = it; ++next != all.end();) again |= ehlo::iequals((*next).keyword, keyword);
        if (again) {
            lines.push_back({keyword + (p.value ? '=' + escape(*p.value) : ""), "given again below"});
            continue;
        }
        meaning_of_parameter const m = meaning(p);
        values.add(keyword, m.json ? *m.json : p.value ? json_string(*p.value) : "true");
        if (m.decoded) decoded.add(keyword, json_string(*m.decoded));
        lines.push_back({keyword + (p.value ? '=' + escape(*p.value) : ""), m.note});
    }
    r.json("parameters", values.object()).lines("parameters", lines);
    if (!decoded.json.empty()) r.json("decoded", decoded.object());
}

// Of MAIL and RCPT.
template <class Parameters>
void add_parameters(record& r, Parameters const& set) {
    add_parameters(r, set.all(), [&](ehlo::parameter const& p) {
        auto const id = ehlo::find_parameter(p.keyword);
        if (id && set.has(*id)) return meaning_of(set, *id);
        meaning_of_parameter m;
        m.note = id ? "(not for this command)" : "(unknown to ehlo)";
        return m;
    });
}

struct describe {
    record& r;

    void operator()(ehlo::cmd::hello const& c) const {
        r.text("domain", c.name.text);
        if (c.name.is_literal()) r.flag("literal", true);
        r.used |= c.name.tolerated;
    }
    void operator()(ehlo::cmd::mail const& c) const {
        add_path(r, c.from);
        add_parameters(r, c.parameters);
        r.used |= c.tolerated;
    }
    void operator()(ehlo::cmd::rcpt const& c) const {
        add_path(r, c.to);
        add_parameters(r, c.parameters);
        r.used |= c.tolerated;
    }
    void operator()(ehlo::cmd::vrfy const& c) const {
        r.text("argument", c.string);
        if (c.smtputf8) r.json("parameters", "{\"SMTPUTF8\":true}").human("parameters", "SMTPUTF8");
        if (c.utf8reply) r.json("parameters", "{\"UTF8REPLY\":true}").human("parameters", "UTF8REPLY");
        r.used |= c.tolerated;
    }
    void operator()(ehlo::cmd::noop const& c) const {
        if (!c.argument.empty()) r.text("argument", c.argument);
        r.used |= c.tolerated;
    }
    void operator()(ehlo::cmd::auth const& c) const {
        r.json("mechanism", json_string(in_capitals(c.name)));
        r.lines("mechanism", {{in_capitals(c.name), c.mechanism == ehlo::mechanism::unknown ? "(unknown to ehlo)" : ""}});
        if (!c.initial_response) return;
        string_view const base64 = *c.initial_response;
        r.json("initial", json_string(base64.empty() ? "=" : base64));
        string const octets = written([&](auto& w) { return ehlo::decode_base64(w, base64); });
        if (base64.empty()) r.lines("initial", {{"=", "a response of no octets"}});
        else r.lines("initial", {{string(base64), escape(octets)}}).json("decoded", "{\"initial\":" + json_string(octets) + '}');
    }
    void operator()(ehlo::cmd::bdat const& c) const {
        r.json("size", std::to_string(c.size)).human("size", plural(c.size, "octet"));
        r.flag("last", c.last);
    }
    void operator()(ehlo::cmd::burl const& c) const {
        r.text("argument", c.url);
        r.flag("last", c.last);
    }
    void operator()(ehlo::cmd::etrn const& c) const {
        r.text("argument", c.node);
        if (c.option != ehlo::etrn_option::node) r.text("option", c.option == ehlo::etrn_option::queue ? "#" : "@");
    }
    void operator()(ehlo::cmd::atrn const& c) const {
        std::vector<string_view> domains;
        for (string_view const domain : ehlo::domain_list(c.domains)) domains.push_back(domain);
        if (!domains.empty()) r.text("argument", c.domains).list("domains", domains);
    }
    void operator()(ehlo::cmd::xclient const& c) const {
        r.used |= c.tolerated;
        add_parameters(r, c.attributes, [](ehlo::parameter const& p) {
            meaning_of_parameter m;
            m.plain(ehlo::xtext::encoded(*p.value));
            if (p.value == ehlo::attribute_unavailable) m.note = "the proxy does not know";
            if (p.value == ehlo::attribute_tempunavail) m.note = "it could not be looked up now";
            return m;
        });
    }
    template <ehlo::verb V>
    void operator()(ehlo::cmd::no_argument<V> const&) const {}
};

record command_line(string_view item, options const& o, ehlo::syntax const& grammar) {
    string const octets = string(item) + (item.ends_with("\r\n") ? "" : "\r\n");
    ehlo::line_reader reader;
    auto const line = feed(octets, o.chunk, [&](string_view in) {
        return reader.next(in, o.max_line, grammar.tolerate);
    });
    if (line.failed()) return fault(line.error());
    if (line.consumed < item.size()) return fault(ehlo::fail(ehlo::errc::unexpected_argument, line.consumed));
    auto const split = ehlo::split_command(*line, grammar);
    if (!split) return fault(split.error());
    record r = success();
    r.text("verb", ehlo::name(split->verb));
    std::optional<ehlo::failure> const bad = ehlo::visit_command(*split, grammar, describe{r});
    if (bad) {
        record wrong;
        wrong.json("ok", "false").failed(*bad, [&](record& w) {
            bool const known = split->verb != ehlo::verb::unknown;
            if (string_view const said = known ? ehlo::name(split->verb) : split->name; said.empty()) w.json("verb", "\"\"").human("verb", "(none: the line begins with a space)");
            else w.text("verb", said);
            if (!known) w.text("argument", split->arguments);
        });
        wrong.reply(ehlo::reply_for(*bad, split->verb));
        return wrong;
    }
    if (line.consumed == line->size() + 1) r.used |= ehlo::rule::bare_lf_line;
    return r.tolerated(split->tolerated);
}

record path(string_view item, options const&, ehlo::syntax const& grammar) {
    auto const p = ehlo::parse_path(item, ehlo::path_role::any, grammar);
    if (!p) return fault(p.error());
    record r = success();
    add_path(r, *p);
    return r.tolerated(p->tolerated());
}

record mailbox(string_view item, options const&, ehlo::syntax const& grammar) {
    auto const box = ehlo::parse_mailbox(item, grammar);
    if (!box) return fault(box.error());
    string buffer(item.size(), '\0');
    ehlo::writer out(buffer.data(), buffer.size());
    record r = success();
    r.text("local", box->local_part);
    r.text("unquoted", ehlo::write_unquoted(out, box->local_part) ? out.text() : box->local_part);
    if (!box->domain.text.empty()) r.text("host", box->domain.text).text("kind", ehlo::name(box->domain.kind));
    return r.tolerated(box->tolerated);
}

// ------------------------------------------------------------------------------------------------ replies

ehlo::reply_limits limits_of(options const& o) {
    ehlo::reply_limits limits = o.replies;
    limits.tolerate = o.grammar.tolerate;
    return limits;
}

string status_text(ehlo::status s) {
    char buffer[16];
    ehlo::writer out(buffer);
    return ehlo::write_status(out, s) ? string(out.text()) : string();
}

// By the first digit, RFC 5321 4.2.1.
struct class_of_reply {
    string_view name, says;
};
class_of_reply class_of(unsigned code) {
    switch (ehlo::class_of(code)) {
    case ehlo::reply_class::completion: return {"completion", "positive completion"};
    case ehlo::reply_class::intermediate: return {"intermediate", "positive intermediate"};
    case ehlo::reply_class::transient: return {"transient", "transient negative completion"};
    case ehlo::reply_class::permanent: return {"permanent", "permanent negative completion"};
    }
    return {"none", "of no class, which is a refusal"};
}

string reply_json(ehlo::reply_view const& r) {
    string s = "\"code\":" + std::to_string(r.code());
    if (ehlo::meaning(r.code()).empty()) s += ",\"class\":" + json_string(class_of(r.code()).name);
    if (auto const status = r.enhanced()) s += ",\"enhanced\":" + json_string(status_text(*status));
    std::vector<string_view> lines;
    for (string_view const line : r.lines()) lines.push_back(line);
    s += ",\"lines\":" + json_list(lines);
    if (!r.is_plain()) s += ",\"plain\":false";
    if (!r.tolerated().empty()) s += ",\"tolerated\":" + json_list(names_of(r.tolerated()));
    return s;
}

string text_of(ehlo::reply_view const& r) {
    string s;
    for (string_view const line : r.lines()) (s += s.empty() ? "" : "\n") += line;
    return s;
}

string_view colour_of(unsigned code) { return ehlo::is_positive(code) ? green : red; }

// Somebody who pastes a reply of several lines gives as many items.
void add_lines_hint(record& r, string_view item) {
    if (item.find('\n') == string_view::npos) r.human("hint", "each line of input is an item; write a reply as one, with \\r\\n after each of its lines", yellow);
}

record replies(string_view item, options const& o) {
    ehlo::reply_limits const limits = limits_of(o);
    ehlo::reply_reader reader;
    record r;
    string whole;
    size_t used = 0;
    std::optional<ehlo::failure> bad;
    while (!bad) {
        auto const next = feed(item.substr(used), o.chunk, [&](string_view in) { return reader.next(in, limits); });
        if (next.need_more()) break;
        if (next.failed()) {
            bad = ehlo::fail(next.error().code, used + next.error().at);
            break;
        }
        used += next.consumed;
        whole += (whole.empty() ? "{" : ",{") + reply_json(*next) + '}';
        string_view const meaning = ehlo::meaning(next->code());
        r.human("reply", std::to_string(next->code()) + ": " +
                             (meaning.empty() ? string(class_of(next->code()).says) + ", by its first digit" : string(meaning)),
                colour_of(next->code()));
        if (auto const status = next->enhanced()) r.human("enhanced", status_text(*status));
        bool first = true;
        for (string_view const line : next->lines()) {
            r.human(first ? "text" : "", escape(line));
            first = false;
        }
        if (!next->tolerated().empty()) r.human("tolerated", join(names_of(next->tolerated()), ", "), yellow);
    }
    r.json("replies", '[' + whole + ']');
    r.json("rest", bad ? "\"failed\"" : used < item.size() ? "\"need_more\"" : "\"empty\"");
    r.json("consumed", std::to_string(used));
    if (bad) r.failed(*bad);
    else if (item.empty()) r.human("rest", "empty");
    else if (used < item.size()) {
        r.human("rest", item.ends_with('\n') ? "the reply goes on: more is needed" : "no CRLF ends its line: more is needed", yellow);
        add_lines_hint(r, item);
    }
    return r;
}

// ------------------------------------------------------------------------------------------------ PROXY headers

string name_of(ehlo::proxy_tlv_type t) {
    string_view const known = ehlo::name(t);
    return known.empty() ? std::to_string(static_cast<unsigned>(t)) : string(known);
}
void add_tlvs(record& r, string_view key, ehlo::proxy_tlvs const& all) {
    members m;
    for (ehlo::proxy_tlv const t : all) {
        bool const text = t.type != ehlo::proxy_tlv_type::ssl && t.type != ehlo::proxy_tlv_type::crc32c;
        string const shown = text ? escape(t.value) : hex_escape(t.value);
        m.add(name_of(t.type), json_string(shown));
        r.human(name_of(t.type), shown);
    }
    if (!m.json.empty()) r.json(key, m.object());
}

record proxy(string_view item, options const& o) {
    auto const next = feed(item, o.chunk, [](string_view in) { return ehlo::parse_proxy_header(in); });
    record r;
    if (next.failed()) return r.json("ok", "false").failed(next.error()), r;
    if (next.need_more()) return r.json("ok", "false").json("rest", "\"need_more\"").human("rest", "the header goes on: more is needed", yellow), r;
    ehlo::proxy_header const& h = *next;
    r = success();
    r.number("version", h.version).text("family", ehlo::name(h.family));
    if (h.local) r.flag("local", true);
    if (h.datagram) r.flag("datagram", true);
    if (h.family == ehlo::proxy_family::unix_socket) {
        r.text("source", escape(h.source_path)).text("destination", escape(h.destination_path));
    } else if (h.tells()) {
        r.text("source", written([&h](ehlo::writer& w) { return ehlo::write_ip_address(w, h.source); })).number("source_port", h.source_port);
        r.text("destination", written([&h](ehlo::writer& w) { return ehlo::write_ip_address(w, h.destination); })).number("destination_port", h.destination_port);
    }
    add_tlvs(r, "tlvs", h.tlvs);
    if (auto const ssl = h.ssl()) {
        r.flag("tls", ssl->tls()).flag("verified", ssl->verified());
        add_tlvs(r, "ssl", ssl->values);
    }
    return r.number("consumed", next.consumed), r;
}

string words_or_true(string_view parameters) {
    auto const words = cut(parameters, ' ');
    return words.empty() ? "true" : json_list(words);
}

// What a server offers with an extension, as JSON: what the library made of it, or the words as they stand.
string offer(ehlo::ehlo_answer const& a, ehlo::extension e, string_view parameters) {
    auto attributes = [](ehlo::client_attributes set) {
        std::vector<string_view> names;
        for (unsigned i = 0; i < ehlo::client_attribute_count; ++i)
            if (set.has(static_cast<ehlo::client_attribute>(i))) names.push_back(ehlo::client_attribute_names[i]);
        return json_list(names);
    };
    switch (e) {
    case ehlo::extension::size: return a.size ? std::to_string(*a.size) : "true";
    case ehlo::extension::auth: return json_list(cut(a.auth_text, ' '));
    case ehlo::extension::deliver_by: return a.min_by_time ? std::to_string(*a.min_by_time) : "true";
    case ehlo::extension::limits: {
        members m;
        if (a.limits.mail_max) m.add("MAILMAX", std::to_string(*a.limits.mail_max));
        if (a.limits.rcpt_max) m.add("RCPTMAX", std::to_string(*a.limits.rcpt_max));
        if (a.limits.rcpt_domain_max) m.add("RCPTDOMAINMAX", std::to_string(*a.limits.rcpt_domain_max));
        return m.object();
    }
    case ehlo::extension::future_release: {
        if (!a.hold) return "true";
        members m;
        m.add("max_interval", std::to_string(a.hold->max_interval));
        m.add("max_date_time", json_string(written([&](auto& w) { return ehlo::write_date_time(w, a.hold->max_date_time); })));
        return m.object();
    }
    case ehlo::extension::mt_priority: return a.priority_profile.empty() ? "true" : json_string(a.priority_profile);
    case ehlo::extension::no_soliciting: return a.solicitations.empty() ? "true" : json_list(cut(a.solicitations, ','));
    case ehlo::extension::xclient: return attributes(a.xclient);
    case ehlo::extension::xforward: return attributes(a.xforward);
    default: return words_or_true(parameters);
    }
}

record ehlo_answer(string_view item, options const& o) {
    string const octets = string(item) + (item.ends_with('\n') ? "" : "\r\n");
    ehlo::reply_reader reader;
    auto const answer =
        feed(octets, o.chunk, [&, limits = limits_of(o)](string_view in) { return reader.next(in, limits); });
    auto wrong = [](ehlo::failure f) {
        record r;
        r.json("ok", "false").failed(f);
        return r;
    };
    if (answer.need_more()) {
        record r;
        r.json("ok", "false").json("error", "\"need_more\"").json("at", std::to_string(item.size()));
        r.json("blame", "\"malformed\"").human("error", "the reply goes on: more is needed", red);
        add_lines_hint(r, item);
        return r.caret(item.size(), "there should be more");
    }
    if (answer.failed()) return wrong(answer.error());
    auto const offered = ehlo::parse_ehlo_answer(*answer, o.grammar.tolerate);
    if (!offered) return wrong(offered.error());
    if (answer.consumed < item.size()) return wrong(ehlo::fail(ehlo::errc::unexpected_reply, answer.consumed));

    record r = success();
    r.text("domain", offered->domain);
    if (!offered->greet.empty()) r.text("greet", offered->greet);
    std::vector<std::pair<string, string>> capabilities;  // keyword, JSON; of two lines for one keyword the last counts
    std::vector<string_view> passed_over;
    std::vector<record::noted> lines;
    bool first = true;
    for (string_view const line : answer->lines()) {
        if (std::exchange(first, false)) continue;
        ehlo::capability c = ehlo::split_capability(line);
        if (o.grammar.tolerate.has(ehlo::rule::blanks_in_ehlo_answer))
            if (size_t const tab = c.keyword.find('\t'); tab != string_view::npos) c.parameters = line.substr(tab + 1), c.keyword = line.substr(0, tab);
        if (ehlo::istarts_with(line, "AUTH=")) c = {line.substr(0, 4), line.substr(5)};  // as servers of old wrote it
        bool keyword = !c.keyword.empty() && c.keyword[0] != '-';
        for (char const octet : c.keyword) keyword &= ehlo::chars::esmtp_keyword.contains(octet);
        if (!keyword) {
            passed_over.push_back(line);
            continue;
        }
        string const key = in_capitals(c.keyword);
        auto const known = ehlo::find_extension(key);
        string const value = known ? offer(*offered, *known, c.parameters) : words_or_true(c.parameters);
        string note(known ? ehlo::extension_table[static_cast<unsigned>(*known)].rfc : "(unknown to ehlo)");
        if (known == ehlo::extension::size && offered->size == 0u) note += ": no fixed limit";
        lines.push_back({escape(line), note});
        std::erase_if(capabilities, [&](auto const& pair) { return pair.first == key; });
        capabilities.emplace_back(key, value);
    }
    members all;
    for (auto const& [key, value] : capabilities) all.add(key, value);
    r.json("capabilities", all.object()).lines("offers", lines);
    if (!passed_over.empty()) r.list("passed_over", passed_over);
    return r.tolerated(answer->tolerated() | offered->tolerated);
}

// ------------------------------------------------------------------------------------------------ content

ehlo::bare_octets bare_of(options const& o) { return o.bare.value_or(ehlo::bare_octets::reject); }

// Where the decoder first finds a fault: it is given one octet after the other until `found` says so.
template <class Found>
size_t first_place(string_view item, Found found) {
    ehlo::content_decoder decoder;
    size_t used = 0;
    for (size_t given = 1; given <= item.size(); ++given) {
        used += decoder.next(item.substr(used, given - used)).consumed;
        if (found(decoder)) return given - 1;
    }
    return item.size();
}

record content(string_view item, options const& o) {
    ehlo::content_decoder decoder;
    string body;
    bool end = false;
    size_t used = 0, given = 0;
    while (!end) {
        auto const piece = decoder.next(item.substr(used, given - used), bare_of(o));
        used += piece.consumed;
        body += piece.octets;
        end = piece.end;
        if (piece.consumed != 0) continue;
        if (given == item.size()) break;
        given = o.chunk == 0 || item.size() - given < o.chunk ? item.size() : given + o.chunk;
    }
    record r;
    r.json("end", end ? "true" : "false");
    r.human("end", end ? "here" : "not yet: CRLF . CRLF is still to come", end ? green : yellow);
    r.number("consumed", used).wire("body", body);
    r.flag("bare_cr", decoder.bare_cr()).flag("bare_lf", decoder.bare_lf());
    r.flag("nul", decoder.nul()).flag("long_line", decoder.long_line());
    if (!decoder.bare_cr() && !decoder.bare_lf()) return r;
    auto const code = decoder.bare_cr() ? ehlo::errc::bare_cr : ehlo::errc::bare_lf;
    size_t at = first_place(
        item, [&](ehlo::content_decoder const& d) { return decoder.bare_cr() ? d.bare_cr() : d.bare_lf(); });
    if (decoder.bare_cr() && at > 0) --at;  // it takes the octet after a CR to tell that it is bare
    if (bare_of(o) != ehlo::bare_octets::reject) return r.caret(at, ehlo::message(code));
    r.failed(ehlo::fail(code, at));
    return end ? r.reply(ehlo::reply_for(ehlo::fail(code, at), ehlo::verb::data)) : r;
}

record encode(string_view item, options const& o) {
    ehlo::content_encoder encoder(bare_of(o));
    // With --chunk the output comes through a buffer as small as the pieces (2 octets always do).
    std::vector<char> buffer(o.chunk == 0 ? 4096 : o.chunk < 2 ? 2 : o.chunk < 4096 ? o.chunk : 4096);
    string wire;
    size_t used = 0;
    auto flush = [&](ehlo::writer const& out) { wire += out.text(); };
    auto wrong = [&](ehlo::errc code, size_t at) {
        record r;
        r.json("ok", "false").failed(ehlo::fail(code, at));
        return r;
    };
    while (used < item.size()) {
        string_view piece = item.substr(used);
        if (o.chunk != 0) piece = piece.substr(0, o.chunk);
        while (!piece.empty()) {
            ehlo::writer out(buffer.data(), buffer.size());
            auto const taken = encoder.encode(piece, out);
            if (taken.failed()) {
                size_t const at = used + taken.error().at;
                // A CR at the end of one piece is found to be bare when the next one comes.
                bool const before = taken.error().at == 0 && at > 0 && item[at - 1] == '\r';
                return wrong(taken.error().code, before ? at - 1 : at);
            }
            flush(out);
            used += taken.consumed;
            piece.remove_prefix(taken.consumed);
        }
    }
    for (bool done = false; !done;) {
        ehlo::writer out(buffer.data(), buffer.size());
        auto const finished = encoder.finish(out);
        if (finished.failed()) return wrong(finished.error().code, item.size() - 1);
        flush(out);
        done = finished.done();
    }
    return success().wire("wire", wire);
}

// ------------------------------------------------------------------------------------------------ writing

record write(string_view line, options const& o) {
    // Fields are cut at real TABs before escapes are read, so a field can hold one; a line typed with \t only works too.
    bool const real = line.find('\t') != string_view::npos;
    string const whole = unescape(line);
    std::vector<string> fields;
    for (string_view rest = real ? line : string_view(whole);;) {
        size_t const tab = rest.find('\t');
        string_view const part = rest.substr(0, tab);
        fields.push_back(real ? unescape(part) : string(part));
        if (tab == string_view::npos) break;
        rest.remove_prefix(tab + 1);
    }
    auto field = [&](size_t i) { return i < fields.size() ? string_view(fields[i]) : string_view(); };
    string others;
    for (size_t i = 2; i < fields.size(); ++i) others += (others.empty() ? "" : " ") + fields[i];

    std::vector<char> buffer(line.size() * 2 + 1024);
    ehlo::writer out(buffer.data(), buffer.size());
    ehlo::verb const v = ehlo::find_verb(field(0));
    size_t most = 2;
    auto written = [&]() -> ehlo::result<size_t> {
        if (ehlo::iequals(field(0), "REPLY")) {
            most = 4;
            auto const code = ehlo::parse_decimal(field(1), 999);
            if (!code) return ehlo::fail(ehlo::errc::bad_value, 0);
            if (field(2).empty()) return ehlo::write_reply(out, {static_cast<unsigned>(*code), field(3)});
            auto const status = ehlo::parse_status(field(2));
            if (!status) return status.error();
            return ehlo::write_reply(out, {static_cast<unsigned>(*code), *status, field(3)});
        }
        switch (v) {
        case ehlo::verb::helo:
        case ehlo::verb::ehlo:
        case ehlo::verb::lhlo: return ehlo::write_hello(out, v, field(1));
        case ehlo::verb::mail:
        case ehlo::verb::send:
        case ehlo::verb::soml:
        case ehlo::verb::saml: {
            most = fields.size();
            ehlo::mail_options extra;
            extra.others = others;
            return ehlo::write_mail(out, field(1), extra, v);
        }
        case ehlo::verb::rcpt: most = fields.size(); return ehlo::write_rcpt(out, field(1), others, o.grammar);
        case ehlo::verb::vrfy:
        case ehlo::verb::expn:
        case ehlo::verb::help:
        case ehlo::verb::noop:
        case ehlo::verb::verbose: return ehlo::write_argument(out, v, field(1));
        case ehlo::verb::auth: {
            most = 3;
            if (fields.size() < 3) return ehlo::write_auth(out, field(1));
            string_view const initial = field(2) == "=" ? "" : field(2);
            return ehlo::write_auth(out, ehlo::cmd::auth{ehlo::find_mechanism(field(1)), field(1), initial});
        }
        case ehlo::verb::bdat: {
            most = 3;
            auto const size = ehlo::parse_decimal(field(1));
            if (!size) return size.error();
            if (!field(2).empty() && !ehlo::iequals(field(2), "LAST")) return ehlo::fail(ehlo::errc::bad_value, 0);
            return ehlo::write_bdat(out, *size, !field(2).empty());
        }
        case ehlo::verb::burl:
            most = 3;
            if (!field(2).empty() && !ehlo::iequals(field(2), "LAST")) return ehlo::fail(ehlo::errc::bad_value, 0);
            return ehlo::write_burl(out, field(1), !field(2).empty());
        case ehlo::verb::etrn: {
            using enum ehlo::etrn_option;
            auto const option = field(1).starts_with('#') ? queue : field(1).starts_with('@') ? subdomains : node;
            return ehlo::write_etrn(out, option, field(1).substr(option == node ? 0 : 1));
        }
        case ehlo::verb::atrn: return ehlo::write_atrn(out, field(1));
        case ehlo::verb::xclient:
        case ehlo::verb::xforward:
            most = fields.size();
            return ehlo::write_xclient(out, v, string(field(1)) + (others.empty() ? "" : " " + others));
        case ehlo::verb::starttls:
        case ehlo::verb::onex:
        case ehlo::verb::data:
        case ehlo::verb::rset:
        case ehlo::verb::quit:
        case ehlo::verb::turn: most = 1; return ehlo::write_no_argument(out, v);
        case ehlo::verb::unknown: break;
        }
        return ehlo::fail(ehlo::errc::unknown_verb, 0);
    }();
    if (written && fields.size() > most) written = ehlo::fail(ehlo::errc::unexpected_argument, 0);
    if (written) return success().wire("wire", out.text());
    ehlo::errc const code = written.error().code;
    record r;
    r.json("ok", "false")
        .json("error", json_string(ehlo::name(code)))
        .json("blame", json_string(ehlo::name(ehlo::blame_of(code))));
    r.human("error", string(ehlo::name(code)) + ": " + string(ehlo::message(code)), red);
    return r.human("wire", "nothing was written", dim);
}

// ------------------------------------------------------------------------------------------------ dialogues

// Lines of a dialogue for people: "  C: EHLO client.example".
string say(char who, string_view octets, string_view colour, std::optional<size_t> at = {}, string_view note = {},
           bool is_content = false) {
    string const prefix = string("  ") + paint(dim, string(1, who) + ':') + (is_content ? "   " : " ");
    size_t const columns = is_content ? 7 : 5;
    std::vector<string_view> lines;
    do {
        size_t const end = octets.find('\n');
        lines.push_back(octets.substr(0, end == string_view::npos ? octets.size() : end + 1));
        octets.remove_prefix(lines.back().size());
    } while (!octets.empty());
    constexpr size_t head = 12, tail = 3;  // lines of content that are shown
    string s;
    for (size_t i = 0; i < lines.size(); ++i) {
        if (is_content && lines.size() > head + tail + 1 && i == head) {
            i = lines.size() - tail;
            s += "       " + paint(dim, "(" + std::to_string(i - head) + " more lines)") + '\n';
        }
        string_view const line = lines[i];
        auto const start = static_cast<size_t>(line.data() - lines[0].data());
        bool const marked = at && *at >= start && (*at < start + line.size() || i + 1 == lines.size());
        bool const whole = line.ends_with("\r\n");  // any other end of a line is worth seeing
        s += show(prefix, columns,
                  whole && !(marked && *at + 2 > start + line.size()) ? line.substr(0, line.size() - 2) : line,
                  marked ? std::optional(*at - start) : std::nullopt, note, colour);
    }
    return s;
}

// What happened in a session, as the server tells its handler.
struct happening {
    ehlo::answered answer;
    std::optional<std::uint64_t> octets{};
    size_t recipients = 0, recipient = 0;  // how many; which of them the reply to the content is for
    string path{};                         // of that one
    ehlo::end_of_content::subject about = ehlo::end_of_content::subject::message;
    std::uint64_t chunk = 0;               // octets of the chunk that has ended
    string_view mechanism{};               // of an AUTH that succeeded
    size_t secret = string::npos;          // from this octet on the line is not to be shown
};

constexpr bool ends_message(ehlo::event e) { return e == ehlo::event::content_end || e == ehlo::event::last_chunk_end; }
constexpr bool ends_chunk(ehlo::event e) { return e == ehlo::event::chunk_end || e == ehlo::event::last_chunk_end; }

struct accept_all {
    std::vector<happening> log;
    std::optional<std::uint64_t> octets{};
    std::vector<string> recipients{};
    string path{};
    size_t next = 0;
    ehlo::end_of_content::subject about{};
    ehlo::mechanism mechanism = ehlo::mechanism::unknown;
    size_t responses = 0;
    std::uint64_t taken = 0, before = 0;  // octets of the message so far, and of its chunks that have ended
    bool each = false;         // 353 was said
    bool auth_failed = false;  // what comes now may be a password that was sent all the same

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        path = written([&](auto& w) { return ehlo::write_path(w, c.to); });
        return ehlo::replies::recipient_ok;
    }
    ehlo::reply on(ehlo::cmd::vrfy const&) { return ehlo::replies::cannot_verify; }
    ehlo::reply on(ehlo::cmd::starttls const&) { return ehlo::reply::later; }  // until it is known what came with it
    ehlo::reply on(ehlo::cmd::xclient const& c) { return c.verb == ehlo::verb::xclient ? ehlo::reply("220 ESMTP ready") : ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::etrn const&) { return "250 2.0.0 Queuing for the node started"; }

    ehlo::mechanisms mechanisms() const {
        using enum ehlo::mechanism;
        return plain | login | scram_sha_256 | xoauth2;
    }
    ehlo::auth_answer on(ehlo::cmd::auth const& c) {
        mechanism = c.mechanism;
        responses = 0;
        if (c.initial_response) return judge(*c.initial_response);
        return ehlo::challenge{mechanism == ehlo::mechanism::login ? "Username:" : ""};
    }
    ehlo::auth_answer on(ehlo::auth_response const& r) { return judge(r.base64); }
    // Any user, with any password but one.
    ehlo::auth_answer judge(string_view base64) {
        using enum ehlo::mechanism;
        std::vector<char> room(base64.size());
        ehlo::writer w(room.data(), room.size());
        if (!ehlo::decode_base64(w, base64)) return malformed;
        ++responses;
        auto const pass = [](string_view password) { return password == "wrong" ? ehlo::replies::bad_credentials : ehlo::replies::authenticated; };
        if (mechanism == plain) {
            auto const message = ehlo::parse_plain(w.text());
            return message ? pass(message->password) : malformed;
        }
        if (mechanism == login) {
            if (responses == 1) return ehlo::challenge{"Password:"};
            return pass(w.text());
        }
        if (mechanism == xoauth2) {
            auto const message = ehlo::parse_xoauth2(w.text());
            return message ? pass(message->token) : malformed;
        }
        // SCRAM: nothing is stored here that a proof could be compared with.
        if (responses == 1) {
            auto const first = ehlo::parse_scram_client_first(w.text());
            if (!first) return malformed;
            scram = "r=" + string(first->nonce) + "explain,s=c2FsdA==,i=4096";
            return ehlo::challenge{scram};
        }
        if (responses == 2) return ehlo::parse_scram_client_final(w.text()) ? ehlo::auth_answer(ehlo::challenge{"v=AAAA"}) : malformed;
        return ehlo::replies::authenticated;
    }
    static constexpr ehlo::reply malformed = "501 5.5.2 Not a message of this mechanism";
    string scram{};

    void on(ehlo::content const& c) { taken += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content const& end) {
        taken = end.octets;
        octets = end.octets;
        about = end.about;
        using subject = ehlo::end_of_content::subject;
        if (about == subject::message_or_each) return ehlo::replies::each_recipient;
        return each && about == subject::recipient ? ehlo::replies::recipient_ok : ehlo::replies::message_accepted;
    }
    void on(ehlo::abandoned const& what) {
        taken = what.octets;
        octets = what.octets;
    }
    void on(ehlo::answered const& a) {
        using ehlo::event;
        happening h{a};
        bool const accepted = a.sent.accepted();
        if (a.event == event::mail && accepted) {
            recipients.clear();
            taken = before = 0;
        }
        if (ends_chunk(a.event)) h.chunk = taken - std::exchange(before, taken);
        if (a.event == event::rcpt && accepted) recipients.push_back(path);
        if ((a.event == event::data || a.event == event::rcpt) && accepted) next = 0, each = false;
        if (ends_message(a.event)) {
            h.octets = std::exchange(octets, std::nullopt);
            h.recipients = recipients.size();
            h.recipient = next++;
            h.about = std::exchange(about, ehlo::end_of_content::subject::message);
            size_t const whose = h.recipient - (each ? 1 : 0);   // the first was 353
            h.path = whose < recipients.size() ? recipients[whose] : string();
            each = each || a.sent.code == 353;
        }
        if (a.sent.code == 235) h.mechanism = ehlo::name(mechanism);
        if (a.event == event::response || (auth_failed && a.verb == ehlo::verb::unknown)) h.secret = 0;
        else if (a.secret < a.line.size()) h.secret = a.secret;
        if (a.verb == ehlo::verb::auth) auth_failed = !accepted;
        else if (a.verb != ehlo::verb::unknown) auth_failed = false;
        h.answer.line = {};  // of a buffer that moves on
        log.push_back(h);
    }
};

// The size of the chunk that the line which `said` begins with announces.
size_t chunk_size(string_view said, ehlo::syntax const& grammar) {
    string_view line = said.substr(0, said.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto const split = ehlo::split_command(line, grammar);
    if (!split || split->verb != ehlo::verb::bdat) return 0;
    auto const chunk = ehlo::parse_bdat(split->arguments);
    return chunk ? static_cast<size_t>(chunk->size) : 0;
}
// A line without what is not to be shown of it.
string without_secret(string_view said, size_t secret) {
    if (secret >= said.size()) return string(said);
    return string(said.substr(0, secret)) + (secret != 0 ? " " : "") + "[secret]\r\n";
}

// Of a server or a client: where its session is now, and the facts that hold.
template <class Machine>
void tell_state(options const& o, Machine const& machine) {
    if (!o.states) return;
    std::vector<string_view> known;
    for (size_t i = 0; i < ehlo::fact_count; ++i)
        if (machine.knows(static_cast<ehlo::fact>(i))) known.push_back(ehlo::fact_names[i]);
    string_view const state = ehlo::name(machine.where());
    if (o.json) put("{\"event\":\"state\",\"state\":" + json_string(state) + ",\"known\":" + json_list(known) + "}\n");
    else put("     " + paint(dim, "(state: " + string(state) + (known.empty() ? "" : "; " + join(known, ", ")) + ')') + '\n');
}

void tell(options const& o, happening const& h, string_view reply, string_view said) {
    using ehlo::event;
    ehlo::answered const& a = h.answer;
    bool const is_chunk = ends_chunk(a.event) && h.recipient == 0;
    bool const is_message = a.event == event::content_end || (a.event == event::last_chunk_end && (a.sent.accepted() || h.recipient != 0));
    bool const is_recipients = h.about == ehlo::end_of_content::subject::recipient;
    if (o.json) {
        if (a.event == event::greeting) return;
        auto const fault = [&](record& r, bool has_place) {
            if (!a.fault) return;
            r.text("error", ehlo::name(a.fault->code));
            if (has_place) r.number("at", a.fault->at);
            r.text("blame", ehlo::name(ehlo::blame_of(a.fault->code)));
        };
        if (is_chunk) {
            record r;
            r.json("event", "\"chunk\"").number("octets", h.chunk).flag("last", a.event == event::last_chunk_end);
            fault(r, false);
            if (o.at_once && a.early) r.flag("early", true);
            put(r.text("reply", reply).json_line());
            if (!is_message) return;
        }
        record r;
        if (a.event == event::starttls && !a.fault && a.sent.accepted()) r.json("event", "\"starttls\"");
        else if (!h.mechanism.empty()) r.json("event", "\"authenticated\"").text("mechanism", h.mechanism);
        else r.json("event", is_message ? (a.sent.code == 353 ? "\"prdr\"" : is_recipients && !o.lmtp ? "\"recipient\"" : "\"message\"") : a.fault ? "\"refused\"" : "\"command\"");
        if (is_message) {
            if (h.octets && (o.lmtp || !is_recipients)) r.number("octets", *h.octets);
            r.number("recipients", h.recipients);
            if (o.lmtp || is_recipients) r.text("recipient", h.path);
        }
        fault(r, !is_message);
        if (!is_message && h.mechanism.empty() && a.verb != ehlo::verb::unknown) r.text("verb", ehlo::name(a.verb));
        r.tolerated(a.tolerated);
        if (o.at_once && a.early) r.flag("early", true);
        if (!reply.empty()) r.text("reply", reply);
        put(r.json_line());
        return;
    }
    string s;
    if (a.event == event::content_end) {
        if (said == ".\r\n" || said.ends_with("\r\n.\r\n")) said.remove_suffix(3);
        if (!said.empty()) s += say('C', said, "", {}, {}, true);
        if (h.recipient == 0) s += say('C', ".\r\n", blue);
    } else if (a.verb == ehlo::verb::bdat && chunk_size(said, o.grammar) != 0) {
        size_t const line = said.find('\n') + 1;
        std::optional<size_t> at;
        if (a.fault && a.event == event::bdat) at = a.fault->at;
        s += say('C', said.substr(0, line), blue, at, at ? ehlo::message(a.fault->code) : string_view{});
        if (line < said.size()) s += say('C', said.substr(line), a.sent.accepted() ? "" : dim, {}, {}, true);
        if (!a.sent.accepted()) s += "     " + paint(yellow, "(passed over: " + plural(said.size() - line, "octet") + " of a chunk)") + '\n';
    } else if (!said.empty()) {
        std::optional<size_t> at;
        if (a.fault) at = a.fault->at;
        string const shown = without_secret(said, h.secret);
        string_view why = a.fault ? ehlo::message(a.fault->code) : string_view{};
        // Nothing is said where octets in the clear came with a STARTTLS.
        if (a.fault && a.fault->code == ehlo::errc::early_octets && a.sent.code == 0) why = "more came with it, in the clear: not to be trusted";
        if (at && *at > shown.size()) at = shown.size();
        s += say('C', shown, blue, at, why);
    }
    if (!a.tolerated.empty())
        s += "     " + paint(yellow, "(tolerated: " + join(names_of(a.tolerated), ", ") + ')') + '\n';
    if (o.at_once && a.early) s += "     " + paint(yellow, "(the client did not wait for this reply)") + '\n';
    if (is_message && (o.lmtp || is_recipients)) s += "     " + paint(dim, "(for " + escape(h.path) + ')') + '\n';
    put(reply.empty() ? s : s + say('S', reply, colour_of(a.sent.code)));
}

// A server that offers all that a client could want of it, with passwords in the clear: there is no TLS here.
consteval ehlo::policy everything(ehlo::service service) {
    using enum ehlo::extension;
    ehlo::policy p;
    p.service = service;
    p.offers = ehlo::server_extensions - (burl | atrn | turn | verbose | onex | send | soml | saml);
    if (service == ehlo::service::lmtp) p.offers = p.offers - prdr;
    p.max_line = 4096;
    p.mail_modes = true;
    p.clear_text_passwords = true;
    return p;
}
// Values, not template arguments: one server is compiled, not two.
constexpr ehlo::policy smtp_settings = everything(ehlo::service::smtp), lmtp_settings = everything(ehlo::service::lmtp);
static_assert(!ehlo::check(smtp_settings) && !ehlo::check(lmtp_settings));

// An event loop like any other, but that the octets come from a file: give what has come, send what was produced, discard
// what was consumed, do what is wanted. `arrivals` are where what came together ends: after STARTTLS nothing may.
int session(options const& o, string_view input, std::vector<size_t> const& arrivals) {
    ehlo::server_with<> server(o.lmtp ? lmtp_settings : smtp_settings, server_name);
    server.tolerate(o.grammar.tolerate);
    accept_all handler;
    // For people the client's octets are shown beside the reply they get, so they go in one at a time; or all that came at once, and
    // there is room for one reply.
    size_t const chunk = o.at_once ? 0 : o.json && !o.states ? o.chunk : 1;
    size_t const least = server.settings().reply_space;
    std::vector<char> buffer(o.at_once ? least : o.chunk == 0 ? 64 * 1024 : least + o.chunk % 64);
    string sent;
    ehlo::reply_reader reader;
    size_t given = 0, used = 0, shown = 0, messages = 0;
    bool fatal = false;
    for (;;) {
        ehlo::step step = server.advance(input.substr(used, given - used), handler, buffer);
        if (step.want == ehlo::want::reply) {
            // However the octets are given here, those that came together are a single read to a server.
            used += step.consumed;
            sent.append(buffer.data(), step.produced);
            if (given != input.size() && std::find(arrivals.begin(), arrivals.end(), given) == arrivals.end()) ++given;
            (void)server.advance(input.substr(used, given - used), handler, buffer);
            step = server.answer("220 2.0.0 Ready to start TLS", handler, buffer);
        }
        used += step.consumed;
        sent.append(buffer.data(), step.produced);
        size_t parsed = 0;
        for (happening const& h : handler.log) {
            string_view octets;
            if (h.answer.sent.code != 0) {
                auto const reply = reader.next(string_view(sent).substr(parsed));
                if (!reply.ready()) {
                    std::cerr << "explain: the library's server sent what the library's client cannot read\n";
                    return 1;
                }
                parsed += reply.consumed;
                octets = reply->octets();
                octets.remove_suffix(2);
            }
            // Content that came at once with its DATA was read in the same step.
            size_t const end = h.answer.sent.code == 354 ? input.find('\n', shown) + 1 : used;
            tell(o, h, octets, input.substr(shown, end - shown));
            shown = end;
            bool const decides = h.about == ehlo::end_of_content::subject::message_after_each || h.recipient == 0;
            messages += ends_message(h.answer.event) && h.answer.sent.code / 100 == 2 && decides;
            fatal |= h.answer.fault && (h.answer.event == ehlo::event::shutdown || h.answer.event == ehlo::event::lost);
        }
        if (!handler.log.empty()) tell_state(o, server);
        handler.log.clear();
        sent.erase(0, parsed);
        if (step.want == ehlo::want::close) break;
        if (step.want == ehlo::want::tls && step.produced != 0) {
            if (!o.json) put("     " + paint(dim, "(the TLS handshake is taken as done)") + '\n');
            server.secured();
            tell_state(o, server);
            continue;
        }
        if (step.want != ehlo::want::read) {
            if (step.produced != 0 || step.consumed != 0) continue;
            std::cerr << "explain: the server does not go on\n";
            return 1;
        }
        if (given == input.size()) break;
        auto const next = std::upper_bound(arrivals.begin(), arrivals.end(), given);
        size_t const end = next == arrivals.end() ? input.size() : *next;
        given = chunk == 0 || end - given < chunk ? end : given + chunk;
    }
    size_t const unread = input.size() - used;
    if (o.json) {
        record r;
        r.json("event", "\"end\"")
            .text("state", ehlo::name(server.where()))
            .number("messages", messages)
            .flag("fatal", fatal);
        if (unread != 0) r.number("unread", unread);
        put(r.json_line());
        return 0;
    }
    string s;
    if (shown < used || (unread != 0 && server.where() != ehlo::state::closed)) {
        string_view const rest = input.substr(shown);
        bool const secret = server.where() == ehlo::state::exchange || ehlo::istarts_with(rest, "AUTH");
        string const text = secret ? without_secret(rest, server.where() == ehlo::state::exchange ? 0 : (std::min)(rest.size(), size_t{4})) : string(rest);
        s += say('C', text, "", text.size(), "here the client stopped", server.where() == ehlo::state::content);
    }
    s += "\n  " + paint(fatal ? red : bold, "end: state " + string(ehlo::name(server.where())) + ", " +
                                                plural(messages, "message") + " accepted" + (fatal ? ", fatal" : ""));
    if (server.where() == ehlo::state::closed && unread != 0) s += ", " + plural(unread, "octet") + " not read";
    put(s + "\n");
    return 0;
}

// What a small client does, that delivers one message and leaves: it says all it may whenever no reply is due.
class letter_sender {
    options const& o_;
    ehlo::client c_;
    std::vector<char> buffer_;
    std::vector<string_view> to_whom_;
    std::vector<string_view> accepted_;
    size_t said_rcpt_ = 0, heard_rcpt_ = 0, delivered_ = 0, responses_ = 0;
    size_t said_yes_ = 0, heard_each_ = 0;   // PRDR: for so many recipients; replies before the last
    bool said_hello_ = false, said_helo_ = false, said_starttls_ = false, said_auth_ = false, said_mail_ = false, said_data_ = false;
    bool ehlo_unknown_ = false, stuck_ = false;
    ehlo::mechanism mechanism_ = ehlo::mechanism::unknown;
    std::optional<scram_client> scram_;
    string challenge_;
    std::optional<ehlo::errc> lacks_;  // what it will not send mail without
    std::optional<bool> again_;        // after a refusal: whether it should be tried again

    static ehlo::client_settings settings(options const& o) {
        ehlo::client_settings s;
        s.tls = o.tls;
        s.clear_text_passwords = o.tls == ehlo::tls_use::optional;
        s.lmtp = o.lmtp;
        return s;
    }

  public:
    explicit letter_sender(options const& o)
        : o_(o), c_(settings(o)), buffer_(o.chunk == 0 ? 4096 : 512 + o.chunk % 64),
          to_whom_(o.lmtp ? std::vector{recipient, second_recipient} : std::vector{recipient}) {}

    ehlo::client& machine() { return c_; }
    bool over() const { return c_.over() || stuck_; }
    size_t delivered() const { return delivered_; }
    size_t recipients() const { return to_whom_.size(); }
    std::optional<ehlo::errc> lacks() const { return lacks_; }
    std::optional<bool> again() const { return delivered_ == 0 ? again_ : std::nullopt; }
    string_view awaits() const {
        if (c_.awaits() == ehlo::event::hello) return ehlo::name(o_.lmtp ? ehlo::verb::lhlo : ehlo::verb::ehlo);
        return c_.awaits() ? ehlo::name(*c_.awaits()) : string_view();
    }

    void go_on() {
        using ehlo::state, ehlo::extension, ehlo::tls_use;
        ehlo::writer out(buffer_.data(), buffer_.size());
        ehlo::result<size_t> written = size_t{0};
        state const where = c_.where();
        bool const ready = where == state::ready && !lacks_;
        size_t secret = string::npos;
        if (where == state::greeted && !std::exchange(said_hello_, true)) {
            written = c_.hello(out, client_name);
        } else if (where == state::greeted && ehlo_unknown_ && o_.tls == tls_use::required && !lacks_) {
            return give_up(ehlo::errc::not_offered, "STARTTLS: ");
        } else if (where == state::greeted && ehlo_unknown_ && !o_.lmtp && !lacks_ && !std::exchange(said_helo_, true)) {
            written = c_.helo(out, client_name);
        } else if (where == state::handshake) {
            if (!o_.json) put("     " + paint(dim, "(the TLS handshake is taken as done)") + '\n');
            stuck_ = !c_.secured();
            tell_state(o_, c_);
            said_hello_ = said_helo_ = false;
            return;
        } else if (ready && o_.tls != tls_use::optional && c_.offers().has(extension::starttls) && !std::exchange(said_starttls_, true)) {
            written = c_.starttls(out);
        } else if (ready && o_.tls == tls_use::required && !c_.knows(ehlo::fact::tls)) {
            return give_up(said_starttls_ ? ehlo::errc::tls_required : ehlo::errc::not_offered, "STARTTLS: ");
        } else if (ready && o_.auth && !std::exchange(said_auth_, true)) {
            written = authenticate(out);
            if (!written) return give_up(written.error().code, "AUTH: ");
            size_t const space = out.text().find(' ', 5);
            if (space != string_view::npos) secret = space + 1;
        } else if (where == state::exchange) {
            bool shown = false;
            written = respond(out, shown);
            if (!shown) secret = 0;
        } else if (ready && scram_ && c_.knows(ehlo::fact::authenticated) && !scram_->verified()) {
            return give_up(ehlo::errc::not_authenticated, "the server has not shown that it knows the password: ");
        } else if (ready && o_.auth && !c_.knows(ehlo::fact::authenticated)) {
            written = quit(out);
        } else if (ready && !std::exchange(said_mail_, true)) {
            ehlo::mail_options extra;
            if (c_.offers().has(extension::size)) extra.size = letter.size();
            // It is for more recipients than one.
            extra.prdr = c_.offers().has(extension::prdr) && !o_.lmtp;
            if (extra.prdr) to_whom_.push_back(second_recipient);
            written = c_.mail(out, sender, extra);
            if (written && o_.pipeline && c_.offers().has(extension::pipelining)) {
                while (written && said_rcpt_ < to_whom_.size()) written = c_.rcpt(out, to_whom_[said_rcpt_++]);
                if (written && !in_chunks()) {
                    said_data_ = true;
                    written = c_.data(out);
                }
            }
        } else if ((where == state::mail || where == state::rcpt) && said_rcpt_ < to_whom_.size()) {
            written = c_.rcpt(out, to_whom_[said_rcpt_++]);
        } else if (where == state::rcpt && !std::exchange(said_data_, true)) {
            if (in_chunks()) return send_chunk();
            written = c_.data(out);
        } else if (where == state::content) {
            return send_content();
        } else {
            written = quit(out);
        }
        string wire(out.text());
        if (secret < wire.size() && wire.size() - secret > 2) wire.replace(secret, wire.size() - secret - 2, "****");
        sent(wire);
        if (!written) problem(written.error());
    }

    /// Takes note of a reply. Returns the recipient that it is about.
    string_view note(ehlo::client_reply const& r) {
        using ehlo::event;
        if (r.accepted) {
            if (r.to == event::hello || r.to == event::helo || r.to == event::starttls) again_.reset();
        } else if (r.to != event::quit && !(r.to == event::starttls && o_.tls == ehlo::tls_use::if_offered && !c_.over())) {
            again_ = again_.value_or(false) || ehlo::verdict_of(r) == ehlo::verdict::later;
        }
        if (auto const challenge = ehlo::parse_challenge(r.reply)) challenge_ = *challenge;
        if (r.to == event::hello) ehlo_unknown_ = r.reply.code() / 100 == 5;
        if (r.to == event::rcpt) {
            if (r.accepted) accepted_.push_back(to_whom_[heard_rcpt_]);
            ++heard_rcpt_;
        }
        if (!ends_message(r.to)) return {};
        bool const one = o_.lmtp || (r.more && r.reply.code() != 353);
        if (r.more) said_yes_ += one && r.accepted;
        else if (r.accepted) delivered_ += heard_each_ != 0 ? said_yes_ : o_.lmtp ? 1 : accepted_.size();
        heard_each_ += r.more;
        return one && r.recipient < accepted_.size() ? accepted_[r.recipient] : string_view();
    }

  private:
    bool in_chunks() const { return o_.chunking && c_.offers().has(ehlo::extension::chunking); }

    ehlo::result<size_t> quit(ehlo::writer& out) {
        auto const written = c_.quit(out);
        stuck_ = !written;
        return written;
    }
    ehlo::result<size_t> authenticate(ehlo::writer& out) {
        using ehlo::mechanism;
        auto const& [user, secret] = *o_.auth;
        for (mechanism const m : {mechanism::scram_sha_256, mechanism::plain, mechanism::login, mechanism::xoauth2}) {
            if (!c_.offered_mechanisms().has(m)) continue;
            mechanism_ = m;
            if (m == mechanism::scram_sha_256) {
                scram_.emplace(user, secret, o_.nonce.empty() ? string_view(fresh_nonce()) : o_.nonce);
                return c_.auth(out, ehlo::name(m), scram_->first());
            }
            if (m == mechanism::plain) return c_.auth(out, ehlo::sasl::plain{"", user, secret});
            if (m == mechanism::login) return c_.auth(out, m);
            return c_.auth(out, ehlo::sasl::xoauth2{user, secret});
        }
        return ehlo::fail(ehlo::errc::not_offered, 0);
    }
    static string fresh_nonce() {
        constexpr string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::random_device random;
        string nonce;
        while (nonce.size() < 24) nonce += digits[random() % digits.size()];
        return nonce;
    }
    // `shown`: there is no secret in the line.
    ehlo::result<size_t> respond(ehlo::writer& out, bool& shown) {
        size_t const n = responses_++;
        if (mechanism_ == ehlo::mechanism::login && n < 2) return c_.auth_response(out, string_view(n == 0 ? o_.auth->first : o_.auth->second));
        if (scram_) {
            std::optional<string> const answer = scram_->answer(challenge_);
            shown = !answer || answer->empty();
            return answer ? c_.auth_response(out, string_view(*answer)) : c_.auth_cancel(out);
        }
        shown = true;
        // XOAUTH2 says what is wrong in a challenge, which wants an empty answer.
        if (mechanism_ == ehlo::mechanism::xoauth2 && n == 0) return c_.auth_response(out, string_view());
        return c_.auth_cancel(out);
    }
    void give_up(ehlo::errc why, string_view with) {
        lacks_ = why;
        problem({why, 0}, with);
    }

    void sent(string_view wire, string_view line = {}) const {
        if (wire.empty() && line.empty()) return;
        if (o_.json) {
            record r;
            put(r.json("event", "\"send\"").wire("wire", string(line) + string(wire)).json_line());
        } else {
            put(say('C', line.empty() ? wire : line, blue) + (line.empty() ? "" : say('C', wire, "", {}, {}, true)));
        }
    }
    void problem(ehlo::failure f, string_view with = "") const {
        if (o_.json) {
            record r;
            r.json("event", "\"error\"").text("error", ehlo::name(f.code)).text("blame", ehlo::name(ehlo::blame_of(f.code)));
            put(r.json_line());
            return;
        }
        put("     " + paint(red, "(" + string(with) + string(ehlo::name(f.code)) + ": " + string(ehlo::message(f.code)) + ')') + '\n');
    }
    // With --chunk content goes in in small pieces, and out through a small buffer.
    bool give(string_view octets, string& wire) {
        while (!octets.empty()) {
            ehlo::writer out(buffer_.data(), o_.chunk == 0 ? buffer_.size() : 2);
            auto const taken = c_.content(octets.substr(0, o_.chunk == 0 ? octets.size() : o_.chunk), out);
            if (taken.failed()) return problem(taken.error()), false;
            wire += out.text();
            octets.remove_prefix(taken.consumed);
        }
        return true;
    }
    void send_content() {
        string wire;
        // Without an accepted recipient nothing may be sent but the end (RFC 2920 3.1).
        if (!give(c_.recipients() != 0 ? letter : string_view(), wire)) return;
        for (bool done = false; !done;) {
            ehlo::writer out(buffer_.data(), o_.chunk == 0 ? buffer_.size() : 2);
            auto const finished = c_.end_content(out);
            if (finished.failed()) return problem(finished.error());
            wire += out.text();
            done = finished.done();
        }
        if (o_.json) return sent(wire);
        size_t const end = wire.size() - 3;
        put((end == 0 ? "" : say('C', string_view(wire).substr(0, end), "", {}, {}, true)) + say('C', string_view(wire).substr(end), blue));
    }
    void send_chunk() {
        ehlo::writer out(buffer_.data(), buffer_.size());
        auto const written = c_.bdat(out, letter.size(), true);
        if (!written) return problem(written.error());
        string const line(out.text());
        string wire;
        if (give(letter, wire)) sent(wire, line);
    }
};

// The server's octets come from a file: each reply is read when it is asked for, but for one that --early names.
// `arrivals` are where what came together ends: after the 220 to STARTTLS nothing may.
int client(options const& o, string_view input, std::vector<size_t> const& arrivals) {
    letter_sender who(o);
    ehlo::client& c = who.machine();
    std::optional<ehlo::failure> bad;
    size_t given = 0, used = 0, heard = 0;
    while (!who.over()) {
        bool const together = c.where() == ehlo::state::handshake && used != input.size() &&
                        std::find(arrivals.begin(), arrivals.end(), used) == arrivals.end();
        bool const unasked = !c.awaits() && (together || o.early == heard) && used != input.size();
        if (!c.awaits() && !unasked) {
            who.go_on();
            continue;
        }
        string_view const to = who.awaits();
        auto const got = c.receive(input.substr(used, given - used), limits_of(o));
        if (got.need_more()) {
            if (given == input.size()) break;
            size_t const line = input.find('\n', given);
            size_t const end = line == string_view::npos ? input.size() : line + 1;
            given = o.chunk == 0 || end - given < o.chunk ? end : given + o.chunk;
            continue;
        }
        if (got.failed()) {
            bad = got.error();
            break;
        }
        used += got.consumed;
        ++heard;
        string_view const whose = who.note(*got);
        string_view const about = !unasked ? to : got->to == ehlo::event::shutdown ? "shutdown" : "content";
        if (o.json) {
            string more = whose.empty() || unasked ? "" : ",\"recipient\":" + json_string(whose);
            if (unasked) more += ",\"text\":" + json_string(text_of(got->reply));
            put("{\"event\":\"reply\",\"to\":" + json_string(about) + more + ',' + reply_json(got->reply) + "}\n");
        } else {
            if (unasked) put("     " + paint(yellow, "(nobody asked: the server gives up)") + '\n');
            else if (!whose.empty()) put("     " + paint(dim, "(for " + string(whose) + ')') + '\n');
            put(say('S', got->reply.octets(), colour_of(got->reply.code())));
        }
        tell_state(o, c);
    }

    auto const lacks = who.lacks();
    size_t const unread = input.size() - used;
    if (o.json) {
        record r;
        r.json("event", "\"end\"")
            .flag("delivered", who.delivered() != 0)
            .text("state", ehlo::name(c.where()))
            .flag("fatal", bad || lacks);
        if (who.again()) r.flag("again", *who.again());
        if (lacks && !bad) r.text("error", ehlo::name(*lacks)).text("blame", ehlo::name(ehlo::blame_of(*lacks)));
        if (bad)
            r.text("error", ehlo::name(bad->code))
                .number("at", used + bad->at)
                .text("blame", ehlo::name(ehlo::blame_of(bad->code)));
        if (c.awaits()) r.text("awaits", ehlo::name(*c.awaits()));
        if (unread != 0) r.number("unread", unread);
        put(r.json_line());
        return 0;
    }
    string s;
    if (bad) s += say('S', input.substr(used), "", bad->at, ehlo::message(bad->code));
    else if (unread != 0 && !c.over()) s += say('S', input.substr(used), "", unread, "here the server stopped");
    string result = who.delivered() != 0 ? "delivered" : "not delivered";
    if (who.recipients() > 1 && who.delivered() != 0) result += " to " + std::to_string(who.delivered()) + " of " + plural(who.recipients(), "recipient");
    if (who.again()) result += *who.again() ? ", to be tried again" : ", refused for good";
    s += "\n  " + paint(who.delivered() != 0 ? green : red, result) + "; end: state " + string(ehlo::name(c.where()));
    if (bad) s += ", " + paint(red, "fatal: " + string(ehlo::name(bad->code)));
    else if (lacks) s += ", " + paint(red, "fatal: " + string(ehlo::name(*lacks)) + ", so no mail");
    if (c.awaits()) s += ", waiting for the answer to: " + string(ehlo::name(*c.awaits()));
    if (c.over() && !bad && unread != 0) s += ", " + plural(unread, "octet") + " not read";
    put(s + "\n");
    return 0;
}

// ------------------------------------------------------------------------------------------------ the table

int table(options const& o) {
    order_table::paper const as = o.json ? order_table::paper::json : o.dot ? order_table::paper::dot : o.mermaid ? order_table::paper::mermaid : order_table::paper::text;
    put(order_table::print(as, [](string_view text) { return paint(bold, text); }));
    return 0;
}

// ------------------------------------------------------------------------------------------------ the reference

// What the library's own tables do not hold, a row for each enumerator.
struct verb_row {
    ehlo::verb verb;
    string_view rfc, form, type, parser, writer;
};
constexpr verb_row verb_rows[] = {
    {ehlo::verb::unknown, "", "", "", "", ""},
    {ehlo::verb::helo, "RFC 5321 4.1.1.1", "HELO SP domain", "hello", "hello", "hello"},
    {ehlo::verb::ehlo, "RFC 5321 4.1.1.1", "EHLO SP domain", "hello", "hello", "hello"},
    {ehlo::verb::mail, "RFC 5321 4.1.1.2", "MAIL FROM:path [ SP parameters ]", "mail", "mail", "mail"},
    {ehlo::verb::rcpt, "RFC 5321 4.1.1.3", "RCPT TO:path [ SP parameters ]", "rcpt", "rcpt", "rcpt"},
    {ehlo::verb::data, "RFC 5321 4.1.1.4", "DATA", "data", "no_argument", "no_argument"},
    {ehlo::verb::rset, "RFC 5321 4.1.1.5", "RSET", "rset", "no_argument", "no_argument"},
    {ehlo::verb::noop, "RFC 5321 4.1.1.9", "NOOP [ SP string ]", "noop", "noop", "argument"},
    {ehlo::verb::quit, "RFC 5321 4.1.1.10", "QUIT", "quit", "no_argument", "no_argument"},
    {ehlo::verb::vrfy, "RFC 5321 4.1.1.6, RFC 6531 3.7.4.2", "VRFY SP string [ SP SMTPUTF8 ]", "vrfy", "vrfy", "argument"},
    {ehlo::verb::expn, "RFC 5321 4.1.1.7, RFC 6531 3.7.4.2", "EXPN SP string [ SP SMTPUTF8 ]", "vrfy", "vrfy", "argument"},
    {ehlo::verb::help, "RFC 5321 4.1.1.8", "HELP [ SP string ]", "noop", "noop", "argument"},
    {ehlo::verb::send, "RFC 821 3.4", "SEND FROM:path", "mail", "mail", "mail"},
    {ehlo::verb::soml, "RFC 821 3.4", "SOML FROM:path", "mail", "mail", "mail"},
    {ehlo::verb::saml, "RFC 821 3.4", "SAML FROM:path", "mail", "mail", "mail"},
    {ehlo::verb::turn, "RFC 821 3.8", "TURN", "turn", "no_argument", "no_argument"},
    {ehlo::verb::lhlo, "RFC 2033 4.1", "LHLO SP domain", "hello", "hello", "hello"},
    {ehlo::verb::starttls, "RFC 3207 4", "STARTTLS", "starttls", "no_argument", "no_argument"},
    {ehlo::verb::auth, "RFC 4954 4", "AUTH SP mechanism [ SP ( base64 / \"=\" ) ]", "auth", "auth", "auth"},
    {ehlo::verb::bdat, "RFC 3030 2", "BDAT SP size [ SP LAST ]", "bdat", "bdat", "bdat"},
    {ehlo::verb::burl, "RFC 4468 3.2", "BURL SP url [ SP LAST ]", "burl", "burl", "burl"},
    {ehlo::verb::etrn, "RFC 1985 5", "ETRN SP [ \"@\" / \"#\" ] node", "etrn", "etrn", "etrn"},
    {ehlo::verb::atrn, "RFC 2645 5.2.1", "ATRN [ SP domain *( \",\" domain ) ]", "atrn", "atrn", "atrn"},
    {ehlo::verb::xclient, "Postfix", "XCLIENT 1*( SP attribute=xtext )", "xclient", "xclient", "xclient"},
    {ehlo::verb::xforward, "Postfix", "XFORWARD 1*( SP attribute=xtext )", "xclient", "xclient", "xclient"},
    {ehlo::verb::verbose, "sendmail", "VERB [ SP string ]", "noop", "noop", "argument"},
    {ehlo::verb::onex, "sendmail", "ONEX", "onex", "no_argument", "no_argument"},
};

struct parameter_row {
    ehlo::parameter_id id;
    string_view value, accessor, type;
};
constexpr parameter_row parameter_rows[] = {
    {ehlo::parameter_id::size, "1*20DIGIT", "size", "std::uint64_t"},
    {ehlo::parameter_id::body, "7BIT / 8BITMIME / BINARYMIME", "body", "body"},
    {ehlo::parameter_id::smtputf8, "", "smtputf8", "bool"},
    {ehlo::parameter_id::ret, "FULL / HDRS", "ret", "ret"},
    {ehlo::parameter_id::envid, "xtext", "envid", "xtext"},
    {ehlo::parameter_id::auth, "xtext of a mailbox, or <>", "auth", "xtext"},
    {ehlo::parameter_id::by, "[ \"-\" / \"+\" ] 1*9DIGIT \";\" ( N / R ) [ T ]", "by", "deliver_by"},
    {ehlo::parameter_id::holdfor, "1*9DIGIT, seconds", "holdfor", "std::uint32_t"},
    {ehlo::parameter_id::holduntil, "date-time in UTC", "holduntil", "date_time"},
    {ehlo::parameter_id::mt_priority, "-9 to 9", "mt_priority", "int"},
    {ehlo::parameter_id::mtrk, "certifier [ \":\" 1*9DIGIT ]", "mtrk", "tracking"},
    {ehlo::parameter_id::solicit, "word *( \",\" word )", "solicit", "solicitations"},
    {ehlo::parameter_id::submitter, "xtext of a mailbox", "submitter", "xtext"},
    {ehlo::parameter_id::requiretls, "", "requiretls", "bool"},
    {ehlo::parameter_id::conperm, "", "conperm", "bool"},
    {ehlo::parameter_id::prdr, "", "prdr", "bool"},
    {ehlo::parameter_id::transid, "<token@token>", "transid", "transaction_id"},
    {ehlo::parameter_id::notify, "NEVER, or some of SUCCESS,FAILURE,DELAY", "notify", "notify"},
    {ehlo::parameter_id::orcpt, "type \";\" ( xtext / utf-8-enc-addr )", "orcpt", "original_recipient"},
    {ehlo::parameter_id::rrvs, "date-time [ \";\" ( C / R ) ]", "rrvs", "valid_since"},
    {ehlo::parameter_id::conneg, "", "conneg", "bool"},
    {ehlo::parameter_id::alt_address, "xtext of a mailbox in ASCII", "alt_address", "xtext"},
    {ehlo::parameter_id::utf8reply, "", "", ""},
};

struct rule_row {
    ehlo::rule rule;
    string_view example, says;
};
constexpr rule_row rule_rows[] = {
    {ehlo::rule::bare_lf_line, "NOOP\\n", "LF alone ends a command line"},
    {ehlo::rule::space_after_colon, "MAIL FROM: <a@b>", "spaces between the colon and the path"},
    {ehlo::rule::missing_brackets, "MAIL FROM:a@b", "a path without its brackets"},
    {ehlo::rule::missing_domain, "RCPT TO:<drozd>", "a mailbox without a domain"},
    {ehlo::rule::spaces_in_route, "RCPT TO:<@A, @B: c@d>", "spaces in a source route"},
    {ehlo::rule::ipv6_single_group, "RCPT TO:<a@[IPv6:1:2:3:4:5:6:7::]>", "\"::\" for one group of zeros"},
    {ehlo::rule::underscore_in_domain, "RCPT TO:<a@b_c.example>", "an underscore in a domain"},
    {ehlo::rule::trailing_dot, "RCPT TO:<a@b.example.>", "a dot at the end of a domain"},
    {ehlo::rule::loose_dots, "RCPT TO:<a..b@c>", "dots anywhere in a local part"},
    {ehlo::rule::utf8_without_smtputf8, "RCPT TO:<j\u00f6rg@c>", "UTF-8 where SMTPUTF8 was not asked for"},
    {ehlo::rule::spaces_after_verb, "HELO  usc.edu", "more than one space between verb and argument"},
    {ehlo::rule::text_after_hello, "EHLO [192.0.2.1] relay 7", "text after the name in EHLO, HELO and LHLO"},
    {ehlo::rule::mixed_reply_codes, "250-a\\r\\n251 b", "the lines of a reply carry different codes; the last counts"},
    {ehlo::rule::tab_after_colon, "MAIL FROM:\\t<a@b>", "tabs between the colon and the path"},
    {ehlo::rule::space_before_colon, "MAIL FROM :<a@b>", "spaces before the colon"},
    {ehlo::rule::spaces_between_parameters, "MAIL FROM:<a@b>  SIZE=1", "more than one space before a parameter"},
    {ehlo::rule::lower_case_hexchar, "MAIL FROM:<a@b> ENVID=a+2b", "lower-case digits in the xtext of RFC 3461"},
    {ehlo::rule::auth_not_a_mailbox, "MAIL FROM:<a@b> AUTH=test", "any xtext as the AUTH parameter of MAIL"},
    {ehlo::rule::any_hello_name, "EHLO [::1]", "any name, or none, in EHLO, HELO and LHLO"},
    {ehlo::rule::blanks_in_ehlo_answer, "250-a\\r\\n250 SIZE  1000", "spaces and tabs around parameters in the answer to EHLO"},
    {ehlo::rule::dovecot_xclient, "XCLIENT SESSION=a TTL=5", "the attributes of Dovecot's XCLIENT"},
    {ehlo::rule::repeated_attribute, "XCLIENT HELO=a HELO=b", "an attribute of XCLIENT or XFORWARD twice; the last counts"},
    {ehlo::rule::empty_line_between_replies, "\\r\\n250 a", "an empty line before a reply; it is passed over"},
    {ehlo::rule::bare_lf_reply, "250 a\\n", "LF alone ends a line of a reply"},
    {ehlo::rule::controls_in_reply, "250 a\\rb", "CR alone, or NUL, in a line of a reply; it is of the text"},
    {ehlo::rule::odd_reply_separator, "250: a", "any octet between code and text; the line is the last one"},
    {ehlo::rule::odd_reply_code, "950 a", "any three digits as a code; what does not begin with 2 or 3 is a refusal"},
    {ehlo::rule::wide_orcpt, "RCPT TO:<a@b> ORCPT=rfc822;+C3+B6@b", "octets over 127 in an ORCPT whose type is not utf-8"},
};

template <class Rows, class Key>
consteval bool in_order(Rows const& rows, size_t count, Key key) {
    size_t i = 0;
    for (auto const& row : rows)
        if (static_cast<size_t>(row.*key) != i++) return false;
    return i == count;
}
static_assert(in_order(verb_rows, ehlo::verb_count, &verb_row::verb), "verb_rows lacks a verb, or one is out of place");
static_assert(in_order(parameter_rows, ehlo::parameter_count, &parameter_row::id), "parameter_rows lacks a parameter");
static_assert(in_order(rule_rows, ehlo::rule_count, &rule_row::rule), "rule_rows lacks a rule");
// What stands in them must be what the parsers say.
static_assert([] {
    for (parameter_row const& row : parameter_rows)
        if (row.value.empty() == ehlo::facts(row.id).has_value) return false;
    return true;
}(), "a parameter has a value, and its row does not say which, or the other way round");

// The enumerators of ehlo::extension. A name that is none does not compile, nor a list that is not all of them in order.
#define EACH_EXTENSION(X)                                                                                              \
    X(size) X(eight_bit_mime) X(pipelining) X(enhanced_status_codes) X(smtputf8) X(help) X(vrfy) X(expn) X(chunking)    \
    X(binary_mime) X(dsn) X(starttls) X(auth) X(deliver_by) X(future_release) X(mt_priority) X(rrvs) X(require_tls)     \
    X(limits) X(mtrk) X(no_soliciting) X(conperm) X(conneg) X(burl) X(checkpoint) X(etrn) X(atrn) X(submitter)          \
    X(utf8smtp) X(send) X(soml) X(saml) X(turn) X(verbose) X(onex) X(xclient) X(xforward) X(prdr)
#define EXTENSION_ROW(NAME) {ehlo::extension::NAME, #NAME},
struct extension_row {
    ehlo::extension code;
    string_view name;
};
constexpr extension_row extension_rows[] = {EACH_EXTENSION(EXTENSION_ROW)};
#undef EXTENSION_ROW
#undef EACH_EXTENSION
static_assert(in_order(extension_rows, ehlo::extension_count, &extension_row::code), "an extension is missing");

// A table of Markdown that can be folded away.
class markdown_table {
    string text_;

    static string cell(string_view text) {
        string s;
        for (char const c : text) (c == '|' ? s += '\\' : s) += c;
        return s;
    }

  public:
    markdown_table(string_view title, size_t count, std::vector<string_view> const& head) {
        text_ = "<details>\n<summary>" + string(title) + " (" + std::to_string(count) + ")</summary>\n\n";
        row({head.begin(), head.end()});
        for (size_t i = 0; i < head.size(); ++i) text_ += i == 0 ? "|---|" : "---|";
        text_ += '\n';
    }
    markdown_table& row(std::vector<string> const& cells) {
        text_ += '|';
        for (string const& c : cells) text_ += c.empty() ? " |" : ' ' + cell(c) + " |";
        text_ += '\n';
        return *this;
    }
    string end() const { return text_ + "\n</details>\n\n"; }
};

string code(string_view text) { return text.empty() ? string() : '`' + string(text) + '`'; }

// What is told of an error: the reply to it, and to which verbs it is another one.
std::vector<string> error_row(ehlo::errc_facts const& e) {
    auto reply = [&e](ehlo::verb v) {
        ehlo::reply const r = ehlo::reply_for({e.code, 0}, v);
        return std::to_string(r.code) + ' ' + status_text(r.enhanced);
    };
    string const usual = reply(ehlo::verb::unknown);
    std::vector<std::pair<string, string>> others;  // reply, verbs
    for (verb_row const& v : verb_rows) {
        string const now = reply(v.verb);
        if (now == usual) continue;
        auto known = others.begin();
        while (known != others.end() && known->first != now) ++known;
        if (known == others.end()) others.emplace_back(now, ehlo::name(v.verb));
        else known->second += ", " + string(ehlo::name(v.verb));
    }
    string elsewhere;
    for (auto const& [text, verbs] : others) elsewhere += (elsewhere.empty() ? "" : "; ") + text + " to " + verbs;
    bool const of_commands = usual != reply_text(ehlo::replies::try_later).substr(0, usual.size());  // 451 is for all the rest
    return {code(e.name), string(ehlo::name(e.whose)), string(e.message), of_commands ? usual : string(), elsewhere};
}

string reference() {
    string s;
    markdown_table verbs("Verbs", ehlo::verb_count - 1, {"verb", "defined in", "form", "type", "read by", "written by"});
    for (verb_row const& v : std::span(verb_rows).subspan(1))
        verbs.row({string(ehlo::name(v.verb)), string(v.rfc), code(v.form), code("cmd::" + string(v.type)),
                   code("parse_" + string(v.parser)), code("write_" + string(v.writer))});
    s += verbs.end();

    markdown_table parameters("Parameters of commands", ehlo::parameter_count,
                              {"keyword", "of", "value", "longest", "defined in", "EHLO keyword", "accessor", "type"});
    for (parameter_row const& p : parameter_rows) {
        ehlo::parameter_facts const& f = ehlo::facts(p.id);
        string of;
        for (auto const& [takes, command] : {std::pair{f.mail, "MAIL"}, {f.rcpt, "RCPT"}, {f.vrfy, "VRFY, EXPN"}})
            if (takes) of += (of.empty() ? "" : ", ") + string(command);
        parameters.row({string(f.keyword), of, code(p.value), f.has_value ? std::to_string(f.max_length) : "", string(f.rfc),
                        string(f.extension) + (f.also.empty() ? "" : ", ") + string(f.also),
                        p.accessor.empty() ? string() : code(string(p.accessor) + "()"), code(p.type)});
    }
    s += parameters.end();

    markdown_table keywords("EHLO keywords", ehlo::extension_count,
                            {"keyword", "defined in", "what may follow", "`extension::`"});
    for (ehlo::extension_facts const& e : ehlo::extension_table)
        keywords.row({string(e.keyword), string(e.rfc), code(e.parameters),
                      code(extension_rows[static_cast<unsigned>(e.code)].name)});
    s += keywords.end();

    markdown_table replies("Reply codes", std::size(ehlo::reply_meanings), {"code", "meaning"});
    for (ehlo::reply_meaning const& r : ehlo::reply_meanings) replies.row({std::to_string(r.code), string(r.meaning)});
    s += replies.end();

    markdown_table statuses("Enhanced status codes", std::size(ehlo::status_meanings), {"code", "meaning"});
    for (ehlo::status_meaning const& m : ehlo::status_meanings)
        statuses.row({"X." + std::to_string(m.subject) + '.' + std::to_string(m.detail), string(m.meaning)});
    s += statuses.end();

    markdown_table errors("Errors", std::size(ehlo::errc_table), {"`errc::`", "blame", "message", "reply", "but"});
    for (ehlo::errc_facts const& e : ehlo::errc_table) errors.row(error_row(e));
    s += errors.end();

    markdown_table rules("Rules of leniency", ehlo::rule_count, {"`rule::`", "tolerates", "example"});
    for (rule_row const& r : rule_rows) rules.row({code(ehlo::name(r.rule)), string(r.says), code(r.example)});
    return s + rules.end();
}

// ------------------------------------------------------------------------------------------------ the command line

ehlo::leniency rules_named(string_view list) {
    ehlo::leniency rules;
    for (bool more = true; more;) {
        size_t const comma = list.find(',');
        string_view const name = list.substr(0, comma);
        more = comma != string_view::npos;
        if (more) list.remove_prefix(comma + 1);
        unsigned i = 0;
        while (i < ehlo::rule_count && ehlo::rule_names[i] != name) ++i;
        if (i == ehlo::rule_count)
            misused("no leniency rule is named '" + string(name) + "'; there are:\n  " +
                    join(names_of(ehlo::leniency::all()), "\n  "));
        rules |= static_cast<ehlo::rule>(i);
    }
    return rules;
}

// The limits that can be set, and where they mean something.
struct limit_option {
    string_view name;
    std::uint64_t most;
    void (*set)(options&, std::uint64_t);
    bool (*is_for)(mode);
    string_view modes;
};
constexpr auto of_addresses = [](mode m) { return m == mode::command || m == mode::path || m == mode::mailbox; };
constexpr auto of_lines = [](mode m) { return m == mode::command; };
constexpr auto of_replies = [](mode m) { return m == mode::reply || m == mode::ehlo || m == mode::client; };
template <class Integer>
constexpr std::uint64_t most = std::numeric_limits<Integer>::max();
template <auto Part, auto Limit>
void set_limit(options& o, std::uint64_t n) {
    auto& limit = o.*Part.*Limit;
    limit = static_cast<std::remove_reference_t<decltype(limit)>>(n);
}
constexpr limit_option limit_options[] = {
    {"--max-local-part", most<std::uint16_t>, set_limit<&options::grammar, &ehlo::syntax::max_local_part>, of_addresses, "command, path and mailbox"},
    {"--max-domain", most<std::uint16_t>, set_limit<&options::grammar, &ehlo::syntax::max_domain>, of_addresses, "command, path and mailbox"},
    {"--max-path", most<std::uint16_t>, set_limit<&options::grammar, &ehlo::syntax::max_path>, of_addresses, "command, path and mailbox"},
    {"--max-line", most<std::uint32_t>, [](options& o, std::uint64_t n) { o.max_line = static_cast<std::uint32_t>(n); }, of_lines, "command"},
    {"--max-reply-line", most<std::uint32_t>, set_limit<&options::replies, &ehlo::reply_limits::line>, of_replies, "reply, ehlo and client"},
    {"--max-reply", most<std::uint32_t>, set_limit<&options::replies, &ehlo::reply_limits::total>, of_replies, "reply, ehlo and client"},
    {"--max-reply-lines", most<std::uint16_t>, set_limit<&options::replies, &ehlo::reply_limits::lines>, of_replies, "reply, ehlo and client"},
};

options parse_arguments(std::vector<string_view> const& arguments) {
    options o;
    std::vector<string_view> words;
    string_view client_only, session_only, dialogue_only, states_only, table_only;
    std::vector<limit_option const*> limits;
    bool only_words = false;
    for (string_view const argument : arguments) {
        if (only_words || argument == "-" || !argument.starts_with('-')) {
            words.push_back(argument);
            continue;
        }
        size_t const equals = argument.find('=');
        string_view const name = argument.substr(0, equals);
        std::optional<string_view> value;
        if (equals != string_view::npos) value = argument.substr(equals + 1);
        auto is = [&](string_view option) {
            if (name != option) return false;
            if (value) misused(string(option) + " takes no value");
            return true;
        };
        if (is("--")) only_words = true;
        else if (is("--help") || is("-h")) put(string(help)), std::exit(0);
        else if (is("--version")) put("explain (ehlo " + string(ehlo::version) + ")\n"), std::exit(0);
        else if (is("--json")) o.json = true;
        else if (is("--smtputf8")) o.grammar.smtputf8 = true;
        else if (is("--lmtp")) o.lmtp = true, dialogue_only = name;
        else if (is("--pipeline")) o.pipeline = true, client_only = name;
        else if (is("--chunking")) o.chunking = true, client_only = name;
        else if (is("--at-once")) o.at_once = true, session_only = name;
        else if (is("--states")) o.states = true, states_only = name;
        else if (is("--dot")) o.dot = true, table_only = name;
        else if (is("--mermaid")) o.mermaid = true, table_only = name;
        else if (name == "--lenient") o.grammar.tolerate = value ? rules_named(*value) : ehlo::leniency::all();
        else if (name == "--chunk") {
            auto const n = ehlo::parse_decimal(value.value_or(""), 1u << 30);
            if (!n || *n == 0) misused("--chunk=N takes a number of octets, at least 1");
            o.chunk = static_cast<size_t>(*n);
        } else if (name == "--bare") {
            if (value == "reject") o.bare = ehlo::bare_octets::reject;
            else if (value == "normalize") o.bare = ehlo::bare_octets::normalize;
            else if (value == "pass") o.bare = ehlo::bare_octets::pass;
            else misused("--bare is reject, normalize or pass");
        } else if (name == "--tls") {
            client_only = name;
            if (value != "none" && value != "may" && value != "must") misused("--tls is none, may or must");
            o.tls = value == "none"  ? ehlo::tls_use::optional
                    : value == "may" ? ehlo::tls_use::if_offered
                                     : ehlo::tls_use::required;
        } else if (name == "--auth") {
            client_only = name;
            size_t const colon = value.value_or("").find(':');
            if (colon == string_view::npos || colon == 0) misused("--auth=USER:SECRET takes a user and a secret");
            o.auth.emplace(value->substr(0, colon), value->substr(colon + 1));
        } else if (name == "--nonce") {
            client_only = name;
            o.nonce = value.value_or("");
            if (o.nonce.empty() || o.nonce.find(',') != string_view::npos) misused("--nonce=TEXT takes printable octets without a comma");
        } else if (name == "--early") {
            client_only = name;
            auto const n = ehlo::parse_decimal(value.value_or(""), 1u << 30);
            if (!n) misused("--early=N takes the number of a reply, counted from 0");
            o.early = static_cast<size_t>(*n);
        } else if (auto const* const limit = std::find_if(std::begin(limit_options), std::end(limit_options),
                                                          [&](limit_option const& l) { return l.name == name; });
                   limit != std::end(limit_options)) {
            auto const n = ehlo::parse_decimal(value.value_or(""), limit->most);
            if (!n) misused(string(name) + "=N takes a number, at most " + std::to_string(limit->most));
            limit->set(o, *n);
            limits.push_back(limit);
        } else misused("there is no option " + string(name));
    }
    if (words.empty()) misused("which mode?");
    bool found = false;
    for (auto const& [name, m] : mode_names)
        if (name == words[0]) {
            o.what = m;
            found = true;
        }
    if (!found) misused("there is no mode '" + string(words[0]) + "'");
    bool const reads = o.what != mode::table && o.what != mode::reference;
    if (o.what == mode::watch) o.files.assign(words.begin() + 1, words.end());
    else if (words.size() > (reads ? 2u : 1u)) misused("too many arguments: '" + string(words.back()) + "'");
    if (words.size() == 2) o.file = words[1];
    if (o.what != mode::session && !session_only.empty()) misused(string(session_only) + " is for session mode");
    if (o.what != mode::client && !client_only.empty()) misused(string(client_only) + " is for client mode");
    if (o.what != mode::client && o.what != mode::session && !dialogue_only.empty())
        misused(string(dialogue_only) + " is for session and client mode");
    if (o.what != mode::client && o.what != mode::session && o.what != mode::watch && !states_only.empty())
        misused(string(states_only) + " is for session, client and watch mode");
    for (limit_option const* const limit : limits)
        if (!limit->is_for(o.what))
            misused(string(limit->name) + " is for " + string(limit->modes) + " mode" +
                    (o.what == mode::session ? "; the policy of a session is a constant of the program" : ""));
    if (o.json && o.what == mode::reference) misused("reference is Markdown; --json is for the other modes");
    if (o.what != mode::table && !table_only.empty()) misused(string(table_only) + " is for table mode");
    if (o.dot + o.mermaid + (o.json && o.what == mode::table) > 1)
        misused("one of --dot, --mermaid and --json, please");
    if (o.bare && o.what != mode::content && o.what != mode::encode) misused("--bare is for content and encode mode");
    return o;
}

// Which rules of leniency would have read an item; nothing if none would.
void add_hint(record& r, string_view item, options const& o,
              record (*read)(string_view, options const&, ehlo::syntax const&)) {
    ehlo::syntax lenient = o.grammar;
    lenient.tolerate = ehlo::leniency::all();
    ehlo::leniency const needed = read(item, o, lenient).used;
    if (!needed.empty()) r.human("hint", "--lenient=" + join(names_of(needed), ",") + " would read it", yellow);
}

record explain(string_view line, options const& o) {
    if (o.what == mode::write) return write(line, o);
    string const item = unescape(line);
    auto strict_or_not = [&](record (*read)(string_view, options const&, ehlo::syntax const&)) {
        record r = read(item, o, o.grammar);
        if (!o.json && r.is_failure()) add_hint(r, item, o, read);
        return r;
    };
    switch (o.what) {
    case mode::command: return strict_or_not(command_line);
    case mode::path: return strict_or_not(path);
    case mode::mailbox: return strict_or_not(mailbox);
    case mode::reply: return replies(item, o);
    case mode::ehlo: return ehlo_answer(item, o);
    case mode::content: return content(item, o);
    case mode::proxy: return proxy(item, o);
    default: return encode(item, o);
    }
}

#ifndef EXPLAIN_WITHOUT_MAIN
int watch(options const& o) {
    watching::watcher w(o.json, o.chunk == 0 ? string::npos : o.chunk, o.states);
    auto const read = [&w](std::istream& in, string const& name) { w.watch(string(std::istreambuf_iterator<char>(in), {}), name); };
    if (o.files.empty()) read(std::cin, "stdin");
    for (string const& name : o.files) {
        std::ifstream file(name, std::ios::binary);
        file.peek();
        if (file.bad() || !file.is_open()) {
            w.unreadable(name, "cannot be read");
            continue;
        }
        file.clear();
        read(file, name);
    }
    put(w.output());
    return w.good() ? 0 : 1;
}

int run(options const& o, std::istream& in) {
    if (o.what == mode::session || o.what == mode::client) {
        string all;
        std::vector<size_t> arrivals;  // where a read ended
        while (in.peek() != std::char_traits<char>::eof()) {
            auto const here = in.rdbuf()->in_avail();
            size_t const before = all.size();
            all.resize(before + (here > 0 ? static_cast<size_t>(here) : 1));
            in.read(all.data() + before, static_cast<std::streamsize>(all.size() - before));
            arrivals.push_back(all.size());
        }
        if (o.file != "-") arrivals.clear();
        if (o.what == mode::client) return client(o, all, arrivals);
        return session(o, all, arrivals);
    }
    for (string line; std::getline(in, line);) {
        if (line.ends_with('\r')) line.pop_back();
        record const r = explain(line, o);
        put(o.json ? r.json_line() : r.for_people(unescape(line)));
    }
    return 0;
}

#endif

}  // namespace

#ifndef EXPLAIN_WITHOUT_MAIN
int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
#if defined(_WIN32)
    for (int const file : {0, 1}) ::_setmode(file, _O_BINARY);   // octets, not lines
#else
    if (::isatty(STDOUT_FILENO) != 0) {
        char const* const no_color = std::getenv("NO_COLOR");
        colours = no_color == nullptr || *no_color == '\0';
        ::winsize size{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40) screen_columns = size.ws_col;
    }
#endif
    options const o = parse_arguments({argv + 1, argv + argc});
    if (o.what == mode::table) return table(o);
    if (o.what == mode::watch) return watch(o);
    if (o.what == mode::reference) return put(reference()), 0;
    if (o.file == "-") return run(o, std::cin);
    std::ifstream file(o.file, std::ios::binary);
    file.peek();  // a directory can be opened, but not read
    if (file.bad() || !file.is_open()) misused("cannot read " + o.file);
    file.clear();
    return run(o, file);
}
#endif
