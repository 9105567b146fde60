/** A small playbook in which everything is right, to be made wrong in one place. */
export const goodPlaybook = `---
cutover: 1
migration: eu
source: Old
target: New
---

# Move EU

## Comparison analysis

### Same versions

- [x] done
- owner: Antoine
- reviewer: Matthieu
- tools: \`psql\`
- rollback: nothing to undo
- verify: check:versions passes

\`\`\`sql check id=versions on=both expect=same every=10m
SELECT current_setting('server_version') AS version;
\`\`\`
<!-- cutover:result versions pass 2026-11-29T08:58:00Z source=10.0.0.1:5432/app target=10.0.0.2:5432/app -->
> ✓ **pass** · both sides: 15.4
<!-- /cutover:result -->

\`\`\`cutover check
id: settings.planner
\`\`\`

## Test each piece

### Writes

- [ ] done
- owner: Matthieu
- reviewer: Antoine
- tools: Cutover
- rollback: rolled back
- verify: finding:plan.diff/insert-1

## Go live

### Switch

- [ ] done
- owner: Antoine
- reviewer: Matthieu
- tools: DNS
- rollback: switch back
- verify: sessions are on the target
- planned: 10 min
- started:
- finished:

## Findings

### Plans of a report

<!-- cutover:finding plan.diff/report-1 severity=low confidence=observed -->

\`\`\`sql
SELECT count(*) FROM events
\`\`\`

<!-- /cutover:finding -->

### Plans of an insert

<!-- cutover:finding plan.diff/insert-1 severity=medium confidence=observed -->

Target is slower.

\`\`\`sql
INSERT INTO events VALUES (1)
\`\`\`

<!-- /cutover:finding -->
`;

/** Two minutes after its check ran. */
export const now = Date.parse('2026-11-29T09:00:00Z');
