import * as React from 'react';
import type { ApiError } from '../api/errors';
import { useHost } from '../host';
import { Action } from './button';

/** What went wrong, and what to do next; never HTML. */
export function ErrorNote(props: { error: ApiError; onRetry?: () => void; retryLabel?: string }): React.ReactElement {
  if (props.error.kind === 'project-missing') {
    return <NoProject />;
  }
  return (
    <div className="nbmlops-Note nbmlops-mod-error" role="alert">
      <p>{props.error.message}</p>
      {props.error.hint && <p className="nbmlops-Note-hint">{props.error.hint}</p>}
      {props.onRetry && <Action label={props.retryLabel ?? 'Try again'} onClick={props.onRetry} />}
    </div>
  );
}

/** That is no fault: nobody has begun here. */
function NoProject(): React.ReactElement {
  const { jobs, place, server, trans } = useHost();
  return (
    <EmptyNote
      text={trans.__('There is no project here yet. One is made as soon as a notebook of this folder is tracked.')}
    >
      {server.has('init') && (
        <Action label={trans.__('Make one now')} onClick={() => void jobs.start('init', place.folder, {})} />
      )}
    </EmptyNote>
  );
}

/** Why there is nothing to see, and how that is changed. */
export function EmptyNote(props: { text: string; children?: React.ReactNode }): React.ReactElement {
  return (
    <div className="nbmlops-Note">
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

/** A moving line while something is on its way; nothing for what is there at once. */
export function Loading(props: { label: string }): React.ReactElement {
  return (
    <div className="nbmlops-Loading" role="progressbar" aria-label={props.label}>
      <span />
    </div>
  );
}

/** How far something is; without a total it only moves. */
export function ProgressLine(props: { label: string; done: number; total: number | null }): React.ReactElement {
  const share = props.total ? Math.min(1, props.done / props.total) : null;
  return (
    <div
      className={`nbmlops-Progress${share === null ? ' nbmlops-mod-endless' : ''}`}
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.total ?? undefined}
      aria-valuenow={props.total ? props.done : undefined}
    >
      <span style={share === null ? undefined : { width: `${100 * share}%` }} />
    </div>
  );
}
