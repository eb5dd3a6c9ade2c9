/* SPDX-License-Identifier: MIT */
/*
 * conf.h - the configuration file
 *
 * Responsibility: reads /etc/hakmem.conf once and sets the options it names.
 * Decides which file may be trusted and which sections concern this program;
 * not what an option means.
 *
 * Contract: called once, by the thread that fills hak_opt, before the
 * environment is looked at, which overrides it.  A file that another user than
 * root could have written is not used: it decides for set-user-ID programs as
 * well.  Anything that is not understood costs one line on standard error for
 * the whole file, and leaves the rest in force.
 *
 * Observable: "hakmem: warning: FILE:LINE: ..."; the options in force.
 *
 * Composable: five system calls at most, one (open) when there is no file;
 * no lock, no libc call but fmt's and fault's.
 */
#ifndef HAK_CONF_H
#define HAK_CONF_H

#include "base.h"

#define HAK_CONF_FILE "/etc/hakmem.conf"
#define HAK_CONF_MAX 16384 /* bytes of a file that is read */

/* owner: the user that the file has to belong to, 0 but in tests. */
void hak_conf_read(const char *path, unsigned owner);

#endif /* HAK_CONF_H */
