import * as React from 'react';
import type { PipelineView } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { ago } from '../../model/format';
import { settingsOf } from '../../model/settings';
import { Action } from '../../parts/button';
import { Graph } from '../../parts/graph';
import { flowsOf, openFile } from './steps';

/** One pipeline: its proof, its steps, and what can be done with it. */
export function PipelineLine(props: { pipeline: PipelineView }): React.ReactElement {
  const { pipeline } = props;
  const host = useHost();
  const { live, place, server, trans } = host;
  const [isOpen, open] = React.useState(false);
  const folder = live.project ?? place.folder;
  const form = (verb: string): void =>
    openForm(host, verb, { pipeline: pipeline.folder }, { folder, parameters: settingsOf(pipeline.parameters) });
  const steps = React.useMemo(
    () =>
      pipeline.steps.map((step, index) => ({
        id: step.name,
        needs: step.needs,
        label: step.name,
        detail: trans._n('%1 cell', '%1 cells', step.cells.length),
        colour: index,
        title: step.title
      })),
    [pipeline, trans]
  );
  return (
    <li>
      <div className="nbmlops-List-head">
        <button type="button" className="nbmlops-Fold" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
          {pipeline.name}
        </button>
        <Proof pipeline={pipeline} />
      </div>
      <div className="nbmlops-mod-quiet">
        {pipeline.folder} · {trans._n('%1 step', '%1 steps', pipeline.steps.length)}
        {pipeline.left_out ? ` · ${trans._n('%1 cell left out', '%1 cells left out', pipeline.left_out)}` : ''}
      </div>
      {pipeline.problem ? (
        <p className="nbmlops-tone-bad" role="alert">
          {pipeline.problem}
        </p>
      ) : (
        <div className="nbmlops-List-actions">
          <Action label={trans.__('Run…')} onClick={() => form('run')} />
          {server.has('sweep') && <Action label={trans.__('Sweep…')} onClick={() => form('sweep')} />}
          {server.has('compile') && <Action label={trans.__('Compile…')} onClick={() => form('compile')} />}
          <Action
            label={trans.__('Open')}
            title={trans.__('Open pipeline.yaml')}
            onClick={() => openFile(host, folder, `${pipeline.folder}/pipeline.yaml`)}
          />
        </div>
      )}
      {isOpen && (
        <Graph
          label={trans.__('Steps of %1', pipeline.name)}
          steps={steps}
          flows={flowsOf(pipeline.steps)}
          onSelect={name => {
            const step = pipeline.steps.find(each => each.name === name);
            if (step) {
              openFile(host, folder, `${pipeline.folder}/${step.notebook}`);
            }
          }}
        />
      )}
    </li>
  );
}

function Proof(props: { pipeline: PipelineView }): React.ReactElement | null {
  const { pipeline } = props;
  const { trans } = useHost();
  if (pipeline.verdict === null) {
    return <span className="nbmlops-mod-quiet">{trans.__('not verified')}</span>;
  }
  const words = pipeline.is_certified ? pipeline.verdict : trans.__('changed since it was verified');
  const tone = pipeline.is_certified && pipeline.verdict === 'EQUIVALENT' ? 'good' : 'warn';
  const when = pipeline.verified ? trans.__('verified %1 ago', ago(pipeline.verified)) : '';
  return (
    <span className={`nbmlops-tone-${tone}`} title={[pipeline.reason, when].filter(Boolean).join('; ')}>
      {words}
    </span>
  );
}
