/* The C interface, function by function: names, parsers, writers, content. */
#include "check.h"

unsigned checks, faults;

static char room[4096];
static ehlo_buffer fresh(size_t capacity) {
    ehlo_buffer b;
    b.data = room;
    b.capacity = capacity;
    b.size = 0;
    return b;
}

static void test_library(void) {
    CHECK(ehlo_fits());
    CHECK(ehlo_get_layout()->abi == EHLO_ABI);
    CHECK(ehlo_version()[0] != 0 && strchr(ehlo_version(), '.'));
    CHECK(strcmp(ehlo_name(EHLO_NAME_OF_ERROR, EHLO_ERROR_BAD_DOMAIN), "bad_domain") == 0);
    CHECK(strcmp(ehlo_name(EHLO_NAME_OF_ERROR, EHLO_OK), "") == 0);
    CHECK(strcmp(ehlo_name(EHLO_NAME_OF_STATE, EHLO_STATE_CLOSED), "closed") == 0);
    CHECK(strcmp(ehlo_name(EHLO_NAME_OF_STATE, EHLO_STATE_CLOSED + 1), "") == 0);
    CHECK(strcmp(ehlo_name(EHLO_NAME_OF_VERB, EHLO_VERB_UNKNOWN), "") == 0);
    CHECK(strcmp(ehlo_name(999, 0), "") == 0);
    CHECK(strcmp(ehlo_error_message(EHLO_ERROR_BAD_DOMAIN), "this cannot stand in a domain") == 0);
    CHECK(strcmp(ehlo_error_message(EHLO_OK), "") == 0 && strcmp(ehlo_error_message(100000), "") == 0);
    CHECK(ehlo_error_blame(EHLO_ERROR_BAD_DOMAIN) == EHLO_BLAME_MALFORMED);
    CHECK(ehlo_error_blame(EHLO_ERROR_OUTPUT_FULL) == EHLO_BLAME_MISUSE);
}

static void test_addresses(void) {
    ehlo_path p, q;
    ehlo_syntax rules;
    CHECK(ehlo_parse_path(ehlo_string("<@a,@b:\"Ann B\"@Example.ORG>"), NULL, &p).error == EHLO_OK);
    CHECK(is(p.text, "<@a,@b:\"Ann B\"@Example.ORG>") && is(p.local_part, "\"Ann B\"") && is(p.domain, "Example.ORG"));
    CHECK(p.kind == EHLO_PATH_MAILBOX && p.domain_kind == EHLO_HOST_DOMAIN && p.tolerated == 0);
    CHECK(ehlo_parse_path(ehlo_string("<a@[192.0.2.1]>"), NULL, &p).error == EHLO_OK && p.domain_kind == EHLO_HOST_IPV4);
    CHECK(ehlo_parse_path(ehlo_string("<>"), NULL, &p).error == EHLO_OK && p.kind == EHLO_PATH_NULL && p.domain.size == 0);
    CHECK(ehlo_parse_path(ehlo_string("<Postmaster>"), NULL, &p).error == EHLO_OK && p.kind == EHLO_PATH_POSTMASTER);
    CHECK(fails(ehlo_parse_path(ehlo_string("<ann@exa_mple.org>"), NULL, &q), EHLO_ERROR_BAD_DOMAIN, 8));
    CHECK(fails(ehlo_parse_path(ehlo_octets(NULL, 0), NULL, &q), EHLO_ERROR_EXPECTED_PATH, 0));

    ehlo_syntax_init(&rules);
    CHECK(rules.max_local_part == 64 && rules.max_domain == 255 && rules.max_path == 256 && rules.tolerate == 0 && !rules.smtputf8);
    CHECK(fails(ehlo_parse_path(ehlo_string("<j\xc3\xb6rg@c>"), &rules, &p), EHLO_ERROR_NON_ASCII, 2));
    rules.smtputf8 = 1;
    CHECK(ehlo_parse_path(ehlo_string("<j\xc3\xb6rg@c>"), &rules, &p).error == EHLO_OK);
    rules.tolerate = EHLO_BIT(EHLO_RULE_UNDERSCORE_IN_DOMAIN);
    CHECK(ehlo_parse_path(ehlo_string("<a@b_c>"), &rules, &p).error == EHLO_OK && p.tolerated == EHLO_BIT(EHLO_RULE_UNDERSCORE_IN_DOMAIN));

    CHECK(ehlo_parse_mailbox(ehlo_string("\"ann\"@example.org"), NULL, &p).error == EHLO_OK && is(p.domain, "example.org"));
    CHECK(ehlo_parse_mailbox(ehlo_string("ann@EXAMPLE.org"), NULL, &q).error == EHLO_OK && is(q.text, "ann@EXAMPLE.org"));
    CHECK(ehlo_same_mailbox(&p, &q));
    CHECK(ehlo_parse_mailbox(ehlo_string("Ann@example.org"), NULL, &q).error == EHLO_OK && !ehlo_same_mailbox(&p, &q));
    CHECK(fails(ehlo_parse_mailbox(ehlo_string("<a@b>"), NULL, &q), EHLO_ERROR_BAD_LOCAL_PART, 0));
    CHECK(ehlo_same_domain(ehlo_string("a.B"), ehlo_string("A.b")) && !ehlo_same_domain(ehlo_string("a.b"), ehlo_string("a.c")));
}

