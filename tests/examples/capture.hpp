// TCP connections out of a capture: pcap and pcapng, the link types that tcpdump writes, IPv4, IPv6, and the octets of each direction
// in their order. What the capture lacks is told as a gap, when the other side acknowledges it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace capture {

// Octets that may not be there: reading beyond the end gives 0, and is remembered.
class reader {
    std::string_view all_;

  public:
    bool big = true, short_of = false;
    explicit reader(std::string_view all, bool big_endian = true) : all_(all), big(big_endian) {}
    std::uint32_t number(std::size_t at, unsigned octets) {
        if (at > all_.size() || all_.size() - at < octets) return short_of = true, 0;
        std::uint32_t n = 0;
        for (unsigned i = 0; i < octets; ++i) n = n << 8 | static_cast<unsigned char>(all_[at + (big ? i : octets - 1 - i)]);
        return n;
    }
    std::string_view from(std::size_t at, std::size_t most = std::string_view::npos) {
        if (at > all_.size()) return short_of = true, std::string_view();
        return all_.substr(at, most);
    }
};

// One segment as it was captured.
struct segment {
    std::string from, to;             // address and port
    std::uint32_t sequence = 0, acknowledged = 0;
    unsigned from_port = 0, to_port = 0;
    bool syn = false, ack = false, fin = false, rst = false;
    std::string_view payload{};
    std::size_t missing = 0;          // octets of the payload that were cut off
};

inline std::string address(std::string_view octets, unsigned port) {
    std::string text;
    char part[8];
    if (octets.size() == 4) {
        for (std::size_t i = 0; i < 4; ++i) {
            std::snprintf(part, sizeof part, "%s%u", i == 0 ? "" : ".", static_cast<unsigned>(static_cast<unsigned char>(octets[i])));
            text += part;
        }
    } else {
        text = "[";
        for (std::size_t i = 0; i < octets.size(); i += 2) {
            std::snprintf(part, sizeof part, "%s%x", i == 0 ? "" : ":",
                          static_cast<unsigned>(static_cast<unsigned char>(octets[i])) << 8 | static_cast<unsigned char>(octets[i + 1]));
            text += part;
        }
        text += "]";
    }
    return text + ":" + std::to_string(port);
}

// The segment in an IP packet; false if there is none.
inline bool parse_ip(std::string_view packet, segment& s) {
    reader r(packet);
    std::size_t at = 0, end = 0;
    std::string_view from, to;
    std::uint32_t protocol = 0;
    switch (r.number(0, 1) >> 4) {
    case 4: {
        at = std::size_t{r.number(0, 1) & 15} * 4;
        end = r.number(2, 2);
        if (end == 0) end = packet.size();   // the network card cut it
        if ((r.number(6, 2) & 0x1FFF) != 0) return false;
        protocol = r.number(9, 1);
        from = r.from(12, 4), to = r.from(16, 4);
        break;
    }
    case 6: {
        at = 40;
        end = 40 + std::size_t{r.number(4, 2)};
        if (end == 40) end = packet.size();
        from = r.from(8, 16), to = r.from(24, 16);
        protocol = r.number(6, 1);
        // Extension headers: hop-by-hop, routing, fragment (the first one), authentication, destination.
        while (protocol == 0 || protocol == 43 || protocol == 60 || protocol == 44 || protocol == 51) {
            if (protocol == 44 && (r.number(at + 2, 2) & 0xFFF8) != 0) return false;
            std::size_t const words = r.number(at + 1, 1), size = protocol == 44 ? 8 : protocol == 51 ? 8 + words * 4 : 8 + words * 8;
            protocol = r.number(at, 1);
            at += size;
            if (r.short_of) return false;
        }
        break;
    }
    default: return false;
    }
    if (protocol != 6) return false;
    s.from_port = r.number(at, 2), s.to_port = r.number(at + 2, 2);
    s.sequence = r.number(at + 4, 4), s.acknowledged = r.number(at + 8, 4);
    std::size_t const data = at + std::size_t{r.number(at + 12, 1) >> 4} * 4;
    std::uint32_t const flags = r.number(at + 13, 1);
    if (r.short_of || data < at + 20) return false;
    s.fin = (flags & 1) != 0, s.syn = (flags & 2) != 0, s.rst = (flags & 4) != 0, s.ack = (flags & 16) != 0;
    s.from = address(from, s.from_port), s.to = address(to, s.to_port);
    std::size_t const size = end > data ? end - data : 0;
    if (data < packet.size()) s.payload = packet.substr(data, size);
    s.missing = size - s.payload.size();
    return true;
}

inline bool parse_frame(std::uint32_t link, std::string_view frame, segment& s) {
    reader r(frame);
    std::size_t at = 0;
    switch (link) {
    case 1: {   // Ethernet, with VLAN tags and PPPoE
        at = 12;
        std::uint32_t type = r.number(at, 2);
        for (; type == 0x8100 || type == 0x88A8 || type == 0x9100; type = r.number(at, 2)) at += 4;
        at += type == 0x8864 ? 10 : 2;
        break;
    }
    case 0: case 108: at = 4; break;             // null, loop
    case 12: case 14: case 101: case 228: case 229: break;   // raw
    case 113: at = 16; break;                    // Linux cooked
    case 276: at = 20; break;
    default: return false;
    }
    return at < frame.size() && parse_ip(frame.substr(at), s);
}

