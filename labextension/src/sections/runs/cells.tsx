import * as React from 'react';
import type { RunView } from '../../api/types';
import { useHost } from '../../host';
import type { Column } from '../../model/columns';
import { ago, figure, seconds } from '../../model/format';
import type { Point } from '../../model/spark';
import { useNow, useTicks } from '../../parts/now';
import { Sparkline } from '../../parts/sparkline';
import { useStatusWord } from '../../parts/status';

const NOTEBOOK = 'nbmlops.notebook';
const USER = 'mlflow.user';

export function Cell(props: { column: Column; run: RunView; points: readonly Point[] | null }): React.ReactElement {
  const { column, run } = props;
  switch (column.kind) {
    case 'metric':
      return <>{column.name in run.metrics ? figure(run.metrics[column.name]) : ''}</>;
    case 'param':
      return <Text text={run.params[column.name] ?? ''} />;
    case 'spark':
      return <Course run={run} points={props.points} />;
    default:
      return <Fixed id={column.id} run={run} />;
  }
}

function Fixed(props: { id: string; run: RunView }): React.ReactElement {
  const { run } = props;
  switch (props.id) {
    case 'status':
      return <StatusWord status={run.status} />;
    case 'started':
      return <Age time={run.started} />;
    case 'seconds':
      return <Took run={run} />;
    case 'experiment':
      return <Text text={run.experiment} />;
    case 'notebook':
      return <Text text={run.tags[NOTEBOOK] ?? ''} />;
    case 'user':
      return <Text text={run.tags[USER] ?? ''} />;
    default:
      return <></>;
  }
}

function Text(props: { text: string }): React.ReactElement {
  return <span title={props.text.length > 10 ? props.text.slice(0, 1000) : undefined}>{props.text.slice(0, 200)}</span>;
}

function StatusWord(props: { status: string }): React.ReactElement {
  return <>{useStatusWord(props.status)}</>;
}

export function Age(props: { time: string | null }): React.ReactElement {
  const now = useNow();
  return <span title={props.time ? new Date(props.time).toLocaleString() : undefined}>{ago(props.time, now)}</span>;
}

/** Of a run under way: so far, counting. */
export function Took(props: { run: RunView }): React.ReactElement {
  const { run } = props;
  const isMoving = run.status === 'RUNNING' && run.ended === null;
  const now = useTicks(isMoving ? 1000 : 0);
  if (!run.started || (!run.ended && !isMoving)) {
    return <></>;
  }
  const passed = ((run.ended ? Date.parse(run.ended) : now) - Date.parse(run.started)) / 1000;
  return <>{isMoving ? seconds(Math.max(0, Math.floor(passed))).replace('.00', '') : seconds(passed)}</>;
}

function Course(props: { run: RunView; points: readonly Point[] | null }): React.ReactElement | null {
  const { trans } = useHost();
  if (!props.points || props.points.length < 2) {
    return null;
  }
  const last = props.points[props.points.length - 1].value;
  return <Sparkline points={props.points} label={trans.__('%1 values, now %2', props.points.length, figure(last))} />;
}
