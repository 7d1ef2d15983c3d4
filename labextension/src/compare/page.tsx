import * as React from 'react';
import type { CompareResult, RunView } from '../api/types';
import { useHost } from '../host';
import { Block } from '../parts/block';
import { useFetched, useRemembered } from '../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../parts/notes';
import { AddRun } from './add';
import { CurveGrid } from './curves';
import { Differences } from './differences';
import { Parallel } from './parallel';
import { SideBySide } from './sidebyside';

export interface ComparePageProps {
  folder: string;
  runs: readonly string[];
  /** Runs were added or taken away. */
  onRuns: (ids: string[]) => void;
  onNames: (names: string[]) => void;
}

/** Runs side by side: figures, curves, and what differs in code, data and environment. */
export function ComparePage(props: ComparePageProps): React.ReactElement {
  const { folder } = props;
  const { client, trans } = useHost();
  const [ids, setIds] = React.useState<readonly string[]>(props.runs);
  const [onlyDifferent, setOnlyDifferent] = useRemembered('compare-only-differences', false);
  const [highlighted, highlight] = React.useState<string | null>(null);
  const change = (next: string[]): void => {
    setIds(next);
    props.onRuns(next);
  };
  const found = useFetched(JSON.stringify(['compare', folder, ids]), ['runs'], () => compared(ids));
  const compared = async (wanted: readonly string[]): Promise<CompareResult> => {
    if (wanted.length > 1) {
      return client.call('compare', folder, { runs: [...wanted], all: true });
    }
    const { run } = await client.call('show', folder, { run: wanted[0] });
    return alone(run);
  };
  const last = React.useRef<CompareResult | null>(null);
  last.current = found.data ?? last.current;
  const result = last.current;
  const runs = result?.runs ?? [];
  const names = runs.map(run => run.name);
  React.useEffect(() => {
    if (names.length) {
      props.onNames(names);
    }
  }, [JSON.stringify(names)]);
  return (
    <div className="nbmlops-Compare">
      <div className="nbmlops-Compare-bar" role="toolbar" aria-label={trans.__('Comparison')}>
        <label>
          <input type="checkbox" checked={onlyDifferent} onChange={event => setOnlyDifferent(event.target.checked)} />
          {trans.__('Only differences')}
        </label>
        <AddRun folder={folder} ids={ids} onAdd={id => change([...ids, id])} />
      </div>
      {found.error && <ErrorNote error={found.error} onRetry={found.reload} retryLabel={trans.__('Try again')} />}
      {!result && found.isLoading && <Loading label={trans.__('The runs are on their way')} />}
      {result && (
        <>
          <Block title={trans.__('Side by side')} isWide>
            <SideBySide
              folder={folder}
              result={result}
              onlyDifferent={onlyDifferent}
              highlighted={highlighted}
              onHighlight={highlight}
              onRemove={runs.length > 1 ? id => change(ids.filter((_, at) => runs[at]?.id !== id)) : null}
            />
          </Block>
          {runs.length < 2 ? (
            <EmptyNote text={trans.__('Add another run above to compare it with this one.')} />
          ) : (
            <>
              <Parallel result={result} highlighted={highlighted} onHighlight={highlight} />
              <CurveGrid
                folder={folder}
                runs={runs}
                title={trans.__('Curves')}
                highlighted={highlighted}
                onHighlight={highlight}
              />
              <Differences folder={folder} runs={runs} />
            </>
          )}
        </>
      )}
    </div>
  );
}

function alone(run: RunView): CompareResult {
  const row = (name: string, value: string | number | null): CompareResult['metrics'][number] => ({
    name,
    values: [value],
    differs: false
  });
  return {
    runs: [run],
    metrics: Object.entries(run.metrics).map(([name, value]) => row(name, value)),
    params: Object.entries(run.params).map(([name, value]) => row(name, value)),
    data: [],
    code: [],
    same_code: true,
    same_data: true
  };
}
