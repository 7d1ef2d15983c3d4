import * as React from 'react';
import type { ExecutedStep, Execution } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { ago, figure, seconds } from '../../model/format';
import { openRun } from '../../notebook/commands';
import { Action } from '../../parts/button';
import { useSignal } from '../../parts/hooks';
import { ProgressLine } from '../../parts/notes';
import { COMMANDS } from '../runs/commands';
import { StateMark } from './state';

/** One run of a pipeline: each step with its state, and the cell that it is at. */
export function ExecutionLine(props: { execution: Execution; now: string; isFirst: boolean }): React.ReactElement {
  const { execution } = props;
  const host = useHost();
  const { live, place, server, trans } = host;
  const [choice, choose] = React.useState<boolean | null>(null);
  const isOpen = choice ?? (execution.is_live || props.isFirst);
  const metrics = Object.entries(execution.metrics).slice(0, 3);
  const kept = execution.steps.filter(step => step.is_kept).length;
  return (
    <li>
      <div className="nbmlops-List-head">
        <StateMark state={execution.state} />
        <button type="button" className="nbmlops-Fold" aria-expanded={isOpen} onClick={() => choose(!isOpen)}>
          {execution.name}
        </button>
        <span className="nbmlops-mod-quiet">{ago(execution.started, Date.parse(props.now))}</span>
      </div>
      <div className="nbmlops-mod-quiet">
        {[
          execution.is_live ? '' : seconds(execution.seconds),
          kept ? trans._n('%1 step kept', '%1 steps kept', kept) : '',
          ...metrics.map(([name, value]) => `${name} ${figure(value)}`)
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
      {isOpen && (
        <>
          <ol className="nbmlops-Steps">
            {execution.steps.map(step => (
              <StepLine key={step.step} step={step} execution={execution} />
            ))}
          </ol>
          {execution.error && <p className="nbmlops-tone-bad">{execution.error}</p>}
        </>
      )}
      <div className="nbmlops-List-actions">
        {execution.is_live && <StopAction execution={execution} />}
        {execution.is_resumable && server.has('resume') && (
          <Action
            label={trans.__('Resume…')}
            isPrimary
            onClick={() => openForm(host, 'resume', { run: execution.run }, { folder: live.project ?? place.folder })}
          />
        )}
        {execution.run && <Action label={trans.__('Run page')} onClick={() => openRun(host, execution.run)} />}
        {execution.run && !execution.is_live && server.has('executed') && (
          <Action
            label={trans.__('Notebook')}
            title={trans.__('Open the executed notebook')}
            onClick={() => openExecuted(execution.run, execution.name)}
          />
        )}
        {!execution.is_live && (
          <Action
            label={trans.__('Run again…')}
            onClick={() =>
              openForm(
                host,
                'run',
                { pipeline: execution.source, param: params(execution) },
                { folder: live.project ?? place.folder }
              )
            }
          />
        )}
      </div>
    </li>
  );

  function openExecuted(id: string, name: string): void {
    void host.app.commands.execute(COMMANDS.executed, { folder: place.folder, runs: [{ id, name }] });
  }
}

/** As `-p` takes them. */
function params(execution: Execution): string[] {
  return Object.entries(execution.parameters).map(([name, value]) =>
    typeof value === 'string' ? `${name}=${value}` : `${name}=${value === null ? 'None' : JSON.stringify(value)}`
  );
}

/** Only what was started here can be stopped here: the job that runs it. */
function StopAction(props: { execution: Execution }): React.ReactElement | null {
  const { jobs, live, trans } = useHost();
  useSignal(jobs.changed);
  const job = jobs.running.find(
    each =>
      ['run', 'resume', 'sweep'].includes(each.verb) &&
      each.project === live.project &&
      isOf(each.started, props.execution)
  );
  return job ? (
    <Action label={trans.__('Stop')} isDisabled={job.is_ending} onClick={() => void jobs.cancel(job.id)} />
  ) : (
    <span className="nbmlops-mod-quiet">{trans.__('It was started elsewhere: stop it there.')}</span>
  );
}

/** A job begins before its run does. */
function isOf(started: string | null, execution: Execution): boolean {
  return started !== null && Date.parse(started) <= Date.parse(execution.started);
}

function StepLine(props: { step: ExecutedStep; execution: Execution }): React.ReactElement {
  const { step } = props;
  const host = useHost();
  const { place, server, trans } = host;
  const isRunning = step.state === 'running';
  return (
    <li>
      <div className="nbmlops-List-head">
        <StateMark state={step.is_kept ? 'kept' : step.state} />
        <span className="nbmlops-Steps-name">{step.step}</span>
        {isRunning && step.total > 0 && (
          <span className="nbmlops-mod-quiet">{trans.__('cell %1 of %2', step.done, step.total)}</span>
        )}
        {!isRunning && step.seconds > 0 && <span className="nbmlops-mod-quiet">{seconds(step.seconds)}</span>}
        {step.tries > 1 && <span className="nbmlops-mod-quiet">{trans.__('%1 tries', step.tries)}</span>}
        {step.run && !isRunning && (
          <Action
            label={trans.__('Notebook')}
            title={trans.__('Open the executed notebook of %1', step.step)}
            onClick={() =>
              void host.app.commands.execute(COMMANDS.executed, {
                folder: place.folder,
                runs: [{ id: step.run, name: step.step }]
              })
            }
          />
        )}
      </div>
      {isRunning && <ProgressLine label={step.step} done={Math.max(0, step.done - 1)} total={step.total || null} />}
      {isRunning && step.preview && <code className="nbmlops-Steps-preview">{step.preview}</code>}
      {step.why && !isRunning && <div className="nbmlops-mod-quiet">{step.why}</div>}
      {step.error && <div className="nbmlops-tone-bad">{step.error}</div>}
      {step.state === 'failed' && place.panel && server.verb('enter') && (
        <div className="nbmlops-List-actions">
          <Action
            label={trans.__('Enter in %1…', place.panel.title.label)}
            title={trans.__('Bring the variables of the failed step into the kernel of the notebook in front')}
            onClick={() =>
              openForm(host, 'enter', { run: props.execution.run, step: step.step }, { kernel: place.panel })
            }
          />
        </div>
      )}
    </li>
  );
}
