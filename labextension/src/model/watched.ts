import type { Finding } from '../api/types';
import type { Tone } from './deployments';

const WIDTH = 240;
const HEIGHT = 28;
/** Times its limit, at which a bar is as high as it gets. */
const MOST = 3;

export interface Beat {
  box: { x: number; y: number; width: number; height: number };
  isOver: boolean;
  told: string;
}

export function toneOfFinding(finding: Finding): Tone {
  return finding.severity === 'error' ? 'bad' : finding.severity === 'warning' ? 'warn' : 'dim';
}

/** Windows as bars, oldest first; one whose drift is not known has none. */
export function beats(drift: readonly (number | null)[]): {
  bars: Beat[];
  limit: number;
  width: number;
  height: number;
} {
  const room = WIDTH / Math.max(1, drift.length);
  const bars = drift.map((value, place) => {
    const height = value === null ? 0 : Math.max(1, (HEIGHT * Math.min(value, MOST)) / MOST);
    return {
      box: { x: place * room, y: HEIGHT - height, width: Math.max(1, room - 1), height },
      isOver: value !== null && value >= 1,
      told: value === null ? '' : `${value.toFixed(2)} ×`
    };
  });
  return { bars, limit: HEIGHT - HEIGHT / MOST, width: WIDTH, height: HEIGHT };
}
