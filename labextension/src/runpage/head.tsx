import { ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ShowResult } from '../api/types';
import { useHost } from '../host';
import { Action } from '../parts/button';
import { CopyText } from '../parts/copy';
import { Now } from '../parts/now';
import { Status, useStatusWord } from '../parts/status';
import { Age, Took } from '../sections/runs/cells';
import { COMMANDS, refOf, withRuns } from '../sections/runs/commands';
import { openRunMenu } from '../sections/runs/menu';

/** Name, ids to copy, and what can be done. */
export function RunHead(props: { folder: string; found: ShowResult; isGone: boolean }): React.ReactElement {
  const { folder, found } = props;
  const { run } = found;
  const host = useHost();
  const { app, trans } = host;
  const word = useStatusWord(run.status);
  const more = React.useRef<HTMLSpanElement>(null);
  const ref = refOf(run);
  const args = { folder, runs: [ref] } as never;
  const buttons: [string, string][] = [
    [COMMANDS.executed, trans.__('Executed notebook')],
    [COMMANDS.compare, trans.__('Compare with…')],
    [COMMANDS.reproduce, trans.__('Reproduce…')],
    [COMMANDS.restoreData, trans.__('Restore data…')],
    [COMMANDS.restoreCode, trans.__('Restore code…')],
    ...(found.models.length ? ([[COMMANDS.promote, trans.__('Promote…')]] as [string, string][]) : [])
  ];
  const failure = run.tags['nbmlops.failure'];
  return (
    <div className="nbmlops-RunHead">
      <div className="nbmlops-RunHead-name">
        <Status status={run.status} />
        <h1>{run.name || run.id.slice(0, 12)}</h1>
        <span className="nbmlops-RunHead-facts">
          <Now every={10_000}>
            {word} · {run.experiment} · <Age time={run.started} /> · <Took run={run} />
            {run.tags['nbmlops.notebook'] ? ` · ${run.tags['nbmlops.notebook']}` : ''}
          </Now>
        </span>
      </div>
      {failure && <p className="nbmlops-RunHead-failure">{failure}</p>}
      <div className="nbmlops-RunHead-ids">
        <Labelled name={trans.__('Run')}>
          <CopyText
            text={`runs:/${run.id}`}
            shown={`runs:/${run.id.slice(0, 12)}`}
            name={trans.__('address of the run')}
          />
        </Labelled>
        {ref.data && (
          <Labelled name={trans.__('Data')}>
            <CopyText text={ref.data} shown={ref.data.slice(0, 12)} name={trans.__('data snapshot id')} />
          </Labelled>
        )}
        {ref.code && (
          <Labelled name={trans.__('Code')}>
            <CopyText text={ref.code} shown={ref.code.slice(0, 12)} name={trans.__('code snapshot id')} />
          </Labelled>
        )}
        {run.parent && (
          <button
            type="button"
            className="nbmlops-Link"
            onClick={() => withRuns(host, COMMANDS.open, folder, [run.parent!])}
          >
            {trans.__('Run around it')}
          </button>
        )}
      </div>
      {!props.isGone && (
        <div className="nbmlops-RunHead-actions" role="toolbar" aria-label={trans.__('What can be done with the run')}>
          {buttons
            .filter(([command]) => app.commands.hasCommand(command) && app.commands.isVisible(command, args))
            .map(([command, label]) => (
              <Action key={command} label={label} onClick={() => withRuns(host, command, folder, [run])} />
            ))}
          <span ref={more}>
            <Action
              icon={ellipsesIcon}
              label={trans.__('More to do')}
              onClick={() => {
                const box = more.current!.getBoundingClientRect();
                openRunMenu(host, folder, [run], false, box.left, box.bottom);
              }}
            />
          </span>
        </div>
      )}
    </div>
  );
}

function Labelled(props: { name: string; children: React.ReactElement }): React.ReactElement {
  return (
    <span>
      <small>{props.name}</small> {props.children}
    </span>
  );
}
