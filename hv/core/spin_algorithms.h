/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three lock algorithms, apart from the per-CPU data and the choice at boot, so that a host test can run them on
 * threads. Each acquire ends in an acquiring access, each release is a releasing store.
 *
 *  tas     test-and-set with a read-only spin: the byte lock of 2006. Unfair; every release is a race of all waiters.
 *  ticket  first come first served; one line, which every release takes away from all waiters.
 *  mcs     a queue of nodes, each waiter spins on its own line (Mellor-Crummey and Scott, 1991).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/include/spinlock.h"

/* A waiter's place in an MCS queue; its code in the lock word is index + 1, 0 means none. */
struct spin_node {
    uint32_t next; /* code of the successor */
    uint32_t wait;
} __attribute__((aligned(64)));

/* What a waiter does between two looks: supplied by the includer. PAUSE on a CPU, giving way on a host's thread. */
static void spin_relax(void);

static inline bool spin_tas_try(struct hv_spinlock *lock)
{
    return __atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE) == 0;
}
static inline void spin_tas_lock(struct hv_spinlock *lock)
{
    while (!spin_tas_try(lock)) {
        while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0)
            spin_relax();
    }
}
static inline void spin_tas_unlock(struct hv_spinlock *lock)
{
    __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

/* Low half: whose turn it is. High half: the next ticket. Overflow of the high half falls off the word. */
#define SPIN_TICKET 0x10000u
static inline uint16_t *spin_ticket_owner(struct hv_spinlock *lock)
{
    return (uint16_t *)(void *)&lock->word; /* little-endian: the low half */
}
static inline void spin_ticket_lock(struct hv_spinlock *lock)
{
    uint32_t old = __atomic_fetch_add(&lock->word, SPIN_TICKET, __ATOMIC_ACQUIRE);
    uint16_t mine = (uint16_t)(old >> 16);

    while ((uint16_t)old != mine) {
        spin_relax();
        old = __atomic_load_n(spin_ticket_owner(lock), __ATOMIC_ACQUIRE);
    }
}
static inline bool spin_ticket_try(struct hv_spinlock *lock)
{
    uint32_t old = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);

    return (uint16_t)old == old >> 16 &&
           __atomic_compare_exchange_n(&lock->word, &old, old + SPIN_TICKET, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
/* Only the holder writes the owner half, so the increment needs no lock; a 16-bit store leaves the tickets alone. */
static inline void spin_ticket_unlock(struct hv_spinlock *lock)
{
    uint16_t *owner = spin_ticket_owner(lock);

    __atomic_store_n(owner, (uint16_t)(__atomic_load_n(owner, __ATOMIC_RELAXED) + 1), __ATOMIC_RELEASE);
}

/* @nodes: all nodes of all CPUs; @code: a node that nothing else uses until the unlock returns it. */
static inline void spin_mcs_lock(struct hv_spinlock *lock, struct spin_node *nodes, uint32_t code)
{
    struct spin_node *mine = &nodes[code - 1];
    uint32_t before;

    mine->next = 0;
    mine->wait = 1;
    before = __atomic_exchange_n(&lock->word, code, __ATOMIC_ACQ_REL);
    if (before != 0) {
        __atomic_store_n(&nodes[before - 1].next, code, __ATOMIC_RELEASE);
        while (__atomic_load_n(&mine->wait, __ATOMIC_ACQUIRE))
            spin_relax();
    }
    lock->holder = code;
}
static inline bool spin_mcs_try(struct hv_spinlock *lock, struct spin_node *nodes, uint32_t code)
{
    uint32_t none = 0;

    nodes[code - 1].next = 0;
    if (!__atomic_compare_exchange_n(&lock->word, &none, code, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return false;
    lock->holder = code;
    return true;
}
/* Returns the code of the node that is free again. */
static inline uint32_t spin_mcs_unlock(struct hv_spinlock *lock, struct spin_node *nodes)
{
    uint32_t code = lock->holder, tail = code, next;
    struct spin_node *mine = &nodes[code - 1];

    if (__atomic_load_n(&mine->next, __ATOMIC_ACQUIRE) == 0 &&
        __atomic_compare_exchange_n(&lock->word, &tail, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        return code;
    while ((next = __atomic_load_n(&mine->next, __ATOMIC_ACQUIRE)) == 0)
        spin_relax(); /* a successor has swapped the tail and is about to link itself */
    __atomic_store_n(&nodes[next - 1].wait, 0, __ATOMIC_RELEASE);
    return code;
}
