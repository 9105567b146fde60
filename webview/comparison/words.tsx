import type { Severity } from '../../src/shared/comparison';

/** Never by colour alone. */
export function SeverityPill({ severity }: { severity: Severity }) {
  return <span class={`pill severity ${severity}`}>{severity}</span>;
}

/** `settings` is `Settings` for a reader. */
export function groupTitle(group: string): string {
  const title = group.replaceAll(/[-_]/g, ' ');
  return title.charAt(0).toUpperCase() + title.slice(1);
}
