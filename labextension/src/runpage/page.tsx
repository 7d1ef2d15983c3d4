import * as React from 'react';
import type { ShowResult } from '../api/types';
import { CurveGrid } from '../compare/curves';
import { useHost } from '../host';
import { Block } from '../parts/block';
import { Action } from '../parts/button';
import { useVerb } from '../parts/hooks';
import { ErrorNote, Loading } from '../parts/notes';
import { COMMANDS, withRuns } from '../sections/runs/commands';
import { DataBlock } from './data';
import { EnvironmentBlock } from './environment';
import { RunHead } from './head';
import { InsideBlock } from './inside';
import { MetricsBlock } from './metrics';
import { ModelsBlock } from './models';
import { NoteBlock } from './note';
import { TagsBlock } from './tags';
import { ValueTable } from '../parts/values';

export interface RunPageProps {
  folder: string;
  id: string;
  /** The run is called so, as far as is known now. */
  onName: (name: string) => void;
}

/** One run with all that made it, and all that can be done with it. */
export function RunPage(props: RunPageProps): React.ReactElement {
  const { folder, id } = props;
  const host = useHost();
  const { trans } = host;
  const shown = useVerb('show', { run: id }, ['runs', 'records'], folder);
  const last = React.useRef<ShowResult | null>(null);
  last.current = shown.data ?? last.current;
  const found = last.current;
  const name = found?.run.name;
  React.useEffect(() => {
    if (name) {
      props.onName(name);
    }
  }, [name]);
  const isGone = shown.error?.kind === 'run-not-found';
  return (
    <div className="nbmlops-RunPage">
      {isGone && (
        <div className="nbmlops-Note nbmlops-mod-error" role="alert">
          <p>
            {found
              ? trans.__('This run is deleted. Below is what was known of it.')
              : trans.__('This run is deleted, or was never here.')}
          </p>
          <Action
            label={trans.__('Bring back')}
            onClick={() => withRuns(host, COMMANDS.undelete, folder, [found?.run ?? id])}
          />
        </div>
      )}
      {shown.error && !isGone && (
        <ErrorNote error={shown.error} onRetry={shown.reload} retryLabel={trans.__('Try again')} />
      )}
      {!found && shown.isLoading && <Loading label={trans.__('The run is on its way')} />}
      {found && <Found folder={folder} found={found} isGone={isGone} />}
    </div>
  );
}

function Found(props: { folder: string; found: ShowResult; isGone: boolean }): React.ReactElement {
  const { folder, found, isGone } = props;
  const { run } = found;
  const { trans } = useHost();
  const runs = React.useMemo(() => [run], [run]);
  return (
    <>
      <RunHead folder={folder} found={found} isGone={isGone} />
      <div className="nbmlops-Blocks">
        <NoteBlock folder={folder} run={run} isGone={isGone} />
        <MetricsBlock run={run} />
        <Block title={trans.__('Parameters')}>
          <ValueTable
            label={trans.__('Parameters')}
            rows={Object.entries(run.params)}
            empty={trans.__('It has no parameters.')}
          />
        </Block>
        <CurveGrid folder={folder} runs={runs} title={trans.__('Curves')} />
        {found.source && (
          <Block title={trans.__('The cell that made it')} isWide>
            <pre className="nbmlops-Source" tabIndex={0}>
              {found.source}
            </pre>
          </Block>
        )}
        <DataBlock datasets={found.datasets} />
        <ModelsBlock folder={folder} run={run} models={found.models} isGone={isGone} />
        <EnvironmentBlock found={found} />
        <InsideBlock folder={folder} inside={found.children} />
        <TagsBlock folder={folder} run={run} isGone={isGone} />
      </div>
    </>
  );
}
