import * as React from 'react';
import type { DeploymentView, DeploymentViewState as State } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { beside, count, isAsleep, stableOf, toneOf, traffic } from '../../model/deployments';
import { Action } from '../../parts/button';
import { CopyText } from '../../parts/copy';
import { forget, start, stop } from './act';
import { Answer } from './answer';
import { openLogs } from './logs';
import { RevisionLine } from './revision';
import { Share } from './share';
import { FindingCount, WatchedPart } from './watched';

/** One deployment; opened, its revisions and what can be done with it. */
export function DeploymentLine(props: {
  view: DeploymentView;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}): React.ReactElement {
  const { view, isOpen } = props;
  const { trans } = useHost();
  const { requests, failed } = traffic(view);
  return (
    <li className="nbmlops-Deployment">
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
        <StateWord state={view.state} />
      </div>
      <div className="nbmlops-Deployment-facts nbmlops-mod-quiet">
        {view.address && <CopyText text={view.address} name={trans.__('address of %1', view.name)} />}
        {!isAsleep(view) && (
          <span>
            {trans._n('%2 request', '%2 requests', requests, count(requests))}
            {failed > 0 && (
              <>
                {' · '}
                <span className="nbmlops-tone-bad">{trans.__('%1 failed', count(failed))}</span>
              </>
            )}
          </span>
        )}
        <FindingCount watched={view.watched} />
      </div>
      {view.problem && <p className="nbmlops-tone-bad nbmlops-Deployment-problem">{view.problem}</p>}
      {isOpen && <OpenDeployment view={view} />}
    </li>
  );
}

function StateWord(props: { state: State }): React.ReactElement {
  const { trans } = useHost();
  const words: Record<State, string> = {
    healthy: trans.__('healthy'),
    starting: trans.__('starting'),
    degraded: trans.__('degraded'),
    down: trans.__('down'),
    stopped: trans.__('stopped')
  };
  const titles: Partial<Record<State, string>> = {
    degraded: trans.__('It answers, with fewer replicas than it should have'),
    down: trans.__('It should answer and does not')
  };
  return (
    <span className={`nbmlops-Deployment-state nbmlops-tone-${toneOf(props.state)}`} title={titles[props.state]}>
      {words[props.state]}
    </span>
  );
}

function OpenDeployment(props: { view: DeploymentView }): React.ReactElement {
  const { view } = props;
  const host = useHost();
  const { live, place, server, trans } = host;
  const folder = live.project ?? place.folder;
  const isOff = isAsleep(view);
  const other = isOff ? undefined : beside(view);
  return (
    <>
      <div className="nbmlops-List-actions" role="toolbar" aria-label={trans.__('What to do with %1', view.name)}>
        {isOff ? (
          <Action label={trans.__('Start again')} isPrimary onClick={() => start(host, view, folder)} />
        ) : (
          server.has('predict') && (
            <Action
              label={trans.__('Predict…')}
              onClick={() => openForm(host, 'predict', { name: view.name }, { folder })}
            />
          )
        )}
        <Action
          label={trans.__('New revision…')}
          onClick={() => openForm(host, 'deploy', { name: view.name }, { folder })}
        />
        {server.has('logs') && <Action label={trans.__('Logs')} onClick={() => openLogs(host, folder, view.name)} />}
        {server.has('undeploy') &&
          (isOff ? (
            <Action label={trans.__('Forget…')} onClick={() => void forget(host, view, folder)} />
          ) : (
            <Action label={trans.__('Stop…')} onClick={() => void stop(host, view, folder)} />
          ))}
      </div>
      {other && <Share key={other.number} view={view} revision={other} stable={stableOf(view)} folder={folder} />}
      {view.token_file && (
        <div className="nbmlops-Deployment-facts nbmlops-mod-quiet">
          <span title={trans.__('Callers send: Authorization: Bearer TOKEN')}>{trans.__('Token')}</span>
          <CopyText text={view.token_file} shown={trans.__('in a file')} name={trans.__('place of the token')} />
          {view.monitored && <span>{trans.__('requests are kept')}</span>}
        </div>
      )}
      <WatchedPart view={view} folder={folder} />
      <ul className="nbmlops-Steps" aria-label={trans.__('Revisions of %1', view.name)}>
        {view.revisions.map(each => (
          <RevisionLine key={each.number} view={view} revision={each} folder={folder} />
        ))}
      </ul>
      <Answer name={view.name} />
    </>
  );
}
