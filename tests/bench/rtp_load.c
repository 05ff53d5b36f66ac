/* Phones that talk and listen: each sends 20 ms of G.711 µ-law on its own socket, spread over the 20 ms, and checks
 * what its peer's packets became. Every payload begins with a mark, the sender's number, the packet's number
 * and the moment it was sent, in codewords that survive decoding and encoding.
 *
 *   rtp_load PAIRS SECONDS WARM_UP     lines of "switch_port own_port peer_line"; prints one JSON object
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_PHONES = 4096,
    SLOTS = 20,         /* milliseconds in a packet's period */
    HEADER = 12,
    FRAME = 160,
    PACKET = HEADER + FRAME,
    MARK_AT = HEADER,   /* 4 codewords */
    ID_AT = HEADER + 4, /* 4 codewords of 4 bits each */
    NUMBER_AT = HEADER + 8,
    MOMENT_AT = HEADER + 16,
    BIN_US = 50,
    BINS = 20000,       /* up to 1 s */
};
static const uint8_t MARK[4] = {0x85, 0x8a, 0x83, 0x8c};

typedef struct {
    int socket, peer;
    uint32_t sent, timestamp, ssrc;
    uint16_t sequence, heard_sequence;
    int heard_any;
    uint8_t *seen; /* a bit per packet of the measured window */
} phone;

static phone phones[MAX_PHONES];
static int phone_count, poller;
static uint32_t histogram[BINS], window_begin, window_end;
static uint64_t in_window, duplicates, wrong, unmarked, sequence_gaps, sent_in_window;
static double worst_ms;

static uint64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void put_nibbles(uint8_t *at, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        at[i] = 0x80 | ((value >> (4 * i)) & 15);
}

static uint64_t get_nibbles(const uint8_t *at, int count)
{
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 4 | (at[i] & 15);
    return value;
}

static void open_phone(phone *p, int own_port, int switch_port, int index)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    p->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(p->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    address.sin_port = htons(own_port);
    if (bind(p->socket, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        exit(1);
    }
    address.sin_port = htons(switch_port);
    if (connect(p->socket, (struct sockaddr *)&address, sizeof address)) {
        perror("connect");
        exit(1);
    }
    struct epoll_event interest = {.events = EPOLLIN, .data.u32 = index};
    epoll_ctl(poller, EPOLL_CTL_ADD, p->socket, &interest);
    p->sequence = random();
    p->timestamp = random();
    p->ssrc = random();
    p->seen = calloc(1, (window_end - window_begin) / 8 + 1);
}

static void hear(phone *p, const uint8_t *packet, int length, uint64_t arrived)
{
    uint16_t sequence = packet[2] << 8 | packet[3];
    if (length != PACKET || memcmp(packet + MARK_AT, MARK, sizeof MARK)) {
        unmarked++;
        return;
    }
    if (p->heard_any && (uint16_t)(p->heard_sequence + 1) != sequence)
        sequence_gaps++;
    p->heard_sequence = sequence;
    p->heard_any = 1;
    if ((int)get_nibbles(packet + ID_AT, 4) != p->peer) {
        wrong++;
        return;
    }
    uint32_t number = get_nibbles(packet + NUMBER_AT, 8);
    if (number < window_begin || number >= window_end)
        return;
    uint32_t bit = number - window_begin;
    if (p->seen[bit / 8] & 1 << bit % 8) {
        duplicates++;
        return;
    }
    p->seen[bit / 8] |= 1 << bit % 8;
    in_window++;
    double us = (double)(int64_t)(arrived - get_nibbles(packet + MOMENT_AT, 16)) / 1000;
    if (us / 1000 > worst_ms)
        worst_ms = us / 1000;
    int bin = us < 0 ? 0 : us / BIN_US;
    histogram[bin < BINS ? bin : BINS - 1]++;
}

static void listen_all(void)
{
    struct epoll_event events[512];
    uint8_t packet[2048];
    char control[128];
    int ready;
    while ((ready = epoll_wait(poller, events, 512, 0)) > 0) {
        for (int e = 0; e < ready; e++) {
            phone *p = &phones[events[e].data.u32];
            struct iovec part = {packet, sizeof packet};
            struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
            int length = recvmsg(p->socket, &message, 0);
            if (length < HEADER)
                continue;
            uint64_t arrived = 0;
            for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                    struct timespec t;
                    memcpy(&t, CMSG_DATA(c), sizeof t);
                    arrived = t.tv_sec * 1000000000ull + t.tv_nsec;
                }
            hear(p, packet, length, arrived);
        }
        if (ready < 512)
            return;
    }
}

static void talk(phone *p, int index, uint8_t *packet)
{
    uint16_t sequence = p->sequence + p->sent;
    uint32_t timestamp = p->timestamp + FRAME * p->sent;
    packet[2] = sequence >> 8;
    packet[3] = sequence;
    packet[4] = timestamp >> 24;
    packet[5] = timestamp >> 16;
    packet[6] = timestamp >> 8;
    packet[7] = timestamp;
    memcpy(packet + 8, &p->ssrc, 4);
    put_nibbles(packet + ID_AT, index, 4);
    put_nibbles(packet + NUMBER_AT, p->sent, 8);
    put_nibbles(packet + MOMENT_AT, wall_ns(), 16);
    send(p->socket, packet, PACKET, 0);
    if (p->sent >= window_begin && p->sent < window_end)
        sent_in_window++;
    p->sent++;
}

static double percentile_ms(double share)
{
    uint64_t total = 0, below = 0;
    for (int i = 0; i < BINS; i++)
        total += histogram[i];
    for (int i = 0; i < BINS; i++)
        if ((below += histogram[i]) >= total * share)
            return (i + 0.5) * BIN_US / 1000;
    return -1;
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    double seconds = atof(arguments[2]), warm_up = atof(arguments[3]);
    window_begin = warm_up * 50;
    window_end = (seconds - 0.5) * 50;
    prctl(PR_SET_TIMERSLACK, 1000);
    poller = epoll_create1(0);
    FILE *pairs = fopen(arguments[1], "r");
    if (!pairs || window_end <= window_begin)
        return 2;
    int switch_port, own_port, peer;
    while (phone_count < MAX_PHONES && fscanf(pairs, "%d %d %d", &switch_port, &own_port, &peer) == 3) {
        phones[phone_count].peer = peer;
        open_phone(&phones[phone_count], own_port, switch_port, phone_count);
        phone_count++;
    }
    fclose(pairs);

    uint8_t packet[PACKET] = {0x80, 0};
    for (int i = HEADER; i < PACKET; i++)
        packet[i] = 0x80 | (random() & 0x7e);
    memcpy(packet + MARK_AT, MARK, sizeof MARK);
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long ms = 0; ms < seconds * 1000 + 300; ms++) {
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        if (ms < seconds * 1000)
            for (int i = ms % SLOTS; i < phone_count; i += SLOTS)
                talk(&phones[i], i, packet);
        listen_all();
        next.tv_nsec += 1000000;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
    }
    printf("{\"sent\": %lu, \"heard\": %lu, \"duplicates\": %lu, \"wrong\": %lu, \"unmarked\": %lu, "
           "\"sequence_gaps\": %lu, \"latency_p50_ms\": %.2f, \"latency_p99_ms\": %.2f, \"latency_max_ms\": %.2f}\n",
           sent_in_window, in_window, duplicates, wrong, unmarked, sequence_gaps, percentile_ms(0.5),
           percentile_ms(0.99), worst_ms);
    return 0;
}
