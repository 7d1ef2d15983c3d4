import { PathExt } from '@jupyterlab/coreutils';
import type { Step } from '../../api/types';
import type { Host } from '../../host';
import type { GraphFlow } from '../../parts/graph';

/** What flows between steps: names by giver and taker. */
export function flowsOf(steps: readonly Step[]): GraphFlow[] {
  return steps.flatMap(step => {
    const givers = new Map<string, string[]>();
    for (const take of step.takes) {
      givers.set(take.step, [...(givers.get(take.step) ?? []), take.name]);
    }
    return [...givers].map(([source, names]) => ({
      source,
      target: step.name,
      label: names.join(', '),
      title: names.join(', ')
    }));
  });
}

/** A file of the project in the main area. */
export function openFile(host: Host, project: string, path: string): void {
  host.documents.openOrReveal(PathExt.join(project, path));
}
