import { closeIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { hasEnded } from '../api/jobs';
import type { Job, JobEvent } from '../api/types';
import { useHost } from '../host';
import { isBad, subjectOf, withoutRepeats } from '../model/work';
import { Action } from '../parts/button';
import { useSignal } from '../parts/hooks';
import { ProgressLine } from '../parts/notes';
import { followUps } from './followups';

/** What is being worked on, and how the last work has ended; put away by hand. */
export function JobsStrip(): React.ReactElement | null {
  const { jobs, live, place, trans } = useHost();
  useSignal(jobs.changed);
  useSignal(place.changed);
  // Those of other projects are theirs; one that has no project yet is where it was started.
  const isHere = (job: Job): boolean =>
    job.project !== null && live.project !== null ? job.project === live.project : job.folder === place.folder;
  const [away, putAway] = React.useState<ReadonlySet<string>>(new Set());
  const shown = withoutRepeats(jobs.all.filter(isHere))
    .filter(job => !away.has(job.id) && (!hasEnded(job) || isRecent(job)))
    .slice(0, 6);
  if (!shown.length) {
    return null;
  }
  return (
    <section className="nbmlops-Jobs" aria-label={trans.__('Work')}>
      {shown.map(job => (
        <JobLine key={job.id} job={job} onAway={() => putAway(new Set([...away, job.id]))} />
      ))}
    </section>
  );
}

function isRecent(job: Job): boolean {
  return job.ended !== null && Date.now() - Date.parse(job.ended) < 600_000;
}

function JobLine(props: { job: Job; onAway: () => void }): React.ReactElement {
  const { job } = props;
  const host = useHost();
  const { jobs, trans } = host;
  const next = followUps(host, job);
  const states: Record<Job['state'], string> = {
    queued: trans.__('waiting'),
    running: trans.__('running'),
    done: isBad(job) ? trans.__('not good') : trans.__('done'),
    failed: trans.__('failed'),
    cancelled: trans.__('stopped')
  };
  const newest = Math.max(0, ...job.progress.map(event => event.number));
  const moving = job.progress.filter(event => event.total || event.number === newest);
  return (
    <div className={`nbmlops-Job nbmlops-mod-${isBad(job) ? 'failed' : job.state}`}>
      <div className="nbmlops-Job-head">
        <span className="nbmlops-Job-verb">
          {job.verb} {subjectOf(job)}
        </span>
        <span className="nbmlops-Job-state">{states[job.state]}</span>
        {hasEnded(job) ? (
          <Action icon={closeIcon} label={trans.__('Put %1 away', job.verb)} onClick={props.onAway} />
        ) : (
          <Action icon={stopIcon} label={trans.__('Stop %1', job.verb)} onClick={() => void jobs.cancel(job.id)} />
        )}
      </div>
      {!hasEnded(job) && moving.map(event => <TaskLine key={event.task} event={event} />)}
      {next.length > 0 && (
        <div className="nbmlops-Job-next">
          {next.map(each => (
            <Action key={each.label} label={each.label} onClick={each.act} />
          ))}
        </div>
      )}
      {job.error && job.state === 'failed' && (
        <p className="nbmlops-Job-error" role="alert">
          {job.error.message} {job.error.hint}
        </p>
      )}
    </div>
  );
}

function TaskLine(props: { event: JobEvent }): React.ReactElement {
  const { task, done, total, note } = props.event;
  return (
    <div className="nbmlops-Job-task">
      <span>
        {task}
        {total ? ` ${done}/${total}` : ''} <small>{note}</small>
      </span>
      <ProgressLine label={task} done={done} total={total} />
    </div>
  );
}
