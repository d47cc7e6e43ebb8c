// The C interface of ehlo.h: each function is one call of the C++ library, and what it takes and gives is copied from one struct to another.
// Compile this file, as C++20, into the program that uses it. It needs neither exceptions nor type information, and nothing of C++'s
// standard library when it runs. One file, for that is what one who knows no C++ can do with it.
#include <ehlo/ehlo.h>
#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace {

using std::string_view;

// What C holds as octets, and what they are here.
template <class Here, class There>
Here* made(There* out, Here const& value) noexcept {
    static_assert(sizeof(Here) <= sizeof(There) && alignof(Here) <= alignof(There) && std::is_trivially_copyable_v<Here>);
    return ::new (static_cast<void*>(out)) Here(value);
}
template <class Here, class There>
Here& as(There* value) noexcept {
    return *std::launder(reinterpret_cast<Here*>(value));
}
template <class Here, class There>
Here const& as(There const* value) noexcept {
    return *std::launder(reinterpret_cast<Here const*>(value));
}
using server = ehlo::server_with<>;
server& here(ehlo_server* s) noexcept { return as<server>(s); }
ehlo::client& here(ehlo_client* c) noexcept { return as<ehlo::client>(c); }
ehlo::observer& here(ehlo_observer* o) noexcept { return as<ehlo::observer>(o); }

// From C.
string_view view(ehlo_text t) noexcept { return t.data ? string_view(t.data, t.size) : string_view(); }
template <class Set>
Set set_of(std::uint64_t bits) noexcept {
    Set s;
    s.bits = static_cast<decltype(s.bits)>(bits);
    return s;
}
ehlo::leniency rules_of(std::uint64_t bits) noexcept { return set_of<ehlo::leniency>(bits); }
ehlo::syntax syntax_of(ehlo_syntax const* s) noexcept {
    if (!s) return ehlo::strict_syntax;
    return {rules_of(s->tolerate), s->smtputf8 != 0, s->max_local_part, s->max_domain, s->max_path};
}
ehlo::reply reply_of(ehlo_reply const& r) noexcept {
    ehlo::status const s{static_cast<std::uint8_t>(r.status[0] < 10 ? r.status[0] : 0xFF), r.status[1], r.status[2]};
    return {r.code, s, view(r.text)};
}
ehlo::bare_octets bare_of(std::uint32_t bare) noexcept {
    return bare <= EHLO_BARE_PASS ? static_cast<ehlo::bare_octets>(bare) : ehlo::bare_octets::reject;
}
ehlo::result<ehlo::mail_options> options_of(ehlo_mail_options const* o) noexcept {
    ehlo::mail_options options;
    if (!o) return options;
    if (o->body > EHLO_BODY_BINARY_MIME) return ehlo::fail(ehlo::errc::bad_value, 0);
    if (o->has_size) options.size = o->size;
    if (o->body) options.body = static_cast<ehlo::body>(o->body);
    options.smtputf8 = o->smtputf8 != 0;
    options.others = view(o->others);
    return options;
}

// To C.
ehlo_text text(string_view v) noexcept { return {v.data(), v.size()}; }
std::uint32_t number(ehlo::errc code) noexcept { return static_cast<std::uint32_t>(code) + 1; }
ehlo_failure failed(ehlo::failure const& f) noexcept { return {number(f.code), f.at}; }
ehlo_failure failed(std::optional<ehlo::failure> const& f) noexcept { return f ? failed(*f) : ehlo_failure{EHLO_OK, 0}; }
template <class Enum>
constexpr std::uint8_t octet(Enum e) noexcept { return static_cast<std::uint8_t>(e); }
void put(ehlo::status s, std::uint16_t (&to)[3]) noexcept { to[0] = s.class_digit, to[1] = s.subject, to[2] = s.detail; }
ehlo_reply to_c(ehlo::reply const& r) noexcept {
    ehlo_reply out{text(r.text), r.code, {}};
    put(r.enhanced, out.status);
    return out;
}
ehlo_reply_view to_c(ehlo::reply_view const& r) noexcept {
    ehlo_reply_view out{text(r.octets()), text(r.text()), r.tolerated().bits, r.line_count(), static_cast<std::uint16_t>(r.code()), {}};
    put(r.enhanced().value_or(ehlo::status()), out.status);
    return out;
}
ehlo_path to_c(ehlo::path const& p) noexcept {
    return {text(p.text()), text(p.local_part()), text(p.domain()), p.tolerated().bits, octet(p.kind()), octet(p.domain_kind())};
}
using subject = ehlo::end_of_content::subject;
static_assert(octet(subject::message) == EHLO_ABOUT_MESSAGE && octet(subject::message_or_each) == EHLO_ABOUT_MESSAGE_OR_EACH &&
              octet(subject::recipient) == EHLO_ABOUT_RECIPIENT && octet(subject::message_after_each) == EHLO_ABOUT_MESSAGE_AFTER_EACH);
ehlo_message to_c(ehlo::end_of_content const& e) noexcept { return {e.octets, e.recipients, e.recipient, octet(e.about)}; }
ehlo_message to_c(ehlo::abandoned const& a) noexcept { return {a.octets, a.recipients, 0, EHLO_ABOUT_MESSAGE}; }
template <class Value>
ehlo_progress progressed(ehlo::progress<Value> const& p) noexcept {
    ehlo_progress out{p.consumed, EHLO_NEED_MORE, {EHLO_OK, 0}};
    if (p.ready()) out.status = EHLO_READY;
    if (p.failed()) out.status = EHLO_FAILED, out.failure = failed(p.error());
    return out;
}

