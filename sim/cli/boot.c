/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmscale boot: a kernel that somebody else wrote, on a whole machine, until it ends. Its serial port is our standard
 * output. Exit code: what QEMU would give (2 v + 1 after v was written to the debug-exit port 0xf4, 0 after a soft-off
 * or a reset that the guest asked for); 1 when it can go on no more or used up --max-insns; 130 after Ctrl-C.
 */
#include "sim/cli/cli.h"
#include "sim/machine/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMP_DEFAULT = 1, MEMORY_DEFAULT_MIB = 512, MEMORY_LEAST_MIB = 16, LAST_XAPIC_CORES = 255 };
enum { SLICES_PER_S = 100, UNKNOWN_LINES = 50 };
#define MIB      ((uint64_t)1 << 20)
#define HOLE_MIB 1024u /* below 4 GiB, where devices are (sim/machine/machine.h) */

static char *append, **initrds, *profile, *mode, *serial_path, *input_path, *images_dir;
static int n_cores = SMP_DEFAULT, memory_mib = MEMORY_DEFAULT_MIB;
static gint64 max_insns;
static gboolean is_verbose;

static const GOptionEntry entries[] = {
    {"append", 'a', 0, G_OPTION_ARG_STRING, &append, "the kernel's command line", "TEXT"},
    {"initrd", 'i', 0, G_OPTION_ARG_FILENAME_ARRAY, &initrds, "initial file system or module; may be repeated", "FILE"},
    {"smp", 0, 0, G_OPTION_ARG_INT, &n_cores, "cores (1)", "N"},
    {"memory", 'm', 0, G_OPTION_ARG_INT, &memory_mib, "memory in MiB (512)", "MIB"},
    {"profile", 'p', 0, G_OPTION_ARG_STRING, &profile, "processor and memory system (opteron-2006)", "NAME"},
    {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "with or without a pipeline and caches (functional)",
     "timing|functional"},
    {"max-insns", 0, 0, G_OPTION_ARG_INT64, &max_insns, "end after so many instructions of all cores", "N"},
    {"serial", 0, 0, G_OPTION_ARG_FILENAME, &serial_path, "the serial port's output (standard output)", "FILE"},
    {"input", 0, 0, G_OPTION_ARG_FILENAME, &input_path, "what the serial port receives", "FILE"},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &is_verbose, "accesses to devices that are not there, and a summary", NULL},
    {"images", 0, 0, G_OPTION_ARG_FILENAME, &images_dir, "where profiles are", "DIR"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}};