static void test_commands(void) {
    ehlo_command c;
    ehlo_text rest, keyword, value;
    CHECK(ehlo_parse_command(ehlo_string("mail from:<a@b> SIZE=12 BODY=8BITMIME SMTPUTF8"), NULL, &c).error == EHLO_OK);
    CHECK(c.verb == EHLO_VERB_MAIL && is(c.path.text, "<a@b>") && c.has_size && c.size == 12 && c.smtputf8);
    CHECK(c.body == EHLO_BODY_EIGHT_BIT_MIME);
    rest = c.parameters;
    CHECK(ehlo_next_parameter(&rest, &keyword, &value) && is(keyword, "SIZE") && is(value, "12"));
    CHECK(ehlo_next_parameter(&rest, &keyword, &value) && is(keyword, "BODY") && is(value, "8BITMIME"));
    CHECK(ehlo_next_parameter(&rest, &keyword, &value) && is(keyword, "SMTPUTF8") && value.data == NULL);
    CHECK(!ehlo_next_parameter(&rest, &keyword, &value));
    CHECK(ehlo_parse_command(ehlo_string("MAIL FROM:<a@b>"), NULL, &c).error == EHLO_OK && !c.has_size && c.parameters.size == 0);
    rest = c.parameters;
    CHECK(!ehlo_next_parameter(&rest, &keyword, &value));
    CHECK(ehlo_parse_command(ehlo_string("RCPT TO:<Postmaster> NOTIFY=NEVER"), NULL, &c).error == EHLO_OK);
    CHECK(c.verb == EHLO_VERB_RCPT && c.path.kind == EHLO_PATH_POSTMASTER && is(c.parameters, "NOTIFY=NEVER"));
    CHECK(ehlo_parse_command(ehlo_string("EHLO [192.0.2.1]"), NULL, &c).error == EHLO_OK && is(c.argument, "[192.0.2.1]"));
    CHECK(ehlo_parse_command(ehlo_string("AUTH PLAIN AGEAYg=="), NULL, &c).error == EHLO_OK);
    CHECK(is(c.argument, "PLAIN") && is(c.initial_response, "AGEAYg=="));
    CHECK(ehlo_parse_command(ehlo_string("AUTH EXTERNAL ="), NULL, &c).error == EHLO_OK && is(c.initial_response, ""));
    CHECK(ehlo_parse_command(ehlo_string("AUTH LOGIN"), NULL, &c).error == EHLO_OK && c.initial_response.data == NULL);
    CHECK(ehlo_parse_command(ehlo_string("BDAT 7 LAST"), NULL, &c).error == EHLO_OK && c.size == 7 && c.last);
    CHECK(ehlo_parse_command(ehlo_string("BURL imap://a LAST"), NULL, &c).error == EHLO_OK && is(c.argument, "imap://a") && c.last);
    CHECK(ehlo_parse_command(ehlo_string("ETRN @a.example"), NULL, &c).error == EHLO_OK && is(c.argument, "@a.example"));
    CHECK(ehlo_parse_command(ehlo_string("ETRN #queue"), NULL, &c).error == EHLO_OK && is(c.argument, "#queue"));
    CHECK(ehlo_parse_command(ehlo_string("ETRN a.example"), NULL, &c).error == EHLO_OK && is(c.argument, "a.example"));
    CHECK(ehlo_parse_command(ehlo_string("ATRN a.example"), NULL, &c).error == EHLO_OK && is(c.argument, "a.example"));
    CHECK(ehlo_parse_command(ehlo_string("VRFY ann SMTPUTF8"), NULL, &c).error == EHLO_OK && is(c.argument, "ann") && c.smtputf8);
    CHECK(ehlo_parse_command(ehlo_string("XCLIENT NAME=a PORT=25"), NULL, &c).error == EHLO_OK && is(c.argument, "NAME=a PORT=25"));
    CHECK(ehlo_parse_command(ehlo_string("NOOP"), NULL, &c).error == EHLO_OK && c.verb == EHLO_VERB_NOOP && c.argument.size == 0);
    CHECK(ehlo_parse_command(ehlo_string("QUIT"), NULL, &c).error == EHLO_OK && c.verb == EHLO_VERB_QUIT);
    CHECK(fails(ehlo_parse_command(ehlo_string("MAIL FROM:<a@b_c>"), NULL, &c), EHLO_ERROR_BAD_DOMAIN, 14));
    CHECK(fails(ehlo_parse_command(ehlo_string("FROB x"), NULL, &c), EHLO_ERROR_UNKNOWN_VERB, 0));
}

