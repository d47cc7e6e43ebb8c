// What rows are made of, and what they work on. Nothing is made or read before a row asks for it.
#pragma once

#include "kinds.hpp"
#include "workload.hpp"

#include <ehlo/content.hpp>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct baseline {
    std::string name;
    std::function<void()> pass;
};
struct row {
    std::size_t items, octets;      ///< of one pass
    std::function<void()> pass;
    std::vector<baseline> baselines{};  ///< the first is the floor
    std::function<void()> loop{};   ///< the pass without its work, where that costs something worth telling
};

/// The workloads of this program, and room for what is made of them. `folder` is that of --workload, or empty.
class inputs {
    std::string folder_;
    std::map<std::string, std::string, std::less<>> texts_;
    std::map<std::string, std::vector<std::string_view>, std::less<>> lists_;
    std::vector<char> room_, large_room_;

    template <class Make>
    std::string_view once(std::string const& name, Make make) {
        auto found = texts_.find(name);
        if (found == texts_.end()) found = texts_.emplace(name, make()).first;
        return found->second;
    }
    std::string_view text(char const* file, std::string (*make)()) {
        return once(file, [&] { return folder_.empty() ? make() : workload::file(folder_, file); });
    }

  public:
    static constexpr std::size_t cached = 64 * 1024, uncached = 64 * 1024 * 1024;

    explicit inputs(std::string folder) : folder_(std::move(folder)), room_(2 * cached) {}

    std::string_view commands() { return text("w1.txt", workload::commands); }
    /// The same, each by itself with its end.
    std::span<std::string_view const> reads() {
        auto& list = lists_["reads"];
        if (list.empty())
            for (std::string_view const line : workload::lines(commands())) list.emplace_back(line.data(), line.size() + 2);
        return list;
    }
    std::string_view rare_commands(workload::kind const& k) {
        return once(std::string(k.name), [&] { return workload::rare_command_lines(k); });
    }
    std::string_view letters(std::string_view name) {
        return once("letters " + std::string(name), [&] { return workload::letters(name, cached); });
    }
    std::string_view replies() { return text("w2.txt", workload::replies); }
    std::string_view path_lines() { return text("w4.txt", workload::paths); }
    std::span<std::string_view const> paths() {
        auto& list = lists_["paths"];
        if (list.empty()) list = workload::lines(path_lines());
        return list;
    }
    /// Content as it comes from the wire, and as it went in.
    std::string_view wire(workload::body kind) {
        static constexpr std::string_view files[] = {"w3a.bin", "w3b.bin", "w3c.bin", "w3d.bin"};
        auto const index = static_cast<std::size_t>(kind);
        return once("wire" + std::to_string(index), [&] {
            if (folder_.empty() || index >= std::size(files)) return workload::content(kind, cached);
            return workload::cut_content(workload::file(folder_, files[index], cached));
        });
    }
    std::string_view clean(workload::body kind) {
        return once("clean" + std::to_string(static_cast<int>(kind)), [&] {
            std::string decoded;
            ehlo::content_decoder decoder;
            for (std::string_view rest = wire(kind);;) {
                auto const piece = decoder.next(rest);
                decoded += piece.octets;
                rest.remove_prefix(piece.consumed);
                if (piece.end) return decoded;
            }
        });
    }
    /// The same again and again, more than a cache holds.
    std::string_view large() {
        return once("large", [&] {
            std::string_view const part = wire(workload::body::base64);
            std::string many;
            many.reserve(uncached);
            while (many.size() + part.size() <= uncached) many += part.substr(0, part.size() - 3);
            return many + ".\r\n";
        });
    }
    std::string_view base64() {
        return once("base64", [&] {
            workload::random r(5);
            return workload::some(r, workload::base64_digits, cached);
        });
    }
    /// The plain and the encoded ORCPT of each path, without brackets: xtext as it is met.
    std::span<std::string_view const> addresses(bool encoded) {
        auto& list = lists_[encoded ? "xtext" : "addresses"];
        if (!list.empty()) return list;
        std::size_t i = 0;
        for (std::string_view p : paths()) {
            p = p.substr(1, p.size() - 2);
            if (p.find('"') != p.npos || p[0] == '@') continue;
            list.push_back(encoded ? once("xtext" + std::to_string(i++), [&] { return workload::xtext(p); }) : p);
        }
        return list;
    }
    /// `size` octets at least, the same ones each time.
    std::span<char> room(std::size_t size) {
        std::vector<char>& one = size > 2 * cached ? large_room_ : room_;
        if (one.size() < size) one.resize(size);
        return one;
    }
};

/// The answer of a large provider: eleven lines.
inline constexpr std::string_view ehlo_answer =
    "250-mx.example.org at your service, [192.0.2.17]\r\n250-SIZE 157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n"
    "250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-DSN\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n"
    "250-LIMITS MAILMAX=100 RCPTMAX=1000\r\n250 SMTPUTF8\r\n";

inline std::size_t total(std::span<std::string_view const> texts) {
    std::size_t octets = 0;
    for (std::string_view const t : texts) octets += t.size();
    return octets;
}

/// Of long texts that are read an octet at a time a part will do.
inline std::string_view first_lines(std::string_view text) { return text.substr(0, text.rfind("\r\n", inputs::cached) + 2); }
inline std::string_view first_replies(std::string_view text) {
    text = first_lines(text);
    std::size_t end = text.size();
    for (std::size_t at = 0, next = 0; at < text.size(); at = next) {
        next = text.find('\n', at) + 1;
        if (text[at + 3] != '-') end = next;
    }
    return text.substr(0, end);
}

struct entry {
    std::string name;
    std::function<row(inputs&)> make;
};

}  // namespace bench