// Commands, typed.
namespace cmd = ehlo::cmd;
ehlo_command command(ehlo::verb v, ehlo::leniency tolerated = {}, string_view argument = {}) noexcept {
    ehlo_command c{};
    c.verb = octet(v);
    c.tolerated = tolerated.bits;
    c.argument = text(argument);
    return c;
}
ehlo_command to_c(cmd::hello const& c) noexcept { return command(c.verb, c.name.tolerated, c.name.text); }
ehlo_command to_c(cmd::mail const& c) noexcept {
    ehlo_command out = command(c.verb, c.tolerated);
    out.path = to_c(c.from);
    out.parameters = text(c.parameters.all().text());
    out.has_size = c.parameters.size().has_value();
    out.size = c.parameters.size().value_or(0);
    out.body = octet(c.parameters.body().value_or(ehlo::body::seven_bit));
    out.smtputf8 = c.parameters.smtputf8();
    return out;
}
ehlo_command to_c(cmd::rcpt const& c) noexcept {
    ehlo_command out = command(ehlo::verb::rcpt, c.tolerated);
    out.path = to_c(c.to);
    out.parameters = text(c.parameters.all().text());
    return out;
}
ehlo_command to_c(cmd::vrfy const& c) noexcept {
    ehlo_command out = command(c.verb, c.tolerated, c.string);
    out.smtputf8 = c.smtputf8;
    return out;
}
ehlo_command to_c(cmd::noop const& c) noexcept { return command(c.verb, c.tolerated, c.argument); }
template <ehlo::verb V>
ehlo_command to_c(cmd::no_argument<V> const&) noexcept { return command(V); }
ehlo_command to_c(cmd::auth const& c) noexcept {
    ehlo_command out = command(ehlo::verb::auth, {}, c.name);
    if (c.initial_response) out.initial_response = {c.initial_response->data() ? c.initial_response->data() : "", c.initial_response->size()};
    return out;
}
ehlo_command to_c(cmd::bdat const& c) noexcept {
    ehlo_command out = command(ehlo::verb::bdat);
    out.size = c.size;
    out.last = c.last;
    return out;
}
ehlo_command to_c(cmd::burl const& c) noexcept {
    ehlo_command out = command(ehlo::verb::burl, {}, c.url);
    out.last = c.last;
    return out;
}
ehlo_command to_c(cmd::etrn const& c) noexcept {
    // The option is the octet before the node.
    bool const marked = c.option != ehlo::etrn_option::node;
    return command(ehlo::verb::etrn, {}, marked ? string_view(c.node.data() - 1, c.node.size() + 1) : c.node);
}
ehlo_command to_c(cmd::atrn const& c) noexcept { return command(ehlo::verb::atrn, c.tolerated, c.domains); }
ehlo_command to_c(cmd::xclient const& c) noexcept { return command(c.verb, c.tolerated, c.attributes.text()); }

// What a writer appends.
template <class Write>
ehlo_failure append(ehlo_buffer* out, Write write) noexcept {
    ehlo::writer w(out->data + out->size, out->capacity - out->size);
    ehlo::result<std::size_t> const written = write(w);
    if (!written) return failed(written.error());
    out->size += w.size();
    return {EHLO_OK, 0};
}
template <class Write>
ehlo_encoded append_content(ehlo_buffer* out, Write write) noexcept {
    ehlo::writer w(out->data + out->size, out->capacity - out->size);
    ehlo::encoded_content const e = write(w);
    out->size += w.size();
    return {e.consumed, e.done(), e.failed() ? failed(e.error()) : ehlo_failure{EHLO_OK, 0}};
}

// A handler that asks the functions of a C program, and says what is usual where there is none.
class asking {
    ehlo_handler const& handler_;
    void* context_;
    bool lmtp_;

    template <class Command>
    ehlo::reply ask(Command const& c, ehlo::reply const& usual) noexcept {
        ehlo_reply answer = to_c(usual);
        if (handler_.command) {
            ehlo_command const asked = to_c(c);
            handler_.command(context_, &asked, &answer);
        }
        return reply_of(answer);
    }
    ehlo::auth_answer ask(ehlo_auth_step const& step) noexcept {
        ehlo_reply answer = to_c(ehlo::replies::bad_credentials);
        if (handler_.auth) handler_.auth(context_, &step, &answer);
        if (answer.code == EHLO_CHALLENGE) return ehlo::challenge{view(answer.text)};
        return reply_of(answer);
    }
    static constexpr ehlo::reply not_here{502, {5, 5, 1}, "The command is not implemented here"};

  public:
    asking(server const& s, ehlo_handler const* h, void* context) noexcept
        : handler_(*h), context_(context), lmtp_(s.settings().service == ehlo::service::lmtp) {}

