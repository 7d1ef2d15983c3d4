import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { exportNotebook } from '../../notebook/commands';
import { Action } from '../../parts/button';
import { settingsOf } from '../../model/settings';

/** What can be done with the notebook: each button is the form of a verb. */
export function Actions(): React.ReactElement {
  const host = useHost();
  const { place, server, trans } = host;
  const pipeline = null as null | { path: string; parameters: never[] };
  const name = PathExt.basename(place.notebook);
  const onPipeline = (verb: string): void =>
    openForm(host, verb, { pipeline: pipeline!.path }, { parameters: settingsOf(pipeline!.parameters) });
  const missing = trans.__('Export the notebook first: there is no pipeline of it yet.');
  return (
    <div className="nbmlops-Actions" role="toolbar" aria-label={trans.__('What to do with %1', name)}>
      {server.has('snapshot') && <Action label={trans.__('Snapshot')} onClick={() => openForm(host, 'snapshot')} />}
      {server.has('export') && (
        <Action label={trans.__('Export')} isPrimary={!pipeline} onClick={() => void exportNotebook(host)} />
      )}
      {server.has('run') && (
        <Action
          label={trans.__('Run')}
          isPrimary={!!pipeline}
          isDisabled={!pipeline}
          title={pipeline ? pipeline.path : missing}
          onClick={() => onPipeline('run')}
        />
      )}
      {server.has('sweep') && (
        <Action
          label={trans.__('Sweep')}
          isDisabled={!pipeline}
          title={pipeline ? pipeline.path : missing}
          onClick={() => onPipeline('sweep')}
        />
      )}
      {server.has('pack') && <Action label={trans.__('Pack')} onClick={() => openForm(host, 'pack')} />}
      {server.has('deploy') && <Action label={trans.__('Deploy')} onClick={() => openForm(host, 'deploy')} />}
    </div>
  );
}
