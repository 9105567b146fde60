import type { Check, CheckJudgement, NodeReading, RawAnswer, SideReading } from '../../../src/checks/check';

/** What one node answers, by the name of the query. */
export interface MadeNode {
  versionNum?: number;
  answers: Record<string, unknown>;
}

/** A side of made facts: the coordinator first, then workers. */
export function sideOf(...nodes: MadeNode[]): SideReading {
  return {
    user: 'app',
    nodes: nodes.map(({ versionNum = 150_000, answers }, i): NodeReading => {
      const role = i === 0 ? 'coordinator' : 'worker';
      const texts = Object.entries(answers).map(([name, answer]): [string, RawAnswer] => [
        name,
        { text: JSON.stringify(answer) },
      ]);
      return {
        node: `node${i}:5432`,
        role,
        server: { versionNum, citus: nodes.length > 1, role },
        answers: new Map(texts),
      };
    }),
  };
}

export const silentSide: SideReading = {
  user: 'app',
  nodes: [
    {
      node: 'gone:5432',
      role: 'coordinator',
      answers: new Map(),
      problem: { kind: 'unreachable', message: 'Nothing listens there.' },
    },
  ],
};

export function judge(check: Check | undefined, source: SideReading, target: SideReading): CheckJudgement {
  return check!.judge({ source, target });
}
