/* The C interface, function by function: server, client, observer. */
#include "check.h"

#include <stdlib.h>

/* A handler that keeps what it was told, and says what the test wants. */
typedef struct store {
    char content[256];
    size_t size;
    unsigned mails, abandoned, answers, messages, secrets;
    unsigned last_code;
    int puts_off, challenges;
    uint64_t octets;
} store;

static void on_connected(void* context, ehlo_reply* answer) {
    (void)context;
    CHECK(answer->code == 220);
    ehlo_make_reply(answer, "220 C99");
}
static void on_command(void* context, ehlo_command const* c, ehlo_reply* answer) {
    store* s = context;
    if (c->verb == EHLO_VERB_MAIL) s->mails++, s->size = 0;
    if (c->verb == EHLO_VERB_RCPT) {
        CHECK(answer->code == 550);
        if (s->puts_off) answer->code = EHLO_LATER;
        else if (ehlo_same_domain(c->path.domain, ehlo_string("mx.example"))) ehlo_make_reply(answer, "250 2.1.5 here");
    }
}
static void on_content(void* context, ehlo_text octets) {
    store* s = context;
    memcpy(s->content + s->size, octets.data, octets.size);
    s->size += octets.size;
}
static void on_end(void* context, ehlo_message const* m, ehlo_reply* answer) {
    store* s = context;
    CHECK(answer->code == 451 && m->recipients == 1);
    s->octets = m->octets;
    s->messages++;
    ehlo_make_reply(answer, "250 2.6.0 kept");
}
static void on_abandoned(void* context, ehlo_message const* m) {
    CHECK(m->recipients <= 1);
    ((store*)context)->abandoned++;
}
static void on_auth(void* context, ehlo_auth_step const* step, ehlo_reply* answer) {
    store* s = context;
    ehlo_buffer out;
    char room[64];
    CHECK(answer->code == 535);
    if (step->cancelled) return;
    if (!step->base64.data) {
        CHECK(!step->is_response && is(step->mechanism, "PLAIN") && step->number == EHLO_MECHANISM_PLAIN);
        answer->code = s->challenges == 2 ? EHLO_LATER : EHLO_CHALLENGE;
        answer->text = ehlo_string("go on");
        return;
    }
    out.data = room, out.capacity = sizeof room, out.size = 0;
    if (ehlo_decode_base64(step->base64, &out).error == EHLO_OK && out.size == 8 && memcmp(room, "\0ann\0pwd", 8) == 0)
        ehlo_make_reply(answer, "235 2.7.0 welcome");
}
static void on_answered(void* context, ehlo_answered const* what) {
    store* s = context;
    s->answers++;
    s->last_code = what->reply.code;
    s->secrets += what->line.size != 0 && what->secret < what->line.size;
}
static ehlo_handler handler(void) {
    ehlo_handler h;
    h.connected = on_connected, h.command = on_command, h.content = on_content, h.end_of_content = on_end, h.abandoned = on_abandoned;
    h.auth = on_auth, h.answered = on_answered;
    h.mechanisms = (uint32_t)EHLO_BIT(EHLO_MECHANISM_PLAIN);
    return h;
}

static ehlo_settings settings_for(uint64_t offers) {
    ehlo_server_options o;
    ehlo_settings s;
    ehlo_server_options_init(&o);
    CHECK(o.max_recipients >= 100 && o.reply_space >= 1024 && o.grammar.max_path == 256);
    o.offers |= offers;
    CHECK(ehlo_settings_init(&s, &o).error == EHLO_OK);
    return s;
}

/* One server with its buffers, driven as an event loop would: in pieces of `step` octets. */
typedef struct line {
    ehlo_server server;
    ehlo_handler handler;
    store kept;
    char in[2048], out[8192];
    size_t in_size;
    ehlo_buffer said;
    uint32_t want;
} line;