/* Octet by octet and whole: the same commands. */
static void test_command_stream(void) {
    static char const in[] = "EHLO a.example\r\nFROB\r\nMAIL FROM:<a@b>\r\nDATA\r\n";
    size_t const size = sizeof in - 1;
    size_t step;
    for (step = 1; step <= size; step += size - 1) {
        ehlo_command_reader reader;
        unsigned verbs[8] = {0}, n = 0, errors = 0;
        size_t from = 0, seen = 0;
        ehlo_command_reader_init(&reader);
        while (seen < size) {
            seen += step;
            for (;;) {
                ehlo_command c;
                ehlo_progress p = ehlo_read_command(&reader, ehlo_octets(in + from, seen - from), 512, NULL, &c);
                from += p.consumed;
                if (p.status == EHLO_NEED_MORE) break;
                if (p.status == EHLO_READY) verbs[n++] = c.verb;
                else errors += p.failure.error == EHLO_ERROR_UNKNOWN_VERB;
            }
        }
        CHECK(n == 3 && verbs[0] == EHLO_VERB_EHLO && verbs[1] == EHLO_VERB_MAIL && verbs[2] == EHLO_VERB_DATA && errors == 1 && from == size);
    }
}

static void test_replies(void) {
    static char const in[] = "250-mx.example\r\n250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n250\r\n550 5.1.1 no\r\n";
    ehlo_reply_reader reader;
    ehlo_reply_view r;
    ehlo_reply answer;
    ehlo_progress p;
    ehlo_text rest, line;
    ehlo_offers offers;
    ehlo_failure fault;
    ehlo_buffer out = fresh(sizeof room);
    size_t from;
    ehlo_reply_reader_init(&reader);
    CHECK(ehlo_read_reply(&reader, ehlo_octets(in, 30), 0, &r).status == EHLO_NEED_MORE);
    p = ehlo_read_reply(&reader, ehlo_octets(in, sizeof in - 1), 0, &r);
    CHECK(p.status == EHLO_READY && r.code == 250 && r.lines == 4 && is(r.text, "mx.example") && r.status[0] == 0);
    rest = r.octets;
    CHECK(ehlo_next_line(&rest, &line) && is(line, "mx.example"));
    CHECK(ehlo_next_line(&rest, &line) && is(line, "SIZE 1000"));
    CHECK(ehlo_next_line(&rest, &line) && is(line, "AUTH PLAIN LOGIN"));
    CHECK(ehlo_next_line(&rest, &line) && is(line, ""));
    CHECK(!ehlo_next_line(&rest, &line));
    rest = ehlo_string("25");   /* no reply at all */
    CHECK(ehlo_next_line(&rest, &line) && line.size == 0 && !ehlo_next_line(&rest, &line));
    from = p.consumed;

    CHECK(ehlo_parse_offers(&r, 0, &offers).error == EHLO_OK && is(offers.domain, "mx.example") && offers.max_size == 1000);
    r.octets = ehlo_string("250-mx.example\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n");
    CHECK(ehlo_parse_offers(&r, 0, &offers).error == EHLO_OK && is(offers.domain, "mx.example") && offers.max_size == 1000);
    CHECK(offers.extensions == (EHLO_BIT(EHLO_EXTENSION_SIZE) | EHLO_BIT(EHLO_EXTENSION_AUTH)) && is(offers.auth, "PLAIN LOGIN"));
    CHECK(offers.mechanisms == (EHLO_BIT(EHLO_MECHANISM_PLAIN) | EHLO_BIT(EHLO_MECHANISM_LOGIN)));
    r.octets = ehlo_string("250");
    CHECK(ehlo_parse_offers(&r, 0, &offers).error != EHLO_OK);

    p = ehlo_read_reply(&reader, ehlo_octets(in + from, sizeof in - 1 - from), 0, &r);
    CHECK(p.status == EHLO_READY && r.code == 550 && r.status[0] == 5 && r.status[1] == 1 && r.status[2] == 1 && is(r.text, "5.1.1 no"));
    p = ehlo_read_reply(&reader, ehlo_string("hello\r\n"), 0, &r);
    CHECK(p.status == EHLO_FAILED && fails(p.failure, EHLO_ERROR_BAD_REPLY_CODE, 0));

    CHECK(ehlo_make_reply(&answer, "452 4.2.2 The mailbox is full").error == EHLO_OK);
    CHECK(answer.code == 452 && answer.status[0] == 4 && answer.status[2] == 2 && is(answer.text, "The mailbox is full"));
    CHECK(ehlo_write_reply(&out, &answer).error == EHLO_OK && wrote(&out, "452 4.2.2 The mailbox is full\r\n"));
    CHECK(ehlo_make_reply(&answer, "250").error == EHLO_OK && answer.code == 250 && answer.text.size == 0 && answer.status[0] == 0);
    CHECK(fails(ehlo_make_reply(&answer, "99 x"), EHLO_ERROR_BAD_REPLY_CODE, 0) && answer.code == 250);
    CHECK(fails(ehlo_make_reply(&answer, "250x"), EHLO_ERROR_BAD_REPLY_SEPARATOR, 3));
    CHECK(ehlo_make_reply(&answer, "250 5.0.0 x").error == EHLO_ERROR_BAD_STATUS);
    CHECK(fails(ehlo_make_reply(&answer, "250 a\r\nb"), EHLO_ERROR_UNSAFE_OCTET, 1));

    fault.error = EHLO_ERROR_UNKNOWN_VERB;
    fault.at = 0;
    ehlo_reply_for(fault, EHLO_VERB_UNKNOWN, &answer);
    CHECK(answer.code == 500 && answer.status[0] == 5 && answer.status[1] == 5 && answer.status[2] == 2);
    fault.error = 100000;
    ehlo_reply_for(fault, EHLO_VERB_UNKNOWN, &answer);
    CHECK(answer.code == 451);
}