// Calls `take(segment)` for each; returns what is wrong with the file, if anything is.
inline std::string read(std::string_view file, std::function<void(segment const&)> const& take) {
    auto const frame = [&take](std::uint32_t link, std::string_view octets) {
        segment s;
        if (parse_frame(link, octets, s)) take(s);
    };
    reader r(file);
    std::uint32_t const magic = r.number(0, 4);
    if (magic == 0x0A0D0D0A) {
        std::map<std::uint32_t, std::uint32_t> links;
        for (std::size_t at = 0; at < file.size();) {
            std::uint32_t type = r.number(at, 4);
            if (type == 0x0A0D0D0A) {
                r.big = true;
                r.big = r.number(at + 8, 4) == 0x1A2B3C4D;
                links.clear();
            }
            type = r.number(at, 4);
            std::size_t const size = r.number(at + 4, 4);
            if (r.short_of || size < 12 || size > file.size() - at) return "ends in the middle of a block";
            if (type == 1) links[static_cast<std::uint32_t>(links.size())] = r.number(at + 8, 2);
            if (type == 6) frame(links[r.number(at + 8, 4)], r.from(at + 28, r.number(at + 20, 4)));
            if (type == 2) frame(links[r.number(at + 8, 2)], r.from(at + 28, r.number(at + 20, 4)));   // the obsolete one
            if (type == 3) frame(links[0], r.from(at + 12, size - 16));
            at += size;
        }
        return {};
    }
    r.big = magic == 0xA1B2C3D4 || magic == 0xA1B23C4D;
    std::uint32_t const link = r.number(20, 4) & 0xFFFF;
    for (std::size_t at = 24; at < file.size();) {
        std::size_t const size = r.number(at + 8, 4);
        if (r.short_of || size > file.size() - at - 16) return "ends in the middle of a packet";
        frame(link, r.from(at + 16, size));
        at += 16 + size;
    }
    return {};
}
inline bool is_capture(std::string_view file) {
    std::uint32_t const magic = reader(file).number(0, 4), other = reader(file, false).number(0, 4);
    return magic == 0x0A0D0D0A || magic == 0xA1B2C3D4 || magic == 0xA1B23C4D || other == 0xA1B2C3D4 || other == 0xA1B23C4D;
}

// One direction: segments in, octets in their order out.
class stream {
    static constexpr std::size_t most_early = 1 << 20;
    std::uint32_t first_ = 0, next_ = 0;
    bool begun_ = false;
    std::map<std::uint32_t, std::string> early_{};   // by their distance
    std::size_t early_octets_ = 0;
    std::uint64_t taken_ = 0;                        // octets since the beginning, for distances that do not wrap

  public:
    // `octets(text)` and `gap(n)` are what comes of it.
    template <class Octets, class Gap>
    void take(std::uint32_t sequence, std::string_view text, Octets&& octets, Gap&& gap) {
        if (!begun_) begin(sequence);
        auto const distance = static_cast<std::int32_t>(sequence - next_);
        if (distance < 0) {   // seen before, or a part of it
            std::size_t const old = static_cast<std::size_t>(-static_cast<std::int64_t>(distance));
            if (old >= text.size()) return;
            text.remove_prefix(old);
        } else if (distance > 0) {
            std::string& kept = early_[static_cast<std::uint32_t>(taken_) + static_cast<std::uint32_t>(distance)];
            if (kept.size() < text.size()) {
                early_octets_ += text.size() - kept.size();
                kept = text;
            }
            if (early_octets_ > most_early) flush(octets, gap);
            return;
        }
        give(text, octets);
        release(octets);
    }
    void begin(std::uint32_t sequence) {
        first_ = next_ = sequence;
        begun_ = true;
    }
    bool begun() const { return begun_; }
    std::uint32_t first() const { return first_; }
    std::uint32_t next() const { return next_; }
    // The other side has had all before `sequence`: what of it was not seen never comes.
    template <class Octets, class Gap>
    void acknowledged(std::uint32_t sequence, Octets&& octets, Gap&& gap) {
        if (!begun_) return;
        for (;;) {
            auto const lost = static_cast<std::int32_t>(sequence - next_);
            if (lost <= 0 || (early_.empty() && lost == 1)) return;   // a FIN has a number, too
            std::uint32_t n = static_cast<std::uint32_t>(lost);
            if (!early_.empty()) n = (std::min)(n, early_.begin()->first - static_cast<std::uint32_t>(taken_));
            skip(n, gap);
            release(octets);
        }
    }
    // Nothing more comes: what was early is not early any more.
    template <class Octets, class Gap>
    void flush(Octets&& octets, Gap&& gap) {
        while (!early_.empty()) {
            skip(early_.begin()->first - static_cast<std::uint32_t>(taken_), gap);
            release(octets);
        }
    }

  private:
    template <class Octets>
    void give(std::string_view text, Octets&& octets) {
        if (text.empty()) return;
        next_ += static_cast<std::uint32_t>(text.size());
        taken_ += text.size();
        octets(text);
    }
    template <class Gap>
    void skip(std::uint32_t n, Gap&& gap) {
        if (n == 0) return;
        next_ += n;
        taken_ += n;
        gap(n);
    }
    template <class Octets>
    void release(Octets&& octets) {
        while (!early_.empty()) {
            auto const first = early_.begin();
            std::uint32_t const here = static_cast<std::uint32_t>(taken_);
            if (first->first > here) return;
            std::string const text = first->second.substr((std::min)(std::size_t{here - first->first}, first->second.size()));
            early_octets_ -= first->second.size();
            early_.erase(first);
            give(text, octets);
        }
    }
};

}  // namespace capture