static void begin(line* l, ehlo_settings const* settings) {
    memset(l, 0, sizeof *l);
    l->handler = handler();
    l->said.data = l->out, l->said.capacity = sizeof l->out;
    CHECK(ehlo_server_init(&l->server, settings, ehlo_string("mx.example")).error == EHLO_OK);
}
static void go_on(line* l) {
    do {
        ehlo_step s = ehlo_server_advance(&l->server, ehlo_octets(l->in, l->in_size), &l->said, &l->handler, &l->kept);
        memmove(l->in, l->in + s.consumed, l->in_size - s.consumed);
        l->in_size -= s.consumed;
        l->want = s.want;
    } while (l->want == EHLO_WANT_WRITE);
}
static void hear(line* l, char const* octets, size_t step) {
    size_t left = strlen(octets);
    while (left != 0) {
        size_t const n = step < left ? step : left;
        memcpy(l->in + l->in_size, octets, n);
        l->in_size += n, octets += n, left -= n;
        go_on(l);
    }
}
static int says(line* l, char const* text) {
    int const right = wrote(&l->said, text);
    if (!right) printf("%.*s", (int)l->said.size, l->said.data);
    l->said.size = 0;
    return right;
}

static void test_server(void) {
    ehlo_settings const settings = settings_for(EHLO_BIT(EHLO_EXTENSION_STARTTLS) | EHLO_BIT(EHLO_EXTENSION_AUTH));
    static char const all[] = "220 mx.example C99\r\n"
                              "250-mx.example\r\n250-SIZE 67108864\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n"
                              "250-SMTPUTF8\r\n250-HELP\r\n250 STARTTLS\r\n"
                              "250 2.1.0 Sender OK\r\n550 5.1.1 No such user here\r\n250 2.1.5 here\r\n"
                              "354 Start mail input; end with <CRLF>.<CRLF>\r\n250 2.6.0 kept\r\n221 2.0.0 Closing the channel\r\n";
    static char const dialogue[] = "EHLO a.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<b@elsewhere.example>\r\nRCPT TO:<b@MX.example>\r\n"
                                   "DATA\r\n..dot\r\n.\r\nQUIT\r\n";
    size_t step;
    for (step = 1; step < sizeof dialogue; step += 13) {
        line l;
        begin(&l, &settings);
        CHECK(ehlo_server_state(&l.server) == EHLO_STATE_CONNECTED);
        go_on(&l);
        CHECK(ehlo_server_state(&l.server) == EHLO_STATE_GREETED);
        hear(&l, dialogue, step);
        CHECK(says(&l, all) && l.want == EHLO_WANT_CLOSE && ehlo_server_state(&l.server) == EHLO_STATE_CLOSED);
        CHECK(l.kept.size == 6 && memcmp(l.kept.content, ".dot\r\n", 6) == 0 && l.kept.octets == 6 && l.kept.messages == 1);
        CHECK(l.kept.answers == 8 && l.kept.last_code == 221 && l.kept.abandoned == 0);
    }
}

/* A handler without functions takes no mail. */
static void test_nobody(void) {
    ehlo_settings const settings = settings_for(0);
    line l;
    begin(&l, &settings);
    memset(&l.handler, 0, sizeof l.handler);
    go_on(&l);
    hear(&l, "HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n", 1000);
    CHECK(says(&l, "220 mx.example ESMTP ready\r\n250 mx.example\r\n250 2.1.0 Sender OK\r\n550 5.1.1 No such user here\r\n"
                   "503 5.5.1 not in this state of the session\r\n"));
}

