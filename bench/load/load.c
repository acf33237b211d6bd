/* The load generator: many WebSocket clients of `roomlog.v1.json` in one thread.
 *
 * It is compiled so that it is not what a measurement measures. It reads who connects, follows and posts
 * from a plan, says "ready" when all of that is done, waits for a line on its standard input, sends, waits
 * until everything has arrived, and prints what it counted as one line of JSON.
 *
 *     load PLAN rate PER_SECOND SECONDS TEXT_BYTES      a steady rate over all posting clients
 *     load PLAN flood WINDOW BEHIND SECONDS TEXT_BYTES  as fast as answers come: WINDOW unanswered commands
 *                                                       a client, and BEHIND messages a room that have not
 *                                                       reached everybody
 *     load PLAN count WINDOW BEHIND MESSAGES TEXT_BYTES the same, until each posting client sent MESSAGES
 *     load PLAN hold                                    only connected, until standard input ends
 *
 * Lines of a plan (connections are numbered from 0 in the order of their lines):
 *     C ADDRESS PORT TOKEN    connect, signed in
 *     S CONNECTION ROOM       follow a room
 *     P CONNECTION ROOM       post to a room; at most one connection a room, any number of rooms a connection
 *
 * A text is "@NANOSECONDS #NUMBER xxx": when it was to be sent, and which of its room it is. From that every
 * delivery gives its latency, and whether one is missing, repeated or out of order.
 *
 * There are 28,000 ports for connections from one address to one listener: beyond PER_ADDRESS connections
 * the next ones come from 127.0.0.2, and so on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef PER_ADDRESS
#define PER_ADDRESS 20000
#endif

enum { ID_LENGTH = 36, MOST_CONNECTING = 256, READ_BYTES = 1 << 18, STEPS = 64, LEVELS = 40 };

typedef struct {
    char id[ID_LENGTH + 1];
    int publisher;      /* connection that posts to it, -1: none */
    int followers;
    uint64_t sent;      /* messages sent; also the number of the last one */
    uint64_t delivered; /* over all followers */
} Room;

typedef struct {
    int room;
    uint64_t last; /* number of the last message that came */
} Follow;

typedef enum { WAITING, CONNECTING, GREETING, SUBSCRIBING, READY, CLOSED } State;

typedef struct {
    int fd;
    State state;
    struct sockaddr_in address;
    char *token;
    char *in, *out;
    size_t in_length, in_size, out_length, out_size;
    Follow *follows;
    int follow_count, followed;
    uint32_t next_id, first_id; /* of commands; first_id: of the first post */
    uint64_t posted, answered;
    uint64_t *sent_at;  /* nanoseconds, by number of post modulo `window` */
    bool wants_write, dirty;
} Client;

typedef struct {
    uint64_t counts[LEVELS][STEPS];
    uint64_t total, most;
} Histogram;

static Client *clients;
static int client_count, epoll_fd, ready_count, connecting, next_to_connect;
static Room *rooms;
static int room_count, room_size;
static int *published, published_count; /* rooms that somebody posts to */
static const uint64_t ring = 1 << 14;
static uint64_t sent, acked, delivered, repeated, disordered, skipped, errors, refused;
static uint64_t started_at, last_ack_at, last_delivery_at;
static Histogram ack_latency, delivery_latency;
static char padding[65536];
static size_t text_bytes = 64;
static uint32_t run_number;
static char scratch[READ_BYTES];

static void die(const char *what) {
    fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static void *grown(void *memory, size_t bytes) {
    void *found = realloc(memory, bytes);
    if (!found) die("out of memory");
    return found;
}

static uint64_t now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* Latencies: 64 steps for each doubling, so a percentile is within 1.6 percent. */

static void note(Histogram *histogram, uint64_t ns) {
    uint64_t value = ns / 1000 + 1;
    int level = 63 - __builtin_clzll(value);
    int step = level > 6 ? (int)((value >> (level - 6)) & 63) : (int)((value << (6 - level)) & 63);
    histogram->counts[level < LEVELS ? level : LEVELS - 1][step]++;
    histogram->total++;
    if (ns > histogram->most) histogram->most = ns;
}

static double percentile_ms(const Histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)((double)histogram->total * share), seen = 0;
    for (int level = 0; level < LEVELS; level++)
        for (int step = 0; step < STEPS; step++)
            if ((seen += histogram->counts[level][step]) > wanted)
                return (double)(1ull << level) * (1.0 + step / 64.0) / 1000.0;
    return (double)histogram->most / 1e6;
}

/* The plan. */

