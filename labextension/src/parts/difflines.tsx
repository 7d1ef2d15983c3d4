import * as React from 'react';
import { useHost } from '../host';
import { folded, lineDiff, unifiedLines, type Line } from '../model/lines';

type Shown = Line | { kind: 'place'; text: string } | null;

const MARKS = { same: ' ', added: '+', removed: '−', place: '' };
const MOST_LINES = 2000;

/** Two texts, line by line. */
export const TextDiff = React.memo(function TextDiff(props: { before: string; after: string }): React.ReactElement {
  const lines = React.useMemo(() => folded(lineDiff(props.before, props.after)), [props.before, props.after]);
  return <DiffLines lines={lines} />;
});

export const UnifiedDiff = React.memo(function UnifiedDiff(props: { text: string }): React.ReactElement {
  const lines = React.useMemo(() => unifiedLines(props.text), [props.text]);
  return <DiffLines lines={lines} />;
});

function DiffLines(props: { lines: readonly Shown[] }): React.ReactElement {
  const { trans } = useHost();
  const words = { added: trans.__('added'), removed: trans.__('removed') };
  return (
    <pre className="nbmlops-Diff" tabIndex={0} aria-label={trans.__('Changed lines')}>
      {props.lines.slice(0, MOST_LINES).map((line, index) =>
        line === null ? (
          <div key={index} className="nbmlops-Diff-gap">
            ⋯
          </div>
        ) : (
          <div key={index} className={`nbmlops-Diff-${line.kind}`}>
            <span aria-hidden="true">{MARKS[line.kind]}</span>
            {(line.kind === 'added' || line.kind === 'removed') && (
              <span className="nbmlops-unseen">{words[line.kind]} </span>
            )}
            {line.text || ' '}
          </div>
        )
      )}
      {props.lines.length > MOST_LINES && <div className="nbmlops-Diff-gap">⋯</div>}
    </pre>
  );
}
