/* The floor: the least any program can do to bridge RTP. It forwards datagrams between paired sockets, as they
 * come, in batches, and looks at nothing.
 *
 *   relay_floor PAIRS        lines of "own_port phone_port peer_line"; prints "ready" and runs until killed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { MAX_LEGS = 4096, BATCH = 16, PACKET = 2048 };

static int sockets[MAX_LEGS], peers[MAX_LEGS];

static int connected_socket(int own_port, int phone_port)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons(own_port);
    if (bind(s, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        exit(1);
    }
    address.sin_port = htons(phone_port);
    if (connect(s, (struct sockaddr *)&address, sizeof address)) {
        perror("connect");
        exit(1);
    }
    return s;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    FILE *pairs = fopen(arguments[1], "r");
    if (!pairs)
        return 2;
    int poller = epoll_create1(0), legs = 0, own_port, phone_port, peer;
    while (legs < MAX_LEGS && fscanf(pairs, "%d %d %d", &own_port, &phone_port, &peer) == 3) {
        sockets[legs] = connected_socket(own_port, phone_port);
        peers[legs] = peer;
        struct epoll_event interest = {.events = EPOLLIN, .data.u32 = legs};
        epoll_ctl(poller, EPOLL_CTL_ADD, sockets[legs], &interest);
        legs++;
    }
    fclose(pairs);

    static char buffers[BATCH][PACKET];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
        parts[i].iov_base = buffers[i];
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[1024];
        int ready = epoll_wait(poller, events, 1024, -1);
        for (int e = 0; e < ready; e++) {
            int leg = events[e].data.u32;
            for (int i = 0; i < BATCH; i++)
                parts[i].iov_len = PACKET;
            int received = recvmmsg(sockets[leg], messages, BATCH, MSG_DONTWAIT, NULL);
            if (received <= 0)
                continue;
            for (int i = 0; i < received; i++)
                parts[i].iov_len = messages[i].msg_len;
            sendmmsg(sockets[peers[leg]], messages, received, MSG_DONTWAIT);
        }
    }
}
