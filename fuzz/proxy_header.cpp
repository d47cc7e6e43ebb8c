// PROXY headers: every split against the whole, an octet after it, the CRC32c, and writing what was read.
#include "fuzz.hpp"

using namespace ehlo;
using fuzz::check;

namespace {

// What a stream begins with.
struct reading {
    std::size_t consumed = 0;
    bool ready = false, failed = false;
    failure fault{};
    std::string header;   // written again
    bool operator==(reading const&) const = default;
};

void check_header(proxy_header const& h, std::string_view octets) {
    check(h.version == 1 || h.version == 2, "there are two versions");
    check(h.version == 2 || (!h.local && !h.datagram && !h.checksum && h.tlvs.octets().empty()), "version 1 tells no more than addresses");
    for (std::string_view const part : {h.source_path, h.destination_path, h.tlvs.octets()}) check(fuzz::lies_in(part, octets), "a view lies in the header");
    check(octets.size() <= (h.version == 1 ? max_proxy_v1 : max_proxy_v2), "a header is not longer than it may be");
    std::size_t size = 0;
    for (proxy_tlv const t : h.tlvs) size += detail::tlv_head + t.value.size();
    check(size == h.tlvs.octets().size(), "TLVs are whole");
    check(h.checksum == h.tlvs.find(proxy_tlv_type::crc32c).has_value(), "a checksum is told");
    if (auto const ssl = h.ssl()) {
        size = 0;
        for (proxy_tlv const t : ssl->values) size += detail::tlv_head + t.value.size();
        check(size == ssl->values.octets().size(), "TLVs of TLS are whole");
    }
}

std::string written(proxy_header const& h) {
    return fuzz::written(max_proxy_v2, [&h](writer& out) { return write_proxy_header(out, h); });
}

reading read(std::string_view in, proxy_limits const& limits, fuzz::arrival how) {
    reading all;
    all.consumed = fuzz::deliver(in, how, [&](std::string_view pending, bool& stop) {
        auto const h = parse_proxy_header(pending, limits);
        if (!h.ready()) check(h.consumed == 0, "what is no header is not consumed");
        if (h.need_more()) check(pending.size() < limits.total || pending.size() < max_proxy_v1, "it does not wait for more than may come");
        if (h.failed()) {
            all.fault = h.error();
            fuzz::check_failure(all.fault, pending.size(), verb::unknown);
        }
        if (h.ready()) {
            std::string_view const octets = pending.substr(0, h.consumed);
            check(h.consumed <= limits.total || h->version == 1, "the limit is kept");
            check_header(*h, octets);
            all.header = written(*h);
            if (h->version == 2 && h->tells()) check(all.header == octets, "version 2 is written as it was read");
        }
        all.ready = h.ready();
        all.failed = h.failed();
        stop = !h.need_more();
        return h.consumed;
    });
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    for (auto const& limits : {proxy_limits(), proxy_limits{.total = 64}}) {
        reading const whole = read(fuzz::current, limits, fuzz::arrival::whole);
        for (auto const how : {fuzz::arrival::octets, fuzz::arrival::pieces})
            if (fuzz::worth(how, fuzz::current)) check(read(fuzz::current, limits, how) == whole, "a split does not change what is read");
        if (!whole.ready) continue;
        auto const again = parse_proxy_header(whole.header, {.total = max_proxy_v2});
        check(again.ready() && again.consumed == whole.header.size() && written(*again) == whole.header, "what is written is read as the same", whole.header);
        // Whatever follows is not looked at.
        std::string const longer = std::string(fuzz::current) + '\n';
        reading const more = read(longer, limits, fuzz::arrival::whole);
        check(more == whole, "what follows a header changes nothing");
    }
    return 0;
}
