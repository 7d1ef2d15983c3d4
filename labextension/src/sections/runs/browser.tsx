import { filterIcon, launchIcon, tableRowsIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useHost } from '../../host';
import { column, mainMetric, usualColumns, type ColumnId } from '../../model/columns';
import { NONE, type Picked } from '../../model/picked';
import { isNarrowed, NEWEST, type RunsQuery } from '../../model/query';
import { Action } from '../../parts/button';
import { useRemembered } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';
import { ColumnChooser } from './chooser';
import { COMMANDS, withRuns } from './commands';
import { useRunsList } from './data';
import { Chips, Filters } from './filters';
import { openRunMenu } from './menu';
import { useNames } from './names';
import { PickedBar } from './pickedbar';
import { RunTable } from './table';

const TYPING_MS = 250;

/** The list of runs with all that narrows it: narrow in the sidebar, wide in the main area. */
export function RunsBrowser(props: { folder: string; isWide: boolean }): React.ReactElement {
  const { folder, isWide } = props;
  const host = useHost();
  const { trans } = host;
  const [query, setQuery] = useRemembered<RunsQuery>('runs-query', NEWEST);
  const [chosen, choose] = useRemembered<ColumnId[] | null>(isWide ? 'runs-columns-wide' : 'runs-columns', null);
  const [open, setOpen] = React.useState<'filters' | 'columns' | null>(null);
  const [picked, setPicked] = React.useState<Picked>(NONE);
  const shift = React.useRef<(by: number) => void>(() => undefined);
  const list = useRunsList(folder, query, by => shift.current(by));
  const names = useNames(folder, open !== null);
  const { windows } = list;
  const usual = useUsual(list.windows, list.version, query.sort, isWide);
  const ids = chosen ?? usual.columns;
  const idsText = JSON.stringify(ids);
  const columns = React.useMemo(() => ids.map(id => column(id, isWide)), [idsText, isWide]);
  useWithoutDeleted(gone => setPicked(before => ({ ...before, ids: before.ids.filter(id => !gone.includes(id)) })));
  const toggle = (which: 'filters' | 'columns'): void => setOpen(open === which ? null : which);
  if (list.error?.kind === 'project-missing') {
    return <ErrorNote error={list.error} onRetry={list.reload} />;
  }
  const isEmpty = windows.total === 0 && !list.error;
  return (
    <div className={`nbmlops-Runs${isWide ? ' nbmlops-mod-wide' : ''}`}>
      <div className="nbmlops-Runs-bar" role="toolbar" aria-label={trans.__('List of runs')}>
        <SearchBox text={query.search} onSearch={search => setQuery({ ...query, search })} />
        {windows.total !== null && (
          <span className="nbmlops-Runs-count nbmlops-mod-quiet" role="status">
            {trans._n('%2 run', '%2 runs', windows.total, windows.total.toLocaleString())}
          </span>
        )}
        <Action
          icon={filterIcon}
          label={trans.__('Filters')}
          isPressed={open === 'filters'}
          onClick={() => toggle('filters')}
        />
        <Action
          icon={tableRowsIcon}
          label={trans.__('Columns')}
          isPressed={open === 'columns'}
          onClick={() => toggle('columns')}
        />
        {!isWide && (
          <Action
            icon={launchIcon}
            label={trans.__('Open in main area')}
            onClick={() => withRuns(host, COMMANDS.table, folder, [])}
          />
        )}
      </div>
      {open === 'filters' && <Filters query={query} names={names} onQuery={setQuery} onClose={() => setOpen(null)} />}
      {open === 'columns' && <ColumnChooser shown={ids} names={names} onChange={choose} />}
      <Chips query={query} onQuery={setQuery} />
      {windows.total === null && list.isLoading && <Loading label={trans.__('Runs are on their way')} />}
      {list.error && <ErrorNote error={list.error} onRetry={list.reload} retryLabel={trans.__('Try again')} />}
      {isEmpty ? (
        <NoRuns query={query} onQuery={setQuery} />
      ) : (
        windows.total !== null && (
          <RunTable
            list={list}
            folder={folder}
            query={query}
            onQuery={setQuery}
            columns={columns}
            isWide={isWide}
            metric={usual.metric}
            picked={picked}
            onPicked={setPicked}
            onOpen={run => withRuns(host, COMMANDS.open, folder, [run])}
            onMenu={(runs, x, y) => openRunMenu(host, folder, runs, query.isDeleted, x, y)}
            shift={shift}
          />
        )
      )}
      {picked.ids.length > 0 && (
        <PickedBar
          folder={folder}
          windows={windows}
          picked={picked}
          isDeleted={query.isDeleted}
          onClear={() => setPicked(NONE)}
        />
      )}
    </div>
  );
}

