/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of certbot are renewed every two months, and somebody has to tell the daemon. This
 * looks for a hook that does. It reads the hooks' texts and runs nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

#define CERTBOT      "/etc/letsencrypt/"
#define MAX_HOOK     65536 /* octets that are looked at */
#define DEPLOY_HOOKS CERTBOT "renewal-hooks/deploy"

/* What the hooks do with the daemon. */
struct hooks {
    bool mention, restart, unseen;
};

static void read_hook(const struct check *c, const char *path, struct hooks *hooks)
{
    const struct world *w = c->around->world;
    FILE *f = w->ops->file_read(w->ctx, path);

    if (!f) {
        hooks->unseen = hooks->unseen || errno == EACCES;
        return;
    }
    char *text = mem_alloc(MAX_HOOK + 1);
    text[fread(text, 1, MAX_HOOK, f)] = '\0';
    fclose(f);
    if (strstr(text, "chrony")) {
        hooks->mention = true;
        hooks->restart = hooks->restart || (strstr(text, "restart") && !strstr(text, "rekey"));
    }
    free(text);
}

static void read_hooks(const struct check *c, const char *directory, const char *suffix,
                       struct hooks *hooks)
{
    const struct world *w = c->around->world;
    char **names = w->ops->list_files(w->ctx, directory, suffix);

    for (size_t i = 0; names && names[i]; i++) {
        size_t size = strlen(directory) + strlen(names[i]) + 2;
        char *path = mem_alloc(size);

        snprintf(path, size, "%s/%s", directory, names[i]);
        read_hook(c, path, hooks);
        free(path);
        free(names[i]);
    }
    free(names);
}

void check_renewal(struct check *c)
{
    const struct nts_server_conf *nts = &c->conf->nts_server;
    struct hooks hooks = {false, false, false};
    const struct check_line *line = NULL;

    for (size_t i = 0; i < nts->certs.count && !line; i++) {
        if (strncmp(nts->certs.items[i], CERTBOT, strlen(CERTBOT)) == 0)
            line = check_find_nth(c, "ntsservercert", i);
    }
    if (!line || !c->around->has_nts)
        return;
    read_hooks(c, DEPLOY_HOOKS, "", &hooks);
    read_hooks(c, CERTBOT "renewal-hooks/post", "", &hooks);
    read_hooks(c, CERTBOT "renewal", ".conf", &hooks);
    if (hooks.mention && hooks.restart) {
        check_warn(c, line, NULL,
                   "a hook of certbot restarts the daemon, which interrupts the service and is not "
                   "needed");
        check_fix(c, "write chronyc rekey in the hook, in place of the restart");
    } else if (!hooks.mention && hooks.unseen) {
        check_note(c, line, NULL, "not allowed to look at the hooks of certbot as user %s",
                   c->around->self.name);
        check_fix(c, "run the check as root");
    } else if (!hooks.mention) {
        check_warn(c, line, NULL,
                   "no hook of certbot tells the daemon of a renewed certificate, so the old one "
                   "is served until it expires");
        check_fix(c, "printf '#!/bin/sh\\nchronyc rekey\\n' > %s/chrony && chmod 755 %s/chrony",
                  DEPLOY_HOOKS, DEPLOY_HOOKS);
    }
}
