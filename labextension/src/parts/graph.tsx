import * as React from 'react';
import { useHost } from '../host';
import { layoutOf, MEASURES } from '../model/graph';

export interface GraphStep {
  id: string;
  needs: readonly string[];
  label: string;
  /** Under its name: seconds, what it does now. */
  detail: string;
  /** Which of the step colours it has; -1: none. */
  colour: number;
  /** A state that is drawn around it: running, done, failed, kept, waiting, skipped or nothing. */
  state?: string;
  title?: string;
}

export interface GraphFlow {
  source: string;
  target: string;
  label: string;
  title: string;
}

export interface GraphProps {
  label: string;
  steps: readonly GraphStep[];
  flows: readonly GraphFlow[];
  selected?: string;
  onSelect?: (id: string) => void;
}

/** A pipeline as a picture: steps are buttons, in the order in which they run; lines say what flows. */
export function Graph(props: GraphProps): React.ReactElement {
  const { trans } = useHost();
  const frame = React.useRef<HTMLDivElement>(null);
  const [width, setWidth] = React.useState(MEASURES.width);
  React.useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(200, Math.floor(entry.contentRect.width))));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  const layout = React.useMemo(() => layoutOf(props.steps, { width }), [props.steps, width]);
  const steps = new Map(props.steps.map(step => [step.id, step]));
  const flows = new Map(props.flows.map(flow => [`${flow.source} ${flow.target}`, flow]));
  return (
    <div className="nbmlops-Graph" ref={frame}>
      <div
        style={{
          position: 'relative',
          width: layout.width,
          height: layout.height
        }}
      >
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.lines.map(line => {
            const flow = flows.get(`${line.source} ${line.target}`);
            return (
              <g key={`${line.source} ${line.target}`}>
                {flow && line.isLong && <title>{flow.title}</title>}
                <path d={line.path} className={flow ? 'nbmlops-Graph-line' : 'nbmlops-Graph-line nbmlops-mod-order'} />
              </g>
            );
          })}
        </svg>
        {layout.lines.map(line => {
          const flow = flows.get(`${line.source} ${line.target}`);
          return flow && !line.isLong ? (
            <span
              key={`${line.source} ${line.target}`}
              className="nbmlops-Graph-flow"
              style={{ left: line.labelX, top: line.labelY }}
              title={flow.title}
              aria-hidden="true"
            >
              {clipped(flow.label, 26)}
            </span>
          ) : null;
        })}
        <ol aria-label={props.label}>
          {layout.nodes.map(node => {
            const step = steps.get(node.id)!;
            const taken = props.flows.filter(flow => flow.target === node.id);
            return (
              <li key={node.id} style={{ left: node.x, top: node.y, width: layout.nodeWidth }}>
                <button
                  type="button"
                  className={`nbmlops-Graph-step nbmlops-step-${step.colour % 8}${step.state ? ` nbmlops-mod-${step.state}` : ''}`}
                  style={{ height: MEASURES.nodeHeight }}
                  aria-pressed={props.onSelect ? props.selected === node.id : undefined}
                  title={step.title}
                  onClick={() => props.onSelect?.(node.id)}
                >
                  <span>{step.label}</span>
                  <small>{step.detail}</small>
                  {taken.length > 0 && (
                    <span className="nbmlops-mod-unseen">
                      {taken.map(flow => trans.__('takes %1 from %2', flow.label, flow.source)).join(', ')}
                    </span>
                  )}
                </button>
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}

function clipped(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}
