import * as React from 'react';
import { useHost } from '../../host';
import { ago } from '../../model/format';
import { useVerb } from '../../parts/hooks';
import { useNow } from '../../parts/now';

const MOST = 20;

/** What has happened, the newest first. */
export function Timeline(props: { name: string }): React.ReactElement | null {
  const { trans } = useHost();
  const now = useNow();
  const { data } = useVerb('reconcilers', { name: props.name }, ['reconcilers']);
  const told = data?.reconcilers[0]?.timeline ?? [];
  const before = (age: string): string => (age === 'now' ? trans.__('now') : trans.__('%1 ago', age));
  if (!told.length) {
    return null;
  }
  return (
    <ol className="nbmlops-Timeline" aria-label={trans.__('What has happened')}>
      {told
        .slice(-MOST)
        .reverse()
        .map((each, place) => (
          <li key={place}>
            <span className="nbmlops-mod-quiet">{before(ago(each.time, now))}</span>{' '}
            <span>
              <strong>{each.kind}</strong> {each.message}
            </span>
          </li>
        ))}
    </ol>
  );
}
