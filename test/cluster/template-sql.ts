/** The SQL of the playbook's template, by the step it stands in. */
import { playbookTemplate } from '../../src/playbook/template';

export interface TemplateSql {
  step: string;
  /** Of a check; undefined for SQL that is shown. */
  id: string | undefined;
  on: string | undefined;
  expect: string | undefined;
  sql: string;
}

export const template = playbookTemplate({ migration: 'eu', sourceLabel: 'A', targetLabel: 'B' });

const fence = /^```sql(?: check id=(\S+) on=(\S+) expect=(.*?)(?: every=\S+)?)?\n([\s\S]*?)\n```$/gm;

export const templateSql: TemplateSql[] = template.split(/^### /m).flatMap(step => {
  const title = step.slice(0, step.indexOf('\n'));
  return [...step.matchAll(fence)].map(([, id, on, expect, sql]) => ({ step: title, id, on, expect, sql: sql! }));
});

export const checkSql = (id: string): string => {
  const found = templateSql.find(block => block.id === id);
  if (!found) throw new Error(`The template has no check ${id}.`);
  return found.sql;
};

/** What a step shows, in order. */
export const shownSql = (step: string): string[] => {
  const found = templateSql.filter(block => block.step === step && block.id === undefined);
  if (found.length === 0) throw new Error(`The template shows no SQL in the step ${step}.`);
  return found.map(({ sql }) => sql);
};