    ehlo::reply on(ehlo::connected const&) noexcept {
        ehlo_reply answer{text(lmtp_ ? "LMTP ready" : "ESMTP ready"), 220, {}};
        if (handler_.connected) handler_.connected(context_, &answer);
        return reply_of(answer);
    }
    ehlo::reply on(cmd::hello const& c) noexcept { return ask(c, ehlo::replies::ok); }
    ehlo::reply on(cmd::mail const& c) noexcept { return ask(c, ehlo::replies::sender_ok); }
    ehlo::reply on(cmd::rcpt const& c) noexcept { return ask(c, ehlo::replies::no_such_user); }
    ehlo::reply on(cmd::data const& c) noexcept { return ask(c, ehlo::replies::start_content); }
    ehlo::reply on(cmd::vrfy const& c) noexcept { return ask(c, c.verb == ehlo::verb::vrfy ? ehlo::replies::cannot_verify : not_here); }
    ehlo::reply on(cmd::noop const& c) noexcept { return ask(c, c.verb == ehlo::verb::help ? ehlo::replies::help : ehlo::replies::ok); }
    ehlo::reply on(cmd::starttls const& c) noexcept { return ask(c, ehlo::reply(220, {2, 0, 0}, "Ready to start TLS")); }
    ehlo::reply on(cmd::burl const& c) noexcept { return ask(c, not_here); }
    ehlo::reply on(cmd::etrn const& c) noexcept { return ask(c, not_here); }
    ehlo::reply on(cmd::atrn const& c) noexcept { return ask(c, not_here); }
    ehlo::reply on(cmd::turn const& c) noexcept { return ask(c, not_here); }
    ehlo::reply on(cmd::onex const& c) noexcept { return ask(c, not_here); }
    ehlo::reply on(cmd::xclient const& c) noexcept { return ask(c, not_here); }
    void on(ehlo::content const& c) noexcept {
        if (handler_.content) handler_.content(context_, text(c.octets));
    }
    ehlo::reply on(ehlo::end_of_content const& e) noexcept {
        ehlo_reply answer = to_c(ehlo::replies::try_later);
        ehlo_message const message = to_c(e);
        if (handler_.end_of_content) handler_.end_of_content(context_, &message, &answer);
        return reply_of(answer);
    }
    void on(ehlo::abandoned const& a) noexcept {
        ehlo_message const message = to_c(a);
        if (handler_.abandoned) handler_.abandoned(context_, &message);
    }
    ehlo::mechanisms mechanisms() const noexcept {
        constexpr std::uint32_t known = (1u << ehlo::mechanism_count) - 2;
        return set_of<ehlo::mechanisms>(handler_.auth ? handler_.mechanisms & known : 0);
    }
    ehlo::auth_answer on(cmd::auth const& c) noexcept {
        return ask(ehlo_auth_step{text(c.name), to_c(c).initial_response, octet(c.mechanism), 0, 0});
    }
    ehlo::auth_answer on(ehlo::auth_response const& r) noexcept {
        return ask(ehlo_auth_step{{"", 0}, {r.base64.data() ? r.base64.data() : "", r.base64.size()}, 0, 1, r.cancelled});
    }
    void on(ehlo::answered const& a) noexcept {
        if (!handler_.answered) return;
        ehlo_answered const what{text(a.line), to_c(a.sent), failed(a.fault), a.tolerated.bits, a.secret, octet(a.verb), octet(a.event), a.early};
        handler_.answered(context_, &what);
    }
};
template <class Call>
ehlo_step step(ehlo_server* s, ehlo_buffer* out, ehlo_handler const* h, void* context, Call call) noexcept {
    asking handler(here(s), h, context);
    ehlo::step const done = call(here(s), handler, std::span<char>(out->data + out->size, out->capacity - out->size));
    out->size += done.produced;
    return {done.consumed, done.produced, static_cast<std::uint32_t>(done.want)};
}

// Tells a C program what an observer sees.
class telling {
    ehlo_watcher* watcher_;
    void* context_;

    static ehlo_seen seen(std::uint32_t kind) noexcept {
        ehlo_seen s{};
        s.kind = kind;
        s.sure = 1;
        return s;
    }
    static ehlo_seen seen(std::uint32_t kind, ehlo::seen::place const& p) noexcept {
        ehlo_seen s = seen(kind);
        s.at = p.at, s.size = p.size, s.from = octet(p.from), s.sure = p.sure;
        return s;
    }
    static ehlo_seen seen(ehlo::seen::command const& c) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_COMMAND, c);
        count(s, c.number);
        happened(s, c.event, c.verb);
        s.octets = text(c.line), s.secret = c.secret, s.fault = failed(c.fault);
        return s;
    }
    static void happened(ehlo_seen& s, std::optional<ehlo::event> const& e, ehlo::verb v) noexcept {
        s.has_event = e.has_value(), s.event = octet(e.value_or(ehlo::event::greeting)), s.verb = octet(v);
    }
    static void count(ehlo_seen& s, std::optional<std::uint64_t> const& number) noexcept {
        s.has_number = number.has_value(), s.number = number.value_or(0);
    }
    static void sum(ehlo_seen& s, std::optional<std::uint64_t> const& octets) noexcept {
        s.has_total = octets.has_value(), s.total = octets.value_or(0);
    }
    void tell(ehlo_seen const& s) const noexcept { watcher_(context_, &s); }

  public:
    telling(ehlo_watcher* watcher, void* context) noexcept : watcher_(watcher), context_(context) {}

    void on(ehlo::seen::command const& c) noexcept { tell(seen(c)); }
    template <class Command>
    void on(ehlo::seen::of<Command> const& c) noexcept {
        ehlo_seen s = seen(static_cast<ehlo::seen::command const&>(c));
        ehlo_command const typed = to_c(c.typed);
        s.command = &typed;
        tell(s);
    }
    void on(ehlo::seen::response const& r) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_RESPONSE, r);
        count(s, r.number);
        s.octets = text(r.line), s.fault = failed(r.fault);
        tell(s);
    }
    void on(ehlo::seen::reply const& r) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_REPLY, r);
        ehlo_reply_view const said = to_c(r.said);
        count(s, r.number);
        s.reply = &said, s.code = said.code;
        happened(s, r.to, r.verb);
        tell(s);
    }
    void on(ehlo::seen::unanswered const& u) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_UNANSWERED, u);
        count(s, u.number);
        happened(s, u.event, u.verb);
        s.count = u.count;
        tell(s);
    }
    void on(ehlo::seen::content const& c) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_CONTENT, c);
        s.octets = text(c.octets);
        tell(s);
    }
    void on(ehlo::seen::end_of_content const& e) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_END_OF_CONTENT, e);
        count(s, e.number);
        sum(s, e.octets);
        tell(s);
    }
    void on(ehlo::seen::transaction const& t) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_TRANSACTION);
        count(s, t.number);
        sum(s, t.octets);
        s.outcome = octet(t.outcome), s.code = t.code, s.recipients = t.recipients, s.accepted = t.accepted, s.sure = t.sure;
        tell(s);
    }
    void on(ehlo::seen::tls const& t) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_TLS);
        s.at = t.client_at, s.server_at = t.server_at;
        tell(s);
    }
    void on(ehlo::seen::in_step const& i) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_IN_STEP);
        s.at = i.client_at, s.server_at = i.server_at, s.sure = i.sure;
        tell(s);
    }
    void on(ehlo::seen::departed const& d) noexcept {
        ehlo_seen s = seen(EHLO_SEEN_DEPARTED, d);
        s.departure = octet(d.what), s.tolerated = d.rules.bits, s.dot_line = octet(d.line);
        if (d.why) s.fault.error = number(*d.why);
        tell(s);
    }
};