static int room_of(const char *id) {
    for (int i = room_count - 1; i >= 0; i--)
        if (!memcmp(rooms[i].id, id, ID_LENGTH)) return i;
    if (room_count == room_size) rooms = grown(rooms, sizeof(Room) * (size_t)(room_size = room_size * 2 + 64));
    Room *room = &rooms[room_count];
    memset(room, 0, sizeof *room);
    memcpy(room->id, id, ID_LENGTH);
    room->publisher = -1;
    return room_count++;
}

static void read_plan(const char *path) {
    FILE *plan = fopen(path, "r");
    if (!plan) die(path);
    char kind, a[64], b[8192];
    int number, size = 0;
    while (fscanf(plan, " %c", &kind) == 1) {
        if (kind == 'C') {
            if (fscanf(plan, "%63s %d %8191s", a, &number, b) != 3) die("a line C is not understood");
            if (client_count == size) clients = grown(clients, sizeof(Client) * (size_t)(size = size * 2 + 64));
            Client *client = &clients[client_count++];
            memset(client, 0, sizeof *client);
            client->fd = -1;
            client->next_id = 1;
            client->token = strdup(b);
            client->address.sin_family = AF_INET;
            client->address.sin_port = htons((uint16_t)number);
            if (inet_pton(AF_INET, a, &client->address.sin_addr) != 1) die("not an IPv4 address");
            continue;
        }
        if (fscanf(plan, "%d %63s", &number, a) != 2 || number < 0 || number >= client_count)
            die("a line S or P is not understood");
        Client *client = &clients[number];
        int room = room_of(a);
        if (kind == 'S') {
            client->follows = grown(client->follows, sizeof(Follow) * (size_t)(client->follow_count + 1));
            client->follows[client->follow_count++] = (Follow){room, 0};
            rooms[room].followers++;
        } else {
            client->sent_at = grown(client->sent_at, sizeof(uint64_t) * ring);
            rooms[room].publisher = number;
            published = grown(published, sizeof(int) * (size_t)(published_count + 1));
            published[published_count++] = room;
        }
    }
    fclose(plan);
}

/* Out. A mask of zeros is a mask, and leaves the payload as it is. */

static void watch(Client *client) {
    struct epoll_event event = {.events = EPOLLIN | (client->wants_write ? EPOLLOUT : 0), .data.ptr = client};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event)) die("epoll_ctl");
}

static void flush(Client *client) {
    size_t at = 0;
    while (at < client->out_length) {
        ssize_t written = send(client->fd, client->out + at, client->out_length - at, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno != EAGAIN) die("a connection was lost while it was written to");
        if (written < 0) break;
        at += (size_t)written;
    }
    memmove(client->out, client->out + at, client->out_length -= at);
    if (client->wants_write != (client->out_length > 0)) {
        client->wants_write = client->out_length > 0;
        watch(client);
    }
}

static char *reserve(Client *client, size_t bytes) {
    if (client->out_length + bytes > client->out_size)
        client->out = grown(client->out, client->out_size = (client->out_length + bytes) * 2);
    return client->out + client->out_length;
}

static void frame(Client *client, int opcode, const char *payload, size_t length) {
    unsigned char *out = (unsigned char *)reserve(client, length + 14);
    size_t at = 0;
    out[at++] = (unsigned char)(0x80 | opcode);
    if (length < 126) {
        out[at++] = (unsigned char)(0x80 | length);
    } else {
        out[at++] = 0x80 | (length < 65536 ? 126 : 127);
        for (int shift = length < 65536 ? 8 : 56; shift >= 0; shift -= 8) out[at++] = (unsigned char)(length >> shift);
    }
    memset(out + at, 0, 4);
    memcpy(out + at + 4, payload, length);
    client->out_length += at + 4 + length;
}

static size_t post(Client *client, Room *room, char *line, uint64_t due) {
    uint64_t number = ++room->sent;
    uint32_t id = client->next_id++;
    if (!client->first_id) client->first_id = id;
    client->sent_at[(id - client->first_id) % ring] = due;
    client->posted++;
    sent++;
    int written = sprintf(line,
        "{\"op\":\"send\",\"id\":%u,\"room\":\"%s\",\"key\":\"%08x-0000-4000-8000-%04x%08x\",\"text\":\"@%019" PRIu64 " #%08" PRIu64 " ",
        id, room->id, run_number, (unsigned)(client - clients) & 0xffff, id, due, number);
    size_t length = (size_t)written, padded = text_bytes > 31 ? text_bytes - 31 : 0;
    memcpy(line + length, padding, padded);
    memcpy(line + length + padded, "\"}", 2);
    return length + padded + 2;
}

