/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distances, links and DRAM channels. A queue is one number, "busy until"; a request waits for it and then occupies the
 * resource for its service time.
 *
 * All resources of a request are booked at the time it is made, and it waits for the slowest. It is not booked at the
 * (later) time it would arrive: a core that waits thousands of cycles for a hot line would else reserve the link for
 * the far future and everybody behind it would wait for a link that stands idle. Requests come in time order, so each
 * queue is first come, first served.
 */
#include "sim/mem/mem_internal.h"

static uint32_t book(cyc_t *until, cyc_t now, uint32_t busy_cyc)
{
    cyc_t start = *until > now ? *until : now;
    *until = start + busy_cyc;
    return (uint32_t)(start - now);
}

static uint32_t longer(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

uint32_t queue_xfer_cyc(const struct mem_sys *m, unsigned core_a, unsigned core_b)
{
    if (m->die_of[core_a] == m->die_of[core_b])
        return m->cfg.xfer_die_cyc;
    return m->socket_of[core_a] == m->socket_of[core_b] ? m->cfg.xfer_socket_cyc : m->cfg.xfer_remote_cyc;
}

uint32_t queue_link(struct mem_sys *m, unsigned from_core, unsigned to_core, cyc_t now)
{
    if (m->cfg.bus)
        return book(&m->link_until[0], now, m->cfg.link_busy_cyc);
    unsigned from = m->die_of[from_core];
    return from == m->die_of[to_core] ? 0 : book(&m->link_until[from], now, m->cfg.link_busy_cyc);
}

/* Home of a line: 4 KiB pages go round the sockets. Behind a bus there is one memory controller for all. */
static unsigned home_socket(const struct mem_sys *m, uint32_t line)
{
    return m->cfg.bus ? 0 : (line >> (12 - SIM_LINE_SHIFT)) % m->n_sockets;
}

static uint32_t channel_wait(struct mem_sys *m, uint32_t line, cyc_t now)
{
    unsigned channel = home_socket(m, line) * m->cfg.dram_channels + line % m->cfg.dram_channels;
    return book(&m->dram_until[channel], now, m->cfg.dram_busy_cyc);
}

static unsigned first_die(const struct mem_sys *m, unsigned socket)
{
    return socket * m->cfg.dies_per_socket;
}

uint32_t queue_dram_read(struct mem_sys *m, unsigned core, uint32_t line, cyc_t now)
{
    uint32_t latency = m->cfg.dram_cyc, wait = channel_wait(m, line, now);
    unsigned home = home_socket(m, line);
    if (m->cfg.bus) {
        wait = longer(wait, book(&m->link_until[0], now, m->cfg.link_busy_cyc));
    } else if (home != m->socket_of[core]) {
        latency += m->cfg.hop_cyc;
        wait = longer(wait, book(&m->link_until[first_die(m, home)], now, m->cfg.link_busy_cyc));
    }
    return latency + wait;
}

void queue_dram_write(struct mem_sys *m, unsigned core, uint32_t line, cyc_t now)
{
    channel_wait(m, line, now);
    if (m->cfg.bus)
        book(&m->link_until[0], now, m->cfg.link_busy_cyc);
    else if (home_socket(m, line) != m->socket_of[core])
        book(&m->link_until[m->die_of[core]], now, m->cfg.link_busy_cyc);
}

uint32_t queue_home_cyc(const struct mem_sys *m, unsigned core, uint32_t line)
{
    bool is_near = m->cfg.bus || home_socket(m, line) == m->socket_of[core];
    return is_near ? m->cfg.xfer_die_cyc : m->cfg.xfer_remote_cyc;
}
