import type { RunView } from '../api/types';

export interface Place {
  id: string;
  /** 1 for a run that stands below the one it lies in. */
  depth: number;
}

/** Runs inside of others below them, in the order in which they began, where both are there; else as they come. */
export function arranged(
  order: readonly string[],
  runs: ReadonlyMap<string, RunView>,
  isTree: boolean
): readonly Place[] {
  if (!isTree) {
    return order.map(id => ({ id, depth: 0 }));
  }
  const here = new Set(order);
  const inner = new Map<string, string[]>();
  for (const id of order) {
    const parent = runs.get(id)?.parent;
    if (parent && here.has(parent)) {
      inner.set(parent, [...(inner.get(parent) ?? []), id]);
    }
  }
  const places: Place[] = [];
  const done = new Set<string>();
  const put = (id: string, depth: number): void => {
    if (done.has(id)) {
      return;
    }
    done.add(id);
    places.push({ id, depth });
    for (const child of byStart(inner.get(id) ?? [], runs)) {
      put(child, depth + 1);
    }
  };
  for (const id of order) {
    put(outermost(id, runs, here), 0);
  }
  return places;
}

function outermost(id: string, runs: ReadonlyMap<string, RunView>, here: ReadonlySet<string>): string {
  const seen = new Set([id]);
  let at = id;
  for (;;) {
    const parent = runs.get(at)?.parent;
    if (!parent || !here.has(parent) || seen.has(parent)) {
      return at;
    }
    seen.add(parent);
    at = parent;
  }
}

function byStart(ids: readonly string[], runs: ReadonlyMap<string, RunView>): string[] {
  const start = (id: string): string => runs.get(id)?.started ?? '';
  return [...ids].sort((left, right) => (start(left) < start(right) ? -1 : start(left) > start(right) ? 1 : 0));
}