/* LMTP has an answer for each recipient, and chunks are content like any other. */
static unsigned lmtp_answers;
static void on_each(void* context, ehlo_message const* m, ehlo_reply* answer) {
    (void)context;
    CHECK(m->recipients == 2 && m->recipient == lmtp_answers && m->octets == 5 && m->about == EHLO_ABOUT_RECIPIENT);
    if (lmtp_answers++ == 0) ehlo_make_reply(answer, "250 2.0.0 kept");
}
static void test_lmtp(void) {
    ehlo_server_options o;
    ehlo_settings settings;
    line l;
    ehlo_server_options_init(&o);
    o.service = EHLO_SERVICE_LMTP;
    o.offers |= EHLO_BIT(EHLO_EXTENSION_CHUNKING);
    CHECK(ehlo_settings_init(&settings, &o).error == EHLO_OK);
    begin(&l, &settings);
    l.handler.connected = NULL;
    l.handler.end_of_content = on_each;
    go_on(&l);
    CHECK(says(&l, "220 mx.example LMTP ready\r\n"));
    hear(&l, "LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@mx.example>\r\nRCPT TO:<d@mx.example>\r\n", 1000);
    l.said.size = 0;
    hear(&l, "BDAT 2\r\n.\rBDAT 3 LAST\r\n\nab", 1);
    CHECK(says(&l, "250 2.0.0 Chunk received\r\n250 2.0.0 kept\r\n451 4.3.0 Error in processing, try again later\r\n"));
    CHECK(l.kept.size == 5 && memcmp(l.kept.content, ".\r\nab", 5) == 0 && lmtp_answers == 2);
}

/* PRDR: likewise in SMTP, if the handler says 353. */
static void on_prdr(void* context, ehlo_message const* m, ehlo_reply* answer) {
    (void)context;
    if (m->about == EHLO_ABOUT_MESSAGE_OR_EACH) ehlo_make_reply(answer, "353 each");
    else if (m->about == EHLO_ABOUT_MESSAGE_AFTER_EACH || m->recipient == 1) ehlo_make_reply(answer, "250 2.0.0 kept");
    else ehlo_make_reply(answer, "550 5.7.1 not for me");
}
static void test_prdr(void) {
    ehlo_settings const settings = settings_for(EHLO_BIT(EHLO_EXTENSION_PRDR));
    line l;
    begin(&l, &settings);
    l.handler.end_of_content = on_prdr;
    go_on(&l);
    hear(&l, "EHLO a\r\nMAIL FROM:<a@b> PRDR\r\nRCPT TO:<c@mx.example>\r\nRCPT TO:<d@mx.example>\r\nDATA\r\n", 1000);
    l.said.size = 0;
    hear(&l, "a\r\n.\r\n", 1000);
    CHECK(says(&l, "353 each\r\n550 5.7.1 not for me\r\n250 2.0.0 kept\r\n250 2.0.0 kept\r\n"));
}

/* What a handler says that cannot be said. */
static void says_nothing(void* context, ehlo_reply* answer) {
    (void)context;
    answer->code = EHLO_LATER;
}
static void says_too_much(void* context, ehlo_command const* c, ehlo_reply* answer) {
    (void)context;
    if (c->verb == EHLO_VERB_NOOP) answer->text = ehlo_string("a\r\nb");
    if (c->verb == EHLO_VERB_HELP) answer->status[0] = 77;
    if (c->verb == EHLO_VERB_VRFY) answer->code = 700;
}
static void test_misuse(void) {
    ehlo_settings const settings = settings_for(0);
    line l;
    begin(&l, &settings);
    l.handler.command = says_too_much;
    l.handler.connected = says_nothing;
    go_on(&l);
    CHECK(says(&l, "421 Error in processing, try again later\r\n") && l.want == EHLO_WANT_CLOSE);
    begin(&l, &settings);
    l.handler.command = says_too_much;
    go_on(&l);
    hear(&l, "EHLO a\r\n", 1000);
    l.said.size = 0;
    hear(&l, "NOOP\r\nHELP\r\nVRFY a\r\n", 1000);
    CHECK(says(&l, "250 2.0.0\r\n214 2.0.0\r\n451 4.3.0 Error in processing, try again later\r\n"));
}