template <class Enum>
char const* named(std::uint32_t n, std::uint32_t count) noexcept {
    if (n >= count) return "";
    string_view const text = name(static_cast<Enum>(n));
    return text.data() ? text.data() : "";   // all of them are literals, and end with a NUL
}
template <class T, std::size_t N>
constexpr std::uint32_t count_of(T const (&)[N]) noexcept { return N; }

}  // namespace

extern "C" {

// ---- About the library ----

char const* ehlo_version(void) { return ehlo::version.data(); }
ehlo_layout const* ehlo_get_layout(void) {
    static constexpr ehlo_layout layout{EHLO_ABI, sizeof(ehlo_command), sizeof(ehlo_reply), sizeof(ehlo_reply_view), sizeof(ehlo_server_options),
        sizeof(ehlo_handler), sizeof(ehlo_seen), sizeof(ehlo_settings), sizeof(ehlo_server), sizeof(ehlo_client), sizeof(ehlo_observer)};
    return &layout;
}
char const* ehlo_name(uint32_t kind, uint32_t n) {
    switch (kind) {
    case EHLO_NAME_OF_ERROR: return n == 0 ? "" : named<ehlo::errc>(n - 1, count_of(ehlo::errc_table));
    case EHLO_NAME_OF_BLAME: return named<ehlo::blame>(n, 4);
    case EHLO_NAME_OF_VERB: return named<ehlo::verb>(n, ehlo::verb_count);
    case EHLO_NAME_OF_STATE: return named<ehlo::state>(n, ehlo::state_count);
    case EHLO_NAME_OF_EVENT: return named<ehlo::event>(n, ehlo::event_count);
    case EHLO_NAME_OF_FACT: return named<ehlo::fact>(n, ehlo::fact_count);
    case EHLO_NAME_OF_EXTENSION: return named<ehlo::extension>(n, ehlo::extension_count);
    case EHLO_NAME_OF_RULE: return named<ehlo::rule>(n, count_of(ehlo::rule_names));
    case EHLO_NAME_OF_MECHANISM: return named<ehlo::mechanism>(n, ehlo::mechanism_count);
    case EHLO_NAME_OF_WANT: return named<ehlo::want>(n, ehlo::want_count);
    case EHLO_NAME_OF_DIRECTION: return named<ehlo::direction>(n, count_of(ehlo::direction_names));
    case EHLO_NAME_OF_DEPARTURE: return named<ehlo::departure>(n, count_of(ehlo::departure_names));
    case EHLO_NAME_OF_OUTCOME: return named<ehlo::outcome>(n, count_of(ehlo::outcome_names));
    case EHLO_NAME_OF_DOT_LINE: return named<ehlo::dot_line>(n, count_of(ehlo::dot_line_names));
    default: return "";
    }
}
char const* ehlo_error_message(uint32_t error) {
    return error - 1 < count_of(ehlo::errc_table) ? message(static_cast<ehlo::errc>(error - 1)).data() : "";
}
uint32_t ehlo_error_blame(uint32_t error) {
    return error - 1 < count_of(ehlo::errc_table) ? static_cast<uint32_t>(blame_of(static_cast<ehlo::errc>(error - 1))) : uint32_t{EHLO_BLAME_MISUSE};
}

// ---- Parsers ----

void ehlo_syntax_init(ehlo_syntax* out) {
    constexpr ehlo::syntax s = ehlo::strict_syntax;
    *out = {s.tolerate.bits, s.max_local_part, s.max_domain, s.max_path, s.smtputf8};
}
ehlo_failure ehlo_parse_path(ehlo_text in, ehlo_syntax const* rules, ehlo_path* out) {
    auto const p = ehlo::parse_path(view(in), ehlo::path_role::any, syntax_of(rules));
    if (!p) return failed(p.error());
    *out = to_c(*p);
    return {EHLO_OK, 0};
}
ehlo_failure ehlo_parse_mailbox(ehlo_text in, ehlo_syntax const* rules, ehlo_path* out) {
    auto const m = ehlo::parse_mailbox(view(in), syntax_of(rules));
    if (!m) return failed(m.error());
    *out = {in, text(m->local_part), text(m->domain.text), m->tolerated.bits, EHLO_PATH_MAILBOX, octet(m->domain.kind)};
    return {EHLO_OK, 0};
}
int ehlo_same_mailbox(ehlo_path const* a, ehlo_path const* b) {
    return a->kind == b->kind && ehlo::same_local_part(view(a->local_part), view(b->local_part)) &&
           ehlo::same_domain(view(a->domain), view(b->domain));
}
int ehlo_same_domain(ehlo_text a, ehlo_text b) { return ehlo::same_domain(view(a), view(b)); }

ehlo_failure ehlo_parse_command(ehlo_text line, ehlo_syntax const* rules, ehlo_command* out) {
    ehlo::syntax const s = syntax_of(rules);
    auto const split = ehlo::split_command(view(line), s);
    if (!split) return failed(split.error());
    return failed(ehlo::visit_command(*split, s, [out](auto const& c) noexcept { *out = to_c(c); }));
}
int ehlo_next_parameter(ehlo_text* rest, ehlo_text* keyword, ehlo_text* value) {
    ehlo::parameter_range::iterator i(view(*rest));
    ehlo::parameter const p = *i;
    if (p.keyword.empty()) return 0;
    *keyword = text(p.keyword);
    *value = p.value ? ehlo_text{p.value->data(), p.value->size()} : ehlo_text{nullptr, 0};
    char const *const end = rest->data + rest->size, *const after = p.value ? p.value->data() + p.value->size() : p.keyword.data() + p.keyword.size();
    *rest = {after, static_cast<size_t>(end - after)};
    return 1;
}
void ehlo_command_reader_init(ehlo_command_reader* reader) { made(reader, ehlo::command_reader()); }
ehlo_progress ehlo_read_command(ehlo_command_reader* reader, ehlo_text in, size_t max_line, ehlo_syntax const* rules, ehlo_command* out) {
    ehlo::syntax const s = syntax_of(rules);
    return progressed(as<ehlo::command_reader>(reader).next(view(in), max_line, s, [out](auto const& c) noexcept { *out = to_c(c); }));
}

void ehlo_reply_reader_init(ehlo_reply_reader* reader) { made(reader, ehlo::reply_reader()); }
ehlo_progress ehlo_read_reply(ehlo_reply_reader* reader, ehlo_text in, uint64_t tolerate, ehlo_reply_view* out) {
    ehlo::reply_limits limits;
    limits.tolerate = rules_of(tolerate);
    auto const r = as<ehlo::reply_reader>(reader).next(view(in), limits);
    if (r.ready()) *out = to_c(*r);
    return progressed(r);
}
int ehlo_next_line(ehlo_text* rest, ehlo_text* line) {
    if (!rest->size) return 0;
    string_view const all = view(*rest);
    std::size_t const end = ehlo::detail::find_first<ehlo::charset("\r")>(all), begin = end < 4 ? end : 4;
    *line = text(ehlo::detail::sub(all, begin, end - begin));
    *rest = text(ehlo::detail::sub(all, all.size() - end < 2 ? all.size() : end + 2));
    return 1;
}
ehlo_failure ehlo_parse_offers(ehlo_reply_view const* reply, uint64_t tolerate, ehlo_offers* out) {
    ehlo::reply_limits limits;
    limits.tolerate = rules_of(tolerate | EHLO_BIT(EHLO_RULE_MIXED_REPLY_CODES));   // that was judged when it was read
    auto const again = ehlo::parse_reply(view(reply->octets), limits);
    if (!again.ready()) return {number(again.failed() ? again.error().code : ehlo::errc::bad_value), 0};
    auto const answer = ehlo::parse_ehlo_answer(*again, rules_of(tolerate));
    if (!answer) return failed(answer.error());
    *out = {answer->offered.bits, answer->size.value_or(0), text(answer->domain), text(answer->auth_text), static_cast<uint32_t>(answer->auth.bits)};
    return {EHLO_OK, 0};
}
void ehlo_reply_for(ehlo_failure fault, uint32_t verb, ehlo_reply* out) {
    bool const known = fault.error - 1 < count_of(ehlo::errc_table) && verb < ehlo::verb_count;
    *out = to_c(known ? ehlo::reply_for({static_cast<ehlo::errc>(fault.error - 1), fault.at}, static_cast<ehlo::verb>(verb)) : ehlo::replies::try_later);
}

void ehlo_decoder_init(ehlo_decoder* decoder) { made(decoder, ehlo::content_decoder()); }
ehlo_decoded ehlo_decode_piece(ehlo_decoder* decoder, ehlo_text in, uint32_t bare, ehlo_text* piece) {
    ehlo::content_piece const p = as<ehlo::content_decoder>(decoder).next(view(in), bare_of(bare));
    *piece = text(p.octets);
    return {p.consumed, p.octets.size(), p.end};
}
ehlo_decoded ehlo_decode(ehlo_decoder* decoder, ehlo_text in, uint32_t bare, ehlo_buffer* out) {
    std::span<char> const room(out->data + out->size, out->capacity - out->size);
    ehlo::decoded_content const d = as<ehlo::content_decoder>(decoder).decode(view(in), room, bare_of(bare));
    out->size += d.produced;
    return {d.consumed, d.produced, d.end};
}
uint32_t ehlo_decoder_flaws(ehlo_decoder const* decoder) {
    auto const& d = as<ehlo::content_decoder>(decoder);
    return d.bare_cr() * uint32_t{EHLO_HAD_BARE_CR} | d.bare_lf() * uint32_t{EHLO_HAD_BARE_LF} | d.nul() * uint32_t{EHLO_HAD_NUL} |
           d.long_line() * uint32_t{EHLO_HAD_LONG_LINE};
}
void ehlo_encoder_init(ehlo_encoder* encoder, uint32_t bare) { made(encoder, ehlo::content_encoder(bare_of(bare))); }
ehlo_encoded ehlo_encode(ehlo_encoder* encoder, ehlo_text in, ehlo_buffer* out) {
    return append_content(out, [&](ehlo::writer& w) noexcept { return as<ehlo::content_encoder>(encoder).encode(view(in), w); });
}
ehlo_encoded ehlo_encode_end(ehlo_encoder* encoder, ehlo_buffer* out) {
    return append_content(out, [&](ehlo::writer& w) noexcept { return as<ehlo::content_encoder>(encoder).finish(w); });
}
ehlo_failure ehlo_decode_base64(ehlo_text in, ehlo_buffer* out) {
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::decode_base64(w, view(in)); });
}
ehlo_failure ehlo_encode_base64(ehlo_text in, ehlo_buffer* out) {
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::encode_base64(w, view(in)); });
}
ehlo_failure ehlo_decode_xtext(ehlo_text in, ehlo_buffer* out) {
    auto const x = ehlo::parse_xtext(view(in));
    if (!x) return failed(x.error());
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::write_decoded(w, *x); });
}
ehlo_failure ehlo_encode_xtext(ehlo_text in, ehlo_buffer* out) {
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::write_xtext(w, ehlo::xtext(view(in))); });
}

