/** A playbook of any length: the template's steps again and again, for one wave of tenants after the other, with results. */
import { playbookTemplate } from '../../../src/playbook/template';

export function longPlaybook(lines: number): string {
  const template = playbookTemplate({ migration: 'eu', sourceLabel: 'Old', targetLabel: 'New' });
  const phases = template.indexOf('\n## ');
  const findings = template.indexOf('\n## Findings');
  const wave = template.slice(phases, findings);
  let text = template.slice(0, phases);
  for (let number = 1; text.split('\n').length < lines; number++) text += waveOf(wave, number);
  const kept = text
    .split('\n')
    .slice(0, lines - 20)
    .join('\n');
  // What was cut off must not leave a fence open.
  const whole = kept.slice(0, kept.lastIndexOf('\n### '));
  return `${whole}\n## Findings\n${finding(1)}${finding(2)}`;
}

function waveOf(wave: string, number: number): string {
  return wave
    .replace(/^(##+ )(.*)$/gm, (_, marks, title) =>
      marks === '## ' ? `## Wave ${number}: ${title}` : `${marks}${title} ${number}`,
    )
    .replace(/\bid=([\w./-]+)/g, `id=$1-${number}`)
    .replace(/\bcheck:([\w/-]+(?:\.[\w/-]+)*)/g, `check:$1-${number}`)
    .replace(/^```sql check id=(\S+)[^\n]*\n[\s\S]*?\n```\n/gm, (block, id) => `${block}${result(id)}`);
}

function result(id: string): string {
  return `<!-- cutover:result ${id} fail 2026-11-29T08:58:00Z source=10.0.0.1:5432/app target=10.0.0.2:5432/app -->
> ✗ **fail** · the sides differ in 2 rows
>
> - source has 15.4, target has 16.1
<!-- /cutover:result -->
`;
}

function finding(number: number): string {
  return `
### Plans of statement ${number}

<!-- cutover:finding plan.diff/statement-${number} severity=high confidence=observed -->

\`\`\`sql
SELECT count(*) FROM events WHERE tenant_id = ${number}
\`\`\`

<!-- /cutover:finding -->
`;
}