static gboolean refuse(GError **error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static gboolean refuse(GError **error, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_set_error(error, STUDY_ERROR, STUDY_INPUT, "%s", text);
    g_free(text);
    return FALSE;
}

/* ---- the machine's configuration ---- */
static gboolean read_profile(struct machine_cfg *cfg, GError **error)
{
    struct images im;
    if (!images_open(&im, images_dir, error))
        return FALSE;
    char *path = images_profile(&im, profile ? profile : "opteron-2006", error);
    gboolean ok = path && machine_profile_load(cfg, path, error);
    g_free(path);
    images_close(&im);
    return ok;
}

static gboolean check_numbers(const struct machine_cfg *cfg, GError **error)
{
    int most = cfg->cpu.has_x2apic ? SIM_MAX_CORES : LAST_XAPIC_CORES;
    gint64 most_mib = (gint64)((uint64_t)1 << cfg->cpu.phys_bits >> 20) - HOLE_MIB;
    if (n_cores < 1 || n_cores > most)
        return refuse(error, "--smp %d; allowed with this profile: 1..%d", n_cores, most);
    if (memory_mib < MEMORY_LEAST_MIB || memory_mib > most_mib)
        return refuse(error, "--memory %d; allowed with this profile: %d..%" G_GINT64_FORMAT " MiB", memory_mib,
                      MEMORY_LEAST_MIB, most_mib);
    if (max_insns < 0)
        return refuse(error, "--max-insns %" G_GINT64_FORMAT "; allowed: 1 or more", max_insns);
    if (mode && strcmp(mode, "timing") != 0 && strcmp(mode, "functional") != 0)
        return refuse(error, "--mode %s; allowed: timing, functional", mode);
    return TRUE;
}

static void tell_unknown(const char *what)
{
    static unsigned n;
    if (n++ < UNKNOWN_LINES)
        fprintf(stderr, "vmscale: %s: nothing is there\n", what);
    else if (n == UNKNOWN_LINES + 1)
        fputs("vmscale: further ones are only counted\n", stderr);
}

static gboolean configure(struct machine_cfg *cfg, GError **error)
{
    if (!read_profile(cfg, error) || !check_numbers(cfg, error))
        return FALSE;
    cfg->n_cores = (unsigned)n_cores;
    cfg->memory_bytes = (uint64_t)memory_mib * MIB;
    cfg->mode = mode && strcmp(mode, "timing") == 0 ? CPU_TIMING : CPU_FUNCTIONAL;
    cfg->is_open_bus = true;
    cfg->unknown_access = is_verbose ? tell_unknown : NULL;
    return TRUE;
}

/* ---- running ---- */
static void put_serial(void *opaque, char c)
{
    putc(c, opaque);
}

static int get_serial(void *opaque)
{
    return getc(opaque);
}

static void tell_cores(struct machine *m, const char *why)
{
    GString *s = g_string_new(NULL);
    machine_settle(m);
    machine_report_cores(m, s);
    fprintf(stderr, "vmscale: %s, after %" G_GUINT64_FORMAT " instructions\n%s", why, machine_instructions(m), s->str);
    g_string_free(s, TRUE);
}

static int ended(struct machine *m, enum machine_stop stop)
{
    static const struct {
        int code;
        const char *why;
    } end[] = {
        [MACHINE_INSTRUCTIONS] = {STUDY_GUEST, "--max-insns is used up"},
        [MACHINE_DEAD] = {STUDY_GUEST, "every core is halted and nothing is pending"},
        [MACHINE_SHUTDOWN] = {STUDY_GUEST, "a core had a triple fault"},
        [MACHINE_INTERRUPTED] = {STUDY_INTERRUPTED, "interrupted"},
    };
    if (stop == MACHINE_EXIT)
        return machine_exit_status(m);
    if (stop == MACHINE_SHUTDOWN && machine_was_reset(m)) {
        fputs("vmscale: the guest asked for a reset\n", stderr);
        return STUDY_OK;
    }
    tell_cores(m, end[stop].why);
    return end[stop].code;
}

/* In slices of simulated time, so that what the guest prints without an end of line is seen too. */
static int run(struct machine *m, cyc_t slice, FILE *serial)
{
    volatile const bool *interrupted = cli_catch_interrupt();
    gint64 start_us = g_get_monotonic_time();
    enum machine_stop stop;
    do {
        stop = machine_run(m, &(struct machine_until){.cycle = machine_now(m) + slice,
                                                      .instructions = (uint64_t)max_insns,
                                                      .interrupted = interrupted});
        fflush(serial);
    } while (stop == MACHINE_CYCLE);
    int code = ended(m, stop);
    double seconds = (double)(g_get_monotonic_time() - start_us) * 1e-6;
    if (is_verbose)
        fprintf(stderr,
                "vmscale: %" G_GUINT64_FORMAT " instructions, %" G_GUINT64_FORMAT " cycles, %" G_GUINT64_FORMAT
                " accesses to nothing; %.2f s, %.1f M instructions/s\n",
                machine_instructions(m), machine_now(m), machine_unknown_accesses(m), seconds,
                (double)machine_instructions(m) / seconds * 1e-6);
    return code;
}

/* ---- files ---- */
static void free_module(gpointer p)
{
    struct machine_module *module = p;
    g_free((char *)module->data);
    g_free(module);
}

static GPtrArray *read_modules(GError **error)
{
    GPtrArray *modules = g_ptr_array_new_with_free_func(free_module);
    for (char **path = initrds; path && *path; path++) {
        struct machine_module *module = g_new0(struct machine_module, 1);
        char *data = NULL;
        g_ptr_array_add(modules, module);
        if (!g_file_get_contents(*path, &data, &module->bytes, error)) {
            g_ptr_array_unref(modules);
            return NULL;
        }
        module->data = data;
        module->cmdline = *path;
    }
    return modules;
}

static gboolean load(struct machine *m, const char *kernel, GError **error)
{
    GPtrArray *read = read_modules(error);
    if (!read)
        return FALSE;
    struct machine_module *modules = g_new0(struct machine_module, read->len);
    for (guint i = 0; i < read->len; i++)
        modules[i] = *(struct machine_module *)read->pdata[i];
    struct machine_boot boot = {kernel, append, modules, read->len};
    gboolean ok = machine_load(m, &boot, error);
    g_free(modules);
    g_ptr_array_unref(read);
    return ok;
}

static int boot_kernel(const char *kernel, GError **error)
{
    struct machine_cfg cfg = {.n_cores = 0};
    int code = STUDY_INPUT;
    if (!configure(&cfg, error))
        return code;
    struct machine *m = machine_new(&cfg);
    FILE *serial = stdout, *input = NULL;
    if (load(m, kernel, error) && input_path && !(input = fopen(input_path, "rb")))
        refuse(error, "%s: cannot read the serial port's input: %s", input_path, g_strerror(errno));
    if (!*error && serial_path && !(serial = fopen(serial_path, "w")))
        refuse(error, "%s: cannot write the serial port's output: %s", serial_path, g_strerror(errno));
    if (!*error) {
        machine_set_serial(m, put_serial, serial);
        if (input)
            machine_set_serial_input(m, get_serial, input);
        code = run(m, (cyc_t)cfg.cpu.clock_khz * 1000 / SLICES_PER_S, serial);
        gboolean is_lost = ferror(serial) != 0;
        if ((serial != stdout && fclose(serial) != 0) || is_lost)
            refuse(error, "%s: cannot write the serial port's output", serial_path ? serial_path : "standard output");
    }
    if (input)
        fclose(input);
    machine_free(m);
    return code;
}

int cli_boot(int argc, char **argv)
{
    GError *error = NULL;
    int code = STUDY_INPUT;
    if (cli_parse("KERNEL",
                  "Any kernel: ELF with a PVH note, Multiboot 1 and 2, Linux bzImage, or a boot sector (which gets no "
                  "BIOS).\nThe serial port is standard output; the exit code is the one that QEMU would give.",
                  entries, 1, &argc, &argv, &error))
        code = boot_kernel(argv[1], &error);
    return error ? cli_fail(error) : code;
}
