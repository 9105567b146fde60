import type { Severity } from '../../src/shared/comparison';

/** Never by colour alone. */
export function SeverityPill({ severity }: { severity: Severity }) {
  return <span class={`pill severity ${severity}`}>{severity}</span>;
}
