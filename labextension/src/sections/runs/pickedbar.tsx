import { closeIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { RunView } from '../../api/types';
import { useHost } from '../../host';
import type { Picked } from '../../model/picked';
import type { Windows } from '../../model/windows';
import { Action } from '../../parts/button';
import { COMMANDS, MOST_COMPARED, withRuns } from './commands';
import { openRunMenu } from './menu';

/** What can be done with the rows that are picked. */
export function PickedBar(props: {
  folder: string;
  windows: Windows;
  picked: Picked;
  isDeleted: boolean;
  onClear: () => void;
}): React.ReactElement {
  const { folder, windows, picked } = props;
  const host = useHost();
  const { trans } = host;
  const known = React.useRef(new Map<string, RunView>());
  for (const id of picked.ids) {
    const run = windows.run(id);
    if (run) {
      known.current.set(id, run);
    }
  }
  const runs = picked.ids.map(id => known.current.get(id)).filter(run => run !== undefined);
  const more = React.useRef<HTMLSpanElement>(null);
  const canCompare = runs.length >= 2 && runs.length <= MOST_COMPARED && !props.isDeleted;
  return (
    <div className="nbmlops-Runs-picked" role="toolbar" aria-label={trans.__('Selected runs')}>
      <span role="status">{trans._n('%1 selected', '%1 selected', runs.length)}</span>
      {props.isDeleted ? (
        <Action label={trans.__('Bring back')} onClick={() => withRuns(host, COMMANDS.undelete, folder, runs)} />
      ) : runs.length === 1 ? (
        <Action label={trans.__('Open')} onClick={() => withRuns(host, COMMANDS.open, folder, runs)} />
      ) : (
        <Action
          label={trans.__('Compare')}
          isPrimary
          isDisabled={!canCompare}
          title={canCompare ? undefined : trans.__('Up to %1 runs side by side', MOST_COMPARED)}
          onClick={() => withRuns(host, COMMANDS.compare, folder, runs)}
        />
      )}
      <span ref={more}>
        <Action
          icon={ellipsesIcon}
          label={trans.__('More to do')}
          onClick={() => {
            const box = more.current!.getBoundingClientRect();
            openRunMenu(host, folder, runs, props.isDeleted, box.left, box.top);
          }}
        />
      </span>
      <Action icon={closeIcon} label={trans.__('Select none')} onClick={props.onClear} />
    </div>
  );
}
