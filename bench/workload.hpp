// What the benchmarks chew on: ordinary mail traffic, made by a generator that gives the same octets everywhere
// (splitmix64; no distribution of the standard library, and no two draws in one expression).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace workload {

class random {
    std::uint64_t state_;

  public:
    explicit random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>((next() >> 32) * n >> 32); }
    std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
    bool chance(unsigned percent) { return below(100) < percent; }
    char of(std::string_view octets) { return octets[below(octets.size())]; }
    template <std::size_t N>
    std::string_view of(std::string_view const (&list)[N]) {
        return list[below(N)];
    }
};

inline constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view lower_digits = "abcdefghijklmnopqrstuvwxyz0123456789";
inline constexpr std::string_view hex_digits = "0123456789abcdef";
inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline std::string some(random& r, std::string_view octets, std::size_t size) {
    std::string s;
    while (s.size() < size) s += r.of(octets);
    return s;
}

// ---- addresses ----

inline std::string domain(random& r, std::size_t size) {
    static constexpr std::string_view top[] = {"com",     "net", "org",  "de", "co.uk",
                                               "example", "io",  "info", "fr", "com.br"};
    std::string_view const last = r.of(top);
    std::string s;
    while (s.size() + last.size() + 1 < size || s.empty()) {
        std::size_t const left = size > s.size() + last.size() + 2 ? size - s.size() - last.size() - 1 : 2;
        std::size_t label = left <= 14 ? left : r.between(3, 12);
        if (left == label + 1) ++label;
        std::string word = r.of(lower) + some(r, lower_digits, label - 1);
        if (label > 5 && r.chance(10)) word[label / 2] = '-';
        s += word + '.';
    }
    return s.append(last);
}

inline std::string dot_string(random& r, std::size_t size) {
    std::string s(1, r.of(lower));
    while (s.size() < size) {
        std::size_t const kind = r.below(100);
        char c = kind < 6    ? '.'
                 : kind < 9  ? '_'
                 : kind < 11 ? '-'
                 : kind < 13 ? '+'
                 : kind < 14 ? '='
                             : r.of(lower_digits);
        if (c == '.' && (s.back() == '.' || s.size() + 1 == size)) c = 'x';
        if (c >= 'a' && c <= 'z' && r.chance(5)) c = static_cast<char>(c - 32);
        s += c;
    }
    return s;
}

inline std::string quoted_string(random& r, std::size_t size) {
    std::string s(1, '"');
    while (s.size() + 1 < size) {
        std::size_t const kind = r.below(100);
        if (kind < 8)
            s += ' ';
        else if (kind < 12)
            s += "\\\"";
        else if (kind < 14)
            s += "\\\\";
        else if (kind < 18)
            s += '@';
        else
            s += r.of(lower_digits);
    }
    return s + '"';
}

inline std::string address_literal(random& r) {
    if (r.below(3) == 0) {
        std::string s = "[IPv6:2001:db8:" + some(r, hex_digits, 4) + ':';
        s += some(r, hex_digits, 3) + "::";
        return s + some(r, hex_digits, 4) + ']';
    }
    std::string s = "[";
    for (int i = 0; i < 4; ++i) s += (i == 0 ? "" : ".") + std::to_string(r.between(1, 250));
    return s + ']';
}

// 12 to 60 octets; one in a hundred quoted, one in a hundred at an address literal.
inline std::string mailbox(random& r) {
    std::size_t const size = r.between(12, 60);
    std::size_t local = r.between(4, size / 2);
    if (local > 40) local = 40;
    bool const quoted = r.chance(1), literal = r.chance(1);
    std::string s = quoted ? quoted_string(r, local) : dot_string(r, local);
    return s + '@' + (literal ? address_literal(r) : domain(r, size - local - 1));
}

// ---- commands ----

// Nine verbs of ten are in capitals; the others are in small letters or Mixed.
inline std::string in_some_case(random& r, std::string text) {
    std::size_t const style = r.below(100);
    if (style < 90) return text;
    bool first = true;
    for (char& c : text) {
        bool const letter = c >= 'A' && c <= 'Z';
        if (letter && (style < 96 || !first)) c = static_cast<char>(c + 32);
        first = !letter;
    }
    return text;
}