/* Sends `count` posts in one frame, or as many as fit. */
static uint64_t post_some(Client *client, Room *room, uint64_t count, uint64_t due) {
    static char lines[60000];
    size_t length = 0, most = text_bytes + 220;
    uint64_t done = 0;
    while (done < count && length + most < sizeof lines) {
        if (length) lines[length++] = '\n';
        length += post(client, room, lines + length, due);
        done++;
    }
    if (done) frame(client, 1, lines, length);
    return done;
}

static void subscribe(Client *client) {
    char line[128];
    client->state = SUBSCRIBING;
    for (int i = 0; i < client->follow_count; i++) {
        int length = sprintf(line, "{\"op\":\"sub\",\"id\":%u,\"room\":\"%s\"}", client->next_id++, rooms[client->follows[i].room].id);
        frame(client, 1, line, (size_t)length);
    }
    if (!client->follow_count) {
        client->state = READY;
        ready_count++;
    }
}

/* In. */

static void on_event(Client *client, const char *line, size_t length, uint64_t now) {
    const char *text = memmem(line, length, "\"text\":\"@", 9);
    if (!text) return;
    uint64_t due = strtoull(text + 9, NULL, 10), number = strtoull(text + 9 + 21, NULL, 10);
    Follow *follow = client->follows;
    if (client->follow_count != 1) {
        const char *id = memmem(line, length, "\"room\":\"", 8);
        for (int i = 0; i < client->follow_count; i++)
            if (id && !memcmp(rooms[client->follows[i].room].id, id + 8, ID_LENGTH)) {
                follow = &client->follows[i];
                break;
            }
    }
    if (!follow) return;
    delivered++;
    rooms[follow->room].delivered++;
    if (number == follow->last) repeated++;
    else if (number < follow->last) disordered++;
    else {
        skipped += number - follow->last - 1;
        follow->last = number;
    }
    last_delivery_at = now;
    note(&delivery_latency, now - due);
}

static void on_answer(Client *client, const char *line, size_t length, bool good, uint64_t now) {
    uint32_t id = (uint32_t)strtoul(line + (good ? 17 : 19), NULL, 10);
    if (client->state == SUBSCRIBING) {
        if (!good) {
            fprintf(stderr, "load: a room cannot be followed: %.*s\n", (int)length, line);
            exit(1);
        }
        if (++client->followed == client->follow_count) {
            client->state = READY;
            ready_count++;
        }
        return;
    }
    client->answered++;
    if (!good) {
        if (!refused++) fprintf(stderr, "load: refused: %.*s\n", (int)length, line);
        return;
    }
    acked++;
    last_ack_at = now;
    note(&ack_latency, now - client->sent_at[(id - client->first_id) % ring]);
}

static void on_text(Client *client, const char *text, size_t length, uint64_t now) {
    while (length) {
        const char *end = memchr(text, '\n', length);
        size_t line = end ? (size_t)(end - text) : length;
        if (line > 15 && !memcmp(text, "{\"op\":\"event\"", 13)) on_event(client, text, line, now);
        else if (line > 15 && !memcmp(text, "{\"op\":\"ack\"", 11)) on_answer(client, text, line, true, now);
        else if (line > 15 && !memcmp(text, "{\"op\":\"error\"", 13)) on_answer(client, text, line, false, now);
        else if (line > 15 && !memcmp(text, "{\"op\":\"hello\"", 13)) subscribe(client);
        length -= end ? line + 1 : line;
        text += end ? line + 1 : line;
    }
}

static void on_close(Client *client, const char *payload, size_t length) {
    int code = length > 1 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 1005;
    if (!errors++) fprintf(stderr, "load: closed %d %.*s\n", code, length > 2 ? (int)length - 2 : 0, payload + 2);
    close(client->fd);
    client->state = CLOSED;
}

/* Takes whole frames from what was read; returns how many bytes they had. */
static size_t frames(Client *client, const char *in, size_t length, uint64_t now) {
    size_t at = 0;
    while (length - at >= 2 && client->state != CLOSED) {
        const unsigned char *head = (const unsigned char *)in + at;
        uint64_t size = head[1] & 127;
        size_t header = size == 126 ? 4 : size == 127 ? 10 : 2;
        if (length - at < header) break;
        if (header > 2) {
            size = 0;
            for (size_t i = 2; i < header; i++) size = size << 8 | head[i];
        }
        if (length - at - header < size) break;
        const char *payload = in + at + header;
        int opcode = head[0] & 15;
        if (opcode == 1) on_text(client, payload, size, now);
        else if (opcode == 9) frame(client, 10, payload, size), client->dirty = true;
        else if (opcode == 8) on_close(client, payload, size);
        at += header + size;
    }
    return at;
}

