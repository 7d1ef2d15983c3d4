import * as React from 'react';
import { useHost, type Host } from '../../host';
import { Action } from '../../parts/button';
import { useEvery, useVerb } from '../../parts/hooks';
import { Page } from '../../parts/main';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';

const LINES = 500;
const FOLLOW_MS = 2000;
const ROUTER = 'router';

/** What the service of a deployment says, in the main area. */
export function openLogs(host: Host, folder: string, name: string): void {
  host.open(
    new Page(
      host,
      { folder, runs: [] },
      {
        id: `nbmlops-logs-${folder}-${name}`,
        label: host.trans.__('Logs of %1', name),
        caption: host.trans.__('Logs of %1', name)
      },
      () => <LogsPage folder={folder} name={name} />
    )
  );
}

function LogsPage(props: { folder: string; name: string }): React.ReactElement {
  const { folder, name } = props;
  const { trans } = useHost();
  const [source, setSource] = React.useState('');
  const listed = useVerb('deployments', { name }, ['deployments'], folder);
  const which = source === ROUTER ? { router: true } : source ? { revision: Number(source) } : {};
  const { data, error, isLoading, reload } = useVerb('logs', { name, lines: LINES, ...which }, ['deployments'], folder);
  useEvery(FOLLOW_MS, reload);
  const numbers = listed.data?.deployments[0]?.revisions.map(each => each.number) ?? [];
  return (
    <div className="nbmlops-Logs">
      <div className="nbmlops-Compare-bar" role="toolbar" aria-label={trans.__('Logs of %1', name)}>
        <strong>{name}</strong>
        <label>
          {trans.__('What')}{' '}
          <select value={source} onChange={event => setSource(event.target.value)}>
            <option value="">{trans.__('the newest revision')}</option>
            {numbers.map(each => (
              <option key={each} value={each}>
                {trans.__('revision %1', each)}
              </option>
            ))}
            <option value={ROUTER}>{trans.__('the router')}</option>
          </select>
        </label>
        <span className="nbmlops-Space" />
        <span className="nbmlops-mod-quiet">{trans.__('the last %1 lines', LINES)}</span>
        <Action label={trans.__('Look again')} onClick={reload} />
      </div>
      {error && <ErrorNote error={error} onRetry={reload} retryLabel={trans.__('Try again')} />}
      {!data && isLoading && !error && <Loading label={trans.__('Reading the log')} />}
      {data && !error && !data.lines.length && <EmptyNote text={trans.__('It has said nothing.')} />}
      {data && !error && data.lines.length > 0 && <Lines lines={data.lines} label={`${name}, ${data.source}`} />}
    </div>
  );
}

/** The newest line stays in view, unless somebody has gone up to read an older one. */
function Lines(props: { lines: readonly string[]; label: string }): React.ReactElement {
  const box = React.useRef<HTMLPreElement>(null);
  const isAtEnd = React.useRef(true);
  const text = props.lines.join('\n');
  React.useLayoutEffect(() => {
    if (box.current && isAtEnd.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [text]);
  return (
    <pre
      ref={box}
      className="nbmlops-mono"
      role="region"
      aria-label={props.label}
      tabIndex={0}
      onScroll={event => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
      }}
    >
      {text}
    </pre>
  );
}