inline std::string xtext(std::string_view text) {
    std::string s;
    for (char c : text) {
        auto const u = static_cast<unsigned char>(c);
        if (c == '+' || c == '=' || u < 33 || u > 126) {
            s += '+';
            s += "0123456789ABCDEF"[u >> 4];
            s += "0123456789ABCDEF"[u & 15];
        } else {
            s += c;
        }
    }
    return s;
}

inline std::string mail_command(random& r) {
    std::string s = in_some_case(r, "MAIL FROM:") + '<';
    if (!r.chance(3)) s += mailbox(r);
    s += '>';
    if (r.chance(80)) s += " SIZE=" + std::to_string(r.between(500, 200499));
    if (r.chance(70)) s += r.chance(90) ? " BODY=8BITMIME" : " BODY=7BIT";
    if (r.chance(5)) s += " SMTPUTF8";
    if (r.chance(8)) {
        s += r.chance(50) ? " RET=HDRS" : " RET=FULL";
        s += " ENVID=" + some(r, hex_digits, 16);
    }
    if (r.chance(5)) s += " AUTH=<>";
    return s;
}

inline std::string rcpt_command(random& r) {
    static constexpr std::string_view notify[] = {"SUCCESS,FAILURE", "SUCCESS,FAILURE", "NEVER",
                                                  "FAILURE,DELAY"};
    std::string const to = mailbox(r);
    std::string s = in_some_case(r, "RCPT TO:") + '<' + to + '>';
    if (r.chance(12)) {
        s += " NOTIFY=";
        s += r.of(notify);
        if (r.chance(50)) s += " ORCPT=rfc822;" + xtext(to);
    }
    return s;
}

inline std::string command(random& r) {
    std::size_t const kind = r.below(100);
    if (kind < 10) {
        std::string const verb = in_some_case(r, "EHLO") + ' ';
        return verb + (r.chance(2) ? address_literal(r) : domain(r, r.between(10, 34)));
    }
    if (kind < 11) {
        std::string const verb = in_some_case(r, "HELO") + ' ';
        return verb + domain(r, r.between(10, 29));
    }
    if (kind < 37) return mail_command(r);
    if (kind < 73) return rcpt_command(r);
    if (kind < 81) return in_some_case(r, "DATA");
    if (kind < 85) return in_some_case(r, "RSET");
    if (kind < 87) return in_some_case(r, "NOOP");
    if (kind < 93) return in_some_case(r, "QUIT");
    if (kind < 96) return in_some_case(r, "STARTTLS");
    if (kind < 98) {
        std::string const verb = in_some_case(r, "AUTH PLAIN") + ' ';
        return verb + some(r, base64_digits, 24 + 4 * r.below(10));
    }
    if (kind < 99) {
        std::string const verb = in_some_case(r, "VRFY") + ' ';
        return verb + dot_string(r, r.between(5, 16));
    }
    std::string const verb = in_some_case(r, "BDAT") + ' ' + std::to_string(r.between(1, 100000));
    return verb + (r.chance(50) ? " LAST" : "");
}

// ---- replies ----

inline std::string short_reply(random& r) {
    static constexpr std::string_view usual[] = {
        "250 2.1.0 Ok",
        "250 2.1.5 Ok",
        "354 End data with <CR><LF>.<CR><LF>",
        "221 2.0.0 Bye",
        "220 2.0.0 Ready to start TLS",
        "235 2.7.0 Authentication successful",
        "250 OK",
        "334 VXNlcm5hbWU6",
        "250 2.0.0 Ok",
        "451 4.7.1 Greylisting in action, please come back later",
        "554 5.7.1 Service unavailable; Client host blocked using a list of senders",
        "550 5.1.1 The email account that you tried to reach does not exist",
        "452 4.2.2 The email account that you tried to reach is over quota",
        "421 4.7.0 Try again later, closing connection.",
        "250 2.1.5 Recipient OK"};
    std::size_t const kind = r.below(100);
    if (kind < 15) return "250 2.0.0 Ok: queued as " + some(r, hex_digits, 11) + "\r\n";
    if (kind < 23) return "220 " + domain(r, 20) + " ESMTP ready\r\n";
    if (kind < 25) return "250\r\n";
    return std::string(r.of(usual)) + "\r\n";
}

