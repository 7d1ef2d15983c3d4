import * as React from 'react';
import type { SweepView } from '../../api/types';
import { useHost } from '../../host';
import { ago, figure } from '../../model/format';
import { openRun } from '../../notebook/commands';
import { Action } from '../../parts/button';
import { ProgressLine } from '../../parts/notes';
import { StateMark } from './state';

/** How far a sweep is, and what was best so far. */
export function SweepLine(props: { sweep: SweepView; now: string }): React.ReactElement {
  const { sweep } = props;
  const host = useHost();
  const { trans } = host;
  const ended = sweep.done + sweep.pruned + sweep.failed;
  const parts = [
    trans.__('%1 of %2 trials', ended, sweep.trials),
    sweep.pruned ? trans.__('%1 pruned', sweep.pruned) : '',
    sweep.failed ? trans.__('%1 failed', sweep.failed) : '',
    sweep.space.join(', ')
  ];
  const { best } = sweep;
  return (
    <li>
      <div className="nbmlops-List-head">
        <StateMark state={sweep.state} />
        <strong className="nbmlops-Steps-name">{sweep.name}</strong>
        <span className="nbmlops-mod-quiet">{ago(sweep.started, Date.parse(props.now))}</span>
      </div>
      <div className="nbmlops-mod-quiet">{parts.filter(Boolean).join(' · ')}</div>
      {sweep.state === 'running' && (
        <ProgressLine label={trans.__('Trials of %1', sweep.name)} done={ended} total={sweep.trials} />
      )}
      {best && (
        <div>
          {trans.__('best: %1 %2 with', sweep.metric, figure(best.value))}{' '}
          <code>
            {Object.entries(best.values)
              .map(([name, value]) => `${name}=${value}`)
              .join(' ')}
          </code>
        </div>
      )}
      <div className="nbmlops-List-actions">
        {best?.run && <Action label={trans.__('Best trial')} onClick={() => openRun(host, best.run)} />}
        {sweep.run && <Action label={trans.__('Run page')} onClick={() => openRun(host, sweep.run)} />}
      </div>
    </li>
  );
}