static size_t greeting(Client *client, const char *in, size_t length) {
    const char *end = memmem(in, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (strncmp(in, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "load: not let in: %.*s\n", (int)(end - in), in);
        exit(1);
    }
    client->state = SUBSCRIBING; /* the node speaks first */
    connecting--;
    return (size_t)(end - in) + 4;
}

static void take(Client *client, const char *in, size_t length, uint64_t now) {
    if (client->in_length) { /* the rest of a frame is there already */
        if (client->in_length + length > client->in_size)
            client->in = grown(client->in, client->in_size = (client->in_length + length) * 2);
        memcpy(client->in + client->in_length, in, length);
        in = client->in;
        length += client->in_length;
    }
    size_t used = client->state == GREETING ? greeting(client, in, length) : 0;
    if (client->state != GREETING) used += frames(client, in + used, length - used, now);
    size_t left = length - used;
    if (left && in != client->in) {
        if (left > client->in_size) client->in = grown(client->in, client->in_size = left * 2);
        memcpy(client->in, in + used, left);
    } else if (left) {
        memmove(client->in, in + used, left);
    }
    client->in_length = left;
    if (!left && client->in_size > 4096) {
        free(client->in);
        client->in = NULL;
        client->in_size = 0;
    }
}

static void receive(Client *client) {
    ssize_t length = recv(client->fd, scratch, sizeof scratch, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) {
        if (!errors++) fprintf(stderr, "load: a connection was lost\n");
        close(client->fd);
        client->state = CLOSED;
        return;
    }
    take(client, scratch, (size_t)length, now_ns());
}

/* Binds a socket to the `which`-th address beside 127.0.0.1. */
static void come_from(int fd, int which) {
    if (!which) return;
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)which)};
#ifdef IP_BIND_ADDRESS_NO_PORT
    int one = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
#endif
    if (bind(fd, (struct sockaddr *)&source, sizeof source)) die("bind");
}

static void open_next(void) {
    Client *client = &clients[next_to_connect++];
    connecting++;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0) die("socket (too many open files? see ulimit -n)");
    int one = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    come_from(client->fd, (next_to_connect - 1) / PER_ADDRESS);
    if (connect(client->fd, (struct sockaddr *)&client->address, sizeof client->address) && errno != EINPROGRESS)
        die("connect");
    client->state = CONNECTING;
    client->wants_write = true;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event)) die("epoll_ctl");
}

static void greet(Client *client) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if ((errno = error)) die("a connection was refused");
    char *out = reserve(client, strlen(client->token) + 512);
    client->out_length += (size_t)sprintf(out,
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: roomlog.v1.json\r\nAuthorization: Bearer %s\r\n\r\n", client->token);
    client->state = GREETING;
}

static void turn(int timeout_ms) {
    static struct epoll_event events[1024];
    while (next_to_connect < client_count && connecting < MOST_CONNECTING) open_next();
    int count = epoll_wait(epoll_fd, events, 1024, timeout_ms);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; i++) {
        Client *client = events[i].data.ptr;
        if (client->state == CONNECTING && events[i].events & (EPOLLOUT | EPOLLERR)) greet(client);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && client->state != CLOSED) receive(client);
        if (client->state != CLOSED && client->out_length) flush(client);
    }
}

static uint64_t expected(void) {
    uint64_t found = 0;
    for (int i = 0; i < room_count; i++) found += rooms[i].sent * (uint64_t)rooms[i].followers;
    return found;
}

/* Waits until everything is answered and delivered, or nothing came for ten seconds. */
static void settle(void) {
    uint64_t seen = 0, at = now_ns();
    while (acked + refused < sent || delivered < expected()) {
        turn(20);
        if (acked + delivered != seen) seen = acked + delivered, at = now_ns();
        else if (now_ns() - at > 10000000000u) return;
    }
}

static void send_steadily(double rate, double seconds) {
    uint64_t total = (uint64_t)(rate * seconds);
    for (uint64_t number = 0; number < total;) {
        uint64_t now = now_ns();
        for (; number < total; number++) {
            uint64_t due = started_at + (uint64_t)((double)number * 1e9 / rate);
            if (due > now) break;
            Room *room = &rooms[published[number % (uint64_t)published_count]];
            Client *client = &clients[room->publisher];
            if (client->state != READY) die("a client that posts was closed");
            post_some(client, room, 1, due);
            flush(client);
        }
        turn(1);
    }
}

