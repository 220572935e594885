/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of findings, and what the rows say of each code.
 */
#include "base/finding.h"

#include "base/number.h"
#include "base/text.h"

static const struct row {
    enum finding_code code;
    enum finding_severity severity;
    const char *word;
} rows[] = {
#define ROW(code, number, word, severity) {code, severity, word},
    FINDINGS(ROW)
#undef ROW
};

static const struct row *find(unsigned int code)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if ((unsigned int)rows[i].code == code)
            return &rows[i];
    return NULL;
}

struct report_finding *findings_add(struct findings *findings, enum finding_code code)
{
    uint32_t index = findings->count < FINDINGS_MAX ? findings->count++ : FINDINGS_MAX - 1;

    findings->list[index] = (struct report_finding){.code = (uint16_t)code, .ago = UINT32_MAX};
    return &findings->list[index];
}

void finding_set_text(struct report_finding *finding, const char *text)
{
    text_copy_marked(finding->text, sizeof(finding->text), text);
}

const char *finding_word(unsigned int code)
{
    const struct row *row = find(code);

    return row ? row->word : NULL;
}

enum finding_severity finding_severity(unsigned int code)
{
    const struct row *row = find(code);

    return row ? row->severity : FINDING_NOTE;
}
