import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';
import type { PipelineView } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { settingsOf } from '../../model/settings';
import { exportNotebook } from '../../notebook/commands';
import { Action } from '../../parts/button';
import { useVerb } from '../../parts/hooks';

/** What these call the pipeline that they make a package of. */
const OF_PACKAGES: Record<string, string> = { pack: 'source', deploy: 'package' };

/** What can be done with the notebook: each button is the form of a verb. */
export function Actions(props: { notebook: string }): React.ReactElement {
  const host = useHost();
  const { live, place, server, trans } = host;
  const { data } = useVerb('pipelines', { limit: 1 }, ['files', 'records']);
  const pipeline = data?.pipelines.find(each => isOf(each, props.notebook));
  const onPipeline = (verb: string): void => {
    const folder = live.project ?? place.folder;
    if (verb in OF_PACKAGES) {
      openForm(host, verb, { [OF_PACKAGES[verb]]: pipeline!.folder }, { folder });
    } else {
      openForm(host, verb, { pipeline: pipeline!.folder }, { folder, parameters: settingsOf(pipeline!.parameters) });
    }
  };
  const missing = trans.__('Export the notebook first: there is no pipeline of it yet.');
  const ofPipeline = (verb: string, label: string): React.ReactElement | null =>
    server.has(verb) ? (
      <Action
        label={label}
        isPrimary={verb === 'run' && !!pipeline}
        isDisabled={!pipeline}
        title={pipeline ? pipeline.folder : missing}
        onClick={() => onPipeline(verb)}
      />
    ) : null;
  const name = PathExt.basename(place.notebook);
  return (
    <div className="nbmlops-Actions" role="toolbar" aria-label={trans.__('What to do with %1', name)}>
      {server.has('snapshot') && <Action label={trans.__('Snapshot')} onClick={() => openForm(host, 'snapshot')} />}
      {server.has('export') && (
        <Action label={trans.__('Export')} isPrimary={!pipeline} onClick={() => void exportNotebook(host)} />
      )}
      {server.verb('keep') && place.panel && (
        <Action
          label={trans.__('Keep')}
          title={trans.__('Make a run of what has already been executed here')}
          onClick={() => openForm(host, 'keep', {}, { kernel: place.panel })}
        />
      )}
      {ofPipeline('run', trans.__('Run'))}
      {ofPipeline('sweep', trans.__('Sweep'))}
      {ofPipeline('pack', trans.__('Pack'))}
      {ofPipeline('deploy', trans.__('Deploy'))}
    </div>
  );
}

/** The pipeline that was made from this notebook; both paths are relative to the project. */
function isOf(pipeline: PipelineView, notebook: string): boolean {
  return !pipeline.problem && pipeline.notebook === notebook;
}
