import type { RunView } from '../../src/api/types';

/** A run as lists have it. */
export function run(id: string, more: Partial<RunView> = {}): RunView {
  return {
    id,
    name: id,
    status: 'FINISHED',
    experiment: 'e',
    started: '2026-01-01T00:00:00Z',
    ended: '2026-01-01T00:01:00Z',
    parent: null,
    params: {},
    metrics: {},
    tags: {},
    ...more
  };
}
