/* SPDX-License-Identifier: Apache-2.0 */
/* Packing of a program. See program.h. The order of members is that of sorted names: the same files, the same bytes. */
#include "sim/study/program.h"
#include "sim/study/cpio.h"
#include "sim/study/scenario.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_BYTES  250u /* of a path in the guest; kernel/initrd.c */
#define WORDS_MAX_BYTES 65000u

static gboolean refuse(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
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

static gboolean read_file(const char *path, char **data, gsize *bytes, GError **error)
{
    GError *why = NULL;
    if (g_file_get_contents(path, data, bytes, &why))
        return TRUE;
    refuse(error, "%s", why->message);
    g_error_free(why);
    return FALSE;
}

/* ---- The program ---- */

/* What the dynamic loader is called, if the program wants one. */
static const char *interpreter(const char *data, gsize bytes, const Elf64_Ehdr *h)
{
    for (unsigned i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr ph;
        gsize at = h->e_phoff + i * sizeof(ph);
        if (h->e_phoff > bytes || at + sizeof(ph) > bytes)
            return NULL;
        memcpy(&ph, data + at, sizeof(ph));
        if (ph.p_type == PT_INTERP && ph.p_offset < bytes && memchr(data + ph.p_offset, 0, bytes - ph.p_offset))
            return data + ph.p_offset;
    }
    return NULL;
}

static gboolean check(const char *path, const char *data, gsize bytes, GError **error)
{
    static const char allowed[] = "allowed: a static x86-64 Linux executable (gcc -static, musl-gcc -static)";
    Elf64_Ehdr h;
    if (bytes < sizeof(h) || memcmp(data, ELFMAG, SELFMAG) != 0)
        return refuse(error, "%s: not an ELF program; %s", path, allowed);
    memcpy(&h, data, sizeof(h));
    if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_machine != EM_X86_64)
        return refuse(error, "%s: for another machine (ELF%s, machine %u); %s", path,
                      h.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32", h.e_machine, allowed);
    if ((h.e_type != ET_EXEC && h.e_type != ET_DYN) || h.e_phentsize != sizeof(Elf64_Phdr))
        return refuse(error, "%s: an object file, not a program; %s", path, allowed);
    const char *loader = interpreter(data, bytes, &h);
    if (loader)
        return refuse(error, "%s: dynamically linked (it wants %s); %s", path, loader, allowed);
    return TRUE;
}

static gboolean add_program(GByteArray *archive, const char *path, GError **error)
{
    char *data = NULL, *name = g_path_get_basename(path), *member = g_strconcat("bin/", name, NULL);
    gsize bytes = 0;
    gboolean ok = read_file(path, &data, &bytes, error) && check(path, data, bytes, error);
    if (ok && strlen(member) > NAME_MAX_BYTES)
        ok = refuse(error, "%s: a name of %zu characters; allowed: %u", path, strlen(member), NAME_MAX_BYTES);
    if (ok)
        cpio_add_node(archive, member, S_IFREG | 0755, data, bytes);
    g_free(data);
    g_free(name);
    g_free(member);
    return ok;
}

/* ---- Its files ---- */

static gboolean add_tree(GByteArray *archive, const char *host, const char *name, GError **error);

static gboolean add_entry(GByteArray *archive, const char *host, const char *name, GError **error)
{
    struct stat st;
    char *data = NULL;
    gsize bytes = 0;
    if (strlen(name) > NAME_MAX_BYTES)
        return refuse(error, "%s: its path in the guest has %zu characters; allowed: %u", host, strlen(name),
                      NAME_MAX_BYTES);
    if (lstat(host, &st))
        return refuse(error, "%s: %s", host, g_strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        cpio_add_node(archive, name, st.st_mode, "", 0);
        return add_tree(archive, host, name, error);
    }
    if (S_ISLNK(st.st_mode)) {
        data = g_file_read_link(host, NULL);
        bytes = data ? strlen(data) : 0;
    } else if (!S_ISREG(st.st_mode)) {
        return refuse(error, "%s: cannot be copied; allowed: files, folders, symbolic links", host);
    } else if (!read_file(host, &data, &bytes, error)) {
        return FALSE;
    }
    cpio_add_node(archive, name, st.st_mode, data ? data : "", bytes);
    g_free(data);
    return TRUE;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean add_tree(GByteArray *archive, const char *host, const char *name, GError **error)
{
    GError *why = NULL;
    GDir *d = g_dir_open(host, 0, &why);
    if (!d) {
        refuse(error, "%s", why->message);
        g_error_free(why);
        return FALSE;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *n; (n = g_dir_read_name(d));)
        g_ptr_array_add(names, g_strdup(n));
    g_dir_close(d);
    g_ptr_array_sort(names, by_name);
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < names->len; i++) {
        char *child = g_build_filename(host, names->pdata[i], NULL);
        char *member = *name ? g_build_filename(name, names->pdata[i], NULL) : g_strdup(names->pdata[i]);
        ok = add_entry(archive, child, member, error);
        g_free(child);
        g_free(member);
    }
    g_ptr_array_unref(names);
    return ok;
}

/* ---- Its words ---- */

static void add_word(GByteArray *words, const char *word)
{
    g_byte_array_append(words, (const guint8 *)word, (guint)strlen(word) + 1);
}

static gboolean add_words(GByteArray *archive, const struct program *p, GError **error)
{
    GByteArray *words = g_byte_array_new();
    char *name = g_path_get_basename(p->path), *path = g_strconcat("/bin/", name, NULL);
    char *count = g_strdup_printf("%u", g_strv_length((char **)p->argv));
    add_word(words, path);
    add_word(words, count);
    for (char *const *a = p->argv; *a; a++)
        add_word(words, *a);
    for (char *const *e = p->env; *e; e++)
        add_word(words, *e);
    gboolean ok = words->len <= WORDS_MAX_BYTES;
    if (ok)
        cpio_add(archive, "vmscale.start", words->data, words->len);
    else
        refuse(error, "%s: arguments and environment of %u bytes; allowed: %u", p->path, words->len, WORDS_MAX_BYTES);
    g_byte_array_unref(words);
    g_free(name);
    g_free(path);
    g_free(count);
    return ok;
}

static gboolean add_input(GByteArray *archive, const char *path, GError **error)
{
    char *data = NULL;
    gsize bytes = 0;
    if (path && !read_file(path, &data, &bytes, error))
        return FALSE;
    cpio_add(archive, "vmscale.stdin", data ? data : "", bytes);
    g_free(data);
    return TRUE;
}

GByteArray *program_pack(const struct program *p, GError **error)
{
    GByteArray *archive = g_byte_array_new();
    if ((!p->root || add_tree(archive, p->root, "", error)) && add_program(archive, p->path, error) &&
        add_input(archive, p->input, error) && add_words(archive, p, error)) {
        cpio_end(archive);
        return archive;
    }
    g_byte_array_unref(archive);
    return NULL;
}