// ---- Writers ----

ehlo_failure ehlo_write_mail(ehlo_buffer* out, ehlo_text from, ehlo_mail_options const* options) {
    auto const all = options_of(options);
    if (!all) return failed(all.error());
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::write_mail(w, view(from), *all); });
}
ehlo_failure ehlo_write_rcpt(ehlo_buffer* out, ehlo_text to, ehlo_text parameters, ehlo_syntax const* rules) {
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::write_rcpt(w, view(to), view(parameters), syntax_of(rules)); });
}
ehlo_failure ehlo_write_bdat(ehlo_buffer* out, uint64_t size, int last) {
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::write_bdat(w, size, last != 0); });
}
ehlo_failure ehlo_write_command(ehlo_buffer* out, uint32_t verb, ehlo_text argument) {
    using ehlo::verb_count;
    auto const v = static_cast<ehlo::verb>(verb < verb_count ? verb : 0);
    string_view const arg = view(argument);
    return append(out, [&](ehlo::writer& w) noexcept -> ehlo::result<std::size_t> {
        switch (v) {
        case ehlo::verb::ehlo:
        case ehlo::verb::helo:
        case ehlo::verb::lhlo: return ehlo::write_hello(w, v, arg);
        case ehlo::verb::noop:
        case ehlo::verb::help:
        case ehlo::verb::verbose:
        case ehlo::verb::vrfy:
        case ehlo::verb::expn: return ehlo::write_argument(w, v, arg);
        case ehlo::verb::auth: return ehlo::write_auth(w, arg);
        case ehlo::verb::atrn: return ehlo::write_atrn(w, arg);
        case ehlo::verb::xclient:
        case ehlo::verb::xforward: return ehlo::write_xclient(w, v, arg);
        default: break;
        }
        if (!arg.empty()) return ehlo::fail(ehlo::errc::unexpected_argument, 0);
        return ehlo::write_no_argument(w, v);
    });
}
ehlo_failure ehlo_write_reply(ehlo_buffer* out, ehlo_reply const* reply) {
    return append(out, [&](ehlo::writer& w) noexcept { return ehlo::write_reply(w, reply_of(*reply)); });
}
ehlo_failure ehlo_make_reply(ehlo_reply* out, char const* line) {
    string_view rest(line);
    unsigned code = 0;
    std::size_t digits = 0;
    while (digits < 3 && digits < rest.size() && ehlo::is_digit(rest[digits])) code = code * 10 + static_cast<unsigned>(rest[digits++] - '0');
    if (digits < 3 || !ehlo::is_reply_code(code)) return {EHLO_ERROR_BAD_REPLY_CODE, 0};
    if (rest.size() > 3 && rest[3] != ' ') return {EHLO_ERROR_BAD_REPLY_SEPARATOR, 3};
    rest = ehlo::detail::sub(rest, rest.size() > 3 ? 4 : 3);
    ehlo::status s;
    if (std::size_t const n = ehlo::detail::scan_status(rest, s); n != 0) rest = ehlo::detail::sub(rest, n < rest.size() ? n + 1 : n);
    ehlo::reply const r(code, s, rest);
    if (auto const bad = check(r)) return failed(*bad);
    *out = to_c(r);
    return {EHLO_OK, 0};
}