static void test_put_off(void) {
    ehlo_settings const settings = settings_for(0);
    ehlo_reply answer;
    line l, other;
    ehlo_step s;
    begin(&l, &settings);
    l.kept.puts_off = 1;
    go_on(&l);
    hear(&l, "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@mx.example>\r\nNOOP\r\n", 1000);
    CHECK(l.want == EHLO_WANT_REPLY && l.in_size != 0);
    l.said.size = 0;
    other = l; /* a session is a value */
    other.said.data = other.out;
    ehlo_make_reply(&answer, "250 2.1.5 now");
    s = ehlo_server_answer(&l.server, &answer, &l.said, &l.handler, &l.kept);
    CHECK(s.produced == l.said.size && s.consumed > 20 && s.want == EHLO_WANT_READ);
    memmove(l.in, l.in + s.consumed, l.in_size - s.consumed);
    l.in_size -= s.consumed;
    go_on(&l);
    CHECK(says(&l, "250 2.1.5 now\r\n250 2.0.0 OK\r\n") && ehlo_server_state(&l.server) == EHLO_STATE_RCPT);
    s = ehlo_server_shut_down(&l.server, NULL, &l.said, &l.handler, &l.kept);
    CHECK(s.want == EHLO_WANT_CLOSE && memcmp(l.said.data, "421 ", 4) == 0 && l.kept.abandoned == 1);
    ehlo_make_reply(&answer, "450 4.2.0 not now");
    (void)ehlo_server_answer(&other.server, &answer, &other.said, &other.handler, &other.kept);
    CHECK(says(&other, "450 4.2.0 not now\r\n") && ehlo_server_state(&other.server) == EHLO_STATE_MAIL);
    ehlo_make_reply(&answer, "421 4.3.2 maintenance");
    (void)ehlo_server_shut_down(&other.server, &answer, &other.said, &other.handler, &other.kept);
    CHECK(says(&other, "421 4.3.2 maintenance\r\n"));
}

static void test_tls_and_auth(void) {
    ehlo_settings const settings = settings_for(EHLO_BIT(EHLO_EXTENSION_STARTTLS) | EHLO_BIT(EHLO_EXTENSION_AUTH));
    ehlo_reply challenge;
    line l;
    begin(&l, &settings);
    go_on(&l);
    hear(&l, "EHLO a\r\nSTARTTLS\r\n", 1000);
    CHECK(l.want == EHLO_WANT_TLS && !ehlo_server_knows(&l.server, EHLO_FACT_TLS));
    ehlo_server_secured(&l.server);
    CHECK(ehlo_server_knows(&l.server, EHLO_FACT_TLS) && !ehlo_server_knows(&l.server, 1000));
    l.said.size = 0;
    hear(&l, "EHLO a\r\n", 1000);
    l.said.data[l.said.size] = 0;
    CHECK(strstr(l.said.data, "AUTH PLAIN\r\n"));
    l.said.size = 0;
    hear(&l, "AUTH PLAIN\r\n*\r\nAUTH PLAIN\r\nAGFubgBwd2Q=\r\n", 1000);
    CHECK(says(&l, "334 Z28gb24=\r\n501 5.7.0 the client cancelled the AUTH exchange\r\n334 Z28gb24=\r\n235 2.7.0 welcome\r\n"));
    CHECK(ehlo_server_knows(&l.server, EHLO_FACT_AUTHENTICATED));
    ehlo_server_tls_lost(&l.server, &l.handler, &l.kept);
    CHECK(ehlo_server_state(&l.server) == EHLO_STATE_CLOSED);

    begin(&l, &settings);
    ehlo_server_secured(&l.server);
    l.kept.challenges = 2;
    go_on(&l);
    hear(&l, "EHLO a\r\nAUTH PLAIN\r\n", 1000);
    CHECK(l.want == EHLO_WANT_REPLY);
    l.said.size = 0;
    challenge.code = EHLO_CHALLENGE;
    challenge.text = ehlo_string("");
    memset(challenge.status, 0, sizeof challenge.status);
    l.in_size -= ehlo_server_answer(&l.server, &challenge, &l.said, &l.handler, &l.kept).consumed;
    CHECK(says(&l, "334 \r\n") && ehlo_server_state(&l.server) == EHLO_STATE_EXCHANGE);
    hear(&l, "AGFubgBwd2Q=\r\n", 1000);
    CHECK(l.kept.last_code == 235);
    l.said.size = 0;
    hear(&l, "AUTH PLAIN AGFubgBwd2Q=\r\n", 1000);
    CHECK(says(&l, "503 5.5.1 not in this state of the session\r\n") && l.kept.secrets >= 1);

    begin(&l, &settings);
    go_on(&l);
    ehlo_server_authenticated(&l.server);
    CHECK(ehlo_server_knows(&l.server, EHLO_FACT_AUTHENTICATED));
    hear(&l, "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@mx.example>\r\n", 1000);
    ehlo_server_disconnected(&l.server, &l.handler, &l.kept);
    CHECK(l.kept.abandoned == 1 && ehlo_server_state(&l.server) == EHLO_STATE_CLOSED);
}

