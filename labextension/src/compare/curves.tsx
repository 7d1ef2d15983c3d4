import * as React from 'react';
import type { RunView } from '../api/types';
import { useHost } from '../host';
import { courseOf, curveOf, isCourse, smoothed, type Axis, type Course } from '../model/curves';
import { figure } from '../model/format';
import { Block } from '../parts/block';
import { Chart } from '../parts/chart';
import { useFetched } from '../parts/hooks';
import { ErrorNote } from '../parts/notes';

const POINTS = 500;
const MOST_SHOWN = 12;

/** A chart for each metric that has a course in one of the runs. */
export function CurveGrid(props: {
  folder: string;
  runs: readonly RunView[];
  title: string;
  highlighted?: string | null;
  onHighlight?: (id: string | null) => void;
}): React.ReactElement | null {
  const { folder, runs } = props;
  const { client, server, trans } = useHost();
  const [axis, setAxis] = React.useState<Axis>('step');
  const [isLog, setLog] = React.useState(false);
  const [weight, setWeight] = React.useState(0);
  const [most, setMost] = React.useState(MOST_SHOWN);
  const ids = runs.map(run => run.id);
  const has = server.has('history') && runs.some(run => Object.keys(run.metrics).length);
  const history = useFetched(has ? JSON.stringify(['history', folder, ids]) : null, ['runs'], () =>
    client.call('history', folder, { runs: ids, points: POINTS })
  );
  const metrics = React.useMemo(() => {
    const found = new Map<string, Course[]>();
    for (const course of (history.data?.curves ?? []).map(courseOf)) {
      found.set(course.metric, [...(found.get(course.metric) ?? []), course]);
    }
    return [...found].filter(([, courses]) => courses.some(isCourse));
  }, [history.data]);
  if (history.error && !history.data) {
    return <ErrorNote error={history.error} onRetry={history.reload} retryLabel={trans.__('Try again')} />;
  }
  if (!metrics.length) {
    return null;
  }
  return (
    <Block
      title={props.title}
      isWide
      aside={
        <span className="nbmlops-Choices">
          <label>
            {trans.__('over')}{' '}
            <select value={axis} onChange={event => setAxis(event.target.value as Axis)}>
              <option value="step">{trans.__('steps')}</option>
              <option value="time">{trans.__('time')}</option>
            </select>
          </label>
          <label>
            {trans.__('smooth')}{' '}
            <input
              type="range"
              min={0}
              max={0.98}
              step={0.02}
              value={weight}
              onChange={event => setWeight(Number(event.target.value))}
            />
          </label>
          <label>
            <input type="checkbox" checked={isLog} onChange={event => setLog(event.target.checked)} />
            {trans.__('logarithmic')}
          </label>
        </span>
      }
    >
      <div className="nbmlops-Charts">
        {metrics.slice(0, most).map(([metric, courses]) => (
          <MetricChart
            key={metric}
            metric={metric}
            courses={courses}
            runs={runs}
            axis={axis}
            isLog={isLog}
            weight={weight}
            highlighted={props.highlighted}
            onHighlight={props.onHighlight}
          />
        ))}
      </div>
      {metrics.length > most && (
        <button type="button" className="nbmlops-Link" onClick={() => setMost(most + 24)}>
          {trans._n('%1 more curve', '%1 more curves', metrics.length - most)}
        </button>
      )}
    </Block>
  );
}

const MetricChart = React.memo(function MetricChart(props: {
  metric: string;
  courses: readonly Course[];
  runs: readonly RunView[];
  axis: Axis;
  isLog: boolean;
  weight: number;
  highlighted?: string | null;
  onHighlight?: (id: string | null) => void;
}): React.ReactElement {
  const { metric, courses, runs } = props;
  const { trans } = useHost();
  const curves = React.useMemo(
    () =>
      courses.map(course => {
        const look = Math.max(
          0,
          runs.findIndex(run => run.id === course.run)
        );
        return { ...smoothed(curveOf(course, props.axis), props.weight), name: runs[look]?.name ?? '', look };
      }),
    [courses, runs, props.axis, props.weight]
  );
  const words = runs
    .filter(run => metric in run.metrics)
    .map(run => `${run.name} ${figure(run.metrics[metric])}`)
    .join(', ');
  return (
    <figure className="nbmlops-MetricChart">
      <figcaption>{metric}</figcaption>
      <Chart
        label={trans.__('%1: %2', metric, words)}
        curves={curves}
        xName={props.axis === 'step' ? trans.__('step') : trans.__('seconds')}
        isLog={props.isLog}
        height={190}
        highlighted={props.highlighted}
        onHighlight={props.onHighlight}
      />
    </figure>
  );
});
