#include "../work.hpp"
#include "essence.hpp"

#include <ehlo/command_reader.hpp>

namespace bench {

namespace {

struct essence_of {
    std::size_t& sum;
    void operator()(ehlo::cmd::hello const& c) const { sum += c.name.text.size() + static_cast<std::size_t>(c.name.kind); }
    void operator()(ehlo::cmd::mail const& c) const {
        sum += essence(c.from) + c.parameters.size().value_or(1) + c.parameters.unknown_at().value_or(2) + c.tolerated.bits +
               static_cast<std::size_t>(c.parameters.body().value_or(ehlo::body::seven_bit)) + c.parameters.smtputf8();
    }
    void operator()(ehlo::cmd::rcpt const& c) const {
        sum += essence(c.to) + c.parameters.all().text().size() + c.tolerated.bits;
    }
    void operator()(ehlo::cmd::lookup const& c) const { sum += c.string.size() + c.smtputf8; }
    void operator()(ehlo::cmd::remark const& c) const { sum += c.argument.size(); }
    template <ehlo::verb V>
    void operator()(ehlo::cmd::bare<V> const&) const { sum += static_cast<std::size_t>(V); }
    void operator()(ehlo::cmd::auth const& c) const { sum += c.name.size() + c.initial_response.value_or("").size(); }
    void operator()(ehlo::cmd::bdat const& c) const { sum += c.size + c.last; }
    void operator()(ehlo::cmd::burl const& c) const { sum += c.url.size() + c.last; }
    void operator()(ehlo::cmd::etrn const& c) const { sum += c.node.size(); }
    void operator()(ehlo::cmd::atrn const& c) const { sum += c.domains.size(); }
    void operator()(ehlo::cmd::client_facts const& c) const { sum += c.attributes.text().size(); }
};

}  // namespace

/// Octets as typed commands, parameters included.
void parse_commands(std::string_view in) {
    ehlo::command_reader reader;
    while (!in.empty()) {
        std::size_t sum = 0;
        auto const p = reader.next(in, 2048, ehlo::strict_syntax, essence_of{sum});
        use(p.failed() ? p.error().at : sum);
        in.remove_prefix(p.consumed);
    }
}

}  // namespace bench
