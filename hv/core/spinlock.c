/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spinlocks by boot word: two static branches choose the algorithm, so that the one chosen costs nothing over having
 * been compiled in alone.
 */
#include "hv/include/spinlock.h"
#include "hv/core/spin_algorithms.h"
#include "hv/include/percpu.h"
#include "hv/include/printk.h"
#include "hv/include/static_branch.h"
#include "hv/include/x86_insn.h"

enum { TAS, TICKET, MCS };

/* How many MCS locks a CPU can hold or wait for at once, interrupt handlers included. */
#define NODES_PER_CPU 8

static HV_STATIC_KEY(key_tas);
static HV_STATIC_KEY(key_mcs);
static struct spin_node nodes[HV_MAX_CPUS * NODES_PER_CPU];
static HV_PERCPU(uint32_t, nodes_used); /* one bit a node */

static inline void spin_relax(void)
{
    hv_pause();
}

void hv_spin_select(unsigned algorithm)
{
    hv_static_key_set(&key_tas, algorithm == TAS);
    hv_static_key_set(&key_mcs, algorithm == MCS);
}

/* An interrupt between load and store gives its nodes back before it returns, so plain accesses do. */
static uint32_t node_take(void)
{
    uint32_t *used = &hv_this(nodes_used);
    unsigned i = (unsigned)__builtin_ctz(~*used);

    HV_ASSERT(i < NODES_PER_CPU);
    *used |= 1u << i;
    return hv_cpu() * NODES_PER_CPU + i + 1;
}
static void node_give(uint32_t code)
{
    hv_this(nodes_used) &= ~(1u << (code - 1) % NODES_PER_CPU);
}

void hv_spin_lock(struct hv_spinlock *lock)
{
    if (hv_static_branch(&key_mcs))
        spin_mcs_lock(lock, nodes, node_take());
    else if (hv_static_branch(&key_tas))
        spin_tas_lock(lock);
    else
        spin_ticket_lock(lock);
}

bool hv_spin_trylock(struct hv_spinlock *lock)
{
    if (hv_static_branch(&key_mcs)) {
        uint32_t code = node_take();
        bool got = spin_mcs_try(lock, nodes, code);

        if (!got)
            node_give(code);
        return got;
    }
    return hv_static_branch(&key_tas) ? spin_tas_try(lock) : spin_ticket_try(lock);
}

void hv_spin_unlock(struct hv_spinlock *lock)
{
    if (hv_static_branch(&key_mcs))
        node_give(spin_mcs_unlock(lock, nodes));
    else if (hv_static_branch(&key_tas))
        spin_tas_unlock(lock);
    else
        spin_ticket_unlock(lock);
}

bool hv_spin_is_locked(const struct hv_spinlock *lock)
{
    uint32_t word = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);

    if (hv_static_branch(&key_mcs) || hv_static_branch(&key_tas))
        return word != 0;
    return (uint16_t)word != word >> 16;
}

uint64_t hv_spin_lock_irqsave(struct hv_spinlock *lock)
{
    uint64_t rflags = hv_irq_save();

    hv_spin_lock(lock);
    return rflags;
}

void hv_spin_unlock_irqrestore(struct hv_spinlock *lock, uint64_t rflags)
{
    hv_spin_unlock(lock);
    hv_irq_restore(rflags);
}