// ---- Server ----

void ehlo_server_options_init(ehlo_server_options* out) {
    constexpr ehlo::policy p;
    *out = {p.offers.bits, p.max_message, {}, p.max_recipients, p.max_line, p.max_errors, p.reply_space, octet(p.service), octet(p.bare),
            octet(p.early), p.require_tls, p.require_authentication, p.clear_text_passwords};
    ehlo_syntax_init(&out->grammar);
}
ehlo_failure ehlo_settings_init(ehlo_settings* settings, ehlo_server_options const* o) {
    ehlo::policy p;
    p.offers = set_of<ehlo::extensions>(o->offers);
    p.max_message = o->max_message, p.max_recipients = o->max_recipients, p.max_line = o->max_line, p.max_errors = o->max_errors;
    p.reply_space = o->reply_space;
    p.service = static_cast<ehlo::service>(o->service), p.bare = bare_of(o->bare);
    p.early = static_cast<ehlo::early_octets>(o->early);
    p.require_tls = o->require_tls, p.require_authentication = o->require_authentication, p.clear_text_passwords = o->clear_text_passwords;
    p.grammar = syntax_of(&o->grammar);
    if (o->service > EHLO_SERVICE_LMTP || o->bare > EHLO_BARE_PASS || o->early > EHLO_EARLY_REJECT) return {EHLO_ERROR_BAD_VALUE, 0};
    if (auto const bad = check(p)) return failed(*bad);
    made(settings, p);
    return {EHLO_OK, 0};
}
ehlo_failure ehlo_server_init(ehlo_server* s, ehlo_settings const* settings, ehlo_text name) {
    if (auto const host = ehlo::parse_host(view(name)); !host) return failed(host.error());
    made(s, server(as<ehlo::policy>(settings), view(name)));
    return {EHLO_OK, 0};
}
ehlo_step ehlo_server_advance(ehlo_server* s, ehlo_text in, ehlo_buffer* out, ehlo_handler const* h, void* context) {
    return step(s, out, h, context, [&](server& smtp, asking& handler, std::span<char> room) noexcept { return smtp.advance(view(in), handler, room); });
}
ehlo_step ehlo_server_answer(ehlo_server* s, ehlo_reply const* answer, ehlo_buffer* out, ehlo_handler const* h, void* context) {
    return step(s, out, h, context, [&](server& smtp, asking& handler, std::span<char> room) noexcept {
        if (answer->code == EHLO_CHALLENGE) return smtp.answer(ehlo::challenge{view(answer->text)}, handler, room);
        return smtp.answer(reply_of(*answer), handler, room);
    });
}
ehlo_step ehlo_server_shut_down(ehlo_server* s, ehlo_reply const* reply, ehlo_buffer* out, ehlo_handler const* h, void* context) {
    return step(s, out, h, context, [&](server& smtp, asking& handler, std::span<char> room) noexcept {
        return smtp.shut_down(handler, room, reply ? reply_of(*reply) : ehlo::replies::shutting_down);
    });
}
void ehlo_server_secured(ehlo_server* s) { here(s).secured(); }
void ehlo_server_authenticated(ehlo_server* s) { here(s).authenticated(); }
void ehlo_server_disconnected(ehlo_server* s, ehlo_handler const* h, void* context) {
    asking handler(here(s), h, context);
    here(s).disconnected(handler);
}
void ehlo_server_tls_lost(ehlo_server* s, ehlo_handler const* h, void* context) {
    asking handler(here(s), h, context);
    here(s).tls_lost(handler);
}
uint32_t ehlo_server_state(ehlo_server const* s) { return octet(as<server>(s).where()); }
int ehlo_server_knows(ehlo_server const* s, uint32_t fact) { return fact < ehlo::fact_count && as<server>(s).knows(static_cast<ehlo::fact>(fact)); }

