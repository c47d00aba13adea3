/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Doubly linked lists that live inside what they link. A `struct list` is a head or a node; an
 * empty head and a node on no list point to themselves.
 */

#include "lib/base/types.h"

struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_INIT(head)  \
    {                    \
        &(head), &(head) \
    }
#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)
#define LIST_FOR_EACH(head, node) \
    for ((node) = (head)->next; (node) != (head); (node) = (node)->next)
#define LIST_FOR_EACH_SAFE(head, node, after)                             \
    for ((node) = (head)->next, (after) = (node)->next; (node) != (head); \
         (node) = (after), (after) = (node)->next)

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* True for a node that is on a list. It has been initialised. */
static inline bool list_is_linked(const struct list *node)
{
    return node->next != node;
}

static inline void list_insert_after(struct list *place, struct list *node)
{
    node->prev = place;
    node->next = place->next;
    place->next->prev = node;
    place->next = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_after(head, node);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_after(head->prev, node);
}

/* Takes `node` off its list and leaves it linked to itself; harmless when it is on none. */
static inline void list_remove(struct list *node)
{
    node->next->prev = node->prev;
    node->prev->next = node->next;
    list_init(node);
}

/* The first node, taken off; NULL when there is none. */
static inline struct list *list_pop_front(struct list *head)
{
    struct list *node = head->next;

    if (node == head)
        return NULL;
    list_remove(node);
    return node;
}

/* Moves all of `from` to the end of `to`; `from` is empty then. */
static inline void list_splice_back(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}