inline std::string ehlo_reply(random& r) {
    std::array<std::string_view, 19> list = {"PIPELINING",
                                             "8BITMIME",
                                             "ENHANCEDSTATUSCODES",
                                             "CHUNKING",
                                             "DSN",
                                             "SMTPUTF8",
                                             "STARTTLS",
                                             "AUTH PLAIN LOGIN",
                                             "AUTH PLAIN LOGIN XOAUTH2 CRAM-MD5",
                                             "ETRN",
                                             "VRFY",
                                             "HELP",
                                             "BINARYMIME",
                                             "REQUIRETLS",
                                             "LIMITS MAILMAX=100 RCPTMAX=1000",
                                             "FUTURERELEASE 7776000 2026-12-31T00:00:00Z",
                                             "MT-PRIORITY STANAG4406",
                                             "DELIVERBY 3600",
                                             "XCLIENT NAME ADDR PROTO HELO"};
    static constexpr std::string_view greeting[] = {
        "", "", " at your service, [192.0.2.17]",
        " Hello relay.example.net [198.51.100.7], pleased to meet you"};
    std::string s = "250-" + domain(r, r.between(15, 29));
    s.append(r.of(greeting)).append("\r\n250-SIZE ") +=
        std::to_string(r.between(10000000, 59999999)) + "\r\n";
    std::size_t const more = r.between(6, 12);
    for (std::size_t i = 0; i < more; ++i) {
        std::size_t const pick = r.between(i, list.size() - 1);
        std::string_view const line = list[pick];
        list[pick] = list[i];
        (s += i + 1 == more ? "250 " : "250-").append(line) += "\r\n";
    }
    return s;
}

inline std::string policy_reply(random& r) {
    static constexpr std::string_view text[] = {
        "This message does not meet our delivery guidelines.",
        "Please visit https://support.example.com/mail/answer/81126#authentication to review",
        "our Bulk Email Senders Guidelines.",
        "For more information, go to https://support.example.com/policies/sender?id=",
        "Email rejected per DMARC policy for the sending domain",
        "Message contains content that is not permitted by local policy",
        "To contact the postmaster use another channel and quote the id above",
        "Your IP address is listed on one or more block lists",
        "Messages from your host were not sent; contact your provider since part of its network is on our "
        "list (S3150)."};
    static constexpr std::string_view codes[] = {"550", "550", "554", "421"};
    std::string_view const code = r.of(codes);
    std::size_t const lines = r.between(3, 6);
    std::string s;
    for (std::size_t i = 0; i < lines; ++i) {
        (s += code) += i + 1 == lines ? ' ' : '-';
        if (i == 0 || r.below(8) != 0) s += code[0] == '5' ? "5.7.1 " : "4.7.0 ";
        s += r.of(text);
        if (i + 1 == lines) s += ' ' + some(r, hex_digits, 18) + " - gsmtp";
        s += "\r\n";
    }
    return s;
}

// ---- the workloads ----

inline constexpr std::size_t item_count = 10000;

inline std::string commands() {
    random r(1);
    std::string s;
    for (std::size_t i = 0; i < item_count; ++i) s += command(r) + "\r\n";
    return s;
}
/// 60 % of one line, 25 % answers to EHLO, 15 % long words about policy.
inline std::string replies() {
    random r(2);
    std::string s;
    for (std::size_t i = 0; i < item_count; ++i) {
        std::size_t const kind = r.below(100);
        s += kind < 60 ? short_reply(r) : kind < 85 ? ehlo_reply(r) : policy_reply(r);
    }
    return s;
}
inline std::string paths() {
    random r(4);
    std::string s;
    for (std::size_t i = 0; i < item_count; ++i) {
        std::string route;
        if (r.below(200) == 0) {
            route = '@' + domain(r, 12) + ",@";
            route += domain(r, 14) + ':';
        }
        s += '<' + route + mailbox(r) + ">\r\n";
    }
    return s;
}