static void flood(uint64_t window, uint64_t behind, uint64_t each, uint64_t until) {
    bool more = true;
    while (more && now_ns() < until) {
        more = false;
        for (int i = 0; i < published_count; i++) {
            Room *room = &rooms[published[i]];
            Client *client = &clients[room->publisher];
            uint64_t followers = room->followers ? (uint64_t)room->followers : 1;
            if (client->state != READY) die("a client that posts was closed");
            uint64_t open = client->posted - client->answered, out = room->sent - room->delivered / followers;
            if (room->followers == 0) out = 0;
            uint64_t room_left = open < window ? window - open : 0;
            if (out + room_left > behind) room_left = out < behind ? behind - out : 0;
            if (room->sent + room_left > each) room_left = each - room->sent;
            if (room_left) post_some(client, room, room_left, now_ns()), flush(client);
            if (room->sent < each) more = true;
        }
        turn(1);
    }
}

/* Prints [milliseconds, count] of each step that has any, the middle of the step standing for it. */
static void report_steps(const char *name, const Histogram *histogram) {
    const char *comma = "";
    printf(",\"%s\":[", name);
    for (int level = 0; level < LEVELS; level++)
        for (int step = 0; step < STEPS; step++)
            if (histogram->counts[level][step]) {
                printf("%s[%.4f,%" PRIu64 "]", comma, (double)(1ull << level) * (1.0 + (step + 0.5) / 64.0) / 1000.0, histogram->counts[level][step]);
                comma = ",";
            }
    printf("]");
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    uint64_t ends_at = last_ack_at > last_delivery_at ? last_ack_at : last_delivery_at;
    printf("{\"sent\":%" PRIu64 ",\"acked\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"expected\":%" PRIu64 ",\"delivered\":%" PRIu64
        ",\"repeated\":%" PRIu64 ",\"disordered\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"closed\":%" PRIu64
        ",\"ack_seconds\":%.3f,\"seconds\":%.3f,\"ack_ms\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"max\":%.2f}"
        ",\"delivery_ms\":{\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"max\":%.2f},\"generator_cpu_s\":%.2f",
        sent, acked, refused, expected(), delivered, repeated, disordered, skipped, errors,
        last_ack_at ? (double)(last_ack_at - started_at) / 1e9 : 0, ends_at ? (double)(ends_at - started_at) / 1e9 : 0,
        percentile_ms(&ack_latency, 0.5), percentile_ms(&ack_latency, 0.9), percentile_ms(&ack_latency, 0.99), (double)ack_latency.most / 1e6,
        percentile_ms(&delivery_latency, 0.5), percentile_ms(&delivery_latency, 0.9), percentile_ms(&delivery_latency, 0.99),
        (double)delivery_latency.most / 1e6, cpu);
    report_steps("ack_histogram", &ack_latency);
    report_steps("delivery_histogram", &delivery_latency);
    printf("}\n");
    fflush(stdout);
}

/* Serves the connections until a line (or the end) comes on standard input. */
static void serve_until_told(void) {
    bool told = false;
    char byte;
    fcntl(0, F_SETFL, O_NONBLOCK);
    while (!told) {
        turn(20);
        ssize_t length = read(0, &byte, 1);
        told = length == 0 || (length == 1 && byte == '\n');
    }
}

int main(int count, char **arguments) {
    if (count < 3) die("say load PLAN rate|flood|count|hold ...; see the beginning of load.c");
    const char *mode = arguments[2];
    double numbers[4] = {0};
    for (int i = 3; i < count && i < 7; i++) numbers[i - 3] = strtod(arguments[i], NULL);
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    memset(padding, 'x', sizeof padding);
    run_number = (uint32_t)(now_ns() ^ (uint64_t)getpid() << 16);
    epoll_fd = epoll_create1(0);
    read_plan(arguments[1]);
    while (ready_count < client_count) turn(50);
    puts("ready");
    fflush(stdout);
    serve_until_told();
    started_at = now_ns();
    if (!strcmp(mode, "rate")) {
        text_bytes = (size_t)numbers[2];
        send_steadily(numbers[0], numbers[1]);
    } else if (!strcmp(mode, "flood")) {
        text_bytes = (size_t)numbers[3];
        flood((uint64_t)numbers[0], (uint64_t)numbers[1], UINT64_MAX / 2, started_at + (uint64_t)(numbers[2] * 1e9));
    } else if (!strcmp(mode, "count")) {
        text_bytes = (size_t)numbers[3];
        flood((uint64_t)numbers[0], (uint64_t)numbers[1], (uint64_t)numbers[2], UINT64_MAX);
    } else {
        return 0;
    }
    settle();
    report();
    return 0;
}
