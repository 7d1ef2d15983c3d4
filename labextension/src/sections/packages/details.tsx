import * as React from 'react';
import type { Claim, InspectResult, Origin, PackageView } from '../../api/types';
import { useHost } from '../../host';
import { bytes, figure, short } from '../../model/format';
import { formatOf, modelFacts, shortDigest } from '../../model/packages';
import { openRun } from '../../notebook/commands';
import { CopyText } from '../../parts/copy';
import { ValueTable } from '../../parts/values';

/** What a package holds, where it says it comes from, and what signs it. */
export function Details(props: { found: InspectResult }): React.ReactElement {
  const { package: view, kitfile, origin, claims } = props.found;
  const { trans } = useHost();
  return (
    <div className="nbmlops-Package">
      <div className="nbmlops-Package-ids">
        <CopyText text={view.reference} name={trans.__('name of the package')} />
        <CopyText text={view.digest} shown={`sha256:${shortDigest(view.digest)}`} name={trans.__('digest')} />
      </div>
      <Parts view={view} />
      <OriginPart origin={origin} />
      <Claims claims={claims} />
      <ModelPart
        facts={modelFacts(kitfile)}
        base={view.layers.some(each => each.kind === 'model') ? '' : (kitfile.model?.path ?? '')}
      />
    </div>
  );
}

function Parts(props: { view: PackageView }): React.ReactElement {
  const { trans } = useHost();
  const { layers } = props.view;
  return (
    <>
      <h4>{trans.__('Parts')}</h4>
      <table className="nbmlops-Values nbmlops-Package-parts" aria-label={trans.__('Parts of the package')}>
        <tbody>
          {layers.map((each, index) => (
            <tr key={index}>
              <th scope="row">{each.kind}</th>
              <td title={each.digest}>
                {each.path}
                {each.name && each.name !== each.path ? <small> {each.name}</small> : null}
              </td>
              <td className="nbmlops-mod-number">
                {bytes(each.bytes)} <small>{formatOf(each.media_type)}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function ModelPart(props: { facts: ReturnType<typeof modelFacts>; base: string }): React.ReactElement | null {
  const { facts, base } = props;
  const { trans } = useHost();
  if (!facts) {
    return null;
  }
  const rows: [string, string][] = [
    [trans.__('Name'), facts.name],
    [trans.__('Framework'), [facts.framework, facts.format].filter(Boolean).join(' · ')],
    [trans.__('Taken from'), base]
  ];
  return (
    <>
      <h4>{trans.__('Model')}</h4>
      <ValueTable
        label={trans.__('Model')}
        rows={rows.filter(([, value]) => value)}
        empty={trans.__('It has no name.')}
      />
      {facts.metrics.length > 0 && (
        <>
          <h4>{trans.__('Metrics')}</h4>
          <ValueTable
            label={trans.__('Metrics')}
            rows={facts.metrics.map(([name, value]) => [name, figure(value)])}
            empty=""
            areFigures
          />
        </>
      )}
      {facts.parameters.length > 0 && (
        <>
          <h4>{trans.__('Parameters')}</h4>
          <ValueTable label={trans.__('Parameters')} rows={facts.parameters} empty="" />
        </>
      )}
    </>
  );
}

function OriginPart(props: { origin: Origin | null }): React.ReactElement {
  const { origin } = props;
  const host = useHost();
  const { trans } = host;
  const rows: [string, React.ReactNode][] = origin
    ? [
        [
          trans.__('Run'),
          origin.run && (
            <button type="button" className="nbmlops-Link" onClick={() => openRun(host, origin.run)}>
              {short(origin.run)}
            </button>
          )
        ],
        [trans.__('Notebook'), origin.notebook],
        [trans.__('Pipeline'), origin.pipeline && <code>{short(origin.pipeline)}</code>],
        [
          trans.__('Certificate'),
          origin.certificate && (
            <>
              {origin.verdict} <code>{short(origin.certificate)}</code>
            </>
          )
        ],
        [trans.__('Commit'), origin.commit && <code>{short(origin.commit)}</code>],
        [trans.__('Cells'), origin.cells || ''],
        [trans.__('Files of data'), origin.data || ''],
        [trans.__('Python'), origin.python]
      ]
    : [];
  return (
    <>
      <h4>{trans.__('Provenance')}</h4>
      {origin?.problem ? (
        <p className="nbmlops-tone-bad">{origin.problem}</p>
      ) : (
        <ValueTable
          label={trans.__('Provenance')}
          rows={rows.filter(([, value]) => value)}
          empty={trans.__('It does not say where it comes from.')}
        />
      )}
    </>
  );
}

function Claims(props: { claims: readonly Claim[] }): React.ReactElement {
  const { trans } = useHost();
  return (
    <>
      <h4>{trans.__('Signatures')}</h4>
      {!props.claims.length && <p className="nbmlops-mod-quiet">{trans.__('It is not signed.')}</p>}
      <ul className="nbmlops-Package-claims">
        {props.claims.map((each, index) => (
          <li key={index} title={each.digest}>
            {each.what}{' '}
            <small>
              {[
                each.form === 'tag' && trans.__('under its tag'),
                each.key && trans.__('key %1', each.key.slice(0, 16)),
                each.made.slice(0, 10)
              ]
                .filter(Boolean)
                .join(' · ')}
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}
