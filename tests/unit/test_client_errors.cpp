// Which refusals a server or a relay counts as errors of its client.

#include "catch.hpp"

#include <ehlo/detail/client_errors.hpp>

namespace test_client_errors {

using ehlo::errc;
using ehlo::event;
using ehlo::verb;
using errors = ehlo::detail::client_errors;

namespace {

// How many of these refusals in a row are counted.
struct refusal {
    event on;
    ehlo::verb verb;
    errc code;
};
template <std::size_t N>
constexpr unsigned counted(errors e, refusal const (&all)[N]) {
    for (refusal const& r : all) {
        ehlo::failure f = ehlo::fail(r.code, 3);
        e.note_refusal(r.on, r.verb, f, 1000);
    }
    return e.count;
}
constexpr errors after(event e, bool accepted) {
    errors all;
    all.note_reply(e, accepted);
    return all;
}

constexpr refusal rcpt{event::rcpt, verb::rcpt, errc::bad_sequence}, data{event::data, verb::data, errc::bad_sequence},
    chunk{event::noop, verb::bdat, errc::bad_sequence}, mail{event::mail, verb::mail, errc::bad_sequence},
    bad_mail{event::mail, verb::mail, errc::bad_domain}, bad_rcpt{event::rcpt, verb::rcpt, errc::bad_domain}, typo{event::noop, verb::unknown, errc::unknown_verb},
    bad_vrfy{event::vrfy, verb::vrfy, errc::unsafe_octet};

}  // namespace

TEST_CASE("errors of a client: what is out of order is one, unless it followed a refusal", "[server]") {
    CHECK_BOTH(counted({}, {rcpt, rcpt, data, chunk, mail}) == 5);
    for (event const e : {event::mail, event::rcpt}) {
        CAPTURE(name(e));
        CHECK(counted(after(e, false), {rcpt, rcpt, data, chunk}) == 0);
        CHECK(counted(after(e, false), {mail}) == 1);
        CHECK(counted(after(e, true), {rcpt}) == 1);
    }
    // These are the last of what is sent together: what comes after them had seen the reply.
    for (event const e : {event::hello, event::data, event::quit}) {
        CAPTURE(name(e));
        CHECK(counted(after(e, false), {rcpt}) == 1);
    }
    // DATA too is refused after a refused MAIL, and what was to follow its 354 may be there.
    errors e = after(event::mail, false);
    e.note_reply(event::data, false);
    CHECK(counted(e, {rcpt, chunk}) == 0);
    e.note_reply(event::data, true);
    CHECK(counted(e, {rcpt, chunk}) == 2);
}

TEST_CASE("errors of a client: RFC 2920 3.1, after a refusal by the server itself", "[server]") {
    CHECK_BOTH(counted({}, {bad_mail, rcpt, data}) == 1);
    CHECK_BOTH(counted({}, {bad_rcpt, rcpt, data}) == 1);
    CHECK_BOTH(counted({}, {typo, chunk, chunk}) == 1);
    CHECK_BOTH(counted({}, {chunk, chunk}) == 2);
    CHECK_BOTH(counted({}, {bad_vrfy, rcpt}) == 2);
    // The command that began it may also be one that is no longer spoken here.
    CHECK_BOTH(counted({}, {bad_mail, {event::noop, verb::bdat, errc::not_implemented}}) == 1);
    CHECK_BOTH(counted({}, {{event::noop, verb::bdat, errc::not_implemented}, rcpt}) == 1);
    CHECK_BOTH(counted({}, {bad_mail, {event::noop, verb::bdat, errc::bad_number}}) == 2);
}

TEST_CASE("errors of a client: what is not granted is none, RFC 5321 4.5.3.1.10", "[server]") {
    for (errc const code : {errc::too_many_recipients, errc::message_too_large, errc::unknown_parameter}) {
        CAPTURE(name(code));
        CHECK(counted({}, {{event::rcpt, verb::rcpt, code}, {event::mail, verb::mail, code}, {event::noop, verb::bdat, code}}) == 0);
        // What follows such a MAIL or RCPT is none, either; after another command it is.
        CHECK(counted({}, {{event::mail, verb::mail, code}, rcpt}) == 0);
        CHECK(counted({}, {{event::vrfy, verb::vrfy, code}, rcpt}) == 1);
    }
}

TEST_CASE("errors of a client: the last one ends the session, and so does HTTP", "[server]") {
    errors e;
    for (unsigned n = 1; n <= 4; ++n) {
        CAPTURE(n);
        ehlo::failure f = ehlo::fail(errc::unknown_verb, 7);
        CHECK(e.note_refusal(event::noop, verb::unknown, f, 3) == (n >= 3));
        CHECK(f == (n >= 3 ? ehlo::fail(errc::too_many_errors, 0) : ehlo::fail(errc::unknown_verb, 7)));
        CHECK(e.count == n);
    }
    // One of the many replies to a message counts for nothing.
    ehlo::failure f = ehlo::fail(errc::unknown_verb, 7);
    CHECK_FALSE(e.note_refusal(event::noop, verb::unknown, f, 3, false));
    CHECK(e.count == 4);
    ehlo::failure http = ehlo::fail(errc::http_request, 2);
    CHECK(errors().note_refusal(event::noop, verb::unknown, http, 100));
    CHECK(http == ehlo::fail(errc::http_request, 2));
}

}  // namespace test_client_errors
