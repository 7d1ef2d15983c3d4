import * as React from 'react';
import { useHost } from '../host';

const SHAPES: Record<string, string> = {
  FINISHED: 'M3.2 8.4 6.6 11.8 13 4.8',
  FAILED: 'M4 4 12 12M12 4 4 12',
  RUNNING: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  KILLED: 'M4.5 4.5h7v7h-7z',
  SCHEDULED: 'M8 4.5V8l2.5 1.5M8 2a6 6 0 1 0 .01 0z'
};

/** How a run stands: a shape of its own for each, and a word for those who do not see it. */
export const Status = React.memo(function Status(props: { status: string }): React.ReactElement {
  const word = useStatusWord(props.status);
  return (
    <svg
      className={`nbmlops-Status nbmlops-mod-${props.status.toLowerCase()}`}
      viewBox="0 0 16 16"
      role="img"
      aria-label={word}
    >
      <title>{word}</title>
      <path d={SHAPES[props.status] ?? SHAPES.SCHEDULED} />
    </svg>
  );
});

export function useStatusWord(status: string): string {
  const { trans } = useHost();
  const words: Record<string, string> = {
    FINISHED: trans.__('finished'),
    FAILED: trans.__('failed'),
    RUNNING: trans.__('running'),
    KILLED: trans.__('killed'),
    SCHEDULED: trans.__('scheduled')
  };
  return words[status] ?? status.toLowerCase();
}
