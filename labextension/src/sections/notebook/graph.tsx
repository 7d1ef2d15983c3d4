import * as React from 'react';
import type { CellsResult } from '../../api/types';
import { useHost } from '../../host';
import { bytes, seconds } from '../../model/format';
import { Graph, type GraphFlow, type GraphStep } from '../../parts/graph';
import { showCell } from './show';

/** The pipeline that is in the notebook, as its cells are now. */
export function NotebookGraph(props: { result: CellsResult }): React.ReactElement | null {
  const { result } = props;
  const { trans, place } = useHost();
  const steps = React.useMemo<GraphStep[]>(
    () =>
      result.steps.map((step, index) => ({
        id: step.name,
        needs: step.needs,
        label: step.name,
        detail: [trans._n('%1 cell', '%1 cells', step.cells.length), step.seconds === null ? '' : seconds(step.seconds)]
          .filter(Boolean)
          .join(' · '),
        colour: index,
        title: step.title
      })),
    [result, trans]
  );
  const flows = React.useMemo<GraphFlow[]>(
    () =>
      result.flows.map(flow => ({
        source: flow.source,
        target: flow.target,
        label: flow.names.join(', ') + (flow.bytes === null ? '' : ` · ${bytes(flow.bytes)}`),
        title: flow.names.join(', ')
      })),
    [result]
  );
  if (!steps.length) {
    return null;
  }
  return (
    <section aria-labelledby="nbmlops-graph-title">
      <h3 id="nbmlops-graph-title" className="nbmlops-Heading">
        {trans.__('As a pipeline')}
      </h3>
      <Graph
        label={trans.__('Steps of the pipeline')}
        steps={steps}
        flows={flows}
        onSelect={name => {
          const first = result.steps.find(step => step.name === name)?.cells[0];
          if (first !== undefined && place.panel) {
            showCell(place.panel, first);
          }
        }}
      />
    </section>
  );
}
