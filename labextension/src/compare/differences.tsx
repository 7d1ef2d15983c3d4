import * as React from 'react';
import type { DiffResult, FileDetail, RunView } from '../api/types';
import { useHost } from '../host';
import { Block } from '../parts/block';
import { useVerb } from '../parts/hooks';
import { ErrorNote, Loading } from '../parts/notes';
import { CellDiffs } from './cells';
import { EnvironmentDiff } from './environment';
import { ChangedFiles } from './files';

/** What differs between two of the runs: why probably, code by cell, data, environment. */
export function Differences(props: { folder: string; runs: readonly RunView[] }): React.ReactElement {
  const { folder, runs } = props;
  const { trans } = useHost();
  const [chosen, choose] = React.useState<[string, string] | null>(null);
  const byStart = [...runs].sort((left, right) => ((left.started ?? '') < (right.started ?? '') ? -1 : 1));
  const here = (id: string | undefined): string | undefined => runs.find(run => run.id === id)?.id;
  const before = here(chosen?.[0]) ?? byStart[0].id;
  const after = here(chosen?.[1]) ?? byStart[byStart.length - 1].id;
  const isPair = before !== after;
  const pick = (label: string, value: string, take: (id: string) => [string, string]): React.ReactElement => (
    <label>
      {label}{' '}
      <select value={value} onChange={event => choose(take(event.target.value))}>
        {runs.map(run => (
          <option key={run.id} value={run.id}>
            {run.name.slice(0, 60)} {run.id.slice(0, 8)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      {runs.length > 2 && (
        <div className="nbmlops-Compare-bar" role="group" aria-label={trans.__('Which two')}>
          {pick(trans.__('Differences from'), before, id => [id, after])}
          {pick(trans.__('to'), after, id => [before, id])}
        </div>
      )}
      {isPair ? (
        <Pair
          key={`${before} ${after}`}
          folder={folder}
          before={runs.find(run => run.id === before)!}
          after={runs.find(run => run.id === after)!}
        />
      ) : (
        <p className="nbmlops-Note">{trans.__('Choose two different runs.')}</p>
      )}
    </>
  );
}

function Pair(props: { folder: string; before: RunView; after: RunView }): React.ReactElement {
  const { folder } = props;
  const [before, after] = [props.before.id, props.after.id];
  const { trans } = useHost();
  const keeps = (tag: string): boolean => [props.before, props.after].some(run => run.tags[tag]);
  const code = useVerb('diff', { before, after, code: true }, [], folder);
  const data = useVerb('diff', { before, after }, [], folder);
  const section = (
    title: string,
    found: typeof code,
    show: (result: DiffResult) => React.ReactElement
  ): React.ReactElement => (
    <Block title={title} isWide>
      {found.error && <ErrorNote error={found.error} onRetry={found.reload} retryLabel={trans.__('Try again')} />}
      {!found.data && found.isLoading && <Loading label={title} />}
      {found.data && show(found.data)}
    </Block>
  );
  const suspects = data.data?.runs?.suspects ?? [];
  return (
    <>
      {suspects.length > 0 && (
        <Block title={trans.__('What probably explains the difference')} isWide>
          <ol className="nbmlops-Suspects">
            {suspects.slice(0, 12).map((suspect, index) => (
              <li key={index}>
                <span className="nbmlops-Suspects-kind">{suspect.kind}</span>
                <strong>{suspect.what}</strong> {suspect.why}
              </li>
            ))}
          </ol>
        </Block>
      )}
      {section(trans.__('Code'), code, result => (
        <>
          <CellDiffs changes={result.runs?.cells ?? []} />
          <ChangedFiles
            result={{ ...result, details: result.details.filter(detail => !isShownByCell(detail, result)) }}
            same={
              keeps('nbmlops.snapshot.code') ? trans.__('The same code.') : trans.__('Neither run has kept its code.')
            }
          />
        </>
      ))}
      {section(trans.__('Data'), data, result => (
        <ChangedFiles
          result={result}
          same={
            keeps('nbmlops.snapshot.data')
              ? trans.__('The same data.')
              : trans.__('Neither run has kept data that it read.')
          }
        />
      ))}
      <Block title={trans.__('Environment')} isWide>
        <EnvironmentDiff folder={folder} before={before} after={after} packages={code.data?.runs?.packages ?? null} />
      </Block>
    </>
  );
}

/** The executed notebook tells nothing that its cells, one by one, have not told. */
function isShownByCell(detail: FileDetail, result: DiffResult): boolean {
  const cells = new Set((result.runs?.cells ?? []).map(change => change.cell));
  return detail.cells.length > 0 && detail.cells.every(change => cells.has(change.cell));
}
