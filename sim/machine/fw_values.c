/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QEMU's firmware configuration says on this board: memory, number of cores, the kernel's command line, and the
 * memory map as the file etc/e820. Source: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#include <string.h>
#include "sim/machine/loader.h"

enum {
    KEY_SIGNATURE = 0x00,
    KEY_ID = 0x01,
    KEY_RAM = 0x03,
    KEY_NOGRAPHIC = 0x04,
    KEY_CPUS = 0x05,
    KEY_MAX_CPUS = 0x0f,
    KEY_CMDLINE_SIZE = 0x14,
    KEY_CMDLINE = 0x15,
    KEY_DIRECTORY = 0x19,
    KEY_FIRST_FILE = 0x20
};
enum { TRADITIONAL = 1, NAME_BYTES = 56 };

struct fw_values {
    uint64_t ram_bytes;
    uint32_t id, cmdline_bytes;
    uint16_t nographic, cores;
    struct __attribute__((packed)) {
        uint64_t at, bytes;
        uint32_t type;
    } e820[LOADER_MAX_MAP];
    struct __attribute__((packed)) {
        uint32_t n, bytes; /* this one's numbers are big-endian */
        uint16_t key, reserved;
        char name[NAME_BYTES];
    } directory;
};

void fw_values_build(struct machine *m)
{
    const char *cmdline = m->cmdline ? m->cmdline : "";
    struct fw_values *v = g_new0(struct fw_values, 1);
    struct loader_map_row rows[LOADER_MAX_MAP];
    unsigned n = loader_map(m, rows);
    struct fw_cfg f = {.n = 0};

    v->ram_bytes = m->cfg.memory_bytes;
    v->id = TRADITIONAL;
    v->nographic = 1;
    v->cores = (uint16_t)m->cfg.n_cores;
    v->cmdline_bytes = (uint32_t)strlen(cmdline) + 1;
    for (unsigned i = 0; i < n; i++) {
        v->e820[i].at = rows[i].at;
        v->e820[i].bytes = rows[i].bytes;
        v->e820[i].type = rows[i].type;
    }
    v->directory.n = GUINT32_TO_BE(1);
    v->directory.bytes = GUINT32_TO_BE((uint32_t)(n * sizeof(v->e820[0])));
    v->directory.key = GUINT16_TO_BE(KEY_FIRST_FILE);
    strcpy(v->directory.name, "etc/e820");
    fw_cfg_add(&f, KEY_SIGNATURE, "QEMU", 4);
    fw_cfg_add(&f, KEY_ID, &v->id, sizeof(v->id));
    fw_cfg_add(&f, KEY_RAM, &v->ram_bytes, sizeof(v->ram_bytes));
    fw_cfg_add(&f, KEY_NOGRAPHIC, &v->nographic, sizeof(v->nographic));
    fw_cfg_add(&f, KEY_CPUS, &v->cores, sizeof(v->cores));
    fw_cfg_add(&f, KEY_MAX_CPUS, &v->cores, sizeof(v->cores));
    fw_cfg_add(&f, KEY_CMDLINE_SIZE, &v->cmdline_bytes, sizeof(v->cmdline_bytes));
    fw_cfg_add(&f, KEY_CMDLINE, cmdline, v->cmdline_bytes);
    fw_cfg_add(&f, KEY_DIRECTORY, &v->directory, sizeof(v->directory));
    fw_cfg_add(&f, KEY_FIRST_FILE, v->e820, n * sizeof(v->e820[0]));
    g_free(m->fw_values);
    m->fw_values = v;
    m->fw_cfg = f;
}
