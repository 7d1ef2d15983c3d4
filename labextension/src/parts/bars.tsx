import * as React from 'react';
import type { Bar } from '../api/types';
import { useHost } from '../host';

const WIDTH = 120;
const HEIGHT = 28;

/** A distribution before and after, side by side in each place. */
export function Bars(props: { bars: readonly Bar[]; label: string }): React.ReactElement | null {
  const { trans } = useHost();
  const { bars } = props;
  if (!bars.length) {
    return null;
  }
  const most = Math.max(...bars.map(bar => Math.max(bar.share_before, bar.share_after)), 1e-9);
  const room = WIDTH / bars.length;
  const width = Math.max(1, (room - 1) / 2);
  const percent = (share: number): string => `${Math.round(1000 * share) / 10} %`;
  return (
    <svg className="nbmlops-Bars" width={WIDTH} height={HEIGHT} role="img" aria-label={props.label}>
      {bars.map((bar, index) => (
        <g key={index}>
          <title>
            {trans.__('%1: %2 before, %3 after', bar.label, percent(bar.share_before), percent(bar.share_after))}
          </title>
          <rect x={index * room} y={0} width={room} height={HEIGHT} className="nbmlops-Bars-room" />
          {[bar.share_before, bar.share_after].map((share, side) => (
            <rect
              key={side}
              className={side ? 'nbmlops-Bars-after' : 'nbmlops-Bars-before'}
              x={index * room + side * width}
              y={HEIGHT - (HEIGHT * share) / most}
              width={width}
              height={(HEIGHT * share) / most}
            />
          ))}
        </g>
      ))}
    </svg>
  );
}
