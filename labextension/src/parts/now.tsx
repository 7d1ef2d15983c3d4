import * as React from 'react';
import { ShownContext } from './hooks';

const NowContext = React.createContext<number | null>(null);

/** The time for all parts inside, which draw anew so often while they can be seen. */
export function Now(props: { every: number; children: React.ReactNode }): React.ReactElement {
  return <NowContext.Provider value={useTicks(props.every)}>{props.children}</NowContext.Provider>;
}

/** Milliseconds since 1970. */
export function useNow(): number {
  return React.useContext(NowContext) ?? Date.now();
}

/** The time, anew every so many milliseconds; 0: once only. */
export function useTicks(every: number): number {
  const isShown = React.useContext(ShownContext);
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    if (!isShown || !every) {
      return;
    }
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every, isShown]);
  return now;
}