static void test_settings(void) {
    ehlo_server_options o;
    ehlo_settings s;
    ehlo_server server;
    ehlo_server_options_init(&o);
    o.max_recipients = 1;
    CHECK(ehlo_settings_init(&s, &o).error == EHLO_ERROR_BAD_VALUE);
    ehlo_server_options_init(&o);
    o.service = 9;
    CHECK(ehlo_settings_init(&s, &o).error == EHLO_ERROR_BAD_VALUE);
    ehlo_server_options_init(&o);
    o.offers = EHLO_BIT(EHLO_EXTENSION_CHECKPOINT);
    CHECK(ehlo_settings_init(&s, &o).error == EHLO_ERROR_BAD_VALUE);
    ehlo_server_options_init(&o);
    CHECK(ehlo_settings_init(&s, &o).error == EHLO_OK);
    CHECK(fails(ehlo_server_init(&server, &s, ehlo_string("not a name")), EHLO_ERROR_BAD_DOMAIN, 3));
}

/* What a client writes, and what it is answered, word for word. */
typedef struct talk {
    ehlo_client client;
    char room[4096];
    ehlo_buffer out;
    ehlo_client_reply heard;
} talk;
static void talk_begin(talk* t, ehlo_client_options const* o) {
    memset(t, 0, sizeof *t);
    t->out.data = t->room, t->out.capacity = sizeof t->room;
    ehlo_client_init(&t->client, o);
}
static unsigned answer(talk* t, char const* octets) {
    ehlo_progress const p = ehlo_client_receive(&t->client, ehlo_string(octets), &t->heard);
    return p.status == EHLO_READY ? t->heard.reply.code : p.status == EHLO_FAILED ? p.failure.error : 0;
}
static int sends(talk* t, ehlo_failure f, char const* text) {
    int const right = f.error == EHLO_OK && wrote(&t->out, text);
    if (!right) printf("%s %.*s", ehlo_error_message(f.error), (int)t->out.size, t->out.data);
    t->out.size = 0;
    return right;
}
static ehlo_failure does(talk* t, unsigned verb, char const* argument) {
    return ehlo_client_command(&t->client, &t->out, verb, argument ? ehlo_string(argument) : ehlo_octets(NULL, 0));
}

