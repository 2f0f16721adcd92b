/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spinlocks. Which algorithm runs is the boot word "spinlock" (tas, ticket, mcs); all three share this 8-byte layout,
 * so that the choice moves no data. Locks are not padded: what shares a line with a lock is the choice of its owner.
 * Held with interrupts off if an interrupt handler takes the lock too. Not recursive.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hv_spinlock {
    uint32_t word;   /* tas: 0 or 1. ticket: next << 16 | owner. mcs: queue tail, as node code */
    uint32_t holder; /* mcs: node code of the holder */
};
#define HV_SPINLOCK_INIT                                                                                               \
    {                                                                                                                  \
        0, 0                                                                                                           \
    }

static inline void hv_spin_init(struct hv_spinlock *lock)
{
    *lock = (struct hv_spinlock)HV_SPINLOCK_INIT;
}
void hv_spin_lock(struct hv_spinlock *lock);
void hv_spin_unlock(struct hv_spinlock *lock);
bool hv_spin_trylock(struct hv_spinlock *lock);
bool hv_spin_is_locked(const struct hv_spinlock *lock);

/* hv_spin_lock_irqsave() - interrupts off, then lock. Returns RFLAGS for hv_spin_unlock_irqrestore(). */
uint64_t hv_spin_lock_irqsave(struct hv_spinlock *lock);
void hv_spin_unlock_irqrestore(struct hv_spinlock *lock, uint64_t rflags);

/* hv_spin_select() - 0 tas, 1 ticket, 2 mcs. Once, before any lock was ever taken: a free lock
 * looks different to each algorithm once it has been used. */
void hv_spin_select(unsigned algorithm);