// ---- Client ----

void ehlo_client_init(ehlo_client* c, ehlo_client_options const* o) {
    ehlo::client_settings s;
    if (o) {
        s.tls = o->tls <= EHLO_TLS_REQUIRED ? static_cast<ehlo::tls_use>(o->tls) : ehlo::tls_use::required;
        s.bare = bare_of(o->bare);
        s.lmtp = o->lmtp, s.clear_text_passwords = o->clear_text_passwords;
    }
    made(c, ehlo::client(s));
}
ehlo_progress ehlo_client_receive(ehlo_client* c, ehlo_text in, ehlo_client_reply* out) {
    auto const r = here(c).receive(view(in));
    if (r.ready()) *out = {to_c(r->reply), octet(r->to), octet(verdict_of(*r)), r->recipient, r->accepted};
    return progressed(r);
}
ehlo_failure ehlo_client_command(ehlo_client* client, ehlo_buffer* out, uint32_t verb, ehlo_text argument) {
    string_view const arg = view(argument);
    ehlo::client& c = here(client);
    return append(out, [&](ehlo::writer& w) noexcept -> ehlo::result<std::size_t> {
        switch (verb) {
        case EHLO_VERB_EHLO: return c.hello(w, arg);
        case EHLO_VERB_HELO: return c.helo(w, arg);
        case EHLO_VERB_LHLO: return c.lhlo(w, arg);
        case EHLO_VERB_NOOP: return c.noop(w, arg);
        case EHLO_VERB_HELP: return c.help(w, arg);
        case EHLO_VERB_VRFY: return c.vrfy(w, arg);
        case EHLO_VERB_EXPN: return c.expn(w, arg);
        case EHLO_VERB_ATRN: return c.atrn(w, arg);
        case EHLO_VERB_XCLIENT: return c.xclient(w, arg);
        case EHLO_VERB_XFORWARD: return c.xforward(w, arg);
        case EHLO_VERB_AUTH: return c.auth(w, arg);
        default: break;
        }
        if (!arg.empty()) return ehlo::fail(ehlo::errc::unexpected_argument, 0);
        switch (verb) {
        case EHLO_VERB_STARTTLS: return c.starttls(w);
        case EHLO_VERB_DATA: return c.data(w);
        case EHLO_VERB_RSET: return c.rset(w);
        case EHLO_VERB_QUIT: return c.quit(w);
        case EHLO_VERB_TURN: return c.turn(w);
        case EHLO_VERB_VERBOSE: return c.verbose(w);
        case EHLO_VERB_ONEX: return c.onex(w);
        default: return ehlo::fail(ehlo::errc::bad_value, 0);
        }
    });
}
ehlo_failure ehlo_client_mail(ehlo_client* c, ehlo_buffer* out, ehlo_text from, ehlo_mail_options const* options) {
    auto const all = options_of(options);
    if (!all) return failed(all.error());
    return append(out, [&](ehlo::writer& w) noexcept { return here(c).mail(w, view(from), *all); });
}
ehlo_failure ehlo_client_rcpt(ehlo_client* c, ehlo_buffer* out, ehlo_text to, ehlo_text parameters) {
    return append(out, [&](ehlo::writer& w) noexcept { return here(c).rcpt(w, view(to), view(parameters)); });
}
ehlo_failure ehlo_client_bdat(ehlo_client* c, ehlo_buffer* out, uint64_t size, int last) {
    return append(out, [&](ehlo::writer& w) noexcept { return here(c).bdat(w, size, last != 0); });
}
ehlo_failure ehlo_client_auth(ehlo_client* c, ehlo_buffer* out, ehlo_text mechanism, ehlo_text initial) {
    return append(out, [&](ehlo::writer& w) noexcept {
        return initial.data ? here(c).auth(w, view(mechanism), view(initial)) : here(c).auth(w, view(mechanism));
    });
}
ehlo_failure ehlo_client_auth_plain(ehlo_client* c, ehlo_buffer* out, ehlo_text user, ehlo_text password) {
    return append(out, [&](ehlo::writer& w) noexcept { return here(c).auth(w, ehlo::sasl::plain{{}, view(user), view(password)}); });
}
ehlo_failure ehlo_client_auth_response(ehlo_client* c, ehlo_buffer* out, ehlo_text octets) {
    return append(out, [&](ehlo::writer& w) noexcept { return octets.data ? here(c).auth_response(w, view(octets)) : here(c).auth_cancel(w); });
}
ehlo_encoded ehlo_client_content(ehlo_client* c, ehlo_text octets, ehlo_buffer* out) {
    return append_content(out, [&](ehlo::writer& w) noexcept { return here(c).content(view(octets), w); });
}
ehlo_encoded ehlo_client_end_content(ehlo_client* c, ehlo_buffer* out) {
    return append_content(out, [&](ehlo::writer& w) noexcept { return here(c).end_content(w); });
}
int ehlo_client_secured(ehlo_client* c) { return here(c).secured(); }
uint32_t ehlo_client_disconnected(ehlo_client* c) { return octet(here(c).disconnected()); }
uint32_t ehlo_client_tls_lost(ehlo_client* c) { return octet(here(c).tls_lost()); }
uint32_t ehlo_client_state(ehlo_client const* c) { return octet(as<ehlo::client>(c).where()); }
int ehlo_client_over(ehlo_client const* c) { return as<ehlo::client>(c).over(); }
int ehlo_client_awaits(ehlo_client const* c) {
    auto const e = as<ehlo::client>(c).awaits();
    return e ? static_cast<int>(*e) : -1;
}
void ehlo_client_offers(ehlo_client const* client, ehlo_offers* out) {
    auto const& c = as<ehlo::client>(client);
    auto const all = c.offers();
    *out = {all.offered.bits, all.size.value_or(0), {}, {}, static_cast<uint32_t>(c.offered_mechanisms().bits)};
}
uint32_t ehlo_client_recipients(ehlo_client const* c) { return as<ehlo::client>(c).recipients(); }