static void test_client(void) {
    talk t;
    ehlo_mail_options o;
    ehlo_offers offers;
    ehlo_encoded e;
    talk_begin(&t, NULL);
    CHECK(ehlo_client_awaits(&t.client) == EHLO_EVENT_GREETING && ehlo_client_state(&t.client) == EHLO_STATE_CONNECTED);
    CHECK(does(&t, EHLO_VERB_EHLO, "c.example").error == EHLO_ERROR_BAD_SEQUENCE && t.out.size == 0);
    CHECK(answer(&t, "220 m") == 0);
    CHECK(answer(&t, "220 mx\r\n") == 220 && t.heard.accepted && t.heard.to == EHLO_EVENT_GREETING && t.heard.verdict == EHLO_VERDICT_UNKNOWN);
    CHECK(ehlo_client_awaits(&t.client) == -1 && !ehlo_client_over(&t.client));
    CHECK(sends(&t, does(&t, EHLO_VERB_EHLO, "c.example"), "EHLO c.example\r\n"));
    CHECK(answer(&t, "250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-CHUNKING\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n") == 250);
    ehlo_client_offers(&t.client, &offers);
    CHECK(offers.max_size == 1000 && (offers.extensions & EHLO_BIT(EHLO_EXTENSION_CHUNKING)) && offers.mechanisms == 6);
    CHECK(does(&t, EHLO_VERB_STARTTLS, NULL).error == EHLO_ERROR_NOT_OFFERED);
    CHECK(does(&t, EHLO_VERB_UNKNOWN, NULL).error == EHLO_ERROR_BAD_VALUE);
    CHECK(does(&t, EHLO_VERB_RSET, "x").error == EHLO_ERROR_UNEXPECTED_ARGUMENT);
    memset(&o, 0, sizeof o);
    o.has_size = 1, o.size = 2000;
    CHECK(ehlo_client_mail(&t.client, &t.out, ehlo_string("<a@b>"), &o).error == EHLO_ERROR_MESSAGE_TOO_LARGE);
    o.size = 6, o.body = EHLO_BODY_EIGHT_BIT_MIME;
    CHECK(sends(&t, ehlo_client_mail(&t.client, &t.out, ehlo_string("<a@b>"), &o), "MAIL FROM:<a@b> SIZE=6 BODY=8BITMIME\r\n"));
    CHECK(sends(&t, ehlo_client_rcpt(&t.client, &t.out, ehlo_string("<c@d>"), ehlo_octets(NULL, 0)), "RCPT TO:<c@d>\r\n"));
    CHECK(sends(&t, does(&t, EHLO_VERB_DATA, NULL), "DATA\r\n"));
    CHECK(answer(&t, "250 ok\r\n") == 250 && t.heard.to == EHLO_EVENT_MAIL);
    CHECK(answer(&t, "250 ok\r\n") == 250 && t.heard.to == EHLO_EVENT_RCPT && ehlo_client_recipients(&t.client) == 1);
    CHECK(answer(&t, "354 go\r\n") == 354);
    e = ehlo_client_content(&t.client, ehlo_string(".dot\r\n"), &t.out);
    CHECK(e.done && e.consumed == 6);
    e = ehlo_client_end_content(&t.client, &t.out);
    CHECK(e.done && wrote(&t.out, "..dot\r\n.\r\n"));
    t.out.size = 0;
    CHECK(answer(&t, "250 kept\r\n") == 250 && t.heard.to == EHLO_EVENT_CONTENT_END && t.heard.verdict == EHLO_VERDICT_DELIVERED);

    CHECK(sends(&t, ehlo_client_mail(&t.client, &t.out, ehlo_string("<>"), NULL), "MAIL FROM:<>\r\n"));
    CHECK(answer(&t, "250 ok\r\n") == 250);
    CHECK(sends(&t, ehlo_client_rcpt(&t.client, &t.out, ehlo_string("<c@d>"), ehlo_octets(NULL, 0)), "RCPT TO:<c@d>\r\n"));
    CHECK(answer(&t, "250 ok\r\n") == 250);
    CHECK(sends(&t, ehlo_client_bdat(&t.client, &t.out, 4, 1), "BDAT 4 LAST\r\n"));
    CHECK(ehlo_client_content(&t.client, ehlo_string("\r\n\r\n"), &t.out).done && wrote(&t.out, "\r\n\r\n"));
    t.out.size = 0;
    CHECK(ehlo_client_disconnected(&t.client) == EHLO_VERDICT_UNKNOWN && ehlo_client_over(&t.client));

    talk_begin(&t, NULL);
    CHECK(answer(&t, "hello\r\n") == EHLO_ERROR_BAD_REPLY_CODE && ehlo_client_over(&t.client));
    talk_begin(&t, NULL);
    CHECK(answer(&t, "421 4.3.2 busy\r\n") == 421 && !t.heard.accepted && t.heard.verdict == EHLO_VERDICT_LATER);
    CHECK(t.heard.reply.status[0] == 4 && t.heard.reply.status[1] == 3 && t.heard.reply.status[2] == 2 && is(t.heard.reply.text, "4.3.2 busy"));
}