static void test_content(void) {
    static char const in[] = "..a\r\nb\r\n.\r\nQUIT\r\n";
    size_t cut;
    for (cut = 0; cut < 11; ++cut) {
        ehlo_decoder d, copy;
        ehlo_buffer out = fresh(sizeof room);
        char joined[64];
        size_t size = 0, from = 0;
        ehlo_decoded r;
        ehlo_text piece;
        ehlo_decoder_init(&d);
        r = ehlo_decode(&d, ehlo_octets(in, cut), EHLO_BARE_REJECT, &out);
        copy = d; /* a value: it may be copied in mid-content */
        r = ehlo_decode(&copy, ehlo_octets(in + r.consumed, sizeof in - 1 - r.consumed), EHLO_BARE_REJECT, &out);
        CHECK(r.end && wrote(&out, ".a\r\nb\r\n") && ehlo_decoder_flaws(&copy) == 0);
        ehlo_decoder_init(&d);
        for (;;) {
            r = ehlo_decode_piece(&d, ehlo_octets(in + from, sizeof in - 1 - from), EHLO_BARE_REJECT, &piece);
            memcpy(joined + size, piece.data ? piece.data : "", piece.size);
            CHECK(r.produced == piece.size);
            size += piece.size;
            from += r.consumed;
            if (r.end || r.consumed == 0) break;
        }
        CHECK(r.end && size == 7 && memcmp(joined, ".a\r\nb\r\n", 7) == 0 && is(ehlo_string(in + from), "QUIT\r\n"));
    }
    {
        ehlo_decoder d;
        ehlo_buffer out = fresh(sizeof room);
        ehlo_decoder_init(&d);
        CHECK(ehlo_decode(&d, ehlo_octets("a\rb\nc\0d\r\n.\r\n", 12), EHLO_BARE_PASS, &out).end);
        CHECK(ehlo_decoder_flaws(&d) == (EHLO_HAD_BARE_CR | EHLO_HAD_BARE_LF | EHLO_HAD_NUL));
    }
    {
        ehlo_encoder e;
        ehlo_encoded r;
        ehlo_buffer out = fresh(sizeof room);
        ehlo_encoder_init(&e, EHLO_BARE_REJECT);
        r = ehlo_encode(&e, ehlo_string(".a\r\n"), &out);
        CHECK(r.done && r.consumed == 4 && r.failure.error == EHLO_OK);
        CHECK(ehlo_encode_end(&e, &out).done && wrote(&out, "..a\r\n.\r\n"));
        ehlo_encoder_init(&e, EHLO_BARE_REJECT);
        out = fresh(sizeof room);
        r = ehlo_encode(&e, ehlo_string("a\nb"), &out);
        CHECK(!r.done && fails(r.failure, EHLO_ERROR_BARE_LF, 1));
        ehlo_encoder_init(&e, EHLO_BARE_NORMALIZE);
        out = fresh(2); /* too small: in steps */
        r = ehlo_encode(&e, ehlo_string("a\nb"), &out);
        CHECK(!r.done && r.failure.error == EHLO_OK && r.consumed < 3);
    }
}

