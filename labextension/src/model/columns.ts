import type { RunView } from '../api/types';

/** A column's id: a fixed one, `spark`, `metrics.NAME` or `params.NAME`. */
export type ColumnId = string;

export interface Column {
  id: ColumnId;
  kind: 'fixed' | 'spark' | 'metric' | 'param';
  /** Of a metric or parameter. */
  name: string;
  /** Pixels. */
  width: number;
  isNumber: boolean;
  /** What the server sorts by; empty: not by this. */
  sort: string;
}

export const FIXED: readonly ColumnId[] = ['status', 'started', 'seconds', 'experiment', 'notebook', 'user'];
const WIDTHS: Record<string, number> = {
  status: 78,
  started: 62,
  seconds: 92,
  experiment: 110,
  notebook: 130,
  user: 80
};
const SORTED: ReadonlySet<string> = new Set(['status', 'started', 'seconds', 'experiment']);
const FAVOURITES = ['accuracy', 'f1', 'auc', 'r2', 'score', 'loss', 'error', 'mse', 'mae'];

export function column(id: ColumnId, isWide: boolean): Column {
  const dot = id.indexOf('.');
  const kind =
    id === 'spark' ? 'spark' : id.startsWith('metrics.') ? 'metric' : id.startsWith('params.') ? 'param' : 'fixed';
  const name = kind === 'metric' || kind === 'param' ? id.slice(dot + 1) : '';
  return {
    id,
    kind,
    name,
    width: widthOf(id, kind, name, isWide),
    isNumber: kind === 'metric' || id === 'seconds' || id === 'started',
    sort: kind === 'fixed' ? (SORTED.has(id) ? id : '') : kind === 'spark' ? '' : id
  };
}

function widthOf(id: ColumnId, kind: Column['kind'], name: string, isWide: boolean): number {
  if (kind === 'fixed') {
    return isWide || id !== 'started' ? (WIDTHS[id] ?? 90) : 56;
  }
  return kind === 'spark' ? 60 : isWide ? Math.min(150, Math.max(72, 26 + 7 * name.length)) : 66;
}

/** How many of these runs have each metric (or parameter), the most frequent first. */
export function frequent(runs: readonly RunView[], of: 'metrics' | 'params'): string[] {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const name of Object.keys(run[of])) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort(([left, one], [right, other]) => other - one || rank(left) - rank(right) || (left < right ? -1 : 1))
    .map(([name]) => name);
}

function rank(name: string): number {
  const at = FAVOURITES.findIndex(part => name.toLowerCase().includes(part));
  return at < 0 ? FAVOURITES.length : at;
}

/** The metric that stands for a run: that of the order, else the one before, else what most runs have. */
export function mainMetric(runs: readonly RunView[], sort: string, before: string): string {
  if (sort.startsWith('metrics.')) {
    return sort.slice('metrics.'.length);
  }
  const names = frequent(runs, 'metrics');
  return names.includes(before) ? before : (names[0] ?? before);
}

/** What is shown where nobody has chosen. */
export function usualColumns(runs: readonly RunView[], metric: string, isWide: boolean): ColumnId[] {
  const main = metric ? [`metrics.${metric}`] : [];
  if (!isWide) {
    return [...main, 'started', ...(metric ? ['spark'] : [])];
  }
  const metrics = frequent(runs, 'metrics').filter(name => name !== metric);
  const params = differing(runs);
  return [
    'started',
    'seconds',
    'experiment',
    ...main,
    ...(metric ? ['spark'] : []),
    ...metrics.slice(0, 4).map(name => `metrics.${name}`),
    ...params.slice(0, 5).map(name => `params.${name}`)
  ];
}

/** Parameters that tell these runs apart; those that most runs have come first. */
export function differing(runs: readonly RunView[]): string[] {
  return frequent(runs, 'params').filter(name => {
    const values = new Set(runs.filter(run => name in run.params).map(run => run.params[name]));
    return values.size > 1;
  });
}