static void test_client_auth(void) {
    static char const offer[] = "250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n";
    ehlo_client_options o;
    talk t;
    memset(&o, 0, sizeof o);
    o.tls = EHLO_TLS_REQUIRED;
    talk_begin(&t, &o);
    (void)answer(&t, "220 mx\r\n");
    (void)does(&t, EHLO_VERB_EHLO, "c.example"), t.out.size = 0;
    (void)answer(&t, offer);
    CHECK(ehlo_client_mail(&t.client, &t.out, ehlo_string("<a@b>"), NULL).error == EHLO_ERROR_TLS_REQUIRED);
    CHECK(ehlo_client_auth_plain(&t.client, &t.out, ehlo_string("ann"), ehlo_string("pwd")).error == EHLO_ERROR_TLS_REQUIRED);
    CHECK(!ehlo_client_secured(&t.client));
    CHECK(sends(&t, does(&t, EHLO_VERB_STARTTLS, NULL), "STARTTLS\r\n") && answer(&t, "220 go\r\n") == 220);
    CHECK(ehlo_client_secured(&t.client));
    (void)does(&t, EHLO_VERB_EHLO, "c.example"), t.out.size = 0;
    (void)answer(&t, offer);
    CHECK(sends(&t, ehlo_client_auth(&t.client, &t.out, ehlo_string("LOGIN"), ehlo_octets(NULL, 0)), "AUTH LOGIN\r\n"));
    CHECK(answer(&t, "334 VXNlcm5hbWU6\r\n") == 334 && is(t.heard.reply.text, "VXNlcm5hbWU6"));
    CHECK(sends(&t, ehlo_client_auth_response(&t.client, &t.out, ehlo_string("ann")), "YW5u\r\n") && answer(&t, "334 UGFzc3dvcmQ6\r\n") == 334);
    CHECK(sends(&t, ehlo_client_auth_response(&t.client, &t.out, ehlo_octets(NULL, 0)), "*\r\n") && answer(&t, "501 cancelled\r\n") == 501);
    CHECK(sends(&t, ehlo_client_auth(&t.client, &t.out, ehlo_string("LOGIN"), ehlo_string("ann")), "AUTH LOGIN YW5u\r\n"));
    CHECK(answer(&t, "535 no\r\n") == 535);
    CHECK(sends(&t, ehlo_client_auth_plain(&t.client, &t.out, ehlo_string("ann"), ehlo_string("pwd")), "AUTH PLAIN AGFubgBwd2Q=\r\n"));
    CHECK(answer(&t, "235 in\r\n") == 235);
    CHECK(ehlo_client_tls_lost(&t.client) == EHLO_VERDICT_LATER && ehlo_client_over(&t.client));
}

/* What an observer tells, in a line each. */
typedef struct tale {
    char text[2048];
    size_t size;
} tale;
static void watch(void* context, ehlo_seen const* s) {
    tale* t = context;
    char* at = t->text + t->size;
    size_t const room = sizeof t->text - t->size;
    int n = 0;
    switch (s->kind) {
    case EHLO_SEEN_COMMAND:
        n = snprintf(at, room, "%s %.*s%s\n", ehlo_name(EHLO_NAME_OF_VERB, s->verb), (int)s->octets.size, s->octets.data, s->command ? "" : " (bad)");
        if (s->verb == EHLO_VERB_MAIL && s->command) CHECK(is(s->command->path.text, "<a@b>"));
        break;
    case EHLO_SEEN_RESPONSE: n = snprintf(at, room, "response\n"); break;
    case EHLO_SEEN_REPLY: n = snprintf(at, room, "%u to %s\n", s->reply->code, s->has_event ? ehlo_name(EHLO_NAME_OF_EVENT, s->event) : "?"); break;
    case EHLO_SEEN_UNANSWERED: n = snprintf(at, room, "unanswered %s\n", ehlo_name(EHLO_NAME_OF_EVENT, s->event)); break;
    case EHLO_SEEN_CONTENT: n = snprintf(at, room, "content %u\n", (unsigned)s->octets.size); break;
    case EHLO_SEEN_END_OF_CONTENT: n = snprintf(at, room, "end %u\n", (unsigned)s->total); break;
    case EHLO_SEEN_TRANSACTION:
        n = snprintf(at, room, "%s %u %u/%u\n", ehlo_name(EHLO_NAME_OF_OUTCOME, s->outcome), s->code, s->accepted, s->recipients);
        break;
    case EHLO_SEEN_TLS: n = snprintf(at, room, "tls\n"); break;
    case EHLO_SEEN_IN_STEP: n = snprintf(at, room, "sure %d\n", s->sure); break;
    case EHLO_SEEN_DEPARTED: n = snprintf(at, room, "! %s at %u\n", ehlo_name(EHLO_NAME_OF_DEPARTURE, s->departure), (unsigned)s->at); break;
    }
    t->size += (size_t)n;
}
static void show(ehlo_observer* o, tale* t, char const* client, char const* server) {
    size_t a = 0, b = 0;
    ehlo_observer_advance(o, ehlo_string(client), ehlo_string(server), watch, t, &a, &b);
    CHECK(a == strlen(client) && b == strlen(server));
}
static int told(tale* t, char const* text) {
    int const right = strcmp(t->text, text) == 0;
    if (!right) printf("%s", t->text);
    memset(t, 0, sizeof *t);
    return right;
}

