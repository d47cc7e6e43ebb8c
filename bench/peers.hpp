// The parsers of others that are linked in (peer.h): as baselines of the rows whose work they do.
#pragma once

#include "inputs.hpp"
#include "peer.h"
#include "sink.hpp"

#include <ehlo/base64.hpp>

#include <cstdio>

namespace bench {

inline std::vector<ehlo_peer const*>& peers() {
    static std::vector<ehlo_peer const*> all;
    return all;
}

class peers_of_row {
    row& row_;
    std::string_view name_;

    void add(ehlo_peer const& p, std::function<void()> pass) {
        auto const repeated = [pass, times = repeat_] { for (int i = 0; i < times; ++i) pass(); };
        row_.baselines.push_back({std::string("peer ") + p.name, repeated});
    }

  public:
    int repeat_ = 1;   ///< how often a pass of the row does it

    peers_of_row(row& r, std::string_view name) : row_(r), name_(name) {}

    /// `items`: what there is to be taken. Who takes less, or more, is told of.
    void read(std::size_t (*ehlo_peer::*what)(char const*, std::size_t), std::string_view in, std::size_t items) {
        for (ehlo_peer const* p : peers()) {
            auto const read = p->*what;
            if (!read) continue;
            if (std::size_t const taken = read(in.data(), in.size()); taken != items)
                std::fprintf(stderr, "%s: %s takes %zu of %zu\n", std::string(name_).c_str(), p->name, taken, items);
            add(*p, [=] { use(read(fresh(in).data(), in.size())); });
        }
    }
    /// Who writes something else is not compared.
    void write(std::size_t (*ehlo_peer::*what)(char const*, std::size_t, char*), std::string_view in, std::span<char> out, std::string_view right) {
        for (ehlo_peer const* p : peers()) {
            auto const write = p->*what;
            if (!write) continue;
            std::size_t const size = write(in.data(), in.size(), out.data());
            if (std::string_view(out.data(), size) != right) {
                std::fprintf(stderr, "%s: %s writes something else\n", std::string(name_).c_str(), p->name);
                continue;
            }
            add(*p, [=] {
                use(write(fresh(in).data(), in.size(), out.data()));
                use_memory();
            });
        }
    }
};

inline void add_peers(row& r, std::string_view name, inputs& in) {
    if (peers().empty()) return;
    peers_of_row all(r, name);
    auto const base64 = [](std::string_view text, bool encode) {
        std::string made(2 * text.size() + 8, '\0');
        ehlo::writer out(made.data(), made.size());
        if (!(encode ? ehlo::encode_base64(out, text) : ehlo::decode_base64(out, text))) std::abort();
        return std::string(out.text());
    };
    if (name == "command") all.read(&ehlo_peer::commands, in.commands(), r.items);
    if (name == "path") all.read(&ehlo_peer::paths, in.path_lines(), r.items);
    if (name == "reply_with_lines") all.read(&ehlo_peer::replies, in.replies(), r.items);
    if (name == "capabilities" || name == "ehlo_answer") {
        all.repeat_ = 100;
        all.read(&ehlo_peer::capabilities, ehlo_answer, 1);
    }
    for (auto const kind : workload::bodies) {
        std::string const of = "/" + std::string(workload::body_names[static_cast<std::size_t>(kind)]);
        auto const room = in.room(2 * inputs::cached);
        if (name == "content_decode" + of) all.write(&ehlo_peer::decode_content, in.wire(kind), room, in.clean(kind));
        if (name == "content_encode" + of) all.write(&ehlo_peer::encode_content, in.clean(kind), room, in.wire(kind));
    }
    std::string_view const text = in.clean(workload::body::text), digits = in.base64();
    auto const room = in.room(2 * inputs::cached);
    if (name == "base64_encode") all.write(&ehlo_peer::encode_base64, text, room, base64(text, true));
    if (name == "base64_decode") all.write(&ehlo_peer::decode_base64, digits, room, base64(digits, false));
    for (std::string_view const letters : {"ascii", "mixed", "cyrillic"})
        if (name == "utf8/" + std::string(letters)) all.read(&ehlo_peer::check_utf8, in.letters(letters), 1);
}

}  // namespace bench