/// Both directions of a connection: the greeting, and then each of the client's turns with what the server says to it.
struct dialogue {
    std::vector<std::string> client, server{"220 mx.example.org ESMTP ready\r\n"};
    void turn(std::string said, std::string replies) {
        client.push_back(std::move(said));
        server.push_back(std::move(replies));
    }
};
/// W1 with both directions: pipelined envelopes, and next to no content.
inline dialogue envelopes() {
    random r(6);
    dialogue d;
    std::string answer;
    while (answer.find("PIPELINING") == answer.npos) answer = ehlo_reply(r);
    d.turn("EHLO client.example.net\r\n", answer);
    for (std::size_t i = 0; i < 500; ++i) {
        std::string said = "MAIL FROM:<" + mailbox(r) + ">";
        said += " SIZE=" + std::to_string(r.between(500, 200499)) + " BODY=8BITMIME\r\n";
        std::string replies = "250 2.1.0 Ok\r\n";
        for (std::size_t n = r.between(1, 8); n > 0; --n) {
            said += "RCPT TO:<" + mailbox(r) + ">\r\n";
            replies += "250 2.1.5 Ok\r\n";
        }
        d.turn(said + "DATA\r\n", replies + "354 End data with <CR><LF>.<CR><LF>\r\n");
        d.turn("Subject: x\r\n\r\n.\r\n", "250 2.0.0 Ok: queued as " + some(r, hex_digits, 11) + "\r\n");
    }
    d.turn("QUIT\r\n", "221 2.0.0 Bye\r\n");
    return d;
}
/// W2 with both directions: short commands, and the replies in its mixture.
inline dialogue long_replies() {
    random r(7);
    dialogue d;
    while (d.client.size() < 1000) {
        std::size_t const kind = r.below(100);
        std::string reply = kind < 60 ? short_reply(r) : kind < 85 ? ehlo_reply(r) : policy_reply(r);
        if (kind < 60 && reply.starts_with("250")) d.turn("NOOP\r\n", std::move(reply));
        else if (kind >= 60 && kind < 85) d.turn("EHLO client.example.net\r\n", std::move(reply));
        else if (kind >= 85 && reply.starts_with('5')) d.turn("VRFY ann\r\n", std::move(reply));
    }
    d.turn("QUIT\r\n", "221 2.0.0 Bye\r\n");
    return d;
}

/// Kinds of content: ordinary ones, and two that do their worst to a decoder.
enum class body { base64, text, dotted, only_dots, bare };
inline constexpr body bodies[] = {body::base64, body::text, body::dotted, body::only_dots, body::bare};
inline constexpr std::string_view body_names[] = {"base64", "text", "dotted", "only-dots", "bare"};

inline std::string content_line(random& r, body kind) {
    std::string s;
    switch (kind) {
    case body::base64: return some(r, base64_digits, 76) + "\r\n";
    case body::text: {
        std::size_t const size = r.below(121);
        if (r.chance(1)) s = "..";
        while (s.size() < size) {
            std::size_t const c = r.below(1000);
            s += c < 160 ? ' ' : c < 175 ? (s.empty() ? 'T' : '.') : c < 190 ? ',' : r.of(lower);
        }
        return s + "\r\n";
    }
    case body::dotted: return ".." + some(r, lower, r.below(61)) + "\r\n";
    case body::only_dots: return "..\r\n";
    case body::bare: return some(r, "\r\n\r\nab", 76) + "\r\n";
    }
    return s;
}
/// Content as it is on the wire, `size` octets with its end.
inline std::string content(body kind, std::size_t size) {
    random r(30 + static_cast<std::uint64_t>(kind));
    std::string s;
    s.reserve(size + 200);
    while (s.size() + 3 < size) s += content_line(r, kind);
    if (s.size() + 3 > size) {  // the last line is cut so that all is `size` octets long
        s.resize(size - 6);
        while (!s.empty() && (s.back() == '\r' || s.back() == '\n' || s.back() == '.')) s.back() = 'x';
        s += "x\r\n";
    }
    return s + ".\r\n";
}

/// The first `size` octets of a file, or all of them.
inline std::string file(std::string const& folder, std::string_view name, std::size_t size = std::string::npos) {
    std::string const path = folder + '/' + std::string(name);
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path);
    if (size == std::string::npos) return {std::istreambuf_iterator<char>(in), {}};
    std::string text(size, '\0');
    in.read(text.data(), static_cast<std::streamsize>(size));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}
/// The beginning of some content as content of its own: cut after a line, with an end.
inline std::string cut_content(std::string text) {
    text.resize(text.rfind("\r\n", text.size() - 5) + 2);
    return text + ".\r\n";
}

/// The lines of a text, without their CRLF.
inline std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> all;
    while (!text.empty()) {
        std::size_t const end = text.find("\r\n");
        all.push_back(text.substr(0, end));
        text.remove_prefix(end + 2);
    }
    return all;
}

}  // namespace workload
