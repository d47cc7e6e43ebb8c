// Parameters of MAIL and RCPT, typed: each accessor against a naive search and another parse of the value, writing what was
// read, repetition, and a number of them that would be slow if anything were quadratic. For that the input ends with
// "*10000": what stands before it is the beginning of each keyword.
#include "../tests/unit/oracle.hpp"
#include "fuzz.hpp"

#include <ctime>
#include <map>
#include <vector>

using namespace ehlo;
using fuzz::check;

namespace {

constexpr std::string_view mark = "*10000";

std::string upper(std::string_view text) {
    std::string out;
    for (char const c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return out;
}

// What a naive search finds: a cut at each SP, and of each piece at its first "=". Between two spaces there is nothing, which some
// rule may tolerate.
struct naive {
    struct piece {
        std::size_t at;
        std::string keyword;  // in capitals
        std::optional<std::string_view> value;
    };
    std::vector<piece> all;
    std::size_t repeated = std::string_view::npos;  // the first piece whose keyword stood before
    bool blanks = false;                            // a piece of nothing

    explicit naive(std::string_view text) {
        if (text.empty()) return;
        std::map<std::string, std::size_t> seen;
        for (std::size_t at = 0, end = 0; end != text.size(); at = end + 1) {
            end = std::min(text.find(' ', at), text.size());
            std::string_view const whole = text.substr(at, end - at);
            blanks |= whole.empty();
            if (whole.empty()) continue;
            std::size_t const equals = whole.find('=');
            piece p{at, upper(whole.substr(0, equals)), std::nullopt};
            if (equals != whole.npos) p.value = whole.substr(equals + 1);
            if (!seen.emplace(p.keyword, at).second && repeated == text.npos) repeated = at;
            all.push_back(std::move(p));
        }
    }
    piece const* find(std::string_view keyword) const {
        for (piece const& p : all)
            if (p.keyword == keyword) return &p;
        return nullptr;
    }
};

struct x_fuzz {
    static constexpr std::string_view keyword = "X-FUZZ";
    std::string_view text;
    static constexpr result<x_fuzz> parse(std::optional<std::string_view> value) noexcept {
        if (value && value->starts_with('!')) return fail(errc::bad_parameter_value, 0);
        return x_fuzz{value.value_or("")};
    }
    constexpr void write(writer& w) const noexcept {
        if (!text.empty()) w.text(text);
    }
};

template <class T>
bool same(T const& a, T const& b) {
    if constexpr (std::is_same_v<T, tracking>) return a.certifier == b.certifier && a.timeout == b.timeout;
    else if constexpr (std::is_same_v<T, solicitations>) return a.text() == b.text();
    else if constexpr (std::is_same_v<T, original_recipient>)
        return a.addr_type == b.addr_type && a.address == b.address && a.encoded == b.encoded;
    else return a == b;
}

// Calls f(id, accessor, parser of the value) for each parameter with a value, and f(id, there) for each without.
template <class F>
void each(mail_parameters const& m, syntax const& rules, F&& f) {
    using enum parameter_id;
    f(size, m.size(), [](std::string_view v) { return parse_decimal(v); });
    f(body, m.body(), parse_body), f(ret, m.ret(), parse_ret), f(envid, m.envid(), [&](std::string_view v) { return parse_envid(v, rules); });
    f(auth, m.auth(), [&](std::string_view v) { return parse_auth_identity(v, rules); });
    f(submitter, m.submitter(), [&](std::string_view v) { return parse_submitter(v, rules); });
    f(alt_address, m.alt_address(), [&](std::string_view v) { return parse_alt_address(v, rules); });
    f(by, m.by(), parse_by), f(holdfor, m.holdfor(), parse_holdfor), f(holduntil, m.holduntil(), parse_holduntil);
    f(mt_priority, m.mt_priority(), parse_mt_priority), f(mtrk, m.mtrk(), [](std::string_view v) { return parse_mtrk(v); });
    f(solicit, m.solicit(), [](std::string_view v) { return parse_solicit(v); });
    f(transid, m.transid(), [](std::string_view v) { return parse_transid(v); });
    f(smtputf8, m.smtputf8()), f(requiretls, m.requiretls()), f(conperm, m.conperm()), f(prdr, m.prdr());
}
template <class F>
void each(rcpt_parameters const& r, syntax const& rules, F&& f) {
    using enum parameter_id;
    f(notify, r.notify(), parse_notify), f(rrvs, r.rrvs(), parse_rrvs);
    f(orcpt, r.orcpt(), [&](std::string_view v) { return parse_orcpt(v, rules); });
    f(alt_address, r.alt_address(), [&](std::string_view v) { return parse_alt_address(v, rules); }), f(conneg, r.conneg());
}

template <class Set>
constexpr bool is_mail = std::is_same_v<Set, mail_parameters>;

struct agree {
    naive const& found;
    template <class T, class Parse>
    void operator()(parameter_id id, std::optional<T> const& value, Parse&& parse) const {
        naive::piece const* const p = found.find(name(id));
        check(value.has_value() == (p != nullptr), "an accessor has what a naive search finds", name(id));
        if (!p) return;
        check(p->value.has_value(), "a value was given", name(id));
        auto const again = parse(*p->value);
        check(again && same(*value, T(*again)), "an accessor says what its text says", name(id));
    }
    void operator()(parameter_id id, bool there) const {
        naive::piece const* const p = found.find(name(id));
        check(there == (p != nullptr) && (!p || !p->value), "a keyword without a value is there or not", name(id));
    }
};

void check_conflicts(mail_parameters const& m) {
    check(!m.holdfor() || !m.holduntil(), "HOLDFOR and HOLDUNTIL do not go together");
    check(!m.holdfor() || !m.by() || m.by()->seconds >= static_cast<std::int64_t>(*m.holdfor()), "HOLDFOR is not beyond BY");
    check(!m.mtrk() || (m.envid() && m.envid()->text().find('@') != std::string_view::npos), "MTRK has an ENVID with an @");
}
void check_conflicts(rcpt_parameters const&) {}

template <class Set, class Parse>
void check_set(std::string_view text, Set const& set, syntax const& rules, Parse&& parse) {
    // What is told of a place counts from the first parameter.
    std::size_t const first = std::min(text.find_first_not_of(' '), text.size());
    check(first == 0 || !rules.tolerate.empty(), "a text begins with a parameter");
    text.remove_prefix(first);
    naive const found(text);
    check(set.all().text() == text, "the parameters are the text");
    check(found.repeated == text.npos, "no keyword stands twice");
    check(!found.blanks || !rules.tolerate.empty(), "between parameters stands one space");
    std::size_t n = 0, unknown = text.npos, not_own = text.npos;
    parameter_ids present;
    for (parameter const p : set.all()) {
        check(n < found.all.size(), "there are as many parameters as pieces");
        naive::piece const& right = found.all[n++];
        check(upper(p.keyword) == right.keyword && p.value == right.value && fuzz::lies_in(p.keyword, text), "a parameter is a piece");
        bool known = false;
        for (auto const& row : registered_parameters) {
            if (row.keyword != right.keyword || !(is_mail<Set> ? row.mail : row.rcpt)) continue;
            known = true;
            present |= row.id;
            check(!p.value || p.value->size() <= row.max_length, "a value is no longer than it may be", row.keyword);
        }
        if (!known && unknown == text.npos) unknown = right.at;
        if (!known && right.keyword != x_fuzz::keyword && not_own == text.npos) not_own = right.at;
    }
    check(n == found.all.size() && present == set.present(), "the registered ones are told apart");
    auto const own_at = set.template unknown_at<x_fuzz>();
    check(set.unknown_at().has_value() == (unknown != text.npos) && (!set.unknown_at() || *set.unknown_at() == unknown),
          "the first unknown one is found");
    check(own_at.has_value() == (not_own != text.npos) && (!own_at || *own_at == not_own), "an own one is not unknown");
    auto const own = set.template get<x_fuzz>();
    naive::piece const* const x = found.find(x_fuzz::keyword);
    check(own ? own->has_value() == (x != nullptr) : x && x->value && x->value->starts_with('!'), "an own one is read");
    if (own && *own) {
        std::string const again = fuzz::written(text.size(), [&](writer& w) { return write_parameter(w, **own); });
        check(again == "X-FUZZ" + (x->value ? '=' + std::string(*x->value) : ""), "an own one is written", again);
    }
    each(set, rules, agree{found});
    check_conflicts(set);

    if (!rules.tolerate.empty()) return;
    auto const options = to_options(set);
    check(given(options) == present, "what was read is what will be written");
    std::string const again = fuzz::written(text.size() + 1, [&](writer& w) { return write_parameters(w, options, rules); });
    check(again.empty() == present.empty() && (again.empty() || again[0] == ' '), "parameters stand after an SP", again);
    if (again.empty()) return;
    std::string_view const list = std::string_view(again).substr(1);
    auto const back = parse(list, rules);
    check(back && back->present() == present && !back->unknown_at(), "what is written can be read", again);
    naive const rewritten(list);
    each(*back, rules, agree{rewritten});
    each(set, rules, agree{rewritten});  // and says the same
}

template <class Parse>
void check_text(std::string_view text, fuzz::dialect const& d, Parse&& parse) {
    auto const set = parse(text, d.rules);
    if (set) return check_set(text, *set, d.rules, parse);
    failure const f = set.error();
    fuzz::check_failure(f, text.size(), verb::mail);
    naive const found(text);
    if (f.code == errc::conflicting_parameters) {
        check(found.repeated == text.npos, "a conflict comes last");
        return;
    }
    if (f.code == errc::duplicate_parameter) check(f.at == found.repeated, "the first one that stands twice is found");
    // The parameters before the one at fault are right by themselves, and none of them stands twice.
    std::size_t const space = f.at == 0 ? text.npos : text.rfind(' ', f.at - 1);
    if (space == text.npos) return;
    check(found.repeated > space, "nothing stands twice before another fault");
    std::string_view right = text.substr(0, space);
    while (right.ends_with(' ')) right.remove_suffix(1);
    auto const before = parse(right, d.rules);
    check(before || before.error().code == errc::conflicting_parameters, "the fault is the first one",
          before ? "" : name(before.error().code));
}

void check_many(std::string_view stem) {
    // Each takes as long as a thousand other inputs: a few of them are enough.
    static int left = 50;
    if (left == 0) return;
    --left;
    std::string text;
    fuzz::sizes draw(stem);
    for (std::size_t i = 0; i < 10000; ++i) {
        if (i != 0) text += ' ';
        text += stem;
        // At times a keyword that stood before.
        text += std::to_string(draw.next(0, 20000) == 0 ? i / 2 : i);
    }
    auto const start = std::clock();
    auto const mail = parse_mail_parameters(text);
    auto const rcpt = parse_rcpt_parameters(text);
    auto const spent = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    // With sanitizers; a search that is quadratic would take ten.
    check(spent < 3, "10,000 parameters are read twice in three seconds", std::to_string(spent));
    std::size_t const repeated = naive(text).repeated;
    for (auto const& fault : {mail ? failure{} : mail.error(), rcpt ? failure{} : rcpt.error()}) {
        if (repeated == text.npos) check(fault.code != errc::duplicate_parameter, "of many, none stands twice");
        else if (fault.code == errc::duplicate_parameter) check(fault.at == repeated, "of many, the one that stands twice is found");
        else check(fault.code == errc::bad_parameter && fault.at < stem.size(), "many are refused together or not at all");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    if (fuzz::current.ends_with(mark)) {
        std::string_view const stem = fuzz::current.substr(0, size - mark.size());
        if (stem.size() < 16 && stem.find_first_of(" =") == stem.npos) check_many(stem);
        return 0;
    }
    fuzz::block const exact(fuzz::current);
    for (auto const& d : fuzz::dialects) {
        check_text(exact.view(), d, [](std::string_view t, syntax const& s) { return parse_mail_parameters(t, s); });
        check_text(exact.view(), d, [](std::string_view t, syntax const& s) { return parse_rcpt_parameters(t, s); });
    }
    if (size <= 200 && oracle::matches(oracle::Mail_parameters, fuzz::current)) {
        auto const m = parse_mail_parameters(exact.view());
        check(m || m.error().code != errc::bad_parameter, "Mail-parameters are well formed");
    }
    return 0;
}
