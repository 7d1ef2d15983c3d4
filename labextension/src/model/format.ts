/** Seconds as people say them: 0.35 s, 12.3 s, 4 min 5 s, 2 h 10 min. */
export function seconds(value: number): string {
  if (value < 60) {
    return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
  }
  const whole = Math.round(value);
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Bytes in units of 1000, as JupyterLab's file browser shows them. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let left = value;
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toPrecision(3)} ${units[unit]}`;
}

/** A metric with five digits that count; `null` is what JSON makes of not-a-number. */
export function figure(value: number | null | undefined): string {
  if (value === undefined) {
    return '';
  }
  if (value === null || Number.isNaN(value)) {
    return 'NaN';
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? '∞' : '−∞';
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e7) {
    return String(value);
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}

/** How long ago, in one unit; months have 30 days. */
export function ago(time: string | null, now: number = Date.now()): string {
  return time ? lasting((now - Date.parse(time)) / 1000) : '';
}

/** How long until then, as `ago`. */
export function until(time: string | null, now: number = Date.now()): string {
  return time ? lasting((Date.parse(time) - now) / 1000) : '';
}

function lasting(seconds: number): string {
  const passed = Math.max(0, seconds);
  const steps: [number, number, string][] = [
    [60, 1, 's'],
    [3600, 60, 'min'],
    [86_400, 3600, 'h'],
    [86_400 * 60, 86_400, 'd'],
    [86_400 * 730, 86_400 * 30, 'mo'],
    [Infinity, 86_400 * 365, 'y']
  ];
  const [, unit, name] = steps.find(([limit]) => passed < limit)!;
  return passed < 1 ? 'now' : `${Math.floor(passed / unit)} ${name}`;
}

/** The first letters of an id: enough to find it again. */
export function short(id: string): string {
  return id.slice(0, 12);
}
