import { Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';
import type { VerbName } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Verbs } from '../api/types';
import { useHost } from '../host';

const PACE_MS = 200;

/** Draws anew when the signal is emitted. */
export function useSignal(signal: ISignal<unknown, unknown>): void {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const listen = (): void => draw();
    signal.connect(listen);
    return () => {
      signal.disconnect(listen);
    };
  }, [signal]);
}

export interface Fetched<T> {
  /** The last answer; it stays while the next is on its way. */
  data: T | null;
  error: ApiError | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * What `ask` answers; asked anew when `key` changes and when the project's stores have changed in one of these kinds.
 * One request at a time: what changes meanwhile is asked for after it, so that something is shown however fast the
 * stores change. Answers to an earlier key are left out; asking waits while the panel is hidden.
 */
export function useFetched<T>(key: string | null, kinds: readonly string[], ask: () => Promise<T>): Fetched<T> {
  const { live } = useHost();
  const isShown = React.useContext(ShownContext);
  const [state, setState] = React.useState<{
    key: string | null;
    data: T | null;
    error: ApiError | null;
  }>({
    key: null,
    data: null,
    error: null
  });
  const [isLoading, setLoading] = React.useState(false);
  const latest = React.useRef(ask);
  latest.current = ask;
  const again = React.useRef<() => void>(() => undefined);
  const kindsText = kinds.join(' ');
  React.useEffect(() => {
    if (!isShown || key === null) {
      return;
    }
    let isGone = false;
    let isAsking = false;
    let isStale = false;
    const go = async (): Promise<void> => {
      if (isAsking) {
        isStale = true;
        return;
      }
      isAsking = true;
      setLoading(true);
      do {
        isStale = false;
        try {
          const data = await latest.current();
          if (!isGone) {
            setState({ key, data, error: null });
          }
        } catch (error) {
          if (!isGone) {
            setState(before => ({
              key,
              data: before.key === key ? before.data : null,
              error: asApiError(error)
            }));
          }
        }
      } while (isStale && !isGone);
      isAsking = false;
      if (!isGone) {
        setLoading(false);
      }
    };
    // Under way a run tells of itself four times a second: so often nobody looks.
    const pace = new Throttler(() => void go(), { limit: PACE_MS, edge: 'trailing' });
    const listen = (_: unknown, changed: ReadonlySet<string>): void => {
      if (kindsText.split(' ').some(kind => changed.has(kind))) {
        void pace.invoke();
      }
    };
    again.current = () => void go();
    live.changed.connect(listen);
    void go();
    return () => {
      isGone = true;
      again.current = () => undefined;
      live.changed.disconnect(listen);
      pace.dispose();
    };
  }, [live, key, kindsText, isShown]);
  const reload = React.useCallback(() => again.current(), []);
  const isOfKey = state.key === key;
  return {
    data: isOfKey ? state.data : null,
    error: isOfKey ? state.error : null,
    isLoading,
    reload
  };
}

/** Does it again and again, so many milliseconds apart, while the part around can be seen; 0: never. */
export function useEvery(every: number, work: () => void): void {
  const isShown = React.useContext(ShownContext);
  const latest = React.useRef(work);
  latest.current = work;
  React.useEffect(() => {
    if (!isShown || !every) {
      return;
    }
    const timer = window.setInterval(() => {
      if (!document.hidden) {
        latest.current();
      }
    }, every);
    return () => window.clearInterval(timer);
  }, [every, isShown]);
}

/** The result of a reading verb in the folder where the user is. */
export function useVerb<V extends VerbName>(
  verb: V,
  args: Verbs[V]['request'],
  kinds: readonly string[],
  folder?: string
): Fetched<Verbs[V]['result']> {
  const host = useHost();
  useSignal(host.place.changed);
  const where = folder ?? host.place.folder;
  return useFetched(JSON.stringify([verb, where, args]), kinds, () => host.client.call(verb, where, args));
}

/** A value that is remembered over reloads under this name. */
export function useRemembered<T>(name: string, initial: T): [T, (value: T) => void] {
  const { state } = useHost();
  const [value, setValue] = React.useState(initial);
  const id = `nbmlops:${name}`;
  React.useEffect(() => {
    let isGone = false;
    void state?.fetch(id).then(found => {
      if (!isGone && found !== undefined) {
        setValue(found as T);
      }
    });
    return () => {
      isGone = true;
    };
  }, [state, id]);
  const remember = React.useCallback(
    (next: T) => {
      setValue(next);
      void state?.save(id, next as never);
    },
    [state, id]
  );
  return [value, remember];
}

/** Whether the widget around a part can be seen. */
export const ShownContext = React.createContext(true);
