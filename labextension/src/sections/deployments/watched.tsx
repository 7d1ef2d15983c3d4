import * as React from 'react';
import type { DeploymentView, Finding, Watched } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { beats, toneOfFinding } from '../../model/watched';
import { ago } from '../../model/format';
import { Action } from '../../parts/button';
import { useNow } from '../../parts/now';
import { look } from './act';

const MOST = 5;

/** What `monitor` has found in a deployment's requests when somebody looked last. */
export function WatchedPart(props: { view: DeploymentView; folder: string }): React.ReactElement | null {
  const { view, folder } = props;
  const host = useHost();
  const { server, trans } = host;
  const now = useNow();
  if (!view.monitored || !server.has('monitor')) {
    return null;
  }
  const { watched } = view;
  const age = ago(watched?.looked ?? null, now);
  return (
    <section className="nbmlops-Watched" aria-label={trans.__('Monitoring of %1', view.name)}>
      <div className="nbmlops-List-head">
        <strong className="nbmlops-Steps-name">{trans.__('Monitoring')}</strong>
        <span className="nbmlops-mod-quiet">
          {!watched
            ? trans.__('not looked at yet')
            : age === 'now'
              ? trans.__('looked at now')
              : trans.__('looked at %1 ago', age)}
        </span>
      </div>
      {watched && <Beats watched={watched} />}
      {watched && !watched.findings.length && (
        <p className="nbmlops-tone-good">{trans.__('Nothing has been found to be wrong.')}</p>
      )}
      {watched && watched.findings.length > 0 && <Findings findings={watched.findings} />}
      <div className="nbmlops-List-actions">
        <Action
          label={trans.__('Look')}
          title={trans.__('Compare what was asked with what the model was trained on')}
          onClick={() => look(host, view, folder)}
        />
        <Action
          label={trans.__('Report…')}
          onClick={() => openForm(host, 'monitor', { name: view.name, output: `${view.name}.html` }, { folder })}
        />
      </div>
    </section>
  );
}

/** How many, where the deployment is only a line. */
export function FindingCount(props: { watched: Watched | null }): React.ReactElement | null {
  const { trans } = useHost();
  const count = props.watched?.findings.length ?? 0;
  return count ? <span className="nbmlops-tone-bad">{trans._n('%1 finding', '%1 findings', count)}</span> : null;
}

function Findings(props: { findings: Finding[] }): React.ReactElement {
  const { trans } = useHost();
  const left = props.findings.length - MOST;
  return (
    <ul className="nbmlops-Watched-findings" aria-label={trans.__('Findings')}>
      {props.findings.slice(0, MOST).map(each => (
        <li key={`${each.kind} ${each.subject}`} className={`nbmlops-tone-${toneOfFinding(each)}`}>
          {each.message}
        </li>
      ))}
      {left > 0 && <li className="nbmlops-mod-quiet">{trans.__('and %1 more', left)}</li>}
    </ul>
  );
}

/** A bar for each window: how far the worst column has moved. The line is where it has drifted. */
function Beats(props: { watched: Watched }): React.ReactElement | null {
  const { trans } = useHost();
  const { bars, limit, width, height } = beats(props.watched.drift);
  if (bars.length < 2) {
    return null;
  }
  return (
    <svg
      className="nbmlops-Beats"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={trans.__('Drift of the newest %1 windows', bars.length)}
    >
      {bars.map((bar, place) => (
        <rect key={place} {...bar.box} className={bar.isOver ? 'nbmlops-mod-over' : ''}>
          <title>{bar.told}</title>
        </rect>
      ))}
      <line x1={0} x2={width} y1={limit} y2={limit} />
    </svg>
  );
}
