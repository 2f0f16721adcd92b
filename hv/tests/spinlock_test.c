/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock algorithms on threads: mutual exclusion by a counter that is read and written apart, trylock, tickets in
 * order, MCS nodes given back in any order. Could lie: x86's strong order and few host CPUs hide some missing
 * orderings; the algorithms' text must carry those.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "hv/core/spin_algorithms.h"

#define THREADS 4
#define ROUNDS  2000

/* A spinning thread would keep the host CPU from the one whose turn it is. */
static void spin_relax(void)
{
    sched_yield();
}

enum algorithm { TAS, TICKET, MCS };
static struct hv_spinlock lock;
static struct spin_node nodes[2 * THREADS];
static volatile unsigned long counter, inside;

static void lock_it(enum algorithm a, struct hv_spinlock *l, uint32_t code)
{
    if (a == TAS)
        spin_tas_lock(l);
    else if (a == TICKET)
        spin_ticket_lock(l);
    else
        spin_mcs_lock(l, nodes, code);
}

static bool try_it(enum algorithm a, struct hv_spinlock *l, uint32_t code)
{
    return a == TAS ? spin_tas_try(l) : a == TICKET ? spin_ticket_try(l) : spin_mcs_try(l, nodes, code);
}

static uint32_t unlock_it(enum algorithm a, struct hv_spinlock *l)
{
    if (a == MCS)
        return spin_mcs_unlock(l, nodes);
    if (a == TAS)
        spin_tas_unlock(l);
    else
        spin_ticket_unlock(l);
    return 0;
}

struct job {
    enum algorithm algorithm;
    uint32_t code;
    unsigned violations;
};

static void *work(void *argument)
{
    struct job *job = argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        lock_it(job->algorithm, &lock, job->code);
        job->violations += inside != 0;
        inside = 1;
        unsigned long v = counter;
        if (i % 64 == 0)
            sched_yield(); /* with the lock held: the others must wait */
        counter = v + 1;
        inside = 0;
        unlock_it(job->algorithm, &lock);
    }
    return NULL;
}

static void exclusion(enum algorithm a)
{
    pthread_t thread[THREADS];
    struct job job[THREADS];

    hv_spin_init(&lock);
    counter = inside = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        job[i] = (struct job){a, i + 1, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &job[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(job[i].violations, 0);
    }
    assert_int_equal(counter, THREADS * ROUNDS);
}

static void test_tas(void **state)
{
    (void)state;
    exclusion(TAS);
}
static void test_ticket(void **state)
{
    (void)state;
    exclusion(TICKET);
}
static void test_mcs(void **state)
{
    (void)state;
    exclusion(MCS);
}

static void test_try(void **state)
{
    (void)state;
    for (enum algorithm a = TAS; a <= MCS; a++) {
        hv_spin_init(&lock);
        for (unsigned i = 0; i < 3; i++) {
            assert_true(try_it(a, &lock, 1));
            assert_false(try_it(a, &lock, 2));
            unlock_it(a, &lock);
        }
    }
}

/* 2^16 tickets and more: the halves of the word wrap without touching each other. */
static void test_ticket_wraps(void **state)
{
    (void)state;
    hv_spin_init(&lock);
    for (unsigned i = 0; i < 70000; i++) {
        spin_ticket_lock(&lock);
        assert_int_equal(lock.word >> 16, (i + 1) & 0xffff);
        assert_int_equal(lock.word & 0xffff, i & 0xffff);
        spin_ticket_unlock(&lock);
    }
}

/* Two locks of one CPU, released in the order in which they were taken: each unlock returns its own node. */
static void test_mcs_nodes(void **state)
{
    struct hv_spinlock a = HV_SPINLOCK_INIT, b = HV_SPINLOCK_INIT;

    (void)state;
    spin_mcs_lock(&a, nodes, 1);
    spin_mcs_lock(&b, nodes, 2);
    assert_int_equal(spin_mcs_unlock(&a, nodes), 1);
    assert_int_equal(spin_mcs_unlock(&b, nodes), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tas), cmocka_unit_test(test_ticket),       cmocka_unit_test(test_mcs),
        cmocka_unit_test(test_try), cmocka_unit_test(test_ticket_wraps), cmocka_unit_test(test_mcs_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
