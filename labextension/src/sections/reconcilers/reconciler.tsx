import * as React from 'react';
import type { ReconcilerView } from '../../api/types';
import { useHost } from '../../host';
import { ago, until } from '../../model/format';
import { branches, toneOfReason, toneOfState, words } from '../../model/reconcilers';
import { Action } from '../../parts/button';
import { CopyText } from '../../parts/copy';
import { useNow } from '../../parts/now';
import { approve, reject, suspend, tick } from './act';
import { Timeline } from './timeline';

/** One reconciler; opened, why it is so, what has been done, and what can be done. */
export function ReconcilerLine(props: {
  view: ReconcilerView;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}): React.ReactElement {
  const { view, isOpen } = props;
  const { trans } = useHost();
  return (
    <li className="nbmlops-Reconciler">
      <div className="nbmlops-List-head">
        <button
          type="button"
          className="nbmlops-Fold"
          aria-expanded={isOpen}
          title={view.name}
          onClick={() => props.onOpen(!isOpen)}
        >
          {view.name}
        </button>
        <span className={`nbmlops-Deployment-state nbmlops-tone-${toneOfState(view)}`}>
          {view.state ? words(view.state) : trans.__('not looked at yet')}
        </span>
      </div>
      {/* What is proposed says so itself. */}
      {view.why && view.state !== 'ProposalOpen' && (
        <p className={`nbmlops-Reconciler-why nbmlops-mod-quiet${isOpen ? ' nbmlops-mod-whole' : ''}`} title={view.why}>
          {view.why}
        </p>
      )}
      {view.proposal && <Proposed view={view} />}
      {isOpen && <OpenReconciler view={view} />}
    </li>
  );
}

function Proposed(props: { view: ReconcilerView }): React.ReactElement {
  const { view } = props;
  const host = useHost();
  const { live, place, server, trans } = host;
  const folder = live.project ?? place.folder;
  const { value, before, branch, url } = view.proposal!;
  return (
    <section className="nbmlops-Proposed" aria-label={trans.__('Proposal of %1', view.name)}>
      <p>{trans.__('Version %1 is proposed, in place of %2', value, before || trans.__('nothing'))}</p>
      <div className="nbmlops-Deployment-facts nbmlops-mod-quiet">
        <CopyText text={url || branch} name={trans.__('place of the proposal')} />
      </div>
      <div className="nbmlops-List-actions">
        {server.has('approve') && (
          <Action label={trans.__('Approve…')} isPrimary onClick={() => void approve(host, view, folder)} />
        )}
        {server.has('reject') && <Action label={trans.__('Reject…')} onClick={() => void reject(host, view, folder)} />}
      </div>
    </section>
  );
}

function OpenReconciler(props: { view: ReconcilerView }): React.ReactElement {
  const { view } = props;
  const host = useHost();
  const { live, place, server, trans } = host;
  const now = useNow();
  const folder = live.project ?? place.folder;
  const age = ago(view.looked, now);
  const left = until(view.next_attempt, now);
  const isHeld = view.is_suspended || Boolean(view.pinned);
  return (
    <>
      <div className="nbmlops-List-actions" role="toolbar" aria-label={trans.__('What to do with %1', view.name)}>
        {server.has('reconcile') && (
          <Action
            label={trans.__('Reconcile')}
            title={trans.__('Look now, and do what is needed')}
            onClick={() => tick(host, view, folder)}
          />
        )}
        {server.has('suspend') && (
          <Action
            label={isHeld ? trans.__('Let it go on') : trans.__('Suspend')}
            onClick={() => suspend(host, view, folder)}
          />
        )}
      </div>
      <ul className="nbmlops-Reasons" aria-label={trans.__('Why')}>
        {branches(view.reason).map(({ reason, depth }, place) => (
          <li
            key={place}
            className={`nbmlops-tone-${toneOfReason(reason)}`}
            style={{ paddingInlineStart: `${depth * 12}px` }}
          >
            <strong>{reason.need}</strong> {reason.why}
          </li>
        ))}
      </ul>
      <div className="nbmlops-Deployment-facts nbmlops-mod-quiet">
        <span>{view.kind === 'Trainer' ? trans.__('Trainer') : trans.__('Deployer')}</span>
        {view.applied && <span>{trans.__('version %1', view.applied)}</span>}
        {view.pinned && <span>{trans.__('pinned to %1', view.pinned)}</span>}
        {view.looked && <span>{age === 'now' ? trans.__('looked at now') : trans.__('looked at %1 ago', age)}</span>}
        {left && <span>{left === 'now' ? trans.__('due again') : trans.__('due again in %1', left)}</span>}
      </div>
      <Timeline name={view.name} />
    </>
  );
}
