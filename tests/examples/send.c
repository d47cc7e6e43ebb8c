/* Sends a message, in C99 with blocking sockets: send HOST PORT FROM TO... <message. Exit status 0: all recipients have it; 1: refused;
 * 3: to be tried again. LF alone becomes CRLF. */
#define _POSIX_C_SOURCE 200809L
#include <ehlo/ehlo.h>

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;
static ehlo_client smtp;
static char in[65536], room[8192];
static size_t in_size, used; /* `used`: of the reply that was looked at last */
static ehlo_buffer out = {room, sizeof room, 0};

static void give_up(char const* why, int status) {
    fprintf(stderr, "%s\n", why);
    exit(status);
}
static void lost(void) {
    give_up(ehlo_client_disconnected(&smtp) == EHLO_VERDICT_UNKNOWN ? "connection lost: nobody knows whether it was delivered" : "connection lost", 3);
}
static void flush(void) {
    size_t sent = 0;
    while (sent < out.size) {
        ssize_t const n = send(fd, out.data + sent, out.size - sent, 0);
        if (n < 0) lost();
        sent += (size_t)n;
    }
    out.size = 0;
}
/* The next reply. Its octets live until the next call. */
static ehlo_client_reply reply(void) {
    ehlo_client_reply r;
    memmove(in, in + used, in_size - used);
    in_size -= used;
    used = 0;
    for (;;) {
        ehlo_progress const p = ehlo_client_receive(&smtp, ehlo_octets(in, in_size), &r);
        used = p.consumed;
        if (p.status == EHLO_READY) return r;
        if (p.status == EHLO_FAILED) give_up(ehlo_error_message(p.failure.error), 3);
        ssize_t const n = recv(fd, in + in_size, sizeof in - in_size, 0);
        if (n <= 0) lost();
        in_size += (size_t)n;
    }
}
static ehlo_client_reply accepted(ehlo_failure written) {
    if (written.error) give_up(ehlo_error_message(written.error), 2);
    flush();
    ehlo_client_reply const r = reply();
    if (!r.accepted) {
        fwrite(r.reply.octets.data, 1, r.reply.octets.size, stderr);
        exit(r.verdict == EHLO_VERDICT_REFUSED ? 1 : 3);
    }
    return r;
}
static ehlo_failure command(uint32_t verb, char const* argument) { return ehlo_client_command(&smtp, &out, verb, ehlo_string(argument)); }

static void connect_to(char const* host, char const* port) {
    struct addrinfo hints, *all, *a;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &all) != 0) give_up("no such host", 2);
    for (a = all, fd = -1; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) close(fd), fd = -1;
    }
    freeaddrinfo(all);
    if (fd < 0) give_up("cannot connect", 3);
}
static void send_content(void) {
    char block[4096];
    size_t size;
    ehlo_encoded e;
    while ((size = fread(block, 1, sizeof block, stdin)) != 0) {
        size_t at = 0;
        do {
            e = ehlo_client_content(&smtp, ehlo_octets(block + at, size - at), &out);
            if (e.failure.error) give_up(ehlo_error_message(e.failure.error), 2);
            at += e.consumed;
            flush();
        } while (!e.done);
    }
    if (ferror(stdin)) give_up("cannot read the message", 2); /* without an end it is not delivered */
    do {
        e = ehlo_client_end_content(&smtp, &out);
        if (e.failure.error) give_up(ehlo_error_message(e.failure.error), 2);
        flush();
    } while (!e.done);
}

int main(int argc, char** argv) {
    ehlo_client_options options;
    char path[512];
    int refused = 0;
    if (argc < 5 || !ehlo_fits()) give_up("usage: send HOST PORT FROM TO... <message", 2);
    signal(SIGPIPE, SIG_IGN);
    memset(&options, 0, sizeof options);
    options.bare = EHLO_BARE_NORMALIZE;
    ehlo_client_init(&smtp, &options);
    connect_to(argv[1], argv[2]);

    ehlo_failure const nothing_to_say = {EHLO_OK, 0};
    accepted(nothing_to_say);
    accepted(command(EHLO_VERB_EHLO, "client.example"));
    snprintf(path, sizeof path, "<%s>", argv[3]);
    accepted(ehlo_client_mail(&smtp, &out, ehlo_string(path), NULL));
    for (int i = 4; i < argc; ++i) {
        snprintf(path, sizeof path, "<%s>", argv[i]);
        ehlo_failure const written = ehlo_client_rcpt(&smtp, &out, ehlo_string(path), ehlo_octets(NULL, 0));
        if (written.error) give_up(ehlo_error_message(written.error), 2);
        flush();
        ehlo_client_reply const r = reply();
        if (!r.accepted) {
            fwrite(r.reply.octets.data, 1, r.reply.octets.size, stderr);
            if (refused == 0 || r.verdict == EHLO_VERDICT_LATER) refused = r.verdict == EHLO_VERDICT_REFUSED ? 1 : 3;
        }
    }
    if (ehlo_client_recipients(&smtp) == 0) return refused;
    accepted(command(EHLO_VERB_DATA, NULL));
    send_content();
    accepted(nothing_to_say);
    if (command(EHLO_VERB_QUIT, NULL).error == EHLO_OK) flush(); /* the message is delivered, whatever comes */
    return refused;
}
