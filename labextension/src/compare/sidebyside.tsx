import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { CompareResult, Row, RunView } from '../api/types';
import { useHost } from '../host';
import { bestOf, isLessBetter } from '../model/best';
import { figure } from '../model/format';
import { Action } from '../parts/button';
import { Swatch } from '../parts/chart';
import { Status } from '../parts/status';
import { Age, Took } from '../sections/runs/cells';
import { COMMANDS, withRuns } from '../sections/runs/commands';

/** A column for each run, a row for each figure; what differs is marked, and the best of each metric. */
export function SideBySide(props: {
  folder: string;
  result: CompareResult;
  onlyDifferent: boolean;
  highlighted: string | null;
  onHighlight: (id: string | null) => void;
  onRemove: ((id: string) => void) | null;
}): React.ReactElement {
  const { result, highlighted } = props;
  const { runs } = result;
  const host = useHost();
  const { trans } = host;
  const [turned, setTurned] = React.useState<ReadonlySet<string>>(new Set());
  const turn = (metric: string): void => {
    const next = new Set(turned);
    if (!next.delete(metric)) {
      next.add(metric);
    }
    setTurned(next);
  };
  const lead = (run: RunView): string | undefined => (run.id === highlighted ? 'nbmlops-mod-lead' : undefined);
  const shown = (rows: readonly Row[]): readonly Row[] =>
    props.onlyDifferent ? rows.filter(row => row.differs) : rows;
  const snapshot = (tag: string): (string | null)[] => runs.map(run => run.tags[tag] ?? null);
  const facts: [string, React.ReactElement[], boolean][] = [
    [trans.__('Experiment'), runs.map(run => <>{run.experiment}</>), differ(runs.map(run => run.experiment))],
    [trans.__('Age'), runs.map(run => <Age time={run.started} />), false],
    [trans.__('Took'), runs.map(run => <Took run={run} />), false],
    [
      trans.__('Data'),
      snapshot('nbmlops.snapshot.data').map(id => <code>{id ? id.slice(0, 12) : '–'}</code>),
      differ(snapshot('nbmlops.snapshot.data'))
    ],
    [
      trans.__('Code'),
      snapshot('nbmlops.snapshot.code').map(id => <code>{id ? id.slice(0, 12) : '–'}</code>),
      differ(snapshot('nbmlops.snapshot.code'))
    ]
  ];
  const metrics = shown(result.metrics);
  const params = shown(result.params);
  return (
    <div className="nbmlops-Side" tabIndex={0} role="group" aria-label={trans.__('Runs side by side')}>
      <table onMouseLeave={() => props.onHighlight(null)}>
        <thead>
          <tr>
            <td />
            {runs.map((run, index) => (
              <th key={run.id} scope="col" className={lead(run)} onMouseEnter={() => props.onHighlight(run.id)}>
                <span className="nbmlops-Side-run">
                  <Swatch look={index} />
                  <Status status={run.status} />
                  <button
                    type="button"
                    className="nbmlops-Link"
                    title={run.name.slice(0, 1000)}
                    onClick={() => withRuns(host, COMMANDS.open, props.folder, [run])}
                  >
                    {run.name.slice(0, 200) || run.id.slice(0, 12)}
                  </button>
                  {props.onRemove && (
                    <Action
                      icon={closeIcon}
                      label={trans.__('Without %1', run.name)}
                      onClick={() => props.onRemove!(run.id)}
                    />
                  )}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {facts
            .filter(([, , differs]) => differs || !props.onlyDifferent)
            .map(([name, cells, differs]) => (
              <tr key={name} className={differs ? 'nbmlops-mod-differs' : undefined}>
                <th scope="row">
                  <Name name={name} differs={differs} />
                </th>
                {cells.map((cell, index) => (
                  <td key={runs[index].id} className={lead(runs[index])}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
        <Group
          title={trans.__('Metrics')}
          span={runs.length + 1}
          isEmpty={!metrics.length}
          onlyDifferent={props.onlyDifferent}
        >
          {metrics.map(row => {
            const isLess = isLessBetter(row.name) !== turned.has(row.name);
            const best = bestOf(row.values, isLess);
            return (
              <tr key={row.name} className={row.differs ? 'nbmlops-mod-differs' : undefined}>
                <th scope="row">
                  <Name name={row.name} differs={row.differs} />
                  {row.differs && (
                    <button
                      type="button"
                      className="nbmlops-Side-turn"
                      title={
                        isLess
                          ? trans.__('Less is better; click for the other way round')
                          : trans.__('More is better; click for the other way round')
                      }
                      aria-label={trans.__('%1: %2 is better', row.name, isLess ? trans.__('less') : trans.__('more'))}
                      onClick={() => turn(row.name)}
                    >
                      {isLess ? '↓' : '↑'}
                    </button>
                  )}
                </th>
                {row.values.map((value, index) => (
                  <td
                    key={runs[index].id}
                    className={`nbmlops-mod-number${best.includes(index) ? ' nbmlops-mod-best' : ''} ${lead(runs[index]) ?? ''}`}
                    title={value === null ? undefined : String(value)}
                  >
                    {best.includes(index) && (
                      <span className="nbmlops-Side-best" role="img" aria-label={trans.__('best')}>
                        ★
                      </span>
                    )}
                    {value === null
                      ? row.name in runs[index].metrics
                        ? 'NaN'
                        : '–'
                      : typeof value === 'number'
                        ? figure(value)
                        : value}
                  </td>
                ))}
              </tr>
            );
          })}
        </Group>
        <Group
          title={trans.__('Parameters')}
          span={runs.length + 1}
          isEmpty={!params.length}
          onlyDifferent={props.onlyDifferent}
        >
          {params.map(row => (
            <tr key={row.name} className={row.differs ? 'nbmlops-mod-differs' : undefined}>
              <th scope="row">
                <Name name={row.name} differs={row.differs} />
              </th>
              {row.values.map((value, index) => (
                <td
                  key={runs[index].id}
                  className={lead(runs[index])}
                  title={value === null ? undefined : String(value).slice(0, 1000)}
                >
                  {value === null ? '–' : String(value).slice(0, 200)}
                </td>
              ))}
            </tr>
          ))}
        </Group>
      </table>
    </div>
  );
}

function Group(props: {
  title: string;
  span: number;
  isEmpty: boolean;
  onlyDifferent: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={props.span} className="nbmlops-Side-group">
          {props.title}
          {props.isEmpty && <small> {props.onlyDifferent ? trans.__('no differences') : trans.__('none')}</small>}
        </th>
      </tr>
      {props.children}
    </tbody>
  );
}

function Name(props: { name: string; differs: boolean }): React.ReactElement {
  const { trans } = useHost();
  return (
    <span title={props.name}>
      {props.name}
      {props.differs && (
        <span className="nbmlops-Side-mark" role="img" aria-label={trans.__('differs')}>
          ≠
        </span>
      )}
    </span>
  );
}

function differ(values: readonly (string | null)[]): boolean {
  return new Set(values).size > 1;
}
