/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that crashes when asked to: answers every connection with a line that names this life of
 * it, or, when "crash" comes, writes to address 0. Port 80.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PORT = 80,
    BACKLOG = 128,
    REQUEST_MAX = 256
};

static int *volatile nowhere; /* Volatile, so that no compiler sees what it is. */

static void serve(int client, const char *life)
{
    char request[REQUEST_MAX] = { 0 };

    if (recv(client, request, sizeof(request) - 1, 0) <= 0)
        return;
    if (strncmp(request, "crash", strlen("crash")) == 0)
        *nowhere = 1;
    (void)send(client, life, strlen(life), MSG_NOSIGNAL);
}

int main(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    struct timespec now;
    char life[64];

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(life, sizeof(life), "%lld.%09ld %p\n", (long long)now.tv_sec, now.tv_nsec,
             (void *)&now);
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, BACKLOG) < 0) {
        perror("listen");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client >= 0) {
            serve(client, life);
            close(client);
        }
    }
}
