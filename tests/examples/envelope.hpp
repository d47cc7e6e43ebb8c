// What is known of a message besides its content, as a line of JSON.
#pragma once

#include <ehlo/reply.hpp>
#include <ehlo/utf8.hpp>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

inline void append_json(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t i = 0; i < text.size();) {
        std::string_view const rest = text.substr(i);
        auto const c = static_cast<unsigned char>(text[i]);
        std::size_t const n = c < 0x80 ? 1 : ehlo::utf8_length(rest);
        if (n == 0) out += "\\ufffd";  // not UTF-8
        else if (c < 0x20) out.append("\\u00").append(1, "01"[c >> 4]).append(1, "0123456789abcdef"[c & 15]);
        else if (c == '"' || c == '\\') out.append(1, '\\').append(1, text[i]);
        else out.append(rest.substr(0, n));
        i += n == 0 ? 1 : n;
    }
    out += '"';
}

inline std::string as_text(ehlo::reply const& r) {
    std::string text = std::to_string(r.code) + " ";
    if (ehlo::status const s = r.enhanced)
        text += std::to_string(s.class_digit) + "." + std::to_string(s.subject) + "." + std::to_string(s.detail) + " ";
    return text.append(r.text);
}

struct envelope {
    std::string peer, helo, from, parameters;  // parameters: those of MAIL
    std::string with, login;                   // the protocol (RFC 3848), and who is authenticated
    std::uint32_t recipients = 0;
    std::uint64_t octets = 0;  // of content so far

    void begin(std::string protocol, std::string_view sender, std::string_view options) {
        with = std::move(protocol);
        from = sender;
        parameters = options;
        if (to_.capacity() > 4096) to_ = std::string();  // an idle connection owns little
        to_.clear();
        ends_.clear();
        of_recipients_.clear();
    }
    void add(std::string_view recipient, std::string_view options) {
        append_json(to_ += to_.empty() ? "" : ", ", recipient);
        ends_.push_back(static_cast<std::uint32_t>(to_.size()));
        if (!options.empty()) append_json((append_json(of_recipients_ += of_recipients_.empty() ? "" : ", ", recipient), of_recipients_ += ": "), options);
    }
    // All recipients, or one, as elements of a list in JSON.
    std::string const& to() const { return to_; }
    std::string to(std::size_t n) const {
        if (n >= ends_.size()) return {};
        std::size_t const begin = n == 0 ? 0 : ends_[n - 1] + 2;
        return to_.substr(begin, ends_[n] - begin);
    }

    // `file` is empty if the message was not kept.
    std::string json(std::string_view file, ehlo::reply const& r, std::string_view to) const {
        char time[32];
        std::time_t const t = std::time(nullptr);
        std::tm utc{};
        std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&t, &utc));
        std::string line = "{\"time\": \"" + std::string(time) + "\", \"peer\": ";
        append_json(line, peer);
        append_json(line += ", \"helo\": ", helo);
        append_json(line += ", \"with\": ", with);
        append_json(line += ", \"login\": ", login);
        append_json(line += ", \"from\": ", from);
        append_json(line += ", \"parameters\": ", parameters);
        line.append(", \"to\": [").append(to).append("], \"to_parameters\": {").append(of_recipients_);
        line += "}, \"octets\": " + std::to_string(octets) + ", \"file\": ";
        if (file.empty()) line += "null";
        else append_json(line, file);
        append_json(line += ", \"reply\": ", as_text(r));
        return line += '}';
    }

  private:
    std::string to_;                    // a list, in JSON already
    std::vector<std::uint32_t> ends_;   // of each recipient in it
    std::string of_recipients_;         // the parameters of RCPT, where there are some: members of an object
};