/** Runs that were deleted here, or came back, are picked no longer. */
function useWithoutDeleted(onGone: (ids: readonly string[]) => void): void {
  const { app } = useHost();
  const latest = React.useRef(onGone);
  latest.current = onGone;
  React.useEffect(() => {
    const listen = (_: unknown, { id, result }: { id: string; result: Promise<unknown> }): void => {
      if (id === COMMANDS.delete || id === COMMANDS.undelete) {
        void result.then(ids => latest.current((ids as string[] | undefined) ?? []));
      }
    };
    app.commands.commandExecuted.connect(listen);
    return () => {
      app.commands.commandExecuted.disconnect(listen);
    };
  }, [app]);
}

/** Asks when the typing pauses. */
function SearchBox(props: { text: string; onSearch: (text: string) => void }): React.ReactElement {
  const { trans } = useHost();
  const [text, setText] = React.useState(props.text);
  const told = React.useRef(props.text);
  const latest = React.useRef(props.onSearch);
  latest.current = props.onSearch;
  React.useEffect(() => {
    if (props.text !== told.current) {
      told.current = props.text;
      setText(props.text);
    }
  }, [props.text]);
  const tell = (next: string): void => {
    if (next !== told.current) {
      told.current = next;
      latest.current(next);
    }
  };
  React.useEffect(() => {
    const timer = window.setTimeout(() => tell(text), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <input
      type="search"
      className="nbmlops-Runs-search"
      aria-label={trans.__('Search runs')}
      placeholder={trans.__('Search')}
      value={text}
      spellCheck={false}
      onChange={event => setText(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          tell(text);
        }
      }}
    />
  );
}

function NoRuns(props: { query: RunsQuery; onQuery: (query: RunsQuery) => void }): React.ReactElement {
  const { trans } = useHost();
  if (isNarrowed(props.query)) {
    return (
      <EmptyNote text={props.query.isDeleted ? trans.__('No deleted run fits.') : trans.__('No run fits.')}>
        <Action
          label={trans.__('Show all runs')}
          onClick={() => props.onQuery({ ...NEWEST, sort: props.query.sort, isReverse: props.query.isReverse })}
        />
      </EmptyNote>
    );
  }
  return (
    <EmptyNote text={trans.__('There are no runs yet.')}>
      <p className="nbmlops-Note-hint">
        {trans.__(
          'Execute a cell that fits a model, or calls mlflow, in a notebook with %1; or run a pipeline.',
          '%load_ext nbmlops'
        )}
      </p>
    </EmptyNote>
  );
}

/** The columns that fit these runs; they stay while the list only moves. */
function useUsual(
  windows: ReturnType<typeof useRunsList>['windows'],
  version: number,
  sort: string,
  isWide: boolean
): { metric: string; columns: ColumnId[] } {
  const kept = React.useRef<{ metric: string; columns: ColumnId[]; runs: number; sort: string } | null>(null);
  return React.useMemo(() => {
    const runs = windows.runs;
    const metric = mainMetric(runs, sort, kept.current?.metric ?? '');
    const before = kept.current;
    // Rows that come while somebody scrolls must not move the columns.
    if (before && before.metric === metric && before.runs >= Math.min(runs.length, 20) && before.sort === sort) {
      return before;
    }
    kept.current = { metric, columns: usualColumns(runs, metric, isWide), runs: runs.length, sort };
    return kept.current;
  }, [windows, version, sort, isWide]);
}