static void test_codings(void) {
    ehlo_buffer out = fresh(sizeof room);
    CHECK(ehlo_encode_base64(ehlo_octets("\0a\0b", 4), &out).error == EHLO_OK && wrote(&out, "AGEAYg=="));
    out = fresh(sizeof room);
    CHECK(ehlo_decode_base64(ehlo_string("AGEAYg=="), &out).error == EHLO_OK && out.size == 4 && memcmp(room, "\0a\0b", 4) == 0);
    CHECK(ehlo_decode_base64(ehlo_string("A==="), &out).error == EHLO_ERROR_BAD_BASE64 && out.size == 4);
    out = fresh(sizeof room);
    CHECK(ehlo_encode_xtext(ehlo_string("a+b=c"), &out).error == EHLO_OK && wrote(&out, "a+2Bb+3Dc"));
    out = fresh(sizeof room);
    CHECK(ehlo_decode_xtext(ehlo_string("a+2Bb+3Dc"), &out).error == EHLO_OK && wrote(&out, "a+b=c"));
    CHECK(fails(ehlo_decode_xtext(ehlo_string("a+2"), &out), EHLO_ERROR_BAD_XTEXT, 3));
}

static void test_writers(void) {
    ehlo_mail_options o;
    ehlo_buffer out = fresh(sizeof room);
    ehlo_syntax utf8;
    memset(&o, 0, sizeof o);
    CHECK(ehlo_write_mail(&out, ehlo_string("<>"), NULL).error == EHLO_OK && wrote(&out, "MAIL FROM:<>\r\n"));
    o.has_size = 1;
    o.size = 5;
    o.body = EHLO_BODY_EIGHT_BIT_MIME;
    o.others = ehlo_string("RET=HDRS");
    out = fresh(sizeof room);
    CHECK(ehlo_write_mail(&out, ehlo_string("<a@b>"), &o).error == EHLO_OK && wrote(&out, "MAIL FROM:<a@b> SIZE=5 BODY=8BITMIME RET=HDRS\r\n"));
    o.body = 7;
    CHECK(fails(ehlo_write_mail(&out, ehlo_string("<a@b>"), &o), EHLO_ERROR_BAD_VALUE, 0));
    out = fresh(sizeof room);
    CHECK(ehlo_write_rcpt(&out, ehlo_string("<a@b>"), ehlo_string("NOTIFY=NEVER"), NULL).error == EHLO_OK);
    CHECK(wrote(&out, "RCPT TO:<a@b> NOTIFY=NEVER\r\n"));
    CHECK(ehlo_write_rcpt(&out, ehlo_string("<\xc3\xb6@b>"), ehlo_octets(NULL, 0), NULL).error == EHLO_ERROR_NON_ASCII);
    ehlo_syntax_init(&utf8);
    utf8.smtputf8 = 1;
    CHECK(ehlo_write_rcpt(&out, ehlo_string("<\xc3\xb6@b>"), ehlo_octets(NULL, 0), &utf8).error == EHLO_OK);
    out = fresh(sizeof room);
    CHECK(ehlo_write_bdat(&out, 3, 1).error == EHLO_OK && wrote(&out, "BDAT 3 LAST\r\n"));
    out = fresh(sizeof room);
    CHECK(ehlo_write_command(&out, EHLO_VERB_EHLO, ehlo_string("a.example")).error == EHLO_OK && wrote(&out, "EHLO a.example\r\n"));
    out = fresh(sizeof room);
    CHECK(ehlo_write_command(&out, EHLO_VERB_QUIT, ehlo_octets(NULL, 0)).error == EHLO_OK && wrote(&out, "QUIT\r\n"));
    CHECK(ehlo_write_command(&out, EHLO_VERB_VRFY, ehlo_string("ann")).error == EHLO_OK && wrote(&out, "QUIT\r\nVRFY ann\r\n"));
    CHECK(ehlo_write_command(&out, EHLO_VERB_AUTH, ehlo_string("LOGIN")).error == EHLO_OK);
    CHECK(ehlo_write_command(&out, EHLO_VERB_ATRN, ehlo_string("a.example")).error == EHLO_OK);
    CHECK(ehlo_write_command(&out, EHLO_VERB_XCLIENT, ehlo_string("NAME=a")).error == EHLO_OK);
    CHECK(ehlo_write_command(&out, EHLO_VERB_DATA, ehlo_string("x")).error == EHLO_ERROR_UNEXPECTED_ARGUMENT);
    CHECK(ehlo_write_command(&out, 1000, ehlo_octets(NULL, 0)).error == EHLO_ERROR_BAD_VALUE);
    out = fresh(sizeof room);
    CHECK(fails(ehlo_write_command(&out, EHLO_VERB_NOOP, ehlo_string("a\r\nRSET")), EHLO_ERROR_UNSAFE_OCTET, 1) && out.size == 0);
    out = fresh(3);
    CHECK(ehlo_write_command(&out, EHLO_VERB_QUIT, ehlo_octets(NULL, 0)).error == EHLO_ERROR_OUTPUT_FULL && out.size == 0);
}

int main(void) {
    test_library();
    test_addresses();
    test_commands();
    test_command_stream();
    test_replies();
    test_content();
    test_codings();
    test_writers();
    test_sessions();
    printf("%u checks, %u failed\n", checks, faults);
    return faults != 0;
}
