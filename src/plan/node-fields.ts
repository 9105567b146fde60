import type { PlanNode } from './model';

/**
 * FORMAT JSON's names that have a field of their own in a node (PostgreSQL's explain.c, 12 to 18). Numbered, because the
 * readers meet them some twenty times per node and a switch over small integers is what costs least.
 */
const names = [
  '',
  'Node Type',
  'Parent Relationship',
  'Parallel Aware',
  'Schema',
  'Relation Name',
  'Alias',
  'Index Name',
  'CTE Name',
  'Function Name',
  'Subplan Name',
  'Join Type',
  'Strategy',
  'Partial Mode',
  'Operation',
  'Custom Plan Provider',
  'Startup Cost',
  'Total Cost',
  'Plan Rows',
  'Plan Width',
  'Actual Startup Time',
  'Actual Total Time',
  'Actual Rows',
  'Actual Loops',
  'Shared Hit Blocks',
  'Shared Read Blocks',
  'Local Hit Blocks',
  'Local Read Blocks',
  'Temp Read Blocks',
  'Temp Written Blocks',
  'Disabled',
] as const;

const numbers = new Map<string, number>(names.map((name, i) => [name, i]));

/** 0: no field. */
export function fieldNumber(name: string): number {
  return numbers.get(name) ?? 0;
}

const firstNumeric = fieldNumber('Startup Cost');
const disabled = fieldNumber('Disabled');

export function isTextField(field: number): boolean {
  return (field > 0 && field < firstNumeric) || field === disabled;
}

export function setTextField(node: PlanNode, field: number, value: string): void {
  switch (field) {
    case 1:
      node.type = value;
      break;
    case 2:
      node.relationship = value;
      break;
    case 3:
      node.parallelAware = value === 'true';
      break;
    case 4:
      node.schema = value;
      break;
    case 5:
      node.relation = value;
      break;
    case 6:
      node.alias = value;
      break;
    case 7:
      node.indexName = value;
      break;
    case 8:
      node.cteName = value;
      break;
    case 9:
      node.functionName = value;
      break;
    case 10:
      node.subplanName = value;
      break;
    case 11:
      node.joinType = value;
      break;
    case 12:
      node.strategy = value;
      break;
    case 13:
      node.partialMode = value;
      break;
    case 14:
      node.operation = value;
      break;
    case 15:
      node.provider = value;
      break;
    case 30:
      node.disabled = value === 'true';
      break;
    default:
  }
}

/** NaN (a word where a number belongs) leaves the field as it is. */
export function setNumberField(node: PlanNode, field: number, value: number): void {
  if (Number.isNaN(value)) return;
  switch (field) {
    case 16:
      node.startupCost = value;
      break;
    case 17:
      node.totalCost = value;
      break;
    case 18:
      node.planRows = value;
      break;
    case 19:
      node.planWidth = value;
      break;
    case 20:
      node.actualStartupMs = value;
      break;
    case 21:
      node.actualTotalMs = value;
      break;
    case 22:
      node.actualRows = value;
      break;
    case 23:
      node.actualLoops = value;
      break;
    default:
      if (field > 23) addPages(node, field, value);
  }
}

/** All blocks of shared and local buffers that were asked for, found in memory or not; temporary ones apart. */
function addPages(node: PlanNode, field: number, value: number): void {
  switch (field) {
    case 24:
    case 25:
    case 26:
    case 27:
      node.pages = (node.pages ?? 0) + value;
      break;
    default:
      node.tempPages = (node.tempPages ?? 0) + value;
  }
}
