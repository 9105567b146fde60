/** What the language server says of a playbook: each rule once, with its usual level and what it is about. */

export const levels = ['error', 'warning', 'information', 'hint', 'off'] as const;
export type Level = (typeof levels)[number];

interface Rule {
  level: Exclude<Level, 'off'>;
  /** For the settings and the documentation. */
  title: string;
}

export const rules = {
  frontMatter: { level: 'error', title: 'The front matter is missing or cannot be read.' },
  migrationUnknown: {
    level: 'warning',
    title: 'The front matter names no migration, or one that is not in the settings.',
  },
  phaseOrder: { level: 'warning', title: 'A phase stands before one that should come first.' },
  stepWithoutCheckbox: {
    level: 'information',
    title: 'A step has no checkbox, so that nobody sees whether it is done.',
  },
  ownerMissing: { level: 'information', title: 'A step has no owner.' },
  reviewerMissing: { level: 'information', title: 'A step has no reviewer.' },
  reviewerIsOwner: { level: 'warning', title: 'A step’s reviewer is its owner: work in pairs.' },
  toolsMissing: { level: 'information', title: 'A step does not say its tools.' },
  rollbackMissing: { level: 'warning', title: 'A step does not say how it is undone.' },
  verifyMissing: { level: 'warning', title: 'A step does not say how it is verified.' },
  checkMalformed: { level: 'error', title: 'A check cannot be read: an attribute, its place, or an empty question.' },
  checkIdMissing: { level: 'error', title: 'A check has no id.' },
  checkIdTwice: { level: 'error', title: 'Two checks have the same id.' },
  checkExpectInvalid: { level: 'error', title: 'What a check expects is missing or cannot be read.' },
  checkSyntax: { level: 'error', title: 'PostgreSQL’s grammar does not know the SQL of a check.' },
  checkRefused: { level: 'error', title: 'The SQL of a check is not run: it could change something.' },
  checkUnknown: { level: 'error', title: 'There is no check of that id in the catalogue.' },
  checkNested: { level: 'warning', title: 'A check in a list or a quote is not run.' },
  checkNeverRan: { level: 'hint', title: 'A check never ran.' },
  checkStale: {
    level: 'warning',
    title: 'The result of a check is older than every= allows, or of another version of the check.',
  },
  checkFailed: { level: 'error', title: 'A check failed when it last ran.' },
  checkUnjudged: { level: 'warning', title: 'A check could not be judged, or ended in an error, when it last ran.' },
  doneThoughFailing: { level: 'error', title: 'A step is marked done and a check of it does not pass.' },
  regionBroken: { level: 'error', title: 'A result or a finding has no end, so that it cannot be written anew.' },
  resultWithoutCheck: { level: 'warning', title: 'A result does not stand below its check.' },
  findingTwice: { level: 'error', title: 'A finding stands twice.' },
  referenceUnknown: { level: 'warning', title: 'The text refers to a check or a finding that is not there.' },
  findingOpenAtGoLive: {
    level: 'error',
    title: 'A finding of high severity is open and the move has reached “Go live”.',
  },
  biasNoWrite: { level: 'warning', title: 'Nothing in the playbook looks at a write.' },
  biasNoRead: { level: 'warning', title: 'Nothing in the playbook looks at a read.' },
  biasHeavyUntested: { level: 'warning', title: 'Statements that make up the load are in no check and no finding.' },
  rollbackNotRehearsed: {
    level: 'warning',
    title: 'The move has reached “Go live” and the way back was never rehearsed.',
  },
} as const satisfies Record<string, Rule>;

export type RuleCode = keyof typeof rules;

/** As the settings have it; a word that is no level leaves the usual one. */
export function levelOf(code: RuleCode, given: Readonly<Record<string, string>>): Level {
  return levels.find(level => level === given[code]) ?? rules[code].level;
}

export interface Diagnostic {
  code: RuleCode;
  message: string;
  /** UTF-16 offsets into the document. */
  start: number;
  end: number;
  /** What it has to do with. */
  related?: { message: string; start: number; end: number };
}
