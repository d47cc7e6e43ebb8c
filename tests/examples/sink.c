/* A sink for mail, in C99 on poll: sink PORT DIRECTORY. Each message becomes a file there. Port 0 is any; it says which.
 * As a program to read: it is for tests, on a machine of one's own. */
#define _POSIX_C_SOURCE 200809L
#include <ehlo/ehlo.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64 };

/* Octets received and not consumed, octets to be sent, and the message that is coming. */
typedef struct connection {
    ehlo_server smtp;
    char in[8192], out[8192];
    size_t in_size, sent;
    ehlo_buffer to_send;
    uint32_t want;
    FILE* file;
    char name[512];
} connection;

static ehlo_settings settings;
static char const* directory;
static struct pollfd polled[CONNECTIONS + 1]; /* the last one listens */
static connection* connections[CONNECTIONS];

static void drop_file(connection* c) {
    if (!c->file) return;
    fclose(c->file);
    c->file = NULL;
    remove(c->name);
}

static void on_command(void* context, ehlo_command const* command, ehlo_reply* answer) {
    connection* c = context;
    static unsigned count;
    if (command->verb == EHLO_VERB_RCPT) ehlo_make_reply(answer, "250 2.1.5 Recipient OK");
    if (command->verb != EHLO_VERB_MAIL) return;
    drop_file(c);
    snprintf(c->name, sizeof c->name, "%s/%ld-%u.part", directory, (long)getpid(), ++count);
    c->file = fopen(c->name, "wbx");
    if (!c->file) ehlo_make_reply(answer, "452 4.3.1 No room for a file");
}
static void on_content(void* context, ehlo_text octets) {
    connection* c = context;
    if (c->file) fwrite(octets.data, 1, octets.size, c->file); /* ferror() remembers */
}
static void on_end(void* context, ehlo_message const* message, ehlo_reply* answer) {
    connection* c = context;
    char whole[512];
    (void)message;
    int const bad = !c->file || ferror(c->file) || fflush(c->file) != 0;
    snprintf(whole, sizeof whole, "%.*s.eml", (int)(strlen(c->name) - 5), c->name);
    if (bad || fclose(c->file) != 0 || rename(c->name, whole) != 0) {
        if (bad) drop_file(c);
        c->file = NULL;
        return; /* 451: it is not stored */
    }
    c->file = NULL;
    ehlo_make_reply(answer, "250 2.6.0 Message accepted");
}
static void on_abandoned(void* context, ehlo_message const* message) {
    (void)message;
    drop_file(context);
}
static ehlo_handler const handler = {NULL, on_command, on_content, on_end, on_abandoned, NULL, NULL, 0};

/* Gives the session what is there until it wants more, or cannot say more before something is sent. */
static void go_on(connection* c) {
    do {
        ehlo_step const step = ehlo_server_advance(&c->smtp, ehlo_octets(c->in, c->in_size), &c->to_send, &handler, c);
        memmove(c->in, c->in + step.consumed, c->in_size - step.consumed);
        c->in_size -= step.consumed;
        c->want = step.want;
    } while (c->want == EHLO_WANT_WRITE && c->to_send.size == 0);
}

static int is_over(connection const* c) { return c->want == EHLO_WANT_CLOSE && c->sent == c->to_send.size; }

/* 0: the connection is to be closed. */
static int readable(connection* c, int fd) {
    ssize_t const n = recv(fd, c->in + c->in_size, sizeof c->in - c->in_size, 0);
    if (n <= 0) return n < 0 && (errno == EINTR || errno == EAGAIN);
    c->in_size += (size_t)n;
    go_on(c);
    return 1;
}
static int writable(connection* c, int fd) {
    ssize_t const n = send(fd, c->to_send.data + c->sent, c->to_send.size - c->sent, 0);
    if (n < 0) return errno == EINTR || errno == EAGAIN;
    c->sent += (size_t)n;
    if (c->sent < c->to_send.size) return 1;
    c->sent = c->to_send.size = 0;
    if (c->want == EHLO_WANT_WRITE) go_on(c); /* there is room again */
    return 1;
}

static void begin(int fd) {
    size_t i = 0;
    while (i < CONNECTIONS && connections[i]) ++i;
    connection* const c = i < CONNECTIONS ? calloc(1, sizeof *c) : NULL;
    if (!c || ehlo_server_init(&c->smtp, &settings, ehlo_string("sink.example")).error != EHLO_OK) {
        free(c);
        close(fd);
        return;
    }
    c->to_send.data = c->out;
    c->to_send.capacity = sizeof c->out;
    connections[i] = c;
    polled[i].fd = fd;
    go_on(c);
}
static void end(size_t i) {
    if (!is_over(connections[i])) ehlo_server_disconnected(&connections[i]->smtp, &handler, connections[i]);
    drop_file(connections[i]);
    close(polled[i].fd);
    free(connections[i]);
    connections[i] = NULL;
    polled[i].fd = -1;
}

static int listen_on(unsigned port) {
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    int const fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (struct sockaddr*)&a, sizeof a) != 0 || listen(fd, 64) != 0) return -1;
    getsockname(fd, (struct sockaddr*)&a, &size);
    printf("listening on 127.0.0.1:%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char** argv) {
    ehlo_server_options options;
    if (argc != 3 || !ehlo_fits()) return fprintf(stderr, "usage: sink PORT DIRECTORY\n"), 2;
    directory = argv[2];
    signal(SIGPIPE, SIG_IGN);
    ehlo_server_options_init(&options);
    options.offers |= EHLO_BIT(EHLO_EXTENSION_CHUNKING);
    ehlo_failure const bad = ehlo_settings_init(&settings, &options);
    if (bad.error) return fprintf(stderr, "%s\n", ehlo_error_message(bad.error)), 2;
    for (size_t i = 0; i < CONNECTIONS; ++i) polled[i].fd = -1;
    polled[CONNECTIONS].fd = listen_on((unsigned)atoi(argv[1]));
    polled[CONNECTIONS].events = POLLIN;
    if (polled[CONNECTIONS].fd < 0) return perror("listen"), 2;
    for (;;) {
        for (size_t i = 0; i < CONNECTIONS; ++i) /* who has not read what was said is not listened to */
            polled[i].events = connections[i] && connections[i]->to_send.size ? POLLOUT : POLLIN;
        if (poll(polled, CONNECTIONS + 1, -1) < 0 && errno != EINTR) return perror("poll"), 2;
        for (size_t i = 0; i < CONNECTIONS; ++i) {
            connection* const c = connections[i];
            if (!c || !polled[i].revents) continue;
            int const alive = polled[i].revents & POLLOUT ? writable(c, polled[i].fd) : readable(c, polled[i].fd);
            if (!alive || is_over(c)) end(i);
        }
        if (polled[CONNECTIONS].revents) {
            int const fd = accept(polled[CONNECTIONS].fd, NULL, NULL);
            if (fd >= 0) begin(fd);
        }
    }
}
