import * as React from 'react';
import type { RunView } from '../../api/types';
import { useHost } from '../../host';
import { courseOf } from '../../model/curves';
import type { Point } from '../../model/spark';
import { Sparks } from '../../model/sparks';
import { ShownContext } from '../../parts/hooks';

const POINTS = 40;
/** So that a fling over thousands of rows asks for the last ones only. */
const REST_MS = 120;

/** Courses of a metric for the runs in view, all in one request. */
export function useSparks(
  folder: string,
  metric: string,
  runs: readonly RunView[],
  isScrolling: boolean
): (id: string) => readonly Point[] | null {
  const { client, live, server } = useHost();
  const isShown = React.useContext(ShownContext);
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  const sparks = React.useMemo(() => new Sparks(), [folder, metric]);
  const canAsk = isShown && metric !== '' && server.has('history');
  React.useEffect(() => {
    const listen = (_: unknown, kinds: ReadonlySet<string>): void => {
      if (kinds.has('runs')) {
        sparks.renew();
        draw();
      }
    };
    live.changed.connect(listen);
    return () => {
      live.changed.disconnect(listen);
    };
  }, [live, sparks]);
  const latest = React.useRef(runs);
  latest.current = runs;
  React.useEffect(() => {
    if (!canAsk || isScrolling) {
      return;
    }
    const timer = window.setTimeout(() => {
      const here = latest.current.filter(run => metric in run.metrics);
      const asked = sparks.missing(here);
      if (!asked.length) {
        return;
      }
      const moving = new Set(here.filter(run => run.status === 'RUNNING').map(run => run.id));
      client.call('history', folder, { runs: asked, metric: [metric], points: POINTS }).then(
        found => {
          sparks.take(asked, new Map(found.curves.map(curve => [curve.run, courseOf(curve).points])), moving);
          draw();
        },
        () => sparks.leave(asked)
      );
    }, REST_MS);
    return () => window.clearTimeout(timer);
  });
  return id => sparks.points(id);
}
