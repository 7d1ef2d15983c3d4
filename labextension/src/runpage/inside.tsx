import * as React from 'react';
import type { RunView } from '../api/types';
import { useHost } from '../host';
import { Block } from '../parts/block';
import { Status } from '../parts/status';
import { Age, Took } from '../sections/runs/cells';
import { COMMANDS, withRuns } from '../sections/runs/commands';

const MOST_SHOWN = 500;

/** Runs inside of this one: steps of a pipeline, trials of a sweep. */
export function InsideBlock(props: { folder: string; inside: readonly RunView[] }): React.ReactElement | null {
  const host = useHost();
  const { trans } = host;
  const { inside } = props;
  if (!inside.length) {
    return null;
  }
  return (
    <Block title={trans.__('Runs inside')}>
      <ul className="nbmlops-Lines">
        {inside.slice(0, MOST_SHOWN).map(run => (
          <li key={run.id}>
            <Status status={run.status} />
            <button
              type="button"
              className="nbmlops-Link"
              onClick={() => withRuns(host, COMMANDS.open, props.folder, [run])}
            >
              {run.name.slice(0, 200) || run.id.slice(0, 12)}
            </button>
            <small>
              <Took run={run} />
            </small>
            <small>
              <Age time={run.started} />
            </small>
          </li>
        ))}
      </ul>
      {inside.length > MOST_SHOWN && (
        <small>{trans._n('and %1 more', 'and %1 more', inside.length - MOST_SHOWN)}</small>
      )}
    </Block>
  );
}
