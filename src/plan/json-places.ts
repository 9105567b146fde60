/** What an open `{` or `[` stands for. */
export type ObjectPlace = 'statement' | 'node' | 'distributedQuery' | 'job' | 'object';
export type ListPlace = 'statements' | 'children' | 'subplans' | 'tasks' | 'dependentJobs' | 'list';
export type Place = ObjectPlace | ListPlace;

export const lists: Partial<Record<Place, Record<string, ListPlace>>> = {
  node: {
    Plans: 'children',
    'Dependent Jobs': 'dependentJobs',
    'Remote Plan': 'statements',
    PlannedStmt: 'statements',
  },
  distributedQuery: { Subplans: 'subplans' },
  job: { Tasks: 'tasks', 'Dependent Jobs': 'dependentJobs' },
};
export const objects: Partial<Record<Place, Record<string, ObjectPlace>>> = {
  statement: { Plan: 'node' },
  object: { Plan: 'node' },
  node: { 'Distributed Query': 'distributedQuery' },
  distributedQuery: { Job: 'job' },
};

/** What a name stands for at that place, if it is more than a property. */
export function structure<T>(
  table: Partial<Record<Place, Record<string, T>>>,
  place: Place,
  name: string,
): T | undefined {
  const names = table[place];
  return names !== undefined && Object.hasOwn(names, name) ? names[name] : undefined;
}

export const elements: Partial<Record<ListPlace, ObjectPlace>> = {
  statements: 'statement',
  children: 'node',
  subplans: 'node',
  tasks: 'node',
  dependentJobs: 'node',
};