// ---- Observer ----

void ehlo_observer_init(ehlo_observer* observer, ehlo_observer_options const* o) {
    ehlo::observer_settings s;
    if (o) {
        s.grammar.tolerate = rules_of(o->tolerate);
        s.replies.tolerate = rules_of(o->tolerate);
        s.ends = set_of<ehlo::dot_lines>(o->ends);
        s.sees = o->sees <= EHLO_SIGHT_SERVER_ONLY ? static_cast<ehlo::sight>(o->sees) : ehlo::sight::both;
        if (o->max_line != 0) s.max_line = o->max_line;
        s.lmtp = o->lmtp, s.guesses = o->guesses, s.knows_bdat = !o->no_bdat, s.drains_chunks = !o->keeps_chunks;
    }
    made(observer, ehlo::observer(s));
}
void ehlo_observer_advance(ehlo_observer* o, ehlo_text client, ehlo_text server, ehlo_watcher* watcher, void* context, size_t* client_consumed,
                           size_t* server_consumed) {
    telling handler(watcher, context);
    auto const done = here(o).advance(view(client), view(server), handler);
    *client_consumed = done.client;
    *server_consumed = done.server;
}
void ehlo_observer_gap(ehlo_observer* o, uint32_t direction, uint64_t octets, ehlo_watcher* watcher, void* context) {
    telling handler(watcher, context);
    here(o).gap(direction == EHLO_DIRECTION_FROM_SERVER ? ehlo::direction::from_server : ehlo::direction::from_client, octets, handler);
}
void ehlo_observer_secured(ehlo_observer* o) { here(o).secured(); }
void ehlo_observer_end(ehlo_observer* o, ehlo_watcher* watcher, void* context) {
    telling handler(watcher, context);
    here(o).end(handler);
}
uint32_t ehlo_observer_state(ehlo_observer const* o) { return octet(as<ehlo::observer>(o).where()); }
int ehlo_observer_sure(ehlo_observer const* o) { return as<ehlo::observer>(o).sure(); }

}  // extern "C"
