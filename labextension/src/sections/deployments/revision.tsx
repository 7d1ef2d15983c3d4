import * as React from 'react';
import type { DeploymentView, RevisionView } from '../../api/types';
import { useHost } from '../../host';
import { beside, count, isAsleep, milliseconds, readiness, wayTo } from '../../model/deployments';
import { ago } from '../../model/format';
import { shortDigest } from '../../model/packages';
import { openRun } from '../../notebook/commands';
import { Action } from '../../parts/button';
import { useNow } from '../../parts/now';
import { goTo, takeAway } from './act';

/** One revision: what it answers, how its processes are, and what it has answered. */
export function RevisionLine(props: {
  view: DeploymentView;
  revision: RevisionView;
  folder: string;
}): React.ReactElement {
  const { view, revision, folder } = props;
  const host = useHost();
  const { server, trans } = host;
  const now = useNow();
  const canGo = server.has('rollback');
  const way = canGo ? wayTo(view, revision) : null;
  const { number } = revision;
  const age = ago(revision.created, now);
  return (
    <li className="nbmlops-Revision">
      <div className="nbmlops-Revision-head">
        <strong>{number}</strong>
        <span className="nbmlops-Revision-package" title={shortDigest(revision.digest)}>
          {revision.package}
        </span>
        <Part revision={revision} isAsleep={isAsleep(view)} />
        {way && (
          <Action
            label={way === 'back' ? trans.__('Roll back') : trans.__('Let it answer')}
            title={trans.__('All requests go to revision %1', number)}
            onClick={() => goTo(host, view, number, folder)}
          />
        )}
        {canGo && !isAsleep(view) && beside(view) === revision && (
          <Action
            label={revision.role === 'canary' ? trans.__('Take the canary away') : trans.__('Take the shadow away')}
            onClick={() => takeAway(host, view, folder)}
          />
        )}
      </div>
      <div className="nbmlops-mod-quiet">
        <Figures view={view} revision={revision} />
        <span title={revision.created}>{age === 'now' ? trans.__('made now') : trans.__('made %1 ago', age)}</span>
        {revision.run && (
          <>
            {' · '}
            <button type="button" className="nbmlops-Link" onClick={() => openRun(host, revision.run)}>
              {trans.__('its run')}
            </button>
          </>
        )}
      </div>
    </li>
  );
}

/** Its share of the requests. */
function Part(props: { revision: RevisionView; isAsleep: boolean }): React.ReactElement | null {
  const { role, percent, traffic } = props.revision;
  const { trans } = useHost();
  const words: Record<string, string> = {
    stable: props.isAsleep ? trans.__('answers when started') : trans.__('%1 %', percent),
    canary: trans.__('%1 % canary', percent),
    shadow: trans.__('shadow: %1 differ', count(traffic.differing)),
    candidate: trans.__('being tried')
  };
  if (!role) {
    return null;
  }
  const isBad = role === 'shadow' && traffic.differing > 0;
  return <span className={isBad ? 'nbmlops-tone-warn' : undefined}>{words[role] ?? role}</span>;
}

/** Processes, requests and milliseconds of one that runs. */
function Figures(props: { view: DeploymentView; revision: RevisionView }): React.ReactElement | null {
  const { view, revision } = props;
  const { trans } = useHost();
  const state = isAsleep(view) ? null : readiness(revision, view.replicas);
  if (!state) {
    return null;
  }
  const { requests, failed, p50, p99 } = revision.traffic;
  const others = state.others.length ? ` (${state.others.join(', ')})` : '';
  return (
    <>
      <span
        className={state.ready >= state.wanted && !others ? undefined : 'nbmlops-tone-warn'}
        title={state.why || undefined}
      >
        {trans.__('%1/%2 ready', state.ready, state.wanted)}
        {others}
      </span>
      {state.restarts > 0 && (
        <>
          {' · '}
          <span className="nbmlops-tone-warn">
            {trans._n('started again %1 time', 'started again %1 times', state.restarts)}
          </span>
        </>
      )}
      {' · '}
      {trans._n('%2 request', '%2 requests', requests, count(requests))}
      {failed > 0 && (
        <>
          {' · '}
          <span className="nbmlops-tone-bad">{trans.__('%1 failed', count(failed))}</span>
        </>
      )}
      {requests > 0 && (
        <>
          {' · '}
          <span title={trans.__('Milliseconds until half, and 99 of 100, of the newest thousand were answered')}>
            {trans.__('p50 %1 ms, p99 %2 ms', milliseconds(p50), milliseconds(p99))}
          </span>
        </>
      )}
      {' · '}
    </>
  );
}