static void test_observer(void) {
    ehlo_observer o;
    ehlo_observer_options options;
    tale t;
    memset(&t, 0, sizeof t);
    ehlo_observer_init(&o, NULL);
    CHECK(ehlo_observer_sure(&o) && ehlo_observer_state(&o) == EHLO_STATE_CONNECTED);
    show(&o, &t, "", "220 mx\r\n");
    show(&o, &t, "EHLO c\r\n", "250 mx\r\n");
    show(&o, &t, "MAIL FROM:<a@b>\r\n", "250 ok\r\n");
    show(&o, &t, "RCPT TO:<c@d>\r\n", "250 ok\r\n");
    show(&o, &t, "DATA\r\n", "354 go\r\n");
    show(&o, &t, "a\nb\r\n.\r\n", "250 kept\r\n");
    show(&o, &t, "FROB\r\n", "500 what\r\n");
    ehlo_observer_end(&o, watch, &t);
    CHECK(told(&t, "220 to greeting\nEHLO EHLO c\n250 to EHLO\nMAIL MAIL FROM:<a@b>\n250 to MAIL\nRCPT RCPT TO:<c@d>\n250 to RCPT\nDATA DATA\n"
                   "354 to DATA\n! bare_lf at 47\ncontent 5\nend 5\n250 to end of content\ndelivered 250 1/1\n FROB (bad)\n! malformed at 54\n"
                   "500 to ?\n"));
    memset(&options, 0, sizeof options);
    options.sees = EHLO_SIGHT_CLIENT_ONLY;
    ehlo_observer_init(&o, &options);
    CHECK(!ehlo_observer_sure(&o));
    ehlo_observer_init(&o, NULL);
    show(&o, &t, "", "220 mx\r\n");
    ehlo_observer_gap(&o, EHLO_DIRECTION_FROM_CLIENT, 10, watch, &t);
    CHECK(!ehlo_observer_sure(&o));
    CHECK(told(&t, "220 to greeting\nsure 0\n"));
    ehlo_observer_init(&o, NULL);
    show(&o, &t, "", "220 mx\r\n");
    show(&o, &t, "EHLO c\r\n", "250-mx\r\n250 STARTTLS\r\n");
    show(&o, &t, "STARTTLS\r\n", "220 go\r\n");
    CHECK(told(&t, "220 to greeting\nEHLO EHLO c\n250 to EHLO\nSTARTTLS STARTTLS\n220 to STARTTLS\ntls\n"));
    ehlo_observer_secured(&o);
    show(&o, &t, "EHLO c\r\n", "250 mx\r\n");
    CHECK(told(&t, "EHLO EHLO c\n250 to EHLO\n"));
}

void test_sessions(void) {
    test_server();
    test_nobody();
    test_lmtp();
    test_prdr();
    test_misuse();
    test_put_off();
    test_tls_and_auth();
    test_settings();
    test_client();
    test_client_auth();
    test_observer();
}
