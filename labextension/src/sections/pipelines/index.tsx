import * as React from 'react';
import { useHost } from '../../host';
import { useVerb } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';
import { ExecutionLine } from './execution';
import { PipelineLine } from './pipeline';
import { SweepLine } from './sweep';

const STEP = 20;

/** The pipelines of the project, and how they have run and are running. */
export function PipelinesSection(): React.ReactElement {
  const { trans } = useHost();
  const [limit, setLimit] = React.useState(STEP);
  const { data, error, isLoading, reload } = useVerb('pipelines', { limit }, ['records', 'files', 'runs']);
  if (!data) {
    return error ? (
      <ErrorNote error={error} onRetry={reload} />
    ) : isLoading ? (
      <Loading label={trans.__('Reading the pipelines')} />
    ) : (
      <></>
    );
  }
  if (!data.pipelines.length && !data.executions.length) {
    return (
      <EmptyNote
        text={trans.__(
          'There is no pipeline yet. Export a notebook: a pipeline is made of it, and proven to compute the same.'
        )}
      />
    );
  }
  return (
    <>
      <section aria-labelledby="nbmlops-pipelines-title">
        <h3 id="nbmlops-pipelines-title" className="nbmlops-Heading">
          {trans.__('Pipelines')}
        </h3>
        <ul className="nbmlops-List">
          {data.pipelines.map(pipeline => (
            <PipelineLine key={pipeline.folder} pipeline={pipeline} />
          ))}
        </ul>
        {!data.is_whole && <p className="nbmlops-Note">{trans.__('There are more folders than were looked into.')}</p>}
      </section>
      {data.sweeps.length > 0 && (
        <section aria-labelledby="nbmlops-sweeps-title">
          <h3 id="nbmlops-sweeps-title" className="nbmlops-Heading">
            {trans.__('Sweeps')}
          </h3>
          <ul className="nbmlops-List">
            {data.sweeps.map(sweep => (
              <SweepLine key={sweep.id} sweep={sweep} now={data.now} />
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="nbmlops-executions-title">
        <h3 id="nbmlops-executions-title" className="nbmlops-Heading">
          {trans.__('Executions')}
        </h3>
        {!data.executions.length && <EmptyNote text={trans.__('None of them has run yet.')} />}
        <ul className="nbmlops-List">
          {data.executions.map((execution, index) => (
            <ExecutionLine key={execution.id} execution={execution} now={data.now} isFirst={index === 0} />
          ))}
        </ul>
        {data.executions.length >= limit && (
          <div className="nbmlops-Actions">
            <button type="button" className="nbmlops-Action" onClick={() => setLimit(limit + 5 * STEP)}>
              {trans.__('Older ones')}
            </button>
          </div>
        )}
      </section>
    </>
  );
}
