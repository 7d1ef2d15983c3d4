import * as React from 'react';
import type { ShowResult } from '../api/types';
import { useHost } from '../host';
import { bytes } from '../model/format';
import { Action } from '../parts/button';
import { Block } from '../parts/block';
import { CopyText } from '../parts/copy';
import { useVerb } from '../parts/hooks';
import { ErrorNote, Loading } from '../parts/notes';
import { Status } from '../parts/status';
import { Age, Took } from '../sections/runs/cells';
import { COMMANDS, withRuns } from '../sections/runs/commands';
import { RunHead } from './head';
import { MetricsBlock } from './metrics';
import { NoteBlock } from './note';
import { TagsBlock } from './tags';
import { ValueTable } from './values';

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
          <p>{trans.__('This run is deleted. Below is what was known of it.')}</p>
          <Action label={trans.__('Bring back')} onClick={() => withRuns(host, COMMANDS.undelete, folder, [id])} />
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
  const { folder, found } = props;
  const { run } = found;
  const host = useHost();
  const { trans, server } = host;
  return (
    <>
      <RunHead folder={folder} found={found} isGone={props.isGone} />
      <div className="nbmlops-Blocks">
        <NoteBlock key={`note-${run.id}`} folder={folder} run={run} isGone={props.isGone} />
        <MetricsBlock folder={folder} run={run} />
        <Block title={trans.__('Parameters')}>
          <ValueTable
            label={trans.__('Parameters')}
            rows={Object.entries(run.params)}
            empty={trans.__('It has no parameters.')}
          />
        </Block>
        {found.source && (
          <Block title={trans.__('The cell that made it')} isWide>
            <pre className="nbmlops-Source" tabIndex={0}>
              {found.source}
            </pre>
          </Block>
        )}
        <Block title={trans.__('Data that it read')}>
          {found.datasets.length ? (
            <ul className="nbmlops-Lines">
              {found.datasets.map(use => (
                <li key={use.path + use.digest}>
                  <span title={use.path}>{use.path || use.name}</span>
                  <small>
                    {bytes(use.size)}
                    {use.context === 'training' ? ` · ${trans.__('training')}` : ''}
                  </small>
                  <CopyText
                    text={use.digest}
                    shown={use.digest.slice(0, 12)}
                    name={trans.__('digest of %1', use.name)}
                  />
                </li>
              ))}
            </ul>
          ) : (
            <p className="nbmlops-mod-quiet">{trans.__('None was seen.')}</p>
          )}
        </Block>
        {found.models.length > 0 && (
          <Block title={trans.__('Models')}>
            <ul className="nbmlops-Lines">
              {found.models.map(model => (
                <li key={model.id}>
                  <span>{model.name}</span>
                  <small>{model.status.toLowerCase()}</small>
                  <CopyText
                    text={`models:/${model.id}`}
                    shown={model.id.slice(0, 14)}
                    name={trans.__('address of the model')}
                  />
                  {server.has('promote') && !props.isGone && (
                    <Action
                      label={trans.__('Promote…')}
                      onClick={() => withRuns(host, COMMANDS.promote, folder, [run])}
                    />
                  )}
                </li>
              ))}
            </ul>
          </Block>
        )}
        <Block title={trans.__('Environment')}>
          <ValueTable
            label={trans.__('Environment')}
            rows={environmentRows(found, trans.__.bind(trans))}
            empty={trans.__('It is not known.')}
          />
          {found.code.length > 0 && (
            <details>
              <summary>{trans._n('%1 file of code', '%1 files of code', found.code.length)}</summary>
              <ul className="nbmlops-Lines nbmlops-mono">
                {found.code.slice(0, 500).map(path => (
                  <li key={path}>{path}</li>
                ))}
              </ul>
            </details>
          )}
        </Block>
        {found.children.length > 0 && (
          <Block title={trans.__('Runs inside')}>
            <ul className="nbmlops-Lines">
              {found.children.slice(0, 500).map(child => (
                <li key={child.id}>
                  <Status status={child.status} />
                  <button
                    type="button"
                    className="nbmlops-Link"
                    onClick={() => withRuns(host, COMMANDS.open, folder, [child])}
                  >
                    {child.name}
                  </button>
                  <small>
                    <Took run={child} />
                  </small>
                  <small>
                    <Age time={child.started} />
                  </small>
                </li>
              ))}
            </ul>
          </Block>
        )}
        <TagsBlock folder={folder} run={run} isGone={props.isGone} />
      </div>
    </>
  );
}

function environmentRows(found: ShowResult, text: (id: string, ...more: string[]) => string): [string, string][] {
  const rows: [string, string][] = [];
  if (found.python) {
    rows.push([text('Python'), found.python], [text('Packages'), String(found.packages)]);
  }
  if (found.git) {
    rows.push(
      [text('Git commit'), found.git.commit],
      [text('Branch'), found.git.branch],
      [text('Uncommitted changes'), found.git.dirty ? text('yes, kept with the run') : text('none')]
    );
    if (found.git.remote) {
      rows.push([text('Remote'), found.git.remote]);
    }
  }
  return rows;
}
